package room

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTheLaserIsCheckedAtItsTimeWithNobodyInTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it begins at midnight
		s, m, l := laserRoom(t, LaserSchedule{At: "00:10"})
		do(t, s, l.angles())
		measured(t, s)
		do(t, s, KeepLaser{})
		dark := func() bool { return s.laserOffIn("cam1") }
		presence := func(people bool) {
			t.Helper()
			if err := s.Fact(t.Context(), NewID(), Presence{Camera: "cam1", People: people, At: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		l.mu.Lock()
		l.shift = 3 // somebody knocks the head
		l.mu.Unlock()
		presence(true)
		<-time.After(15 * time.Minute)
		if run := s.LaserRun(); run.Check || dark() {
			t.Fatalf("somebody is in the room, and the laser is checked: %+v", run)
		}
		presence(false)
		<-time.After(10 * time.Minute)
		if run := s.LaserRun(); !run.Check || run.Running || !dark() || len(m.events(EvIncidentOpened)) != 1 {
			t.Fatalf("ten minutes later: %+v; dark: %v", run, dark())
		}
	})
}

func TestALaserWhoseDotIsNowhereToBeSeenStaysDark(t *testing.T) {
	s, _, l := laserRoom(t)
	do(t, s, l.angles())
	measured(t, s)
	do(t, s, KeepLaser{})
	l.mu.Lock()
	l.shift = 90
	l.mu.Unlock()
	do(t, s, TryLaser{Camera: "cam1"})
	if run := measured(t, s); run.Failed == nil || run.Failed.Code != "laser_unseen" || !s.laserOffIn("cam1") {
		t.Errorf("got %+v; dark: %v", run.Failed, s.laserOffIn("cam1"))
	}
}

func TestTheNextCheckIsByTheBuildingsClock(t *testing.T) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	plan := LaserSchedule{At: "03:30", Zone: zone}
	for now, want := range map[string]string{
		"2026-03-07T11:29:00Z": "2026-03-07T11:30:00Z",
		"2026-03-07T11:30:00Z": "2026-03-08T10:30:00Z", // the clocks go forward
		"2026-06-01T10:30:00Z": "2026-06-02T10:30:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.next(at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, want %s", now, got, want)
		}
	}
	if (LaserSchedule{At: "half past three"}).Validate() == nil {
		t.Error("no time of day is taken")
	}
}

func (s *Service) laserOffIn(camera string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.laserOff(camera)
}

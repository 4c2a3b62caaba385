package vision

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTrackerTellsWhatHappened(t *testing.T) {
	cases := []struct {
		name   string
		script func(s *stage)
		want   []string
	}{
		{"nothing", func(s *stage) { s.run(30) }, nil},
		{"a parcel is put down", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
		}, []string{"placed A2 i1"}},
		{"a parcel that was always there is taken", func(s *stage) {
			s.parcel("p", 360, 200, 60, 50)
			s.tracker = NewTracker(stageSlots(), stageW, stageH, Config{})
			s.run(10)
			s.visit(390, 220, func() { delete(s.parcels, "p") })
		}, []string{"removed B1 i1"}},
		{"two parcels in one slot are two items", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 140, 90, 56, 50) })
			s.visit(260, 110, func() { s.parcel("q", 230, 96, 50, 44) })
		}, []string{"placed A2 i1", "placed A2 i2"}},
		{"a parcel put down is taken again by the next one", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
			s.visit(180, 110, func() { delete(s.parcels, "p") })
		}, []string{"placed A2 i1", "removed A2 i1"}},
		{"moved to another slot in one visit", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
			s.walk(700, 290)
			s.reachTo(180, 110)
			s.run(2)
			delete(s.parcels, "p")
			s.run(1)
			s.arm = nil
			s.walk(290, 560)
			s.run(6)
			s.reachTo(400, 220)
			s.run(2)
			s.parcel("p", 370, 200, 56, 50)
			s.run(2)
			s.arm = nil
			s.walk(560, 700)
			s.person = nil
			s.run(15)
		}, []string{"placed A2 i1", "removed A2 i1", "placed B1 i1 from A2"}},
		{"pushed along its shelf", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
			s.visit(180, 110, func() { s.parcel("p", 176, 90, 56, 50) })
		}, []string{"placed A2 i1", "moved A2 i1 from A2"}},
		{"moved to the shelf right below", func(s *stage) {
			s.visit(180, 130, func() { s.parcel("p", 150, 108, 56, 46) })
			s.visit(180, 150, func() { s.parcel("p", 162, 160, 56, 46) })
		}, []string{"placed A2 i1", "moved A1 i1 from A2"}},
		{"a plain parcel, put back beside its place before that was seen bare, is still one and taken whole", func(s *stage) {
			s.looks["p"] = labelled(60)
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 76, 60) })
			s.visit(180, 110, func() { s.parcel("p", 166, 90, 76, 60) })
			s.visit(180, 110, func() { s.parcel("p", 146, 90, 76, 60) })
			s.visit(180, 110, func() { delete(s.parcels, "p") })
		}, []string{"placed A2 i1", "moved A2 i1 from A2", "moved A2 i1 from A2", "removed A2 i1"}},
		{"a bottle's neck comes into view after its foot", func(s *stage) {
			s.walk(700, 290)
			s.reachTo(164, 127)
			s.run(2)
			s.parcel("foot", 160, 112, 40, 30)
			s.run(1)
			s.parcel("neck", 164, 80, 32, 20)
			s.reachTo(164, 90)
			s.run(6)
			s.arm = nil
			s.run(8)
			s.walk(290, 700)
			s.person = nil
			s.run(15)
		}, []string{"placed A2 i1"}},
		{"put back exactly is nothing", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
			s.visit(180, 110, func() {
				delete(s.parcels, "p")
				s.run(3)
				s.parcel("p", 150, 90, 56, 50)
			})
		}, []string{"placed A2 i1"}},
		{"touching without taking is nothing", func(s *stage) {
			s.visit(180, 110, func() { s.run(10) })
		}, nil},
		{"a person who stands still for a minute is no parcel", func(s *stage) {
			s.walk(700, 400)
			s.run(20)
			s.step = time.Second
			s.run(60)
			s.step = stageStep
			s.walk(400, 700)
			s.person = nil
			s.run(15)
		}, nil},
		{"a person who was there from the first picture and leaves is no parcel", func(s *stage) {
			s.stand(400)
			s.tracker = NewTracker(stageSlots(), stageW, stageH, Config{})
			s.run(20)
			s.walk(400, 700)
			s.person = nil
			s.run(15)
		}, nil},
		{"a smooth parcel that is lifted out is missed whole", func(s *stage) {
			s.parcel("p", 150, 90, 56, 50)
			s.looks["p"] = plain(40)
			s.tracker = NewTracker(stageSlots(), stageW, stageH, Config{})
			s.run(10)
			s.visit(180, 110, func() { delete(s.parcels, "p") })
		}, []string{"removed A2 i1"}},
		{"lamp off, on and dimmed", func(s *stage) {
			for _, g := range []float32{0.4, 1, 0.7, 1.5, 1} {
				s.gain = g
				s.run(15)
			}
		}, nil},
		{"sun comes and slides while somebody stands in front", func(s *stage) {
			s.sun = &Blob{X0: 60, Y0: 30, X1: 100, Y1: 74}
			s.run(20)
			s.walk(700, 220)
			for range 20 {
				s.run(2)
				s.sun.X0, s.sun.X1 = s.sun.X0+1, s.sun.X1+1
				s.stand(220 + int(s.rng.IntN(7)))
			}
			s.walk(220, 700)
			s.person = nil
			s.run(20)
		}, nil},
		{"light strip and laser, nobody there", func(s *stage) {
			for n := range 20 {
				s.strip, s.dot = n%2 == 0, n > 10
				s.run(3)
			}
		}, nil},
		{"the strip that shows the slot goes out behind the courier", func(s *stage) {
			s.strip = true
			s.run(20)
			s.visit(400, 110, func() { s.parcel("p", 370, 90, 56, 50); s.strip = false })
		}, []string{"placed B2 i1"}},
		{"a strip that blinks below a parcel does not hold its taking up while somebody stays", func(s *stage) {
			s.visit(400, 120, func() { s.parcel("p", 370, 100, 56, 52) })
			s.walk(700, 520)
			s.blinks = true
			s.run(10)
			s.reachTo(400, 120)
			s.run(3)
			delete(s.parcels, "p")
			s.run(3)
			s.arm = nil
			s.walk(520, 600)
			s.run(10)
		}, []string{"placed B2 i1", "removed B2 i1"}},
		{"the lamp goes down while somebody puts a parcel down", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50); s.gain = 0.6 })
		}, []string{"placed A2 i1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			played(t, c.script, c.want)
		})
	}
}

// TestTheLedgerFollowsWhateverPeopleDo goes through what people do with parcels
// that stand by others.
func TestTheLedgerFollowsWhateverPeopleDo(t *testing.T) {
	cases := []struct {
		name   string
		script func(s *stage)
		want   []string
		stand  string // what the ledger knows at the end
	}{
		{"stacked, and unstacked", func(s *stage) {
			s.visit(180, 130, func() { s.parcel("p", 150, 108, 60, 40) })
			s.visit(180, 90, func() { s.parcel("q", 154, 70, 50, 38) })
			s.visit(180, 90, func() { delete(s.parcels, "q") })
		}, []string{"placed A2 i1", "placed A2 i2", "removed A2 i2"}, "i1"},
		{"in front: the rear one is hidden, not gone", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 160, 90, 40, 40) })
			s.visit(180, 110, func() {
				delete(s.parcels, "p") // behind it now
				s.looks["q"] = plain(240)
				s.parcel("q", 150, 84, 70, 60)
			})
		}, []string{"placed A2 i1", "placed A2 i2"}, "i1 hidden, i2"},
		{"swapped with one of the same size", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
			s.visit(180, 110, func() {
				delete(s.parcels, "p")
				s.looks["q"] = plain(240)
				s.parcel("q", 150, 90, 56, 50)
			})
		}, []string{"placed A2 i1", "removed A2 i1", "placed A2 i2"}, "i2"},
		{"several at once", func(s *stage) {
			s.walk(700, 290)
			s.reachTo(180, 110)
			s.run(2)
			s.parcel("p", 130, 94, 44, 44)
			s.parcel("q", 220, 94, 44, 44)
			s.run(2)
			s.arm = nil
			s.run(1)
			s.walk(290, 700)
			s.person = nil
			s.run(15)
		}, []string{"placed A2 i1", "placed A2 i2"}, "i1, i2"},
		{"fallen to the floor, where no slot is", func(s *stage) {
			s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
			s.visit(180, 110, func() { s.parcel("p", 150, 290, 56, 50) })
		}, []string{"placed A2 i1", "removed A2 i1"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := played(t, c.script, c.want)
			var stand []string
			for _, e := range s.tracker.Scene().Items {
				if e.Hidden {
					e.ID += " hidden"
				}
				stand = append(stand, e.ID)
			}
			if got := strings.Join(stand, ", "); got != c.stand {
				t.Errorf("in the ledger: %q, want %q", got, c.stand)
			}
		})
	}
}

func TestAParcelOnAShelfThatIsAnotherCamerasIsNobody(t *testing.T) {
	s := newStage()
	s.run(10)
	s.visit(34, 110, func() { s.parcel("p", 4, 90, 56, 50) })
	if s.tracker.Scene().People {
		t.Error("somebody is seen though all have left: a visit would not end")
	}
	if len(s.seen) > 0 {
		t.Errorf("seen: %v", s.seen)
	}
	s.visit(210, 110, func() { s.parcel("q", 180, 90, 56, 50) })
	if len(s.seen) != 1 || s.seen[0] != "placed A2 i1" || s.tracker.Scene().People {
		t.Errorf("then seen: %v, people %t", s.seen, s.tracker.Scene().People)
	}
}

func TestAParcelIsReportedWithinASecondOfTheHandsWithdrawal(t *testing.T) {
	s := newStage()
	s.run(10)
	s.walk(700, 290)
	s.reachTo(180, 110)
	s.run(2)
	s.parcel("p", 150, 90, 56, 50)
	s.run(2)
	s.arm = nil
	free := s.t
	for range 10 { // the courier stays and looks around
		s.stand(290 + int(s.rng.IntN(9)))
		s.run(1)
		if len(s.latest) > 0 {
			break
		}
	}
	if len(s.seen) != 1 {
		t.Fatalf("seen %q while the courier still stands there", s.seen)
	}
	if late := s.t - stageStep - free; late > time.Second {
		t.Errorf("reported %v after the hand was gone", late)
	}
	sc := s.tracker.Scene()
	if !sc.People || fmt.Sprint(sc.Slots) != "[A1 A2]" && fmt.Sprint(sc.Slots) != "[A1 A2 B1 B2]" {
		t.Errorf("people %v before %v", sc.People, sc.Slots)
	}
	if f := sc.Fullness["A2"]; f < 0.08 || f > 0.3 || sc.Fullness["B1"] != 0 {
		t.Errorf("fullness %v", sc.Fullness)
	}
}

func TestWhatChangedWhileItWasDownIsFoundAtStart(t *testing.T) {
	s := newStage()
	s.run(10)
	s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
	kept, err := s.tracker.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	s.parcel("p", 370, 200, 56, 50)
	s.gain = 0.8
	again := NewTracker(stageSlots(), stageW, stageH, Config{})
	if err := again.Restore(kept); err != nil {
		t.Fatal(err)
	}
	s.tracker, s.t, s.seen = again, 0, nil
	s.run(30)
	if got := strings.Join(s.seen, ", "); got != "moved B1 i1 from A2" {
		t.Errorf("found %q after the restart", got)
	}
}

func TestDamagedAndForeignSnapshotsAreRefused(t *testing.T) {
	s := newStage()
	s.run(3)
	kept, err := s.tracker.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckSnapshot(kept, stageSlots()); err != nil {
		t.Errorf("its own: %v", err)
	}
	other := stageSlots()
	other.Slots[1].ID = "Z9"
	for name, err := range map[string]error{
		"cut short":       CheckSnapshot(kept[:len(kept)/2], stageSlots()),
		"empty":           CheckSnapshot(nil, stageSlots()),
		"of another rack": CheckSnapshot(kept, other),
		"of another size": NewTracker(stageSlots(), 160, 90, Config{}).Restore(kept),
		"not a snapshot":  NewTracker(stageSlots(), stageW, stageH, Config{}).Restore([]byte("hello")),
	} {
		if !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSlotsThatAreDrawnAnewKeepTheirItems(t *testing.T) {
	s := newStage()
	s.run(10)
	s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
	was := s.tracker.Scene().Items
	kept, err := s.tracker.Snapshot()
	if err != nil || len(was) != 1 {
		t.Fatalf("%d items, %v", len(was), err)
	}
	// The camera was turned: everything is 40 pixels further right, and the slots
	// were drawn anew.
	slots := stageSlots()
	for i := range slots.Slots {
		for j := range slots.Slots[i].Polygon {
			slots.Slots[i].Polygon[j][0] += 40
		}
	}
	if err := CheckSnapshot(kept, slots); err != nil {
		t.Fatal(err)
	}
	again := NewTracker(slots, stageW, stageH, Config{})
	if err := again.Restore(kept); err != nil {
		t.Fatal(err)
	}
	s.parcel("p", 190, 90, 56, 50)
	s.tracker, s.t, s.seen = again, 0, nil
	s.run(10)
	items := again.Scene().Items
	if len(s.seen) != 0 || len(items) != 1 || items[0].ID != was[0].ID || items[0].BBox[0] != was[0].BBox[0]+40 {
		t.Fatalf("seen %q, items %+v, were %+v", s.seen, items, was)
	}
	s.visit(220, 110, func() { delete(s.parcels, "p") })
	if got := strings.Join(s.seen, ", "); got != "removed A2 i1" {
		t.Errorf("taken afterwards: %q", got)
	}
}

func TestAVisitsEndFindsWhatWasLostOnTheWay(t *testing.T) {
	s := newStage()
	s.run(10)
	s.visit(180, 110, func() { s.parcel("p", 150, 90, 56, 50) })
	s.walk(700, 130)
	s.walk(130, 560)
	// Whatever the order of events was: a parcel that stands there is part of the
	// picture before anything was said about it, and one that is gone as well.
	s.looks["q"] = plain(250)
	s.parcel("q", 380, 90, 56, 50)
	delete(s.parcels, "p")
	for range 2 {
		s.run(1)
		s.stand(566)
	}
	still, committed := s.tracker.base.still, s.tracker.base.committed
	for _, b := range []Blob{{X0: 75, Y0: 45, X1: 103, Y1: 70}, s.parcels["q"]} {
		for _, i := range b.filled(stageW).Pix {
			committed.mix(still, int(i), 1)
		}
	}
	s.walk(560, 700)
	s.person = nil
	s.run(30)
	if got := strings.Join(s.seen, ", "); got != "placed A2 i1, placed B2 i2, removed A2 i1" {
		t.Errorf("seen %q", got)
	}
	for _, e := range s.tracker.Scene().Items {
		if e.ID != "i2" {
			t.Errorf("the ledger holds %+v", e)
		}
	}
}

package room

import (
	"context"
	"errors"
	"math"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func testRoom(m *memory, p *panel) *Service {
	m.residents["R1"] = Resident{ID: "R1", FirstName: "Ann", LastName: "Lee", Unit: "4B", Status: ResidentCurrent, Email: "ann@example.com"}
	slot := Slot{ID: "A1", Kind: SlotShelf, Camera: "cam1", HeightMM: 900, Polygon: []Point{{0, 0}, {100, 0}, {100, 50}, {0, 50}},
		Aim: &[4]Aim{{0, 0}, {10, 0}, {10, 5}, {0, 5}}}
	return NewService(Config{Property: "p", Room: "r", Kiosk: "K1", Slots: []Slot{slot}}, m, &doorman{},
		Devices{Door: p, Lights: p, Laser: p, Voice: p}, keys{})
}

func do(t *testing.T, s *Service, c Command) Reply {
	t.Helper()
	r, err := s.call(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	return r
}

// call sends c the way a kiosk does, over HTTP.
func (s *Service) call(ctx context.Context, c Command) (Reply, error) {
	srv := httptest.NewServer(s.Handler("token"))
	defer srv.Close()
	return (&Client{URL: srv.URL, Token: "token"}).Do(ctx, "kiosk:K1", c)
}

func TestAPackageGoesInAndItsResidentGetsAPIN(t *testing.T) {
	m, p := newMemory(), newPanel()
	s := testRoom(m, p)
	visit := do(t, s, StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: "111111"}}).Visit
	if visit == nil || visit.Carrier != "UPS" {
		t.Fatalf("visit = %+v", visit)
	}
	if len(p.grants) != 0 {
		t.Fatal("a courier's PIN alone opened the door before any label was shown")
	}
	r := do(t, s, RegisterParcel{Visit: visit.ID, Resident: "R1", Tracking: "1z 999", LabelPhoto: "photo"})
	if r.Parcel == nil || r.Parcel.Tracking != "1Z999" || r.Parcel.Suggested != "A1" {
		t.Fatalf("parcel = %+v", r.Parcel)
	}
	do(t, s, OpenDoor{visit.ID})
	if len(p.grants) != 1 || p.grants[0].Visit != visit.ID || p.grants[0].Fence != 1 {
		t.Fatalf("grants = %+v", p.grants)
	}
	fact := Change{ID: "ch1", Kind: ChangePlaced, Camera: "cam1", Item: "i1", Slot: "A1", Confidence: 0.9, At: time.Now(), Crop: "crop"}
	for range 2 { // delivered twice
		if err := s.Fact(t.Context(), fact.ID, fact); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.events(EvParcelStored)); n != 1 {
		t.Fatalf("%d stored events after one placement delivered twice, want 1", n)
	}
	last := m.commits[len(m.commits)-1]
	if len(last.Messages) != 1 || last.Messages[0].Secret.PIN == "" || len(last.Credentials) != 2 {
		t.Fatalf("message and its credentials must be in the event's own commit: %+v", last)
	}
	if v, err := s.Kiosk("K1"); err != nil || len(v.Parcels) != 1 || v.Parcels[0].State != ParcelStored {
		t.Fatalf("kiosk shows %+v", v.Parcels)
	}
}

func TestNothingActsWhenTheDatabaseIsAway(t *testing.T) {
	m, p := newMemory(), newPanel()
	s := testRoom(m, p)
	m.down = true
	_, err := s.call(t.Context(), StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: "22222222"}})
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("error = %v, want ErrUnavailable", err)
	}
	if len(p.grants) != 0 {
		t.Fatal("the door was unlocked without a committed grant")
	}
	m.down = false
	do(t, s, StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: "22222222"}})
	if len(p.grants) != 1 {
		t.Fatalf("after the database came back: grants = %+v", p.grants)
	}
}

func TestARoomWhoseStateWasNotReadIsNotShownAsEmpty(t *testing.T) {
	s := testRoom(newMemory(), newPanel())
	srv := httptest.NewServer(s.Handler("token"))
	defer srv.Close()
	c := &Client{URL: srv.URL, Token: "token"}
	if _, err := c.Now(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("now: %v, want ErrUnavailable", err)
	}
	if _, err := c.Kiosk(t.Context(), "K1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("kiosk: %v, want ErrUnavailable", err)
	}
}

func TestALostCommitAnswerDoesNotTearTheState(t *testing.T) {
	m, p := newMemory(), newPanel()
	s := testRoom(m, p)
	visit := do(t, s, StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: "111111"}}).Visit
	m.torn = true
	if _, err := s.call(t.Context(), RegisterParcel{Visit: visit.ID, Resident: "R1", Tracking: "T1"}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("error = %v, want ErrUnavailable", err)
	}
	// It was written after all: the same label again is known.
	r := do(t, s, RegisterParcel{Visit: visit.ID, Resident: "R1", Tracking: "T1"})
	if len(r.Warnings) != 1 || r.Warnings[0] != "already_scanned" {
		t.Fatalf("reply = %+v, want the warning already_scanned", r)
	}
}

func TestADoorThatDoesNotAnswerIsSaidAndRecorded(t *testing.T) {
	m, p := newMemory(), newPanel()
	s := testRoom(m, p)
	p.broken = true
	_, err := s.call(t.Context(), StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: "22222222"}})
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("error = %v, want ErrUnavailable", err)
	}
	if len(m.events(EvDoorRefused)) != 1 || len(m.events(EvIncidentOpened)) != 1 {
		t.Fatal("the failed unlock is not in the log, or no incident was opened")
	}
}

func TestErrorsKeepTheirKindAcrossTheWire(t *testing.T) {
	s := testRoom(newMemory(), newPanel())
	_, err := s.call(t.Context(), StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: "0"}})
	var d *Denial
	if !errors.As(err, &d) || d.Reason != "unknown" || d.RetryAfter != 30*time.Second || !errors.Is(err, ErrTooMany) {
		t.Fatalf("error = %#v", err)
	}
	if _, err = s.call(t.Context(), OpenDoor{"none"}); !errors.Is(err, ErrConflict) {
		t.Fatalf("error = %v, want ErrConflict", err)
	}
	srv := httptest.NewServer(s.Handler("token"))
	defer srv.Close()
	if _, err = (&Client{URL: srv.URL, Token: "wrong"}).Now(t.Context()); !errors.Is(err, ErrDenied) {
		t.Fatalf("with a wrong token: %v, want ErrDenied", err)
	}
	old := Envelope{Name: "door.open", Expires: time.Now().Add(-time.Second), Data: []byte(`{}`)}
	if _, err = s.Do(t.Context(), old); !errors.Is(err, ErrConflict) {
		t.Fatalf("an expired command: %v, want ErrConflict", err)
	}
	if _, err = s.Do(t.Context(), Envelope{Name: "door.explode"}); !errors.Is(err, ErrInvalid) {
		t.Fatalf("an unknown command: %v, want ErrInvalid", err)
	}
}

func TestTheGuideFollowsTheStateAndIsDarkAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p := newMemory(), newPanel()
		s := testRoom(m, p)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait() // the state was read
		for _, in := range []Input{
			CameraHealth{Camera: "cam1", OK: true}, Presence{Camera: "cam1"},
			Change{ID: "c", Kind: ChangePlaced, Camera: "cam1", Item: "i", Slot: "A1", BBox: Rect{40, 20, 20, 10}, Crop: "x"},
		} {
			if err := s.Fact(ctx, NewID(), in); err != nil {
				t.Fatal(err)
			}
		}
		id := ""
		for id = range s.state.Parcels {
		}
		if _, err := s.Do(ctx, envelope(t, ResolveParcel{Parcel: id, Action: "assign", Resident: "R1", Reason: "label read by hand"})); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StartVisit(ctx, "", Attempt{Kiosk: "K1", Secret: "22222222"}); err != nil {
			t.Fatal(err)
		}
		if aim := <-p.laser; math.Hypot(aim.PanDeg-5, aim.TiltDeg-2.5) > 0.05 {
			t.Errorf("laser points at %+v, want the middle of the item", aim)
		}
		var lit map[string]Signal
		for lit["A1"] != SignalHere {
			lit = <-p.lights
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for len(p.lights) > 0 {
			lit = <-p.lights
		}
		if len(lit) != 0 {
			t.Errorf("lights after the end: %v, want none", lit)
		}
	})
}

func envelope(t *testing.T, c Command) Envelope {
	t.Helper()
	data, err := jsonOf(c)
	if err != nil {
		t.Fatal(err)
	}
	return Envelope{ID: NewID(), Name: c.Name(), By: "manager:ann", Data: data}
}

package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// usher lets a pass in, and people without one.
type usher struct{ doorman }

func (u *usher) Identify(ctx context.Context, a Attempt) (Identity, error) {
	if a.Form == FormQR {
		return Identity{Kind: VisitResident, Holder: a.Secret, Name: "Bo", Credential: "pass-" + a.Secret, Once: "pass-" + a.Secret}, nil
	}
	return u.doorman.Identify(ctx, a)
}

func TestAPassOpensOnce(t *testing.T) {
	m, p := newMemory(), newPanel()
	s := testRoom(m, p)
	s.gate = &usher{}
	m.commits = append(m.commits, Commit{Credentials: []Credential{{ID: "pass-R1", Kind: CredentialPass, Holder: "R1"}}})
	pass := StartVisit{Attempt{Kiosk: "K1", Form: FormQR, Secret: "R1"}}
	first := do(t, s, pass).Visit
	last := m.commits[len(m.commits)-1]
	if len(last.Grants) != 1 || !slices.Equal(last.Once, []string{"pass-R1"}) || len(last.Credentials) != 1 || last.Credentials[0].Used.IsZero() {
		t.Fatalf("the pass is not used up in its grant's commit: %+v", last)
	}
	if again := do(t, s, pass).Visit; again.ID != first.ID || len(p.grants) != 2 {
		t.Fatalf("shown again while its visit is open: %+v, %d grants", again, len(p.grants))
	}
	do(t, s, EndVisit{first.ID})
	_, err := s.call(t.Context(), pass)
	var d *Denial
	if !errors.As(err, &d) || d.Reason != "used" {
		t.Fatalf("after its visit: got %v, want it to be used", err)
	}
	if len(p.grants) != 2 || len(m.events(EvAccessDenied)) != 1 {
		t.Errorf("%d grants, %d refusals in the log", len(p.grants), len(m.events(EvAccessDenied)))
	}
}

func TestLateAndRepeatedCommandsDoNothingAndAreRecorded(t *testing.T) {
	m, p := newMemory(), newPanel()
	s := testRoom(m, p)
	e := Envelope{ID: "e1", Name: "door.unlock", By: "manager:ann@example.com", Expires: time.Now().Add(time.Minute), Data: []byte(`{"manager":"ann","reason":"inspection"}`)}
	if _, err := s.Do(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e *Envelope){
		"done_before": func(*Envelope) {},
		"too_late":    func(e *Envelope) { e.ID, e.Expires = "e2", time.Now().Add(-time.Second) },
	} {
		again := e
		change(&again)
		if _, err := s.Do(t.Context(), again); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", name, err)
		}
		rows := m.events(EvDoorRefused)
		if len(rows) == 0 || rows[len(rows)-1].Reason != name || rows[len(rows)-1].By != "ann@example.com" {
			t.Errorf("%s is not in the log: %+v", name, rows)
		}
	}
	if len(p.grants) != 1 {
		t.Errorf("%d grants left, want 1", len(p.grants))
	}
}

// rattler says of every attempt that nobody has that PIN, and that the kiosk waits.
type rattler struct{ doorman }

func (rattler) Identify(context.Context, Attempt) (Identity, error) {
	return Identity{}, &Denial{Reason: "unknown", RetryAfter: 30 * time.Second}
}

func TestTheManagerIsToldAtWhichKioskSomebodyGuesses(t *testing.T) {
	m := newMemory()
	s := testRoom(m, newPanel())
	s.gate = &rattler{}
	for _, kiosk := range []string{"K1", "K2", "K1"} {
		_, err := s.call(t.Context(), StartVisit{Attempt{Kiosk: kiosk, Form: FormUnitPIN, Unit: "4B", Secret: "482915"}})
		if !errors.Is(err, ErrDenied) && !errors.Is(err, ErrTooMany) {
			t.Fatal(err)
		}
	}
	v, err := s.View()
	if err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, i := range v.Incidents {
		at = append(at, string(i.Kind)+" "+i.Kiosk)
	}
	if slices.Sort(at); !slices.Equal(at, []string{"guessing K1", "guessing K2"}) {
		t.Errorf("told of %q", at)
	}
	rows := m.events(EvAccessDenied)
	if len(rows) != 3 || !strings.Contains(string(rows[1].Data), `"kiosk":"K2","form":"unit_pin"`) {
		t.Errorf("the log has %+v", rows)
	}
}

func TestEveryDecisionGetsAPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p := newMemory(), newPanel()
		s := testRoom(m, p)
		s.cfg.Picture = func(context.Context) (string, string, error) { return "cam1", "ref", nil }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		_, _ = s.StartVisit(ctx, "", Attempt{Kiosk: "K1", Form: FormPIN, Secret: "0"})
		if _, err := s.StartVisit(ctx, "", Attempt{Kiosk: "K1", Form: FormPIN, Secret: "22222222"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		rows := m.events(EvAccessPictured)
		if len(rows) != 2 || rows[0].Reason != "unknown" || rows[1].Reason != "identified" || rows[1].Visit == "" ||
			rows[0].Camera != "cam1" || !slices.Equal(rows[0].Pictures, []string{"ref"}) {
			t.Errorf("got %+v", rows)
		}
		cancel()
		<-ended
	})
}

// strike is a door that keeps a driver's promises: it opens from outside once a
// grant that it accepted, until that expires; from inside always.
type strike struct {
	*panel
	now   func() time.Time
	until time.Time
	fence uint64
	check func(g Grant)
}

func (d *strike) Unlock(_ context.Context, g Grant) error {
	d.check(g)
	if d.broken {
		return fmt.Errorf("strike: %w", ErrUnavailable)
	}
	if !g.Expires.After(d.now()) || g.Fence <= d.fence {
		return fmt.Errorf("strike: %w", ErrConflict)
	}
	d.fence, d.until = g.Fence, g.Expires
	return nil
}

// TestNoUnlockWithoutACommittedGrant drives random people, doors, clocks and
// failing databases through the service: no unlock leaves without a grant that
// is committed and not expired, and each grant is one entry at most.
func TestNoUnlockWithoutACommittedGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
		m, d := newMemory(), &strike{panel: newPanel(), now: func() time.Time { return now }}
		s := NewService(Config{Property: "p", Room: "r", Kiosk: "K1", Door: "d", Now: d.now}, m, &usher{}, Devices{Door: d}, keys{})
		d.check = func(g Grant) {
			committed := slices.ContainsFunc(m.commits, func(c Commit) bool { return slices.Contains(c.Grants, g) })
			if !committed || !g.Expires.After(now) || g.Door != "d" {
				t.Fatalf("unlock with %+v at %s; committed: %v", g, now, committed)
			}
		}
		var visits []string
		try := func(in Command, id string) {
			data, err := jsonOf(in)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := s.Do(context.Background(), Envelope{ID: id, Name: in.Name(), Expires: time.Now().Add(time.Hour), Data: data}); err == nil && r.Visit != nil {
				visits = append(visits, r.Visit.ID)
			}
		}
		report := func(kind DoorEventKind) {
			now = now.Add(time.Millisecond)
			_, _ = s.apply(context.Background(), "", DoorEvent{ID: NewID(), Kind: kind, At: now})
		}
		// A person walks through; nobody can while the database is away, since then
		// it is not known what the room makes of it.
		through := func(from DoorEventKind) {
			if m.down {
				return
			}
			if from == DoorExit {
				report(DoorExit)
			} else if !now.Before(d.until) {
				return // locked
			}
			if from != DoorExit {
				d.until = time.Time{}
			}
			report(DoorOpened)
			report(DoorClosed)
		}
		secrets := rapid.SampledFrom([]string{"111111", "22222222", "0"})
		people := rapid.SampledFrom([]string{"R1", "R2"})
		ids := rapid.SampledFrom([]string{"", "a", "b", "c"}) // some commands come twice
		t.Repeat(map[string]func(*rapid.T){
			"PIN": func(t *rapid.T) {
				try(StartVisit{Attempt{Kiosk: "K1", Form: FormPIN, Secret: secrets.Draw(t, "secret")}}, ids.Draw(t, "id"))
			},
			"pass": func(t *rapid.T) {
				try(StartVisit{Attempt{Kiosk: "K2", Form: FormQR, Secret: people.Draw(t, "pass")}}, "")
			},
			"open": func(t *rapid.T) {
				if len(visits) > 0 {
					try(OpenDoor{rapid.SampledFrom(visits).Draw(t, "visit")}, ids.Draw(t, "id"))
				}
			},
			"manager": func(*rapid.T) { try(ManagerUnlock{Manager: "ann", Reason: "inspection"}, "") },
			"enter":   func(*rapid.T) { through(DoorOpened) },
			"leave":   func(*rapid.T) { through(DoorExit) },
			"force": func(*rapid.T) {
				if !m.down {
					report(DoorOpened)
					report(DoorClosed)
				}
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
				_, _ = s.apply(context.Background(), "", Tick{})
			},
			"database": func(t *rapid.T) { m.down, m.torn = rapid.Bool().Draw(t, "down"), rapid.Bool().Draw(t, "torn") },
			"strike":   func(t *rapid.T) { d.broken = rapid.Bool().Draw(t, "broken") },
			"": func(t *rapid.T) {
				grants := 0
				for _, c := range m.commits {
					grants += len(c.Grants)
				}
				entries, once := 0, map[string]int{}
				for _, e := range m.events(EvDoorOpened) {
					if e.Visit != "" {
						entries++
					}
				}
				if entries > grants {
					t.Fatalf("%d entries on %d grants", entries, grants)
				}
				for _, c := range m.commits {
					for _, o := range c.Once {
						if once[o]++; once[o] > 1 {
							t.Fatalf("%s was used up twice", o)
						}
					}
				}
			},
		})
	})
}

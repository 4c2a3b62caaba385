package access

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// made issues a credential of kind to holder and keeps it, changed.
func made(t *testing.T, g *Gate, m *memory, kind room.CredentialKind, holder string, change func(c *room.Credential)) (room.Credential, room.Attempt) {
	t.Helper()
	cs, s, err := g.Issue(kind, holder, []room.CredentialForm{room.FormPIN}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&cs[0])
	}
	m.add(cs[0])
	return cs[0], pin(s.PIN)
}

func TestACourierOpensWithinTheirHoursOnly(t *testing.T) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	m, c := newMemory(), newClock() // Sunday, 22 November 2026, 9:00 there
	g, err := NewGate(Config{Pepper: pepper, Store: m, Now: c.now, Log: slog.New(slog.DiscardHandler), Step: -1, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	people(t, g, m)
	_, attempt := made(t, g, m, room.CredentialCourier, "c1", func(c *room.Credential) {
		c.Hours = []room.Hours{{Days: []string{"sun"}, From: "08:00", To: "10:00"}, {Days: []string{"mon"}, From: "07:00", To: "19:00"}}
	})
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{{0, ""}, {time.Hour, "outside_hours"}, {20 * time.Hour, "outside_hours"}, {time.Hour, ""}, {12 * time.Hour, "outside_hours"}} {
		c.add(tt.after)
		if _, err := g.Identify(t.Context(), attempt); reason(err) != tt.want {
			t.Errorf("at %s: got %v, want %q", c.now().In(zone), err, tt.want)
		}
	}
}

func TestAStandingCredentialOutlivesItsPackages(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	people(t, g, m)
	_, attempt := made(t, g, m, room.CredentialStanding, "r1", nil)
	if who, err := g.Identify(t.Context(), attempt); err != nil || who.Kind != room.VisitResident || who.Once != "" {
		t.Fatalf("got %+v, %v", who, err)
	}
	m.here["r1"] = 0
	if _, err := g.Identify(t.Context(), attempt); reason(err) != "nothing_here" {
		t.Errorf("with nothing here: %v", err)
	}
	m.here["r1"] = 1
	if _, err := g.Identify(t.Context(), attempt); err != nil {
		t.Errorf("when the next package came: %v", err)
	}
}

func TestAPassNamesItsBearerAndIsUsedUp(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	people(t, g, m)
	pass, attempt := made(t, g, m, room.CredentialPass, "r1", func(c *room.Credential) { c.Label = "Bo" })
	who, err := g.Identify(t.Context(), attempt)
	if err != nil || who.Name != "Bo" || who.Holder != "r1" || who.Once != pass.ID {
		t.Fatalf("got %+v, %v", who, err)
	}
	m.credentials[len(m.credentials)-1].Used = c.now()
	m.visits = []room.Visit{{ID: "v1", Kind: room.VisitResident, Holder: "r1", Credential: pass.ID, Phase: room.VisitGranted}}
	if _, err := g.Identify(t.Context(), attempt); err != nil {
		t.Errorf("while its visit is open: %v", err)
	}
	m.visits[0].Phase, m.visits[0].Entered, m.visits[0].Ended = room.VisitEnded, c.now(), c.now()
	if _, err := g.Identify(t.Context(), attempt); reason(err) != "used" {
		t.Errorf("after its visit: %v", err)
	}
}

func TestAResidentMayComeInAgainForAQuarterOfAnHour(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	people(t, g, m)
	pickup, attempt := made(t, g, m, room.CredentialPickup, "r1", nil)
	_, standing := made(t, g, m, room.CredentialStanding, "r1", nil)
	m.here["r1"] = 0
	m.credentials[len(m.credentials)-2].Used = c.now().Add(time.Millisecond) // a moment after the visit
	if _, err := g.Identify(t.Context(), attempt); reason(err) != "used" {
		t.Errorf("with no visit: %v", err)
	}
	m.visits = []room.Visit{{ID: "v1", Kind: room.VisitResident, Holder: "r1", Credential: pickup.ID, Phase: room.VisitEnded, Entered: c.now(), Ended: c.now()}}
	m.visits[0].Started = c.now()
	c.add(15*time.Minute - time.Second)
	m.visits[0].Credential = "the QR code of the same packages"
	if _, err := g.Identify(t.Context(), attempt); err != nil {
		t.Errorf("the PIN of what the QR code has fetched: %v", err)
	}
	m.visits[0].Started = m.visits[0].Ended.Add(time.Second)
	if _, err := g.Identify(t.Context(), attempt); reason(err) != "used" {
		t.Errorf("the PIN of what was fetched before that visit: %v", err)
	}
	m.visits[0].Credential = pickup.ID
	for name, a := range map[string]room.Attempt{"the used PIN": attempt, "their own": standing} {
		if _, err := g.Identify(t.Context(), a); err != nil {
			t.Errorf("%s within the grace: %v", name, err)
		}
	}
	c.add(time.Second)
	if _, err := g.Identify(t.Context(), attempt); reason(err) != "used" {
		t.Errorf("after the grace: %v", err)
	}
	if _, err := g.Identify(t.Context(), standing); reason(err) != "nothing_here" {
		t.Errorf("their own, after the grace: %v", err)
	}
	c.add(-2 * time.Hour)
	if _, err := g.Identify(t.Context(), attempt); reason(err) != "used" {
		t.Errorf("with the clock set back: %v", err)
	}
}

func TestGuessingAtCouriersDoesNotKeepResidentsWaiting(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	for _, wrong := range []string{"918273", "928374", "938475", "948576", "958677"} {
		if _, err := g.Identify(t.Context(), pin(wrong)); reason(err) != "unknown" {
			t.Fatal(err)
		}
	}
	if _, err := g.Identify(t.Context(), pin(s["c1"].PIN)); !errors.Is(err, room.ErrTooMany) {
		t.Errorf("the courier's kind: %v", err)
	}
	if _, err := g.Identify(t.Context(), pin(s["r1"].PIN)); err != nil {
		t.Errorf("a resident: %v", err)
	}
}

package access

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)} }

var pepper = bytes.Repeat([]byte("p"), 32)

func newGate(t testing.TB, s Store, c *clock) *Gate {
	t.Helper()
	g, err := NewGate(Config{Pepper: pepper, Store: s, Now: c.now, Log: slog.New(slog.DiscardHandler), Step: -1})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// people fills m with one of each kind, and gives their secrets by name.
func people(t testing.TB, g *Gate, m *memory) map[string]room.Secret {
	t.Helper()
	m.residents["r1"] = room.Resident{ID: "r1", FirstName: "Ana", LastName: "Ruiz", Unit: "4B", Status: room.ResidentCurrent, Language: "es"}
	m.here["r1"] = 2
	m.couriers["c1"] = room.Courier{ID: "c1", Name: "Lou", Carrier: "UPS", Active: true}
	m.managers = []room.Manager{{ID: "m1", Email: "ann@example.com", Name: "Ann"}}
	secrets := map[string]room.Secret{}
	for name, kind := range map[string]room.CredentialKind{"r1": room.CredentialPickup, "c1": room.CredentialCourier, "m1": room.CredentialStaff} {
		cs, s, err := g.Issue(kind, name, []room.CredentialForm{room.FormPIN, room.FormQR}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		m.add(cs...)
		secrets[name] = s
	}
	return secrets
}

func pin(s string) room.Attempt {
	return room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: s}
}

func reason(err error) string {
	var d *room.Denial
	if errors.As(err, &d) {
		return d.Reason
	}
	return ""
}

func TestIdentifyKnowsEveryKindByEveryForm(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	secrets := people(t, g, m)
	card, err := g.Enroll(t.Context(), room.CredentialCourier, "c1", room.FormCard, ";04:a2:2b:9c?")
	if err != nil {
		t.Fatal(err)
	}
	m.add(card)
	resident := room.Identity{Kind: room.VisitResident, Holder: "r1", Name: "Ana Ruiz", Unit: "4B", Language: "es"}
	courier := room.Identity{Kind: room.VisitCourier, Holder: "c1", Name: "Lou", Carrier: "UPS"}
	staff := room.Identity{Kind: room.VisitStaff, Holder: "m1", Name: "Ann"}
	for name, tt := range map[string]struct {
		form   room.CredentialForm
		secret string
		want   room.Identity
	}{
		"a resident's PIN":                             {room.FormPIN, secrets["r1"].PIN, resident},
		"a PIN typed in groups":                        {room.FormPIN, " " + secrets["r1"].PIN[:4] + " " + secrets["r1"].PIN[4:] + "\n", resident},
		"a resident's QR":                              {room.FormQR, secrets["r1"].QR, resident},
		"a QR that a scanner typed into the PIN field": {room.FormPIN, secrets["r1"].QR + "\r", resident},
		"a QR in lower case, read as a card":           {room.FormCard, strings.ToLower(secrets["c1"].QR), courier},
		"a courier's PIN":                              {room.FormPIN, secrets["c1"].PIN, courier},
		"a courier's card":                             {room.FormCard, "04A22B9C", courier},
		"a staff PIN":                                  {room.FormPIN, secrets["m1"].PIN, staff},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: tt.form, Secret: tt.secret})
			if err != nil {
				t.Fatal(err)
			}
			if got.Credential == "" {
				t.Error("no credential named")
			}
			got.Credential = ""
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestIdentifyDenials(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(m *memory, c *room.Credential, now time.Time)
		want   string
	}{
		"expired":       {func(_ *memory, c *room.Credential, now time.Time) { c.ValidTo = now }, "expired"},
		"used":          {func(_ *memory, c *room.Credential, now time.Time) { c.Used = now }, "used"},
		"revoked":       {func(_ *memory, c *room.Credential, now time.Time) { c.Revoked = now }, "revoked"},
		"not valid yet": {func(_ *memory, c *room.Credential, now time.Time) { c.ValidFrom = now.Add(time.Second) }, "not_yet"},
		"resident who moved out": {func(m *memory, _ *room.Credential, _ time.Time) {
			m.residents["r1"] = room.Resident{ID: "r1", Status: room.ResidentPast}
		}, "inactive"},
		"resident who is unknown": {func(m *memory, _ *room.Credential, _ time.Time) { delete(m.residents, "r1") }, "inactive"},
		"no packages here":        {func(m *memory, _ *room.Credential, _ time.Time) { m.here["r1"] = 0 }, "nothing_here"},
		"hash of another pepper": {func(_ *memory, c *room.Credential, _ time.Time) {
			c.Hash = hashSecret([]byte("other"), room.FormPIN, "x")
		}, "unknown"},
		"of a kind nobody knows": {func(_ *memory, c *room.Credential, _ time.Time) { c.Kind = "ghost" }, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			m, c := newMemory(), newClock()
			g := newGate(t, m, c)
			people(t, g, m)
			cs, s, err := g.Issue(room.CredentialPickup, "r1", []room.CredentialForm{room.FormPIN}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			tt.change(m, &cs[0], c.now())
			m.add(cs...)
			_, err = g.Identify(t.Context(), pin(s.PIN))
			if !errors.Is(err, room.ErrDenied) || reason(err) != tt.want {
				t.Fatalf("got %v, want a denial: %s", err, tt.want)
			}
			if failures := m.throttles["kiosk:K1"].Failures; (failures == 1) != (tt.want == "unknown") {
				t.Errorf("failures counted: %d; only unknown secrets count", failures)
			}
		})
	}
}

func TestIdentifyDeniesAnInactiveCourier(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	m.couriers["c1"] = room.Courier{ID: "c1", Active: false}
	if _, err := g.Identify(t.Context(), pin(s["c1"].PIN)); reason(err) != "inactive" {
		t.Fatalf("got %v", err)
	}
}

func TestIdentifyTakesTheLiveOneOfTwoCardsWithOneNumber(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	people(t, g, m)
	live, err := g.Enroll(t.Context(), room.CredentialCourier, "c1", room.FormCard, "00123456")
	if err != nil {
		t.Fatal(err)
	}
	ended := live
	ended.ID, ended.Revoked = "ended", c.now()
	m.add(live, ended) // the ended one is the newest
	who, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormCard, Secret: "00123456"})
	if err != nil || who.Credential != live.ID {
		t.Fatalf("got %+v, %v", who, err)
	}
}

func TestIdentifyRefusesMalformedAttemptsWithoutCounting(t *testing.T) {
	m := newMemory()
	g := newGate(t, m, newClock())
	for name, a := range map[string]room.Attempt{
		"no kiosk":     {Form: room.FormPIN, Secret: "1"},
		"a long kiosk": {Kiosk: strings.Repeat("k", 65), Form: room.FormPIN, Secret: "1"},
		"no secret":    {Kiosk: "K1", Form: room.FormPIN},
		"no form":      {Kiosk: "K1", Secret: "1"},
	} {
		if _, err := g.Identify(t.Context(), a); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(m.throttles) != 0 {
		t.Errorf("counted: %v", m.throttles)
	}
}

func TestIdentifyCountsRubbishAsWrong(t *testing.T) {
	m := newMemory()
	g := newGate(t, m, newClock())
	for i, s := range []string{"abc", strings.Repeat("9", 300), "٠١٢٣٤٥٦٧", "https://example.com/r/1"} {
		if _, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormQR, Secret: s}); reason(err) != "unknown" {
			t.Errorf("%q: got %v", s, err)
		}
		if got := m.throttles["kiosk:K1"].Failures; got != i+1 {
			t.Errorf("%q: %d failures counted, want %d", s, got, i+1)
		}
	}
}

func TestIdentifyIsUnavailableWhileTheStoreIs(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	m.err = errors.New("connection refused")
	for _, secret := range []string{s["r1"].PIN, "94820571"} {
		_, err := g.Identify(t.Context(), pin(secret))
		if !errors.Is(err, room.ErrUnavailable) || errors.Is(err, room.ErrDenied) {
			t.Errorf("got %v, want unavailable", err)
		}
	}
	if _, _, err := g.Issue(room.CredentialPickup, "r1", []room.CredentialForm{room.FormPIN}, time.Time{}); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("issue: got %v", err)
	}
	if _, err := g.Enroll(t.Context(), room.CredentialStaff, "m1", room.FormCard, "01020304"); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("enroll: got %v", err)
	}
	m.err = nil
	if _, err := g.Identify(t.Context(), pin(s["r1"].PIN)); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

func TestAWrongTryThatCannotBeCountedIsNotAnswered(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	m.saveErr = errors.New("disk full")
	if _, err := g.Identify(t.Context(), pin("94820571")); !errors.Is(err, room.ErrUnavailable) || errors.Is(err, room.ErrDenied) {
		t.Fatalf("got %v", err)
	}
}

func TestAnswersComeAtMultiplesOfTheStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g, err := NewGate(Config{Pepper: pepper, Store: m, Step: 40 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		s := people(t, g, m)
		for _, secret := range []string{s["r1"].PIN, "94820571"} {
			began := time.Now()
			_, _ = g.Identify(t.Context(), pin(secret))
			if took := time.Since(began); took != 40*time.Millisecond {
				t.Errorf("%s: took %s", secret, took)
			}
		}
	})
}

func TestAnAttemptGivesUpWhenItsCallerDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g := newGate(t, m, newClock())
		g.turn <- struct{}{} // another attempt hangs in the store
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := g.Identify(ctx, pin("94820571")); !errors.Is(err, room.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestNewGateRefusesAShortPepper(t *testing.T) {
	if _, err := NewGate(Config{Pepper: []byte("salt"), Store: newMemory()}); err == nil {
		t.Error("accepted")
	}
	if _, err := NewGate(Config{Pepper: pepper}); err == nil {
		t.Error("accepted no store")
	}
}

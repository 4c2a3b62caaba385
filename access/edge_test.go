package access

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// edgeGate takes the codes of one edge, whose private key it gives.
func edgeGate(t testing.TB) (*Gate, *memory, *clock, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, c := newMemory(), newClock()
	g, err := NewGate(Config{Pepper: pepper, Store: m, Now: c.now, Log: slog.New(slog.DiscardHandler), Step: -1,
		Room: "main", Edges: EdgeKeys{7: public}})
	if err != nil {
		t.Fatal(err)
	}
	people(t, g, m)
	m.here["r1"] = 0 // the box knows of no package
	return g, m, c, private
}

func code(t testing.TB, key ed25519.PrivateKey, p Pass) string {
	t.Helper()
	text, err := Sign(key, p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestASignedCodeLetsAResidentIn(t *testing.T) {
	g, _, c, key := edgeGate(t)
	text := code(t, key, NewPass(7, "main", "r1", c.now(), c.now().Add(time.Hour)))
	for _, shown := range []string{text, strings.ToLower(text), text + "\r\n"} {
		who, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormQR, Secret: shown})
		if err != nil {
			t.Fatal(err)
		}
		if who.Holder != "r1" || who.Name != "Ana Ruiz" || who.Kind != room.VisitResident || who.Once == "" {
			t.Errorf("got %+v", who)
		}
	}
}

func TestASignedCodeIsDenied(t *testing.T) {
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(p *Pass, key *ed25519.PrivateKey)
		want   string
	}{
		"of an unknown key":     {func(p *Pass, _ *ed25519.PrivateKey) { p.Key = 8 }, "unknown"},
		"signed by another":     {func(_ *Pass, key *ed25519.PrivateKey) { *key = other }, "unknown"},
		"for another room":      {func(p *Pass, _ *ed25519.PrivateKey) { p.Room = "annex" }, "unknown"},
		"for somebody who left": {func(p *Pass, _ *ed25519.PrivateKey) { p.Holder = "r9" }, "inactive"},
		"that is not valid yet": {func(p *Pass, _ *ed25519.PrivateKey) { p.NotBefore = p.NotBefore.Add(time.Minute) }, "not_yet"},
		"that has expired": {func(p *Pass, _ *ed25519.PrivateKey) {
			p.NotBefore, p.Expires = p.NotBefore.Add(-time.Hour), p.NotBefore
		}, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			g, _, c, key := edgeGate(t)
			p := NewPass(7, "main", "r1", c.now(), c.now().Add(time.Hour))
			tt.change(&p, &key)
			_, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormQR, Secret: code(t, key, p)})
			if reason(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestACodeIsNotSignedForEver(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, p := range []Pass{NewPass(1, "main", "r1", now, now.Add(8*24*time.Hour)), NewPass(1, "main", "r1", now, now), NewPass(1, "", "r1", now, now.Add(time.Hour))} {
		if _, err := Sign(key, p); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%+v: got %v, want ErrInvalid", p, err)
		}
	}
}

func TestReadEdgeKeys(t *testing.T) {
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := "7 " + base64.StdEncoding.EncodeToString(public)
	keys, err := ReadEdgeKeys(strings.NewReader("# the gate house\n\n" + good + "\n"))
	if err != nil || len(keys) != 1 || !keys[7].Equal(public) {
		t.Errorf("got %v, %v", keys, err)
	}
	for _, bad := range []string{"7", "seven " + good[2:], "7 AAAA", good + "\n" + good} {
		if _, err := ReadEdgeKeys(strings.NewReader(bad)); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", bad, err)
		}
	}
}

// FuzzEdge: whatever is shown, only what was signed is taken, and reading it
// never fails otherwise.
func FuzzEdge(f *testing.F) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0).UTC()
	good := code(f, key, NewPass(7, "main", "r1", now, now.Add(time.Hour)))
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(EdgePrefix)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := EdgeKeys{7: public}.decode(text)
		if err == nil && (p.Holder != "r1" || p.Room != "main") {
			t.Errorf("%q was taken for %+v", text, p)
		}
	})
}

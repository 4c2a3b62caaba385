package accesstest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func setsLights(t *testing.T, b Bench) {
	a, c := b.Slots[0], b.Slots[1]
	for _, want := range []map[string]room.Signal{
		{a: room.SignalHere, c: room.SignalSuggest}, {c: room.SignalWarn}, {a: room.SignalHere}, {},
	} {
		if err := b.Devices.Lights.Set(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		showsLights(t, b, want)
	}
	if err := b.Devices.Lights.Set(t.Context(), map[string]room.Signal{a: room.SignalHere, c: room.SignalOff}); err != nil {
		t.Fatal(err)
	}
	showsLights(t, b, map[string]room.Signal{a: room.SignalHere})
}

// showsLights waits until exactly want is lit.
func showsLights(t *testing.T, b Bench, want map[string]room.Signal) {
	t.Helper()
	if b.Steady {
		on := map[string]room.Signal{}
		for slot := range want {
			on[slot] = room.SignalHere
		}
		want = on
	}
	Eventually(t, "the lights show what was set", func() bool { return maps.Equal(b.Lit(), want) })
}

func passesOver(t *testing.T, b Bench) {
	want := map[string]room.Signal{b.Slots[0]: room.SignalHere}
	if err := b.Devices.Lights.Set(t.Context(), map[string]room.Signal{b.Slots[0]: room.SignalHere, "no such slot": room.SignalHere}); err != nil {
		t.Fatalf("a slot that another device lights: %v", err)
	}
	showsLights(t, b, want)
}

func setsLightsAgain(t *testing.T, b Bench) {
	want := map[string]room.Signal{b.Slots[0]: room.SignalSuggest}
	for range 3 {
		if err := b.Devices.Lights.Set(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		showsLights(t, b, want)
	}
}

func deadMan(t *testing.T, b Bench) {
	const ttl = 600 * time.Millisecond
	began := time.Now()
	if err := b.Devices.Laser.Point(t.Context(), b.Aim, ttl); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the laser shines", func() bool { return b.Dot() || time.Since(began) > ttl })
	Eventually(t, "the laser goes dark", func() bool { return !b.Dot() })
	if d := time.Since(began); d > ttl+time.Second {
		t.Errorf("dark after %s, want about %s", d, ttl)
	}
}

func refreshed(t *testing.T, b Bench) {
	const ttl = time.Second
	tick := time.NewTicker(ttl / 4)
	defer tick.Stop()
	for n := range 8 { // twice the ttl
		pointed := time.Now()
		if err := b.Devices.Laser.Point(t.Context(), b.Aim, ttl); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			Eventually(t, "the laser shines", func() bool { return b.Dot() || time.Since(pointed) > ttl })
		}
		<-tick.C
		if !b.Dot() && time.Since(pointed) < ttl { // later it may be: a busy machine held the test up
			t.Fatal("the laser went dark while it was pointed")
		}
	}
}

func laserOff(t *testing.T, b Bench) {
	if err := b.Devices.Laser.Point(t.Context(), b.Aim, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 2 { // idempotent
		if err := b.Devices.Laser.Off(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	Eventually(t, "the laser is dark", func() bool { return !b.Dot() })
	if d := time.Since(began); d > time.Second {
		t.Errorf("dark only after %s", d)
	}
}

func stopDarkens(t *testing.T, b Bench) {
	if err := b.Devices.Laser.Point(t.Context(), b.Aim, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the laser is dark", func() bool { return !b.Dot() })
}

func says(t *testing.T, b Bench) {
	for text, urgent := range map[string]bool{"Your package is on shelf B3.": false, "That is not your package.": true} {
		if err := b.Devices.Voice.Say(t.Context(), text, "en", urgent); err != nil {
			t.Fatal(err)
		}
		Eventually(t, "it is heard", func() bool { return slices.Contains(b.Spoken(), text) })
	}
}

func reads(t *testing.T, b Bench) {
	ctx, cancel := context.WithCancel(t.Context())
	got := b.Devices.Reader.Reads(ctx)
	card := cmp.Or(b.Card, "0012345678")
	b.Show(t, card)
	select {
	case a := <-got:
		if a.Secret != card || a.Form != room.FormCard || a.Kiosk == "" {
			t.Errorf("got %+v", a)
		}
	case <-time.After(patience):
		t.Fatal("the card was not read")
	}
	cancel()
	select {
	case _, ok := <-got:
		if ok {
			t.Error("one card was read twice")
		}
	case <-time.After(patience):
		t.Error("the channel stays open")
	}
}

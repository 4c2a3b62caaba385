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
	shone := func() bool { // unless the machine stalled for longer than it shines
		began := time.Now()
		if err := b.Devices.Laser.Point(t.Context(), b.Aim, short); err != nil {
			t.Fatal(err)
		}
		for !b.Dot() {
			if time.Since(began) > short {
				return false
			}
		}
		return true
	}
	Eventually(t, "the laser shines", shone)
	Eventually(t, "the laser goes dark by itself", func() bool { return !b.Dot() })
}

func refreshed(t *testing.T, b Bench) {
	const ttl = short / 2
	tick := time.NewTicker(ttl / 4)
	defer tick.Stop()
	var before time.Time
	for range 8 { // twice the ttl
		pointed := time.Now()
		if err := b.Devices.Laser.Point(t.Context(), b.Aim, ttl); err != nil {
			t.Fatal(err)
		}
		stalled := time.Since(before) >= ttl // or it was not pointed yet
		if before = pointed; stalled {
			Eventually(t, "the laser shines", func() bool { return b.Dot() || time.Since(pointed) > ttl })
		}
		<-tick.C
		if !b.Dot() && time.Since(pointed) < ttl { // later it may be: a busy machine held the test up
			t.Fatal("the laser went dark while it was pointed")
		}
	}
}

func laserOff(t *testing.T, b Bench) {
	for range 3 {
		end := shines(t, b)
		for range 2 { // idempotent
			if err := b.Devices.Laser.Off(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		Eventually(t, "the laser is dark", func() bool { return !b.Dot() })
		if time.Now().Before(end) {
			return
		} // else the machine may have stalled until it went dark by itself
	}
	t.Error("the laser goes dark by itself only")
}

// shines lets the laser shine, and tells when it goes dark by itself.
func shines(t *testing.T, b Bench) (end time.Time) {
	t.Helper()
	const ttl = 10 * time.Second // the longest that the simulated room takes
	Eventually(t, "the laser shines", func() bool {
		end = time.Now().Add(ttl)
		if err := b.Devices.Laser.Point(t.Context(), b.Aim, ttl); err != nil {
			t.Fatal(err)
		}
		return b.Dot()
	})
	return end
}

func stopDarkens(t *testing.T, b Bench) {
	end := shines(t, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the laser is dark", func() bool { return !b.Dot() })
	if !time.Now().Before(end) {
		t.Error("the laser goes dark by itself only")
	}
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

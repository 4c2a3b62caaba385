package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	world "github.com/packroom/packroom/room/sim"
)

// simulatedRoom starts a simulated room without cameras.
func simulatedRoom(t *testing.T) *world.Sim {
	t.Helper()
	w, err := world.New(world.Config{Listen: "127.0.0.1:0", Blind: true, Pace: 4, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

func TestADeviceIsTriedByHandAfterAYesOnly(t *testing.T) {
	w := simulatedRoom(t)
	cfg := defaultConfig()
	cfg.Sim.URL, cfg.Log.Level = w.URL(), "error"
	for name, tt := range map[string]struct {
		answers  string
		released bool
	}{
		"yes to the door":      {"yes\nA1\n\nno\nno\nno\n", true},
		"y is not yes":         {"y\n\nno\nno\nno\n", false},
		"nobody answers":       {"", false},
		"no, and yes to voice": {"no\n\nno\nyes\nno\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			h := &byHand{cfg: cfg, in: bufio.NewScanner(strings.NewReader(tt.answers)), out: &out, reach: time.Second, listens: 300 * time.Millisecond}
			if err := h.try(t.Context(), cfg.Drivers()[0]); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(out.String(), "The strike is released"); got != tt.released {
				t.Errorf("released: %v; it said:\n%s", got, &out)
			}
			if !strings.Contains(out.String(), "safe state") || strings.Contains(out.String(), "Slot A1 is lit") != tt.released {
				t.Errorf("it said:\n%s", &out)
			}
		})
	}
}

func TestADeviceThatIsNotInTheSettingsCannotBeTried(t *testing.T) {
	err := tryDevice(t.Context(), defaultConfig(), "gate", strings.NewReader(""), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "the settings have room") {
		t.Errorf("got %v", err)
	}
}

// cabinet counts what opened, and has the compartments L1 and L2.
type cabinet struct{ opened []string }

func (c *cabinet) Open(_ context.Context, slot string, g room.Grant) error {
	if slot != "L1" && slot != "L2" || g.Door != room.LockersDoor || !g.Expires.After(time.Now()) {
		return room.ErrNotFound
	}
	c.opened = append(c.opened, slot)
	return nil
}

func TestCompartmentsAreTriedByHandOneByOne(t *testing.T) {
	for answers, want := range map[string]struct {
		opened string
		err    error
	}{
		"L2\n L1 \n\n": {"L2 L1", nil},
		"\nL1\n":       {"", nil},
		"":             {"", nil},
		"L1\nL9\n":     {"L1", room.ErrNotFound},
	} {
		var out bytes.Buffer
		c := &cabinet{}
		h := &byHand{cfg: defaultConfig(), in: bufio.NewScanner(strings.NewReader(answers)), out: &out}
		err := h.tryLockers(t.Context(), room.Devices{Lockers: c})
		if got := strings.Join(c.opened, " "); got != want.opened || !errors.Is(err, want.err) {
			t.Errorf("%q opened %q, %v", answers, got, err)
		}
		for _, slot := range c.opened {
			if !strings.Contains(out.String(), "The lock of "+slot+" was let go") {
				t.Errorf("%q: it said\n%s", answers, &out)
			}
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

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

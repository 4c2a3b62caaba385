package sim

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatLiesOnTheShelvesStaysThereOverARestart(t *testing.T) {
	cfg := small()
	cfg.Blind, cfg.SlotsDir, cfg.Pace = true, t.TempDir(), 10
	live := func(work func(s *Sim)) (slots []SlotState) {
		t.Helper()
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		work(s)
		slots = s.State().Slots
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return slots
	}
	before := live(func(s *Sim) {
		do(t, s, Action{Do: "enter", Force: true})
		do(t, s, Action{Do: "place", Slot: "A1", Size: "M"})
		do(t, s, Action{Do: "place", Slot: "B2", Size: "S"})
		do(t, s, Action{Do: "place", Slot: "C1", Size: "E", Parcel: "letter"})
		do(t, s, Action{Do: "take", Slot: "B2"}) // and the room is turned off with it in hand
	})
	after := live(func(s *Sim) {
		if n := len(s.State().People); n != 0 {
			t.Errorf("%d people are in a room that was turned off", n)
		}
	})
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("slots (-before +after):\n%s", d)
	}
	live(func(s *Sim) {
		do(t, s, Action{Do: "enter", Force: true})
		if r := do(t, s, Action{Do: "take", Parcel: "letter"}); r.Slot != "C1" {
			t.Errorf("the letter lay on %s", r.Slot)
		}
		if r := do(t, s, Action{Do: "place", Slot: "B1"}); r.Parcel != "letter" {
			t.Errorf("%s was in hand", r.Parcel)
		}
		if r := do(t, s, Action{Do: "place", Slot: "B2", Size: "S"}); r.Parcel == "x1" || r.Parcel == "x2" {
			t.Errorf("a new parcel is called %s, as one before", r.Parcel)
		}
	})
	cfg.Seed = 7
	for _, slot := range live(func(*Sim) {}) {
		if len(slot.Parcels) > 0 {
			t.Errorf("another room has %v on %s", slot.Parcels, slot.ID)
		}
	}
}

func TestShelvesThatCannotBeReadAreSaid(t *testing.T) {
	for name, text := range map[string]string{
		"cut short":    `{"seed":1,"cameras":2,"parcels":[{"id":"x1"`,
		"no such slot": `{"seed":1,"cameras":2,"parcels":[{"id":"x1","size":"M","slot":"Z9"}]}`,
	} {
		cfg := small()
		cfg.Blind, cfg.SlotsDir = true, t.TempDir()
		file := filepath.Join(cfg.SlotsDir, "shelves.json")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want the file named", name, err)
		}
	}
}

package driver_test

import (
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
)

func TestOpenRefusesWhatIsMisconfigured(t *testing.T) {
	for name, cfg := range map[string]driver.Config{
		"no kind":          {},
		"an unknown kind":  {Kind: "telepathy"},
		"no address":       {Kind: "sim"},
		"a bad address":    {Kind: "sim", Options: map[string]string{"url": "7050"}},
		"an unknown word":  {Kind: "sim", Options: map[string]string{"url": "http://127.0.0.1:1", "colour": "red"}},
		"a bad time limit": {Kind: "sim", Options: map[string]string{"url": "http://127.0.0.1:1", "timeout": "soon"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := driver.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if !errors.Is(err, room.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

func TestOpenDoesNotNeedTheHardwareToAnswer(t *testing.T) {
	d, c, err := driver.Open(t.Context(), driver.Config{Kind: "sim", Options: map[string]string{"url": "http://127.0.0.1:1"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if d.Door == nil || d.Lights == nil || d.Laser == nil || d.Voice == nil || d.Reader == nil {
		t.Errorf("a device is missing: %+v", d)
	}
}

func TestKindsAreSorted(t *testing.T) {
	if k := driver.Kinds(); !slices.IsSorted(k) || !slices.Contains(k, "sim") {
		t.Errorf("got %v", k)
	}
}

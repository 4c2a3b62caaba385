package driver_test

import (
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
)

var quiet = slog.New(slog.DiscardHandler)

// nobody is a simulated room where nobody answers.
func nobody(name string, serves ...string) driver.Config {
	return driver.Config{Name: name, Driver: "sim", Serves: serves, Options: map[string]string{"url": "http://127.0.0.1:1"}}
}

func TestOpenRefusesWhatIsMisconfigured(t *testing.T) {
	sim := func(options map[string]string) []driver.Config {
		return []driver.Config{{Name: "a", Driver: "sim", Options: options}}
	}
	for name, all := range map[string][]driver.Config{
		"no device":            {},
		"no driver":            {{Name: "a"}},
		"an unknown driver":    {{Name: "a", Driver: "telepathy"}},
		"no address":           sim(nil),
		"a bad address":        sim(map[string]string{"url": "7050"}),
		"an unknown word":      sim(map[string]string{"url": "http://127.0.0.1:1", "colour": "red"}),
		"a bad time limit":     sim(map[string]string{"url": "http://127.0.0.1:1", "timeout": "soon"}),
		"an unknown role":      {nobody("a", "door", "roof")},
		"nothing for the door": {nobody("a", "lights")},
		"two doors":            {nobody("a"), nobody("b", "door")},
		"two lasers":           {nobody("a"), nobody("b", "laser")},
		"one name twice":       {nobody("a", "door"), nobody("a", "lights")},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := driver.Open(t.Context(), all, quiet)
			if !errors.Is(err, room.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

func TestOpenDoesNotNeedTheHardwareToAnswer(t *testing.T) {
	d, c, err := driver.Open(t.Context(), []driver.Config{nobody("a")}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if d.Door == nil || d.Lights == nil || d.Laser == nil || d.Voice == nil || d.Reader == nil {
		t.Errorf("a device is missing: %+v", d)
	}
}

func TestARoomIsComposedOfSeveralDevices(t *testing.T) {
	d, c, err := driver.Open(t.Context(), []driver.Config{nobody("strike", "door"), nobody("east", "lights"), nobody("west", "lights", "reader")}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if d.Door == nil || d.Lights == nil || d.Reader == nil || d.Laser != nil || d.Voice != nil {
		t.Errorf("got %+v, want door, lights and reader only", d)
	}
	if err := d.Lights.Set(t.Context(), nil); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("lights where nobody answers: got %v, want ErrUnavailable", err)
	}
	var names []string
	for _, one := range d.Diagnostics.Diagnose() {
		names = append(names, one.Device)
		if one.Driver != "sim" || len(one.Serves) == 0 {
			t.Errorf("diagnosis %+v", one)
		}
	}
	if !slices.Equal(names, []string{"strike", "east", "west"}) {
		t.Errorf("diagnoses of %v", names)
	}
}

func TestKindsAreSorted(t *testing.T) {
	if k := driver.Kinds(); !slices.IsSorted(k) || !slices.Contains(k, "sim") {
		t.Errorf("got %v", k)
	}
}

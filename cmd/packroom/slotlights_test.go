package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
)

func TestAVisitGoesOnInARoomWithASlotThatHasNoLight(t *testing.T) {
	d, closer, err := driver.Open(t.Context(), []driver.Config{{Name: "east", Driver: "sacn", Options: map[string]string{"to": "127.0.0.1:9", "lights": "A1=1/1"}},
		{Name: "door", Driver: "sim", Serves: []string{"door"}, Options: map[string]string{"url": "http://127.0.0.1:1"}}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	d.Door = nil // the light is what this is about
	accesstest.VisitGoesOn(t, withDarkSlots(d, []room.Slot{{ID: "A1"}, {ID: "D4"}}), func() {}, "no device has a light for D4")
}

func TestASlotWithoutALightIsTold(t *testing.T) {
	sacn := func(name, lights string) driver.Config {
		return driver.Config{Name: name, Driver: "sacn", Options: map[string]string{"to": "127.0.0.1:9", "lights": lights}}
	}
	sim := driver.Config{Name: "room", Driver: "sim", Serves: []string{"door"}, Options: map[string]string{"url": "http://127.0.0.1:1"}}
	all := driver.Config{Name: "room", Driver: "sim", Serves: []string{"door", "lights"}, Options: sim.Options}
	for name, c := range map[string]struct {
		devices []driver.Config
		want    string
	}{
		"two are lit":       {[]driver.Config{sim, sacn("east", "A1=1/1, A2=1/4")}, "no device has a light for B1: add"},
		"all, by two":       {[]driver.Config{sim, sacn("east", "A1=1/1"), sacn("west", "A2=2/1, B1=2/4")}, ""},
		"one that has all":  {[]driver.Config{all, sacn("east", "A1=1/1")}, ""},
		"no lights at all":  {[]driver.Config{sim}, ""},
		"none of the slots": {[]driver.Config{sim, sacn("east", "Z9=1/1")}, "no device has a light for A1, A2, B1: add"},
	} {
		t.Run(name, func(t *testing.T) {
			d, closer, err := driver.Open(t.Context(), c.devices, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer closer.Close()
			var told string
			for _, g := range withDarkSlots(d, []room.Slot{{ID: "A1"}, {ID: "B1"}, {ID: "A2"}}).Diagnostics.Diagnose() {
				if strings.Contains(g.Problem, "has a light") {
					told = g.Problem
				}
			}
			if !strings.HasPrefix(told, c.want) || (told == "") != (c.want == "") {
				t.Errorf("told %q, want %q", told, c.want)
			}
		})
	}
}

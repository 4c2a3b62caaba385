package main

import (
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// withDarkSlots adds to the devices' diagnoses the slots that no device has a
// light for, so that the manager page shows them. Leading goes on by voice and on
// the kiosk's map.
func withDarkSlots(d room.Devices, slots []room.Slot) room.Devices {
	if d.Lights == nil || d.Diagnostics == nil {
		return d
	}
	lit := map[string]bool{}
	for _, g := range d.Diagnostics.Diagnose() {
		if !slices.Contains(g.Serves, "lights") {
			continue
		}
		has, told := g.Facts["slots"]
		if !told {
			return d // it has a light for every slot
		}
		for _, id := range strings.Fields(has) {
			lit[id] = true
		}
	}
	var dark []string
	for _, s := range slots {
		if !lit[s.ID] {
			dark = append(dark, s.ID)
		}
	}
	if len(dark) > 0 {
		slices.Sort(dark)
		d.Diagnostics = darkSlots{d.Diagnostics, dark, time.Now().UTC()}
	}
	return d
}

// darkSlots are the slots without a light, as one more diagnosis.
type darkSlots struct {
	room.Diagnostics
	slots []string
	since time.Time
}

// Diagnose implements room.Diagnostics.
func (d darkSlots) Diagnose() []room.Diagnosis {
	return append(d.Diagnostics.Diagnose(), room.Diagnosis{
		Device: "lights", Serves: []string{"lights"}, Since: d.since, Code: "device_dark", Values: map[string]string{"slots": strings.Join(d.slots, ", ")},
		Problem: "no device has a light for " + strings.Join(d.slots, ", ") + ": add them to the options of one that serves lights",
	})
}

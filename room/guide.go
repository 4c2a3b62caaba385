package room

import (
	"slices"
	"time"
)

// Signal is what a slot's light says. Colour is never the only sign: each has
// its own rhythm too.
type Signal string

// The signals of a slot's light.
const (
	SignalOff     Signal = "off"
	SignalHere    Signal = "here"    // white, steady: your package is here
	SignalHere2   Signal = "here2"   // green, one wink: that of a second resident in the room
	SignalHere3   Signal = "here3"   // magenta, two winks
	SignalHere4   Signal = "here4"   // cyan, three winks
	SignalSuggest Signal = "suggest" // blue, slow: put it here
	SignalWarn    Signal = "warn"    // amber, fast: something is wrong here
)

// Leads reports whether s tells a resident that a package is theirs.
func (s Signal) Leads() bool { return slices.Contains(residentSignals(), s) }

// residentSignals are the colours of residents who are in the room at once.
func residentSignals() []Signal { return []Signal{SignalHere, SignalHere2, SignalHere3, SignalHere4} }

// GuideTarget is where the guide points now.
type GuideTarget struct {
	Slot   string `json:"slot"`
	Parcel string `json:"parcel,omitempty"`
	Aim    *Aim   `json:"aim,omitempty"` // nil: no laser here, or interlocked
}

// Guide is what the room's lights and laser should show. It is state: setting
// it again is harmless, and after a restart it is simply set.
type Guide struct {
	Lights map[string]Signal `json:"lights,omitempty"` // by slot; absent = off
	Target *GuideTarget      `json:"target,omitempty"` // the laser's
}

// LaserTTL is the dead-man time: a laser head that hears nothing for so long
// goes dark by itself. The guide refreshes at half of it.
const LaserTTL = 2 * time.Second

// Prompt is a sentence to be said in the room and shown on the kiosk.
type Prompt struct {
	Visit    string            `json:"visit,omitempty"`
	Key      string            `json:"key"` // locale key: prompt.take, prompt.wrong_parcel, ...
	Language string            `json:"language,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // slot, name, count, ...
	Urgent   bool              `json:"urgent,omitempty"` // interrupts what is being said
	At       time.Time         `json:"at"`
}

// Guide is what lights and laser should show in this state. The laser points
// only where its camera is trusted and sees nobody in front of the slot: its
// interlock.
func (s State) Guide() Guide {
	g := Guide{Lights: map[string]Signal{}}
	for _, id := range sortedKeys(s.Visits) {
		v := s.Visits[id]
		switch {
		case v.Kind == VisitCourier:
			s.guideCourier(v, g.Lights)
		case v.Kind == VisitResident:
			here := s.waitingFor(v.Holder)
			for _, p := range here {
				g.Lights[p.Slot] = SignalHere
			}
			if len(here) > 0 && g.Target == nil {
				g.Target = &GuideTarget{Slot: here[0].Slot, Parcel: here[0].ID, Aim: s.aim(here[0])}
			}
			for _, h := range v.InHand {
				if !slices.Contains(v.Collected, h.Parcel) {
					g.Lights[h.FromSlot] = SignalSuggest // "put it here": back
				}
			}
		}
	}
	return g
}

func (s State) guideCourier(v Visit, lights map[string]Signal) {
	for _, id := range v.Scanned {
		if p := s.Parcels[id]; p.State == ParcelRegistered && p.Suggested != "" {
			lights[p.Suggested] = SignalSuggest
		}
	}
	for _, id := range v.Placed {
		if p := s.Parcels[id]; p.State == ParcelUnidentified && p.Slot != "" && p.LabelPhoto == "" {
			lights[p.Slot] = SignalWarn
		}
	}
}

// aim gives the laser angles for a parcel, or nil where there is no laser or
// the interlock forbids it.
func (s State) aim(p Parcel) *Aim {
	slot, ok := s.Slots[p.Slot]
	if !ok || !s.Cameras[slot.Camera].OK {
		return nil
	}
	seen, ok := s.Presence[slot.Camera]
	if !ok || slices.Contains(seen.Slots, slot.ID) {
		return nil
	}
	at := slot.Bounds().Center()
	if i, ok := s.Items[p.ItemKey]; ok {
		at = i.BBox.Center()
	}
	if a, ok := slot.AimAt(at); ok {
		return &a
	}
	return nil
}

package room

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	Visit  string `json:"visit,omitempty"` // whose it is
	Aim    *Aim   `json:"aim,omitempty"`   // nil: no laser here, or interlocked
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

// Guide is what lights and laser should show in this state. It follows from
// where the parcels are, so that it moves with them and ends when they are
// taken. Each resident has a light of their own; where two of them have parcels
// on one slot, it shows that of the visit that began first. The one laser rests
// on the first parcel of the first visit that it may point at.
func (s State) Guide() Guide {
	g := Guide{Lights: map[string]Signal{}}
	for _, v := range s.visitsByStart() {
		if v.Kind == VisitCourier {
			s.guideCourier(v, g.Lights)
			continue
		}
		leads := s.ledTo(v)
		for _, p := range leads {
			if !g.Lights[p.Slot].Leads() {
				g.Lights[p.Slot] = v.signal()
			}
		}
		if len(leads) > 0 && (g.Target == nil || g.Target.Aim == nil) {
			t := GuideTarget{Slot: leads[0].Slot, Parcel: leads[0].ID, Visit: v.ID, Aim: s.aim(leads[0])}
			if g.Target == nil || t.Aim != nil {
				g.Target = &t
			}
		}
	}
	for _, v := range s.Visits { // what is to be put back counts more
		if v.Kind == VisitResident {
			for _, h := range v.InHand {
				if !slices.Contains(v.Collected, h.Parcel) {
					g.Lights[h.FromSlot] = SignalSuggest // "put it here"
				}
			}
		}
	}
	return g
}

// visitsByStart are the open visits, the earliest first.
func (s State) visitsByStart() []Visit {
	list := slices.Collect(maps.Values(s.Visits))
	slices.SortFunc(list, func(a, b Visit) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	return list
}

// signal is the light of who is led in v.
func (v Visit) signal() Signal { return cmp.Or(v.Light, SignalHere) }

// freeSignal is a light that leads nobody else who is here; the first, where all
// do.
func (s State) freeSignal() Signal {
	for _, signal := range residentSignals() {
		if !slices.ContainsFunc(slices.Collect(maps.Values(s.Visits)), func(v Visit) bool { return v.Light == signal }) {
			return signal
		}
	}
	return SignalHere
}

// ledTo lists the parcels that a visit is led to, in order: those that were
// asked for, and when there is none of them any more, all that are a resident's.
func (s State) ledTo(v Visit) []Parcel {
	var list []Parcel
	for _, id := range v.Led {
		if p, ok := s.Parcels[id]; ok && p.Slot != "" && !p.State.Ended() {
			list = append(list, p)
		}
	}
	if len(list) == 0 && v.Kind == VisitResident {
		return s.waitingFor(v.Holder)
	}
	return list
}

// lead is the one command that voice, light and laser follow.
func (d *decision) lead(in LeadTo) error {
	v, err := d.visit(in.Visit)
	if err != nil {
		return err
	}
	if v.Kind == VisitCourier {
		return fmt.Errorf("lead to packages: %w: a courier is led by scanning labels", ErrInvalid)
	}
	for _, id := range in.Parcels {
		p, ok := d.s.Parcels[id]
		if !ok || p.Slot == "" || p.State.Ended() || v.Kind == VisitResident && p.Resident != v.Holder {
			return fmt.Errorf("lead to package %q: %w", id, ErrNotFound)
		}
	}
	v.Led, v.Touched, v.Light = slices.Clone(in.Parcels), d.Now.UTC(), cmp.Or(v.Light, d.s.freeSignal())
	d.putVisit(v)
	if leads := d.s.ledTo(v); len(leads) > 0 {
		e := d.visitEvent(EvGuideStepped, v)
		e.Parcel, e.Slot, e.Reason = leads[0].ID, leads[0].Slot, "asked"
		d.event(e, nil)
		d.sayTake(v, "prompt.take")
	}
	d.reply(v)
	return nil
}

// follow tells those inside who are being led to p that it lies elsewhere now.
func (d *decision) follow(p Parcel) {
	for _, v := range d.inside() {
		if leads := d.s.ledTo(v); len(leads) > 0 && leads[0].ID == p.ID {
			d.sayTake(v, "prompt.take")
		}
	}
}

// sayTake says where the next package lies that a visit is led to.
func (d *decision) sayTake(v Visit, key string) {
	leads := d.s.ledTo(v)
	if len(leads) == 0 {
		d.say(v, "prompt.taken_done", false, nil)
		return
	}
	values := d.s.whereabouts(leads[0])
	values["count"] = strconv.Itoa(len(leads))
	d.say(v, key, false, values)
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

// aim gives the laser angles for a parcel, or nil where there is no laser, the
// interlock forbids it or the last check found it off.
func (s State) aim(p Parcel) *Aim {
	slot, ok := s.Slots[p.Slot]
	if !ok || !s.Cameras[slot.Camera].OK || s.laserOff(slot.Camera) {
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

package vision

import (
	"bytes"
	"slices"
	"sort"
)

// stays is for how long, in seconds, a place where somebody was and that looks
// other than without people counts as somebody: longer than it takes to judge it.
const stays = 1.5

// Scene is what the tracker knows after its last Step. It is drawn up once for
// each, and not to be changed.
func (t *Tracker) Scene() Scene {
	if t.scene == nil {
		var s Scene
		t.showPeople(&s)
		t.showItems(&s)
		t.scene = &s
	}
	return *t.scene
}

// showPeople tells of people and the slots that they stand in front of.
func (t *Tracker) showPeople(s *Scene) {
	if bytes.IndexByte(t.people, 1) < 0 && bytes.IndexByte(t.base.touched, 1) < 0 {
		return
	}
	// Somebody who has just stopped moving is still there.
	there, now := t.core, float32(t.now.Seconds())
	copy(there, t.people)
	for i, touched := range t.base.touched {
		if touched != 0 && t.changed[i] != 0 && now-t.who.recent[i] < stays {
			there[i] = 1
		}
	}
	s.People = bytes.IndexByte(there, 1) >= 0
	for k, share := range t.slots.covered(there) {
		if share > 0.1 {
			s.Slots = append(s.Slots, t.slots.ids[k])
		}
	}
	sort.Strings(s.Slots)
}

// showItems tells of the ledger's items and of what room they take.
func (t *Tracker) showItems(s *Scene) {
	items := t.ledger.sorted()
	for _, e := range items {
		s.Items = append(s.Items, e.Item)
	}
	if !slices.EqualFunc(items, t.shown, func(e *entry, b Blob) bool { return sameBox(e.blob, b) }) || t.fullness == nil {
		t.measure(items)
	}
	s.Fullness = t.fullness
}

// sameBox reports whether two blobs have the same bounds.
func sameBox(a, b Blob) bool { return a.X0 == b.X0 && a.Y0 == b.Y0 && a.X1 == b.X1 && a.Y1 == b.Y1 }

// measure tells how full the slots are with these items.
func (t *Tracker) measure(items []*entry) {
	taken := t.core
	clear(taken)
	t.shown, t.fullness = nil, map[string]float64{}
	for _, e := range items {
		t.shown = append(t.shown, Blob{X0: e.blob.X0, Y0: e.blob.Y0, X1: e.blob.X1, Y1: e.blob.Y1})
		for y := max(e.blob.Y0, 0); y < min(e.blob.Y1, t.h); y++ {
			for x := max(e.blob.X0, 0); x < min(e.blob.X1, t.w); x++ {
				taken[y*t.w+x] = 1
			}
		}
	}
	for k, share := range t.slots.covered(taken) {
		t.fullness[t.slots.ids[k]] = share
	}
}

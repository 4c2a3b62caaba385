package vision

import (
	"bytes"
	"sort"
)

// stays is for how long, in seconds, a place where somebody was and that looks
// other than without people counts as somebody: longer than it takes to judge it.
const stays = 1.5

// Scene is what the tracker knows after its last Step. It is drawn up once for
// each, and not to be changed.
func (t *Tracker) Scene() Scene {
	if t.scene == nil {
		s := Scene{Fullness: map[string]float64{}}
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
	taken := t.core
	clear(taken)
	for _, e := range t.ledger.sorted() {
		s.Items = append(s.Items, e.Item)
		for y := max(e.blob.Y0, 0); y < min(e.blob.Y1, t.h); y++ {
			for x := max(e.blob.X0, 0); x < min(e.blob.X1, t.w); x++ {
				taken[y*t.w+x] = 1
			}
		}
	}
	for k, share := range t.slots.covered(taken) {
		s.Fullness[t.slots.ids[k]] = share
	}
}

package vision

import "sort"

// stays is for how long, in seconds, a place where somebody was and that looks
// other than without people counts as somebody: longer than it takes to judge it.
const stays = 1.5

// Scene is what the tracker knows after its last Step.
func (t *Tracker) Scene() Scene {
	s := Scene{Fullness: map[string]float64{}}
	// Somebody who has just stopped moving is still there.
	there := make(Mask, len(t.people))
	for i, p := range t.people {
		there[i] = p
		if t.changed[i] != 0 && t.base.touched[i] != 0 && float32(t.now.Seconds())-t.who.recent[i] < stays {
			there[i] = 1
		}
		s.People = s.People || there[i] != 0
	}
	for k, share := range t.slots.covered(there) {
		if share > 0.1 {
			s.Slots = append(s.Slots, t.slots.ids[k])
		}
	}
	sort.Strings(s.Slots)
	taken := make(Mask, t.w*t.h)
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
	return s
}

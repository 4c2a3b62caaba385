package vision

import "sort"

// Scene is what the tracker knows after its last Step.
func (t *Tracker) Scene() Scene {
	s := Scene{Fullness: map[string]float64{}}
	for _, p := range t.people {
		if p != 0 {
			s.People = true
			break
		}
	}
	for k, share := range t.slots.covered(t.people) {
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

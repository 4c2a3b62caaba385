package room

import (
	"cmp"
	"slices"
)

// easyReach is the band of board heights that most people reach standing or
// seated (ADA 2010, 308: 15 to 48 inches above the floor).
const easyReachLowMM, easyReachHighMM = 380, 1220

// full is the fill level from which nothing more is suggested for a slot.
const full = 0.85

// Suggest names the slots that suit a parcel of a size, best first, at most
// five: right kind, room left, not promised to another label, beside what the
// same resident has here already, within easy reach.
func (s State) Suggest(size, resident string) []string {
	type choice struct {
		id    string
		score float64
	}
	things, promised, mine := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, i := range s.Items {
		things[i.Slot]++
	}
	for _, p := range s.Parcels {
		if p.State == ParcelRegistered {
			promised[p.Suggested] = true
		}
		if resident != "" && p.Resident == resident && p.State == ParcelStored {
			mine[p.Slot] = true
		}
	}
	var list []choice
	for _, id := range sortedKeys(s.Slots) {
		slot := s.Slots[id]
		if !slot.Kind.holds(size) || slot.Fullness >= full || !s.trusted(slot.Camera) {
			continue
		}
		score := -2*slot.Fullness - float64(things[id])
		if promised[id] {
			score -= 4
		}
		if mine[id] {
			score += 1.5
		}
		if slot.HeightMM < easyReachLowMM || slot.HeightMM > easyReachHighMM {
			score -= 0.5
		}
		list = append(list, choice{id, score})
	}
	slices.SortStableFunc(list, func(a, b choice) int { return cmp.Compare(b.score, a.score) })
	var ids []string
	for _, c := range list[:min(len(list), 5)] {
		ids = append(ids, c.id)
	}
	return ids
}

// holds reports whether a slot of kind k suits a parcel of a size.
func (k SlotKind) holds(size string) bool {
	switch k {
	case SlotShelf:
		return size != "oversize"
	case SlotFloor:
		return size == "oversize" || size == "large"
	case SlotBin:
		return size == "envelope"
	}
	return false // refrigerated and locker slots are given by name only
}

// trusted reports whether a camera is not known to be blind.
func (s State) trusted(camera string) bool {
	h, known := s.Cameras[camera]
	return !known || h.OK
}

package room

import (
	"math"
	"slices"
	"strconv"
)

// whereabouts are the values of a prompt that says where a parcel lies, so that
// somebody who does not see the lights finds it: "bay two, second shelf from the
// top, left". They are machine words; bay and side are empty where there is one.
func (s State) whereabouts(p Parcel) map[string]string {
	slot := s.Slots[p.Slot]
	v := map[string]string{"slot": p.Slot, "bay": "", "row": height(slot), "side": ""}
	if slot.Map[2] <= 0 {
		return v // it is not on the map
	}
	if bays := s.bays(); len(bays) > 1 {
		v["bay"] = strconv.Itoa(slices.Index(bays, slot.Camera) + 1)
	}
	if slot.Kind != SlotShelf {
		return v
	}
	columns, column := s.columns(slot)
	switch {
	case columns < 2:
	case column == 0:
		v["side"] = "left"
	case column == columns-1:
		v["side"] = "right"
	case columns == 3:
		v["side"] = "middle"
	default:
		v["side"] = strconv.Itoa(column + 1) // from the left
	}
	rows, row := s.rows(slot)
	switch {
	case rows < 2:
	case row == rows-1:
		v["row"] = "bottom"
	default:
		v["row"] = strconv.Itoa(row + 1) // from the top
	}
	return v
}

// height says in a machine word how high a slot is: floor, low, middle, high.
func height(slot Slot) string {
	switch h := slot.HeightMM; {
	case h < 300:
		return "floor"
	case h < 800:
		return "low"
	case h < 1500:
		return "middle"
	default:
		return "high"
	}
}

// bays are the shelf units as people count them, from the left of the map: what
// one camera watches is one.
func (s State) bays() []string {
	left := map[string]float64{}
	for _, slot := range s.Slots {
		if x, ok := left[slot.Camera]; slot.Map[2] > 0 && (!ok || slot.Map[0] < x) {
			left[slot.Camera] = slot.Map[0]
		}
	}
	bays := sortedKeys(left)
	slices.SortStableFunc(bays, func(a, b string) int { return int(math.Copysign(1, left[a]-left[b])) })
	return bays
}

// columns is how many columns of shelves slot's bay has, and which is slot's,
// from the left.
func (s State) columns(slot Slot) (n, which int) {
	return s.rank(slot, func(o Slot) bool { return true }, func(o Slot) float64 { return o.Map.Center()[0] }, slot.Map[2]/2)
}

// rows is how many shelves slot's column has, and which is slot's, from the top.
func (s State) rows(slot Slot) (n, which int) {
	inColumn := func(o Slot) bool { return math.Abs(o.Map.Center()[0]-slot.Map.Center()[0]) < slot.Map[2]/2 }
	return s.rank(slot, inColumn, func(o Slot) float64 { return -float64(o.HeightMM) }, 50)
}

// rank counts the different values of at among the shelves of slot's bay that
// belong; values closer than apart are one.
func (s State) rank(slot Slot, belongs func(Slot) bool, at func(Slot) float64, apart float64) (n, which int) {
	var values []float64
	for _, o := range s.Slots {
		if o.Camera == slot.Camera && o.Kind == SlotShelf && o.Map[2] > 0 && belongs(o) {
			values = append(values, at(o))
		}
	}
	slices.Sort(values)
	last := math.Inf(-1)
	for _, v := range values {
		if v-last >= apart {
			n++
			last = v
		}
		if v <= at(slot) {
			which = n - 1
		}
	}
	return n, which
}

package vision

import (
	"slices"

	"github.com/packroom/packroom/room"
)

// slotMap is the slots of a camera at working size.
type slotMap struct {
	w, h    int
	ids     []string
	corners [][]room.Point // as in the slots file
	kinds   []room.SlotKind
	at      []int16 // by place: index of the slot, -1 for none
	near    []int16 // the same, each slot a little wider: boxes stand out of their shelf
	area    []int
	box     []Blob // bounds only
}

// newSlotMap draws the file's polygons at w x h.
func newSlotMap(f room.SlotsFile, w, h int) *slotMap {
	m := &slotMap{w: w, h: h, at: make([]int16, w*h), near: make([]int16, w*h)}
	for i := range m.at {
		m.at[i], m.near[i] = -1, -1
	}
	sx, sy := float64(w)/float64(f.Width), float64(h)/float64(f.Height)
	wide, shape := make(Mask, w*h), newShaper(w, h)
	for k, s := range f.Slots {
		poly := make([]room.Point, len(s.Polygon))
		for i, p := range s.Polygon {
			poly[i] = room.Point{p[0] * sx, p[1] * sy}
		}
		one := make(Mask, w*h)
		b := Blob{X0: w, Y0: h}
		for y := range h {
			for x := range w {
				if inPolygon(poly, float64(x)+0.5, float64(y)+0.5) {
					one[y*w+x] = 1
					b.Area++
					b.X0, b.Y0, b.X1, b.Y1 = min(b.X0, x), min(b.Y0, y), max(b.X1, x+1), max(b.Y1, y+1)
				}
			}
		}
		shape.dilate(wide, one, max(2, w/100))
		for i := range one {
			if one[i] != 0 {
				m.at[i], m.near[i] = int16(k), int16(k)
			} else if wide[i] != 0 && m.near[i] < 0 {
				m.near[i] = int16(k)
			}
		}
		m.corners = append(m.corners, s.Polygon)
		m.ids, m.kinds, m.area, m.box = append(m.ids, s.ID), append(m.kinds, s.Kind), append(m.area, b.Area), append(m.box, b)
	}
	return m
}

// inPolygon tells by the even-odd rule whether x, y lies in p.
//
//go:norace
func inPolygon(p []room.Point, x, y float64) bool {
	in := false
	for i, j := 0, len(p)-1; i < len(p); j, i = i, i+1 {
		if (p[i][1] > y) != (p[j][1] > y) && x < (p[j][0]-p[i][0])*(y-p[i][1])/(p[j][1]-p[i][1])+p[i][0] {
			in = !in
		}
	}
	return in
}

// restShare is the part of an item's height, from below, that says where it rests.
const restShare = 0.4

// resting gives the slot that b is in: the one that most of it is over, or else
// the one that its lower part rests in; -1 for none.
//
//go:norace
func (m *slotMap) resting(b Blob) int {
	own := make([]int, len(m.ids))
	for _, i := range b.Pix {
		if k := m.near[i]; k >= 0 {
			if own[k]++; own[k]*10 > 7*b.Area && m.kinds[k] != room.SlotFloor {
				return int(k)
			}
		}
	}
	from := b.Y1 - max(1, int(restShare*float64(b.H())+0.5))
	best, most := -1, 0
	count := make([]int, len(m.ids))
	for y := max(from, 0); y < min(b.Y1, m.h); y++ {
		for x := max(b.X0, 0); x < min(b.X1, m.w); x++ {
			if k := m.near[y*m.w+x]; k >= 0 {
				if count[k]++; count[k] > most {
					best, most = int(k), count[k]
				}
			}
		}
	}
	return best
}

// holds reports whether b can be a thing that stands in slot k: most of it is
// over slots, and it isn't much larger than the slot.
func (m *slotMap) holds(b Blob, k int) bool {
	if k < 0 {
		return false
	}
	over, own := 0, 0
	for _, i := range b.Pix {
		if m.near[i] >= 0 {
			over++
		}
		if m.near[i] == int16(k) {
			own++
		}
	}
	if m.kinds[k] == room.SlotFloor {
		return float64(own) >= 0.3*float64(b.Area) && b.W() <= m.box[k].W()*3/2
	}
	return float64(over) >= 0.75*float64(b.Area) && float64(own) >= 0.5*float64(b.Area) &&
		b.W() <= m.box[k].W()*5/4 && b.H() <= m.box[k].H()*5/4
}

// parts is b by the slots that its places lie in, those of no slot left out.
func (m *slotMap) parts(b Blob) []Blob {
	of := make([]Blob, len(m.ids))
	for _, i := range b.Pix {
		if k := m.near[i]; k >= 0 {
			of[k].grow(i, m.w)
		}
	}
	return slices.DeleteFunc(of, func(p Blob) bool { return p.Area == 0 })
}

// beside reports whether b lies outside of all slots, but for its rim.
//
//go:norace
func (m *slotMap) beside(b Blob) bool {
	over := 0
	for _, i := range b.Pix {
		if m.at[i] >= 0 {
			over++
		}
	}
	return over*10 < b.Area
}

// covered gives the share of each slot that mask covers.
//
//go:norace
func (m *slotMap) covered(mask Mask) []float64 {
	n := make([]int, len(m.ids))
	for i, k := range m.at {
		if k >= 0 && mask[i] != 0 {
			n[k]++
		}
	}
	out := make([]float64, len(m.ids))
	for k := range out {
		out[k] = float64(n[k]) / float64(max(m.area[k], 1))
	}
	return out
}

// id names slot k; empty for none.
func (m *slotMap) id(k int) string {
	if k < 0 {
		return ""
	}
	return m.ids[k]
}

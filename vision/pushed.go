package vision

import (
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

const (
	// pushedAround is the share of a change that must lie at an item, or as near to
	// it as it can have been pushed, for the item to be looked for.
	pushedAround = 0.8
	// pushedRather is by how much more an item must look like itself at its new
	// place than at its old one.
	pushedRather = 0.1
	// pushedRim is the share of the ground that an item has come to which must have
	// changed.
	pushedRim = 0.5
	// leastPush is the push in working pixels from which a thing has moved.
	leastPush = 3
)

// pushed looks for a known item a little beside its place, where all that has
// changed is around it: somebody has pushed it, or taken it and put it back before
// the bare place was seen. What differs is then a part of the item, as little as
// the label on it, and would pass for another thing. ok says that one was found,
// and all of b is explained; d is nothing if it stands where it stood.
func (t *Tracker) pushed(b Blob, at time.Duration) (d []Decision, ok bool) {
	for _, e := range t.ledger.sorted() {
		if e.Hidden || !around(b, e.blob) {
			continue
		}
		dx, dy, quality := findAgain(e.blob, t.base.committed.L, t.base.still.L)
		if quality < sureShift || dx == 0 && dy == 0 {
			continue
		}
		to := e.blob.movedBy(dx, dy, t.w)
		if t.occupied(to, e) || !t.newGround(e.blob, to) {
			continue
		}
		look := lumaOf(t.base.committed, e.blob)
		both := e.blob.with(to)
		t.pushes = append(t.pushes, push{both: both, to: to, look: look})
		d = t.push(e, to, at, quality, max(absInt(dx), absInt(dy)) >= leastPush)
		t.commitAround(both)
		t.visit.explain(both)
		return d, true
	}
	return nil, false
}

// around reports whether b lies where an item stands or can have been pushed to.
func around(b, item Blob) bool {
	return intersection(b, item) > 0 && overlapShare(b, item.wider(item.W()/2, item.H()/3)) >= pushedAround
}

// findAgain looks for an item by up to half its width and a third of its height
// from where it was. No shift is found where it looks more like itself at its place.
func findAgain(item Blob, before, after Plane) (dx, dy int, quality float64) {
	here := correlation(before, after, item, 0, 0)
	quality = here + pushedRather
	for y := max(-item.H()/3, -item.Y0); y <= min(item.H()/3, after.H-item.Y1); y++ {
		for x := max(-item.W()/2, -item.X0); x <= min(item.W()/2, after.W-item.X1); x++ {
			if q := correlation(before, after, item, x, y); q > quality {
				dx, dy, quality = x, y, q
			}
		}
	}
	return dx, dy, quality
}

// occupied reports whether another item stands at b.
func (t *Tracker) occupied(b Blob, but *entry) bool {
	for _, e := range t.ledger.entries {
		if e != but && !e.Hidden && overlapShare(b, e.blob) > 1-pushedAround {
			return true
		}
	}
	return false
}

// newGround reports whether where an item has come to, and was not before, has
// changed.
func (t *Tracker) newGround(from, to Blob) bool {
	was := t.maskOf(from)
	fresh, changed := 0, 0
	for _, i := range to.Pix {
		if was[i] == 0 {
			fresh++
			changed += int(t.open[i])
		}
	}
	return float64(changed) >= pushedRim*float64(fresh)
}

// push is an item that was found pushed in this visit.
type push struct {
	both Blob      // where it was and where it is
	to   Blob      // where it is
	look []float32 // its luma
}

// isExplained reports whether b is a part of what differs because an item was
// pushed, seen later than the rest for an arm before it, and the item stands there.
func (t *Tracker) isExplained(b Blob) bool {
	const rim = 2 * structureRadius
	return slices.ContainsFunc(t.pushes, func(p push) bool {
		return overlapShare(b, p.both.wider(rim, rim)) >= pushedAround && alike(p.look, lumaOf(t.base.still, p.to)) >= sureShift
	})
}

// alike is the correlation of two looks.
func alike(p, q []float32) float64 {
	var s pairs
	for i := range p {
		s.add(p[i], q[i])
	}
	return s.correlation()
}

// push gives an item its new place. moved says that it is worth telling.
func (t *Tracker) push(e *entry, to Blob, at time.Duration, confidence float64, moved bool) []Decision {
	beneath := map[int32]float32{}
	if len(e.beneath) == len(e.blob.Pix) {
		for j, i := range e.blob.Pix {
			beneath[i] = e.beneath[j]
		}
	}
	ground := lumaOf(t.base.committed, to)
	for j, i := range to.Pix {
		if l, ok := beneath[i]; ok {
			ground[j] = l
		}
	}
	from, slot := e.BBox, e.Slot
	e.blob, e.beneath, e.BBox, e.Since = to, ground, t.rect(to), at
	e.Slot = t.slots.id(t.slots.resting(to))
	if !moved {
		return nil
	}
	return []Decision{{Kind: room.ChangeMoved, Item: e.ID, Slot: e.Slot, BBox: e.BBox, FromSlot: slot, FromBBox: &from, Confidence: confidence, At: at, Appearance: e.Appearance}}
}

// movedBy is b somewhere else in a picture of some width.
func (b Blob) movedBy(dx, dy, width int) Blob {
	out := Blob{Area: b.Area, X0: b.X0 + dx, X1: b.X1 + dx, Y0: b.Y0 + dy, Y1: b.Y1 + dy, Pix: make([]int32, len(b.Pix))}
	for j, i := range b.Pix {
		out.Pix[j] = i + int32(dy*width+dx)
	}
	return out
}

// wider is b's box with dx and dy more on each side; it has no places.
func (b Blob) wider(dx, dy int) Blob {
	return Blob{X0: b.X0 - dx, X1: b.X1 + dx, Y0: b.Y0 - dy, Y1: b.Y1 + dy}
}

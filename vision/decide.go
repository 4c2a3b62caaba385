package vision

import (
	"math"
	"time"

	"github.com/packroom/packroom/room"
)

const (
	// sure is the evidence from which a thing has come or gone without doubt:
	// twice the outline, or twice the contrast to what is around.
	sure = 0.7
	// lightKept is the correlation of slopes from which weak evidence is a change
	// of light: measured 0.28 to 0.4 under a sliding patch of sun, below 0.2 for
	// things.
	lightKept = 0.25
	// lightScore is the evidence up to which light is possible.
	lightScore = 1.2
	// lightSure is the correlation of slopes from which only the light is another
	// unless a whole outline speaks against it: measured 0.5 to 0.6 where a strip
	// lights its board.
	lightSure = 0.45
	// reversed is the correlation of slopes below which overexposure does not
	// explain a difference: it flattens slopes and turns none round.
	reversed = -0.15
	// wholeOutline is the evidence that only a thing gives: things that stand free
	// gave 2.3 to 5, the rims of sun patches up to 2.1.
	wholeOutline = 2.2
	// lightMaybe is the correlation from which what seems to have gone, where
	// nothing was known, is light: the rim of a sun patch has an outline too.
	lightMaybe = 0.35
	// litBeside is the share of the outline beside which the light has changed
	// from which the light is taken to have changed inside of it, too: measured
	// 0.2 to 0.8 in sun patches, below 0.08 at things.
	litBeside = 0.1
	// mostlyBlown is the overexposed share from which the same holds: a wall on
	// which a lamp leaves nothing to be seen has lost its outlines as well.
	mostlyBlown = 0.3
	// litSteep is by how much more evidence a thing must have the more of its
	// outline is lit, and litMost the evidence that is enough in any light.
	litSteep, litMost = 3, 4.0
	// samePlace is the intersection over union from which a thing that came stands
	// where a known one stood, and not before it: what is nearer to the camera is
	// seen larger and lower.
	samePlace = 0.7
	// crumb is the share of a changed piece below which a core of it is a part of
	// something else: measured 0.4 to 0.8 for things, 0.1 for a head.
	crumb = 0.15
)

const (
	// lean and leanAfter are the evidence and the time from which a thing is taken
	// to have come though little speaks for it, where nothing is known that could
	// have gone: a box on another that looks like it, an envelope in a strip's glare.
	lean      = 0.2
	leanAfter = time.Second
)

// verdict is what a core is.
type verdict int

const (
	unclear verdict = iota
	light
	placed
	removed
	shifted
)

// weigh gives the verdict on a core by its evidence alone.
func weigh(e evidence) verdict {
	s := e.score()
	switch {
	case e.none, math.Abs(s) < e.needed():
		return light
	case math.Abs(s) < wholeOutline && e.kept > lightSure && (e.lit > 0 || math.Abs(s) < lightScore):
		return light
	case math.Abs(s) < lightScore && (e.kept > lightKept && e.lit > 0 || e.blown > 0.1 && e.kept > reversed):
		return light
	case s > sure:
		return placed
	case s < -sure:
		return removed
	}
	return unclear
}

// needed is the evidence below which e may be another light.
func (e evidence) needed() float64 {
	switch {
	case e.lit > litBeside && !e.rested:
		return min(wholeOutline*(1+litSteep*(e.lit-litBeside)), litMost)
	case e.lit > 0 && e.part > 0 && e.part < crumb:
		return wholeOutline
	}
	return 0
}

// decide turns a core into changes and enters them in the ledger. last says that
// waiting will tell nothing more. held says that it has to wait.
func (t *Tracker) decide(b Blob, e evidence, k int, at time.Duration, last bool) (out []Decision, held bool) {
	confidence := 1 / (1 + math.Exp(-2*math.Abs(e.score())))
	if math.Abs(e.score()) < sure && e.blown < blownShift {
		if from, to, q := findShift(b, t.base.committed.L, t.base.still.L); q > sureShift && (e.lit < litBeside || q > litShift) && (t.ledger.at(from) != nil || t.ledger.covered(b) == 0) {
			return []Decision{t.shift(from, to, at, q)}, false
		}
	}
	if e.score() < 0 && t.ledger.at(b) != nil {
		e.lit = 0 // a thing is known to have stood there, and the guide lights the slot of whoever takes it
	}
	switch weigh(e) {
	case light:
		return nil, false
	case placed:
		if t.extend(b, k, at) {
			return nil, false
		}
		if old := t.ledger.at(b); old != nil && boxIoU(old.blob, b) > samePlace && e.kept < lightKept {
			return []Decision{t.remove(b, k, at, 0.6), t.place(b, k, at, 0.6)}, false
		}
		return []Decision{t.place(b, k, at, confidence)}, false
	case removed:
		if (e.kept > lightMaybe && e.score() > -wholeOutline || e.blown > mostlyBlown) && t.ledger.covered(b) == 0 {
			return nil, false
		}
		return []Decision{t.remove(b, k, at, confidence)}, false
	}
	if old := t.ledger.at(b); old != nil && t.bared(old) {
		return []Decision{t.remove(b, k, at, max(confidence, 0.6))}, false
	} else if old != nil && e.kept < lightKept {
		// Another thing stands where a known one stood.
		return []Decision{t.remove(b, k, at, 0.6), t.place(b, k, at, 0.6)}, false
	}
	comes := e.score() > -lean || t.ledger.covered(b) < 0.5 && e.score() >= 0
	switch {
	case !last && !(comes && e.score() > -lean && t.now-at > leanAfter):
		return nil, true
	case comes:
		return []Decision{t.place(b, k, at, min(confidence, 0.5))}, false
	}
	return []Decision{t.remove(b, k, at, min(confidence, 0.5))}, false
}

// bared reports whether the place of a known item looks more like before it came
// than like the item.
func (t *Tracker) bared(old *entry) bool {
	if len(old.beneath) != len(old.blob.Pix) {
		return false
	}
	var before, item float32
	for j, i := range old.blob.Pix {
		before += abs(t.base.still.L.Pix[i] - old.beneath[j])
		item += abs(t.base.still.L.Pix[i] - t.base.committed.L.Pix[i])
	}
	return 2*before < item
}

// place enters a new item, or one that was taken elsewhere in this visit.
func (t *Tracker) place(b Blob, k int, at time.Duration, confidence float64) Decision {
	d := Decision{Kind: room.ChangePlaced, Slot: t.slots.id(k), BBox: t.rect(b), Confidence: confidence, At: at}
	d.Appearance = appearanceOf(t.base.still, b)
	n := &entry{Item: Item{Slot: d.Slot, BBox: d.BBox, Since: at, Appearance: d.Appearance}, blob: b, beneath: lumaOf(t.base.committed, b)}
	if old := t.ledger.again(d.Appearance, b, t.cfg.Alike); old != nil {
		n.ID = old.ID
		from := old.BBox
		d.FromSlot, d.FromBBox = old.Slot, &from
	} else {
		n.ID = t.ledger.newID()
	}
	d.Item = n.ID
	t.ledger.add(n)
	t.visit.explain(b)
	return d
}

const (
	// partTime is how long after a thing was put down a part of it may come into
	// view: nobody brings another thing to the same place sooner.
	partTime = 3 * time.Second
	// partOver is the share of the narrower part's width that lies above or below
	// the other part.
	partOver = 0.7
)

// extend adds b to an item that was put down a moment ago and stands right above
// or below: a hand hides a part of what it lets go, a bottle's middle is hardly
// seen at all. It reports whether there is one.
func (t *Tracker) extend(b Blob, k int, at time.Duration) bool {
	for _, e := range t.ledger.sorted() {
		over := min(e.blob.X1, b.X1) - max(e.blob.X0, b.X0)
		if e.Slot != t.slots.id(k) || at-e.Since > partTime || float64(over) < partOver*float64(min(e.blob.W(), b.W())) {
			continue
		}
		beneath := lumaOf(t.base.committed, b)
		if e.beneath != nil {
			e.beneath = append(e.beneath, beneath...)
		}
		e.blob = e.blob.with(b)
		e.BBox = t.rect(e.blob)
		t.visit.explain(b)
		return true
	}
	return false
}

// remove takes out a known item, or one that was there before the first picture.
func (t *Tracker) remove(b Blob, k int, at time.Duration, confidence float64) Decision {
	d := Decision{Kind: room.ChangeRemoved, Slot: t.slots.id(k), BBox: t.rect(b), Confidence: confidence, At: at}
	gone := t.ledger.at(b)
	if gone == nil {
		gone = t.inferred(b, k)
	}
	d.Item, d.Appearance = gone.ID, gone.Appearance
	t.ledger.remove(gone, at)
	t.visit.explain(b)
	t.visit.explain(gone.blob)
	return d
}

// shift moves an item that was pushed.
func (t *Tracker) shift(from, to Blob, at time.Duration, confidence float64) Decision {
	old := t.ledger.at(from)
	if old == nil {
		old = t.inferred(from, t.slots.resting(from))
	} else {
		delete(t.ledger.entries, old.ID)
	}
	was := old.BBox
	k := t.slots.resting(to)
	n := &entry{Item: Item{ID: old.ID, Slot: t.slots.id(k), BBox: t.rect(to), Since: at, Appearance: appearanceOf(t.base.still, to)}, blob: to}
	t.ledger.add(n)
	t.visit.explain(from)
	t.visit.explain(to)
	return Decision{Kind: room.ChangeMoved, Item: n.ID, Slot: n.Slot, BBox: n.BBox, FromSlot: old.Slot, FromBBox: &was, Confidence: confidence, At: at, Appearance: n.Appearance}
}

// inferred is an item that is known only because it left.
func (t *Tracker) inferred(b Blob, k int) *entry {
	return &entry{Item: Item{ID: t.ledger.newID(), Slot: t.slots.id(k), BBox: t.rect(b), Inferred: true, Appearance: appearanceOf(t.base.committed, b)}, blob: b}
}

// lumaOf copies a blob's brightness.
func lumaOf(v View, b Blob) []float32 {
	out := make([]float32, len(b.Pix))
	for j, i := range b.Pix {
		out[j] = v.L.Pix[i]
	}
	return out
}

// pairMoves makes one change of a removal and a placement of the same item that
// were decided by the same picture.
func pairMoves(in []Decision) []Decision {
	var out []Decision
	for _, d := range in {
		merged := false
		if d.Kind == room.ChangePlaced && d.FromBBox != nil {
			for j := range out {
				if out[j].Kind == room.ChangeRemoved && out[j].Item == d.Item {
					d.Kind = room.ChangeMoved
					d.Confidence = min(d.Confidence, out[j].Confidence)
					out[j], merged = d, true
					break
				}
			}
		}
		if !merged {
			out = append(out, d)
		}
	}
	return out
}

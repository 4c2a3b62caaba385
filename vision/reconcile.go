package vision

import "math"

// visit is what is kept of a visit until its end: the last picture without people
// before it, where people were, and what has been reported.
type visit struct {
	on        bool
	since     float64 // seconds
	quietAt   float64 // when the room was last seen with people
	first     View    // the committed picture before anybody came
	visited   Mask    // where people were
	explained Mask    // where a change was reported
}

// visitQuiet is for how long, in seconds, nobody must be in view for a visit to be
// over: somebody who looks round the door again comes back sooner.
const visitQuiet = 2

func newVisit(w, h int) visit {
	return visit{first: NewView(w, h), visited: make(Mask, w*h), explained: make(Mask, w*h)}
}

// begin starts a visit before a committed picture; people are at touched.
func (v *visit) begin(committed View, touched Mask, now float64) {
	v.on, v.since = true, now
	v.first.copyFrom(committed)
	copy(v.visited, touched)
	clear(v.explained)
}

// explain notes that a change was reported at b.
func (v *visit) explain(b Blob) {
	for _, i := range b.Pix {
		v.explained[i] = 1
	}
}

// settleVisit begins a visit, and ends it when the room is empty again and all is
// judged: what was taken has left, and what nobody noticed is found.
func (t *Tracker) settleVisit(now float64) []Decision {
	if !t.visit.on && t.rest {
		return nil
	}
	switch {
	case !t.nobody():
		if !t.visit.on {
			t.visit.begin(t.base.committed, t.base.touched, now)
		}
		t.visit.quietAt = now
		orRow(t.visit.visited, t.base.touched)
	case t.visit.on && t.rest && now-t.visit.quietAt > visitQuiet:
		return t.endVisit()
	}
	return nil
}

// endVisit reconciles the visit's last quiet picture with its first one.
func (t *Tracker) endVisit() []Decision {
	t.visit.on = false
	out := t.reconcile()
	t.ledger.endVisit()
	t.pushes = nil
	return out
}

// mostReconciled is the confidence, at most, in what is found by two pictures
// alone: nobody saw it come or go.
const mostReconciled = 0.5

// reconcile reports what differs between a visit's first picture and its last
// where people were and no change was reported: whatever was lost on the way, by
// whatever order of events. Only clear evidence counts, since the light may have
// changed meanwhile.
func (t *Tracker) reconcile() (out []Decision) {
	first := t.visit.first
	relight(first, t.base.still)
	committed := t.base.committed
	t.base.committed = first // what is decided is told from this one
	defer func() { t.base.committed = committed }()
	for _, b := range t.shape.blobs(t.unexplained()) {
		for _, c := range t.parted(t.cores(b)) {
			out = append(out, t.reconciled(b, c)...)
		}
	}
	return pairMoves(out)
}

// unexplained marks where people were, the picture is another than before they
// came, and nothing was reported.
func (t *Tracker) unexplained() Mask {
	for k := range t.cmp.active {
		t.cmp.active[k] = true
	}
	t.cmp.compare(t.diff, t.base.still, t.base.committed, t.motion.noise)
	clear(t.changed)
	for y := range t.h {
		t.mark(y*t.w, (y+1)*t.w, 1)
	}
	out := t.open
	t.shape.dilate(out, t.visit.explained, beside)
	for i := range out {
		out[i] = t.changed[i] & t.visit.visited[i] &^ out[i]
	}
	clear(t.changed)
	t.shape.closeGaps(out, 3)
	t.shape.fillHoles(out, t.w*t.h/50)
	return out
}

// litLittle is the share of an outline beside which the light seems to have changed
// by noise alone.
const litLittle = 0.02

// neededLater is the evidence below which two pictures from before and after a
// visit may differ by light alone, which had time to change.
func (t *Tracker) neededLater(e evidence) float64 {
	stepped := max(t.motion.lightAt, t.motion.gainAt) > t.visit.since
	if stepped || e.lit > litLittle || e.kept > lightKept {
		return wholeOutline
	}
	return lightScore
}

// reconciled decides about one core of what nobody has explained.
func (t *Tracker) reconciled(b Blob, c core) []Decision {
	k := t.slots.resting(c.Blob)
	if !t.large(c.Blob) || !t.slots.holds(c.Blob, k) {
		return nil
	}
	e := evidenceOf(c.Blob, t.maskOf(c.Blob), c.doubt, t.base.committed, t.base.still)
	e.part = float64(c.Area) / float64(b.Area)
	e.lit, _, e.rested = t.litBeside(c.Blob) // within, what was lost looks like another light itself
	if v := weigh(e); v != placed && v != removed || math.Abs(e.score()) < t.neededLater(e) || e.part < crumb || t.leftByItself(c.Blob, e) {
		return nil
	}
	out, _ := t.decide(c.Blob, e, k, t.now, true)
	for i := range out {
		out[i].Confidence = min(out[i].Confidence, mostReconciled)
	}
	t.tellDecided(c.Blob, k, e, out, false)
	return out
}

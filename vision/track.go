package vision

import (
	"math"
	"sort"
	"time"

	"github.com/packroom/packroom/room"
)

// Tracker decides from small pictures what has changed on the slots. It has no
// camera, no clock and no OpenCV: a Detector feeds it. See doc.go for one
// picture's way through it.
type Tracker struct {
	cfg    Config
	w, h   int
	scale  [2]float64 // slots file's pixels per working pixel
	slots  *slotMap
	motion *motion
	base   *settled
	cmp    *structure
	ledger *ledger

	diff    []float32 // structural difference of the still to the committed picture
	du, dv  []float32 // difference in colour
	changed Mask      // where still and committed differ
	people  Mask      // where people are: who.mask
	who     *people
	wide    Mask
	tmp     Mask
	labels  []int32

	inVisit bool
	quietAt float64 // when the room was last seen without people
	now     time.Duration
	rest    bool // nothing is pending

	trace func(b Blob, slot int, e evidence) // for tests: what is judged
}

// Decision is a change at working size, before pictures are cut.
type Decision struct {
	Kind       room.ChangeKind
	Item       string
	Slot       string
	BBox       room.Rect
	FromSlot   string
	FromBBox   *room.Rect
	Confidence float64
	At         time.Duration
	Appearance []float32
	Why        string // for people who set cameras up
}

// NewTracker makes a tracker for pictures of w x h, at most Config.WorkWidth wide.
func NewTracker(slots room.SlotsFile, w, h int, cfg Config) *Tracker {
	cfg = cfg.withDefaults()
	n := w * h
	t := &Tracker{
		cfg: cfg, w: w, h: h,
		scale: [2]float64{float64(slots.Width) / float64(w), float64(slots.Height) / float64(h)},
		slots: newSlotMap(slots, w, h), motion: newMotion(w, h, cfg), base: newSettled(w, h), cmp: newStructure(w, h), ledger: newLedger(),
		diff: make([]float32, n), du: make([]float32, n), dv: make([]float32, n), changed: make(Mask, n), who: newPeople(w, h), wide: make(Mask, n), tmp: make(Mask, n), labels: make([]int32, n),
		rest: true,
	}
	t.people = t.who.mask
	return t
}

// Rest reports whether nothing is pending: no people, nothing to be judged. A
// gate may keep pictures back then.
func (t *Tracker) Rest() bool { return t.rest }

// Step looks at the next picture.
func (t *Tracker) Step(v View, at time.Duration) []Decision {
	now := at.Seconds()
	t.now = at
	first := !t.base.begun
	busy := t.near(t.people, t.w/12)
	moving := t.motion.step(v.L.Pix, busy, now)
	dt := t.base.step(v, t.motion, now)
	if first {
		return nil
	}
	t.followLight(busy, now)
	if moving == 0 && t.rest {
		t.base.follow(busy, now, dt)
		return nil
	}
	t.compare()
	if !t.motion.light(now) { // else what differs is light; who walks is found when it is over
		t.findPeople(now)
	}
	t.base.follow(t.people, now, dt)
	out := t.judge(now)
	t.settleVisit(now)
	return out
}

// followLight commits what is untouched at once while the light or the
// exposure changes.
func (t *Tracker) followLight(busy Mask, now float64) {
	if t.motion.light(now) || t.motion.exposing(now) {
		t.base.rebase(busy, t.motion, now)
	}
}

// compare finds where the still picture differs from the committed one: in
// structure, in colour, or in brightness so much that light hardly explains it.
func (t *Tracker) compare() {
	a, b := t.base.still, t.base.committed
	t.cmp.compare(t.diff, a.L.Pix, b.L.Pix, t.motion.noise)
	t.apart(t.du, a.U.Pix, b.U.Pix)
	t.apart(t.dv, a.V.Pix, b.V.Pix)
	least, chroma, bright := float32(t.cfg.Difference), float32(t.cfg.Chroma), float32(t.cfg.Brightness)
	gain := t.base.gain()
	for i := range t.changed {
		t.changed[i] = 0
		p, q := a.L.Pix[i]+8, b.L.Pix[i]*gain+8
		if t.diff[i] > least || abs(t.du[i]) > chroma || abs(t.dv[i]) > chroma || p > q*bright || q > p*bright {
			t.changed[i] = 1
		}
	}
}

// apart sets dst to the smoothed difference of two planes: coders keep colour in
// blocks only.
func (t *Tracker) apart(dst, a, b []float32) {
	for i := range dst {
		t.cmp.aa[i] = a[i] - b[i]
	}
	boxMean(dst, t.cmp.aa, t.cmp.tmp, t.w, t.h, structureRadius)
}

// findPeople marks the connected places that differ or move and of which some
// moved a moment ago.
func (t *Tracker) findPeople(now float64) {
	for i := range t.wide {
		t.wide[i] = t.changed[i] | t.motion.mask[i]
	}
	closeGaps(t.wide, t.tmp, t.w, t.h, 2)
	var moving []Blob
	least := t.least()
	for _, b := range blobs(t.wide, t.labels, t.w, t.h) {
		if b.Area < least {
			continue
		}
		moved := 0
		for _, i := range b.Pix {
			if float32(now)-t.motion.last[i] < 0.35 {
				moved++
			}
		}
		if moved*12 >= b.Area || moved >= least {
			moving = append(moving, b)
		}
	}
	t.who.update(moving, now)
	dilate(t.wide, t.people, t.tmp, t.w, t.h, 2)
	t.base.touch(t.wide, now)
}

// least is the smallest area that counts, in working pixels.
func (t *Tracker) least() int {
	return max(9, int(t.cfg.SmallestArea*float64(t.w*t.h)))
}

// near gives all places within r of m.
func (t *Tracker) near(m Mask, r int) Mask {
	out := make(Mask, len(m))
	dilate(out, m, t.tmp, t.w, t.h, r)
	return out
}

// judge looks at the touched places that people have left.
func (t *Tracker) judge(now float64) []Decision {
	settle := float32(t.cfg.Settle.Seconds())
	open := make(Mask, t.w*t.h)
	t.rest = true
	for i := range open {
		if t.base.touched[i] != 0 {
			t.rest = false
			if t.people[i] == 0 {
				open[i] = t.changed[i]
			}
		}
	}
	if t.rest {
		return nil
	}
	closeGaps(open, t.tmp, t.w, t.h, 3)
	fillHoles(open, t.w, t.h, t.w*t.h/50)
	near := t.near(t.people, max(1, int(t.cfg.Quiet*float64(t.w))))
	var out []Decision
	for _, b := range blobs(open, t.labels, t.w, t.h) {
		d, done := t.judgeBlob(b, near, now, settle)
		out = append(out, d...)
		if done {
			t.commitAround(b)
		}
	}
	// Touched places that look as before are free again.
	for i := range open {
		if t.base.touched[i] != 0 && open[i] == 0 && near[i] == 0 && float32(now)-t.base.touchedAt[i] > settle && float32(now)-t.motion.last[i] > settle {
			t.base.touched[i] = 0
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At < out[j].At })
	return out
}

// judgeBlob decides about one connected change. done says that it is over and
// becomes part of the committed picture.
func (t *Tracker) judgeBlob(b Blob, near Mask, now float64, settle float32) (out []Decision, done bool) {
	restless, touching := 0, 0
	lastMove, lastTouch := float32(-1e6), float32(-1e6)
	for _, i := range b.Pix {
		if float32(now)-t.motion.last[i] < settle {
			restless++
		}
		if near[i] != 0 {
			touching++
		}
		lastMove = max(lastMove, t.motion.last[i])
		lastTouch = max(lastTouch, t.base.touchedAt[i])
	}
	if restless*50 > b.Area || touching*20 > b.Area || float32(now)-lastTouch < settle {
		return nil, false
	}
	at := time.Duration(float64(min(max(lastMove, lastTouch), float32(now))) * float64(time.Second))
	waited := now - float64(lastTouch)
	side := t.cfg.SmallestSide * float64(t.w)
	for _, inner := range t.cores(b) {
		if inner.Area < t.least() || float64(inner.W()) < side || float64(inner.H()) < side {
			continue
		}
		k := t.slots.resting(inner)
		e := evidenceOf(inner, t.maskOf(inner), t.base.committed, t.base.still)
		if t.trace != nil {
			t.trace(inner, k, e)
		}
		if !t.slots.holds(inner, k) {
			if e.outline > 0.3 && waited < t.cfg.Linger.Seconds() {
				return nil, false // somebody who stands still
			}
			continue
		}
		out = append(out, t.decide(inner, e, k, at)...)
	}
	return out, len(out) > 0 || waited > t.cfg.Forget.Seconds()
}

// cores are the solid parts of a changed blob: where structure or colour are
// other than before (a shadow has neither), without the rim that the window of
// the comparison adds and without what is thinner than a parcel.
func (t *Tracker) cores(b Blob) []Blob {
	in, out := make(Mask, t.w*t.h), make(Mask, t.w*t.h)
	least, chroma := float32(t.cfg.Difference), float32(t.cfg.Chroma)
	for _, i := range b.Pix {
		if t.diff[i] > least || abs(t.du[i]) > chroma || abs(t.dv[i]) > chroma {
			in[i] = 1
		}
	}
	closeGaps(in, t.tmp, t.w, t.h, 3)
	fillHoles(in, t.w, t.h, t.w*t.h/50)
	thin := max(2, t.w/160)
	erode(out, in, t.tmp, t.w, t.h, thin)
	dilate(in, out, t.tmp, t.w, t.h, thin-structureRadius+1)
	return blobs(in, make([]int32, t.w*t.h), t.w, t.h)
}

// maskOf marks a blob's places.
func (t *Tracker) maskOf(b Blob) Mask {
	in := make(Mask, t.w*t.h)
	for _, i := range b.Pix {
		in[i] = 1
	}
	return in
}

// decide turns a judged blob into changes and enters them in the ledger.
func (t *Tracker) decide(b Blob, e evidence, k int, at time.Duration) []Decision {
	score := e.score()
	confidence := 1 / (1 + math.Exp(-2*math.Abs(score)))
	d := Decision{Slot: t.slots.id(k), BBox: t.rect(b), Confidence: confidence, At: at}
	if score > 0 {
		d.Kind = room.ChangePlaced
		d.Appearance = appearanceOf(t.base.still, b)
		n := &entry{Item: Item{Slot: d.Slot, BBox: d.BBox, Since: at, Appearance: d.Appearance}, blob: b}
		for _, i := range b.Pix {
			n.beneath = append(n.beneath, t.base.committed.L.Pix[i])
		}
		if old := t.ledger.again(d.Appearance, b, t.cfg.Alike); old != nil {
			n.ID = old.ID
			from := old.BBox
			d.FromSlot, d.FromBBox = old.Slot, &from
		} else {
			n.ID = t.ledger.newID()
		}
		d.Item = n.ID
		t.ledger.add(n)
		return []Decision{d}
	}
	d.Kind = room.ChangeRemoved
	d.Appearance = appearanceOf(t.base.committed, b)
	gone := t.ledger.at(b)
	if gone == nil {
		gone = &entry{Item: Item{ID: t.ledger.newID(), Slot: d.Slot, BBox: d.BBox, Inferred: true, Appearance: d.Appearance}, blob: b}
	}
	d.Item = gone.ID
	t.ledger.remove(gone, at)
	return []Decision{d}
}

// commitAround commits a blob and the rim of touched places around it.
func (t *Tracker) commitAround(b Blob) {
	in, out := make(Mask, t.w*t.h), make(Mask, t.w*t.h)
	for _, i := range b.Pix {
		in[i] = 1
	}
	dilate(out, in, t.tmp, t.w, t.h, structureRadius+1)
	var places []int32
	for i, m := range out {
		if m != 0 && t.people[i] == 0 {
			places = append(places, int32(i))
		}
	}
	t.base.commit(places)
}

// settleVisit notes when the room is empty again.
func (t *Tracker) settleVisit(now float64) {
	any := false
	for _, p := range t.people {
		any = any || p != 0
	}
	switch {
	case any:
		t.inVisit, t.quietAt = true, now
	case t.inVisit && t.rest && now-t.quietAt > 2:
		t.inVisit = false
		t.ledger.endVisit()
	}
}

// rect is b's box in the slots file's pixels.
func (t *Tracker) rect(b Blob) room.Rect {
	return room.Rect{float64(b.X0) * t.scale[0], float64(b.Y0) * t.scale[1], float64(b.W()) * t.scale[0], float64(b.H()) * t.scale[1]}
}

func abs(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}

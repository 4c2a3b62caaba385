package vision

import (
	"math"
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
	lamps  *lamps
	base   *settled
	cmp    *structure
	ledger *ledger

	diff    difference // of the still to the committed picture
	changed Mask       // where still and committed differ
	faint   Mask       // where the colour differs a little
	people  Mask       // where people are: who.mask
	who     *people
	thick   Mask // what moves and is thick enough to be a hand

	shape                   *shaper
	wide, core, busy, close Mask // scratch
	open                    Mask // scratch: what is to be judged

	waiting  []undecided // cores that could not be decided about in the last picture
	visit    visit
	pushes   []push // in this visit
	now      time.Duration
	rest     bool // nothing is pending
	scene    *Scene
	shown    []Blob // bounds of the items that fullness was told of
	fullness map[string]float64

	explain func(Judgement) // nil = nobody asks
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
		slots: newSlotMap(slots, w, h), motion: newMotion(w, h, cfg), lamps: newLamps(w, h), base: newSettled(w, h), cmp: newStructure(w, h), ledger: newLedger(),
		diff: newDifference(n), changed: make(Mask, n), faint: make(Mask, n), who: newPeople(w, h), thick: make(Mask, n), shape: newShaper(w, h),
		wide: make(Mask, n), core: make(Mask, n), busy: make(Mask, n), close: make(Mask, n), open: make(Mask, n),
		rest: true, visit: newVisit(w, h),
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
	t.now, t.scene = at, nil
	first := !t.base.begun
	busy := t.busy
	t.perhaps(t.core)
	t.shape.dilate(busy, t.core, t.w/12)
	moving := t.motion.step(v.L.Pix, busy, t.lamps, now)
	t.findThick(moving)
	t.lamps.learn(v.L.Pix, t.thick, t.motion.light(now) || t.motion.exposing(now), t.motion.noise, now)
	var out []Decision
	if t.motion.light(now) || t.motion.exposing(now) {
		out = t.beforeLight()
	}
	dt := t.base.step(v, t.motion, now)
	if first {
		t.who.since = now
		return nil
	}
	t.followLight(now)
	if moving == 0 && t.rest {
		t.base.follow(t.people, now, dt)
		return append(out, t.settleVisit(now)...)
	}
	t.compare()
	if !t.motion.light(now) { // else what differs is light; who walks is found when it is over
		t.findPeople(now)
	}
	t.base.follow(t.people, now, dt)
	out = append(out, t.judge(now)...)
	return append(out, t.settleVisit(now)...)
}

// perhaps marks in out where people are or may be: whoever has just stopped moving
// differs still.
//
//go:norace
func (t *Tracker) perhaps(out Mask) {
	copy(out, t.people)
	for i, c := range t.changed {
		out[i] |= c & t.base.touched[i]
	}
}

// followLight commits what is untouched at once while the light or the
// exposure changes. What another exposure does not explain has just been taken or
// put down, and is found by comparing.
//
//go:norace
func (t *Tracker) followLight(now float64) {
	light := t.motion.light(now)
	if !light && !t.motion.exposing(now) {
		return
	}
	held, gain := t.core, t.base.gain()
	t.shape.dilate(held, t.people, t.w/12)
	for i := range held {
		if held[i] == 0 && t.base.touched[i] == 0 && (float32(now)-t.motion.last[i] <= 0.05 || !light && !t.exposed(i, gain)) {
			held[i] = 1
		}
	}
	t.base.rebase(held, now)
}

// exposed reports whether place i may look as it does by another exposure alone.
//
//go:norace
func (t *Tracker) exposed(i int, gain float32) bool {
	return t.base.still.L.Pix[i] > blown || t.base.committed.L.Pix[i] > blown || t.like(t.base.committed, i, gain, float32(t.cfg.Chroma))
}

// findPeople marks the connected places that differ or move and of which some
// moved a moment ago.
//
//go:norace
func (t *Tracker) findPeople(now float64) {
	for i := range t.wide {
		t.wide[i] = t.changed[i] | t.motion.mask[i]
	}
	t.shape.bridge(t.wide, t.between(t.core))
	t.shape.closeGaps(t.wide, 2)
	var moving []Blob
	least := t.least()
	for _, b := range t.shape.blobs(t.wide) {
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
	t.shape.dilate(t.wide, t.people, 2)
	t.base.touch(t.wide, now)
}

// between marks in over what may lie inside of people: lamps that they stand before, and
// what differs a little, as a bottle's middle does before a wall that shows
// through it.
func (t *Tracker) between(over Mask) Mask {
	copy(over, t.lamps.mask)
	orRow(over, t.faint)
	return over
}

// findThick marks what moves and is at least as thick as a hand or a parcel: the
// rest may be a lamp. moving is how many places move.
func (t *Tracker) findThick(moving int) {
	const gap = 2
	clear(t.thick)
	if moving == 0 {
		return
	}
	all, core := t.wide, t.core
	copy(all, t.motion.mask)
	t.shape.closeGaps(all, gap)
	t.shape.erode(core, all, structureRadius+max(1, int(t.cfg.SmallestSide*float64(t.w)/2)))
	for _, b := range t.shape.blobs(all) {
		thick := false
		for _, i := range b.Pix {
			thick = thick || core[i] != 0
		}
		for _, i := range b.Pix {
			if thick {
				t.thick[i] = 1
			}
		}
	}
}

// least is the smallest area that counts, in working pixels.
func (t *Tracker) least() int {
	return max(9, int(t.cfg.SmallestArea*float64(t.w*t.h)))
}

// rect is b's box in the slots file's pixels.
func (t *Tracker) rect(b Blob) room.Rect {
	return room.Rect{float64(b.X0) * t.scale[0], float64(b.Y0) * t.scale[1], float64(b.W()) * t.scale[0], float64(b.H()) * t.scale[1]}
}

// abs asks nothing of v: noise has no sign that a processor could foresee.
func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

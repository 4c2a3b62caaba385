package vision

import (
	"math"
	"slices"
	"sort"
	"time"
)

// judge looks at the touched places that people have left.
func (t *Tracker) judge(now float64) []Decision {
	settle := float32(t.cfg.Settle.Seconds())
	open := t.open
	clear(open)
	t.rest = true
	t.waiting = t.waiting[:0]
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
	t.shape.bridge(open, t.faint)
	t.shape.closeGaps(open, 3)
	t.shape.fillHoles(open, t.w*t.h/50)
	near := t.close
	t.shape.dilate(near, t.people, max(1, int(t.cfg.Quiet*float64(t.w))))
	var out []Decision
	for _, b := range t.shape.blobs(open) {
		if t.isExplained(b) {
			t.commitAround(b)
			continue
		}
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
	return pairMoves(out)
}

// nobody reports whether no people are in view.
func (t *Tracker) nobody() bool {
	for _, p := range t.people {
		if p != 0 {
			return false
		}
	}
	return true
}

// judgeBlob decides about one connected change. done says that it is over and
// becomes part of the committed picture.
//
//go:norace
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
	left := t.who.leftAlone(b, lastTouch, t.motion.last, t.least()/2)
	if left && t.slots.beside(b) {
		return nil, true // a cart, or a parcel on a shelf that another camera looks after
	}
	at := time.Duration(float64(min(max(lastMove, lastTouch), float32(now))) * float64(time.Second))
	if d, found := t.pushed(b, at); found {
		return d, true
	}
	waited := now - float64(lastTouch)
	held := false
	var over []Blob // decided
	for _, inner := range t.parted(t.cores(b)) {
		if !t.large(inner.Blob) {
			continue
		}
		k := t.slots.resting(inner.Blob)
		e := evidenceOf(inner.Blob, t.maskOf(inner.Blob), inner.doubt, t.base.committed, t.base.still)
		e.part = float64(inner.Area) / float64(b.Area)
		around, within, rested := t.litBeside(inner.Blob)
		e.lit, e.rested = max(around, within), rested
		fits := t.slots.holds(inner.Blob, k)
		found := t.base.restored && lastTouch == 0 // it was there at the restart
		if (!fits || !found && !left) && t.stands(b, e, left) && waited < t.cfg.Linger.Seconds() {
			t.who.hold(b, now)
			t.tell(inner.Blob, k, e, "somebody who stands still")
			return nil, false // somebody who stands still
		}
		if !fits {
			t.tell(inner.Blob, k, e, "fits no slot")
			continue
		}
		last := waited > t.cfg.Forget.Seconds() && t.nobody()
		if t.leftByItself(inner.Blob, e) {
			t.tell(inner.Blob, k, e, "somebody who was there before the first picture has left")
			continue
		}
		if e.part < crumb && !last {
			held = true // the hair of somebody who stands still, as long as somebody may
			t.tell(inner.Blob, k, e, "a crumb of something larger: waits until nobody is there")
			continue
		}
		d, wait := t.decide(inner.Blob, e, k, at, last)
		t.tellDecided(inner.Blob, k, e, d, wait)
		out, held = append(out, d...), held || wait
		if wait {
			t.waiting = append(t.waiting, undecided{inner.Blob, e, k, at})
		}
		if len(d) > 0 {
			over = append(over, inner.Blob)
		}
	}
	if !held {
		return out, len(out) > 0 || waited > t.cfg.Forget.Seconds()
	}
	for _, c := range over { // what waits beside stays as it was
		t.commitAround(c)
	}
	return out, false
}

// undecided is a core that could not be decided about yet.
type undecided struct {
	Blob
	e  evidence
	k  int // its slot
	at time.Duration
}

// beforeLight decides about what waits and leans to one side: the light is about
// to change, and then the picture before tells less.
func (t *Tracker) beforeLight() (out []Decision) {
	for _, c := range t.waiting {
		if math.Abs(c.e.score()) < lean {
			continue
		}
		d, _ := t.decide(c.Blob, c.e, c.k, c.at, true)
		t.tellDecided(c.Blob, c.k, c.e, d, false)
		if out = append(out, d...); len(d) > 0 {
			t.commitAround(c.Blob)
		}
	}
	t.waiting = t.waiting[:0]
	return pairMoves(out)
}

// core is a solid part of what changed.
type core struct {
	Blob
	doubt []float32 // by place: by how many gray levels its outline may be no thing's
}

// parted parts the cores that reach over slots into what came to one and what went
// from another: a thing that was moved to the next shelf. What came or went in all
// of them, as somebody does, stays whole.
func (t *Tracker) parted(cores []Blob) []core {
	var out []core
	for _, c := range cores {
		if t.slots.holds(c, t.slots.resting(c)) {
			out = append(out, core{c, t.lamps.doubt})
			continue
		}
		var parts []core
		came, went := false, false
		for _, p := range t.slots.parts(c) {
			one := core{p, t.doubtBeside(p, c)}
			parts = append(parts, one)
			s := evidenceOf(p, t.maskOf(p), one.doubt, t.base.committed, t.base.still).score()
			came, went = came || s > lean && p.Area >= t.least(), went || s < -lean && p.Area >= t.least()
		}
		if !came || !went {
			parts = []core{{c, t.lamps.doubt}}
		}
		out = append(out, parts...)
	}
	return out
}

// doubtBeside is the lamps' doubt and that about the rest of c, which has changed
// too and tells nothing of the outline of p, a part of it.
func (t *Tracker) doubtBeside(p, c Blob) []float32 {
	out := slices.Clone(t.lamps.doubt)
	for _, i := range c.Pix {
		out[i] = 255
	}
	for _, i := range p.Pix {
		out[i] = t.lamps.doubt[i]
	}
	return out
}

// large reports whether b is large enough for a parcel.
func (t *Tracker) large(b Blob) bool {
	side := t.cfg.SmallestSide * float64(t.w)
	return b.Area >= t.least() && float64(b.W()) >= side && float64(b.H()) >= side
}

// leftByItself reports whether b, of which nothing was known, was somebody: it is
// gone, and nobody came to it.
func (t *Tracker) leftByItself(b Blob, e evidence) bool {
	return e.score() < -sure && t.ledger.covered(b) == 0 && t.who.wasThere(b, t.base.coveredAt)
}

// stands reports whether what differs can be somebody: it has an outline of its
// own. Before clutter at the picture's edge, which is crossed all the time, it
// needs less of one, and none where nobody has gone on from it and nothing is known
// to have stood there: who takes something goes on with it.
func (t *Tracker) stands(b Blob, e evidence, left bool) bool {
	if e.outline > 0.3 {
		return true
	}
	return (e.outline > -0.3 || !left && t.ledger.covered(b) == 0) && b.Area > 8*t.least() && t.who.atEdge(b)
}

// litBeside is the share of b's outline beside which the light has given the
// picture another look while people were before b, and that of its places to
// which it has. What a thing itself does to the light around shows later.
//
//go:norace
func (t *Tracker) litBeside(b Blob) (around, within float64, rested bool) {
	in := t.maskOf(b)
	since, until := float32(t.now.Seconds()), float32(0)
	for _, i := range b.Pix {
		since, until = min(since, t.base.coveredAt[i]-coveredLight), max(until, t.base.touchedAt[i])
	}
	other := func(i int) bool { return t.base.litAt[i] > since && t.base.litAt[i] < until+litLate }
	began := since + coveredLight
	first, last := float32(t.now.Seconds()), float32(0)
	note := func(i int) { first, last = min(first, t.base.litAt[i]), max(last, t.base.litAt[i]) }
	own, lit, n := 0, 0, 0
	for _, p := range b.Pix {
		i := int(p)
		if other(i) {
			own++
			note(i)
		}
		x, y := i%t.w, i/t.w
		if x < 2*beside || y < 2*beside || x >= t.w-2*beside || y >= t.h-2*beside {
			continue
		}
		for _, o := range [4]int{-1, 1, -t.w, t.w} {
			if in[i+o] != 0 {
				continue
			}
			n++
			for _, j := range [2]int{i + beside*o, i + 2*beside*o} {
				if in[j] == 0 && other(j) {
					lit++
					note(j)
					break
				}
			}
		}
	}
	return float64(lit) / float64(max(n, 1)), float64(own) / float64(max(b.Area, 1)), last < began-lightRests || last < began && last-first < lightSwitch
}

// beside is how far from an outline, in working pixels, light is looked for:
// beyond the rim that the comparison adds, and once more that far.
const beside = 4

// coveredLight is how long before somebody covers a place, in seconds, a change
// of light beside it may be the beginning of one that goes on behind them: sun
// between two blinds slides by its own width in less than a minute.
const coveredLight = 30

// lightRests is for how long, in seconds, the light has not changed before people
// came, where it says nothing of what they did; light that was switched, as the
// guide's is, need not have rested. Sun that slides goes on.
const lightRests = 5

// lightSwitch is within how long, in seconds, light that is switched changes
// wherever it falls; a patch of sun comes to one place after the other.
const lightSwitch = 1

// litLate is how long after people have left a place, in seconds, a change of
// light beside it may have been under way while they were there.
const litLate = 0.6

// cores are the solid parts of a changed blob: where structure or colour are
// other than before (a shadow has neither), without the rim that the window of
// the comparison adds and without what is thinner than a parcel.
//
//go:norace
func (t *Tracker) cores(b Blob) []Blob {
	in, out := make(Mask, t.w*t.h), make(Mask, t.w*t.h)
	least, chroma := float32(t.cfg.Difference), float32(t.cfg.Chroma)
	for _, i := range b.Pix {
		if t.diff.structure[i] > least || abs(t.diff.u[i]) > chroma || abs(t.diff.v[i]) > chroma {
			in[i] = 1
		}
	}
	t.shape.bridge(in, t.faint)
	t.shape.closeGaps(in, 3)
	t.shape.fillHoles(in, t.w*t.h/50)
	thin := structureRadius + max(1, int(t.cfg.SmallestSide*float64(t.w)/2))
	t.shape.erode(out, in, thin)
	t.shape.dilate(in, out, thin-structureRadius+1)
	return t.shape.blobs(in)
}

// maskOf marks a blob's places.
//
//go:norace
func (t *Tracker) maskOf(b Blob) Mask {
	in := make(Mask, t.w*t.h)
	for _, i := range b.Pix {
		in[i] = 1
	}
	return in
}

// commitAround commits a blob and the rim of touched places around it.
func (t *Tracker) commitAround(b Blob) {
	out := make(Mask, t.w*t.h)
	t.shape.dilate(out, t.maskOf(b), structureRadius+1)
	var places []int32
	for i, m := range out {
		if m != 0 && t.people[i] == 0 {
			places = append(places, int32(i))
		}
	}
	t.base.commit(places)
}

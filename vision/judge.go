package vision

import (
	"sort"
	"time"
)

// judge looks at the touched places that people have left.
func (t *Tracker) judge(now float64) []Decision {
	settle := float32(t.cfg.Settle.Seconds())
	open := t.open
	clear(open)
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
	t.shape.bridge(open, t.faint)
	t.shape.closeGaps(open, 3)
	t.shape.fillHoles(open, t.w*t.h/50)
	near := t.close
	t.shape.dilate(near, t.people, max(1, int(t.cfg.Quiet*float64(t.w))))
	var out []Decision
	for _, b := range t.shape.blobs(open) {
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
	waited := now - float64(lastTouch)
	side := t.cfg.SmallestSide * float64(t.w)
	held := false
	for _, inner := range t.cores(b) {
		if inner.Area < t.least() || float64(inner.W()) < side || float64(inner.H()) < side {
			continue
		}
		k := t.slots.resting(inner)
		e := evidenceOf(inner, t.maskOf(inner), t.lamps.doubt, t.base.committed, t.base.still)
		e.part = float64(inner.Area) / float64(b.Area)
		e.lit, e.rested = t.litBeside(inner)
		fits := t.slots.holds(inner, k)
		found := t.base.restored && lastTouch == 0 // it was there at the restart
		if (!fits || !found && !left) && t.stands(b, e) && waited < t.cfg.Linger.Seconds() {
			t.who.hold(b, now)
			t.tell(inner, k, e, "somebody who stands still")
			return nil, false // somebody who stands still
		}
		if !fits {
			t.tell(inner, k, e, "fits no slot")
			continue
		}
		last := waited > t.cfg.Forget.Seconds() && t.nobody()
		if e.score() < -sure && t.ledger.covered(inner) == 0 && t.who.wasThere(inner, t.base.coveredAt) {
			t.tell(inner, k, e, "somebody who was there before the first picture has left")
			continue
		}
		if e.part < crumb && !last {
			held = true // the hair of somebody who stands still, as long as somebody may
			t.tell(inner, k, e, "a crumb of something larger: waits until nobody is there")
			continue
		}
		d, wait := t.decide(inner, e, k, at, last)
		t.tellDecided(inner, k, e, d, wait)
		out, held = append(out, d...), held || wait
	}
	return out, len(out) > 0 || !held && waited > t.cfg.Forget.Seconds()
}

// stands reports whether what differs can be somebody: it has an outline of its
// own. Before clutter at the picture's edge, which is crossed all the time, it
// needs less of one.
func (t *Tracker) stands(b Blob, e evidence) bool {
	return e.outline > 0.3 || e.outline > -0.3 && b.Area > 8*t.least() && t.who.atEdge(b)
}

// litBeside is the share of b's outline beside which the light has given the
// picture another look while people were before b, or that of its places to
// which it has. What a thing itself does to the light around shows later.
func (t *Tracker) litBeside(b Blob) (share float64, rested bool) {
	in := t.maskOf(b)
	since, until := float32(t.now.Seconds()), float32(0)
	for _, i := range b.Pix {
		since, until = min(since, t.base.coveredAt[i]-coveredLight), max(until, t.base.touchedAt[i])
	}
	other := func(i int) bool { return t.base.litAt[i] > since && t.base.litAt[i] < until+litLate }
	began := since + coveredLight
	last := float32(0)
	note := func(i int) { last = max(last, t.base.litAt[i]) }
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
	return max(float64(lit)/float64(max(n, 1)), float64(own)/float64(max(b.Area, 1))), last < began-lightRests
}

// beside is how far from an outline, in working pixels, light is looked for:
// beyond the rim that the comparison adds, and once more that far.
const beside = 4

// coveredLight is how long before somebody covers a place, in seconds, a change
// of light beside it may be the beginning of one that goes on behind them: sun
// between two blinds slides by its own width in less than a minute.
const coveredLight = 30

// lightRests is for how long, in seconds, the light has not changed before people
// came, where it is taken to have been switched, as the guide's is, and to say
// nothing of what they did. Sun that slides goes on.
const lightRests = 5

// litLate is how long after people have left a place, in seconds, a change of
// light beside it may have been under way while they were there.
const litLate = 0.6

// cores are the solid parts of a changed blob: where structure or colour are
// other than before (a shadow has neither), without the rim that the window of
// the comparison adds and without what is thinner than a parcel.
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
func (t *Tracker) maskOf(b Blob) Mask {
	in := make(Mask, t.w*t.h)
	for _, i := range b.Pix {
		in[i] = 1
	}
	return in
}

// commitAround commits a blob and the rim of touched places around it.
func (t *Tracker) commitAround(b Blob) {
	in, out := make(Mask, t.w*t.h), make(Mask, t.w*t.h)
	for _, i := range b.Pix {
		in[i] = 1
	}
	t.shape.dilate(out, in, structureRadius+1)
	var places []int32
	for i, m := range out {
		if m != 0 && t.people[i] == 0 {
			places = append(places, int32(i))
		}
	}
	t.base.commit(places)
}

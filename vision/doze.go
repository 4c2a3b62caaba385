package vision

import (
	"sync"
	"time"
)

const (
	dozeAfter = 5 * time.Second // without movement
	// dozeGOP is the longest time between keyframes at which a decoder may doze:
	// a movement is noticed by the next one at the latest.
	dozeGOP  = 4 * time.Second
	dozeKept = 600 // units that are kept at most, to be decoded after all
	// A unit startles by being so many times larger than is usual, and so many
	// bytes: people who come cost a coder ten times what noise does. Cameras with
	// a constant rate show nothing of it; there the next keyframe tells.
	startleTimes = 2.5
	startleBytes = 3000
	startleLearn = 20 // units before anything is usual
)

// doze chooses what a decoder decodes: every unit while something moves,
// keyframes alone while nothing does or nobody wants to see more. What it left
// out it keeps, back to the keyframe before the newest one, and gives it out
// after all when it wakes, so that a detector sees every picture of what has
// moved, in order, only a little later. Safe for concurrent use by one who feeds
// and one who collects.
type doze struct {
	never  bool          // wakes never: keyframes only
	calm   time.Duration // without movement, until it may doze
	wake   chan struct{} // told when it should wake
	wanted func() bool   // somebody wants more than keyframes

	mu     sync.Mutex
	asleep bool
	kept   []*Unit // from the keyframe before the newest one on
	newest int     // place of the newest keyframe in kept
	key    time.Duration
	gop    time.Duration // between the last two keyframes; 0 = not known
	usual  float64       // bytes of a unit that is no keyframe
	known  int           // units that usual was learned from

	gate  Gate
	moved time.Duration // when something moved last
	quiet bool
	given time.Duration // time of the newest frame that was given out
	any   bool
}

// take tells what to decode now that u has come.
func (d *doze) take(u *Unit) []*Unit {
	d.mu.Lock()
	defer d.mu.Unlock()
	startled := d.measure(u)
	if !d.asleep {
		if u.Key && d.mayDoze() {
			d.asleep, d.kept, d.newest = true, []*Unit{u}, 0
		}
		return []*Unit{u}
	}
	if u.Key {
		d.kept = append([]*Unit(nil), d.kept[d.newest:]...)
		d.newest = len(d.kept)
		d.kept = append(d.kept, u)
		return []*Unit{u}
	}
	d.kept = append(d.kept, u)
	if d.never || !startled && len(d.kept) < dozeKept || !d.wanted() && len(d.kept) < dozeKept {
		return nil
	}
	return d.rise(d.newest + 1) // the keyframe was decoded
}

// measure learns from a unit and reports whether it is startling; d.mu is held.
func (d *doze) measure(u *Unit) (startled bool) {
	if u.Key {
		d.gop, d.key = u.T-d.key, u.T
		return false
	}
	n := float64(u.Size())
	startled = d.known > startleLearn && n > startleTimes*d.usual+startleBytes
	d.known++
	d.usual += (n - d.usual) / float64(min(d.known, startleLearn))
	return startled
}

// mayDoze is asked at a keyframe; d.mu is held.
func (d *doze) mayDoze() bool {
	return d.never || d.known > 0 && d.gop <= dozeGOP && (d.quiet || !d.wanted())
}

// rise ends the doze and gives what was kept from place i on; d.mu is held.
func (d *doze) rise(i int) []*Unit {
	units := d.kept[i:]
	d.asleep, d.kept, d.quiet = false, nil, false
	return units
}

// woken tells what to decode now that wake was told: all that is kept, from a
// keyframe on that was decoded before.
func (d *doze) woken() []*Unit {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.asleep || d.never || !d.wanted() {
		return nil
	}
	return d.rise(0)
}

// alone reports whether what is decoded now stands alone.
func (d *doze) alone() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asleep
}

// give reports whether a frame is to be given out. One that shows that something
// has moved while its decoder dozed waits for what came before it.
func (d *doze) give(f Frame, alone bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.any && f.T <= d.given {
		return false // decoded again
	}
	if moves := d.gate.moves(f); moves || !d.any {
		d.moved, d.quiet = f.T, false
	} else {
		d.quiet = f.T-d.moved >= d.calm
	}
	if d.asleep && d.moved == f.T && d.any && !d.never && d.wanted() {
		d.rouse()
		if alone {
			return false
		}
	}
	d.given, d.any = f.T, true
	return true
}

// rouse asks for waking.
func (d *doze) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

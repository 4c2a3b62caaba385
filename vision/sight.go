package vision

import (
	"math"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

// The words of a Scene's problem, as a room.CameraHealth carries them.
const (
	ProblemMoved   = "moved"
	ProblemCovered = "covered"
	ProblemDark    = "dark"
	ProblemBlurred = "blurred"
	ProblemSmeared = "smeared"
	ProblemFrozen  = "frozen"
)

const (
	// problemAfter is for how long a picture must be bad before it is said.
	// Until then nothing is decided by it. Somebody who walks past the lens is
	// no news.
	problemAfter = 2.0 // seconds
	// wellAfter is for how long it must be good before it is trusted again.
	wellAfter = 1.0 // seconds
	// looseAnchor is for how long, in seconds, an anchor may be hidden before
	// another takes its place: a parcel stands there now.
	looseAnchor = 60.0
	// leastDetail is the share of its fine structure that a picture must keep.
	// Measured on the excerpts in testdata: 0.6 to 1.1 at 300 kbit/s, 0.1 to 0.25
	// with the lens out of focus by 6 of 640 pixels.
	leastDetail = 0.35
	// leastMatch is the share of the anchors below which a picture shows
	// something else; people hide fewer.
	leastMatch = 0.15
	// dimmest is the mean brightness below which it may be the dark.
	dimmest = 40.0
)

// Sight tells whether a camera's picture can be trusted, and by how much the
// camera has been pushed: it stands between the camera and the Tracker. It
// remembers small pieces of the picture (anchors) from when it was well. Their
// correlation survives light; that most of them are gone, found elsewhere, or
// found without their fine structure tells what has become of the camera.
type Sight struct {
	w, h    int
	limit   float64 // working pixels up to which a push is compensated
	anchors []anchor
	prev    []float32
	noise   float32

	shift   [2]float64 // working pixels by which the picture is off its reference
	problem string     // said
	suspect string     // what it looks like now, not yet said
	since   float64    // seconds: since when suspect is what it is
	begun   bool
	lastT   float64
	tickT   float64 // when noise was measured
	stare   stare
	blocky  float64
}

// NewSight makes one for pictures of w x h.
func NewSight(w, h int, cfg Config) *Sight {
	cfg = cfg.withDefaults()
	return &Sight{w: w, h: h, limit: cfg.MostShift * float64(w), noise: 2}
}

// Shift is how far the picture has moved, in working pixels: what it shows at x
// was at x - Shift.
func (s *Sight) Shift() (dx, dy float64) { return s.shift[0], s.shift[1] }

// ShiftIn is Shift in the pixels of a slots file.
func (s *Sight) ShiftIn(f room.SlotsFile) room.Point {
	return room.Point{s.shift[0] * float64(f.Width) / float64(s.w), s.shift[1] * float64(f.Height) / float64(s.h)}
}

// Problem is why the picture cannot be trusted, empty where it can.
func (s *Sight) Problem() string { return s.problem }

// Trusted reports whether anything may be decided by the last picture.
func (s *Sight) Trusted() bool { return s.problem == "" && s.suspect == "" }

// Refer makes another picture the reference: a restart's, from before it.
func (s *Sight) Refer(l Plane) {
	s.anchors = chooseAnchors(l, s.noise, func(int) bool { return false })
}

// Glance takes each frame of the camera, also those that nothing else looks at.
func (s *Sight) Glance(f Frame) {
	if s.stare.look(f) {
		s.blocky = blockiness(f)
	}
}

// Look takes the next picture, with Shift taken off. It reports whether Shift
// has changed: the picture is then to be shifted anew, and need not be looked at
// again.
func (s *Sight) Look(v View, at time.Duration) (pushed bool) {
	now := at.Seconds()
	dt := max(now-s.lastT, 0)
	s.lastT = now
	s.tick(v.L, now)
	if len(s.anchors) < fewAnchors {
		s.renew(v.L, dt, make([]float64, len(s.anchors)))
		s.conclude(s.stared(""), now)
		return false
	}
	like, match := s.match(v.L)
	far := false
	if s.problem != "" || match < leastMatch || s.dropped(like) {
		pushed, far = s.moved(v.L)
	}
	if pushed {
		return true
	}
	s.conclude(s.stared(s.impression(v.L, like, match, far)), now)
	if s.Trusted() {
		s.learn(v.L, like, dt)
		s.renew(v.L, dt, like)
	}
	return false
}

// tick measures the noise once a second.
func (s *Sight) tick(l Plane, now float64) {
	switch {
	case !s.begun:
		s.begun, s.since = true, now
		s.prev = slices.Clone(l.Pix)
		if s.anchors == nil {
			s.Refer(l)
		}
	case now-s.tickT < 1:
		return
	default:
		if gain := gainBetween(s.prev, l.Pix); gain > 0.95 && gain < 1.05 {
			s.noise += 0.2 * (max(min(noiseVariance(l.Pix, s.prev), 150), 0.5) - s.noise)
		}
		copy(s.prev, l.Pix)
	}
	s.tickT = now
}

// stared is what a picture looks like that repeats itself.
func (s *Sight) stared(word string) string {
	if s.stare.frozen {
		return ProblemFrozen
	}
	return word
}

// match correlates each anchor with its own place. share is how many are seen.
func (s *Sight) match(l Plane) (like []float64, share float64) {
	like = make([]float64, len(s.anchors))
	for k := range s.anchors {
		if like[k] = s.anchors[k].at(l, 0, 0); like[k] >= sameAnchor {
			share++
		}
	}
	return like, share / float64(len(s.anchors))
}

// dropped reports whether most anchors are less like themselves than usual: a
// push, and not somebody in front of some of them.
func (s *Sight) dropped(like []float64) bool {
	n := 0
	for k, v := range like {
		if v < s.anchors[k].usual-0.12 {
			n++
		}
	}
	return n*10 >= len(like)*6
}

// moved looks whether the camera has moved. A push within the limit becomes part
// of Shift; far says that it is beyond.
func (s *Sight) moved(l Plane) (pushed, far bool) {
	const (
		fine = 0.6 // working pixels: less is within what comparing pictures bears, and shadows can feign it
		sure = 0.5 // share of the anchors that must tell the same: while people hide more, it is not asked
	)
	found := make([]offset, len(s.anchors))
	for k := range s.anchors {
		found[k] = s.anchors[k].find(l, anchorReach(s.w))
	}
	dx, dy, share := agree(found, s.w, s.h)
	if share < sure || math.Hypot(dx, dy) < fine {
		return false, false
	}
	x, y := s.shift[0]+dx, s.shift[1]+dy
	if math.Hypot(x, y) > s.limit {
		return false, true
	}
	s.shift = [2]float64{x, y}
	return true, false
}

// impression is what one picture looks like.
func (s *Sight) impression(l Plane, like []float64, match float64, far bool) string {
	if far {
		return ProblemMoved
	}
	light, faint := meanOf(l), 0.0
	for _, v := range like {
		faint += v / float64(len(like))
	}
	switch {
	case light < dimmest && match < 2*leastMatch && faint > 0.12: // too much of what was there to be chance
		return ProblemDark
	case match >= leastMatch:
		return s.sharpness(l, like)
	case light < dimmest || s.bare(l):
		return ProblemCovered
	case s.blurredAway(l):
		return ProblemBlurred
	}
	return ProblemMoved
}

// sharpness is what a picture looks like that shows what it should.
func (s *Sight) sharpness(l Plane, like []float64) string {
	switch {
	case s.detail(l, like) >= leastDetail:
		return ""
	case s.blocky > blockyFrom:
		return ProblemSmeared
	}
	return ProblemBlurred
}

// meanOf is about how bright a picture is.
func meanOf(l Plane) float64 {
	const step = 7
	sum, n := 0.0, 0.0
	for i := 0; i < len(l.Pix); i += step {
		sum, n = sum+float64(l.Pix[i]), n+1
	}
	return sum / n
}

// detail is how much of its fine structure the picture has kept, where it is
// otherwise as before.
func (s *Sight) detail(l Plane, like []float64) float64 {
	var kept []float64
	for k := range s.anchors {
		if a := &s.anchors[k]; like[k] >= sameAnchor {
			kept = append(kept, a.kept(l)/a.sharp)
		}
	}
	if len(kept) < fewAnchors/2 {
		return 1
	}
	return median64(kept)
}

// bare reports whether the picture has hardly any structure.
func (s *Sight) bare(l Plane) bool {
	return len(chooseAnchors(l, s.noise, func(int) bool { return false }))*4 < len(s.anchors)
}

// blurredAway reports whether the picture, made coarse, is what was seen, made
// coarse: a lens far out of focus.
func (s *Sight) blurredAway(l Plane) bool {
	const r = 5
	smooth := NewPlane(l.W, l.H)
	boxMean(smooth.Pix, l.Pix, make([]float32, len(l.Pix)), l.W, l.H, r)
	seen := 0
	for k := range s.anchors {
		if a := &s.anchors[k]; a.at(smooth, 0, 0) > 0.25 {
			seen++
		}
	}
	return seen*2 >= len(s.anchors)
}

// conclude takes one picture's impression. What is said changes only when the
// same has been seen for a while.
func (s *Sight) conclude(word string, now float64) {
	if word != s.suspect {
		s.suspect, s.since = word, now
	}
	wait := problemAfter
	if word == "" {
		wait = wellAfter
	}
	if word != s.problem && now-s.since >= wait {
		s.problem = word
	}
}

// learn keeps how each anchor is usually seen.
func (s *Sight) learn(l Plane, like []float64, dt float64) {
	soon, late := 1-math.Exp(-dt/5), 1-math.Exp(-dt/60) // a push is noticed also when who hid it has left
	for k := range s.anchors {
		a := &s.anchors[k]
		if like[k] > a.usual {
			a.usual += soon * (like[k] - a.usual)
		} else {
			a.usual += late * (like[k] - a.usual)
		}
		if like[k] >= sameAnchor {
			a.sharp = max(a.sharp+late*(a.kept(l)-a.sharp), 0.3)
		}
	}
}

// renew replaces anchors that have long been hidden while others were seen, and
// fills parts of the picture that had none.
func (s *Sight) renew(l Plane, dt float64, like []float64) {
	kept := s.anchors[:0]
	for k, a := range s.anchors {
		if like[k] < sameAnchor {
			a.hidden += dt
		} else {
			a.hidden = 0
		}
		if a.hidden < looseAnchor {
			kept = append(kept, a)
		}
	}
	gone := len(s.anchors) - len(kept)
	s.anchors = kept
	if gone == 0 && len(kept) >= fewAnchors {
		return
	}
	taken := map[int]bool{}
	for _, a := range kept {
		taken[a.part(s.w, s.h)] = true
	}
	s.anchors = append(s.anchors, chooseAnchors(l, s.noise, func(part int) bool { return taken[part] })...)
}

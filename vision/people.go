package vision

import "slices"

// people tells persons from light. What moves is a person when it came in from
// the frame's edge, hangs together with one who did, or has walked a distance;
// a patch of sun or a lamp does none of these.
type people struct {
	w, h   int
	mask   Mask      // where people are
	recent []float32 // by place: when a person was there, seconds
	active []float32 // by place: when a person who moved was there
	sides  []side    // by place: which sides of the picture whoever was there reached
	sideAt []float32 // by place: when
	begun  []float32 // by place: when somebody whom nobody saw come began to move there
	moving []mover   // not yet known to be people
	since  float64   // seconds: the first picture
	seen   float64   // seconds: the latest picture
	step   float64   // seconds from the picture before
}

// mover is a moving thing that may turn out to be a person.
type mover struct {
	blob     Blob // as last seen
	x, y     float64
	seen     float64
	previous bool
}

const (
	// peopleMemory is for how long, in seconds, a place where a person was makes
	// what moves there part of that person.
	peopleMemory = 0.7
	// walked is the distance, as a share of the picture's width, after which what
	// moves is a person wherever it appeared: there may be a door in the picture.
	walked = 0.08
	// reach is how far from a place, as a share of the picture's width, somebody
	// who lets go of it can be by the next picture.
	reach = 0.2
	// firstTime is for how long, in seconds, after the first picture whoever moves at
	// its edge was there, and has not just come in.
	firstTime = 1
	// armTime is for how long, in seconds, before b was left an arm may have been cut
	// off from the side it came from by what it passed.
	armTime = 0.5
	// stride is how much further somebody is after another second, as a share of
	// the picture's width: at two pictures a second that counts.
	stride = 0.5
)

func newPeople(w, h int) *people {
	p := &people{w: w, h: h, mask: make(Mask, w*h), recent: make([]float32, w*h), active: make([]float32, w*h), sides: make([]side, w*h), sideAt: make([]float32, w*h), begun: make([]float32, w*h)}
	for i := range p.recent {
		p.recent[i], p.active[i], p.sideAt[i], p.begun[i] = -1e6, -1e6, -1e6, -1e6
	}
	return p
}

// update takes the moving blobs of one picture and marks those that are people.
//
//go:norace
func (p *people) update(bs []Blob, t float64) {
	clear(p.mask)
	p.step, p.seen = min(t-p.seen, 1), t
	var still []mover
	for _, b := range bs {
		reached, known := p.reached(b), p.known(b, t)
		if reached != 0 || known || p.hasWalked(b, t, &still) {
			for _, i := range b.Pix {
				if !known && (reached == 0 || t-p.since < firstTime) {
					p.begun[i] = float32(t)
				}
				p.mask[i] = 1
				p.recent[i] = float32(t)
				p.active[i] = float32(t)
				if reached != 0 {
					p.sides[i], p.sideAt[i] = reached, float32(t)
				}
			}
		}
	}
	for _, m := range p.moving {
		if t-m.seen < 1 && !m.previous {
			still = append(still, m)
		}
	}
	p.moving = still
}

// leftAlone reports whether somebody moved on beside b after having left it:
// whoever puts a thing down does; somebody who stands still does not. covered is
// when people last covered b, last is by place when it last moved.
//
//go:norace
func (p *people) leftAlone(b Blob, covered float32, last []float32, least int) bool {
	if p.letGo(b, covered) {
		return true
	}
	const (
		few = 8 // places: less is noise
		rim = 2 // places around b that are its own, at times
	)
	inside := make(map[int32]bool, 2*len(b.Pix))
	times := make([]float32, len(b.Pix))
	for k, i := range b.Pix {
		times[k] = last[i]
		x, y := int(i)%p.w, int(i)/p.w
		for ny := max(y-rim, 0); ny <= min(y+rim, p.h-1); ny += rim {
			for nx := max(x-rim, 0); nx <= min(x+rim, p.w-1); nx++ {
				inside[int32(ny*p.w+nx)] = true
			}
		}
	}
	slices.Sort(times)
	stopped := times[max(0, len(times)-min(few, 1+len(times)/50))]
	r := int((reach + stride*max(p.step-0.2, 0)) * float64(p.w))
	near, moved := 0, 0
	for y := max(b.Y0-r, 0); y < min(b.Y1+r, p.h); y++ {
		for x := max(b.X0-r, 0); x < min(b.X1+r, p.w); x++ {
			i := y*p.w + x
			if inside[int32(i)] {
				continue
			}
			if p.active[i] > covered+0.05 {
				near++
			}
			if last[i] > stopped+0.05 && p.active[i] > last[i]-0.5 {
				moved++
			}
		}
	}
	return near >= few || moved >= least
}

// wasThere reports whether what is gone from b went by itself: it began to move
// where it stood. covered is by place when people first covered it.
//
//go:norace
func (p *people) wasThere(b Blob, covered []float32) bool {
	n := 0
	for _, i := range b.Pix {
		if covered[i]-p.begun[i] < 0.05 && covered[i] >= p.begun[i] {
			n++
		}
	}
	return n*3 > b.Area
}

// side is a set of the picture's sides.
type side uint8

const (
	leftSide side = 1 << iota
	rightSide
	upperSide
	lowerSide
)

// reached gives the sides of the picture at which b has more than a few places.
//
//go:norace
func (p *people) reached(b Blob) (out side) {
	if b.X0 > 1 && b.Y0 > 1 && b.X1 < p.w-1 && b.Y1 < p.h-1 {
		return 0
	}
	var n [4]int
	for _, i := range b.Pix {
		x, y := int(i)%p.w, int(i)/p.w
		for k, at := range [4]bool{x <= 1, x >= p.w-2, y <= 1, y >= p.h-2} {
			if at {
				n[k]++
			}
		}
	}
	for k, v := range n {
		if v >= p.w/40 {
			out |= 1 << k
		}
	}
	return out
}

// letGo reports whether an arm that reached from a side of the picture to b until
// covered is no longer there: b is further from that side now than somebody who
// has just come in can be, which is by his own width.
//
//go:norace
func (p *people) letGo(b Blob, covered float32) bool {
	n, from := 0, side(0)
	for _, i := range b.Pix {
		if covered-p.sideAt[i] < armTime {
			n++
			from |= p.sides[i]
		}
	}
	if 2*n < b.Area {
		return false
	}
	for k, away := range [4]int{b.X0, p.w - b.X1, b.Y0, p.h - b.Y1} {
		if from&(1<<k) != 0 && away < max(b.W(), p.w/16) {
			return false
		}
	}
	return true
}

// hold keeps somebody who stands still marked as a person.
func (p *people) hold(b Blob, t float64) {
	for _, i := range b.Pix {
		p.mask[i] = 1
		p.recent[i] = float32(t)
	}
}

// atEdge reports whether b reaches the border of the picture with more than a
// few places.
func (p *people) atEdge(b Blob) bool { return p.reached(b) != 0 }

// known reports whether a good part of b lies where people were a moment ago.
func (p *people) known(b Blob, t float64) bool {
	n := 0
	for _, i := range b.Pix {
		if float32(t)-p.recent[i] < peopleMemory {
			n++
		}
	}
	return n*10 >= b.Area
}

// hasWalked follows b from picture to picture.
func (p *people) hasWalked(b Blob, t float64, still *[]mover) bool {
	x, y := float64(b.X0+b.X1)/2, float64(b.Y0+b.Y1)/2
	from := mover{blob: b, x: x, y: y, seen: t}
	for k := range p.moving {
		m := &p.moving[k]
		if !m.previous && t-m.seen < 1 && intersection(m.blob, b) > 0 {
			m.previous = true
			from = mover{blob: b, x: m.x, y: m.y, seen: t}
			break
		}
	}
	dx, dy := x-from.x, y-from.y
	if dx*dx+dy*dy >= walked*walked*float64(p.w*p.w) && from.blob.Area*50 > p.w*p.h/10 {
		return true
	}
	*still = append(*still, from)
	return false
}

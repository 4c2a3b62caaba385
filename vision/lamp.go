package vision

import "math"

// lamps knows the light strips and lamps that a camera sees: places that go back
// and forth between the same two brightnesses. A difference there that is no
// larger than the light's own says nothing about things and people: it is no
// motion, no change, and speaks for no thing. Nobody has to tell where the strips
// are and how far they shine: each has been learned after two flashes.
type lamps struct {
	w, h  int
	turns []turning
	where []turned
	swing []float32 // by place: by how many gray levels it goes on and off; 0 = it does not
	seen  []float32 // by place: when it last did, seconds
	doubt []float32 // swing with a margin, and the rim that the comparison's window adds
	mask  Mask      // places of the lamps themselves, with that rim; the others reflect them

	found    bool    // swing has changed since doubt and mask were made
	spreadAt float64 // when they were, seconds
}

// turning follows the brightness of one place between its turning points.
type turning struct {
	at      float32 // when it last turned, seconds
	extreme float32 // the brightest or darkest since then
	up      float32 // 1 while it gets brighter, -1 while it gets darker
	turns   int32   // in a row, each where the one before of its kind was
}

// turned is where a place turned before; apart, because it is seldom asked for.
type turned struct{ bright, dark float32 }

const (
	// lampSwing is by how many gray levels a lamp changes a place at least.
	lampSwing = 14
	// lampNoise is by how many standard deviations of the noise: of an hour's
	// pictures no place goes back and forth by that much, twice in a row.
	lampNoise = 6
	// lampAgain is by how many gray levels, and by which share of its swing, a
	// lamp misses its former brightness at most: what a coder leaves.
	lampAgain, lampAgainShare = 8, 0.15
	// lampTurns is how often a place must turn to be a lamp: two flashes. A hand
	// that waves does not come back to two brightnesses twice.
	lampTurns = 4
	// lampPause is how long, in seconds, a lamp may rest between turns while it is
	// learned.
	lampPause = 2.5
	// lampSpread is how often, in seconds, what was learned is put to use at most.
	lampSpread = 0.5
	// lampMemory is for how long, in seconds, a lamp that stays on or off is known.
	lampMemory = 1800
	// lampFew is how many of the 5 x 5 places around must flash too: one alone is
	// noise at an edge.
	lampFew = 5
	// lampCell is the side, in working pixels, of the cells in which the
	// strongest flash is looked for.
	lampCell = 12
	// lampItself is the share of the strongest flash around from which a place is
	// the lamp itself, and not what it shines on.
	lampItself = 0.5
	// lampMargin is how much more than it was seen to a lamp may change a place: it
	// has other colours, and what stands there reflects it in another way.
	lampMargin = 1.3
)

func newLamps(w, h int) *lamps {
	a := &lamps{w: w, h: h, turns: make([]turning, w*h), where: make([]turned, w*h), swing: make([]float32, w*h), seen: make([]float32, w*h), doubt: make([]float32, w*h), mask: make(Mask, w*h)}
	for i := range a.turns {
		a.turns[i].up = -1
	}
	return a
}

// learn follows each place of the picture. Where something as thick as a hand
// moves, or when all of the picture changes, it begins anew. noise is the
// variance that the camera's noise gives a place.
//
//go:norace
func (a *lamps) learn(l []float32, thick Mask, all bool, noise float32, now float64) {
	least := max(lampSwing, lampNoise*float32(math.Sqrt(float64(noise))))
	t := float32(now)
	l, thick, swing := l[:len(a.turns)], thick[:len(a.turns)], a.swing[:len(a.turns)]
	for i := range a.turns {
		s := &a.turns[i]
		if swing[i] > 0 && t-a.seen[i] > lampMemory {
			swing[i], a.found = 0, true
		}
		if all || thick[i] != 0 || t-s.at > lampPause {
			if s.turns > 0 {
				a.where[i] = turned{}
			}
			*s = turning{at: t, extreme: l[i], up: s.up}
			continue
		}
		if ahead := s.up * (l[i] - s.extreme); ahead > 0 {
			s.extreme = l[i]
		} else if ahead < -least {
			s.turn(&a.where[i], l[i], t)
		}
		if s.turns >= lampTurns {
			a.note(i, t)
		}
	}
	if a.found && now-a.spreadAt > lampSpread {
		a.spread()
		a.found, a.spreadAt = false, now
	}
}

// note keeps by how much place i flashes.
//
//go:norace
func (a *lamps) note(i int, now float32) {
	a.seen[i] = now
	if swing := a.where[i].bright - a.where[i].dark; swing > 1.1*a.swing[i]+1 {
		a.swing[i], a.found = swing, true
	}
}

// turn notes a turning point, to be compared with the former one of its kind.
//
//go:norace
func (s *turning) turn(was *turned, v, now float32) {
	former := &was.bright
	if s.up < 0 {
		former = &was.dark
	}
	miss := abs(s.extreme - *former)
	if s.turns >= 2 && miss > max(lampAgain, lampAgainShare*abs(was.bright-was.dark)) {
		s.turns = 0
	}
	*former = s.extreme
	s.turns = min(s.turns+1, lampTurns)
	s.extreme, s.at, s.up = v, now, -s.up
}

// spread gives each place the largest swing of those around it, and tells the
// lamps from what they shine on.
//
//go:norace
func (a *lamps) spread() {
	cw, ch := (a.w+lampCell-1)/lampCell, (a.h+lampCell-1)/lampCell
	strongest := make([]float32, cw*ch)
	for i, v := range a.swing {
		c := &strongest[i/a.w/lampCell*cw+i%a.w/lampCell]
		*c = max(*c, v)
	}
	clear(a.doubt)
	clear(a.mask)
	for i, v := range a.swing {
		if v == 0 || a.flashing(i) < lampFew {
			continue
		}
		x, y := i%a.w/lampCell, i/a.w/lampCell
		most := float32(0)
		for ny := max(y-1, 0); ny <= min(y+1, ch-1); ny++ {
			for nx := max(x-1, 0); nx <= min(x+1, cw-1); nx++ {
				most = max(most, strongest[ny*cw+nx])
			}
		}
		a.shine(i, lampMargin*v, v >= lampItself*most)
	}
}

// shine makes the places in the comparison's window at i doubtful, by so many gray
// levels at least; itself says that the lamp is there.
func (a *lamps) shine(i int, doubt float32, itself bool) {
	x0, x1, y0, y1 := a.around(i)
	for y := y0; y < y1; y++ {
		for j := y*a.w + x0; j < y*a.w+x1; j++ {
			a.doubt[j] = max(a.doubt[j], doubt)
			if itself {
				a.mask[j] = 1
			}
		}
	}
}

// flashing counts the places around i that go on and off, itself among them.
//
//go:norace
func (a *lamps) flashing(i int) (n int) {
	x0, x1, y0, y1 := a.around(i)
	for y := y0; y < y1; y++ {
		for _, v := range a.swing[y*a.w+x0 : y*a.w+x1] {
			if v > 0 {
				n++
			}
		}
	}
	return n
}

// around is the comparison's window at i.
//
//go:norace
func (a *lamps) around(i int) (x0, x1, y0, y1 int) {
	x, y := i%a.w, i/a.w
	return max(x-structureRadius, 0), min(x+structureRadius+1, a.w), max(y-structureRadius, 0), min(y+structureRadius+1, a.h)
}

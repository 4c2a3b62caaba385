package vision

import (
	"bytes"
	"math"
)

// settled keeps two pictures: what is still now, and what was committed. A
// place that people covered is "touched": its committed picture is kept as it
// was until the place has been judged. Everywhere else the committed picture
// follows the still one, because light needs no hand.
type settled struct {
	w, h      int
	still     View
	committed View
	look      View      // what a place looks like in the present light, once that has come to rest
	earlier   View      // what it looked like before the light last changed there
	lookGain  float32   // how much brighter all of the picture is than its look
	restless  []float32 // seconds: when the place last was on its way to another look
	litAt     []float32 // seconds: when the light last gave the place another look
	touched   Mask
	jumped    []float32 // seconds: when the still picture last jumped there
	touchedAt []float32 // seconds: when people last covered the place
	coveredAt []float32 // seconds: when they first did since it was last judged
	begun     bool
	restored  bool // the committed picture is from before a restart
	lastT     float64
}

func newSettled(w, h int) *settled {
	return &settled{w: w, h: h, still: NewView(w, h), committed: NewView(w, h), look: NewView(w, h), earlier: NewView(w, h), restless: make([]float32, w*h), litAt: make([]float32, w*h), touched: make(Mask, w*h), touchedAt: make([]float32, w*h), coveredAt: make([]float32, w*h), jumped: make([]float32, w*h)}
}

const (
	stillTime  = 0.4 // seconds in which the still picture averages noise away
	followTime = 0.5 // seconds in which the committed picture follows light
	stableTime = 0.5 // seconds for which a place must be still before it is followed
)

// step takes the next picture. Places that move show as they are; others are
// averaged. It returns the seconds since the picture before.
//
//go:norace
func (s *settled) step(v View, m *motion, t float64) (dt float64) {
	if !s.begun {
		s.begun, s.lastT = true, t
		s.still.copyFrom(v)
		if s.restored {
			relight(s.committed, v)
		} else {
			s.committed.copyFrom(v)
		}
		s.look.copyFrom(s.committed)
		s.earlier.copyFrom(s.committed)
		for i := range s.litAt {
			s.litAt[i] = -1e6
		}
		return 0
	}
	dt = max(t-s.lastT, 0)
	s.lastT = t
	a := max(float32(1-math.Exp(-dt/stillTime)), 0.15)
	light := m.light(t)
	jump := 4*float32(math.Sqrt(float64(m.noise))) + 6
	now := float32(t)
	n := len(s.touched)
	l, u, c := s.still.part(0, n)
	inL, inU, inC := v.part(0, n)
	last, jumped := m.last[:n], s.jumped[:n]
	for i, was := range l {
		d := inL[i] - was
		k := a
		if light || now-last[i] < 0.05 || d > jump || d < -jump {
			k, jumped[i] = 1, now
		}
		l[i] = was + k*d
		u[i] += k * (inU[i] - u[i])
		c[i] += k * (inC[i] - c[i])
	}
	return dt
}

// follow lets the committed picture follow the light where nobody is. It comes
// after touch, so that nobody gets into it.
//
//go:norace
func (s *settled) follow(people Mask, t, dt float64) {
	f := float32(1 - math.Exp(-dt/followTime))
	s.carryLight(people, t, f)
	s.lookGain = gainBetween(s.look.L.Pix, s.committed.L.Pix)
	for from := 0; from < len(s.touched); from += s.w { // what a row needs stays near
		s.remember(from, from+s.w, float32(t))
		s.followRow(from, from+s.w, float32(t), f)
	}
}

// followRow moves the committed picture of untouched and stable places by a
// share towards the still one.
//
//go:norace
func (s *settled) followRow(from, to int, now, share float32) {
	touched, jumped := s.touched[from:to], s.jumped[from:to]
	l, u, c := s.committed.part(from, to)
	toL, toU, toC := s.still.part(from, to)
	for i, m := range touched {
		if m == 0 && now-jumped[i] > stableTime {
			l[i] += share * (toL[i] - l[i])
			u[i] += share * (toU[i] - u[i])
			c[i] += share * (toC[i] - c[i])
		}
	}
}

const (
	// lookRest is how many gray levels the still picture of a place may be from
	// the committed one while its light is at rest, and lookTime for how long, in
	// seconds, it must be.
	lookRest, lookTime = 4, 1
	// lookStep is by how many gray levels at least, and lookShare by which share of
	// its brightness, another light makes another look: a lamp that dims does not
	// dim all of a room alike, sun is half as bright again as a lamp or more.
	lookStep, lookShare = 16, 0.2
	// lookLearn is the share in which a look follows the picture while its light rests.
	lookLearn = 0.05
)

// remember keeps what untouched places looked like before their light changed,
// and when that was.
//
//go:norace
func (s *settled) remember(from, to int, now float32) {
	touched, jumped, restless := s.touched[from:to], s.jumped[from:to], s.restless[from:to]
	l, u, c := s.committed.part(from, to)
	look, lookU, lookC := s.look.part(from, to)
	still, gain := s.still.L.Pix[from:to], s.lookGain
	for i, m := range touched {
		if m != 0 || now-jumped[i] <= stableTime {
			continue
		}
		if d := still[i] - l[i]; d > lookRest || d < -lookRest {
			restless[i] = now
		}
		if now-restless[i] < lookTime {
			continue
		}
		was := gain * look[i]
		if step := abs(l[i] - was); step >= lookStep && step >= lookShare*was {
			s.relook(from + i)
			continue
		}
		look[i] += lookLearn * (l[i] - look[i])
		lookU[i] += lookLearn * (u[i] - lookU[i])
		lookC[i] += lookLearn * (c[i] - lookC[i])
	}
}

// relook gives place i its look in the present light.
func (s *settled) relook(i int) {
	s.earlier.mix(s.look, i, 1)
	s.look.mix(s.committed, i, 1)
	s.litAt[i] = s.restless[i]
}

// rebase commits at once what is untouched and not held: after the light made a
// step. What cannot be seen now had its look in the light before.
//
//go:norace
func (s *settled) rebase(held Mask, t float64) {
	step := s.gain()
	s.carryLight(held, t, 1)
	for i := range s.touched {
		if s.touched[i] == 0 && held[i] == 0 {
			s.committed.mix(s.still, i, 1)
			s.look.mix(s.still, i, 1)
		} else {
			s.look.L.Pix[i] *= step
		}
	}
}

// gain is how much brighter the still picture is than the committed one where
// nobody is.
//
//go:norace
func (s *settled) gain() float32 {
	const step = 31
	var room [2048]float32
	r := room[:0]
	for i := 0; i < len(s.touched); i += step {
		if s.touched[i] == 0 {
			r = append(r, (s.still.L.Pix[i]+4)/(s.committed.L.Pix[i]+4))
		}
	}
	if len(r) == 0 {
		return 1
	}
	return median(r)
}

// touch marks where people are.
//
//go:norace
func (s *settled) touch(people Mask, t float64) {
	for i, p := range people {
		if p != 0 {
			if s.touched[i] == 0 {
				s.coveredAt[i] = float32(t)
			}
			s.touched[i] = 1
			s.touchedAt[i] = float32(t)
		}
	}
}

// commit makes what is still at these places the committed picture.
func (s *settled) commit(places []int32) {
	for _, i := range places {
		s.committed.mix(s.still, int(i), 1)
		s.look.mix(s.still, int(i), 1)
		s.earlier.mix(s.still, int(i), 1)
		s.touched[i] = 0
	}
}

// lightCell is the side of the cells in which the light's change is measured,
// in working pixels: larger than a parcel, smaller than a shelf unit.
const lightCell = 16

// carryLight applies to the committed picture of touched places what the light
// did to the untouched ones around them, in the share that these follow by now.
//
//go:norace
func (s *settled) carryLight(people Mask, t float64, share float32) {
	if bytes.IndexByte(s.touched, 1) < 0 {
		return
	}
	cw, ch := (s.w+lightCell-1)/lightCell, (s.h+lightCell-1)/lightCell
	type cell struct{ l, u, v, n float32 }
	cells := make([]cell, cw*ch)
	any := false
	for y := 0; y < s.h; y += 2 {
		for x := y & 2; x < s.w; x += 4 {
			i := y*s.w + x
			if s.touched[i] != 0 {
				any = true
				continue
			}
			if people[i] != 0 || float32(t)-s.jumped[i] < stableTime && share < 1 {
				continue
			}
			c := &cells[y/lightCell*cw+x/lightCell]
			c.l += (s.still.L.Pix[i] + 4) / (s.committed.L.Pix[i] + 4)
			c.u += s.still.U.Pix[i] - s.committed.U.Pix[i]
			c.v += s.still.V.Pix[i] - s.committed.V.Pix[i]
			c.n++
		}
	}
	if !any {
		return
	}
	all := s.gain()
	// Each cell takes from its neighbours, near ones before far ones.
	for range 6 {
		next := make([]cell, len(cells))
		for y := range ch {
			for x := range cw {
				c := cells[y*cw+x]
				for ny := max(y-1, 0); ny <= min(y+1, ch-1); ny++ {
					for nx := max(x-1, 0); nx <= min(x+1, cw-1); nx++ {
						o := cells[ny*cw+nx]
						const w = 0.05
						c.l, c.u, c.v, c.n = c.l+w*o.l, c.u+w*o.u, c.v+w*o.v, c.n+w*o.n
					}
				}
				next[y*cw+x] = c
			}
		}
		cells = next
	}
	for k, c := range cells {
		if c.n < 1e-6 {
			continue
		}
		g := min(max(c.l/c.n, 0.6*all), 1.6*all)
		s.light(k%cw*lightCell, k/cw*lightCell, 1+share*(g-1), share*c.u/c.n, share*c.v/c.n)
	}
}

// light changes the committed picture of the touched places of a cell.
func (s *settled) light(x, y int, gain, du, dv float32) {
	for y1 := min(y+lightCell, s.h); y < y1; y++ {
		from, to := y*s.w+x, y*s.w+min(x+lightCell, s.w)
		l, u, v := s.committed.part(from, to)
		for i, m := range s.touched[from:to] {
			if m != 0 {
				l[i], u[i], v[i] = l[i]*gain, u[i]+du, v[i]+dv
			}
		}
	}
}

package vision

import "math"

// settled keeps two pictures: what is still now, and what was committed. A
// place that people covered is "touched": its committed picture is kept as it
// was until the place has been judged. Everywhere else the committed picture
// follows the still one, because light needs no hand.
type settled struct {
	w, h      int
	still     View
	committed View
	touched   Mask
	touchedAt []float32 // seconds: when people last covered the place
	begun     bool
	restored  bool // the committed picture is from before a restart
	lastT     float64
}

func newSettled(w, h int) *settled {
	return &settled{w: w, h: h, still: NewView(w, h), committed: NewView(w, h), touched: make(Mask, w*h), touchedAt: make([]float32, w*h)}
}

const (
	stillTime  = 0.4 // seconds in which the still picture averages noise away
	followTime = 0.5 // seconds in which the committed picture follows light
)

// step takes the next picture. Places that move show as they are; others are
// averaged. kept are places that must not be committed though untouched.
func (s *settled) step(v View, m *motion, t float64) {
	if !s.begun {
		s.begun, s.lastT = true, t
		s.still.copyFrom(v)
		if !s.restored {
			s.committed.copyFrom(v)
		}
		return
	}
	dt := max(t-s.lastT, 0)
	s.lastT = t
	a := float32(1 - math.Exp(-dt/stillTime))
	f := float32(1 - math.Exp(-dt/followTime))
	light := m.light(t)
	for i := range s.touched {
		age := float32(t) - m.last[i]
		switch {
		case age < 0.05 || light:
			s.still.mix(v, i, 1)
		default:
			s.still.mix(v, i, max(a, 0.15))
		}
		if s.touched[i] == 0 && age > 0.5 {
			s.committed.mix(s.still, i, f)
		}
	}
}

// rebase commits everything untouched at once: after the light made a step.
func (s *settled) rebase(m *motion, t float64) {
	for i := range s.touched {
		if s.touched[i] == 0 && float32(t)-m.last[i] > 0.05 {
			s.committed.mix(s.still, i, 1)
		}
	}
}

// touch marks where people are.
func (s *settled) touch(people Mask, t float64) {
	for i, p := range people {
		if p != 0 {
			s.touched[i] = 1
			s.touchedAt[i] = float32(t)
		}
	}
}

// commit makes what is still at these places the committed picture.
func (s *settled) commit(places []int32) {
	for _, i := range places {
		s.committed.mix(s.still, int(i), 1)
		s.touched[i] = 0
	}
}

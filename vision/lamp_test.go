package vision

import "testing"

// flashes shows lamps a strip of two rows across the middle, n times at five
// pictures a second, and gives the time after it.
func flashes(a *lamps, n int, now float64, thick Mask) float64 {
	for k := range n * 3 {
		l := make([]float32, a.w*a.h)
		for i := range l {
			l[i] = 90 + float32(i%7) // never quite even
			if y := i / a.w; k%3 < 2 && (y == 20 || y == 21) {
				l[i] = 230
			}
		}
		a.learn(l, thick, false, 2, now)
		now += 0.2
	}
	return now
}

func TestAStripIsKnownAfterTwoFlashesAndForgottenWhenItStaysDark(t *testing.T) {
	const w, h = 60, 40
	a, still := newLamps(w, h), make(Mask, w*h)
	now := flashes(a, 1, 0, still)
	if a.doubt[20*w+30] != 0 {
		t.Error("one flash may be anything")
	}
	now = flashes(a, 3, now, still)
	strip, rim, far := 20*w+30, 23*w+30, 30*w+30
	if a.doubt[strip] < 130 || a.mask[strip] == 0 || a.doubt[rim] == 0 || a.doubt[far] != 0 {
		t.Errorf("doubt %v at the strip, %v beside it, %v far from it", a.doubt[strip], a.doubt[rim], a.doubt[far])
	}
	dark := make([]float32, w*h)
	for range 10 {
		now += lampMemory / 5
		a.learn(dark, still, false, 2, now)
	}
	if a.doubt[strip] != 0 {
		t.Error("a strip that stayed dark is still known")
	}
}

func TestWhatAHandOrTheRoomsLightDoesIsNoStrip(t *testing.T) {
	const w, h = 60, 40
	a, hand := newLamps(w, h), make(Mask, w*h)
	for i := range hand {
		hand[i] = 1
	}
	flashes(a, 4, 0, hand)
	if a.doubt[20*w+30] != 0 {
		t.Error("a hand that waves became a lamp")
	}
	a = newLamps(w, h)
	l := make([]float32, w*h)
	for k := range 20 {
		for i := range l {
			l[i] = 60 + 100*float32(k%2)
		}
		a.learn(l, make(Mask, w*h), true, 2, float64(k)*0.2)
	}
	if a.doubt[20*w+30] != 0 {
		t.Error("the room's lamp became a strip")
	}
}

func TestSomebodyBeforeAStripIsOne(t *testing.T) {
	const w, h = 60, 40
	a := newLamps(w, h)
	flashes(a, 4, 0, make(Mask, w*h))
	m := make(Mask, w*h)
	for y := range h {
		for x := 25; x < 35; x++ {
			if a.mask[y*w+x] == 0 {
				m[y*w+x] = 1
			}
		}
	}
	m[30*w+5] = 1 // below the strip only
	newShaper(w, h).bridge(m, a.mask)
	if m[20*w+30] == 0 {
		t.Error("the strip cuts who stands before it")
	}
	if m[20*w+5] != 0 || m[20*w+40] != 0 {
		t.Error("the strip beside became part of it")
	}
}

package vision

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// lens is a camera before a wall that has structure everywhere.
type lens struct {
	t     *testing.T
	wall  Plane
	rng   *rand.Rand
	sight *Sight
	at    time.Duration
	noise float64
}

func newLens(t *testing.T) *lens {
	l := &lens{t: t, wall: wallOf(9), rng: rand.New(rand.NewPCG(2, 3)), sight: NewSight(stageW, stageH, Config{}), noise: 1.5}
	l.look(25, nil)
	if p := l.sight.Problem(); p != "" || !l.sight.Trusted() {
		t.Fatalf("a good picture is %s", p)
	}
	return l
}

// wallOf has things of a few places and of dozens.
func wallOf(seed uint64) Plane {
	fine, coarse := textured(stageW+40, stageH+40, seed), textured(stageW/12+4, stageH/12+4, seed+1)
	for i := range fine.Pix {
		x, y := i%fine.W, i/fine.W
		fine.Pix[i] = 0.6*fine.Pix[i] + coarse.At(x/12, y/12) - 70
	}
	return fine
}

// picture is the wall dx, dy beside where the camera pointed first.
func (l *lens) picture(dx, dy int) View {
	v := NewView(stageW, stageH)
	for y := range stageH {
		copy(v.L.Pix[y*stageW:(y+1)*stageW], l.wall.Pix[(y+20+dy)*l.wall.W+20+dx:])
	}
	for i := range v.L.Pix {
		v.L.Pix[i] = 20 + 0.8*v.L.Pix[i]
	}
	return v
}

// look shows n pictures, five a second, and counts how often a push was told.
func (l *lens) look(n int, change func(View) View) (pushes int) {
	for range n {
		v := l.picture(0, 0)
		if change != nil {
			v = change(v)
		}
		for i := range v.L.Pix {
			v.L.Pix[i] = min(max(v.L.Pix[i]+float32(l.rng.NormFloat64()*l.noise), 0), 255)
		}
		if l.sight.Look(v, l.at) {
			pushes++
		}
		l.at += stageStep
	}
	return pushes
}

func level(f func(float32) float32) func(View) View {
	return func(v View) View {
		for i, p := range v.L.Pix {
			v.L.Pix[i] = f(p)
		}
		return v
	}
}

// unsharp is a lens out of focus.
func unsharp(r int) func(View) View {
	return func(v View) View {
		for range 2 {
			boxMean(v.L.Pix, append([]float32(nil), v.L.Pix...), make([]float32, len(v.L.Pix)), stageW, stageH, r)
		}
		return v
	}
}

func TestSightTellsWhatHasBecomeOfTheCamera(t *testing.T) {
	cases := []struct {
		name   string
		change func(l *lens) func(View) View
		want   string
	}{
		{"light x 0.4", func(*lens) func(View) View { return level(func(p float32) float32 { return 0.4 * p }) }, ""},
		{"light x 1.8", func(*lens) func(View) View { return level(func(p float32) float32 { return 1.8 * p }) }, ""},
		{"somebody before half of it", func(*lens) func(View) View {
			return func(v View) View {
				for i := range v.L.Pix {
					if i%stageW > stageW/2 {
						v.L.Pix[i] = 130
					}
				}
				return v
			}
		}, ""},
		{"much noise", func(l *lens) func(View) View { l.noise = 9; return nil }, ""},
		{"the lamp is off", func(*lens) func(View) View { return level(func(p float32) float32 { return 8 + p/40 }) }, ProblemDark},
		{"something black before the lens", func(*lens) func(View) View { return level(func(float32) float32 { return 9 }) }, ProblemCovered},
		{"something gray before the lens", func(*lens) func(View) View { return level(func(float32) float32 { return 120 }) }, ProblemCovered},
		{"out of focus", func(*lens) func(View) View { return unsharp(2) }, ProblemBlurred},
		{"far out of focus", func(*lens) func(View) View { return unsharp(5) }, ProblemBlurred},
		{"too few bits", func(l *lens) func(View) View { l.sight.blocky = 2; return unsharp(2) }, ProblemSmeared},
		{"pushed too far", func(l *lens) func(View) View { return func(View) View { return l.picture(5, 0) } }, ProblemMoved},
		{"turned away", func(l *lens) func(View) View {
			l.wall = wallOf(99)
			return func(View) View { return l.picture(0, 0) }
		}, ProblemMoved},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLens(t)
			change := c.change(l)
			l.look(1, change)
			if c.want != "" && l.sight.Trusted() {
				t.Error("the first bad picture is trusted")
			}
			if l.sight.Problem() != "" {
				t.Errorf("one picture is enough to say %s", l.sight.Problem())
			}
			l.look(14, change)
			if got := l.sight.Problem(); got != c.want {
				t.Errorf("after 3 s it is %q, want %q", got, c.want)
			}
			l.noise, l.wall, l.sight.blocky = 1.5, wallOf(9), 1
			l.look(15, nil)
			if got := l.sight.Problem(); got != "" || !l.sight.Trusted() {
				t.Errorf("when it is well again it is %q", got)
			}
		})
	}
}

func TestASmallPushIsTakenOff(t *testing.T) {
	for _, by := range [][2]int{{1, 0}, {2, -1}, {0, 3}, {-2, -2}} {
		l := newLens(t)
		dx, dy := 0, 0
		for range 10 { // as the detector does: what is known is taken off
			l.look(1, func(View) View { return l.picture(by[0]-dx, by[1]-dy) })
			x, y := l.sight.Shift()
			dx, dy = -int(math.Round(x)), -int(math.Round(y))
		}
		if dx != by[0] || dy != by[1] || !l.sight.Trusted() {
			t.Errorf("pushed by %v: it takes off %d, %d and trusts it: %v", by, dx, dy, l.sight.Trusted())
		}
	}
}

func TestAPictureThatStandsStillIsTold(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	fresh := func() []byte {
		pix := make([]byte, 160*90*3)
		for i := range pix {
			pix[i] = byte(100 + rng.IntN(5))
		}
		return pix
	}
	show := func(s *stare, from, to time.Duration, next func(k int) []byte) {
		k := 0
		for at := from; at < to; at += 100 * time.Millisecond {
			s.look(Frame{T: at, Width: 160, Height: 90, Pix: next(k)})
			k++
		}
	}
	alive := func(int) []byte { return fresh() }
	one := fresh()
	dead := func(int) []byte { return one }
	var s stare
	show(&s, 0, 60*time.Second, alive)
	if s.frozen {
		t.Error("a camera that lives is frozen")
	}
	show(&s, 60*time.Second, 85*time.Second, dead)
	if !s.frozen {
		t.Error("a picture that stands still for 25 s is not told")
	}
	show(&s, 85*time.Second, 110*time.Second, alive)
	if s.frozen {
		t.Error("it lives again, and is frozen")
	}
	var half stare
	last := fresh()
	show(&half, 0, 2*time.Minute, func(k int) []byte {
		if k%2 == 0 {
			last = fresh()
		}
		return last
	})
	if half.frozen {
		t.Error("repeated frames are taken for a picture that stands still")
	}
	var clean stare // a camera whose coder removes all noise
	show(&clean, 0, 3*time.Minute, dead)
	if clean.frozen {
		t.Error("a picture without noise is frozen from the start")
	}
}

func TestBlocksOfACoderShow(t *testing.T) {
	w, h := 320, 180
	wall := textured(w, h, 3)
	fine, blocks := make([]byte, w*h*3), make([]byte, w*h*3)
	for y := range h {
		for x := range w {
			for c := range 3 {
				fine[(y*w+x)*3+c] = byte(wall.At(x, y))
				blocks[(y*w+x)*3+c] = byte(wall.At(x/8*8, y/8*8))
			}
		}
	}
	a, b := blockiness(Frame{Width: w, Height: h, Pix: fine}), blockiness(Frame{Width: w, Height: h, Pix: blocks})
	if a > 1.1 || b < 2 {
		t.Errorf("blockiness %.2f of a fine picture, %.2f of one in blocks", a, b)
	}
}

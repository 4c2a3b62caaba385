package vision

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// stage is a small room for scripts: shelves with parcels, people and light, at
// working size and five pictures a second.
type stage struct {
	wall    Plane
	rng     *rand.Rand
	parcels map[string]Blob
	looks   map[string]Plane
	person  *Blob
	arm     *Blob
	gain    float32
	strip   bool
	blinks  bool // the strip, three times in two seconds
	dot     bool
	sun     *Blob
	t       time.Duration
	step    time.Duration
	tracker *Tracker
	seen    []string
	latest  []Decision
}

const (
	stageW, stageH = 320, 180
	stageStep      = 200 * time.Millisecond
)

var personLook, armLook = textured(96, 160, 555), textured(200, 20, 556)

// plain is a look without structure.
func plain(level float32) Plane {
	p := NewPlane(64, 64)
	for i := range p.Pix {
		p.Pix[i] = level
	}
	return p
}

// labelled is a plain look with a label on it, which is all that tells where it is.
func labelled(level float32) Plane {
	p, print := plain(level), textured(64, 64, 557)
	for y := 22; y < 40; y++ {
		for x := 20; x < 44; x++ {
			p.Pix[y*64+x] = 150 + (print.Pix[y*64+x]-128)/2
		}
	}
	return p
}

func stageSlots() room.SlotsFile {
	return room.SlotsFile{Camera: "cam1", Width: 640, Height: 360, Slots: []room.Slot{
		rectSlot("A2", room.SlotShelf, 120, 60, 180, 90), rectSlot("B2", room.SlotShelf, 320, 60, 180, 90),
		rectSlot("A1", room.SlotShelf, 120, 170, 180, 90), rectSlot("B1", room.SlotShelf, 320, 170, 180, 90),
	}}
}

func newStage() *stage {
	s := &stage{wall: NewPlane(stageW, stageH), rng: rand.New(rand.NewPCG(1, 2)), parcels: map[string]Blob{}, looks: map[string]Plane{}, gain: 1, step: stageStep,
		tracker: NewTracker(stageSlots(), stageW, stageH, Config{})}
	soft := textured(stageW, stageH, 77)
	for i := range s.wall.Pix {
		y := i / stageW
		s.wall.Pix[i] = 90 + (soft.Pix[i]-128)/12
		if y%55 > 50 { // boards
			s.wall.Pix[i] += 45
		}
	}
	return s
}

// parcel puts a parcel at a place of 640 x 360.
func (s *stage) parcel(name string, x, y, w, h int) {
	s.parcels[name] = Blob{X0: x / 2, Y0: y / 2, X1: (x + w) / 2, Y1: (y + h) / 2}
	if _, ok := s.looks[name]; !ok {
		s.looks[name] = textured(64, 64, uint64(100+len(s.looks)))
	}
}

// stand puts a person, 60 pixels wide and down to the floor, at x of 640.
func (s *stage) stand(x int) {
	b := Blob{X0: x/2 - 20, X1: x/2 + 20, Y0: 40, Y1: stageH}
	s.person = &b
}

// reachTo stretches the person's arm to a place of 640 x 360.
func (s *stage) reachTo(x, y int) {
	b := Blob{X0: min(x/2, s.person.X1-5), X1: max(x/2, s.person.X0+5), Y0: y/2 - 5, Y1: y/2 + 5}
	s.arm = &b
}

// picture draws the stage.
//
//go:norace
func (s *stage) picture() View {
	v := NewView(stageW, stageH)
	for i := range v.L.Pix {
		v.L.Pix[i] = s.wall.Pix[i] * s.gain
		v.U.Pix[i], v.V.Pix[i] = -0.1, 0.1
	}
	for name, b := range s.parcels {
		s.fill(v, b, s.looks[name], 0.6, -0.25, 0.25, 20)
	}
	if s.sun != nil {
		for y := s.sun.Y0; y < s.sun.Y1; y++ {
			for x := s.sun.X0; x < s.sun.X1; x++ {
				v.L.Pix[y*stageW+x] *= 1.8
			}
		}
	}
	if s.strip || s.blinks && s.t%(600*time.Millisecond) < 300*time.Millisecond {
		for x := 165; x < 245; x++ {
			v.L.Pix[76*stageW+x], v.L.Pix[77*stageW+x] = 240, 235
			v.U.Pix[76*stageW+x], v.U.Pix[77*stageW+x] = -0.3, -0.3
		}
	}
	if s.dot {
		for y := 52; y < 55; y++ {
			for x := 190; x < 193; x++ {
				v.L.Pix[y*stageW+x], v.V.Pix[y*stageW+x] = 230, 0.5
			}
		}
	}
	if s.person != nil {
		s.fill(v, *s.person, personLook, 0.5, 0.3, -0.2, 60)
	}
	if s.arm != nil {
		s.fill(v, *s.arm, armLook, 0.5, -0.2, 0.3, 80)
	}
	for i := range v.L.Pix {
		v.L.Pix[i] = min(max(v.L.Pix[i]+float32(s.rng.NormFloat64()*1.5), 0), 255)
	}
	return v
}

//go:norace
func (s *stage) fill(v View, b Blob, look Plane, contrast, u, w, base float32) {
	for y := max(b.Y0, 0); y < min(b.Y1, stageH); y++ {
		for x := max(b.X0, 0); x < min(b.X1, stageW); x++ {
			i := y*stageW + x
			v.L.Pix[i] = (base + contrast*look.At((x-b.X0)%look.W, (y-b.Y0)%look.H)) * s.gain
			v.U.Pix[i], v.V.Pix[i] = u, w
		}
	}
}

// run shows n pictures.
func (s *stage) run(n int) {
	for range n {
		s.latest = s.tracker.Step(s.picture(), s.t)
		for _, d := range s.latest {
			line := string(d.Kind) + " " + d.Slot + " " + d.Item
			if d.FromSlot != "" {
				line += " from " + d.FromSlot
			}
			s.seen = append(s.seen, line)
		}
		s.t += s.step
	}
}

// walk moves the person from x to x of 640.
func (s *stage) walk(from, to int) {
	step := 30
	if to < from {
		step = -30
	}
	for x := from; (to-x)*step > 0; x += step {
		s.stand(x)
		s.run(1)
	}
	s.stand(to)
	s.run(1)
}

// visit lets somebody come in from the right, reach to x, y, do something there and leave.
func (s *stage) visit(x, y int, do func()) {
	s.walk(700, x+110)
	s.reachTo(x, y)
	s.run(2)
	do()
	s.run(2)
	s.arm = nil
	s.run(1)
	s.walk(x+110, 700)
	s.person = nil
	s.run(15)
}

// played is a stage after a script, with what the tracker must have told of it.
func played(t *testing.T, script func(*stage), want []string) *stage {
	t.Helper()
	s := newStage()
	s.run(10)
	script(s)
	if got, want := strings.Join(s.seen, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("seen:\n%s\nwant:\n%s", got, want)
	}
	return s
}

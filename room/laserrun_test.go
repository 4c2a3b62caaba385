package room

import (
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// shelfLaser is a head before a shelf front, in a camera's picture of 320 by 180:
// a quarter of the slots file's size.
type shelfLaser struct {
	rig   rig
	shift float64 // the head was knocked, in degrees of pan

	mu    sync.Mutex
	r     *rand.Rand
	aim   Aim
	until time.Time
}

func (l *shelfLaser) Point(_ context.Context, a Aim, ttl time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aim, l.until = a, time.Now().Add(ttl)
	return nil
}

func (l *shelfLaser) Off(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Time{}
	return nil
}

func (l *shelfLaser) shines() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until)
}

// still finds the place on the shelf that the beam hits by Newton's method.
func (l *shelfLaser) still(context.Context, string) (image.Image, error) {
	lit := l.shines()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !lit {
		return picture(l.r), nil
	}
	want := Aim{l.aim.PanDeg + l.shift, l.aim.TiltDeg}
	x, y := 0.0, 0.0
	for range 20 {
		is, dx, dy := l.rig.aim(x, y), l.rig.aim(x+0.001, y), l.rig.aim(x, y+0.001)
		a, b, c, d := (dx.PanDeg-is.PanDeg)/0.001, (dy.PanDeg-is.PanDeg)/0.001, (dx.TiltDeg-is.TiltDeg)/0.001, (dy.TiltDeg-is.TiltDeg)/0.001
		p, t := want.PanDeg-is.PanDeg, want.TiltDeg-is.TiltDeg
		x, y = x+(d*p-b*t)/(a*d-b*c), y+(a*t-c*p)/(a*d-b*c)
	}
	p := l.rig.pixel(x, y)
	return picture(l.r, Point{p[0] / 4, p[1] / 4}), nil
}

// laserRoom is a running room whose camera cam1 looks at a shelf with a laser.
func laserRoom(t *testing.T, plan ...LaserSchedule) (*Service, *memory, *shelfLaser) {
	t.Helper()
	l := &shelfLaser{rig: newRig(rand.New(rand.NewPCG(8, 1))), r: rand.New(rand.NewPCG(3, 3))}
	slot := func(id string, x0, x1 float64) Slot {
		return Slot{ID: id, Kind: SlotShelf, Camera: "cam1", WidthMM: 1000, Polygon: []Point{l.rig.pixel(x0, -0.4), l.rig.pixel(x1, -0.4), l.rig.pixel(x1, 0.1), l.rig.pixel(x0, 0.1)}}
	}
	m, p := newMemory(), newPanel()
	slots := []Slot{slot("A1", -1.1, -0.1), slot("B1", 0.1, 1.1)}
	s := NewService(Config{Property: "p", Room: "r", Kiosk: "K1", Slots: slots, LaserRig: LaserRig{
		Settle: time.Millisecond,
		Still:  l.still,
		Frame:  func(string) (image.Point, error) { return image.Pt(1280, 720), nil },
		Keep: func(f LaserFile) ([]Slot, error) {
			for i := range f.Points {
				f.Points[i].At = Point{4 * f.Points[i].At[0], 4 * f.Points[i].At[1]}
			}
			fit, err := FitLaser(f.Points)
			return fit.Calibrate(slots), err
		},
	}}, m, &doorman{}, Devices{Door: p, Laser: l}, keys{})
	for _, p := range plan {
		s.cfg.LaserCheck = p
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	until(t, "the room is read", func() bool { return s.Ready() == nil })
	for _, in := range []Input{CameraHealth{Camera: "cam1", OK: true, At: time.Now()}, Presence{Camera: "cam1", At: time.Now()}} {
		if err := s.Fact(t.Context(), NewID(), in); err != nil {
			t.Fatal(err)
		}
	}
	return s, m, l
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// measured waits for the end of the run under way.
func measured(t *testing.T, s *Service) LaserRun {
	t.Helper()
	until(t, "the laser is measured", func() bool { return !s.LaserRun().Running })
	return *s.LaserRun()
}

// angles is a calibration over the slots.
func (l *shelfLaser) angles() CalibrateLaser {
	a, b := l.rig.aim(-1.2, -0.5), l.rig.aim(1.2, 0.3)
	return CalibrateLaser{Camera: "cam1", Pan: [2]float64{a.PanDeg, b.PanDeg}, Tilt: [2]float64{a.TiltDeg, b.TiltDeg}}
}

func TestALaserIsCalibratedWhileTheRoomRuns(t *testing.T) {
	s, m, l := laserRoom(t)
	do(t, s, l.angles())
	if _, err := s.call(t.Context(), l.angles()); !errors.Is(err, ErrConflict) {
		t.Errorf("a second at once: %v", err)
	}
	run := measured(t, s)
	if run.Failed != nil || run.Fit == nil || len(run.Steps) != 20 || run.Fit.ResidualPX > 1 || run.MM <= 0 || run.MM > 10 {
		t.Fatalf("got %+v, failed %+v", run, run.Failed)
	}
	if l.shines() {
		t.Error("the laser is left on")
	}
	if s.slotsOf("cam1")[0].Aim != nil {
		t.Error("it is used before somebody said so")
	}
	do(t, s, KeepLaser{})
	if s.slotsOf("cam1")[0].Aim == nil || len(m.events(EvLaserCalibrated)) != 1 {
		t.Error("it is not in use, or not in the log")
	}
	if _, err := s.call(t.Context(), KeepLaser{}); !errors.Is(err, ErrConflict) {
		t.Errorf("kept twice: %v", err)
	}

	do(t, s, TryLaser{Camera: "cam1"})
	if run := measured(t, s); run.Failed != nil || len(run.Steps) != 2 || run.MM > LaserLimitMM || s.state.laserOff("cam1") {
		t.Errorf("a good one, checked: %+v", run)
	}
	l.mu.Lock()
	l.shift = 1 // degree: 7 cm at 4 m
	l.mu.Unlock()
	do(t, s, TryLaser{Camera: "cam1"})
	if run := measured(t, s); run.MM <= LaserLimitMM || !s.state.laserOff("cam1") {
		t.Errorf("a head that was knocked, checked: %+v", run)
	}
}

func TestTheLaserIsDarkAtOnceWhenSomebodyComesIn(t *testing.T) {
	s, _, l := laserRoom(t)
	s.cfg.LaserRig.Settle = time.Hour // it rests on its first aim
	do(t, s, l.angles())
	if err := s.Fact(t.Context(), NewID(), Presence{Camera: "cam1", People: true, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	do(t, s, StopLaser{}) // ends the wait for the dark picture
	run := measured(t, s)
	if run.Failed == nil || run.Fit != nil || l.shines() {
		t.Errorf("got %+v", run)
	}
	_, err := s.call(t.Context(), l.angles())
	var r *Refusal
	if !errors.As(err, &r) || r.Code != "laser_people" {
		t.Errorf("with somebody inside: %v", err)
	}
}

func TestAnAimIsLeftWhenSomebodyComesIn(t *testing.T) {
	l := &shelfLaser{rig: newRig(rand.New(rand.NewPCG(8, 1))), r: rand.New(rand.NewPCG(3, 3))}
	someone := errors.New("somebody came in")
	asked := 0
	m := LaserMeasure{Laser: l, Settle: time.Hour, Safe: func() error {
		if asked++; asked > 2 {
			return someone
		}
		return nil
	}, Still: func(context.Context) (image.Image, error) { return nil, errors.New("a picture was taken") }}
	if _, err := m.lit(t.Context(), Aim{1, 1}); !errors.Is(err, someone) || l.shines() {
		t.Errorf("got %v; it shines: %v", err, l.shines())
	}
}

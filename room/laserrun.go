package room

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// LaserRig lets the laser be calibrated while the room runs. Its zero value does
// not.
type LaserRig struct {
	Still func(ctx context.Context, camera string) (image.Image, error) // taken after the call
	Frame func(camera string) (image.Point, error)                      // size of the pictures that its slots lie in
	Keep  func(f LaserFile) ([]Slot, error)                             // for good; gives the camera's slots with their new angles

	Settle time.Duration // from Point to a dot that stands still in the camera's pictures; zero = 1.5 s
}

// LaserRun is a calibration, or a spot check of one, in a camera's picture: the
// one under way, or the last.
type LaserRun struct {
	Camera   string      `json:"camera"`
	Check    bool        `json:"check,omitempty"`
	Running  bool        `json:"running"`
	Planned  int         `json:"planned"` // steps
	Steps    []LaserStep `json:"steps"`
	Width    int         `json:"width"` // of the picture that the dots lie in
	Height   int         `json:"height"`
	Fit      *LaserFit   `json:"fit,omitempty"`    // of a calibration that is good
	MM       float64     `json:"mm,omitempty"`     // a calibration's residual on the shelf; a check's worst miss
	Failed   *Failure    `json:"failed,omitempty"` // why it ended early, or is no good
	Kept     bool        `json:"kept,omitempty"`   // the calibration is in use
	Finished time.Time   `json:"finished,omitzero"`
	file     LaserFile
	frame    image.Point // of the slots file
}

// The commands around the laser.
type (
	// CalibrateLaser measures where the laser's dot lies in a camera's picture,
	// over a range of angles. Nobody may be in the room.
	CalibrateLaser struct {
		Camera string     `json:"camera"`
		Pan    [2]float64 `json:"pan"`
		Tilt   [2]float64 `json:"tilt"`
	}
	// TryLaser points at the middle of each slot of a camera: a spot check, which
	// darkens a laser that is off its mark (see CheckLaser).
	TryLaser struct {
		Camera string   `json:"camera"`
		Slots  []string `json:"slots,omitempty"` // none = all
	}
	// StopLaser ends either early.
	StopLaser struct{}
	// KeepLaser puts the calibration that was measured last into use.
	KeepLaser struct{}
)

// Name implements Command.
func (CalibrateLaser) Name() string { return "laser.calibrate" }

// Name implements Command.
func (TryLaser) Name() string { return "laser.try" }

// Name implements Command.
func (StopLaser) Name() string { return "laser.stop" }

// Name implements Command.
func (KeepLaser) Name() string { return "laser.keep" }

// laserWork is what a run does.
type laserWork func(ctx context.Context, m LaserMeasure, run *LaserRun) error

// laserBench is where the laser is measured: one run at a time.
type laserBench struct {
	work chan laserWork // taken by serveLaser; has room for one

	mu      sync.Mutex
	run     LaserRun
	any     bool // there was a run
	stopped chan struct{}
}

// LaserRun is the run under way or the last one, nil before the first.
func (s *Service) LaserRun() *LaserRun {
	s.bench.mu.Lock()
	defer s.bench.mu.Unlock()
	if !s.bench.any {
		return nil
	}
	run := s.bench.run
	run.Steps = slices.Clone(run.Steps)
	return &run
}

// measuring reports whether the laser is not the guide's now.
func (s *Service) measuring() bool {
	run := s.LaserRun()
	return run != nil && run.Running
}

// serveLaser carries out runs until ctx ends.
func (s *Service) serveLaser(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case work := <-s.bench.work:
			s.measureLaser(ctx, work)
		}
	}
}

// mayShine is why the laser must be dark while it is measured: it crosses the
// whole room.
func (s *Service) mayShine(camera string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := decision{s: &s.state}
	_, watched := s.state.Presence[camera]
	switch {
	case s.state.Door.Open || len(d.inside()) > 0 || d.anybody():
		return Refuse(ErrConflict, "laser_people", "somebody is in the room, or its door is open")
	case !watched || !s.state.Cameras[camera].OK:
		return Refuse(ErrConflict, "laser_unwatched", "camera {camera} does not say that the room is empty", "camera", camera)
	}
	return nil
}

func (s *Service) calibrateLaser(c CalibrateLaser) (Reply, error) {
	if c.Pan[0] == c.Pan[1] || c.Tilt[0] == c.Tilt[1] || math.Abs(c.Pan[0]-c.Pan[1]) > 150 {
		return Reply{}, fmt.Errorf("calibrate the laser: %w", Refuse(ErrInvalid, "laser_angles", "give two different angles of pan and of tilt"))
	}
	run := LaserRun{Camera: c.Camera, Planned: laserColumns * laserRows}
	return Reply{}, s.beginLaser(run, func(ctx context.Context, m LaserMeasure, run *LaserRun) error {
		file, err := m.Calibrate(ctx, c.Camera, c.Pan, c.Tilt)
		if err != nil {
			return err
		}
		fit, err := FitLaser(file.Points)
		if err != nil {
			return err
		}
		run.file, run.Fit, run.Width, run.Height = file, &fit, file.Width, file.Height
		run.MM = fit.ResidualPX * s.shelfMM(c.Camera) * float64(run.frame.X) / float64(file.Width)
		return nil
	})
}

// shelfMM is how long a pixel of the slots file is on a camera's shelves, in
// millimetres; 0 where no slot's width is known.
func (s *Service) shelfMM(camera string) float64 {
	var mm, px float64
	for _, slot := range s.slotsOf(camera) {
		if b := slot.Bounds(); slot.WidthMM > 0 && slot.Kind == SlotShelf {
			mm, px = mm+float64(slot.WidthMM), px+b[2]
		}
	}
	if px == 0 {
		return 0
	}
	return mm / px
}

func (s *Service) slotsOf(camera string) []Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(s.state.slotList(), func(slot Slot) bool { return slot.Camera != camera })
}

func (s *Service) tryLaser(c TryLaser) (Reply, error) {
	slots := slices.DeleteFunc(s.slotsOf(c.Camera), func(slot Slot) bool {
		return slot.Aim == nil || len(c.Slots) > 0 && !slices.Contains(c.Slots, slot.ID)
	})
	if len(slots) == 0 {
		return Reply{}, fmt.Errorf("check the laser: %w", Refuse(ErrConflict, "laser_not_calibrated", "it is not calibrated in the picture of {camera}", "camera", c.Camera))
	}
	run := LaserRun{Camera: c.Camera, Check: true, Planned: len(slots)}
	return Reply{}, s.beginLaser(run, func(ctx context.Context, m LaserMeasure, run *LaserRun) error {
		worst := LaserStep{MissMM: -1}
		tell := m.Tell
		m.Tell = func(step LaserStep) {
			if step.At != nil && step.MissMM > worst.MissMM {
				worst = step
			}
			tell(step)
		}
		if err := m.Check(ctx, slots, run.frame); err != nil {
			return err
		}
		if worst.At == nil {
			if _, err := s.apply(ctx, "", CheckLaser{Slot: slots[0].ID, Unseen: true}); err != nil {
				return err
			}
			return Refuse(ErrConflict, "laser_unseen", "no dot was seen anywhere: does the laser shine, and is the camera's picture its own?")
		}
		run.Width, run.Height, run.MM = run.frame.X, run.frame.Y, worst.MissMM
		_, err := s.apply(ctx, "", CheckLaser{Slot: worst.Slot, At: *worst.At})
		return err
	})
}

// beginLaser starts a run, or refuses to.
func (s *Service) beginLaser(run LaserRun, work laserWork) error {
	if s.dev.Laser == nil || s.cfg.LaserRig.Still == nil {
		return fmt.Errorf("measure the laser: %w", Refuse(ErrConflict, "laser_none", "this room has no laser, or no camera"))
	}
	if err := s.mayShine(run.Camera); err != nil {
		return fmt.Errorf("measure the laser: %w", err)
	}
	var err error
	if run.frame, err = s.cfg.LaserRig.Frame(run.Camera); err != nil {
		return fmt.Errorf("measure the laser: %w", err)
	}
	run.Running, run.Width, run.Height = true, run.frame.X, run.frame.Y
	b := &s.bench
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.run.Running {
		return fmt.Errorf("measure the laser: %w", Refuse(ErrConflict, "laser_busy", "it is being measured already"))
	}
	b.run, b.any, b.stopped = run, true, make(chan struct{})
	b.work <- work
	return nil
}

// measureLaser is one run from its begin to its end.
func (s *Service) measureLaser(ctx context.Context, work laserWork) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &s.bench
	b.mu.Lock()
	run, stopped := b.run, b.stopped
	if stopped == nil { // before it began
		cancel()
	}
	b.mu.Unlock()
	go func() { // it ends with ctx
		select {
		case <-stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	settle := s.cfg.LaserRig.Settle
	if settle == 0 {
		settle = 1500 * time.Millisecond
	}
	err := work(ctx, LaserMeasure{
		Laser: s.dev.Laser, Settle: settle,
		Still: func(ctx context.Context) (image.Image, error) { return s.cfg.LaserRig.Still(ctx, run.Camera) },
		Safe:  func() error { return s.mayShine(run.Camera) },
		Tell: func(step LaserStep) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.run.Steps = append(b.run.Steps, step)
		},
	}, &run)
	if errors.Is(err, context.Canceled) {
		err = Refuse(ErrConflict, "laser_stopped", "it was stopped")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	run.Steps, run.Running, run.Finished = b.run.Steps, false, s.cfg.Now().UTC()
	if err != nil {
		f := FailureOf(err)
		run.Failed = &f
		s.log.Warn("the laser was not measured", "camera", run.Camera, "error", err)
	}
	b.run = run
}

func (s *Service) stopLaser() (Reply, error) {
	s.bench.mu.Lock()
	defer s.bench.mu.Unlock()
	if b := &s.bench; b.run.Running && b.stopped != nil {
		close(b.stopped)
		b.stopped = nil
	}
	return Reply{}, nil
}

// keepLaser puts a calibration into use, and writes down who did.
func (s *Service) keepLaser(ctx context.Context, inbox, by string) (Reply, error) {
	run := s.LaserRun()
	if run == nil || run.Fit == nil || run.Kept {
		return Reply{}, fmt.Errorf("keep the calibration: %w", Refuse(ErrConflict, "laser_nothing", "there is no new calibration"))
	}
	slots, err := s.cfg.LaserRig.Keep(run.file)
	if err != nil {
		return Reply{}, fmt.Errorf("keep the calibration: %w", err)
	}
	s.aim(slots)
	s.bench.mu.Lock()
	s.bench.run.Kept = true
	s.bench.mu.Unlock()
	e := Event{Kind: EvLaserCalibrated, Camera: run.Camera, By: by, Reason: strconv.FormatFloat(run.Fit.ResidualPX, 'f', 2, 64) + " px"}
	data := LaserData{ResidualPX: run.Fit.ResidualPX, MM: run.MM, Used: run.Fit.Used, Outliers: len(run.Fit.Outliers)}
	return Reply{Saved: len(slots)}, s.write(ctx, e, data, Commit{Inbox: inbox})
}

// aim gives slots their new angles; everything else of them stays.
func (s *Service) aim(slots []Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Slots = slices.Clone(s.cfg.Slots)
	st := s.state.Clone()
	for _, n := range slots {
		if i := slices.IndexFunc(s.cfg.Slots, func(o Slot) bool { return o.ID == n.ID }); i >= 0 {
			s.cfg.Slots[i].Aim = n.Aim
		}
		if o, ok := st.Slots[n.ID]; ok {
			o.Aim = n.Aim
			st.Slots[n.ID] = o
		}
	}
	s.state = st
}

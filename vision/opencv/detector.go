// Package opencv is vision's only user of OpenCV: it makes pictures small for
// the Tracker and cuts JPEGs for people. Everything that is decided is decided
// in package vision.
package opencv

import (
	"fmt"
	"image"
	"runtime"
	"time"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision"
)

// Config tunes a Detector.
type Config struct {
	vision.Config
	// JPEGQuality of the pictures before and after, 1..100; 0 = 80.
	JPEGQuality int
	// NoPictures leaves Before, After and Crop empty, for tools that only count.
	NoPictures bool
	// MostFPS is how many frames a second are looked at, at most; 0 = 5. A place
	// must be still for Config.Settle, three such frames: more tell nothing new
	// and cost as much again.
	MostFPS float64
	// Clock counts the work of each stage, for Spent; nil = nobody asks.
	Clock func() time.Duration
}

// Detector is a vision.Detector on OpenCV. Not safe for concurrent use.
type Detector struct {
	slots    room.SlotsFile
	cfg      Config
	gate     vision.Gate
	tracker  *vision.Tracker
	sight    *vision.Sight
	problem  string // why the pictures could not be trusted, at the last one
	straight []byte // scratch: a frame with the camera's movement taken off
	view     vision.View
	w, h     int // of the frames; 0 until the first
	small    gocv.Mat
	quiet    []byte // last frame before anything happened, changes patched in
	lastT    time.Duration
	lastStep time.Duration
	first    time.Time
	stepped  bool
	restored []byte
	spent    Spent
	explain  func(vision.Judgement) // nil = nobody asks
}

var _ vision.Detector = (*Detector)(nil)

// New makes a detector for one camera.
func New(slots room.SlotsFile, cfg Config) (*Detector, error) {
	if err := cfg.Config.Validate(); err != nil {
		return nil, err
	}
	if err := vision.CheckSlots(slots); err != nil {
		return nil, err
	}
	if cfg.JPEGQuality == 0 {
		cfg.JPEGQuality = 80
	}
	if cfg.MostFPS == 0 {
		cfg.MostFPS = 5
	}
	oneThread()
	return &Detector{slots: slots, cfg: cfg, small: gocv.NewMat()}, nil
}

// Process implements vision.Detector.
func (d *Detector) Process(f vision.Frame) ([]vision.Seen, error) {
	if err := d.accept(f); err != nil {
		return nil, err
	}
	done := d.lap(&d.spent.Gate)
	d.sight.Glance(f)
	open := d.gate.Pass(f)
	done()
	rest := d.tracker.Rest()
	if !open && rest {
		return nil, nil
	}
	if d.stepped && float64(f.T-d.lastStep)/float64(time.Second) < 0.9/d.cfg.MostFPS {
		return nil, nil
	}
	d.lastStep, d.stepped = f.T, true
	f, trusted, err := d.look(f)
	if err != nil || !trusted {
		return nil, err
	}
	done = d.lap(&d.spent.Track)
	decided := d.tracker.Step(d.view, f.T)
	done()
	seen, err := d.describe(f, decided)
	if err != nil {
		return nil, err
	}
	if (rest && d.tracker.Rest()) || d.quiet == nil {
		d.quiet = append(d.quiet[:0], f.Pix...)
	}
	return seen, nil
}

// accept checks a frame and prepares for its size at the first.
func (d *Detector) accept(f vision.Frame) error {
	if !f.Valid() {
		return fmt.Errorf("%w: %d bytes are not %d x %d pixels of BGR24", vision.ErrFrame, len(f.Pix), f.Width, f.Height)
	}
	if d.tracker != nil {
		if f.Width != d.w || f.Height != d.h {
			return fmt.Errorf("%w: it is %d x %d, those before were %d x %d", vision.ErrFrame, f.Width, f.Height, d.w, d.h)
		}
		if f.T < d.lastT {
			return fmt.Errorf("%w: its time %v is before %v", vision.ErrFrame, f.T, d.lastT)
		}
		d.lastT = f.T
		return nil
	}
	if err := vision.FitSlots(d.slots, f.Width, f.Height); err != nil {
		return fmt.Errorf("%w: %w", vision.ErrFrame, err)
	}
	d.w, d.h, d.first, d.lastT = f.Width, f.Height, f.At.Add(-f.T), f.T
	w, h := vision.WorkSize(d.cfg.Config, f.Width, f.Height)
	d.sight = vision.NewSight(w, h, d.cfg.Config)
	d.tracker, d.view = vision.NewTracker(d.slots, w, h, d.cfg.Config), vision.NewView(w, h)
	d.tracker.Explain(d.explain)
	if d.restored != nil {
		if err := d.tracker.Restore(d.restored); err != nil {
			return err
		}
		if known, ok := d.tracker.Remembered(); ok {
			d.sight.Refer(known)
		}
	}
	return nil
}

// shrink fills view from the frame.
func (d *Detector) shrink(f vision.Frame) error {
	defer d.lap(&d.spent.Shrink)()
	full, err := gocv.NewMatFromBytes(f.Height, f.Width, gocv.MatTypeCV8UC3, f.Pix)
	if err != nil {
		return fmt.Errorf("%w: %w", vision.ErrFrame, err)
	}
	defer full.Close()
	gocv.Resize(full, &d.small, image.Pt(d.view.L.W, d.view.L.H), 0, 0, gocv.InterpolationArea)
	runtime.KeepAlive(f.Pix)
	pix, err := d.small.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("make a frame small: %w", err)
	}
	d.view.FillBGR(pix)
	return nil
}

// describe adds times and pictures to what was decided.
func (d *Detector) describe(f vision.Frame, decided []vision.Decision) ([]vision.Seen, error) {
	var out []vision.Seen
	for _, c := range decided {
		s := vision.Seen{
			Kind: c.Kind, Item: c.Item, Slot: c.Slot, BBox: c.BBox, FromSlot: c.FromSlot, FromBBox: c.FromBBox,
			Confidence: c.Confidence, AtT: c.At, T: f.T, At: f.At.Add(c.At - f.T), Appearance: c.Appearance,
		}
		if !d.cfg.NoPictures {
			if err := d.pictures(&s, f); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// pictures cuts the JPEGs of a change, and makes the change part of the quiet
// picture for those that come after it.
func (d *Detector) pictures(s *vision.Seen, f vision.Frame) error {
	before := d.quiet
	if before == nil {
		before = f.Pix
	}
	box := d.pixels(s.BBox, 0.12)
	var err error
	if s.Before, err = d.jpeg(before, image.Rect(0, 0, d.w, d.h)); err != nil {
		return err
	}
	if s.After, err = d.jpeg(f.Pix, image.Rect(0, 0, d.w, d.h)); err != nil {
		return err
	}
	source := f.Pix
	if s.Kind == room.ChangeRemoved {
		source = before
	}
	if s.Crop, err = d.jpeg(source, box); err != nil {
		return err
	}
	patch := []image.Rectangle{box}
	if s.Kind == room.ChangeMoved && s.FromBBox != nil {
		patch = append(patch, d.pixels(*s.FromBBox, 0.12))
	}
	for _, r := range patch {
		for y := r.Min.Y; y < r.Max.Y && d.quiet != nil; y++ {
			from, to := (y*d.w+r.Min.X)*3, (y*d.w+r.Max.X)*3
			copy(d.quiet[from:to], f.Pix[from:to])
		}
	}
	return nil
}

// pixels is a box of the slots file in the frame's pixels, a share wider on
// each side, within the frame and never empty.
func (d *Detector) pixels(r room.Rect, wider float64) image.Rectangle {
	sx, sy := float64(d.w)/float64(d.slots.Width), float64(d.h)/float64(d.slots.Height)
	dx, dy := r[2]*wider, r[3]*wider
	out := image.Rect(int((r[0]-dx)*sx), int((r[1]-dy)*sy), int((r[0]+r[2]+dx)*sx)+1, int((r[1]+r[3]+dy)*sy)+1)
	out = out.Intersect(image.Rect(0, 0, d.w, d.h))
	if out.Empty() {
		return image.Rect(0, 0, 1, 1)
	}
	return out
}

// jpeg encodes a part of a frame.
func (d *Detector) jpeg(pix []byte, r image.Rectangle) ([]byte, error) {
	full, err := gocv.NewMatFromBytes(d.h, d.w, gocv.MatTypeCV8UC3, pix)
	if err != nil {
		return nil, fmt.Errorf("cut a picture: %w", err)
	}
	defer full.Close()
	part := full.Region(r)
	defer part.Close()
	buf, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, part, []int{gocv.IMWriteJpegQuality, d.cfg.JPEGQuality})
	if err != nil {
		return nil, fmt.Errorf("cut a picture: %w", err)
	}
	defer buf.Close()
	runtime.KeepAlive(pix)
	return append([]byte(nil), buf.GetBytes()...), nil
}

// Flush implements vision.Detector.
func (d *Detector) Flush() []vision.Seen {
	if d.tracker == nil || d.quiet == nil || !d.sight.Trusted() {
		return nil
	}
	decided := d.tracker.Flush()
	last := vision.Frame{At: d.first.Add(d.lastT), T: d.lastT, Width: d.w, Height: d.h, Pix: d.quiet}
	seen, err := d.describe(last, decided)
	if err != nil {
		return nil
	}
	return seen
}

// Scene implements vision.Detector.
func (d *Detector) Scene() vision.Scene {
	if d.tracker == nil {
		return vision.Scene{Fullness: map[string]float64{}}
	}
	s := d.tracker.Scene()
	s.Problem = d.problem
	s.Shift = d.sight.ShiftIn(d.slots)
	return s
}

// Snapshot implements vision.Detector.
func (d *Detector) Snapshot() ([]byte, error) {
	if d.tracker == nil {
		return nil, nil
	}
	return d.tracker.Snapshot()
}

// Restore implements vision.Detector. What does not fit is found by the first
// Process where only the frame's size can tell.
func (d *Detector) Restore(snapshot []byte) error {
	if d.tracker != nil {
		return fmt.Errorf("restore: frames were processed already")
	}
	if err := vision.CheckSnapshot(snapshot, d.slots); err != nil {
		return err
	}
	d.restored = append([]byte(nil), snapshot...)
	return nil
}

// Close implements vision.Detector.
func (d *Detector) Close() error { return d.small.Close() }

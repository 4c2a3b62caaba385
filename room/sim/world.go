package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// World is the simulated room: parcels, people, door, lamps and the guide's
// devices. Time passes with Step; everything else may be called at any moment
// from any goroutine.
type World struct {
	cfg    Config
	layout *layout
	door   *strike
	log    *slog.Logger

	mu       sync.Mutex
	t        float64 // seconds since the start
	clock    func() time.Time
	rng      *rand.Rand
	people   []*person
	rests    []*rest
	lamp     float64
	lampTo   float64
	lampRate float64 // a second
	lights   map[string]room.Signal
	laser    *room.Aim
	dark     float64 // when the laser goes dark
	spoken   []Spoken
	history  []Happening
	parcels  int // made so far
	persons  int
	readers  map[chan room.Attempt]bool
	rev      int64 // rises with each visible change
	wake     chan struct{}
	cut      map[string]CameraState
	shelves  string        // the file that keeps rests; empty = none
	unplug   chan struct{} // closed while the devices' line is cut
	cutoff   bool
}

// Spoken is a sentence that the speaker said.
type Spoken struct {
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
	Language string    `json:"language"`
	Urgent   bool      `json:"urgent"`
}

// Happening is the truth about one parcel's coming, going or moving.
type Happening struct {
	Kind     room.ChangeKind `json:"type"`
	T        float64         `json:"t_s"` // at rest, or off its slot, in seconds since the start
	At       time.Time       `json:"at"`
	Clear    float64         `json:"clear_t_s"` // the hand is away
	Parcel   string          `json:"parcel"`
	Size     Size            `json:"size"`
	Slot     string          `json:"slot"`
	Camera   string          `json:"camera"`
	BBox     room.Rect       `json:"bbox"` // where it shows without people, in the camera's pixels
	FromSlot string          `json:"from_slot,omitempty"`
	FromBBox *room.Rect      `json:"from_bbox,omitempty"`
	FromT    float64         `json:"t_from_s,omitempty"`
	Person   string          `json:"person"`
}

// CameraState is what is the matter with a camera.
type CameraState string

// What can be the matter with a camera.
const (
	CameraOn      CameraState = "on"
	CameraOff     CameraState = "off"     // no answer on the network
	CameraFrozen  CameraState = "frozen"  // the same picture for ever
	CameraCovered CameraState = "covered" // something hangs before the lens
)

func newWorld(cfg Config, clock func() time.Time, log *slog.Logger) *World {
	w := &World{
		cfg: cfg, layout: newLayout(cfg.Seed, cfg.Cameras, cfg.Width, cfg.Height), log: log, clock: clock,
		rng: newRand(cfg.Seed, 0x300), lamp: 1, lampTo: 1, lampRate: 1 / lampSwitch,
		lights: map[string]room.Signal{}, readers: map[chan room.Attempt]bool{}, wake: make(chan struct{}),
		cut: map[string]CameraState{}, unplug: make(chan struct{}),
	}
	w.door = newStrike(cfg.Door, clock)
	return w
}

// lampSwitch is how long, in seconds, lamps take to come on or to go out.
const lampSwitch = 0.6

// Step lets dt pass.
func (w *World) Step(dt time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := dt.Seconds()
	w.t += s
	if d := w.lampTo - w.lamp; d != 0 {
		w.lamp += clamp(d, -s*w.lampRate, s*w.lampRate)
		w.touch()
	}
	for _, p := range slices.Clone(w.people) {
		for len(p.steps) > 0 && p.steps[0](s) {
			if len(p.steps) > 0 {
				p.steps = p.steps[1:]
			}
			w.touch()
		}
		if len(p.steps) == 0 {
			p.stride = max(0, p.stride-s*4)
		}
		p.stoop += clamp(p.wantLow-p.stoop, -s*1.6, s*1.6)
	}
	if w.laser != nil && w.t >= w.dark {
		w.laser = nil
		w.touch()
	}
	before, _, _ := w.door.view()
	w.door.tick()
	if after, _, _ := w.door.view(); after != before {
		w.touch()
	}
}

// touch tells watchers that something changed. The lock is held.
func (w *World) touch() {
	w.rev++
	close(w.wake)
	w.wake = make(chan struct{})
}

// moment is what the cameras see now.
func (w *World) moment() *moment {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &moment{t: w.t, lamp: w.lamp, lights: map[string]room.Signal{}, parcels: slices.Clone(w.rests)}
	for k, v := range w.lights {
		m.lights[k] = v
	}
	for _, p := range w.people {
		f := figure{limbs: p.body()}
		if p.carried != nil {
			b := *p.carried.box
			f.carried = &b
		}
		m.people = append(m.people, f)
	}
	if w.laser != nil {
		m.laser = w.dot(*w.laser, m.people)
	}
	return m
}

// dot is where the laser's beam ends.
func (w *World) dot(a room.Aim, people []figure) *Vec {
	o, d, ok := w.layout.beam(a)
	if !ok {
		return nil
	}
	t := 12.0
	try := func(b *box) {
		if u, _, ok := b.hit(o, d, 0.01, t); ok {
			t = u
		}
	}
	for _, b := range w.layout.boxes {
		try(b)
	}
	for _, r := range w.rests {
		try(&r.box)
	}
	for _, f := range people {
		if f.carried != nil {
			try(f.carried)
		}
		for _, l := range f.limbs {
			if dist, along := segmentDistance(o, d.mul(t), l.a, l.b.sub(l.a)); dist < max(l.ra, l.rb) {
				t = max(t*along-max(l.ra, l.rb)*0.8, 0.01)
			}
		}
	}
	v := o.add(d.mul(t - 0.002))
	return &v
}

// free finds a place for a parcel in a slot: side by side first, then on top.
func (w *World) free(p *place, q *parcel) (box, error) {
	b := *q.box
	b.turn((w.rng.Float64()*2 - 1) * 0.13)
	if q.Size == SizeXL {
		b.turn(0)
	}
	halfX := b.half.X*b.cos + b.half.Y*math.Abs(b.sin)
	halfY := b.half.Y*b.cos + b.half.X*math.Abs(b.sin)
	if 2*halfX > p.x1-p.x0 || 2*halfY > p.y1-p.y0 || p.z+2*b.half.Z > p.top-0.01 {
		return box{}, fmt.Errorf("slot %s: %w: a parcel of size %s does not fit", p.id, room.ErrInvalid, q.Size)
	}
	b.center.Z = p.z + b.half.Z
	front := 0.045 + 0.04*w.rng.Float64()
	var ys []float64
	for y := p.y0 + front + halfY; y <= p.y1-halfY+1e-9; y += 0.05 {
		ys = append(ys, y)
		if p.kind == room.SlotShelf {
			break
		}
	}
	if len(ys) == 0 {
		ys = []float64{p.y1 - halfY}
	}
	var spots []Vec
	for _, y := range ys {
		open := false // people put things beside one another: the first places after an edge, and the last before one
		for x := p.x0 + halfX; x <= p.x1-halfX; x += 0.02 {
			b.center.X, b.center.Y = x, y
			if w.collides(p, &b, 0.035) {
				open = false
				continue
			}
			if !open || x+0.07 > p.x1-halfX {
				spots = append(spots, b.center)
			}
			open = true
		}
	}
	if len(spots) > 0 {
		b.center = spots[w.rng.IntN(len(spots))]
		return b, nil
	}
	for _, r := range slices.Backward(w.rests) { // on top of what carries it
		top := r.box.center.Z + r.box.half.Z
		if r.slot == p && w.onTop(r) == nil && r.box.half.X >= b.half.X*0.8 && r.box.half.Y >= b.half.Y*0.8 && top+2*b.half.Z < p.top-0.03 {
			b.center = Vec{r.box.center.X, r.box.center.Y, top + b.half.Z}
			return b, nil
		}
	}
	return box{}, fmt.Errorf("slot %s: %w: it is full", p.id, room.ErrConflict)
}

func (w *World) collides(p *place, b *box, gap float64) bool {
	for _, r := range w.rests {
		if r.slot != p {
			continue
		}
		o := &r.box
		ax, ay := b.half.X*b.cos+b.half.Y*math.Abs(b.sin), b.half.Y*b.cos+b.half.X*math.Abs(b.sin)
		bx, by := o.half.X*o.cos+o.half.Y*math.Abs(o.sin), o.half.Y*o.cos+o.half.X*math.Abs(o.sin)
		if math.Abs(b.center.X-o.center.X) < ax+bx+gap && math.Abs(b.center.Y-o.center.Y) < ay+by+gap {
			return true
		}
	}
	return false
}

// onTop is the parcel that lies on r, if one does.
func (w *World) onTop(r *rest) *rest {
	for _, o := range w.rests {
		if o != r && o.slot == r.slot && math.Abs(o.box.center.Z-o.box.half.Z-r.box.center.Z-r.box.half.Z) < 0.005 &&
			math.Abs(o.box.center.X-r.box.center.X) < r.box.half.X && math.Abs(o.box.center.Y-r.box.center.Y) < r.box.half.Y {
			return o
		}
	}
	return nil
}

// find is the parcel that somebody would take from a slot: the named one, or
// the one put there last.
func (w *World) find(slot, parcel string) (*rest, error) {
	for _, r := range slices.Backward(w.rests) {
		if (slot == "" || r.slot.id == slot) && (parcel == "" || r.parcel.ID == parcel) {
			if w.onTop(r) != nil {
				if parcel != "" {
					return nil, fmt.Errorf("take %s: %w: another parcel lies on it", parcel, room.ErrConflict)
				}
				continue
			}
			return r, nil
		}
	}
	if parcel != "" {
		return nil, fmt.Errorf("parcel %s: %w on slot %q", parcel, room.ErrNotFound, slot)
	}
	return nil, fmt.Errorf("slot %s: %w: no parcel lies there", slot, room.ErrConflict)
}

// shows is a box's rectangle in its slot's camera.
func (w *World) shows(p *place, b *box) room.Rect {
	cs := b.corners()
	return w.layout.cameras[p.camera].visible(cs[:]...)
}

// plug connects the devices' controller with the world outside, or cuts the
// line. Strike, lights and laser go on by themselves. The lock is held.
func (w *World) plug(in bool) {
	if in != w.cutoff {
		return
	}
	w.cutoff = !in
	if in {
		w.unplug = make(chan struct{})
	} else {
		close(w.unplug)
	}
}

// line is closed when the devices' line is cut.
func (w *World) line() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unplug
}

// say keeps what the speaker says.
func (w *World) say(s Spoken) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoken = append(w.spoken, s)
	if len(w.spoken) > 200 {
		w.spoken = slices.Clone(w.spoken[len(w.spoken)-200:])
	}
	w.touch()
}

func (w *World) setLights(l map[string]room.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lights = l
	w.touch()
}

func (w *World) point(a *room.Aim, ttl time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.laser = a
	w.dark = w.t + ttl.Seconds()
	w.touch()
}

// reads gives what the kiosk's card reader reads until ctx ends.
func (w *World) reads(ctx context.Context) <-chan room.Attempt {
	ch := make(chan room.Attempt, 16)
	w.mu.Lock()
	w.readers[ch] = true
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.readers, ch)
		close(ch)
	})
	return ch
}

// swipe shows a credential to the reader. It says how many listened.
func (w *World) swipe(a room.Attempt) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for ch := range w.readers {
		select {
		case ch <- a:
			n++
		default: // a listener that does not listen
		}
	}
	return n
}

func (w *World) cameraState(camera string) CameraState {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.cut[camera]; ok {
		return s
	}
	return CameraOn
}

package sim

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// Action is something that a person does in or at the room.
type Action struct {
	Do     string        `json:"do"`               // enter, place, take, move, look, leave, prop, release, card, qr, pin, lamp, light, camera, contact, devices
	Person string        `json:"person,omitempty"` // who; empty = who came in last
	Slot   string        `json:"slot,omitempty"`   // place, take, look, light
	Size   string        `json:"size,omitempty"`   // place: E, S, M, L, XL; empty = M, or what is in hand
	Parcel string        `json:"parcel,omitempty"` // take, move: which one; empty = the one put there last. place: a new one's name
	From   string        `json:"from,omitempty"`   // move
	To     string        `json:"to,omitempty"`     // move
	Force  bool          `json:"force,omitempty"`  // enter: break the door open
	Kiosk  string        `json:"kiosk,omitempty"`  // card, qr, pin; empty = K1
	Secret string        `json:"secret,omitempty"` // card, qr, pin
	Level  *float64      `json:"level,omitempty"`  // lamp: 0..1
	Over   time.Duration `json:"over,omitempty"`   // lamp: how long it takes to get there, as dusk does; 0 = a switch. In JSON nanoseconds
	Camera string        `json:"camera,omitempty"` // camera: cam1
	State  string        `json:"state,omitempty"`  // camera: on, off, frozen, covered; contact: ok, silent, broken; devices: on, off; light: off, here, suggest, warn
}

// Result is what came of an action.
type Result struct {
	Person string     `json:"person,omitempty"`
	Parcel string     `json:"parcel,omitempty"`
	Slot   string     `json:"slot,omitempty"`
	Camera string     `json:"camera,omitempty"`
	BBox   *room.Rect `json:"bbox,omitempty"`
	At     time.Time  `json:"at"`  // when the parcel was at rest or off its slot, or the action over
	T      float64    `json:"t_s"` // the same in seconds since the start
	Heard  int        `json:"heard,omitempty"`
}

// Act does an action and returns when it is over. What can't be done now is
// ErrConflict; what can never be done, ErrInvalid or ErrNotFound.
func (w *World) Act(ctx context.Context, a Action) (Result, error) {
	done, err := w.Start(a)
	if err != nil {
		return Result{}, err
	}
	select {
	case <-ctx.Done():
		return Result{}, fmt.Errorf("%s: %w", a.Do, ctx.Err())
	case r := <-done:
		return r, nil
	}
}

// Start begins an action; its result comes when it is over.
func (w *World) Start(a Action) (<-chan Result, error) {
	done := make(chan Result, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.touch()
	switch a.Do {
	case "enter":
		return done, w.enter(a, done)
	case "place":
		return done, w.place(a, done)
	case "take":
		return done, w.take(a, done)
	case "move":
		return done, w.move(a, done)
	case "look":
		return done, w.look(a, done)
	case "leave":
		return done, w.leave(a, done)
	}
	r := Result{At: w.clock().UTC(), T: w.t}
	err := w.turn(a, &r)
	done <- r
	return done, err
}

// turn does what takes no time: knobs, plugs and cards.
func (w *World) turn(a Action, r *Result) error {
	switch a.Do {
	case "prop":
		return w.door.prop(true)
	case "release":
		return w.door.prop(false)
	case "lamp":
		if a.Level == nil || math.IsNaN(*a.Level) {
			return fmt.Errorf("lamp: %w: give level, 0 to 1", room.ErrInvalid)
		}
		w.lampTo = clamp(*a.Level, 0, 1)
		w.lampRate = 1 / lampSwitch
		if a.Over > 0 {
			w.lampRate = math.Abs(w.lampTo-w.lamp) / a.Over.Seconds()
		}
	case "light":
		return w.light(a)
	case "camera":
		s := CameraState(a.State)
		if !slices.Contains([]CameraState{CameraOn, CameraOff, CameraFrozen, CameraCovered}, s) {
			return fmt.Errorf("camera: %w: state %q is none of on, off, frozen, covered", room.ErrInvalid, a.State)
		}
		for i := range w.layout.cameras {
			if cameraName(i) == a.Camera {
				w.cut[a.Camera] = s
				return nil
			}
		}
		return fmt.Errorf("camera %q: %w", a.Camera, room.ErrNotFound)
	case "contact":
		c := Contact(a.State)
		if !slices.Contains([]Contact{ContactOK, ContactSilent, ContactBroken}, c) {
			return fmt.Errorf("contact: %w: state %q is none of ok, silent, broken", room.ErrInvalid, a.State)
		}
		w.door.setContact(c)
	case "devices":
		if a.State != "on" && a.State != "off" {
			return fmt.Errorf("devices: %w: state %q is neither on nor off", room.ErrInvalid, a.State)
		}
		w.plug(a.State == "on")
	case "card", "qr", "pin":
		if a.Secret == "" {
			return fmt.Errorf("%s: %w: nothing to read", a.Do, room.ErrInvalid)
		}
		at := room.Attempt{Kiosk: a.Kiosk, Form: room.CredentialForm(a.Do), Secret: a.Secret}
		if at.Kiosk == "" {
			at.Kiosk = "K1"
		}
		for ch := range w.readers {
			select {
			case ch <- at:
				r.Heard++
			default: // a listener that does not listen
			}
		}
	default:
		return fmt.Errorf("%q: %w: not an action", a.Do, room.ErrInvalid)
	}
	return nil
}

// light sets one slot's light, for days that are played without a platform.
// The lock is held.
func (w *World) light(a Action) error {
	p, err := w.slot(a.Slot)
	if err != nil {
		return err
	}
	sig := room.Signal(a.State)
	if !slices.Contains([]room.Signal{room.SignalOff, room.SignalHere, room.SignalSuggest, room.SignalWarn}, sig) {
		return fmt.Errorf("light: %w: state %q is none of off, here, suggest, warn", room.ErrInvalid, a.State)
	}
	w.lights = maps.Clone(w.lights)
	w.lights[p.id] = sig
	return nil
}

// who is the person that an action means. The lock is held.
func (w *World) who(a Action) (*person, error) {
	for _, p := range slices.Backward(w.people) {
		if p.leaving {
			continue
		}
		if a.Person == "" || p.ID == a.Person {
			return p, nil
		}
	}
	if a.Person != "" {
		return nil, fmt.Errorf("%s: %w: %s is not in the room", a.Do, room.ErrConflict, a.Person)
	}
	return nil, fmt.Errorf("%s: %w: nobody is in the room; let somebody enter first", a.Do, room.ErrConflict)
}

func (w *World) enter(a Action, done chan<- Result) error {
	opened := false
	switch {
	case w.door.canEnter(), a.Force:
		state, _, _ := w.door.view()
		opened = state != "open"
	default:
		return fmt.Errorf("enter: %w: the door is locked", room.ErrConflict)
	}
	w.persons++
	id := a.Person
	if id == "" {
		id = fmt.Sprintf("p%d", w.persons)
	}
	for _, p := range w.people {
		if p.ID == id {
			return fmt.Errorf("enter: %w: %s is in the room already", room.ErrConflict, id)
		}
	}
	if opened {
		w.door.pull()
	}
	p := newPerson(id, w.cfg.Seed*1000+uint64(w.persons), w.layout.door)
	w.people = append(w.people, p)
	side := float64(w.persons%3-1) * 0.3
	p.steps = append(p.steps,
		w.walk(p, Vec{w.layout.door.X + side, 0.15, 0}),
		func(float64) bool {
			w.door.letGo(1500 * time.Millisecond)
			done <- Result{Person: id, At: w.clock().UTC(), T: w.t}
			return true
		})
	return nil
}

func (w *World) leave(a Action, done chan<- Result) error {
	p, err := w.who(a)
	if err != nil {
		return err
	}
	p.leaving = true
	waited := 0.0
	p.steps = append(p.steps,
		w.walk(p, Vec{w.layout.door.X, 0.12, 0}),
		func(float64) bool { w.door.push(); return true },
		w.walk(p, w.layout.door),
		func(float64) bool { w.door.letGo(1200 * time.Millisecond); return true },
		func(dt float64) bool { // outside, until the door is shut behind them
			waited += dt
			if state, propped, _ := w.door.view(); state == "open" && !propped && waited < 4 && w.lastLeaving(p) {
				return false
			}
			w.people = slices.DeleteFunc(w.people, func(o *person) bool { return o == p })
			r := Result{Person: p.ID, At: w.clock().UTC(), T: w.t}
			if p.carried != nil {
				r.Parcel = p.carried.ID
			}
			done <- r
			return true
		})
	return nil
}

// lastLeaving reports whether nobody else is at the door: others may hold it
// open for longer than p waits.
func (w *World) lastLeaving(p *person) bool {
	for _, o := range w.people {
		if o != p && o.pos.Y < 0 {
			return false
		}
	}
	return true
}

func (w *World) slot(id string) (*place, error) {
	if p := w.layout.byID[strings.ToUpper(strings.TrimSpace(id))]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("slot %q: %w", id, room.ErrNotFound)
}

func (w *World) place(a Action, done chan<- Result) error {
	p, err := w.who(a)
	if err != nil {
		return err
	}
	to, err := w.slot(a.Slot)
	if err != nil {
		return err
	}
	carried := p.carried
	if carried == nil || len(p.steps) > 0 {
		carried = nil
		if a.Size == "" {
			a.Size = string(SizeMedium)
		}
	} else if a.Size != "" {
		return fmt.Errorf("place: %w: %s has a parcel in hand; put that one down first", room.ErrConflict, p.ID)
	}
	if carried == nil {
		size, ok := ParseSize(a.Size)
		if !ok {
			return fmt.Errorf("place: %w: size %q is none of E, S, M, L, XL", room.ErrInvalid, a.Size)
		}
		name := a.Parcel
		if name == "" {
			name = fmt.Sprintf("x%d", w.parcels+1)
		}
		for _, r := range w.rests {
			if r.parcel.ID == name {
				return fmt.Errorf("place: %w: there is a parcel %s already", room.ErrConflict, name)
			}
		}
		w.parcels++
		carried = newParcel(name, size, w.cfg.Seed*100_000+uint64(w.parcels))
	}
	if _, err := w.free(to, carried); err != nil {
		return err
	}
	if p.carried == nil {
		p.steps = append(p.steps,
			w.walk(p, Vec{w.layout.cameras[to.camera].pos.X + 0.4, cartY, 0}),
			func(float64) bool { w.pickUp(p, carried); return true })
	}
	w.putDown(p, to, nil, done)
	return nil
}

func (w *World) take(a Action, done chan<- Result) error {
	p, err := w.who(a)
	if err != nil {
		return err
	}
	if p.carried != nil {
		return fmt.Errorf("take: %w: %s has a parcel in hand", room.ErrConflict, p.ID)
	}
	r, err := w.findTyped(a.Slot, a.Parcel)
	if err != nil {
		return err
	}
	w.pullOut(p, r, func(h Happening) {
		h.Kind = room.ChangeRemoved
		w.history = append(w.history, h)
		done <- Result{Person: p.ID, Parcel: h.Parcel, Slot: h.Slot, Camera: h.Camera, BBox: &h.BBox, At: h.At, T: h.T}
	})
	return nil
}

// look lets somebody reach into a slot and take nothing.
func (w *World) look(a Action, done chan<- Result) error {
	p, err := w.who(a)
	if err != nil {
		return err
	}
	if p.carried != nil {
		return fmt.Errorf("look: %w: %s has a parcel in hand", room.ErrConflict, p.ID)
	}
	s, err := w.slot(a.Slot)
	if err != nil {
		return err
	}
	w.reachInto(p, s, func() {
		done <- Result{Person: p.ID, Slot: s.id, Camera: cameraName(s.camera), At: w.clock().UTC(), T: w.t}
	})
	return nil
}

func (w *World) findTyped(slot, parcel string) (*rest, error) {
	if slot != "" {
		p, err := w.slot(slot)
		if err != nil {
			return nil, err
		}
		slot = p.id
	}
	if slot == "" && parcel == "" {
		return nil, fmt.Errorf("take: %w: give slot or parcel", room.ErrInvalid)
	}
	return w.find(slot, parcel)
}

func (w *World) move(a Action, done chan<- Result) error {
	p, err := w.who(a)
	if err != nil {
		return err
	}
	if p.carried != nil {
		return fmt.Errorf("move: %w: %s has a parcel in hand", room.ErrConflict, p.ID)
	}
	r, err := w.findTyped(a.From, a.Parcel)
	if err != nil {
		return err
	}
	to, err := w.slot(a.To)
	if err != nil {
		return err
	}
	if _, err := w.free(to, r.parcel); err != nil {
		return err
	}
	from := new(Happening)
	w.pullOut(p, r, func(h Happening) { *from = h })
	w.putDown(p, to, from, done)
	return nil
}

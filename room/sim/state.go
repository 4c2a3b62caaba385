package sim

import (
	"time"

	"github.com/packroom/packroom/room"
)

// State is the whole truth about the simulated room.
type State struct {
	Time    time.Time              `json:"time"`
	T       float64                `json:"t_s"`
	Slots   []SlotState            `json:"slots"`
	People  []PersonState          `json:"people"`
	Door    DoorState              `json:"door"`
	Lamp    float64                `json:"lamp"`
	Laser   LaserState             `json:"laser"`
	Voice   []Spoken               `json:"voice"` // the last ones, newest last
	Cameras map[string]CameraState `json:"cameras"`
	Devices string                 `json:"devices"` // on, or off while their line is cut
	History []Happening            `json:"history"` // oldest first
}

// SlotState is a slot with what lies there.
type SlotState struct {
	ID      string        `json:"id"`
	Kind    room.SlotKind `json:"kind"`
	Camera  string        `json:"camera"`
	Light   room.Signal   `json:"light"`
	Parcels []ParcelState `json:"parcels"`
}

// ParcelState is a parcel at rest.
type ParcelState struct {
	ID   string    `json:"id"`
	Size Size      `json:"size"`
	BBox room.Rect `json:"bbox"`
}

// PersonState is somebody in the room.
type PersonState struct {
	ID      string `json:"id"`
	At      Vec    `json:"at"`
	Busy    bool   `json:"busy"`
	Carries string `json:"carries,omitempty"`
	Size    Size   `json:"size,omitempty"`
}

// DoorState is the door as it really is, whatever its contact says.
type DoorState struct {
	State   string  `json:"state"` // locked, unlocked, open
	Propped bool    `json:"propped"`
	Contact Contact `json:"contact"`
	Unlocks int     `json:"unlocks"` // how often the strike acted
}

// LaserState is the laser head's.
type LaserState struct {
	On   bool                  `json:"on"`
	Aim  room.Aim              `json:"aim"`
	Dots map[string]room.Point `json:"dots,omitempty"` // where the dot shows, by camera
}

// State tells everything there is to know.
func (w *World) State() State {
	st, propped, contact := w.door.view()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.door.mu.Lock()
	unlocks := w.door.unlocked
	w.door.mu.Unlock()
	s := State{
		Time: w.clock().UTC(), T: w.t, Lamp: w.lamp, Cameras: map[string]CameraState{},
		Door:    DoorState{State: st, Propped: propped, Contact: contact, Unlocks: unlocks},
		Devices: "on",
		Slots:   []SlotState{},
		People:  []PersonState{},
		// In JSON these are [] before anything happened, never null.
		Voice:   append([]Spoken{}, w.spoken[max(0, len(w.spoken)-20):]...),
		History: append([]Happening{}, w.history...),
	}
	if w.cutoff {
		s.Devices = "off"
	}
	for i := range w.layout.cameras {
		s.Cameras[cameraName(i)] = CameraOn
		if c, ok := w.cut[cameraName(i)]; ok {
			s.Cameras[cameraName(i)] = c
		}
	}
	for _, p := range w.layout.places {
		v := SlotState{ID: p.id, Kind: p.kind, Camera: cameraName(p.camera), Light: room.SignalOff, Parcels: []ParcelState{}}
		if l, ok := w.lights[p.id]; ok {
			v.Light = l
		}
		for _, r := range w.rests {
			if r.slot == p {
				v.Parcels = append(v.Parcels, ParcelState{ID: r.parcel.ID, Size: r.parcel.Size, BBox: w.shows(p, &r.box)})
			}
		}
		s.Slots = append(s.Slots, v)
	}
	for _, p := range w.people {
		v := PersonState{ID: p.ID, At: p.pos, Busy: len(p.steps) > 0}
		if p.carried != nil {
			v.Carries, v.Size = p.carried.ID, p.carried.Size
		}
		s.People = append(s.People, v)
	}
	if w.laser != nil {
		s.Laser = LaserState{On: true, Aim: *w.laser, Dots: map[string]room.Point{}}
		var people []figure
		for _, p := range w.people {
			people = append(people, figure{limbs: p.body()})
		}
		if dot := w.dot(*w.laser, people); dot != nil {
			for i := range w.layout.cameras {
				c := &w.layout.cameras[i]
				if x, y, d := c.project(*dot); d > nearPlane && x >= 0 && y >= 0 && x < float64(c.w) && y < float64(c.h) {
					s.Laser.Dots[cameraName(i)] = room.Point{x, y}
				}
			}
		}
	}
	return s
}

// watch waits until something visible changes after revision rev, or the
// channel given ends; it returns the present revision.
func (w *World) watch(done <-chan struct{}, rev int64) (int64, bool) {
	for {
		w.mu.Lock()
		now, wake := w.rev, w.wake
		w.mu.Unlock()
		if now != rev {
			return now, true
		}
		select {
		case <-done:
			return rev, false
		case <-wake:
		}
	}
}

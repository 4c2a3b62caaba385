package wled

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

// info is what GET /json/info tells, as far as it matters.
type info struct {
	Version string `json:"ver"`
	Name    string `json:"name"`
	LEDs    struct {
		Count       int `json:"count"`
		MaxSegments int `json:"maxseg"`
	} `json:"leds"`
	UDPPort  int    `json:"udpport"`
	Live     bool   `json:"live"` // somebody paints in realtime
	LiveMode string `json:"lm"`
	LiveFrom string `json:"lip"`
}

// state is a part of the controller's state, for POST /json/state.
type state struct {
	On         *bool     `json:"on,omitempty"`
	Brightness int       `json:"bri,omitempty"`
	Transition *int      `json:"transition,omitempty"` // tenths of a second
	Segments   []segment `json:"seg"`
}

// segment is a stretch of the strip.
type segment struct {
	ID        int      `json:"id"`
	Start     int      `json:"start"`
	Stop      int      `json:"stop"` // exclusive; 0 removes the segment
	Name      string   `json:"n,omitempty"`
	On        bool     `json:"on"`
	Colors    [][3]int `json:"col,omitempty"`
	Effect    int      `json:"fx"`
	Speed     int      `json:"sx"`
	Intensity int      `json:"ix"`
}

// WLED's effects.
const (
	solid   = 0
	blink   = 1 // a period is (255-speed)*20 ms, lit for intensity/256 of it
	breathe = 2 // a period is 65.5 s / (speed/8+10)
)

// show is a slot's segment.
func show(s segment, signal room.Signal, brightness float64) segment {
	c := light.Of(signal).Dim(brightness)
	s.On = c != light.Color{}
	s.Colors = [][3]int{{int(c.R), int(c.G), int(c.B)}, {}}
	s.Effect, s.Speed, s.Intensity = solid, 128, 128
	switch signal {
	case room.SignalHere2:
		s.Effect, s.Speed, s.Intensity = blink, 135, 230
	case room.SignalHere3:
		s.Effect, s.Speed, s.Intensity = blink, 175, 220
	case room.SignalHere4:
		s.Effect, s.Speed, s.Intensity = blink, 195, 210
	case room.SignalSuggest:
		s.Effect, s.Speed = breathe, 184
	case room.SignalWarn:
		s.Effect, s.Speed = blink, 225
	}
	return s
}

// segments are the slots' own, numbered in their order.
func (d *Driver) segments(shown map[string]room.Signal) []segment {
	all := make([]segment, len(d.spans))
	for i, s := range d.spans {
		all[i] = show(segment{ID: i, Start: s.First, Stop: s.First + s.Count, Name: s.Slot}, shown[s.Slot], d.brightness)
	}
	return all
}

// blank is what the strip shows where nobody leads anybody.
func (d *Driver) blank() []segment {
	if d.live != nil {
		return []segment{show(segment{ID: 0, Start: 0, Stop: d.last() + 1, Name: "packroom"}, room.SignalOff, d.brightness)}
	}
	return d.segments(nil)
}

// show sets the segments to what is to be shown.
func (d *Driver) show(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.rest.Call(ctx, http.MethodPost, "/json/state", state{Segments: d.segments(d.shown)}, nil)
	if err != nil {
		d.primed = false
		d.line.Lost(err)
	}
	return err
}

// errShort is a strip that ends before the slots do.
type errShort struct{ error }

func (e errShort) Unwrap() error { return e.error }

func short(err error) bool { return errors.As(err, new(errShort)) }

// reach asks the controller how it is and keeps that in the line. One that was
// away is prepared again.
func (d *Driver) reach(ctx context.Context) error {
	var got info
	err := d.rest.Call(ctx, http.MethodGet, "/json/info", nil, &got)
	if err == nil {
		err = d.fits(got)
	}
	if err == nil {
		err = d.prime(ctx, got)
	}
	if ctx.Err() != nil && err != nil {
		return err // we were stopped
	}
	if err != nil {
		d.mu.Lock()
		d.primed = false
		d.mu.Unlock()
		d.line.Lost(err)
		if short(err) {
			return fmt.Errorf("%w: %w", room.ErrUnavailable, err)
		}
		return err
	}
	d.line.Note("controller", got.Name+" "+got.Version)
	d.line.Note("leds", strconv.Itoa(got.LEDs.Count))
	d.line.Back()
	return nil
}

// fits checks that the strip has the LEDs that the slots need, and is ours.
func (d *Driver) fits(got info) error {
	for _, s := range d.spans {
		if end := s.First + s.Count; end > got.LEDs.Count {
			return errShort{room.Refuse(room.ErrInvalid, "device_leds",
				"slot {slot} ends at LED {led} and the strip \"{strip}\" has LEDs 0 to {last}: correct the option, or the length in WLED's LED preferences",
				"slot", s.Slot, "led", strconv.Itoa(end-1), "strip", got.Name, "last", strconv.Itoa(got.LEDs.Count-1))}
		}
	}
	if n := got.LEDs.MaxSegments; d.live == nil && n > 0 && len(d.spans) > n {
		return errShort{room.Refuse(room.ErrInvalid, "device_segments",
			"there are {slots} slots and this controller has {segments} segments: use mode realtime", "slots", strconv.Itoa(len(d.spans)), "segments", strconv.Itoa(n))}
	}
	if got.Live && (d.live == nil || !d.live.begun()) {
		return fmt.Errorf("%w: the strip is painted by %s (%s): end that program's realtime control", room.ErrUnavailable,
			cmp.Or(got.LiveFrom, "somebody else"), cmp.Or(got.LiveMode, "realtime"))
	}
	return nil
}

// prime prepares a controller that was not reached before or was away.
func (d *Driver) prime(ctx context.Context, got info) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live != nil {
		if err := d.live.to(d.rest.Host(), got.UDPPort); err != nil {
			return err
		}
	}
	if d.primed {
		return nil
	}
	on, now := true, 0
	segments := d.segments(d.shown)
	if d.live != nil {
		segments = d.blank() // what it shows when the realtime packets end
	}
	err := d.rest.Call(ctx, http.MethodPost, "/json/state", state{On: &on, Brightness: 255, Transition: &now, Segments: segments}, nil)
	d.primed = err == nil
	return err
}

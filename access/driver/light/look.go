// Package light turns the signals of slots into the colours of LEDs at a moment:
// what the drivers of lights share. It knows no wire.
//
// # What may be relied upon
//
//   - No signal is told by its colour alone: each has a rhythm of its own.
//   - Nothing flashes more than twice a second (WCAG 2.3.1 allows three).
//   - Lights of one moment are in step, on whatever controller they are.
package light

import (
	"math"
	"time"

	"github.com/packroom/packroom/room"
)

// Color is what an LED shows, as a controller takes it: no gamma.
type Color struct{ R, G, B uint8 }

// Dim gives c at a level from 0 to 1.
func (c Color) Dim(level float64) Color {
	f := func(v uint8) uint8 { return uint8(math.Round(float64(v) * min(max(level, 0), 1))) }
	return Color{f(c.R), f(c.G), f(c.B)}
}

// brighter mixes two lights on one LED.
func (c Color) brighter(d Color) Color {
	return Color{max(c.R, d.R), max(c.G, d.G), max(c.B, d.B)}
}

// Of is the colour that a signal is known by; black for off and for a signal
// that this version does not know.
func Of(s room.Signal) Color {
	switch s {
	case room.SignalHere:
		return Color{255, 255, 255}
	case room.SignalHere2:
		return Color{0, 255, 0}
	case room.SignalHere3:
		return Color{255, 0, 255}
	case room.SignalHere4:
		return Color{0, 255, 255}
	case room.SignalSuggest:
		return Color{0, 40, 255}
	case room.SignalWarn:
		return Color{255, 120, 0}
	}
	return Color{}
}

// Nearest is the signal whose colour comes nearest to c: what somebody sees who
// looks at an LED. SignalOff for a dark one.
func Nearest(c Color) room.Signal {
	best, at := room.SignalOff, 0.0
	for _, s := range []room.Signal{room.SignalHere, room.SignalHere2, room.SignalHere3, room.SignalHere4, room.SignalSuggest, room.SignalWarn} {
		k := Of(s)
		r, g, b := float64(k.R), float64(k.G), float64(k.B)
		like := (r*float64(c.R) + g*float64(c.G) + b*float64(c.B)) / math.Sqrt(r*r+g*g+b*b)
		if like > at {
			best, at = s, like
		}
	}
	return best
}

const (
	breath  = 2 * time.Second        // of a suggestion
	flash   = 600 * time.Millisecond // of a warning: 1.7 a second
	wink    = 2400 * time.Millisecond
	winkFor = 200 * time.Millisecond
)

// Level is how bright a signal is at a moment, 0 to 1.
func Level(s room.Signal, at time.Time) float64 {
	phase := func(period time.Duration) time.Duration { return time.Duration(at.UnixNano() % int64(period)) }
	winks := func(n time.Duration) float64 { // dark n times at the beginning of each period
		p := phase(wink)
		if p < n*2*winkFor && p%(2*winkFor) < winkFor {
			return 0.1
		}
		return 1
	}
	switch s {
	case room.SignalHere:
		return 1
	case room.SignalHere2:
		return winks(1)
	case room.SignalHere3:
		return winks(2)
	case room.SignalHere4:
		return winks(3)
	case room.SignalSuggest:
		return 0.6 + 0.4*math.Sin(2*math.Pi*phase(breath).Seconds()/breath.Seconds())
	case room.SignalWarn:
		if phase(flash) < flash/2 {
			return 1
		}
	}
	return 0
}

// Moves reports whether a signal's light changes by itself.
func Moves(s room.Signal) bool { return Of(s) != Color{} && s != room.SignalHere }

package vision

import (
	"errors"
	"time"
)

// Config tunes a Tracker. The zero value of a field means its default; the
// defaults are meant for every room, and lengths are fractions of the picture's
// width, so that a change of resolution changes nothing.
type Config struct {
	// WorkWidth is the width in pixels that pictures are analysed at. 320: a
	// shoebox three metres away in a 70 degree lens is still 20 pixels wide, and
	// a frame costs a millisecond or two.
	WorkWidth int
	// Settle is how long a place must be still before it is judged. 0.6 s: longer
	// than a hand rests between letting go and taking hold again, short enough
	// for an answer within a second of the withdrawal.
	Settle time.Duration
	// Quiet is how far people must be from a place that is judged, as a fraction
	// of the picture's width. 0.0125 (8 of 640 pixels): what motion blur and the
	// coder smear around a moving hand.
	Quiet float64
	// SmallestSide and SmallestArea bound what can be a parcel, as fractions of
	// the picture's width and area. 0.0125 (8 of 640 pixels), 0.0008 (about 14 x 14
	// of 640 x 360): an envelope lying flat in the back row.
	SmallestSide float64
	SmallestArea float64
	// Difference is the loss of correlation, 0..1, from which a place looks
	// different in structure. 0.5: a light that is switched keeps 0.8 of the
	// correlation of everything that has any.
	Difference float64
	// Chroma is the difference in colour from which a place looks different,
	// as a fraction of its brightness. 0.1: twice what a coder at 500 kbit/s does
	// to brown cardboard.
	Chroma float64
	// Brightness is the factor between two brightnesses from which a place looks
	// different whatever its structure. 1.6: people's soft shadows stay below.
	Brightness float64
	// LightStep is the share of the textured places that must change at once, in
	// most parts of the picture, to be a light (or a bump of the camera), not
	// people. 0.4: a lamp leaves what is in the shade.
	LightStep float64
	// MostShift is how far the camera may have been pushed and be believed, as a
	// fraction of the picture's width; beyond it, it says that it was moved.
	// 6 of 640 pixels: a slot's edge is then still nearer to its own shelf
	// than to the next.
	MostShift float64
	// Linger is how long somebody who stands quite still is taken for a person
	// rather than for a new piece of furniture.
	Linger time.Duration
	// Forget is how long a difference that is no parcel is kept apart before it
	// becomes part of the known picture.
	Forget time.Duration
	// Alike is the likeness, 0..1, from which a removed item and one placed in
	// the same visit are the same one.
	Alike float64
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	if c.WorkWidth == 0 {
		c.WorkWidth = 320
	}
	if c.Settle == 0 {
		c.Settle = 600 * time.Millisecond
	}
	if c.Linger == 0 {
		c.Linger = 3 * time.Minute
	}
	if c.Forget == 0 {
		c.Forget = 2 * time.Second
	}
	def(&c.Quiet, 0.0125)
	def(&c.SmallestSide, 0.0125)
	def(&c.SmallestArea, 0.0008)
	def(&c.Difference, 0.5)
	def(&c.Chroma, 0.1)
	def(&c.Brightness, 1.6)
	def(&c.LightStep, 0.4)
	def(&c.Alike, 0.8)
	def(&c.MostShift, 6.0/640)
	return c
}

// Validate reports the first thing wrong with c.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.WorkWidth < 80 || c.WorkWidth > 1920:
		return errors.New("vision: work width must be 80 to 1920 pixels")
	case c.Settle < 0 || c.Linger < 0 || c.Forget < 0:
		return errors.New("vision: times must not be negative")
	case c.Difference <= 0 || c.Difference >= 1:
		return errors.New("vision: difference must be between 0 and 1")
	case c.LightStep <= 0 || c.LightStep > 1:
		return errors.New("vision: light step must be between 0 and 1")
	}
	return nil
}

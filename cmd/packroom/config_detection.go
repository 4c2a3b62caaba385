package main

import (
	"fmt"
	"time"

	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/opencv"
)

// DetectionConfig is what is taken for a parcel, in physical terms. Pixels are
// those of a picture referenceWidth wide.
type DetectionConfig struct {
	Settle         time.Duration `yaml:"settle"`
	SmallestParcel float64       `yaml:"smallest_parcel"` // pixels
	LargestPush    float64       `yaml:"largest_push"`    // pixels
	Linger         time.Duration `yaml:"linger"`
	FPS            float64       `yaml:"fps"`
}

// referenceWidth is the width, in pixels, of the picture that sizes refer to.
const referenceWidth = 640

func defaultDetection() DetectionConfig {
	return DetectionConfig{Settle: 600 * time.Millisecond, SmallestParcel: 8, LargestPush: 6, Linger: 3 * time.Minute, FPS: 5}
}

// Validate reports the first thing wrong, beginning with its key.
func (c DetectionConfig) Validate() error {
	switch {
	case c.Settle < 200*time.Millisecond || c.Settle > 10*time.Second:
		return fmt.Errorf("settle: %s is not 200ms to 10s", c.Settle)
	case c.SmallestParcel < 4 || c.SmallestParcel > 100:
		return fmt.Errorf("smallest_parcel: %g is not 4 to 100 pixels", c.SmallestParcel)
	case c.LargestPush < 2 || c.LargestPush > 12:
		return fmt.Errorf("largest_push: %g is not 2 to 12 pixels", c.LargestPush)
	case c.Linger < 10*time.Second || c.Linger > time.Hour:
		return fmt.Errorf("linger: %s is not 10s to 1h", c.Linger)
	case c.FPS < 1 || c.FPS > 30:
		return fmt.Errorf("fps: %g is not 1 to 30", c.FPS)
	}
	return nil
}

// opencv is the detector's own form of it.
func (c DetectionConfig) opencv() opencv.Config {
	const area = 5.12 // a parcel's least area for the square of its shorter side, both as shares of the picture: 14 x 14 pixels where the side is 8
	side := c.SmallestParcel / referenceWidth
	return opencv.Config{MostFPS: c.FPS, Config: vision.Config{
		Settle: c.Settle, Linger: c.Linger, MostShift: c.LargestPush / referenceWidth,
		SmallestSide: side, SmallestArea: area * side * side,
	}}
}

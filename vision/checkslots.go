package vision

import (
	"errors"
	"fmt"
	"math"

	"github.com/packroom/packroom/room"
)

// ErrSlots says that a slots file cannot be used.
var ErrSlots = errors.New("slots file")

// CheckSlots reports the first thing wrong with a slots file: no slots, one
// named twice, a polygon that crosses itself, is empty, or lies outside.
func CheckSlots(f room.SlotsFile) error {
	if f.Width <= 0 || f.Height <= 0 {
		return fmt.Errorf("%w: width and height must be the picture's size, they are %d x %d", ErrSlots, f.Width, f.Height)
	}
	if len(f.Slots) == 0 {
		return fmt.Errorf("%w: it has no slots", ErrSlots)
	}
	seen := map[string]bool{}
	for i, s := range f.Slots {
		if s.ID == "" || seen[s.ID] {
			return fmt.Errorf("%w: slot %d: id %q is empty or used twice", ErrSlots, i+1, s.ID)
		}
		seen[s.ID] = true
		if err := checkPolygon(s.Polygon, float64(f.Width), float64(f.Height)); err != nil {
			return fmt.Errorf("%w: slot %s: %w", ErrSlots, s.ID, err)
		}
	}
	return nil
}

// FitSlots reports whether a slots file can be scaled to a video: the sides
// must have the same proportion, to 2 percent.
func FitSlots(f room.SlotsFile, width, height int) error {
	a, b := float64(f.Width)/float64(f.Height), float64(width)/float64(height)
	if math.Abs(a/b-1) > 0.02 {
		return fmt.Errorf("%w: it is drawn for %d x %d, which does not fit a video of %d x %d", ErrSlots, f.Width, f.Height, width, height)
	}
	return nil
}

// WorkSize is the size that pictures of a camera are looked at in.
func WorkSize(cfg Config, width, height int) (w, h int) {
	w = min(cfg.withDefaults().WorkWidth, width)
	return w, max(1, (height*w+width/2)/width)
}

func checkPolygon(p []room.Point, w, h float64) error {
	if len(p) < 3 {
		return fmt.Errorf("a polygon needs 3 corners or more, it has %d", len(p))
	}
	area, inside := 0.0, false
	for i := range p {
		q := p[(i+1)%len(p)]
		if math.IsNaN(p[i][0]) || math.IsNaN(p[i][1]) || math.IsInf(p[i][0], 0) || math.IsInf(p[i][1], 0) {
			return errors.New("a corner is not a number")
		}
		area += p[i][0]*q[1] - q[0]*p[i][1]
		inside = inside || (p[i][0] >= 0 && p[i][0] <= w && p[i][1] >= 0 && p[i][1] <= h)
	}
	if !inside {
		return fmt.Errorf("its polygon lies outside of the %g x %g picture", w, h)
	}
	for i := range p {
		for j := i + 2; j < len(p); j++ {
			if i == 0 && j == len(p)-1 {
				continue
			}
			if cross(p[i], p[i+1], p[j], p[(j+1)%len(p)]) {
				return fmt.Errorf("its polygon crosses itself: side %d and side %d", i+1, j+1)
			}
		}
	}
	if math.Abs(area)/2 < 1 {
		return errors.New("its polygon has no area")
	}
	return nil
}

// cross reports whether the open segments ab and cd meet.
func cross(a, b, c, d room.Point) bool {
	side := func(p, q, r room.Point) float64 {
		return (q[0]-p[0])*(r[1]-p[1]) - (q[1]-p[1])*(r[0]-p[0])
	}
	return side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0
}

package room

import (
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"io"
)

// LaserFile is a calibration as it is kept: what was measured in one camera's
// picture, whose size is Width by Height.
type LaserFile struct {
	Camera string       `json:"camera"`
	Width  int          `json:"width"`
	Height int          `json:"height"`
	Points []LaserPoint `json:"points"`
}

// ReadLaserFile reads a calibration and fits it again to pictures of the slots
// file's size.
func ReadLaserFile(r io.Reader, slots SlotsFile) (LaserFit, error) {
	var f LaserFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return LaserFit{}, fmt.Errorf("calibration of the laser: %w: %v", ErrInvalid, err)
	}
	if f.Width <= 0 || f.Height <= 0 {
		return LaserFit{}, fmt.Errorf(`calibration of the laser: %w: "width" and "height" must be the picture's size in pixels`, ErrInvalid)
	}
	for i := range f.Points {
		f.Points[i].At[0] *= float64(slots.Width) / float64(f.Width)
		f.Points[i].At[1] *= float64(slots.Height) / float64(f.Height)
	}
	return FitLaser(f.Points)
}

const (
	dotRise  = 24 // of 255: a dot is brighter than the dark picture by so much
	dotReach = 12 // pixels: a dot and its glow lie within it
)

// pixels are a picture's red, green, blue and alpha, row by row.
func pixels(m image.Image) []uint8 {
	b := m.Bounds()
	all := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(all, all.Bounds(), m, b.Min, draw.Src)
	return all.Pix
}

// FindDot finds the laser's dot in a picture, by what is brighter there than in
// one taken a moment before with the laser dark. ok is false where there is none,
// or more than one: a reflection, or somebody who moved.
func FindDot(dark, lit image.Image) (at Point, ok bool) {
	b := lit.Bounds()
	if b != dark.Bounds() {
		return Point{}, false
	}
	rise := make([]float64, b.Dx()*b.Dy())
	peak, where := 0.0, 0
	was, is := pixels(dark), pixels(lit)
	for i := range rise {
		a, c := was[4*i:4*i+3:4*i+3], is[4*i:4*i+3:4*i+3]
		up := float64(max(int(c[0])-int(a[0]), int(c[1])-int(a[1]), int(c[2])-int(a[2])))
		if rise[i] = up; up > peak {
			peak, where = up, i
		}
	}
	if peak < dotRise {
		return Point{}, false
	}
	px, py := where%b.Dx(), where/b.Dx()
	var sx, sy, sum float64
	for i, up := range rise {
		if up < peak/2 {
			continue
		}
		x, y := i%b.Dx(), i/b.Dx()
		if x < px-dotReach || x > px+dotReach || y < py-dotReach || y > py+dotReach {
			return Point{}, false
		}
		sx += up * (float64(x) + 0.5)
		sy += up * (float64(y) + 0.5)
		sum += up
	}
	return Point{sx / sum, sy / sum}, true
}

package opencv

import (
	"math"

	"github.com/packroom/packroom/vision"
)

// align takes a push of the camera off a frame: its pixels are where they would
// be had nobody touched the camera. What came into view at an edge, repeated,
// stands in for what went out of it.
func (d *Detector) align(f vision.Frame) vision.Frame {
	sx, sy := d.sight.Shift()
	dx := int(math.Round(sx * float64(f.Width) / float64(d.view.L.W)))
	dy := int(math.Round(sy * float64(f.Height) / float64(d.view.L.H)))
	if dx == 0 && dy == 0 {
		return f
	}
	if len(d.straight) != len(f.Pix) {
		d.straight = make([]byte, len(f.Pix))
	}
	shiftPixels(d.straight, f.Pix, f.Width, f.Height, dx, dy)
	f.Pix = d.straight
	return f
}

// shiftPixels sets each pixel of dst to the one of src that is dx, dy further,
// or the nearest to it.
func shiftPixels(dst, src []byte, w, h, dx, dy int) {
	from, to := max(0, -dx), min(w, w-dx) // columns of dst that src has
	for y := range h {
		in := src[min(max(y+dy, 0), h-1)*w*3:][:w*3]
		out := dst[y*w*3:][:w*3]
		copy(out[3*from:3*to], in[3*(from+dx):])
		for x := range from {
			copy(out[3*x:3*x+3], in)
		}
		for x := to; x < w; x++ {
			copy(out[3*x:3*x+3], in[3*(w-1):])
		}
	}
}

// look shows a frame to the sight, and gives it with the camera's movement
// taken off; ok says that anything may be decided by it.
func (d *Detector) look(f vision.Frame) (straight vision.Frame, ok bool, err error) {
	defer d.lap(&d.spent.Sight)()
	straight = d.align(f)
	if err := d.shrink(straight); err != nil {
		return f, false, err
	}
	if d.sight.Look(d.view, f.T) {
		straight = d.align(f)
		if err := d.shrink(straight); err != nil {
			return f, false, err
		}
	}
	said := d.problem
	d.problem = d.sight.Problem()
	if d.problem == "" && said != "" {
		d.tracker.Resume()
	}
	return straight, d.sight.Trusted(), nil
}

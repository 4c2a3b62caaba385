package ocr

import "github.com/packroom/packroom/room"

// Gray is an 8 bit grey picture, rows one after the other.
type Gray struct {
	Width, Height int
	Pix           []byte
}

// Turn gives g turned clockwise by quarters of a circle.
func (g Gray) Turn(quarters int) Gray {
	w, h := g.Width, g.Height
	switch quarters & 3 {
	case 1:
		out := Gray{Width: h, Height: w, Pix: make([]byte, w*h)}
		for y := range h {
			row := g.Pix[y*w : y*w+w]
			for x, v := range row {
				out.Pix[x*h+h-1-y] = v
			}
		}
		return out
	case 2:
		out := Gray{Width: w, Height: h, Pix: make([]byte, w*h)}
		for i, v := range g.Pix {
			out.Pix[len(g.Pix)-1-i] = v
		}
		return out
	case 3:
		out := Gray{Width: h, Height: w, Pix: make([]byte, w*h)}
		for y := range h {
			row := g.Pix[y*w : y*w+w]
			for x, v := range row {
				out.Pix[(w-1-x)*h+y] = v
			}
		}
		return out
	}
	return g
}

// Crop copies a part of g; the part is cut to what there is.
func (g Gray) Crop(x, y, w, h int) Gray {
	x0, y0 := min(max(x, 0), g.Width), min(max(y, 0), g.Height)
	x1, y1 := min(max(x+w, x0), g.Width), min(max(y+h, y0), g.Height)
	out := Gray{Width: x1 - x0, Height: y1 - y0, Pix: make([]byte, (x1-x0)*(y1-y0))}
	for r := range out.Height {
		copy(out.Pix[r*out.Width:(r+1)*out.Width], g.Pix[(y0+r)*g.Width+x0:(y0+r)*g.Width+x1])
	}
	return out
}

// Affine maps pixels of one picture to another's: x' = A[0]x + A[1]y + A[2],
// y' = A[3]x + A[4]y + A[5].
type Affine [6]float64

// Apply maps one point.
func (a Affine) Apply(x, y float64) (float64, float64) {
	return a[0]*x + a[1]*y + a[2], a[3]*x + a[4]*y + a[5]
}

// Bounds is the upright box around the image of a rectangle.
func (a Affine) Bounds(x, y, w, h float64) room.Rect {
	x0, y0 := a.Apply(x, y)
	x1, y1 := x0, y0
	for _, c := range [3][2]float64{{x + w, y}, {x, y + h}, {x + w, y + h}} {
		cx, cy := a.Apply(c[0], c[1])
		x0, y0, x1, y1 = min(x0, cx), min(y0, cy), max(x1, cx), max(y1, cy)
	}
	return room.Rect{x0, y0, x1 - x0, y1 - y0}
}

// Label is one printed area of a photograph, its tilt righted: its lines run
// along x or along y, in a direction that is not known yet.
type Label struct {
	Raw     Gray   // as photographed, at its own scale or larger
	Even    Gray   // scaled for reading, light evened out, paper near white
	ToPhoto Affine // pixels of Even to the photograph's
	CapPX   float64
	Upright float64 // likelihood that lines run along x, 0..1
	Ink     float64 // share of the photograph's print that lies here, 0..1
	Sharp   float64 // steepness of its edges, 0..1; below 0.2 nothing can be read
	Rect    room.Rect
}

// Photo is what imaging makes of one photograph.
type Photo struct {
	Width, Height int
	Brightness    float64 // mean of the paper's grey, 0..1
	Labels        []Label // most print first
	Appearance    []float32
}

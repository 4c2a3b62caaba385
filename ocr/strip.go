package ocr

import "math"

// Strip is where one line of text stands in a label, and how.
type Strip struct {
	X, Y, W, H float64 // upright box around its letters
	Slope      float64 // of the line: rise of y along x
	CapPX      float64 // height of its capitals
	Glyphs     int     // letters, about
	Ink        float64 // share of the line that is dark, 0..1
}

// look is how a line is shown to the text engine.
type look struct {
	cap     float64 // height that capitals are scaled to
	sharpen float64 // share of the difference to the neighbourhood that is added
}

// plainLook is the first try; the others are for lines that it did not settle.
var (
	plainLook  = look{cap: 32}
	otherLooks = []look{{cap: 40, sharpen: 1}, {cap: 26}, {cap: 34, sharpen: 2.5}}
)

// cutStrip takes one line out of a label: level, scaled, with a margin.
func cutStrip(g Gray, s Strip, how look) Gray {
	scale := how.cap / s.CapPX
	scale = min(max(scale, 0.4), 3)
	// the line's own height without what the slope adds
	h := max(s.H-math.Abs(s.Slope)*s.W, s.CapPX)
	pad := 0.45 * s.CapPX
	outW, outH := int((s.W+2*pad)*scale), int((h+2*pad)*scale)
	if outW < 4 || outH < 4 || outW > 6000 || outH > 600 {
		return Gray{}
	}
	out := Gray{Width: outW, Height: outH, Pix: make([]byte, outW*outH)}
	cx, cy := s.X+s.W/2, s.Y+s.H/2
	for y := range outH {
		dv := (float64(y)+0.5)/scale - pad - h/2
		for x := range outW {
			du := (float64(x)+0.5)/scale - pad - s.W/2
			out.Pix[y*outW+x] = sample(g, cx+du-0.5, cy+dv+s.Slope*du-0.5)
		}
	}
	if how.sharpen > 0 {
		sharpen(out, int(how.cap/6)+1, how.sharpen)
	}
	return out
}

// sharpen adds to each pixel its difference from the mean of a square around it.
func sharpen(g Gray, radius int, share float64) {
	w, h := g.Width, g.Height
	sum := make([]int32, (w+1)*(h+1))
	for y := range h {
		var row int32
		for x := range w {
			row += int32(g.Pix[y*w+x])
			sum[(y+1)*(w+1)+x+1] = sum[y*(w+1)+x+1] + row
		}
	}
	for y := range h {
		y0, y1 := max(y-radius, 0), min(y+radius+1, h)
		for x := range w {
			x0, x1 := max(x-radius, 0), min(x+radius+1, w)
			total := sum[y1*(w+1)+x1] - sum[y0*(w+1)+x1] - sum[y1*(w+1)+x0] + sum[y0*(w+1)+x0]
			mean := float64(total) / float64((y1-y0)*(x1-x0))
			v := float64(g.Pix[y*w+x])
			g.Pix[y*w+x] = byte(min(max(v+share*(v-mean), 0), 255))
		}
	}
}

// sample is g at a point between pixels; paper outside.
func sample(g Gray, x, y float64) byte {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	if x0 < 0 || y0 < 0 || x0+1 >= g.Width || y0+1 >= g.Height {
		return 245
	}
	fx, fy := x-float64(x0), y-float64(y0)
	i := y0*g.Width + x0
	top := float64(g.Pix[i])*(1-fx) + float64(g.Pix[i+1])*fx
	bottom := float64(g.Pix[i+g.Width])*(1-fx) + float64(g.Pix[i+g.Width+1])*fx
	return byte(top*(1-fy) + bottom*fy + 0.5)
}

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

// stripCap is the height of capitals that a line is scaled to before it is read.
const stripCap = 32.0

// cutStrip takes one line out of a label: level, scaled, with a margin.
func cutStrip(g Gray, s Strip) Gray {
	scale := stripCap / s.CapPX
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
	return out
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

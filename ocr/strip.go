package ocr

import "math"

// paper is the grey of paper in an evenly lit picture.
const paper = 245

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
	second  bool    // by the second engine
	figures bool    // read as figures and capitals alone
}

// plainLook is the first try; the others are for lines that it did not settle.
var (
	plainLook  = look{cap: 32}
	secondLook = look{cap: 32, second: true}
	otherLooks = []look{{cap: 40, sharpen: 1}, {cap: 26}, {cap: 34, sharpen: 2.5}}
)

// firstLook is the first try on a label: print that is not sharp is sharpened.
func firstLook(l Label) look {
	if l.Sharp < blurred {
		return look{cap: 32, sharpen: 2}
	}
	return plainLook
}

// blurred is the sharpness below which letters have soft edges.
const blurred = 0.02

// cutStrip takes one line out of a label: level, scaled, with a margin.
func cutStrip(g Gray, s Strip, how look) Gray {
	tallest := 22.0 // pixels around a line that are looked at
	scale := how.cap / s.CapPX
	if k := int(1 / scale); k >= 2 {
		m := int(s.CapPX)
		x, y := int(s.X)-m, int(s.Y)-m
		g = shrink(g.Crop(x, y, int(s.W)+2*m, int(s.H)+2*m), k)
		f := 1 / float64(k)
		s.X, s.Y, s.W, s.H, s.CapPX = (s.X-float64(max(x, 0)))*f, (s.Y-float64(max(y, 0)))*f, s.W*f, s.H*f, s.CapPX*f
		tallest *= f
		scale = how.cap / s.CapPX
	}
	scale = min(max(scale, 0.4), 3)
	// the line's own height without what the slope adds
	h := max(s.H-math.Abs(s.Slope)*s.W, s.CapPX)
	pad := 0.45 * s.CapPX
	around := min(pad, tallest)
	outW, outH := int((s.W+2*pad)*scale), int((h+2*pad)*scale)
	if outW < 4 || outH < 4 || outW > 6000 || outH > 600 {
		return Gray{}
	}
	out := Gray{Width: outW, Height: outH, Pix: make([]byte, outW*outH)}
	cx, cy := s.X+s.W/2, s.Y+s.H/2
	for y := range outH {
		dv := (float64(y)+0.5)/scale - pad - h/2
		if math.Abs(dv) > h/2+around { // beside tall print: other lines
			for x := range outW {
				out.Pix[y*outW+x] = paper
			}
			continue
		}
		for x := range outW {
			du := (float64(x)+0.5)/scale - pad - s.W/2
			out.Pix[y*outW+x] = sample(g, cx+du-0.5, cy+dv+s.Slope*du-0.5)
		}
	}
	dropRules(out, int(pad*scale+how.cap/3))
	if how.sharpen > 0 {
		sharpen(out, int(how.cap/6)+1, how.sharpen)
	}
	return out
}

// shrink makes one pixel of the mean of k by k.
func shrink(g Gray, k int) Gray {
	out := Gray{Width: g.Width / k, Height: g.Height / k}
	out.Pix = make([]byte, out.Width*out.Height)
	for y := range out.Height {
		for x := range out.Width {
			sum := 0
			for v := range k {
				for _, p := range g.Pix[(y*k+v)*g.Width+x*k : (y*k+v)*g.Width+x*k+k] {
					sum += int(p)
				}
			}
			out.Pix[y*out.Width+x] = byte(sum / (k * k))
		}
	}
	return out
}

// dropRules paints over upright rules near the ends of a line: the frame around
// an address, which would be read as a letter. What is dark from top to bottom,
// also above and below the letters, is one.
func dropRules(g Gray, reach int) {
	rule := func(x int) bool {
		dark := 0
		for y := range g.Height {
			if g.Pix[y*g.Width+x] < 150 {
				dark++
			}
		}
		return dark*100 > g.Height*88
	}
	wipe := func(x0, x1 int) {
		for y := range g.Height {
			for x := max(x0, 0); x < min(x1, g.Width); x++ {
				g.Pix[y*g.Width+x] = paper
			}
		}
	}
	reach = min(reach, g.Width/4)
	for x := reach; x >= 0; x-- {
		if rule(x) {
			wipe(0, x+3)
			break
		}
	}
	for x := g.Width - 1 - reach; x < g.Width; x++ {
		if rule(x) {
			wipe(x-2, g.Width)
			break
		}
	}
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
		return paper
	}
	fx, fy := x-float64(x0), y-float64(y0)
	i := y0*g.Width + x0
	top := float64(g.Pix[i])*(1-fx) + float64(g.Pix[i+1])*fx
	bottom := float64(g.Pix[i+g.Width])*(1-fx) + float64(g.Pix[i+g.Width+1])*fx
	return byte(top*(1-fy) + bottom*fy + 0.5)
}

package imaging

import (
	"math"
	"sort"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/ocr"
)

// glyph is one dark blob of a letter's size.
type glyph struct {
	x, y, w, h float64
	area       float64
}

func (g glyph) cx() float64 { return g.x + g.w/2 }
func (g glyph) cy() float64 { return g.y + g.h/2 }

// Strips finds lines of text along x in an evenly lit picture whose capitals are
// about capPX high. Barcodes, rules and noise are left out as far as their shape
// tells.
func (Prepare) Strips(g ocr.Gray, capPX float64) []ocr.Strip {
	if capPX <= 0 {
		capPX = targetCap
	}
	glyphs := findGlyphs(g, capPX)
	groups := chain(glyphs)
	var out []ocr.Strip
	var alone []glyph
	for _, grp := range groups {
		if s, ok := strip(grp, capPX); ok {
			out = append(out, s)
		} else if len(grp) <= 2 {
			alone = append(alone, grp...)
		}
	}
	for i := range out {
		out[i] = withInitials(out[i], alone)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Y < out[j].Y })
	return out
}

// withInitials takes letters that stand alone before or behind a line into it: in
// wide print the space after an initial is as large as between two columns.
func withInitials(s ocr.Strip, alone []glyph) ocr.Strip {
	const reach, narrowest = 2.6, 0.3 // capitals' heights; a glyph's width by its height, since a frame is no letter
	for range 2 {
		for _, g := range alone {
			middle := s.Y + s.H/2 + s.Slope*(g.cx()-s.X-s.W/2)
			if g.h < 0.7*s.CapPX || g.h > 1.35*s.CapPX || g.w < narrowest*g.h || math.Abs(g.cy()-middle) > 0.35*s.CapPX {
				continue
			}
			before, behind := s.X-g.x-g.w, g.x-s.X-s.W
			if gap := max(before, behind); gap < 0 || gap > reach*s.CapPX {
				continue
			}
			x0, x1 := min(s.X, g.x), max(s.X+s.W, g.x+g.w)
			y0, y1 := min(s.Y, g.y), max(s.Y+s.H, g.y+g.h)
			s.X, s.W, s.Y, s.H = x0, x1-x0, y0, y1-y0
			s.Glyphs++
		}
	}
	return s
}

func findGlyphs(g ocr.Gray, capPX float64) []glyph {
	m, err := gocv.NewMatFromBytes(g.Height, g.Width, gocv.MatTypeCV8U, g.Pix)
	if err != nil {
		return nil
	}
	defer m.Close()
	bin := gocv.NewMat()
	defer bin.Close()
	gocv.AdaptiveThreshold(m, &bin, 255, gocv.AdaptiveThresholdMean, gocv.ThresholdBinaryInv, int(capPX*1.6)|1, 14)
	labels, stats, centroids := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer labels.Close()
	defer stats.Close()
	defer centroids.Close()
	n := gocv.ConnectedComponentsWithStats(bin, &labels, &stats, &centroids)
	var out []glyph
	for i := 1; i < n; i++ {
		q := glyph{
			x: float64(stats.GetIntAt(i, 0)), y: float64(stats.GetIntAt(i, 1)),
			w: float64(stats.GetIntAt(i, 2)), h: float64(stats.GetIntAt(i, 3)), area: float64(stats.GetIntAt(i, 4)),
		}
		switch {
		case q.h < 0.3*capPX || q.h > 4.5*capPX:
		case q.w > 2.2*q.h && q.h > 1.7*capPX, q.w > 14*capPX:
		case q.h > 1.6*capPX && q.w*3.2 < q.h: // a bar
		case q.w < 0.06*capPX:
		case q.area < 0.12*q.w*q.h: // a frame, a fold
		default:
			out = append(out, q)
		}
	}
	return out
}

// chain joins glyphs that stand side by side on one line.
func chain(gs []glyph) [][]glyph {
	sort.Slice(gs, func(i, j int) bool { return gs[i].x < gs[j].x })
	parent := make([]int, len(gs))
	for i := range parent {
		parent[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i, a := range gs {
		best, at := math.Inf(1), -1
		for j := i + 1; j < len(gs); j++ {
			b := gs[j]
			gap := b.x - (a.x + a.w)
			if gap > 1.7*max(a.h, b.h) {
				if b.x-a.x > a.w+200 {
					break
				}
				continue
			}
			if gap < -0.6*min(a.w, b.w) || a.h > 2.1*b.h || b.h > 2.1*a.h {
				continue
			}
			overlap := min(a.y+a.h, b.y+b.h) - max(a.y, b.y)
			if overlap < 0.55*min(a.h, b.h) {
				continue
			}
			cost := max(gap, 0) + 2*math.Abs(a.cy()-b.cy())
			if cost < best {
				best, at = cost, j
			}
		}
		if at >= 0 {
			parent[root(at)] = root(i)
		}
	}
	byRoot := map[int][]glyph{}
	for i, g := range gs {
		r := root(i)
		byRoot[r] = append(byRoot[r], g)
	}
	roots := make([]int, 0, len(byRoot))
	for r := range byRoot {
		roots = append(roots, r)
	}
	sort.Ints(roots)
	out := make([][]glyph, 0, len(roots))
	for _, r := range roots {
		out = append(out, byRoot[r])
	}
	return out
}

// strip judges whether a chain of glyphs is a line of text and measures it.
func strip(gs []glyph, capPX float64) (ocr.Strip, bool) {
	hs := make([]float64, len(gs))
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	var ink float64
	for i, g := range gs {
		hs[i] = g.h
		x0, y0, x1, y1 = min(x0, g.x), min(y0, g.y), max(x1, g.x+g.w), max(y1, g.y+g.h)
		ink += g.area
	}
	sort.Float64s(hs)
	med := hs[len(hs)/2]
	tall := hs[min(len(hs)*8/10, len(hs)-1)]
	w, h := x1-x0, y1-y0
	if w < 1.1*med || (len(gs) < 2 && w < 2.5*med) {
		return ocr.Strip{}, false
	}
	slope, rough := straightest(gs, tall)
	if w <= 4*med {
		slope = 0
	}
	if math.Abs(slope) > 0.25 || rough > 0.45*med {
		return ocr.Strip{}, false
	}
	if h > 2.6*tall+math.Abs(slope)*w {
		return ocr.Strip{}, false
	}
	return ocr.Strip{X: x0, Y: y0, W: w, H: h, Slope: slope, CapPX: tall, Glyphs: len(gs), Ink: ink / (w * tall)}, true
}

// straightest is the slope of a line of glyphs, and how far they stand from it:
// of the line through their middles, or of the one they stand on where that is
// much straighter, as with figures of two sizes.
func straightest(gs []glyph, tall float64) (slope, rough float64) {
	slope, rough = fitLine(gs, tall, glyph.cy)
	const much = 0.5
	if s, r := fitLine(gs, tall, func(g glyph) float64 { return g.y + g.h }); r < much*rough {
		return s, r
	}
	return slope, rough
}

// fitLine lays a line through one point of every tall glyph, by least squares,
// and tells how far from it the points of all are in the mean.
func fitLine(gs []glyph, tall float64, point func(glyph) float64) (slope, rough float64) {
	var sx, sy, sxx, sxy, n float64
	for _, g := range gs {
		if g.h >= 0.6*tall {
			x, y := g.cx(), point(g)
			sx, sy, sxx, sxy, n = sx+x, sy+y, sxx+x*x, sxy+x*y, n+1
		}
	}
	if n == 0 {
		return 0, 0
	}
	if d := n*sxx - sx*sx; n >= 4 && d > 0 {
		slope = (n*sxy - sx*sy) / d
	}
	for _, g := range gs {
		rough += math.Abs(point(g) - (sy-slope*sx)/n - slope*g.cx())
	}
	return slope, rough / float64(len(gs))
}

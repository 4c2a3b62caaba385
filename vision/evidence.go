package vision

import "math"

// evidence is what speaks for a thing having come or gone at a place, from the
// pictures before and after. Each is the logarithm of after over before:
// positive for a thing that is there now.
type evidence struct {
	outline float64 // edges along the place's outline
	apart   float64 // difference in brightness and colour across the outline
	blown   float64 // share of places where either picture shows light and no longer things
	kept    float64 // correlation of the slopes inside: near 1 where only the light is another
	none    bool    // a lamp is all around: nothing can be told
	part    float64 // share of all that changed in one piece with it
	lit     float64 // share of the outline beside which the light has changed and nobody was
	rested  bool    // no light has changed there for a while before people came
}

// score joins the cues: positive = placed.
func (e evidence) score() float64 { return e.outline + e.apart }

// evidenceOf looks at the outline of in, a blob's own mask, but for the parts
// along a lamp: doubt is by how many gray levels lamps may change a place.
//
//go:norace
func evidenceOf(b Blob, in Mask, doubt []float32, before, after View) evidence {
	w, h := before.L.W, before.L.H
	gain := ringGain(b, in, before.L, after.L)
	var edgeBefore, edgeAfter, apartBefore, apartAfter, n float64
	for _, p := range b.Pix {
		i := int(p)
		x, y := i%w, i/w
		if x < 4 || y < 4 || x >= w-4 || y >= h-4 {
			continue
		}
		// The outward normal, by the mask's own slope.
		nx := float64(in[i-1]) - float64(in[i+1]) + float64(in[i-1-w]) - float64(in[i+1-w]) + float64(in[i-1+w]) - float64(in[i+1+w])
		ny := float64(in[i-w]) - float64(in[i+w]) + float64(in[i-w-1]) - float64(in[i+w-1]) + float64(in[i-w+1]) - float64(in[i+w+1])
		if in[i-1] != 0 && in[i+1] != 0 && in[i-w] != 0 && in[i+w] != 0 {
			continue // inside
		}
		l := math.Hypot(nx, ny)
		if l == 0 {
			continue
		}
		nx, ny = nx/l, ny/l
		outside := (y+round(3*ny))*w + x + round(3*nx)
		if max(doubt[i], doubt[outside]) > lampBlinds {
			continue
		}
		edgeBefore += steepest(before.L, x, y, nx, ny)
		edgeAfter += steepest(after.L, x, y, nx, ny) / gain
		apartBefore += across(before, x, y, nx, ny, 1)
		apartAfter += across(after, x, y, nx, ny, gain)
		n++
	}
	if n == 0 {
		return evidence{none: true}
	}
	const floor = 2 // gray levels: below it an edge is noise
	return evidence{
		outline: math.Log((edgeAfter/n + floor) / (edgeBefore/n + floor)),
		apart:   math.Log((apartAfter/n + floor) / (apartBefore/n + floor)),
		kept:    keptSlopes(b, doubt, before.L, after.L),
		blown:   blownShare(b, before.L, after.L),
	}
}

// lampBlinds is by how many gray levels a lamp must change a place for its edges
// to say nothing about things.
const lampBlinds = 15

// blown is the brightness from which a picture shows light and no longer things.
const blown = 247

// blownShare is the share of b that is overexposed before or after.
//
//go:norace
func blownShare(b Blob, before, after Plane) float64 {
	n := 0
	for _, i := range b.Pix {
		if before.Pix[i] > blown || after.Pix[i] > blown {
			n++
		}
	}
	return float64(n) / float64(max(b.Area, 1))
}

// keptSlopes correlates the slopes of brightness in b before and after. Light
// keeps their directions whatever it does to their size. The slopes that lamps
// make are left out.
//
//go:norace
func keptSlopes(b Blob, doubt []float32, before, after Plane) float64 {
	var pp, qq, pq float64
	w := before.W
	for _, p := range b.Pix {
		i := int(p)
		if x, y := i%w, i/w; x == 0 || y == 0 || x == w-1 || y == before.H-1 || doubt[i] > lampBlinds {
			continue
		}
		px, py := float64(before.Pix[i+1]-before.Pix[i-1]), float64(before.Pix[i+w]-before.Pix[i-w])
		qx, qy := float64(after.Pix[i+1]-after.Pix[i-1]), float64(after.Pix[i+w]-after.Pix[i-w])
		pp, qq, pq = pp+px*px+py*py, qq+qx*qx+qy*qy, pq+px*qx+py*qy
	}
	const floor = 8 // squared gray levels a place: what noise alone gives
	n := floor * float64(len(b.Pix))
	return pq / math.Sqrt((pp+n)*(qq+n))
}

// steepest is the largest change of brightness along the normal near x, y: the
// outline is known to two pixels only.
//
//go:norace
func steepest(p Plane, x, y int, nx, ny float64) float64 {
	most := 0.0
	for o := -3; o <= 1; o++ {
		a := p.At(x+round(nx*float64(o)), y+round(ny*float64(o)))
		b := p.At(x+round(nx*float64(o+1)), y+round(ny*float64(o+1)))
		most = max(most, math.Abs(float64(a-b)))
	}
	return most
}

// across is the difference between the places a little inside and a little
// outside of the outline.
//
//go:norace
func across(v View, x, y int, nx, ny, gain float64) float64 {
	i := (y-round(3*ny))*v.L.W + x - round(3*nx)
	o := (y+round(3*ny))*v.L.W + x + round(3*nx)
	l := float64(v.L.Pix[i]-v.L.Pix[o]) / gain
	c := math.Abs(float64(v.U.Pix[i]-v.U.Pix[o])) + math.Abs(float64(v.V.Pix[i]-v.V.Pix[o]))
	return math.Abs(l) + 60*c
}

// ringGain is how much brighter the surroundings of b have become.
//
//go:norace
func ringGain(b Blob, in Mask, before, after Plane) float64 {
	var p, q float64
	for y := max(b.Y0-5, 0); y < min(b.Y1+5, before.H); y++ {
		for x := max(b.X0-5, 0); x < min(b.X1+5, before.W); x++ {
			if i := y*before.W + x; in[i] == 0 {
				p += float64(before.Pix[i]) + 1
				q += float64(after.Pix[i]) + 1
			}
		}
	}
	if p == 0 {
		return 1
	}
	return min(max(q/p, 0.2), 5)
}

func round(v float64) int { return int(math.Floor(v + 0.5)) }

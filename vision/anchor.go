package vision

import (
	"cmp"
	"math"
	"slices"
)

const (
	anchorRadius = 6 // working pixels: 13 x 13 places, in which a corner is hardly ever like another
	anchorSide   = 2*anchorRadius + 1
	anchorsX     = 8  // one anchor in each of 8 x 6 parts of the picture,
	anchorsY     = 6  // so that whoever stands in front hides some and not all
	fewAnchors   = 16 // below which a picture has too little structure to tell: what there is may be the things themselves
	// sameAnchor is the correlation from which a place shows what it showed.
	sameAnchor = 0.5
)

// anchor is a small piece of the picture with a corner in it, by which the
// camera's own movement and the lens's state are told.
type anchor struct {
	x, y   int       // middle
	pix    []float32 // brightness without its mean, row by row
	norm   float32   // root of the sum of its squares
	fine   []float32 // its curvature: what is lost first where the picture is not sharp
	edge   float32   // sum of the squares of fine
	usual  float64   // correlation with the picture, in the long run
	sharp  float64   // share of the fine structure that is seen, in the long run
	hidden float64   // seconds for which it has not been seen, while others were
}

// chooseAnchors finds the best corner of each part of a picture, but for parts
// that taken names. noise is the variance of one picture's noise.
func chooseAnchors(l Plane, noise float32, taken func(part int) bool) []anchor {
	corners := cornerness(l)
	var out []anchor
	margin := anchorRadius + anchorReach(l.W) + 1
	least := 60 + 8*noise // squared gray levels a place, of the weaker direction
	for part := range anchorsX * anchorsY {
		if taken(part) {
			continue
		}
		x0, x1 := part%anchorsX*l.W/anchorsX, (part%anchorsX+1)*l.W/anchorsX
		y0, y1 := part/anchorsX*l.H/anchorsY, (part/anchorsX+1)*l.H/anchorsY
		best, bx, by := least, -1, -1
		for y := max(y0, margin); y < min(y1, l.H-margin); y++ {
			for x := max(x0, margin); x < min(x1, l.W-margin); x++ {
				if c := corners[y*l.W+x]; c > best {
					best, bx, by = c, x, y
				}
			}
		}
		if bx >= 0 {
			out = append(out, newAnchor(l, bx, by))
		}
	}
	return out
}

// part is the part of the picture that an anchor stands for.
func (a anchor) part(w, h int) int { return a.y*anchorsY/h*anchorsX + a.x*anchorsX/w }

// anchorReach is how far a camera's movement is looked for, in working pixels:
// 16 of 640.
func anchorReach(width int) int { return max(4, width/40) }

// cornerness gives for each place the weaker of the two eigenvalues of its
// surroundings' slopes (Shi and Tomasi 1994): large where the picture can be
// shifted in no direction without a difference.
func cornerness(l Plane) []float32 {
	w, h := l.W, l.H
	xx, yy, xy := make([]float32, w*h), make([]float32, w*h), make([]float32, w*h)
	for y := 1; y < h-1; y++ {
		for i := y*w + 1; i < y*w+w-1; i++ {
			dx, dy := (l.Pix[i+1]-l.Pix[i-1])/2, (l.Pix[i+w]-l.Pix[i-w])/2
			xx[i], yy[i], xy[i] = dx*dx, dy*dy, dx*dy
		}
	}
	tmp := make([]float32, w*h)
	for _, p := range [][]float32{xx, yy, xy} {
		boxMean(p, slices.Clone(p), tmp, w, h, anchorRadius)
	}
	for i := range xx {
		half, d := (xx[i]+yy[i])/2, (xx[i]-yy[i])/2
		xx[i] = half - float32(math.Sqrt(float64(d*d+xy[i]*xy[i])))
	}
	return xx
}

func newAnchor(l Plane, x, y int) anchor {
	a := anchor{x: x, y: y, usual: 1, sharp: 1}
	var sum float32
	for j := y - anchorRadius; j <= y+anchorRadius; j++ {
		row := l.Pix[j*l.W+x-anchorRadius : j*l.W+x+anchorRadius+1]
		a.pix = append(a.pix, row...)
		for _, v := range row {
			sum += v
		}
	}
	mean, squares := sum/float32(len(a.pix)), float32(0)
	for i := range a.pix {
		a.pix[i] -= mean
		squares += a.pix[i] * a.pix[i]
	}
	a.norm = float32(math.Sqrt(float64(squares)))
	a.fine = curvature(l, x, y)
	for _, c := range a.fine {
		a.edge += c * c
	}
	return a
}

// at correlates the anchor with the picture dx, dy beside its place: 1 where it
// is the same but for light.
func (a *anchor) at(l Plane, dx, dy int) float64 {
	var sum, squares, cross float32
	k := 0
	for j := a.y + dy - anchorRadius; j <= a.y+dy+anchorRadius; j++ {
		from := j*l.W + a.x + dx - anchorRadius
		row := l.Pix[from : from+anchorSide]
		for i, v := range row {
			sum += v
			squares += v * v
			cross += v * a.pix[k+i]
		}
		k += anchorSide
	}
	const floor = 4 // squared gray levels a place: below it is noise, like nothing
	n := float32(len(a.pix))
	spread := squares - sum*sum/n + floor*n
	return float64(cross) / (float64(a.norm) * math.Sqrt(float64(spread)))
}

// offset is where an anchor was found.
type offset struct {
	x, y         int // of the anchor
	dx, dy, like float64
}

// find looks for the anchor up to reach places around its own, to parts of one.
func (a *anchor) find(l Plane, reach int) offset {
	best, bx, by := -2.0, 0, 0
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			if v := a.at(l, dx, dy); v > best {
				best, bx, by = v, dx, dy
			}
		}
	}
	fx := vertex(a.at(l, bx-1, by), best, a.at(l, bx+1, by))
	fy := vertex(a.at(l, bx, by-1), best, a.at(l, bx, by+1))
	return offset{a.x, a.y, float64(bx) + fx, float64(by) + fy, best}
}

// vertex is where the parabola through three neighbours is highest, -0.5..0.5.
func vertex(a, b, c float64) float64 {
	d := a - 2*b + c
	if d >= 0 {
		return 0
	}
	return min(max((a-c)/(2*d), -0.5), 0.5)
}

// agree finds the movement that most anchors tell, to most of a place: a
// camera that turns a little moves its picture's corners differently. share is
// how many of all of them tell it; it is 0 where these lie in one half of the
// picture, for then a thing was pushed, and not the camera. w and h are the
// picture's size.
func agree(found []offset, w, h int) (dx, dy, share float64) {
	const near = 0.8
	most := 0
	for _, c := range found {
		if c.like < sameAnchor {
			continue
		}
		var xs, ys []float64
		quarters := map[[2]bool]bool{}
		for _, o := range found {
			if o.like >= sameAnchor && math.Abs(o.dx-c.dx) <= near && math.Abs(o.dy-c.dy) <= near {
				xs, ys = append(xs, o.dx), append(ys, o.dy)
				quarters[[2]bool{2*o.x > w, 2*o.y > h}] = true
			}
		}
		if len(xs) > most && len(quarters) > 2 {
			most, dx, dy = len(xs), median64(xs), median64(ys)
		}
	}
	return dx, dy, float64(most) / float64(max(len(found), 1))
}

// curvature is how much brighter each place around x, y is than its neighbours.
//
//go:norace
func curvature(l Plane, x, y int) []float32 {
	out := make([]float32, 0, anchorSide*anchorSide)
	for j := y - anchorRadius; j <= y+anchorRadius; j++ {
		for i := j*l.W + x - anchorRadius; i <= j*l.W+x+anchorRadius; i++ {
			out = append(out, 4*l.Pix[i]-l.Pix[i-1]-l.Pix[i+1]-l.Pix[i-l.W]-l.Pix[i+l.W])
		}
	}
	return out
}

// kept is the share of the anchor's fine structure that the picture shows, for
// what it shows of its coarse one: light changes both alike, and noise is like
// neither. A lens out of focus leaves little, and so does a coder that has too
// few bits.
func (a *anchor) kept(l Plane) float64 {
	var fine, coarse float32
	for j := range anchorSide {
		from := (a.y+j-anchorRadius)*l.W + a.x - anchorRadius
		above, row, below := l.Pix[from-l.W:][:anchorSide], l.Pix[from-1:][:anchorSide+2], l.Pix[from+l.W:][:anchorSide]
		pix, edges := a.pix[j*anchorSide:][:anchorSide], a.fine[j*anchorSide:][:anchorSide]
		for i := range above {
			v := row[i+1]
			coarse += v * pix[i]
			fine += (4*v - row[i] - row[i+2] - above[i] - below[i]) * edges[i]
		}
	}
	if coarse <= 0 || a.edge == 0 {
		return 0
	}
	return float64(fine/a.edge) / float64(coarse/(a.norm*a.norm))
}

// median64 is the middle one of some values; 0 for none.
func median64(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.SortFunc(v, cmp.Compare[float64])
	return v[len(v)/2]
}

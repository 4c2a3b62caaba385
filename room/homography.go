package room

import (
	"errors"
	"math"
)

// homography maps the points of one plane onto another's: row by row.
type homography [9]float64

// pair is a point and its image.
type pair struct{ from, to Point }

// at maps a point; ok is false for one on the horizon, and behind it.
func (h homography) at(p Point) (q Point, ok bool) {
	w := h[6]*p[0] + h[7]*p[1] + h[8]
	if math.Abs(w) < 1e-12 {
		return Point{}, false
	}
	q = Point{(h[0]*p[0] + h[1]*p[1] + h[2]) / w, (h[3]*p[0] + h[4]*p[1] + h[5]) / w}
	return q, true
}

// errDegenerate is what too few points, or points on one line, lead to.
var errDegenerate = errors.New("the points lie on one line, or are too few")

// fitHomography finds the homography that maps the pairs best: four or more. The
// points of both planes are brought to the middle and to one size first, without
// which the sums lose their digits (Hartley 1997).
func fitHomography(pairs []pair) (homography, error) {
	if len(pairs) < 4 {
		return homography{}, errDegenerate
	}
	a, ok1 := centred(pairs, func(p pair) Point { return p.from })
	b, ok2 := centred(pairs, func(p pair) Point { return p.to })
	if !ok1 || !ok2 {
		return homography{}, errDegenerate
	}
	var m [8][9]float64 // normal equations of the eight unknowns; the ninth is 1
	for _, p := range pairs {
		x, y := a.apply(p.from)
		u, v := b.apply(p.to)
		for _, row := range [2][9]float64{{x, y, 1, 0, 0, 0, -u * x, -u * y, u}, {0, 0, 0, x, y, 1, -v * x, -v * y, v}} {
			for i := range 8 {
				for j := range 9 {
					m[i][j] += row[i] * row[j]
				}
			}
		}
	}
	x, err := solve(m)
	if err != nil {
		return homography{}, err
	}
	h := b.inverse().times(homography{x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], 1}).times(a.matrix())
	if math.Abs(h.determinant()) < 1e-15*math.Pow(h.size(), 3) {
		return homography{}, errDegenerate
	}
	return h, nil
}

// frame moves points to the middle and scales them.
type frame struct{ x, y, scale float64 }

func centred(pairs []pair, of func(pair) Point) (frame, bool) {
	var f frame
	n := float64(len(pairs))
	for _, p := range pairs {
		f.x += of(p)[0] / n
		f.y += of(p)[1] / n
	}
	var spread float64
	for _, p := range pairs {
		spread += math.Hypot(of(p)[0]-f.x, of(p)[1]-f.y) / n
	}
	if spread == 0 || math.IsNaN(spread) || math.IsInf(spread, 0) {
		return f, false
	}
	f.scale = math.Sqrt2 / spread
	return f, true
}

func (f frame) apply(p Point) (x, y float64) { return (p[0] - f.x) * f.scale, (p[1] - f.y) * f.scale }

func (f frame) matrix() homography {
	return homography{f.scale, 0, -f.x * f.scale, 0, f.scale, -f.y * f.scale, 0, 0, 1}
}

func (f frame) inverse() homography {
	return homography{1 / f.scale, 0, f.x, 0, 1 / f.scale, f.y, 0, 0, 1}
}

func (h homography) times(g homography) (m homography) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[3*i+j] += h[3*i+k] * g[3*k+j]
			}
		}
	}
	return m
}

func (h homography) determinant() float64 {
	return h[0]*(h[4]*h[8]-h[5]*h[7]) - h[1]*(h[3]*h[8]-h[5]*h[6]) + h[2]*(h[3]*h[7]-h[4]*h[6])
}

// size is the largest of the entries.
func (h homography) size() float64 {
	var most float64
	for _, v := range h {
		most = max(most, math.Abs(v))
	}
	return most
}

// inverse is the way back.
func (h homography) inverse() homography {
	d := h.determinant()
	return homography{
		(h[4]*h[8] - h[5]*h[7]) / d, (h[2]*h[7] - h[1]*h[8]) / d, (h[1]*h[5] - h[2]*h[4]) / d,
		(h[5]*h[6] - h[3]*h[8]) / d, (h[0]*h[8] - h[2]*h[6]) / d, (h[2]*h[3] - h[0]*h[5]) / d,
		(h[3]*h[7] - h[4]*h[6]) / d, (h[1]*h[6] - h[0]*h[7]) / d, (h[0]*h[4] - h[1]*h[3]) / d,
	}
}

// solve solves eight linear equations by elimination.
func solve(m [8][9]float64) (x [8]float64, err error) {
	for c := range 8 {
		best := c
		for r := c + 1; r < 8; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[best][c]) {
				best = r
			}
		}
		if math.Abs(m[best][c]) < 1e-9 {
			return x, errDegenerate
		}
		m[c], m[best] = m[best], m[c]
		for r := range 8 {
			if r == c {
				continue
			}
			f := m[r][c] / m[c][c]
			for j := c; j < 9; j++ {
				m[r][j] -= f * m[c][j]
			}
		}
	}
	for i := range 8 {
		x[i] = m[i][8] / m[i][i]
	}
	return x, nil
}

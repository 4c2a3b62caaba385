package vision

import "math"

// structureRadius is the half width of the window that structure is compared
// in, in working pixels: 5 x 5, the smallest in which noise averages out.
const structureRadius = 2

// mostGain is how much stronger the contrast of one picture may be than the
// other's and still be explained by light. Beyond it a flat place has got
// structure or lost it.
const mostGain = 4

// tileSide is the side, in working pixels, of the tiles in which two pictures
// are compared or known to be alike.
const tileSide = 16

// structure compares two pictures, in tiles where something may be different: by
// their structure, 0 where one is the other times a gain plus an offset (light),
// up to 1 (and above, where contrast is reversed) where they show different
// things; and by their colour, smoothed because coders keep it in blocks only.
// Places without structure in either are alike.
type structure struct {
	w, h   int
	tw, th int // tiles across and down
	active []bool
	filled []bool // tiles of the last difference that hold any
	cols   []sums // over the window's rows, by column
}

// sums are what two pictures are compared by: of their brightness, its squares and
// product, and of the difference in colour.
type sums struct{ a, b, aa, bb, ab, du, dv float32 }

func (s *sums) add(o *sums) {
	s.a, s.b = s.a+o.a, s.b+o.b
	s.aa, s.bb, s.ab = s.aa+o.aa, s.bb+o.bb, s.ab+o.ab
	s.du, s.dv = s.du+o.du, s.dv+o.dv
}

func (s *sums) sub(o *sums) {
	s.a, s.b = s.a-o.a, s.b-o.b
	s.aa, s.bb, s.ab = s.aa-o.aa, s.bb-o.bb, s.ab-o.ab
	s.du, s.dv = s.du-o.du, s.dv-o.dv
}

func newStructure(w, h int) *structure {
	s := &structure{w: w, h: h, tw: (w + tileSide - 1) / tileSide, th: (h + tileSide - 1) / tileSide}
	s.active, s.filled = make([]bool, s.tw*s.th), make([]bool, s.tw*s.th)
	s.cols = make([]sums, w+2*structureRadius)
	return s
}

// difference is what two pictures differ in, by place.
type difference struct {
	structure []float32 // 0 alike, 1 something else
	u, v      []float32 // colour of the one less that of the other
}

func newDifference(n int) difference {
	return difference{make([]float32, n), make([]float32, n), make([]float32, n)}
}

// compare sets dst to the difference between a and b in the active tiles, and
// to none elsewhere; noise is the variance that the camera's noise gives each. dst
// is the same each time.
func (s *structure) compare(dst difference, a, b View, noise float32) {
	for k, active := range s.active {
		if s.filled[k] && !active {
			s.empty(dst, k%s.tw*tileSide, k/s.tw*tileSide)
		}
		s.filled[k] = active
	}
	for ty := range s.th {
		for tx := 0; tx < s.tw; tx++ {
			from := tx
			for tx < s.tw && s.active[ty*s.tw+tx] {
				tx++
			}
			if tx > from {
				s.strip(dst, a, b, noise, from*tileSide, min(tx*tileSide, s.w), ty*tileSide, min((ty+1)*tileSide, s.h))
			}
		}
	}
}

// empty sets one tile to no difference.
func (s *structure) empty(dst difference, x0, y0 int) {
	for y := y0; y < min(y0+tileSide, s.h); y++ {
		from, to := y*s.w+x0, y*s.w+min(x0+tileSide, s.w)
		clear(dst.structure[from:to])
		clear(dst.u[from:to])
		clear(dst.v[from:to])
	}
}

// strip compares one run of tiles.
//
//go:norace
func (s *structure) strip(dst difference, a, b View, noise float32, x0, x1, y0, y1 int) {
	const r, side = structureRadius, 2*structureRadius + 1
	n := x1 - x0 + 2*r
	cols := s.cols[:n]
	clear(cols)
	for y := y0 - r; y < y0+r; y++ {
		s.row(a, b, x0-r, n, y, 1)
	}
	for y := y0; y < y1; y++ {
		s.row(a, b, x0-r, n, y+r, 1)
		var sum sums
		for k := range side - 1 {
			sum.add(&cols[k])
		}
		const area = 1 / float32(side*side)
		for x := range x1 - x0 {
			sum.add(&cols[x+side-1])
			ma, mb := sum.a*area, sum.b*area
			i := y*s.w + x0 + x
			dst.structure[i] = unlike(sum.aa*area-ma*ma, sum.bb*area-mb*mb, sum.ab*area-ma*mb, noise)
			dst.u[i], dst.v[i] = sum.du*area, sum.dv*area
			sum.sub(&cols[x])
		}
		s.row(a, b, x0-r, n, y-r, -1)
	}
}

// row adds n places of row y, from x on, to the columns' sums, or takes them
// away again; outside of the picture its border is repeated.
//
//go:norace
func (s *structure) row(a, b View, x, n, y int, sign float32) {
	from := min(max(y, 0), s.h-1) * s.w
	al, au, av := a.part(from, from+s.w)
	bl, bu, bv := b.part(from, from+s.w)
	cols := s.cols[:n]
	for k := range cols {
		i := min(max(x+k, 0), len(al)-1)
		p, q, c := al[i], bl[i], &cols[k]
		c.a, c.b = c.a+sign*p, c.b+sign*q
		c.aa, c.bb, c.ab = c.aa+sign*p*p, c.bb+sign*q*q, c.ab+sign*p*q
		c.du, c.dv = c.du+sign*(au[i]-bu[i]), c.dv+sign*(av[i]-bv[i])
	}
}

// unlike is 1 - the correlation of two windows with variances va and vb and
// covariance cov, where noise does not count as structure.
func unlike(va, vb, cov, noise float32) float32 {
	c := 6*noise + 6                        // 6: one and a half gray levels of banding by the coder
	va, vb = atLeast(va, 0), atLeast(vb, 0) // rounding may leave a little below
	va, vb = atLeast(va, vb/(mostGain*mostGain)), atLeast(vb, va/(mostGain*mostGain))
	return 1 - (cov+c)/(float32(math.Sqrt(float64(va*vb)))+c)
}

// atLeast is max for numbers, which is quicker than for all that a float can be.
func atLeast(v, least float32) float32 {
	if v < least {
		return least
	}
	return v
}

// unlikeAt compares the windows around x, y alone.
//
//go:norace
func unlikeAt(a, b []float32, w, h, x, y int, noise float32) float32 {
	var sa, sb, saa, sbb, sab float32
	n := 0
	for j := max(y-structureRadius, 0); j <= min(y+structureRadius, h-1); j++ {
		from, to := j*w+max(x-structureRadius, 0), j*w+min(x+structureRadius, w-1)+1
		other := b[from:to]
		for i, p := range a[from:to] {
			q := other[i]
			sa, sb, saa, sbb, sab = sa+p, sb+q, saa+p*p, sbb+q*q, sab+p*q
		}
		n += to - from
	}
	share := 1 / float32(n)
	ma, mb := sa*share, sb*share
	return unlike(saa*share-ma*ma, sbb*share-mb*mb, sab*share-ma*mb, noise)
}

// noiseVariance estimates the variance of one picture's noise from two pictures
// of the same scene, by the median of their difference, which what moves does
// not reach while it covers less than half.
//
//go:norace
func noiseVariance(a, b []float32) float32 {
	const step = 29
	var room [2048]float32
	d := room[:0]
	for i := 0; i < len(a); i += step {
		v := a[i] - b[i]
		if v < 0 {
			v = -v
		}
		d = append(d, v)
	}
	s := 1.4826 * median(d) / math.Sqrt2
	return s * s
}

// median reorders v.
//
//go:norace
func median(v []float32) float32 {
	if len(v) == 0 {
		return 0
	}
	k, lo, hi := len(v)/2, 0, len(v)-1
	for lo < hi { // quickselect by Hoare
		pivot, i, j := v[(lo+hi)/2], lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	return v[k]
}

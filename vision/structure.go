package vision

import (
	"math"
	"slices"
)

// structureRadius is the half width of the window that structure is compared
// in, in working pixels: 5 x 5, the smallest in which noise averages out.
const structureRadius = 2

// mostGain is how much stronger the contrast of one picture may be than the
// other's and still be explained by light. Beyond it a flat place has got
// structure or lost it.
const mostGain = 4

// structure compares two pictures by their structure: 0 where one is the other
// times a gain plus an offset (light), up to 1 (and above, where contrast is
// reversed) where they show different things. Places without structure in
// either are alike.
type structure struct {
	w, h                    int
	tmp, ma, mb, aa, bb, ab []float32
}

func newStructure(w, h int) *structure {
	n := w * h
	s := &structure{w: w, h: h}
	for _, p := range []*[]float32{&s.tmp, &s.ma, &s.mb, &s.aa, &s.bb, &s.ab} {
		*p = make([]float32, n)
	}
	return s
}

// compare sets dst to the difference between a and b; noise is the variance
// that the camera's noise gives each of them.
func (s *structure) compare(dst, a, b []float32, noise float32) {
	prod := dst // scratch until the end
	box := func(to []float32, f func(i int) float32) {
		for i := range prod {
			prod[i] = f(i)
		}
		boxMean(to, prod, s.tmp, s.w, s.h, structureRadius)
	}
	boxMean(s.ma, a, s.tmp, s.w, s.h, structureRadius)
	boxMean(s.mb, b, s.tmp, s.w, s.h, structureRadius)
	box(s.aa, func(i int) float32 { return a[i] * a[i] })
	box(s.bb, func(i int) float32 { return b[i] * b[i] })
	box(s.ab, func(i int) float32 { return a[i] * b[i] })
	for i := range dst {
		va := max(s.aa[i]-s.ma[i]*s.ma[i], 0)
		vb := max(s.bb[i]-s.mb[i]*s.mb[i], 0)
		dst[i] = unlike(va, vb, s.ab[i]-s.ma[i]*s.mb[i], noise)
	}
}

// unlike is 1 - the correlation of two windows with variances va and vb and
// covariance cov, where noise does not count as structure.
func unlike(va, vb, cov, noise float32) float32 {
	c := 6*noise + 6 // 6: one and a half gray levels of banding by the coder
	va, vb = max(va, vb/(mostGain*mostGain)), max(vb, va/(mostGain*mostGain))
	return 1 - (cov+c)/(float32(math.Sqrt(float64(va*vb)))+c)
}

// unlikeAt compares the windows around x, y alone.
func unlikeAt(a, b []float32, w, h, x, y int, noise float32) float32 {
	var sa, sb, saa, sbb, sab, n float32
	for j := max(y-structureRadius, 0); j <= min(y+structureRadius, h-1); j++ {
		for i := j*w + max(x-structureRadius, 0); i <= j*w+min(x+structureRadius, w-1); i++ {
			p, q := a[i], b[i]
			sa, sb, saa, sbb, sab, n = sa+p, sb+q, saa+p*p, sbb+q*q, sab+p*q, n+1
		}
	}
	ma, mb := sa/n, sb/n
	return unlike(max(saa/n-ma*ma, 0), max(sbb/n-mb*mb, 0), sab/n-ma*mb, noise)
}

// noiseVariance estimates the variance of one picture's noise from two pictures
// of the same scene, by the median of their difference, which what moves does
// not reach while it covers less than half.
func noiseVariance(a, b []float32) float32 {
	const step = 13
	d := make([]float32, 0, len(a)/step+1)
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

func median(v []float32) float32 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

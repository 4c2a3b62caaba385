package vision

import "math"

// sureShift is the correlation from which a patch that is found again a little
// further on is the same thing, pushed.
const sureShift = 0.7

const (
	// litShift is the same beside a change of light: a patch of sun that slid is
	// found again too, though less exactly.
	litShift = 0.85
	// blownShift is the share of overexposed places from which it is sun.
	blownShift = 0.05
)

// leastShift is the smallest share of both places together that the thing must
// fill: a small patch is found again by chance.
const leastShift = 0.4

// findShift looks for a thing that was pushed by less than its own size: its old
// and its new place together make up b. It gives both places and the
// correlation of what is at the new one after with what was at the old one before.
func findShift(b Blob, before, after Plane) (from, to Blob, quality float64) {
	const least = 6 // working pixels of a patch's side that can be told apart
	w, h := b.W(), b.H()
	best := 0.0
	for dy := -h / 2; dy <= h/2; dy++ {
		for dx := -w * 7 / 10; dx <= w*7/10; dx++ {
			pw, ph := w-absInt(dx), h-absInt(dy)
			if absInt(dx) < 3 && absInt(dy) < 3 || pw < least || ph < least {
				continue
			}
			f := Blob{X0: b.X0 + max(-dx, 0), Y0: b.Y0 + max(-dy, 0)}
			f.X1, f.Y1 = f.X0+pw, f.Y0+ph
			share := float64(pw*ph) / float64(w*h)
			if share < leastShift {
				continue
			}
			q := correlation(before, after, f, dx, dy)
			if worth := q * math.Sqrt(share); worth > best {
				best, quality, from = worth, q, f
				to = Blob{X0: f.X0 + dx, Y0: f.Y0 + dy, X1: f.X1 + dx, Y1: f.Y1 + dy}
			}
		}
	}
	return from.filled(before.W), to.filled(before.W), quality
}

// filled is b with all the places of its box.
func (b Blob) filled(width int) Blob {
	b.Pix = nil
	for y := b.Y0; y < b.Y1; y++ {
		for x := b.X0; x < b.X1; x++ {
			b.Pix = append(b.Pix, int32(y*width+x))
		}
	}
	b.Area = len(b.Pix)
	return b
}

// correlation compares the box f of before with the one dx, dy further on of after.
//
//go:norace
func correlation(before, after Plane, f Blob, dx, dy int) float64 {
	var s pairs
	for y := f.Y0; y < f.Y1; y++ {
		p := before.Pix[y*before.W+f.X0 : y*before.W+f.X1]
		q := after.Pix[(y+dy)*after.W+f.X0+dx : (y+dy)*after.W+f.X1+dx]
		for i := range p {
			s.add(p[i], q[i])
		}
	}
	return s.correlation()
}

// pairs sums up two looks of one place for their correlation.
type pairs struct{ n, p, q, pp, qq, pq float64 }

func (s *pairs) add(p, q float32) {
	a, c := float64(p), float64(q)
	s.n, s.p, s.q, s.pp, s.qq, s.pq = s.n+1, s.p+a, s.q+c, s.pp+a*a, s.qq+c*c, s.pq+a*c
}

// correlation is 0 where one of them has nothing to be recognised by.
func (s *pairs) correlation() float64 {
	va, vb := s.pp-s.p*s.p/s.n, s.qq-s.q*s.q/s.n
	if s.n == 0 || va < 16*s.n || vb < 16*s.n {
		return 0
	}
	return (s.pq - s.p*s.q/s.n) / math.Sqrt(va*vb)
}

func absInt(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

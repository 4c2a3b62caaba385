package vision

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Mask marks places of a picture: 1 where something holds.
type Mask []uint8

// rows gives the first row with a marked place and the one after the last.
func (m Mask) rows(w, h int) (from, to int) {
	first := bytes.IndexByte(m, 1)
	if first < 0 {
		return 0, 0
	}
	return first / w, bytes.LastIndexByte(m, 1)/w + 1
}

// shaper changes the shape of masks of w x h. It keeps the memory that this
// takes: a picture needs megabytes of it. Not safe for concurrent use.
type shaper struct {
	w, h         int
	wide, closed Mask
	seen         Mask
	stack, hole  []int32
	runs         []run
}

func newShaper(w, h int) *shaper {
	return &shaper{w: w, h: h, closed: make(Mask, w*h), seen: make(Mask, w*h)}
}

// dilate sets dst to every place within r (a square) of a marked one of src.
func (s *shaper) dilate(dst, src Mask, r int) {
	from, to := src.rows(s.w, s.h)
	if to == 0 {
		clear(dst)
		return
	}
	from, to = max(from-r, 0), min(to+r, s.h)
	clear(dst[:from*s.w])
	clear(dst[to*s.w:])
	s.widen(dst, src, r, from, to, 0)
}

// erode sets dst to every place whose surroundings within r are all marked; the
// outside of the picture counts as marked.
func (s *shaper) erode(dst, src Mask, r int) {
	from, to := src.rows(s.w, s.h)
	clear(dst[:from*s.w])
	clear(dst[to*s.w:])
	if to == 0 {
		return
	}
	s.widen(dst, src, r, from, to, 1)
}

// widen spreads the marked places of src by r, for some rows of dst; with flip 1
// the unmarked ones, which is an erosion. dst may be src.
//
//go:norace
func (s *shaper) widen(dst, src Mask, r, from, to int, flip uint8) {
	w, h := s.w, s.h
	// Each row of wide comes to hold the union of itself and the next span-1: the
	// union doubles with each pass, however large r is.
	if n := (to - from + 2*r) * w; len(s.wide) < n {
		s.wide = make(Mask, n)
	}
	wide, span := s.wide[:(to-from+2*r)*w], 1
	clear(wide)
	for y := max(from-r, 0); y < min(to+r, h); y++ {
		widenRow(wide[(y-from+r)*w:][:w], src[y*w:][:w], r, flip)
	}
	for ; 2*span <= 2*r+1; span *= 2 {
		orRow(wide, wide[min(span*w, len(wide)):])
	}
	for y := range to - from {
		out := dst[(from+y)*w:][:w]
		copy(out, wide[y*w:])
		orRow(out, wide[(y+2*r+1-span)*w:])
		if flip != 0 {
			flipRow(out)
		}
	}
}

// widenRow marks in out what lies within r of a place of in that is not flip.
//
//go:norace
func widenRow(out, in Mask, r int, flip uint8) {
	for x := 0; ; {
		skip := bytes.IndexByte(in[x:], 1-flip)
		if skip < 0 {
			return
		}
		x += skip
		end := len(in)
		if run := bytes.IndexByte(in[x:], flip); run >= 0 {
			end = x + run
		}
		for k := max(x-r, 0); k < min(end+r, len(in)); k++ {
			out[k] = 1
		}
		x = end
	}
}

// orRow marks in a what b marks, as far as both go, eight places at a time. b may
// be a later part of a.
//
//go:norace
func orRow(a, b Mask) {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	k := 0
	for ; k+8 <= n; k += 8 {
		to, from := a[k:k+8:k+8], b[k:k+8:k+8]
		binary.NativeEndian.PutUint64(to, binary.NativeEndian.Uint64(to)|binary.NativeEndian.Uint64(from))
	}
	for ; k < n; k++ {
		a[k] |= b[k]
	}
}

// flipRow marks what is not marked.
//
//go:norace
func flipRow(a Mask) {
	for k := range a {
		a[k] ^= 1
	}
}

// closeGaps joins marked places that are at most 2r apart.
func (s *shaper) closeGaps(m Mask, r int) {
	s.dilate(s.closed, m, r)
	s.erode(m, s.closed, r)
}

// bridge fills in m the places between marked ones, across or down, that over marks.
//
//go:norace
func (s *shaper) bridge(m, over Mask) {
	from, to := m.rows(s.w, s.h)
	for y := from; y < to; y++ {
		bridgeRow(m[y*s.w:][:s.w], over[y*s.w:][:s.w])
	}
	marked := slices.Repeat([]int{-1}, s.w) // by column: the last place before the present run
	for y := from; y < to; y++ {
		row, over := m[y*s.w:][:s.w], over[y*s.w:][:s.w]
		for x, last := range marked {
			switch {
			case row[x] != 0:
				for j := last + 1; last >= 0 && j < y; j++ {
					m[j*s.w+x] = 1
				}
				marked[x] = y
			case over[x] == 0:
				marked[x] = -1
			}
		}
	}
}

// bridgeRow bridges one row.
//
//go:norace
func bridgeRow(m, over Mask) {
	for x := 0; ; {
		skip := bytes.IndexByte(m[x:], 1)
		if skip < 0 {
			return
		}
		if gap := m[x : x+skip]; x > 0 && bytes.IndexByte(over[x:x+skip], 0) < 0 {
			for k := range gap {
				gap[k] = 1
			}
		}
		x += skip
		run := bytes.IndexByte(m[x:], 0)
		if run < 0 {
			return
		}
		x += run
	}
}

// Blob is one connected set of marked places.
type Blob struct {
	Area           int
	X0, Y0, X1, Y1 int     // bounds, X1 and Y1 exclusive
	Pix            []int32 // indices of its places
}

// W is the blob's width.
func (b Blob) W() int { return b.X1 - b.X0 }

// H is the blob's height.
func (b Blob) H() int { return b.Y1 - b.Y0 }

// grow adds place i of a picture of some width.
func (b *Blob) grow(i int32, width int) {
	x, y := int(i)%width, int(i)/width
	if b.Area == 0 {
		b.X0, b.Y0 = x, y
	}
	b.X0, b.Y0, b.X1, b.Y1 = min(b.X0, x), min(b.Y0, y), max(b.X1, x+1), max(b.Y1, y+1)
	b.Pix = append(b.Pix, i)
	b.Area++
}

// with is the blob of b's places and o's.
func (b Blob) with(o Blob) Blob {
	return Blob{Area: b.Area + o.Area, X0: min(b.X0, o.X0), Y0: min(b.Y0, o.Y0), X1: max(b.X1, o.X1), Y1: max(b.Y1, o.Y1),
		Pix: slices.Concat(b.Pix, o.Pix)}
}

// run is marked places of a row, from x0 to x1.
type run struct{ y, x0, x1, set int32 } // set: a run of the same blob, itself where it is the first

// blobs finds the 8-connected sets of m, in the order of their first places.
//
//go:norace
func (s *shaper) blobs(m Mask) []Blob {
	s.findRuns(m)
	number := make([]int32, len(s.runs)) // of each run's blob
	var out []Blob
	total := 0
	for k := range s.runs {
		r := &s.runs[k]
		first := s.first(int32(k))
		if number[k] = number[first]; first == int32(k) {
			number[k] = int32(len(out))
			out = append(out, Blob{X0: s.w, Y0: int(r.y)})
		}
		b, n := &out[number[k]], int(r.x1-r.x0)
		b.X0, b.X1, b.Y1 = min(b.X0, int(r.x0)), max(b.X1, int(r.x1)), int(r.y)+1
		b.Area, total = b.Area+n, total+n
	}
	places := make([]int32, total) // of all, cut into pieces
	for k := range out {
		out[k].Pix, places = places[:0:out[k].Area], places[out[k].Area:]
	}
	for k, r := range s.runs {
		b := &out[number[k]]
		for i := r.y*int32(s.w) + r.x0; i < r.y*int32(s.w)+r.x1; i++ {
			b.Pix = append(b.Pix, i)
		}
	}
	return out
}

// findRuns finds m's runs, row by row, and joins those that touch.
//
//go:norace
func (s *shaper) findRuns(m Mask) {
	s.runs = s.runs[:0]
	above := 0 // the first run of the row above that may touch the next one
	for y := range s.h {
		row, first := m[y*s.w:][:s.w], len(s.runs)
		for x := 0; ; {
			skip := bytes.IndexByte(row[x:], 1)
			if skip < 0 {
				break
			}
			r := run{int32(y), int32(x + skip), int32(s.w), int32(len(s.runs))}
			if n := bytes.IndexByte(row[r.x0:], 0); n >= 0 {
				r.x1 = r.x0 + int32(n)
			}
			x = int(r.x1)
			s.runs = append(s.runs, r)
			for above < first && s.runs[above].x1 < r.x0 {
				above++
			}
			for k := above; k < first && s.runs[k].x0 <= r.x1; k++ {
				a, b := s.first(int32(k)), s.first(r.set)
				s.runs[max(a, b)].set = min(a, b)
			}
		}
		above = first
	}
}

// first is the first run of the set that run k is in.
func (s *shaper) first(k int32) int32 {
	for s.runs[k].set != k {
		s.runs[k].set = s.runs[s.runs[k].set].set
		k = s.runs[k].set
	}
	return k
}

// fillHoles marks what a mask encloses: unmarked places that cannot be reached
// from the picture's border, up to limit places a hole.
//
//go:norace
func (s *shaper) fillHoles(m Mask, limit int) {
	from, to := m.rows(s.w, s.h)
	if to-from < 3 {
		return
	}
	// Only rows between marked ones can have holes; these are looked at with a
	// rim that is open.
	part := m[from*s.w : to*s.w]
	seen := s.seen[:len(part)]
	copy(seen, part)
	for start := 0; ; start++ {
		skip := bytes.IndexByte(seen[start:], 0)
		if skip < 0 {
			return
		}
		start += skip
		if hole, open := s.gap(seen, start, limit); !open && len(hole) <= limit {
			for _, i := range hole {
				part[i] = 1
			}
		}
	}
}

// gap gives the places, limit and one at most, of the 4-connected set of places
// not yet seen that start is in, and marks them; open says that the set reaches
// the rim of seen.
//
//go:norace
func (s *shaper) gap(seen Mask, start, limit int) (hole []int32, open bool) {
	w, last := s.w, len(seen)-s.w
	stack := append(s.stack[:0], int32(start))
	hole = s.hole[:0]
	seen[start] = 1
	for len(stack) > 0 {
		i := int(stack[len(stack)-1])
		stack = stack[:len(stack)-1]
		if len(hole) <= limit {
			hole = append(hole, int32(i))
		}
		if x := i % w; x == 0 || x == w-1 || i < w || i >= last {
			open = true
		}
		for _, j := range [4]int{i - 1, i + 1, i - w, i + w} {
			if j >= 0 && j < len(seen) && seen[j] == 0 && !(j == i-1 && i%w == 0) && !(j == i+1 && j%w == 0) {
				seen[j] = 1
				stack = append(stack, int32(j))
			}
		}
	}
	s.stack, s.hole = stack, hole
	return hole, open
}

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
	for len(a) >= 8 && len(b) >= 8 {
		binary.NativeEndian.PutUint64(a, binary.NativeEndian.Uint64(a)|binary.NativeEndian.Uint64(b))
		a, b = a[8:], b[8:]
	}
	for k := range min(len(a), len(b)) {
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
func (s *shaper) bridge(m, over Mask) {
	for y := range s.h {
		bridgeLine(m, over, y*s.w, 1, s.w)
	}
	for x := range s.w {
		bridgeLine(m, over, x, s.w, s.h)
	}
}

// bridgeLine bridges one line of n places.
//
//go:norace
func bridgeLine(m, over Mask, from, step, n int) {
	open := -1 // the last marked place before the present run
	for k := range n {
		i := from + k*step
		switch {
		case m[i] != 0:
			for j := open + 1; open >= 0 && j < k; j++ {
				m[from+j*step] = 1
			}
			open = k
		case over[i] == 0:
			open = -1
		}
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

// with is the blob of b's places and o's.
func (b Blob) with(o Blob) Blob {
	return Blob{Area: b.Area + o.Area, X0: min(b.X0, o.X0), Y0: min(b.Y0, o.Y0), X1: max(b.X1, o.X1), Y1: max(b.Y1, o.Y1),
		Pix: slices.Concat(b.Pix, o.Pix)}
}

// blobs finds the 8-connected sets of m.
func (s *shaper) blobs(m Mask) []Blob {
	clear(s.seen)
	var out []Blob
	places := make([]int32, 0, bytes.Count(m, []byte{1}))
	for start := 0; ; start++ {
		skip := bytes.IndexByte(m[start:], 1)
		if skip < 0 {
			return out
		}
		if start += skip; s.seen[start] == 0 {
			b := Blob{X0: s.w, Y0: s.h}
			from := len(places)
			places = s.flood(m, &b, places, int32(start))
			b.Pix = places[from:len(places):len(places)]
			b.Area = len(b.Pix)
			out = append(out, b)
		}
	}
}

// flood appends to places those of the set that start is in, and bounds it by b.
func (s *shaper) flood(m Mask, b *Blob, places []int32, start int32) []int32 {
	s.seen[start] = 1
	stack := append(s.stack[:0], start)
	for len(stack) > 0 {
		i := int(stack[len(stack)-1])
		stack = stack[:len(stack)-1]
		places = append(places, int32(i))
		x, y := i%s.w, i/s.w
		b.X0, b.Y0, b.X1, b.Y1 = min(b.X0, x), min(b.Y0, y), max(b.X1, x+1), max(b.Y1, y+1)
		x0, x1 := max(x-1, 0), min(x+1, s.w-1)
		for ny := max(y-1, 0); ny <= min(y+1, s.h-1); ny++ {
			for j := ny*s.w + x0; j <= ny*s.w+x1; j++ {
				if m[j] != 0 && s.seen[j] == 0 {
					s.seen[j] = 1
					stack = append(stack, int32(j))
				}
			}
		}
	}
	s.stack = stack
	return places
}

// fillHoles marks what a mask encloses: unmarked places that cannot be reached
// from the picture's border, up to limit places a hole.
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

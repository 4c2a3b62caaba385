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

// dilate sets dst to every place within r (a square) of a marked one of src.
func dilate(dst, src Mask, w, h, r int) {
	from, to := src.rows(w, h)
	if to == 0 {
		clear(dst)
		return
	}
	from, to = max(from-r, 0), min(to+r, h)
	clear(dst[:from*w])
	clear(dst[to*w:])
	widen(dst, src, w, h, r, from, to, 0)
}

// erode sets dst to every place whose surroundings within r are all marked; the
// outside of the picture counts as marked.
func erode(dst, src Mask, w, h, r int) {
	from, to := src.rows(w, h)
	clear(dst[:from*w])
	clear(dst[to*w:])
	if to == 0 {
		return
	}
	widen(dst, src, w, h, r, from, to, 1)
}

// widen spreads the marked places of src by r, for some rows of dst; with flip 1
// the unmarked ones, which is an erosion. dst may be src.
func widen(dst, src Mask, w, h, r, from, to int, flip uint8) {
	// Each row of wide comes to hold the union of itself and the next span-1: the
	// union doubles with each pass, however large r is.
	wide, span := make(Mask, (to-from+2*r)*w), 1
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
func flipRow(a Mask) {
	for k := range a {
		a[k] ^= 1
	}
}

// closeGaps joins marked places that are at most 2r apart.
func closeGaps(m Mask, w, h, r int) {
	d := make(Mask, len(m))
	dilate(d, m, w, h, r)
	erode(m, d, w, h, r)
}

// Blob is one connected set of marked places.
type Blob struct {
	Label          int32
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

// blobs finds the 8-connected sets of m. labels gets each place's label, 0 for
// none.
func blobs(m Mask, labels []int32, w, h int) []Blob {
	clear(labels)
	var out []Blob
	var stack []int32
	for start := 0; ; start++ {
		skip := bytes.IndexByte(m[start:], 1)
		if skip < 0 {
			break
		}
		start += skip
		if labels[start] != 0 {
			continue
		}
		b := Blob{Label: int32(len(out) + 1), X0: w, Y0: h}
		labels[start] = b.Label
		stack = append(stack[:0], int32(start))
		for len(stack) > 0 {
			i := int(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			b.Pix = append(b.Pix, int32(i))
			x, y := i%w, i/w
			b.X0, b.Y0, b.X1, b.Y1 = min(b.X0, x), min(b.Y0, y), max(b.X1, x+1), max(b.Y1, y+1)
			for ny := max(y-1, 0); ny <= min(y+1, h-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, w-1); nx++ {
					j := ny*w + nx
					if m[j] != 0 && labels[j] == 0 {
						labels[j] = b.Label
						stack = append(stack, int32(j))
					}
				}
			}
		}
		b.Area = len(b.Pix)
		out = append(out, b)
	}
	return out
}

// fillHoles marks what a mask encloses: unmarked places that cannot be reached
// from the picture's border, up to limit places a hole.
func fillHoles(m Mask, w, h, limit int) {
	from, to := m.rows(w, h)
	if to-from < 3 {
		return
	}
	// Only rows between marked ones can have holes; these are looked at with a
	// rim that is open.
	rows := to - from
	seen := make(Mask, rows*w)
	var stack, hole []int32
	for start := range seen {
		if seen[start] != 0 || m[from*w+start] != 0 {
			continue
		}
		open := false
		stack, hole = append(stack[:0], int32(start)), hole[:0]
		seen[start] = 1
		for len(stack) > 0 {
			i := int(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			if len(hole) <= limit {
				hole = append(hole, int32(i))
			}
			x, y := i%w, i/w
			if x == 0 || y == 0 || x == w-1 || y == rows-1 {
				open = true
			}
			for _, n := range [4][2]int{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
				if n[0] < 0 || n[1] < 0 || n[0] >= w || n[1] >= rows {
					continue
				}
				if j := n[1]*w + n[0]; seen[j] == 0 && m[from*w+j] == 0 {
					seen[j] = 1
					stack = append(stack, int32(j))
				}
			}
		}
		if !open && len(hole) <= limit {
			for _, i := range hole {
				m[from*w+int(i)] = 1
			}
		}
	}
}

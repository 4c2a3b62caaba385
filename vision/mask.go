package vision

// Mask marks places of a picture: 1 where something holds.
type Mask []uint8

// dilate sets dst to every place within r (a square) of a marked one of src.
func dilate(dst, src, tmp Mask, w, h, r int) {
	for y := range h {
		in, out := src[y*w:(y+1)*w], tmp[y*w:(y+1)*w]
		n := 0
		for x := 0; x < min(r, w); x++ {
			n += int(in[x])
		}
		for x := range w {
			if x+r < w {
				n += int(in[x+r])
			}
			if x-r-1 >= 0 {
				n -= int(in[x-r-1])
			}
			out[x] = 0
			if n > 0 {
				out[x] = 1
			}
		}
	}
	cols := make([]uint16, w)
	for y := 0; y < min(r, h); y++ {
		for x, m := range tmp[y*w : (y+1)*w] {
			cols[x] += uint16(m)
		}
	}
	for y := range h {
		if y+r < h {
			for x, m := range tmp[(y+r)*w : (y+r+1)*w] {
				cols[x] += uint16(m)
			}
		}
		if y-r-1 >= 0 {
			for x, m := range tmp[(y-r-1)*w : (y-r)*w] {
				cols[x] -= uint16(m)
			}
		}
		out := dst[y*w : (y+1)*w]
		for x, n := range cols {
			out[x] = 0
			if n > 0 {
				out[x] = 1
			}
		}
	}
}

// erode sets dst to every place whose surroundings within r are all marked; the
// outside of the picture counts as marked.
func erode(dst, src, tmp Mask, w, h, r int) {
	inv := make(Mask, len(src))
	for i, m := range src {
		inv[i] = 1 - m
	}
	dilate(dst, inv, tmp, w, h, r)
	for i, m := range dst {
		dst[i] = 1 - m
	}
}

// closeGaps joins marked places that are at most 2r apart.
func closeGaps(m, tmp Mask, w, h, r int) {
	d := make(Mask, len(m))
	dilate(d, m, tmp, w, h, r)
	erode(m, d, tmp, w, h, r)
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

// blobs finds the 8-connected sets of m. labels gets each place's label, 0 for
// none.
func blobs(m Mask, labels []int32, w, h int) []Blob {
	clear(labels)
	var out []Blob
	var stack []int32
	for start, v := range m {
		if v == 0 || labels[start] != 0 {
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
	inv := make(Mask, len(m))
	for i, v := range m {
		inv[i] = 1 - v
	}
	labels := make([]int32, len(m))
	for _, b := range blobs(inv, labels, w, h) {
		if b.X0 > 0 && b.Y0 > 0 && b.X1 < w && b.Y1 < h && b.Area <= limit {
			for _, i := range b.Pix {
				m[i] = 1
			}
		}
	}
}

package vision

// Plane is a small picture of one quantity, row by row.
type Plane struct {
	W, H int
	Pix  []float32
}

// NewPlane gives a plane of zeros.
func NewPlane(w, h int) Plane { return Plane{W: w, H: h, Pix: make([]float32, w*h)} }

// At is the value at x, y.
func (p Plane) At(x, y int) float32 { return p.Pix[y*p.W+x] }

// View is a picture at working size, apart in brightness and colour.
type View struct {
	L Plane // luma, 0..255
	U Plane // (blue - luma) / (luma + 24): colour that a change of brightness keeps
	V Plane // (red - luma) / (luma + 24)
}

// NewView gives an empty view of w x h.
func NewView(w, h int) View {
	return View{L: NewPlane(w, h), U: NewPlane(w, h), V: NewPlane(w, h)}
}

// part is v's three quantities in the places from from to to, each as long as the
// others.
func (v View) part(from, to int) (l, u, c []float32) {
	return v.L.Pix[from:to:to], v.U.Pix[from:to:to], v.V.Pix[from:to:to]
}

// FillBGR sets v from packed BGR24 pixels of v's size.
//
//go:norace
func (v View) FillBGR(pix []byte) {
	for i := range v.L.Pix {
		b, g, r := float32(pix[3*i]), float32(pix[3*i+1]), float32(pix[3*i+2])
		l := 0.114*b + 0.587*g + 0.299*r
		k := 1 / (l + 24)
		v.L.Pix[i], v.U.Pix[i], v.V.Pix[i] = l, (b-l)*k, (r-l)*k
	}
}

// copyFrom makes v equal to o.
//
//go:norace
func (v View) copyFrom(o View) {
	copy(v.L.Pix, o.L.Pix)
	copy(v.U.Pix, o.U.Pix)
	copy(v.V.Pix, o.V.Pix)
}

// mix moves pixel i of v towards o by a, 0..1.
//
//go:norace
func (v View) mix(o View, i int, a float32) {
	v.L.Pix[i] += a * (o.L.Pix[i] - v.L.Pix[i])
	v.U.Pix[i] += a * (o.U.Pix[i] - v.U.Pix[i])
	v.V.Pix[i] += a * (o.V.Pix[i] - v.V.Pix[i])
}

// boxMean sets dst to the mean of src over (2r+1) x (2r+1), with the border
// repeated; tmp is scratch of the same size.
func boxMean(dst, src, tmp []float32, w, h, r int) {
	k := 1 / float32(2*r+1)
	for y := range h {
		in, out := src[y*w:(y+1)*w], tmp[y*w:(y+1)*w]
		sum := in[0] * float32(r+1)
		for x := 1; x <= r; x++ {
			sum += in[min(x, w-1)]
		}
		out[0] = sum * k
		for x := 1; x < w; x++ {
			sum += in[min(x+r, w-1)] - in[max(x-r-1, 0)]
			out[x] = sum * k
		}
	}
	sums := make([]float32, w)
	for x := range w {
		sums[x] = tmp[x] * float32(r+1)
	}
	for y := 1; y <= r; y++ {
		row := tmp[min(y, h-1)*w:]
		for x := range w {
			sums[x] += row[x]
		}
	}
	for y := range h {
		if y > 0 {
			add, drop := tmp[min(y+r, h-1)*w:][:w], tmp[max(y-r-1, 0)*w:][:w]
			for x := range sums {
				sums[x] += add[x] - drop[x]
			}
		}
		out := dst[y*w : (y+1)*w]
		for x := range sums {
			out[x] = sums[x] * k
		}
	}
}

package sim

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
)

// Size is how big a parcel is.
type Size string

// The sizes of parcels.
const (
	SizeEnvelope Size = "E" // padded mailer
	SizeSmall    Size = "S"
	SizeMedium   Size = "M"
	SizeLarge    Size = "L"
	SizeXL       Size = "XL" // fits the floor zone only
)

// sizeMetres is width, depth and height.
var sizeMetres = map[Size]Vec{
	SizeEnvelope: {0.30, 0.23, 0.035},
	SizeSmall:    {0.22, 0.17, 0.12},
	SizeMedium:   {0.33, 0.25, 0.20},
	SizeLarge:    {0.45, 0.34, 0.30},
	SizeXL:       {0.58, 0.46, 0.52},
}

// ParseSize reads a size's letter, as people type it.
func ParseSize(s string) (Size, bool) {
	z := Size(strings.ToUpper(strings.TrimSpace(s)))
	_, ok := sizeMetres[z]
	return z, ok
}

// parcel is a thing that somebody brought.
type parcel struct {
	ID    string
	Size  Size
	seed  uint64
	box   *box
	looks *looks
}

// rest is a parcel that lies on a slot: a value that never changes.
type rest struct {
	parcel *parcel
	slot   *place
	box    box
	since  float64 // seconds since the start
}

// looks is a parcel's print: a texture a face.
type looks struct {
	faces [6]texture
}

type texture struct {
	w, h int
	pix  []rgb
}

//go:norace
func (l *looks) at(face int, u, v float64) rgb {
	t := &l.faces[face]
	// bilinear, so that an edge in the print is not a staircase in the picture
	x, y := clamp(u, 0, 1)*float64(t.w-1), clamp(1-v, 0, 1)*float64(t.h-1)
	ix, iy := min(int(x), t.w-2), min(int(y), t.h-2)
	fx, fy := x-float64(ix), y-float64(iy)
	p := t.pix[iy*t.w+ix:]
	q := t.pix[(iy+1)*t.w+ix:]
	return p[0].mix(p[1], fx).mix(q[0].mix(q[1], fx), fy)
}

// newParcel makes a parcel whose measures and print follow from seed.
func newParcel(id string, size Size, seed uint64) *parcel {
	r := newRand(seed, 0x9a7ce1)
	m := sizeMetres[size]
	vary := func(v float64) float64 { return v * (0.9 + 0.2*r.Float64()) }
	b := &box{half: Vec{vary(m.X) / 2, vary(m.Y) / 2, vary(m.Z) / 2}, cos: 1}
	p := &parcel{ID: id, Size: size, seed: seed, box: b}
	p.looks = newLooks(size, b, r)
	b.surface = surface{kind: surfParcel, looks: p.looks}
	return p
}

// srgb is a colour as designers write it.
func srgb(r, g, b uint8) color.RGBA { return color.RGBA{r, g, b, 255} }

var (
	kraft  = []color.RGBA{srgb(186, 143, 96), srgb(171, 128, 82), srgb(199, 158, 110), srgb(160, 121, 84)}
	bright = []color.RGBA{srgb(228, 226, 220), srgb(60, 74, 92), srgb(196, 66, 52), srgb(44, 122, 116), srgb(222, 172, 58), srgb(120, 92, 150)}
	mailer = []color.RGBA{srgb(222, 221, 216), srgb(204, 172, 118), srgb(92, 98, 104), srgb(70, 120, 176), srgb(226, 196, 84)}
	inks   = []color.RGBA{srgb(36, 52, 96), srgb(28, 28, 30), srgb(150, 34, 30), srgb(24, 96, 70)}
	tapes  = []color.RGBA{srgb(206, 182, 140), srgb(226, 214, 186), srgb(42, 46, 56), srgb(178, 42, 36), srgb(34, 108, 168)}
)

// texelsPerMetre is fine enough for a label's bars at the cameras' distance.
const texelsPerMetre float64 = 640

func newLooks(size Size, b *box, r *rand.Rand) *looks {
	one := func(cs []color.RGBA) color.RGBA { return cs[r.IntN(len(cs))] }
	base := one(kraft)
	switch {
	case size == SizeEnvelope:
		base = one(mailer)
	case r.IntN(4) == 0:
		base = one(bright)
	}
	tape, ink, brand := one(tapes), one(inks), brands[r.IntN(len(brands))]
	labelTop := size == SizeEnvelope || r.IntN(3) == 0
	l := &looks{}
	for f := range l.faces {
		w, h := b.faceSize(f)
		img := image.NewRGBA(image.Rect(0, 0, max(int(w*texelsPerMetre), 8), max(int(h*texelsPerMetre), 8)))
		draw.Draw(img, img.Bounds(), image.NewUniform(base), image.Point{}, draw.Src)
		if size != SizeEnvelope {
			drawTape(img, f, tape)
			if f == faceFront || f == faceLeft || f == faceRight {
				drawBrand(img, brand, ink, r)
			}
		}
		if (f == faceFront && size != SizeEnvelope) || (f == faceTop && labelTop) {
			drawLabel(img, r)
		}
		l.faces[f] = newTexture(img, r.Float64()*40)
	}
	return l
}

var brands = []string{"FRAGILE", "Larkspur", "NORD & Co", "THIS SIDE UP", "Bluefin", "Hearth", "", ""}

func drawTape(img *image.RGBA, face int, c color.RGBA) {
	b := img.Bounds()
	half := int(math.Round(0.024 * texelsPerMetre))
	switch face {
	case faceTop, faceBottom:
		draw.Draw(img, image.Rect(0, b.Dy()/2-half, b.Dx(), b.Dy()/2+half), image.NewUniform(c), image.Point{}, draw.Src)
	case faceLeft, faceRight: // the tape comes over the edge
		x := b.Dx() / 2
		drop := min(int(math.Round(0.06*texelsPerMetre)), b.Dy()/2)
		draw.Draw(img, image.Rect(x-half, 0, x+half, drop), image.NewUniform(c), image.Point{}, draw.Src)
	}
}

func drawBrand(img *image.RGBA, brand string, ink color.RGBA, r *rand.Rand) {
	if brand == "" || r.IntN(3) == 0 {
		return
	}
	b := img.Bounds()
	size := min(float64(b.Dy())*0.22, float64(b.Dx())*1.4/float64(len(brand)))
	drawText(img, brand, size, b.Dx()/20, b.Dy()-b.Dy()/10, ink)
}

// drawLabel pastes a shipping label: carrier's head, address lines, bars.
func drawLabel(img *image.RGBA, r *rand.Rand) {
	b := img.Bounds()
	w, h := min(int(math.Round(0.15*texelsPerMetre)), b.Dx()*3/5), min(int(math.Round(0.105*texelsPerMetre)), b.Dy()*3/4)
	x0 := b.Dx()/2 - w/2 + int((r.Float64()-0.5)*float64(b.Dx()-w)*0.6)
	y0 := (b.Dy() - h) / 3
	paper, black := image.NewUniform(srgb(244, 243, 238)), image.NewUniform(srgb(24, 24, 26))
	fill := func(x, y, ww, hh int, c image.Image) {
		draw.Draw(img, image.Rect(x0+x, y0+y, x0+x+ww, y0+y+hh), c, image.Point{}, draw.Src)
	}
	fill(0, 0, w, h, paper)
	fill(w/20, h/16, w/3, h/9, black)
	for line := range 3 {
		fill(w/8, h/4+line*h/10, w/4+r.IntN(w/3), max(h/26, 1), black)
	}
	for x := w / 10; x < w*9/10; { // bars
		bar := 1 + r.IntN(3)
		fill(x, h*6/10, bar, h/3, black)
		x += bar + 1 + r.IntN(3)
	}
}

// newTexture turns a drawing into reflectance, with the wear of cardboard.
//
//go:norace
func newTexture(img *image.RGBA, grain float64) texture {
	b := img.Bounds()
	t := texture{w: b.Dx(), h: b.Dy(), pix: make([]rgb, b.Dx()*b.Dy())}
	for y := range t.h {
		for x := range t.w {
			c := img.RGBAAt(x, y)
			fx, fy := float64(x), float64(y)
			k := 1 + mottle(fx*0.02+grain, fy*0.02)*0.07 + mottle(fx*0.4+grain, fy*0.07)*0.05
			edge := min(min(fx, float64(t.w-1)-fx), min(fy, float64(t.h-1)-fy))
			if edge < 3 { // worn edges
				k *= 0.86 + 0.04*edge
			}
			t.pix[y*t.w+x] = rgb{linear(c.R) * k, linear(c.G) * k, linear(c.B) * k}
		}
	}
	return t
}

// linear is the light of an 8 bit level.
func linear(v uint8) float64 { return linearTable()[v] }

var linearTable = sync.OnceValue(func() *[256]float64 {
	var t [256]float64
	for i := range t {
		t[i] = math.Pow(float64(i)/255, 2.2) * 0.92
	}
	return &t
})

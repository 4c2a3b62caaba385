package sim

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// rgb is linear light or reflectance, 0..1.
type rgb struct{ r, g, b float64 }

func (c rgb) mul(k float64) rgb { return rgb{c.r * k, c.g * k, c.b * k} }
func (c rgb) add(d rgb) rgb     { return rgb{c.r + d.r, c.g + d.g, c.b + d.b} }
func (c rgb) times(d rgb) rgb   { return rgb{c.r * d.r, c.g * d.g, c.b * d.b} }
func (c rgb) mix(d rgb, k float64) rgb {
	return rgb{c.r + (d.r-c.r)*k, c.g + (d.g-c.g)*k, c.b + (d.b-c.b)*k}
}

// surfaceKind chooses how a surface's colour varies over it.
type surfaceKind int

const (
	surfPlain surfaceKind = iota
	surfWall
	surfFloor
	surfBoard
	surfSteel
	surfPlate
	surfHazard
	surfParcel
)

// surface is what a box is made of.
type surface struct {
	kind  surfaceKind
	color rgb
	grain float64 // where in the wood this board was cut
	text  string  // plates
	looks *looks  // parcels
}

// albedo is the reflectance at a point of the room, which lies at u, v of a face.
//
//go:norace
func (s *surface) albedo(p Vec, face int, u, v, w, h float64) rgb {
	switch s.kind {
	case surfWall:
		n := mottle(p.X*1.1+p.Y*0.7, p.Z*1.3)*0.03 + mottle(p.X*14+p.Y*9, p.Z*14)*0.025
		return s.color.mul(1 + n)
	case surfFloor:
		n := mottle(p.X*0.9, p.Y*0.9)*0.16 + mottle(p.X*23, p.Y*23)*0.16
		if m := mottle(p.X*61+3, p.Y*61); m > 0.55 {
			n += 0.25
		}
		return s.color.mul(1 + n)
	case surfBoard:
		along, across := p.X, p.Y
		if face == faceFront {
			across = p.Z
		}
		g := mottle(along*1.2+s.grain, across*26+s.grain*3)*0.16 + mottle(along*5+s.grain, across*110)*0.10
		return s.color.mul(1 + g)
	case surfSteel:
		k := 1 + mottle(p.X*40+p.Y*33, p.Z*3)*0.08
		if face == faceFront { // punched slots
			zz := math.Mod(p.Z, 0.05)
			if d := math.Abs(u - w/2); w < 0.06 && d < 0.006 && zz > 0.012 && zz < 0.034 {
				k = 0.25
			}
		}
		return s.color.mul(k)
	case surfPlate:
		if face != faceFront {
			return rgb{0.75, 0.75, 0.72}
		}
		return plateTexture(s.text, u/w, v/h)
	case surfHazard:
		if math.Mod(p.X+p.Y+20, 0.16) < 0.08 {
			return rgb{0.72, 0.50, 0.03}
		}
		return rgb{0.05, 0.05, 0.05}
	case surfParcel:
		return s.looks.at(face, u/w, v/h)
	default:
		return s.color.mul(1 + mottle(p.X*9+p.Z*7, p.Y*9-p.Z*5)*0.05)
	}
}

const mottleSize = 256

// mottleTile is smooth noise between about -1 and 1 that repeats every 64 units.
var mottleTile = sync.OnceValue(func() []float32 {
	r := rand.New(rand.NewPCG(11, 12))
	const cells = 64
	grid := make([]float64, cells*cells)
	for i := range grid {
		grid[i] = r.Float64()*2 - 1
	}
	at := func(x, y int) float64 { return grid[(y&(cells-1))*cells+x&(cells-1)] }
	t := make([]float32, mottleSize*mottleSize)
	const k = cells / float64(mottleSize)
	for y := range mottleSize {
		for x := range mottleSize {
			fx, fy := float64(x)*k, float64(y)*k
			ix, iy := int(fx), int(fy)
			u, v := smooth(fx-float64(ix)), smooth(fy-float64(iy))
			a := at(ix, iy)*(1-u) + at(ix+1, iy)*u
			b := at(ix, iy+1)*(1-u) + at(ix+1, iy+1)*u
			t[y*mottleSize+x] = float32(a*(1-v) + b*v)
		}
	}
	return t
})

// mottle is smooth noise of a unit's grain, -1..1.
//
//go:norace
func mottle(x, y float64) float64 {
	const k = mottleSize / 64.0
	x, y = x*k, y*k
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	u, v := x-fx, y-fy
	t := mottleTile()
	at := func(x, y int) float64 { return float64(t[(y&(mottleSize-1))*mottleSize+x&(mottleSize-1)]) }
	a := at(ix, iy)*(1-u) + at(ix+1, iy)*u
	b := at(ix, iy+1)*(1-u) + at(ix+1, iy+1)*u
	return a*(1-v) + b*v
}

var boldFont = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
})

// drawText writes s in grey levels into img with its baseline's left end at x, y.
func drawText(img draw.Image, s string, size float64, x, y int, c color.Color) int {
	face, err := opentype.NewFace(boldFont(), &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		panic(err) // the size is a constant of ours
	}
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
	return d.Dot.X.Ceil()
}

const plateW, plateH = 80, 40

var plates sync.Map // text -> *image.Gray: drawn once, read only afterwards

//go:norace
func plateTexture(text string, u, v float64) rgb {
	got, ok := plates.Load(text)
	if !ok {
		img := image.NewGray(image.Rect(0, 0, plateW, plateH))
		draw.Draw(img, img.Bounds(), image.NewUniform(color.Gray{235}), image.Point{}, draw.Src)
		w := drawText(image.NewGray(image.Rectangle{}), text, 38, 0, 0, color.Black)
		drawText(img, text, 38, (plateW-w)/2, 34, color.Gray{15})
		got, _ = plates.LoadOrStore(text, img)
	}
	img := got.(*image.Gray)
	x, y := int(u*plateW), int((1-v)*plateH)
	g := float64(img.GrayAt(min(max(x, 0), plateW-1), min(max(y, 0), plateH-1)).Y) / 255
	k := g * g * 0.85
	return rgb{k, k, k * 0.95}
}

package ocr_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/packroom/packroom/ocr"
)

// A labelPress prints labels: the fonts it has.
type labelPress struct{ fonts []*opentype.Font }

// newLabelPress has Go's own fonts, and those of Debian that the tests ask for.
func newLabelPress(t testing.TB) labelPress {
	t.Helper()
	files := [][]byte{goregular.TTF, gobold.TTF, gomono.TTF, gomedium.TTF}
	var names []string
	for _, pattern := range []string{"dejavu/DejaVuSans*.ttf", "dejavu/DejaVuSerif*.ttf", "liberation*/LiberationSans*.ttf", "liberation*/LiberationMono*.ttf", "liberation*/LiberationSerif*.ttf"} {
		found, _ := filepath.Glob(filepath.Join("/usr/share/fonts/truetype", pattern))
		names = append(names, found...)
	}
	sort.Strings(names)
	for _, name := range names {
		if ttf, err := os.ReadFile(name); err == nil {
			files = append(files, ttf)
		}
	}
	var p labelPress
	for _, ttf := range files {
		f, err := opentype.Parse(ttf)
		if err != nil {
			t.Fatal(err)
		}
		p.fonts = append(p.fonts, f)
	}
	return p
}

// A printout is what a label says, and how it is laid out.
type printout struct {
	from, to []string
	mark     string // before the recipient; empty = none
	code     string // in a Code 128; empty = none
	text     string // under the code
	service  string // in large letters; empty = none
}

// lines prints lines below each other and returns the next free row.
func (p labelPress) lines(t testing.TB, img *image.Gray, x, y int, size float64, f *opentype.Font, grey uint8, lines ...string) int {
	t.Helper()
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		t.Fatal(err)
	}
	defer face.Close()
	for _, l := range lines {
		y += int(size * 1.22)
		d := font.Drawer{Dst: img, Src: image.NewUniform(color.Gray{Y: grey}), Face: face, Dot: fixed.P(x, y)}
		d.DrawString(l)
	}
	return y
}

// fitting is the size at which the longest of lines is at most wide.
func (p labelPress) fitting(t testing.TB, f *opentype.Font, size float64, wide int, lines []string) float64 {
	t.Helper()
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		t.Fatal(err)
	}
	defer face.Close()
	for _, l := range lines {
		if w := font.MeasureString(face, l).Ceil(); w > wide {
			size = min(size, size*float64(wide)/float64(w))
		}
	}
	return size
}

// print draws a label in one of several layouts.
func (p labelPress) print(t testing.TB, r *rand.Rand, o printout) *image.Gray {
	t.Helper()
	w, h := 620, 860
	wide := r.IntN(4) == 0
	if wide {
		w, h = 900, 560
	}
	img := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.Gray{Y: 245}), image.Point{}, draw.Src)
	grey := uint8(15 + r.IntN(45))
	if r.IntN(8) == 0 {
		grey = uint8(90 + r.IntN(50)) // a worn print head
	}
	small, body := p.fonts[r.IntN(len(p.fonts))], p.fonts[r.IntN(len(p.fonts))]
	bar := func(y int) {
		draw.Draw(img, image.Rect(15, y, w-15, y+4), image.NewUniform(color.Gray{Y: grey}), image.Point{}, draw.Src)
	}
	x, y := 30, 18
	if o.code != "" && r.IntN(5) == 0 { // along the label's left edge
		code := image.NewGray(image.Rect(0, 0, h-60, 110))
		draw.Draw(code, code.Rect, image.NewUniform(color.Gray{Y: 245}), image.Point{}, draw.Src)
		barcode(code, 10, 0, 110, o.code, grey)
		for v := range code.Rect.Dx() {
			for u := range code.Rect.Dy() {
				img.SetGray(20+u, 30+v, code.GrayAt(v, u))
			}
		}
		o.code, x = "", 150
	}
	fromSize := 14 + 3*r.Float64()
	if len(o.from) > 0 {
		head := []string{"FROM:", "Sender", "SHIP FROM:", "Expéditeur :", "Absender", ""}[r.IntN(6)]
		if head != "" {
			o.from = append([]string{head}, o.from...)
		}
		y = p.lines(t, img, x, y, fromSize, small, grey, o.from...)
	}
	p.lines(t, img, w-190, 18, 15, small, grey, "3.2 LBS   1 OF 1", "MAR 04 2026")
	if r.IntN(2) == 0 {
		bar(y + 10)
	}
	size := p.fitting(t, body, 24+8*r.Float64(), w-120-x, o.to)
	left := x + 30 + r.IntN(50)
	y += 24
	if o.mark != "" && r.IntN(2) == 0 {
		p.lines(t, img, x-10, y, 17, p.fonts[1], grey, o.mark)
		left = max(left, x+10+13*len(o.mark))
		size = p.fitting(t, body, size, w-left-20, o.to)
	} else if o.mark != "" {
		y = p.lines(t, img, x+10, y, 17, p.fonts[1], grey, o.mark)
	}
	y = p.lines(t, img, left, y, size, body, grey, o.to...)
	y += 22
	if o.service != "" {
		bar(y)
		y = p.lines(t, img, x, y+4, 34, p.fonts[1], grey, o.service)
		y += 14
	}
	if o.code != "" && y < h-100 {
		bar(y)
		y = barcode(img, 50, y+16, min(110, h-y-60), o.code, grey)
		y = p.lines(t, img, 90, y, 18, p.fonts[2], grey, o.text)
	}
	if y < h-50 {
		p.lines(t, img, 40, y+6, 14, small, grey, "Order 204-7731902-118", "REF: 71940-B")
	}
	return img
}

// barcode draws a Code 128 with two pixels a module.
func barcode(img *image.Gray, x, y, h int, text string, grey uint8) int {
	const module = 2
	for _, w := range ocr.Widths128(text) {
		if w > 0 {
			draw.Draw(img, image.Rect(x, y, x+w*module, y+h), image.NewUniform(color.Gray{Y: grey}), image.Point{}, draw.Src)
			x += w * module
		} else {
			x -= w * module
		}
	}
	return y + h
}

// A spoiling is what happens to a label between printer and picture.
type spoiling struct {
	angle, scale, keystone float64
	light, slope, noise    float64
	blur                   int     // pixels, of a box that is laid over twice
	fold                   float64 // pixels that lines are bent by
	glare                  bool
	cover                  bool // a finger over an edge
	quality                int
}

func newSpoiling(r *rand.Rand) spoiling {
	s := spoiling{
		angle: (r.Float64()-0.5)*0.5 + []float64{0, 0, 0, math.Pi / 2, math.Pi, -math.Pi / 2}[r.IntN(6)],
		scale: 0.55 + 0.25*r.Float64(), keystone: (r.Float64() - 0.5) * 0.0003,
		light: 0.7 + 0.3*r.Float64(), slope: (r.Float64() - 0.5) * 0.4, noise: 2 + 3*r.Float64(), quality: 75 + r.IntN(20),
	}
	if r.IntN(8) == 0 {
		s.light, s.noise = 0.28+0.15*r.Float64(), 6
	}
	if r.IntN(5) == 0 {
		s.blur = 1 + r.IntN(2)
	}
	if r.IntN(4) == 0 {
		s.fold = 1 + 3*r.Float64()
	}
	s.glare, s.cover = r.IntN(9) == 0, r.IntN(9) == 0
	return s
}

// photograph lays the label on a box before a plain wall, turned, smaller,
// unevenly lit, bent, blurred and noisy.
func photograph(t testing.TB, r *rand.Rand, label *image.Gray, s spoiling) []byte {
	t.Helper()
	const w, h = 1280, 720
	cos, sin := math.Cos(s.angle), math.Sin(s.angle)
	lw, lh := label.Rect.Dx(), label.Rect.Dy()
	scale := min(s.scale, 0.97*h/(math.Abs(sin)*float64(lw)+math.Abs(cos)*float64(lh)))
	phase, glareX, glareY := r.Float64()*6, r.Float64()*float64(lw), r.Float64()*float64(lh)
	at := func(x, y float64) (float64, bool) {
		u, v := x-w/2, y-h/2
		k := (1 + s.keystone*u) / scale
		lx, ly := (cos*u+sin*v)*k+float64(lw)/2, (-sin*u+cos*v)*k+float64(lh)/2
		ly += s.fold * math.Sin(lx/70+phase)
		x0, y0 := int(math.Floor(lx)), int(math.Floor(ly))
		if x0 < 0 || y0 < 0 || x0+1 >= lw || y0+1 >= lh {
			return 0, false
		}
		if s.cover && lx < 55 && math.Abs(ly-glareY) < 45 {
			return 120, true
		}
		fx, fy := lx-float64(x0), ly-float64(y0)
		row := label.Pix[y0*label.Stride+x0:]
		grey := (float64(row[0])*(1-fx)+float64(row[1])*fx)*(1-fy) + (float64(row[label.Stride])*(1-fx)+float64(row[label.Stride+1])*fx)*fy
		if s.glare {
			d := math.Hypot(lx-glareX, (ly-glareY)*2)
			grey += 230 * math.Exp(-d*d/4000)
		}
		return grey, true
	}
	grey := make([]float32, w*h)
	for y := range h {
		for x := range w {
			sum, n := 0.0, 0.0
			for _, d := range [2][2]float64{{-0.25, -0.2}, {0.25, 0.2}} {
				if v, ok := at(float64(x)+d[0], float64(y)+d[1]); ok {
					sum, n = sum+v, n+1
				}
			}
			grey[y*w+x] = 140 // the box
			if n > 0 {
				grey[y*w+x] = float32(sum / n)
			}
		}
	}
	for range min(s.blur, 1) * 2 {
		grey = boxBlur(grey, w, h, s.blur)
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			f := s.light * (1 + s.slope*(float64(x)/w-0.5))
			grain := (r.Float64() + r.Float64() - 1) * 2.4 * s.noise
			out.Pix[y*w+x] = uint8(min(max(float64(grey[y*w+x])*f+grain, 0), 255))
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: s.quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func boxBlur(p []float32, w, h, radius int) []float32 {
	out := make([]float32, len(p))
	for y := range h {
		for x := range w {
			sum, n := float32(0), float32(0)
			for dy := -radius; dy <= radius; dy++ {
				for dx := -radius; dx <= radius; dx++ {
					if yy, xx := y+dy, x+dx; yy >= 0 && yy < h && xx >= 0 && xx < w {
						sum, n = sum+p[yy*w+xx], n+1
					}
				}
			}
			out[y*w+x] = sum / n
		}
	}
	return out
}

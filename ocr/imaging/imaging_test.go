package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/packroom/packroom/ocr"
	"github.com/packroom/packroom/room"
)

// page is a picture with dark blocks of the size of letters, in lines that are
// turned by deg.
func page(w, h int, deg float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	sin, cos := math.Sincos(deg * math.Pi / 180)
	for y := range h {
		for x := range w {
			sum := 0.0
			for k := range 16 { // soft edges, as a lens gives
				dx, dy := float64(x-w/2)+float64(k%4)/2-0.75, float64(y-h/2)+float64(k/4)/2-0.75
				u, q := cos*dx+sin*dy, -sin*dx+cos*dy
				if math.Abs(u) < 200 && math.Abs(q) < 120 && math.Mod(q+1000, 30) < 16 && math.Mod(u+1000, 14) < 8 {
					sum++
				}
			}
			v := uint8(230 - 200*sum/16)
			img.SetRGBA(x, y, color.RGBA{R: v, G: v, B: v, A: 255})
		}
	}
	return img
}

func encoded(t *testing.T, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotoRightsATurnedLabel(t *testing.T) {
	for _, deg := range []float64{0, 7, -12, 25, -38} {
		p, err := Prepare{}.Photo(t.Context(), encoded(t, page(900, 700, deg), 90), false)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Labels) != 1 {
			t.Errorf("%v degrees: %d labels", deg, len(p.Labels))
			continue
		}
		l := p.Labels[0]
		rows := Prepare{}.Strips(l.Even, l.CapPX)
		if len(rows) < 6 || len(rows) > 10 {
			t.Errorf("%v degrees: %d lines, want 8", deg, len(rows))
		}
		for _, s := range rows {
			if math.Abs(s.Slope) > 0.03 {
				t.Errorf("%v degrees: a line still rises by %.3f", deg, s.Slope)
			}
		}
		// the middle of the label is the middle of the picture
		b := l.ToPhoto.Bounds(0, 0, float64(l.Even.Width), float64(l.Even.Height))
		if math.Abs(b[0]+b[2]/2-450) > 25 || math.Abs(b[1]+b[3]/2-350) > 25 {
			t.Errorf("%v degrees: label around %v", deg, b)
		}
	}
}

func TestAnInitialBelongsToItsLine(t *testing.T) {
	for name, c := range map[string]struct {
		x, w int // of what stands alone; the line's letters begin at 200
		from float64
	}{
		"an initial in wide print": {130, 14, 130},
		"another column":           {60, 14, 200},
		"a frame":                  {150, 3, 200},
	} {
		g := ocr.Gray{Width: 500, Height: 100, Pix: bytes.Repeat([]byte{245}, 500*100)}
		block := func(x, w int) {
			for y := 40; y < 64; y++ {
				for i := x; i < x+w; i++ {
					g.Pix[y*g.Width+i] = 20
				}
			}
		}
		for i := range 8 {
			block(200+20*i, 14)
		}
		block(c.x, c.w)
		got := Prepare{}.Strips(g, 24)
		if len(got) != 1 || math.Abs(got[0].X-c.from) > 2 || math.Abs(got[0].X+got[0].W-354) > 2 {
			t.Errorf("%s: %+v, want one line from %.0f to 354", name, got, c.from)
		}
	}
}

func TestPhotoWithoutPrintHasNoLabel(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range img.Pix {
		img.Pix[i] = 150
	}
	p, err := Prepare{}.Photo(t.Context(), encoded(t, img, 90), false)
	if err != nil || len(p.Labels) != 0 {
		t.Errorf("%d labels, %v", len(p.Labels), err)
	}
}

func TestPhotoTurnsByEXIF(t *testing.T) {
	plain := encoded(t, page(900, 700, 0), 90)
	exif := append([]byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"), 0)
	turned := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	turned = append(turned, plain[2:]...)
	p, err := Prepare{}.Photo(t.Context(), turned, false)
	if err != nil || p.Width != 700 || p.Height != 900 {
		t.Errorf("%d x %d, %v; want it turned by a quarter", p.Width, p.Height, err)
	}
}

// bigPNG is the header of a PNG of any size, with nothing behind it.
func bigPNG(w, h uint32) []byte {
	head := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	head = append(head, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
	return append(out, "\x00\x00\x00\x00IEND\xaeB`\x82"...)
}

func TestPhotoReadsALargePictureAtHalfItsSize(t *testing.T) {
	large := image.NewGray(image.Rect(0, 0, 4400, 3000))
	small := page(1100, 750, 0)
	for y := range 3000 {
		for x := range 4400 {
			large.Pix[y*large.Stride+x] = small.Pix[small.PixOffset(x/4, y/4)]
		}
	}
	p, err := Prepare{}.Photo(t.Context(), encoded(t, large, 80), false)
	if err != nil || p.Width != 4400 || p.Height != 3000 || len(p.Labels) != 1 {
		t.Fatalf("%d x %d, %d labels, %v", p.Width, p.Height, len(p.Labels), err)
	}
	l := p.Labels[0]
	middle := l.ToPhoto.Bounds(float64(l.Even.Width)/2, float64(l.Even.Height)/2, 1, 1)
	if math.Abs(middle[0]-2200) > 60 || math.Abs(middle[1]-1500) > 60 || math.Abs(l.Rect[2]-1600) > 200 {
		t.Errorf("the middle is at %.0f, box %.0f", middle, l.Rect)
	}
}

// Figures of two sizes stand on one line: their middles lean, their feet do not.
func TestALineOfTwoSizesIsLevel(t *testing.T) {
	var gs []glyph
	for i := range 12 {
		g := glyph{x: float64(40 * i), y: 20, w: 30, h: 50}
		if i < 4 {
			g.y, g.h = 0, 70
		}
		gs = append(gs, g)
	}
	if slope, rough := straightest(gs, 60); math.Abs(slope) > 0.001 || rough > 0.1 {
		t.Errorf("slope %.3f, rough %.2f", slope, rough)
	}
	for i := range gs { // with tails below the line its middles tell better
		gs[i].y, gs[i].h = 0.1*gs[i].x, 50+float64(i%3)*4
	}
	if slope, _ := straightest(gs, 50); math.Abs(slope-0.1) > 0.01 {
		t.Errorf("slope %.3f, want 0.1", slope)
	}
}

func TestSharpnessOrdersFrames(t *testing.T) {
	soft := page(900, 700, 3)
	blurred := image.NewRGBA(soft.Rect)
	for y := 4; y < 696; y++ {
		for x := 4; x < 896; x++ {
			sum := 0
			for k := range 81 {
				sum += int(soft.Pix[soft.PixOffset(x-4+k%9, y-4+k/9)])
			}
			v := uint8(sum / 81)
			blurred.SetRGBA(x, y, color.RGBA{R: v, G: v, B: v, A: 255})
		}
	}
	a, err := Prepare{}.Sharpness(encoded(t, soft, 90))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Prepare{}.Sharpness(encoded(t, blurred.SubImage(image.Rect(10, 10, 890, 690)), 90))
	if err != nil || a < 1.5*b {
		t.Errorf("sharp %.3f, blurred %.3f, %v", a, b, err)
	}
	if _, err := (Prepare{}).Sharpness([]byte("words")); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("no picture: %v", err)
	}
}

func TestPhotoRefusesWhatIsNone(t *testing.T) {
	whole := encoded(t, page(900, 700, 0), 90)
	var dot, moving, deep bytes.Buffer
	if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&moving, page(100, 100, 0), nil); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"nothing", "empty", nil},
		{"text", "not a picture", []byte("hello")},
		{"truncated", "truncated", whole[:len(whole)*2/3]},
		{"header only", "damaged", whole[:30]},
		{"1x1", "too small", dot.Bytes()},
		{"20,000 x 20,000", "at most 40 million", bigPNG(20000, 20000)},
		{"gif", "GIF", moving.Bytes()},
		{"moving webp", "moving", []byte("RIFF\x1c\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\xff\x03\x00\xff\x03\x00ANIM\x06\x00")},
		{"40 MB", "at most 30 MB", make([]byte, 40<<20)},
	}
	for _, tt := range tests {
		_, err := Prepare{}.Photo(t.Context(), tt.data, false)
		if !errors.Is(err, room.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	sixteen := image.NewGray16(image.Rect(0, 0, 300, 200))
	if err := png.Encode(&deep, sixteen); err != nil {
		t.Fatal(err)
	}
	if _, err := (Prepare{}).Photo(t.Context(), deep.Bytes(), false); err != nil {
		t.Errorf("16 bits: %v", err)
	}
	inks, err := os.ReadFile("testdata/cmyk.jpg") // four inks: what scanners send
	if err != nil {
		t.Fatal(err)
	}
	if p, err := (Prepare{}).Photo(t.Context(), inks, false); err != nil || p.Width != 240 || p.Brightness < 0.8 {
		t.Errorf("CMYK: %d wide, brightness %.2f, %v", p.Width, p.Brightness, err)
	}
}

func FuzzPhoto(f *testing.F) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, page(160, 120, 3), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(bigPNG(100, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		_, _ = Prepare{}.Photo(t.Context(), data, false)
	})
}

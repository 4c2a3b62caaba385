package paddle

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/packroom/packroom/models"
	"github.com/packroom/packroom/ocr"
)

func installed(t *testing.T) Config {
	t.Helper()
	var c Config
	for name, path := range map[string]*string{"onnxruntime": &c.Runtime, "ppocr-v4-rec": &c.Model, "ppocr-v4-keys": &c.Keys} {
		p, err := models.Locate(name, models.Dirs())
		if err != nil {
			t.Fatal(err)
		}
		*path = p
	}
	return c
}

// line prints a text as a label's line comes to the engine.
func line(t *testing.T, text string) ocr.Gray {
	t.Helper()
	ttf, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(ttf, &opentype.FaceOptions{Size: 44, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	defer face.Close()
	img := image.NewGray(image.Rect(0, 0, font.MeasureString(face, text).Ceil()+40, 60))
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{Y: 245}), image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Gray{Y: 30}), Face: face, Dot: fixed.P(20, 46)}
	d.DrawString(text)
	return ocr.Gray{Width: img.Rect.Dx(), Height: img.Rect.Dy(), Pix: img.Pix}
}

func TestEngineReadsLinesTogether(t *testing.T) {
	e, err := New(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var all sync.WaitGroup
	for _, want := range []string{"ROBERT LINDGREN", "2450 Tamberlyn Street", "APT 4B", "Ashgrove, OR 97489"} {
		picture := line(t, want)
		all.Go(func() {
			lines, err := e.Lines(t.Context(), picture, ocr.OneLine)
			if err != nil || len(lines) != 1 || lines[0].Text() != want || lines[0].Confidence() < 0.8 {
				t.Errorf("%q: %v %v", want, lines, err)
			}
		})
	}
	all.Wait()
}

func TestEngineReadsNothingInNothing(t *testing.T) {
	e, err := New(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, g := range []ocr.Gray{{}, {Width: 8, Height: 8, Pix: make([]byte, 64)}, {Width: 200, Height: 40, Pix: make([]byte, 5)}, {Width: 9000, Height: 9, Pix: make([]byte, 81000)}} {
		if lines, err := e.Lines(t.Context(), g, ocr.OneLine); err != nil || len(lines) > 0 {
			t.Errorf("%d x %d: %v %v", g.Width, g.Height, lines, err)
		}
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	if _, err := e.Lines(over, line(t, "APT 4B"), ocr.OneLine); err == nil {
		t.Error("it read for nobody")
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	whole := installed(t)
	for name, spoil := range map[string]func(*Config, string){
		"runtime": func(c *Config, none string) { c.Runtime = none },
		"model":   func(c *Config, none string) { c.Model = none },
		"letters": func(c *Config, none string) { c.Keys = none },
	} {
		c := whole
		spoil(&c, filepath.Join(t.TempDir(), "none"))
		if _, err := New(c); err == nil && name != "runtime" { // a runtime that is loaded stays
			t.Errorf("without its %s it started", name)
		}
	}
}

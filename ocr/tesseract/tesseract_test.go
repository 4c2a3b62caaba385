package tesseract

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/packroom/packroom/ocr"
)

func typeset(t *testing.T, text string) ocr.Gray {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 40, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 700, 70))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face, Dot: fixed.P(20, 48)}
	d.DrawString(text)
	return ocr.Gray{Width: 700, Height: 70, Pix: img.Pix}
}

func TestEngineReads(t *testing.T) {
	e, err := New(Config{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var wg sync.WaitGroup
	for _, text := range []string{"Rebecca Lindgren", "2450 Tamberlyn Street", "Unit 1204", "Ashgrove OR 97489"} {
		wg.Go(func() {
			lines, err := e.Lines(t.Context(), typeset(t, text), ocr.OneLine)
			if err != nil || len(lines) != 1 || lines[0].Text() != text {
				t.Errorf("got %v %v, want %q", lines, err, text)
				return
			}
			if lines[0].Confidence() < 0.8 {
				t.Errorf("%q: confidence %.2f", text, lines[0].Confidence())
			}
		})
	}
	wg.Wait()
}

func TestFiguresAreReadAsFigures(t *testing.T) {
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	pic := typeset(t, "5151 so00 00")
	for _, l := range []struct {
		layout ocr.Layout
		small  bool
	}{{ocr.OneLine, true}, {ocr.Figures, false}, {ocr.OneLine, true}} {
		lines, err := e.Lines(t.Context(), pic, l.layout)
		if err != nil || len(lines) != 1 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		if text := lines[0].Text(); (strings.ToUpper(text) != text) != l.small {
			t.Errorf("layout %d: %q", l.layout, text)
		}
	}
}

// TestEngineUsesOneThread: Tesseract's OpenMP threads make a picture several
// times slower where cores are few. Their pool would stay behind as threads.
func TestEngineUsesOneThread(t *testing.T) {
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	pic := typeset(t, "Rebecca Lindgren")
	read := func() {
		if _, err := e.Lines(t.Context(), pic, ocr.OneLine); err != nil {
			t.Fatal(err)
		}
	}
	read()
	var before, after syscall.Rusage
	start := time.Now()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		read()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		t.Fatal(err)
	}
	used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	if took := time.Since(start); used > took*13/10 {
		t.Errorf("%v of processor time in %v", used, took)
	}
}

func TestEngineGivesUpInTime(t *testing.T) {
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Lines(ctx, typeset(t, "x"), ocr.OneLine); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := e.Lines(t.Context(), typeset(t, "x"), ocr.OneLine); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: got %v", err)
	}
}

func TestNewFailsWithoutItsLanguage(t *testing.T) {
	if e, err := New(Config{Languages: []string{"xxx"}}); err == nil {
		e.Close()
		t.Error("no error")
	}
}

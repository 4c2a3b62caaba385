// Package tesseract reads text with Tesseract 5.
package tesseract

/*
#cgo LDFLAGS: -lgomp
extern void omp_set_max_active_levels(int);
*/
import "C"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/otiai10/gosseract/v2"

	"github.com/packroom/packroom/ocr"
)

// Config says how text is read.
type Config struct {
	Workers   int      // pictures read at a time, each by one thread; 0 = 1
	Languages []string // Tesseract's names; empty = eng
	Data      string   // folder of *.traineddata; empty = Tesseract's own
}

// Engine is a pool of Tesseract workers, a thread each. Tesseract's own threads
// (OpenMP) are off: on two cores they make a picture 4 to 5 times slower, so
// more workers are the way to use more cores.
type Engine struct {
	jobs chan job
	done sync.WaitGroup
	quit chan struct{}
	once sync.Once
}

var _ ocr.Engine = (*Engine)(nil)

type job struct {
	ctx    context.Context
	pic    ocr.Gray
	layout ocr.Layout
	answer chan answer
}

type answer struct {
	lines []ocr.Line
	err   error
}

// ErrClosed is the answer of an engine after Close.
var ErrClosed = errors.New("text engine is closed")

// New starts the workers; it fails where Tesseract or its languages are not
// installed.
func New(cfg Config) (*Engine, error) {
	if cfg.Workers <= 0 {
		cfg.Workers = 1
	}
	if len(cfg.Languages) == 0 {
		cfg.Languages = []string{"eng"}
	}
	e := &Engine{jobs: make(chan job), quit: make(chan struct{})}
	for range cfg.Workers {
		ready := make(chan error)
		e.done.Add(1)
		go e.work(cfg, ready)
		if err := <-ready; err != nil {
			e.Close()
			return nil, fmt.Errorf("start tesseract: %w", err)
		}
	}
	return e, nil
}

// Close stops the workers after what they are reading.
func (e *Engine) Close() error {
	e.once.Do(func() { close(e.quit) })
	e.done.Wait()
	return nil
}

// Lines implements ocr.Engine. A picture that is being read when ctx ends is
// read to its end by the worker, and its answer dropped.
func (e *Engine) Lines(ctx context.Context, g ocr.Gray, layout ocr.Layout) ([]ocr.Line, error) {
	if g.Width < 8 || g.Height < 8 || len(g.Pix) < g.Width*g.Height {
		return nil, nil
	}
	j := job{ctx: ctx, pic: g, layout: layout, answer: make(chan answer, 1)}
	select {
	case e.jobs <- j:
	case <-e.quit:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a text worker: %w", ctx.Err())
	}
	select {
	case a := <-j.answer:
		return a.lines, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("read text: %w", ctx.Err())
	}
}

func (e *Engine) work(cfg Config, ready chan<- error) {
	defer e.done.Done()
	runtime.LockOSThread() // the OpenMP setting below is the thread's own
	defer runtime.UnlockOSThread()
	// Tesseract asks for four threads by number, which only this (or
	// OMP_THREAD_LIMIT in the environment at the process's start) overrules.
	C.omp_set_max_active_levels(0)
	client := gosseract.NewClient()
	defer client.Close()
	client.Languages = cfg.Languages
	if cfg.Data != "" {
		client.TessdataPrefix = cfg.Data
	}
	for name, value := range map[gosseract.SettableVariable]string{
		"user_defined_dpi":    "300",
		"load_system_dawg":    "0", // names and units are no dictionary words
		"load_freq_dawg":      "0",
		"tessedit_do_invert":  "0",
		"debug_file":          "/dev/null",
		"thresholding_method": "0",
	} {
		if err := client.SetVariable(name, value); err != nil {
			ready <- err
			return
		}
	}
	blank := ocr.Gray{Width: 32, Height: 32, Pix: bytes.Repeat([]byte{255}, 32*32)}
	if _, err := recognise(client, blank, ocr.OneLine); err != nil {
		ready <- err
		return
	}
	ready <- nil
	for {
		select {
		case j := <-e.jobs:
			if j.ctx.Err() != nil {
				j.answer <- answer{err: j.ctx.Err()}
				continue
			}
			lines, err := recognise(client, j.pic, j.layout)
			j.answer <- answer{lines, err}
		case <-e.quit:
			return
		}
	}
}

var modes = map[ocr.Layout]gosseract.PageSegMode{
	ocr.Sparse: gosseract.PSM_SPARSE_TEXT, ocr.Column: gosseract.PSM_SINGLE_BLOCK,
	ocr.Page: gosseract.PSM_AUTO, ocr.OneLine: gosseract.PSM_SINGLE_LINE, ocr.Figures: gosseract.PSM_SINGLE_LINE,
}

// figures are what tracking numbers are made of.
const figures = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func recognise(client *gosseract.Client, g ocr.Gray, layout ocr.Layout) ([]ocr.Line, error) {
	if layout == ocr.Figures {
		if err := client.SetWhitelist(figures); err != nil {
			return nil, fmt.Errorf("read figures: %w", err)
		}
		defer func() { _ = client.SetWhitelist("") }()
	}
	if err := client.SetPageSegMode(modes[layout]); err != nil {
		return nil, fmt.Errorf("read text: %w", err)
	}
	pgm := fmt.Appendf(nil, "P5\n%d %d\n255\n", g.Width, g.Height)
	if err := client.SetImageFromBytes(append(pgm, g.Pix[:g.Width*g.Height]...)); err != nil {
		return nil, fmt.Errorf("read text: %w", err)
	}
	words, err := client.GetBoundingBoxesVerbose()
	if err != nil {
		return nil, fmt.Errorf("read text: %w", err)
	}
	var lines []ocr.Line
	last := [3]int{-1, -1, -1}
	for _, w := range words {
		text := strings.TrimSpace(w.Word)
		if text == "" {
			continue
		}
		at := [3]int{w.BlockNum, w.ParNum, w.LineNum}
		if at != last {
			lines = append(lines, ocr.Line{})
			last = at
		}
		l := &lines[len(lines)-1]
		l.Words = append(l.Words, ocr.Word{
			Text: text, Confidence: w.Confidence / 100,
			X: float64(w.Box.Min.X), Y: float64(w.Box.Min.Y), W: float64(w.Box.Dx()), H: float64(w.Box.Dy()),
		})
	}
	return lines, nil
}

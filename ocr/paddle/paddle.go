// Package paddle reads single lines of text with PP-OCRv4's recognition, run by
// onnxruntime: a second opinion where Tesseract did not settle whom a label names.
package paddle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/packroom/packroom/ocr"
)

// Config says where the files are; see package models.
type Config struct {
	Runtime string // libonnxruntime.so, of version 1.20
	Model   string // PP-OCRv4's recognition, ONNX
	Keys    string // its letters, one a line
}

// Engine reads one line at a time, on one thread. It is safe for concurrent use.
type Engine struct {
	mu      sync.Mutex
	session *ort.DynamicAdvancedSession
	letters []string // by class; empty = not a letter that labels have
}

var _ ocr.Engine = (*Engine)(nil)

// New loads runtime and model. The runtime is one for the whole process: the first
// that is loaded stays.
func New(cfg Config) (*Engine, error) {
	letters, err := readLetters(cfg.Keys)
	if err != nil {
		return nil, fmt.Errorf("start PP-OCR: %w", err)
	}
	if !ort.IsInitialized() {
		ort.SetSharedLibraryPath(cfg.Runtime)
		if err := ort.InitializeEnvironment(); err != nil {
			return nil, fmt.Errorf("start PP-OCR: %w", err)
		}
	}
	session, err := open(cfg.Model)
	if err != nil {
		return nil, fmt.Errorf("start PP-OCR: %w", err)
	}
	return &Engine{session: session, letters: letters}, nil
}

// readLetters are the letters of the model's classes: none for the first, which is
// no letter, and for those that no label here has; a space for the last.
func readLetters(file string) ([]string, error) {
	keys, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	letters := []string{""}
	for l := range strings.Lines(string(keys)) {
		l = strings.TrimRight(l, "\r\n")
		if len(l) != 1 { // the others are Chinese
			l = ""
		}
		letters = append(letters, l)
	}
	return append(letters, " "), nil
}

// open loads a model of one input and one output. Its memory is given back after
// each line: a worker has little.
func open(model string) (*ort.DynamicAdvancedSession, error) {
	in, out, err := ort.GetInputOutputInfo(model)
	if err != nil {
		return nil, err
	}
	if len(in) != 1 || len(out) != 1 {
		return nil, errors.New("the model has not one input and one output")
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1), options.SetCpuMemArena(false), options.SetMemPattern(false)); err != nil {
		return nil, err
	}
	return ort.NewDynamicAdvancedSession(model, []string{in[0].Name}, []string{out[0].Name}, options)
}

// Close frees the model.
func (e *Engine) Close() error { return e.session.Destroy() }

const (
	height = 48   // of a line as the model was trained
	widest = 2400 // pixels of a line at that height: none of a label is longer
)

// Lines reads g as one line.
func (e *Engine) Lines(ctx context.Context, g ocr.Gray, _ ocr.Layout) ([]ocr.Line, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if g.Width < 8 || g.Height < 8 || len(g.Pix) < g.Width*g.Height || g.Width*height/g.Height > widest {
		return nil, nil
	}
	width := max(g.Width*height/g.Height, 16)
	in, err := ort.NewTensor(ort.NewShape(1, 3, height, int64(width)), planes(g, width))
	if err != nil {
		return nil, fmt.Errorf("read text: %w", err)
	}
	defer in.Destroy()
	outs := []ort.Value{nil}
	e.mu.Lock()
	err = e.session.Run([]ort.Value{in}, outs)
	e.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("read text: %w", err)
	}
	defer outs[0].Destroy()
	t, ok := outs[0].(*ort.Tensor[float32])
	if !ok {
		return nil, errors.New("read text: the model answered in another type")
	}
	text, conf := e.decode(t.GetData(), int(t.GetShape()[2]))
	if text == "" {
		return nil, nil
	}
	var l ocr.Line
	for _, w := range strings.Fields(text) {
		l.Words = append(l.Words, ocr.Word{Text: w, Confidence: conf, W: float64(g.Width), H: float64(g.Height)})
	}
	return []ocr.Line{l}, nil
}

// planes are g three times, scaled, -1..1.
func planes(g ocr.Gray, width int) []float32 {
	n := width * height
	out := make([]float32, 3*n)
	for y := range height {
		sy := (float64(y)+0.5)*float64(g.Height)/height - 0.5
		y0 := min(max(int(sy), 0), g.Height-2)
		fy := min(max(sy-float64(y0), 0), 1)
		for x := range width {
			sx := (float64(x)+0.5)*float64(g.Width)/float64(width) - 0.5
			x0 := min(max(int(sx), 0), g.Width-2)
			fx := min(max(sx-float64(x0), 0), 1)
			i := y0*g.Width + x0
			v := (float64(g.Pix[i])*(1-fx)+float64(g.Pix[i+1])*fx)*(1-fy) + (float64(g.Pix[i+g.Width])*(1-fx)+float64(g.Pix[i+g.Width+1])*fx)*fy
			out[y*width+x] = float32(v/127.5 - 1)
		}
	}
	copy(out[n:], out[:n])
	copy(out[2*n:], out[:n])
	return out
}

// decode takes the likeliest letter of each step, without repeats and blanks.
func (e *Engine) decode(p []float32, classes int) (string, float64) {
	var b strings.Builder
	last, sum, n := -1, 0.0, 0
	for at := 0; at+classes <= len(p); at += classes {
		best, most := 0, float32(-1)
		for c, v := range p[at : at+classes] {
			if v > most && c < len(e.letters) && (c == 0 || e.letters[c] != "") {
				best, most = c, v
			}
		}
		if best != 0 && best != last {
			b.WriteString(e.letters[best])
			sum, n = sum+float64(most), n+1
		}
		last = best
	}
	return b.String(), sum / float64(max(n, 1))
}

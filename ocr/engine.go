package ocr

import (
	"context"
	"strings"
)

// Layout tells an engine what to expect in a picture.
type Layout int

// The layouts.
const (
	Sparse Layout = iota // text in any place, in no order
	Column               // one column of lines
	Page                 // find columns by yourself
	OneLine
	Figures // one line of digits and capitals
)

// Word is one word as an engine read it.
type Word struct {
	Text       string
	Confidence float64 // 0..1, the engine's own
	X, Y, W, H float64 // in pixels of the picture
}

// Line is the words of one line, from left to right.
type Line struct {
	Words []Word
}

// Text is the line's words with spaces between.
func (l Line) Text() string {
	var b strings.Builder
	for i, w := range l.Words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
	}
	return b.String()
}

// Box is the box around the line's words: x, y, width, height.
func (l Line) Box() (x, y, w, h float64) {
	if len(l.Words) == 0 {
		return 0, 0, 0, 0
	}
	f := l.Words[0]
	x0, y0, x1, y1 := f.X, f.Y, f.X+f.W, f.Y+f.H
	for _, o := range l.Words[1:] {
		x0, y0, x1, y1 = min(x0, o.X), min(y0, o.Y), max(x1, o.X+o.W), max(y1, o.Y+o.H)
	}
	return x0, y0, x1 - x0, y1 - y0
}

// Confidence is the mean over the line's letters, 0..1.
func (l Line) Confidence() float64 {
	sum, n := 0.0, 0
	for _, w := range l.Words {
		sum += w.Confidence * float64(len(w.Text))
		n += len(w.Text)
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Engine reads text. It must be safe for concurrent use; Lines waits for a free
// worker and gives up when ctx ends.
type Engine interface {
	Lines(ctx context.Context, g Gray, layout Layout) ([]Line, error)
}

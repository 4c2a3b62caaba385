package ocr

import (
	"context"
	"fmt"
	"time"
)

// Explanation is what was read from one label of a photograph and how it was
// understood.
type Explanation struct {
	Turn   int // quarters clockwise that the label was turned
	Lines  []Printed
	Codes  []Code
	Parsed Parsed
	Match  Match
}

// Explain reads a photograph and tells what was seen on each label: to find out
// why a reading is as it is.
func (r *Reader) Explain(ctx context.Context, image []byte) ([]Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Deadline)
	defer cancel()
	photo, err := r.cfg.Prepare.Photo(ctx, image, false)
	if err != nil {
		return nil, fmt.Errorf("explain label: %w", err)
	}
	var out []Explanation
	for _, l := range photo.Labels {
		s, err := r.readLabel(ctx, l, func(string, time.Time) {})
		if err != nil {
			return nil, fmt.Errorf("explain label: %w", err)
		}
		out = append(out, Explanation{Turn: s.turn, Lines: s.lines, Codes: s.codes, Parsed: s.parsed, Match: s.match})
	}
	return out, nil
}

package ocr

import (
	"context"
	"slices"
)

// numberLooks show a line of figures otherwise than the first time: tall, narrow
// print loses its strokes where it is made as small as an address, and a figure is
// no small letter.
var numberLooks = []look{{cap: 48, figures: true}, {cap: 40, sharpen: 1, figures: true}, {cap: 56, sharpen: 1, figures: true}}

// readNumbers reads lines of figures again where neither a code nor the text has
// a tracking number that proves itself. What proves itself counts, and what two
// looks agree on.
func (r *Reader) readNumbers(ctx context.Context, s *labelSeen, pic Gray, unread []Strip, roster *Roster) error {
	if hasNumber(s.codes) || slices.ContainsFunc(s.parsed.Numbers, provesItself) {
		return nil
	}
	for _, st := range figureStrips(s.lines, unread) {
		p, proven, err := r.readNumber(ctx, pic, st)
		if err != nil {
			return err
		}
		if p.Text == "" {
			continue
		}
		s.lines = replaceRow(s.lines, p)
		s.understand(s.lines, r.cfg.Property, roster)
		if proven {
			return nil
		}
	}
	return nil
}

// readNumber reads one line of figures; the text is empty where neither a check
// digit nor a second look stands behind it.
func (r *Reader) readNumber(ctx context.Context, pic Gray, st Strip) (p Printed, proven bool, err error) {
	seen := map[string]bool{}
	for _, how := range numberLooks {
		p, ok, err := r.readAs(ctx, pic, st, how)
		if err != nil {
			return Printed{}, false, err
		}
		p.Text = squeeze(p.Text)
		if !ok || countDigits(p.Text) < fewestFigures {
			continue
		}
		p.Confidence = agreed
		found := numbers([]folded{{Printed: p, text: p.Text}}, nil)
		if slices.ContainsFunc(found, provesItself) {
			return p, true, nil
		}
		if seen[p.Text] && reAny.MatchString(p.Text) {
			return p, false, nil
		}
		seen[p.Text] = true
	}
	return Printed{}, false, nil
}

// agreed is how sure a number is that a check digit or a second look stands behind:
// the engine says nothing of use where it may not choose among all letters.
const agreed = 0.8

// fewestFigures is how many digits a tracking number has at least.
const fewestFigures = 8

// provesItself reports whether a number has a right check digit, of a form long
// enough that a misread one has hardly one by chance.
func provesItself(n string) bool {
	t := parseOnLabel(n, false)
	return t.Valid && t.strong && unmistakable(t.Normalized)
}

// figureStrips are the lines that may hold a tracking number: those read that are
// mostly figures, and long ones that nothing was read of; the tallest first.
func figureStrips(lines []Printed, unread []Strip) []Strip {
	const most = 3
	var out []Strip
	for _, st := range unread {
		if st.Glyphs >= fewestFigures && st.Ink < 0.62 {
			out = append(out, st)
		}
	}
	for _, l := range lines {
		text := toDigits.Replace(reMoment.ReplaceAllString(fold(l.Text), ""))
		if n := countDigits(text); n >= 10 && 2*n > len(squeeze(l.Text)) {
			out = append(out, Strip{X: l.X, Y: l.Y, W: l.W, H: l.H, Slope: l.Slope, CapPX: l.cap()})
		}
	}
	slices.SortStableFunc(out, func(a, b Strip) int { return int(b.CapPX - a.CapPX) })
	return out[:min(len(out), most)]
}

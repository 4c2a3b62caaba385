package ocr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// Preparer finds and rights the labels of a photograph. It must be safe for
// concurrent use.
type Preparer interface {
	// Photo decodes a photograph: room.ErrInvalid where it is not one. soft says
	// that its print is out of focus.
	Photo(ctx context.Context, data []byte, soft bool) (Photo, error)
	// Sharpness compares photographs of one thing, without a unit.
	Sharpness(data []byte) (float64, error)
	// Strips finds lines of text along x.
	Strips(g Gray, capPX float64) []Strip
	// Areas finds where barcodes may stand.
	Areas(g Gray) []CodeArea
}

const defaultDeadline = 8 * time.Second

// Config is what a Reader is built from.
type Config struct {
	Property room.Property  // its address tells the recipient's from the sender's; empty = not known
	Prepare  Preparer       // imaging
	Engine   Engine         // tesseract
	Second   Engine         // paddle: reads the recipient's lines where Engine did not settle who it is; nil = none
	Codes    CodeReader     // zxing; nil = barcodes are not read
	Roster   func() *Roster // the residents now; nil or an empty one = nobody is matched
	Deadline time.Duration  // for one photograph; 0 = 8 s
	Now      func() time.Time
}

// Reader turns photographs of labels into readings. It is safe for concurrent
// use.
type Reader struct {
	cfg  Config
	bars *bars128
}

// New checks cfg.
func New(cfg Config) (*Reader, error) {
	if cfg.Prepare == nil || cfg.Engine == nil {
		return nil, errors.New("ocr: a reader needs imaging and a text engine")
	}
	if cfg.Deadline <= 0 {
		cfg.Deadline = defaultDeadline
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Roster == nil {
		empty := NewRoster(nil)
		cfg.Roster = func() *Roster { return empty }
	}
	return &Reader{cfg: cfg, bars: newBars128()}, nil
}

// readFrame reads one photograph.
func (r *Reader) readFrame(ctx context.Context, picture []byte) (reading room.Reading, err error) {
	defer func() {
		if p := recover(); p != nil { // one bad picture must not end the service
			err = fmt.Errorf("read label: a programmer's error: %v", p)
		}
	}()
	reading, soft, err := r.readPhoto(ctx, picture, false)
	if err != nil || !soft || worth(reading) > 1 {
		return reading, err
	}
	again, _, err := r.readPhoto(ctx, picture, true)
	if err != nil || worth(again) < worth(reading) {
		return reading, nil //nolint:nilerr // the first reading stands
	}
	for stage, ms := range reading.MS {
		again.MS[stage] += ms
	}
	return again, nil
}

// readPhoto reads one photograph, and reports whether its print is out of focus
// and was not looked for as such.
func (r *Reader) readPhoto(ctx context.Context, picture []byte, asSoft bool) (reading room.Reading, soft bool, err error) {
	start := r.cfg.Now()
	ms := map[string]float64{}
	lap := func(stage string, since time.Time) {
		ms[stage] += float64(r.cfg.Now().Sub(since).Microseconds()) / 1000
	}
	photo, err := r.cfg.Prepare.Photo(ctx, picture, asSoft)
	if err != nil {
		return room.Reading{}, false, fmt.Errorf("read label: %w", err)
	}
	lap("prepare", start)
	var seen []labelSeen
	for i, l := range photo.Labels {
		if i > 0 && l.Ink < 0.08 {
			break
		}
		s, err := r.readLabel(ctx, l, lap)
		if err != nil {
			return room.Reading{}, false, fmt.Errorf("read label: %w", err)
		}
		seen = append(seen, s)
	}
	t := r.cfg.Now()
	reading = r.conclude(photo, seen)
	lap("match", t)
	reading.MS = ms
	reading.Appearance = photo.Appearance
	return reading, !asSoft && photo.soft(), nil
}

// soft reports whether nothing in a photograph has the steep edges of print.
func (p Photo) soft() bool {
	return !slices.ContainsFunc(p.Labels, func(l Label) bool { return l.Sharp >= softEdges })
}

// labelSeen is what was read from one label.
type labelSeen struct {
	label  Label
	turn   int
	codes  []Code
	lines  []Printed
	boxes  []room.Rect // of lines, in the photograph
	parsed Parsed
	block  Block
	match  Match
	others []Match // of other addresses on it that are the property's too
	good   int     // letters read with confidence
}

func (r *Reader) readLabel(ctx context.Context, l Label, lap func(string, time.Time)) (labelSeen, error) {
	s := labelSeen{label: l}
	t := r.cfg.Now()
	turn := -1
	var bars []CodeArea
	if r.cfg.Codes != nil {
		s.codes, bars, turn = readCodes(r.cfg.Codes, r.bars, r.cfg.Prepare.Areas(l.Raw), l)
	}
	lap("codes", t)
	roster := r.cfg.Roster()
	if s.named(r.cfg.Property, roster) {
		s.turn = max(turn, 0)
		return s, nil
	}
	t = r.cfg.Now()
	defer func() { lap("text", t) }()
	pic, list, turn, err := r.upright(ctx, l, turn)
	if err != nil {
		return s, err
	}
	s.turn = turn
	list = offBars(list, bars, l, turn)
	unread, err := r.readStrips(ctx, &s, pic, list, roster)
	if err != nil {
		return s, err
	}
	s.understand(s.lines, r.cfg.Property, roster)
	if err := r.readNumbers(ctx, &s, pic, unread, roster); err != nil {
		return s, err
	}
	if err := r.lookAgain(ctx, &s, pic, roster); err != nil {
		return s, err
	}
	s.place()
	return s, nil
}

// upright turns a label so that its text reads from left to right, and finds its
// lines. turn is what linear codes said, -1 where none was read: where there is
// text enough along them, they are believed.
func (r *Reader) upright(ctx context.Context, l Label, turn int) (Gray, []Strip, int, error) {
	const plenty, some = 60, 0.35 // letters in lines; share of the other axis'
	var pics [2]Gray
	var strips [2][]Strip
	var weight [2]float64
	look := func(axis int) {
		pics[axis] = l.Even.Turn(axis)
		strips[axis] = r.cfg.Prepare.Strips(pics[axis], l.CapPX)
		weight[axis] = stripWeight(strips[axis])
	}
	axis := max(turn, 0) & 1
	look(axis)
	if turn < 0 || weight[axis] < plenty {
		look(1 - axis)
		if weight[1-axis] > weight[axis] && (turn < 0 || weight[axis] < some*weight[1-axis]) {
			axis, turn = 1-axis, -1
		}
	}
	pic, list := pics[axis], strips[axis]
	if turn < 0 {
		flip, err := r.flipped(ctx, pic, list, firstLook(l))
		if err != nil {
			return Gray{}, nil, 0, err
		}
		turn = axis
		if flip {
			turn += 2
		}
	}
	if turn >= 2 {
		pic, list = pic.Turn(2), flipStrips(list, pic.Width, pic.Height)
	}
	return pic, list, turn, nil
}

// readStrips reads the lines of an upright label, the likeliest first. It stops
// where nothing more is to be expected: after many strips in a row that were no
// text, when a part of the time is over, or when a code has the number and
// what is left is print too small to change whom the label names. unread are the
// strips that nothing was read of.
func (r *Reader) readStrips(ctx context.Context, s *labelSeen, pic Gray, list []Strip, roster *Roster) (unread []Strip, err error) {
	const most, few = 44, 5
	patience := 9
	if s.label.Sharp < blurred {
		patience = 18 // what is out of focus looks like print in more places
	}
	start := r.cfg.Now()
	how := firstLook(s.label)
	missed := 0
	numbered := hasNumber(s.codes)
	order := likeliest(best(list, most), most)
	for i, st := range order {
		if numbered && i >= few && i%3 == 0 && st.CapPX < 0.9*order[0].CapPX {
			s.understand(s.lines, r.cfg.Property, roster)
			if s.match.Decision == room.DecisionMatch && !slices.ContainsFunc(order[i:], func(o Strip) bool { return o.CapPX > smallPrint*s.block.cap }) {
				break
			}
		}
		p, ok, err := r.readAs(ctx, pic, st, how)
		if err != nil {
			return nil, err
		}
		if !ok {
			unread = append(unread, st)
		}
		if !ok || p.Confidence < 0.4 {
			missed++
		} else {
			missed = 0
		}
		if ok {
			s.lines = append(s.lines, p)
			if p.Confidence > 0.75 {
				s.good += len(p.Text)
			}
		}
		if missed >= patience || r.cfg.Now().Sub(start) > r.cfg.Deadline/3 {
			break
		}
	}
	return unread, nil
}

// place sorts the lines from top to bottom and finds where they are in the
// photograph.
func (s *labelSeen) place() {
	sort.SliceStable(s.lines, func(i, j int) bool { return s.lines[i].Y < s.lines[j].Y })
	for _, p := range s.lines {
		x, y, w, h := unturn(s.turn, s.label.Even.Width, s.label.Even.Height, p.X, p.Y, p.W, p.H)
		s.boxes = append(s.boxes, s.label.ToPhoto.Bounds(x, y, w, h))
	}
}

// smallPrint is how tall print is, against the recipient's, that is neither a
// second recipient nor a sender who may be taken for one.
const smallPrint = 0.72

// hasNumber reports whether a code holds a tracking number that proves itself,
// and so its carrier.
func hasNumber(codes []Code) bool {
	return slices.ContainsFunc(codes, func(c Code) bool {
		return slices.ContainsFunc(codeNumbers(c.Text), func(n string) bool {
			t := parseOnLabel(n, true)
			return t.Valid && t.strong
		})
	})
}

func (r *Reader) readAs(ctx context.Context, pic Gray, st Strip, how look) (Printed, bool, error) {
	return readWith(ctx, r.cfg.Engine, pic, st, how)
}

func readWith(ctx context.Context, engine Engine, pic Gray, st Strip, how look) (Printed, bool, error) {
	cut := cutStrip(pic, st, how)
	if cut.Width == 0 {
		return Printed{}, false, nil
	}
	layout := OneLine
	if how.figures {
		layout = Figures
	}
	lines, err := engine.Lines(ctx, cut, layout)
	if err != nil {
		return Printed{}, false, err
	}
	var text []string
	sum, n := 0.0, 0
	for _, l := range lines {
		if tx := l.Text(); strings.TrimSpace(tx) != "" {
			text = append(text, tx)
			sum += l.Confidence() * float64(len(tx))
			n += len(tx)
		}
	}
	if n == 0 || !how.figures && sum/float64(n) < 0.2 {
		return Printed{}, false, nil
	}
	return Printed{Text: strings.Join(text, " "), Confidence: sum / float64(n), X: st.X, Y: st.Y, W: st.W, H: st.H, CapPX: st.CapPX, Slope: st.Slope}, true, nil
}

// flipped reads the likeliest lines both ways round and reports whether they are
// upside down.
func (r *Reader) flipped(ctx context.Context, pic Gray, list []Strip, how look) (bool, error) {
	var up, down float64
	tried := 0
	for _, st := range likeliest(list, 4) {
		a, okA, err := r.readAs(ctx, pic, st, how)
		if err != nil {
			return false, err
		}
		turned := pic.Crop(int(st.X-st.CapPX), int(st.Y-st.CapPX), int(st.W+2*st.CapPX), int(st.H+2*st.CapPX))
		moved := st
		moved.X, moved.Y = st.CapPX, st.CapPX
		turned = turned.Turn(2)
		b, okB, err := r.readAs(ctx, turned, moved, how)
		if err != nil {
			return false, err
		}
		if okA {
			up += a.Confidence * a.Confidence * float64(len(a.Text))
		}
		if okB {
			down += b.Confidence * b.Confidence * float64(len(b.Text))
		}
		tried++
		if tried >= 2 && (up > 2*down || down > 2*up) && up+down > 10 {
			break
		}
	}
	return down > up, nil
}

// stripWeight is how much text there seems to be in strips: letters in long
// lines.
func stripWeight(list []Strip) float64 {
	sum := 0.0
	for _, s := range list {
		if s.Glyphs >= 5 && s.W > 4*s.CapPX && s.Ink < 0.7 {
			sum += float64(min(s.Glyphs, 40))
		}
	}
	return sum
}

// likeliest are the n strips that most look like a line of text.
func likeliest(list []Strip, n int) []Strip {
	rest := append([]Strip(nil), list...)
	score := func(s Strip) float64 {
		v := float64(min(s.Glyphs, 24))
		if s.Ink > 0.62 || s.W < 3*s.CapPX {
			v *= 0.2
		}
		return v * min(s.CapPX, 30)
	}
	var out []Strip
	for len(out) < n && len(rest) > 0 {
		at := 0
		for i := range rest {
			if score(rest[i]) > score(rest[at]) {
				at = i
			}
		}
		out = append(out, rest[at])
		rest = append(rest[:at], rest[at+1:]...)
	}
	return out
}

// best leaves out what is least like text where there are too many strips; the
// order stays.
func best(list []Strip, most int) []Strip {
	var out []Strip
	for _, s := range list {
		if s.Ink > 0.8 || s.Glyphs < 2 && s.W < 3*s.CapPX {
			continue
		}
		out = append(out, s)
	}
	if len(out) <= most {
		return out
	}
	keep := map[Strip]bool{}
	for _, s := range likeliest(out, most) {
		keep[s] = true
	}
	var kept []Strip
	for _, s := range out {
		if keep[s] {
			kept = append(kept, s)
		}
	}
	return kept
}

func flipStrips(list []Strip, w, h int) []Strip {
	out := make([]Strip, len(list))
	for i, s := range list {
		s.X, s.Y = float64(w)-s.X-s.W, float64(h)-s.Y-s.H
		out[len(list)-1-i] = s
	}
	return out
}

// unturn maps a box of a picture that was turned clockwise back to the picture.
func unturn(turn, w, h int, x, y, bw, bh float64) (ox, oy, ow, oh float64) {
	fw, fh := float64(w), float64(h)
	switch turn & 3 {
	case 1:
		return y, fh - x - bw, bh, bw
	case 2:
		return fw - x - bw, fh - y - bh, bw, bh
	case 3:
		return fw - y - bh, x, bh, bw
	}
	return x, y, bw, bh
}

package ocr

import (
	"image"
	"regexp"
	"slices"
	"strings"
)

// codeScan reads the barcodes of one label.
type codeScan struct {
	reader CodeReader
	shapes *bars128
	codes  []Code
	seen   map[string]bool
	tries  int        // areas that bars were looked for in by their shape
	bars   []CodeArea // where linear codes were read
	votes  [4]int     // by how often the label must be turned for linear codes to run left to right
}

// readCodes reads the barcodes of a label. turn is how often the label must be
// turned clockwise so that linear codes run left to right, -1 where none was
// read; bars are where those stand.
//
// One symbol of one family is asked for at a time, in an area that looks like
// it, and what was read is covered before more is looked for there.
func readCodes(reader CodeReader, bars128 *bars128, areas []CodeArea, l Label) (codes []Code, bars []CodeArea, turn int) {
	s := &codeScan{reader: reader, shapes: bars128, seen: map[string]bool{}}
	for _, a := range areas {
		if a.Kind == Cells {
			s.cells(l.Raw, a.Rect)
		} else {
			s.linear(l.Raw, a)
		}
	}
	turn = -1
	for i, v := range s.votes {
		if v > 0 && (turn < 0 || v > s.votes[turn]) {
			turn = i
		}
	}
	return s.codes, s.bars, turn
}

func (s *codeScan) add(c Code) {
	if key := c.Format + c.Text; !s.seen[key] {
		s.seen[key] = true
		s.codes = append(s.codes, c)
	}
}

// mostBarTries bounds the work on bars that are too poor for edges to be
// measured; the largest areas come first.
const mostBarTries = 3

// margin is the white around a code that readers want, in pixels.
const margin = 20

func (s *codeScan) linear(raw Gray, a CodeArea) {
	r := a.Rect.Inset(-margin)
	g := raw.Crop(r.Min.X, r.Min.Y, r.Dx(), r.Dy())
	quarter := 0
	if a.Kind == LevelBars {
		g, quarter = g.Turn(1), 1
	}
	// a symbol's width is read from the whole, its bars best from the middle
	for _, part := range []Gray{g, g.Crop(0, g.Height*3/8, g.Width, g.Height/4)} {
		if c, ok := s.reader.One(part, Linear); ok && len(c.Text) >= 6 {
			if c.Corners[0][0] < c.Corners[1][0] {
				s.votes[quarter]++
			} else {
				s.votes[quarter+2]++
			}
			s.add(c)
			s.bars = append(s.bars, a)
			return
		}
	}
	if c, ok := s.reader.One(g, PDF417); ok { // its bars stand upright too
		s.add(c)
		return
	}
	if s.tries++; s.tries > mostBarTries || hasNumber(s.codes) {
		return
	}
	text, reversed, sure, ok := s.shapes.read(g)
	if !ok || !believable(text, sure) {
		return
	}
	if reversed {
		quarter += 2
	}
	s.votes[quarter]++
	s.bars = append(s.bars, a)
	s.add(Code{Format: "Code128", Text: text})
}

// offBars leaves out the lines of an upright label that are bars of a code which
// stands on its side: each looks like a dash, and a dash like part of the line of
// text beside it.
func offBars(list []Strip, bars []CodeArea, l Label, turn int) []Strip {
	scale := float64(l.Raw.Width) / float64(max(l.Even.Width, 1))
	level := LevelBars // once the label is upright
	if turn%2 == 1 {
		level = UprightBars
	}
	return slices.DeleteFunc(list, func(s Strip) bool {
		x, y, w, h := unturn(turn, l.Even.Width, l.Even.Height, s.X, s.Y, s.W, s.H)
		middle := image.Pt(int((x+w/2)*scale), int((y+h/2)*scale))
		return slices.ContainsFunc(bars, func(b CodeArea) bool { return b.Kind == level && middle.In(b.Rect) })
	})
}

var reNumberLike = regexp.MustCompile(`^(?:[A-Z]{0,4}[0-9]{8,30}|420[0-9]{5}(?:[0-9]{4})?\x1d?[0-9]{0,30})$`)

// believable reports whether a text that a checksum alone vouches for looks like
// what parcels carry, or proves itself.
func believable(text string, sure bool) bool {
	if t := parseOnLabel(strings.ReplaceAll(text, "\x1d", ""), false); t.Valid && t.strong {
		return true
	}
	return sure && reNumberLike.MatchString(text)
}

// cells reads codes of cells in an area: those that its shape allows, one at a
// time.
func (s *codeScan) cells(raw Gray, area image.Rectangle) {
	const most = 3 // in one area
	r := area.Inset(-margin)
	g := raw.Crop(r.Min.X, r.Min.Y, r.Dx(), r.Dy())
	families := []CodeFamily{QR, DataMatrix, Aztec, MaxiCode}
	if w, h := area.Dx(), area.Dy(); max(w, h) > 2*min(w, h) {
		families = []CodeFamily{PDF417, DataMatrix}
	}
	for range most {
		found := false
		for _, f := range families {
			c, ok := s.reader.One(g, f)
			if !ok {
				continue
			}
			s.add(c)
			cover(g, c.Corners)
			found = true
			break
		}
		if !found {
			return
		}
	}
}

// cover paints the box around corners white.
func cover(g Gray, corners [4][2]float64) {
	x0, y0, x1, y1 := g.Width, g.Height, 0, 0
	for _, c := range corners {
		x0, y0 = min(x0, int(c[0])), min(y0, int(c[1]))
		x1, y1 = max(x1, int(c[0])+1), max(y1, int(c[1])+1)
	}
	for y := max(y0, 0); y < min(y1, g.Height); y++ {
		for x := max(x0, 0); x < min(x1, g.Width); x++ {
			g.Pix[y*g.Width+x] = 255
		}
	}
}

package ocr

import (
	"context"
	"math"

	"github.com/packroom/packroom/room"
)

// understand parses lines and matches whom they name.
func (s *labelSeen) understand(lines []Printed, property room.Property, roster *Roster) {
	s.parsed = Parse(lines, property)
	s.block, s.others = Block{}, nil
	if len(s.parsed.Blocks) > 0 {
		s.block = s.parsed.Blocks[0]
	}
	s.match = roster.Match(s.block)
	for i, b := range s.parsed.Blocks {
		if i > 0 && b.Where == Own && !b.From && !b.sends(s.block) && b.cap > 0.75*s.block.cap && len(b.Names) > 0 {
			s.others = append(s.others, roster.Match(b))
		}
	}
}

// sends reports whether an address without a mark is the sender's of one that is
// marked as the recipient's: it stands above it, in its column.
func (b Block) sends(to Block) bool {
	const apart = 12 // capitals' heights
	if len(b.rows) == 0 || b.To || !to.To {
		return false
	}
	last := b.rows[len(b.rows)-1]
	down := to.first.Y - (last.Y + last.H)
	return down > 0 && down < apart*to.cap && math.Abs(to.first.X-b.first.X) < apart*to.cap
}

// lookAgain reads the recipient's lines in other ways where the first did not
// settle who it is: by the second engine, in other sizes, sharpened, and rows that
// must be there because of the lines around them but were not found. A reading that settles it counts;
// one that only differs does not.
func (r *Reader) lookAgain(ctx context.Context, s *labelSeen, pic Gray, roster *Roster) error {
	if s.match.Decision == room.DecisionMatch || s.match.Reason == "past_resident" || s.match.Reason == "future_resident" {
		return nil
	}
	if s.block.Where == Elsewhere || s.block.Street == "" && s.block.City == "" || len(s.block.rows) == 0 {
		return nil
	}
	rows := expectedRows(s.block)
	first := *s
	lines := s.lines
	looks := append([]look{plainLook}, otherLooks...)
	if r.cfg.Second != nil {
		looks = append([]look{secondLook}, looks...)
	}
	for _, how := range looks {
		changed := append([]Printed(nil), lines...)
		for _, row := range rows {
			if how == plainLook && row.Glyphs > 0 {
				continue // read that way already
			}
			engine := r.cfg.Engine
			if how.second {
				engine = r.cfg.Second
			}
			p, ok, err := readWith(ctx, engine, pic, row, how)
			if err != nil {
				return err
			}
			if ok && p.Confidence > 0.45 && len(p.Text) >= 3 {
				changed = replaceRow(changed, p)
			}
		}
		try := *s
		try.understand(changed, r.cfg.Property, roster)
		if settles(first, try) {
			s.understand(changed, r.cfg.Property, roster)
			if s.match.Decision == room.DecisionMatch {
				return nil
			}
			first = *s
		}
	}
	return nil
}

// settles reports whether a second reading is better than the first.
func settles(first, second labelSeen) bool {
	if second.block.Where == Elsewhere || second.block.Doubt && !first.block.Doubt {
		return false
	}
	rank := func(d room.Decision) int {
		switch d {
		case room.DecisionMatch:
			return 2
		case room.DecisionConfirm:
			return 1
		}
		return 0
	}
	a, b := rank(first.match.Decision), rank(second.match.Decision)
	if b == 2 && a == 1 && len(first.match.Candidates) > 0 {
		// it must be one that the first reading had in mind
		for _, c := range first.match.Candidates {
			if c.ResidentID == second.match.Candidates[0].ResidentID {
				return true
			}
		}
		return false
	}
	return b > a
}

// expectedRows are the strips of a block's rows: those read, and those that must
// stand above its street or city line. Rows that were not found have no glyphs.
func expectedRows(b Block) []Strip {
	var out []Strip
	strip := func(p Printed, glyphs int) Strip {
		return Strip{X: p.X, Y: p.Y, W: p.W, H: p.H, Slope: p.Slope, CapPX: p.cap(), Glyphs: glyphs}
	}
	for i, p := range b.rows {
		if i < len(b.rows)-1 || b.City == "" {
			out = append(out, strip(p, 1))
		}
	}
	base := b.rows[len(b.rows)-1]
	width := base.W
	for _, p := range b.rows {
		width = max(width, p.W)
	}
	c := base.cap()
	pitch := 1.5 * c
	if len(b.rows) > 1 {
		d := base.Y + base.H/2 - (b.rows[len(b.rows)-2].Y + b.rows[len(b.rows)-2].H/2)
		if d > 1.1*c && d < 2.2*c {
			pitch = d
		}
	}
	for k := 1.0; k <= 4; k++ {
		y := base.Y + base.H/2 - k*pitch
		free := true
		for _, p := range b.rows {
			if math.Abs(p.Y+p.H/2-y) < 0.6*c && p.W > 4*c {
				free = false
			}
		}
		if free && y > 0 {
			out = append(out, Strip{X: base.X - 0.2*c, Y: y - 0.6*c, W: max(width, 13*c), H: 1.2 * c, Slope: base.Slope, CapPX: c})
		}
	}
	return out
}

// replaceRow puts a new reading in the place of the lines that it covers.
func replaceRow(lines []Printed, p Printed) []Printed {
	out := lines[:0:0]
	for _, l := range lines {
		inside := min(l.X+l.W, p.X+p.W) - max(l.X, p.X)
		if math.Abs(l.Y+l.H/2-p.Y-p.H/2) < 0.6*p.cap() && inside > 0.5*l.W {
			continue
		}
		out = append(out, l)
	}
	return append(out, p)
}

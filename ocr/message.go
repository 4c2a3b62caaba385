package ocr

import (
	"regexp"
	"strings"

	"github.com/packroom/packroom/room"
)

// coded is a recipient whom a barcode names.
type coded struct {
	name, unit, street, city, zip string
	number                        string // the tracking number beside it
}

var reNamePart = regexp.MustCompile(`^[\p{L}][\p{L} .,'&\-]{2,59}$`)

// codedRecipient takes the recipient out of a code that names one: FedEx'
// PDF417 (ANSI MH10.8.3), OnTrac's PDF417, GLS' DataMatrix.
func codedRecipient(text string) (coded, bool) {
	var c coded
	switch {
	case strings.HasPrefix(text, "[)>"):
		c = fromMessage(text)
	case strings.Count(text, "|") == 2:
		f := strings.Split(text, "|")
		c = coded{number: f[0], zip: f[1], name: f[2]}
		if !ParseTrack(c.number).Valid && !reOnTrac.MatchString(c.number) || len(c.zip) < 5 || !digits(c.zip) {
			return coded{}, false
		}
	case strings.HasPrefix(text, "A|") && strings.Count(text, "|") >= 4:
		f := strings.Split(text, "|")
		c = coded{name: f[1], street: f[2], city: f[3]}
	}
	c.name = strings.TrimSpace(c.name)
	return c, reNamePart.MatchString(c.name)
}

// fromMessage reads the transport format of MH10.8.3 as FedEx prints it: in
// format 01 the postcode second, the number fifth, street, city, state and name
// last; in format 06 fields with their identifiers.
func fromMessage(text string) coded {
	var c coded
	for part := range strings.SplitSeq(text, "\x1e") {
		f := strings.Split(strings.Trim(part, "\x04"), "\x1d")
		switch f[0] {
		case "01":
			if len(f) < 16 || len(f[1]) < 7 || f[5] != "FDEG" && f[5] != "FDE" {
				continue
			}
			c.zip, c.number = f[1][2:7], f[4]
			tail := f[len(f)-4:]
			c.street, c.city, c.name = tail[0], tail[1]+" "+tail[2], tail[3]
		case "06":
			for _, v := range f[1:] {
				switch {
				case strings.HasPrefix(v, "11Z"):
					c.name = v[3:]
				case strings.HasPrefix(v, "14Z"):
					c.unit = v[3:]
				}
			}
		}
	}
	return c
}

// block is the address that a code tells, as if it had been read without doubt.
func (c coded) block(property room.Property) Block {
	lines := []Printed{{Text: c.name, Confidence: 1}, {Text: c.unit, Confidence: 1}, {Text: c.street, Confidence: 1},
		{Text: strings.TrimSpace(c.city + " " + c.zip), Confidence: 1}}
	y := 0.0
	var printed []Printed
	for _, l := range lines {
		if l.Text == "" {
			continue
		}
		l.Y, l.H, l.CapPX, l.W = y, 10, 10, float64(8*len(l.Text))
		y += 15
		printed = append(printed, l)
	}
	p := Parse(printed, property)
	if len(p.Blocks) == 0 {
		return Block{Doubt: true}
	}
	return p.Blocks[0]
}

// named looks for the recipient in codes: who it is, where a code of the label
// names somebody of here with street and number, and no other parcel's number is
// on the label.
func (s *labelSeen) named(property room.Property, roster *Roster) bool {
	for _, code := range s.codes {
		c, ok := codedRecipient(code.Text)
		if !ok || c.street == "" || c.number == "" || s.otherNumber(c.number) {
			continue
		}
		b := c.block(property)
		if m := roster.Match(b); m.Decision == room.DecisionMatch {
			s.block, s.match = b, m
			s.parsed = Parsed{Blocks: []Block{b}}
			return true
		}
	}
	return false
}

// otherNumber reports whether a code of the label proves another tracking number.
func (s *labelSeen) otherNumber(number string) bool {
	for _, code := range s.codes {
		for _, n := range codeNumbers(code.Text) {
			if t := parseOnLabel(n, true); t.Valid && t.strong && t.Normalized != number && !strings.HasSuffix(n, number) {
				return true
			}
		}
	}
	return false
}

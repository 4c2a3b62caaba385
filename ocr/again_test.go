package ocr

import (
	"context"
	"testing"

	"github.com/packroom/packroom/room"
)

// bands is a label whose lines are bands, each of one grey: what stands in a band
// is for an engine to say.
type bands struct{ label Label }

func (b bands) Photo(context.Context, []byte, bool) (Photo, error) {
	return Photo{Brightness: 0.9, Labels: []Label{b.label}}, nil
}
func (bands) Sharpness([]byte) (float64, error) { return 1, nil }
func (bands) Areas(Gray) []CodeArea             { return nil }

func (bands) Strips(g Gray, _ float64) []Strip {
	if g.Width < g.Height {
		return nil // on its side
	}
	var out []Strip
	for y := 0; y < g.Height; y += 30 {
		if g.Pix[(y+10)*g.Width+g.Width/2] < 200 {
			out = append(out, Strip{X: 20, Y: float64(y), W: 260, H: 20, CapPX: 20, Glyphs: 16, Ink: 0.4})
		}
	}
	return out
}

// sayings reads the bands: what each says, by its grey.
type sayings map[byte]string

func (s sayings) Lines(_ context.Context, g Gray, _ Layout) ([]Line, error) {
	text := s[g.Pix[g.Height/2*g.Width+g.Width/2]]
	if text == "" {
		return nil, nil
	}
	return []Line{{Words: []Word{{Text: text, Confidence: 0.9}}}}, nil
}

func bandLabel(greys ...byte) Label {
	g := Gray{Width: 300, Height: 30 * len(greys)}
	for _, v := range greys {
		for y := range 30 {
			for range g.Width {
				if y >= 20 {
					v = 245
				}
				g.Pix = append(g.Pix, v)
			}
		}
	}
	return Label{Raw: g, Even: g, ToPhoto: Affine{1, 0, 0, 0, 1, 0}, CapPX: 20, Ink: 1, Sharp: 0.5, Rect: room.Rect{0, 0, 300, float64(g.Height)}}
}

func TestTheSecondEngineReadsWhatTheFirstDidNotSettle(t *testing.T) {
	address := sayings{20: "2450 TAMBERLYN ST APT 4B", 30: "ASHGROVE OR 97489"}
	with := func(name string) sayings { return sayings{10: name, 20: address[20], 30: address[30]} }
	for name, c := range map[string]struct {
		first, second Engine
		want          room.Decision
		who           string
	}{
		"a name that the first could not read": {with(""), with("ROBERT LINDGREN"), room.DecisionMatch, "bob"},
		"no second engine":                     {with(""), nil, room.DecisionNone, ""},
		"a name that the first read rightly":   {with("ROBERT LINDGREN"), with("MIA LINDGREN"), room.DecisionMatch, "bob"},
		"another number of the house":          {with(""), sayings{10: "ROBERT LINDGREN", 20: "2540 TAMBERLYN ST APT 4B", 30: address[30]}, room.DecisionNone, ""},
		"nobody of here":                       {with(""), with("THEOBALD KIRCHWEGER"), room.DecisionNone, ""},
	} {
		reader, err := New(Config{Property: testProperty, Prepare: bands{bandLabel(10, 20, 30)}, Engine: c.first, Second: c.second,
			Roster: func() *Roster { return testRoster }})
		if err != nil {
			t.Fatal(err)
		}
		got, err := reader.Read(t.Context(), []byte{0})
		if err != nil {
			t.Fatal(err)
		}
		if got.Decision != c.want || c.who != "" && got.Candidates[0].ResidentID != c.who {
			t.Errorf("%s: %s %v, want %s %s", name, got.Decision, got.Candidates, c.want, c.who)
		}
	}
}

// outOfFocus is a label that is found only where soft print is looked for.
type outOfFocus struct{ bands }

func (o outOfFocus) Photo(_ context.Context, _ []byte, soft bool) (Photo, error) {
	if !soft {
		return Photo{Brightness: 0.9}, nil
	}
	return Photo{Brightness: 0.9, Labels: []Label{o.label}}, nil
}

func TestASoftPhotographIsLookedAtAgain(t *testing.T) {
	says := sayings{10: "ROBERT LINDGREN", 20: "2450 TAMBERLYN ST APT 4B", 30: "ASHGROVE OR 97489"}
	reader, err := New(Config{Property: testProperty, Prepare: outOfFocus{bands{bandLabel(10, 20, 30)}}, Engine: says, Roster: func() *Roster { return testRoster }})
	if err != nil {
		t.Fatal(err)
	}
	got, err := reader.Read(t.Context(), []byte{0})
	if err != nil || got.Decision != room.DecisionMatch || got.Candidates[0].ResidentID != "bob" {
		t.Errorf("%s %v, %v", got.Decision, got.Candidates, err)
	}
}

// A resident who sends to another stands above, unmarked; two recipients on one
// picture are marked both or neither.
func TestASenderAboveAMarkedRecipientIsNoSecondLabel(t *testing.T) {
	address := func(y float64, name, unit string) []Printed {
		var out []Printed
		for i, text := range []string{name, "2450 Tamberlyn St # " + unit, "Ashgrove OR 97489"} {
			out = append(out, Printed{Text: text, Confidence: 0.95, X: 50, Y: y + 15*float64(i), W: 200, H: 12, CapPX: 10})
		}
		return out
	}
	mark := func(y float64) Printed {
		return Printed{Text: "Destinataire :", Confidence: 0.95, X: 50, Y: y, W: 90, H: 9, CapPX: 8}
	}
	moved := func(lines []Printed, right float64) []Printed {
		for i := range lines {
			lines[i].X += right
		}
		return lines
	}
	sender, recipient := address(0, "Mia Lindgren", "9"), address(115, "Robert Lindgren", "4B")
	for name, c := range map[string]struct {
		lines  []Printed
		others int
	}{
		"the lower is marked":        {append(append(append([]Printed(nil), sender...), mark(98)), recipient...), 0},
		"the upper stands elsewhere": {append(moved(address(0, "Mia Lindgren", "9"), 400), append([]Printed{mark(98)}, recipient...)...), 1},
		"neither is":                 {append(append([]Printed(nil), sender...), recipient...), 1},
	} {
		var s labelSeen
		s.understand(c.lines, testProperty, testRoster)
		if len(s.others) != c.others {
			t.Errorf("%s: %d others beside %v, want %d", name, len(s.others), s.block.Names, c.others)
		}
	}
}

var _ Preparer = bands{}

package ocr

import (
	"context"
	"testing"
)

// figuresOf reads bands as sayings do, and figures, look by look, as it is told.
type figuresOf struct {
	sayings
	looks []string
	next  int
}

func (f *figuresOf) Lines(ctx context.Context, g Gray, layout Layout) ([]Line, error) {
	if layout != Figures {
		return f.sayings.Lines(ctx, g, layout)
	}
	text := f.looks[f.next%len(f.looks)]
	f.next++
	return []Line{{Words: []Word{{Text: text}}}}, nil
}

func TestFiguresAreReadAgain(t *testing.T) {
	for name, c := range map[string]struct {
		first, want string
		looks       []string
	}{
		"two looks agree":                {"0612 0341 oo72 89", "06120341007289", []string{"06120341001289", "06120341007289", "06120341007289"}},
		"no two looks agree":             {"0612 0341 oo72 89", "", []string{"06120341001289", "06120341007289", "06120341007280"}},
		"a check digit stands behind it": {"9400 1112 0620 64o6 26o1 81", "9400111206206406260787", []string{"9400111206206406260787", "1", "2"}},
	} {
		reader, err := New(Config{Prepare: bands{bandLabel(10, 20)}, Engine: &figuresOf{sayings: sayings{10: "DPD", 20: c.first}, looks: c.looks}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := reader.Read(t.Context(), []byte{0})
		if err != nil || got.Tracking != c.want {
			t.Errorf("%s: %q, want %q, %v", name, got.Tracking, c.want, err)
		}
	}
}

func TestFiguresAreNotReadAgainOfADate(t *testing.T) {
	lines := []Printed{{Text: "2026-03-06 09:04 240304"}, {Text: "5151 8000 0072 11"}}
	if got := figureStrips(lines, []Strip{{Glyphs: 3}, {Glyphs: 14, Ink: 0.9}}); len(got) != 1 {
		t.Errorf("got %d lines of figures, want the second alone", len(got))
	}
}

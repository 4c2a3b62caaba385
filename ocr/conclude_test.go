package ocr

import (
	"testing"

	"github.com/packroom/packroom/room"
)

// area is a printed area of a photograph with letters of capPX, that names who.
func area(capPX float64, lines int, who string) labelSeen {
	s := labelSeen{label: Label{CapPX: capPX, ToPhoto: Affine{1, 0, 0, 0, 1, 0}, Ink: 0.5}, lines: make([]Printed, lines), boxes: make([]room.Rect, lines)}
	s.block = Block{Names: []Name{{Text: who}}, Where: Own}
	s.match = Match{Decision: room.DecisionNone, Reason: "not_here"}
	if who != "" {
		s.match = Match{Decision: room.DecisionMatch, Candidates: []room.Candidate{{ResidentID: who, Score: 0.999}}}
	}
	return s
}

func TestTwoPrintedAreas(t *testing.T) {
	coded, turned := area(10, 4, "bo"), area(10, 4, "bo")
	coded.codes, turned.turn = []Code{{Text: "1Z"}}, 1
	for _, c := range []struct {
		name  string
		other labelSeen
		want  room.Decision
	}{
		{"the sender of an envelope, in small print", area(10, 4, "bo"), room.DecisionMatch},
		{"a parcel behind, with its code", coded, room.DecisionConfirm},
		{"a parcel behind, turned", turned, room.DecisionConfirm},
		{"a second parcel as near", area(19, 4, "bo"), room.DecisionConfirm},
		{"the same name twice", area(19, 4, "ana"), room.DecisionMatch},
		{"a shelf behind", area(10, 5, ""), room.DecisionMatch},
		{"larger print that was not read", area(28, 4, ""), room.DecisionConfirm},
	} {
		got := (&Reader{}).conclude(Photo{}, []labelSeen{area(20, 4, "ana"), c.other})
		if got.Decision != c.want || got.Candidates[0].ResidentID != "ana" {
			t.Errorf("%s: %s %v, want %s", c.name, got.Decision, got.Candidates, c.want)
		}
	}
}

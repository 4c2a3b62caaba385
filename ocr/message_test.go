package ocr

import (
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

// fedexMessage is a PDF417 as FedEx prints it, of invented people.
func fedexMessage(name, unit, street string) string {
	return "[)>\x1e01\x1d0297489\x1d840\x1d019\x1d986578788855\x1dFDEG\x1d972371293\x1d027\x1d\x1d1/1\x1d2.00LB\x1dN\x1d" + street +
		"\x1dASHGROVE\x1dOR\x1d" + name + "\x1e06\x1d10ZGD006\x1d11Z" + name + "\x1d12Z5035550182\x1d14Z" + unit + "\x1d15Z06379760\x1e\x04"
}

func TestACodeThatNamesTheRecipient(t *testing.T) {
	const street = "2450 TAMBERLYN ST"
	tests := []struct {
		name  string
		codes []string
		who   string // empty = not settled by codes
	}{
		{"full name and unit", []string{fedexMessage("ROBERT LINDGREN", "APT 4B", street)}, "bob"},
		{"and its linear code", []string{fedexMessage("ROBERT LINDGREN", "APT 4B", street), "9622001900007818572000986578788855"}, "bob"},
		{"another building", []string{fedexMessage("ROBERT LINDGREN", "APT 4B", "2540 TAMBERLYN ST")}, ""},
		{"a stranger", []string{fedexMessage("OLIVE THURGOOD", "APT 4B", street)}, ""},
		{"another parcel's number on the label", []string{fedexMessage("ROBERT LINDGREN", "APT 4B", street), "1ZECA5940398436395"}, ""},
		{"no street in it", []string{"C76495061645594|97489|ROBERT LINDGREN"}, ""},
		{"UPS' MaxiCode names nobody", []string{"[)>\x1e01\x1d96974895466\x1d840\x1d001\x1d1Z98436395\x1dUPSN\x1dECA594\x1d328\x1d\x1d1/1\x1d17\x1dN\x1d\x1dASHGROVE\x1dOR\x1e\x04"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s labelSeen
			for _, c := range tt.codes {
				s.codes = append(s.codes, Code{Text: c})
			}
			ok := s.named(testProperty, testRoster)
			if ok != (tt.who != "") || ok && s.match.Candidates[0].ResidentID != tt.who {
				t.Errorf("got %v %+v", ok, s.match)
			}
		})
	}
}

func FuzzCodedRecipient(f *testing.F) {
	f.Add(fedexMessage("ANA KIM", "APT 4B", "2450 TAMBERLYN ST"))
	f.Add("C76495061645594|97489|JESUS ESPINOZA")
	f.Add("A|Ana Kim|Oak Street 21|Copenhagen||||")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		s := labelSeen{codes: []Code{{Text: text}}}
		if s.named(testProperty, testRoster) && (s.match.Decision != room.DecisionMatch || !strings.Contains(text, "|") && !strings.HasPrefix(text, "[)>")) {
			t.Fatalf("%q names %+v", text, s.match)
		}
		carrierCode(Code{Format: "ITF", Text: text}, "")
		trackingOf(s.codes, []string{text}, "")
	})
}

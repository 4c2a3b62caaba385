package ocr

import (
	"strings"
	"unicode"
)

// Track is what a tracking number says by itself.
type Track struct {
	Number     string   `json:"number"`             // as given
	Normalized string   `json:"normalized"`         // as carriers print it in a barcode, without the routing before it
	Carrier    string   `json:"carrier"`            // the likeliest; empty where not valid
	Service    string   `json:"service"`            // where the number says it
	Valid      bool     `json:"valid"`              // of a known form, with its check digit right
	Carriers   []string `json:"carriers,omitempty"` // all whose form it has, the likeliest first, where they are several

	strong bool // a check digit or an unmistakable prefix stands behind it
}

// maxTrack bounds the work: no carrier's number is longer.
const maxTrack = 80

// ParseTrack recognises a tracking number. White space and letter case do not
// matter; hyphens do only where a form has them.
func ParseTrack(number string) Track {
	t := Track{Number: number}
	s := squeeze(number)
	t.Normalized = s
	if len(s) < 8 || len(s) > maxTrack {
		return t
	}
	t.recognise(s)
	if !t.Valid {
		if bare := strings.ReplaceAll(s, "-", ""); bare != s {
			t.recognise(bare)
		}
	}
	return t
}

// recognise tries every format on s, the likeliest first.
func (t *Track) recognise(s string) {
	if len(s) > 4 && strings.Trim(s, "0") == "" {
		return // zeros satisfy most check digits and are no number
	}
	for _, f := range formats {
		normalized, service, ok := f.parse(s)
		if !ok {
			continue
		}
		carrier := f.carrier
		if carrier == "" {
			carrier, service = s10Post(s), service+" (S10)"
		}
		if !t.Valid {
			t.Valid, t.Carrier, t.Service, t.Normalized, t.strong = true, carrier, service, normalized, f.strong
			t.Carriers = []string{carrier}
			continue
		}
		known := false
		for _, c := range t.Carriers {
			known = known || c == carrier
		}
		if !known {
			t.Carriers = append(t.Carriers, carrier)
		}
	}
	if len(t.Carriers) == 1 {
		t.Carriers = nil
	}
}

// squeeze drops white space and control characters and makes ASCII letters
// capital.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func alnum(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return s != ""
}

func letters(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

// value is a character's worth in a mod 10 sum: digits themselves, letters by
// UPS's rule (A = 2, B = 3 ... H = 9, I = 0).
func value(c byte) int {
	if c >= '0' && c <= '9' {
		return int(c - '0')
	}
	return (int(c) - 3) % 10
}

// mod10 checks the last digit of s: the others weighted even, odd, even... from
// the left, the check digit fills the sum up to a multiple of ten.
func mod10(s string, even, odd int) bool {
	sum := 0
	for i := range len(s) - 1 {
		w := even
		if i%2 == 1 {
			w = odd
		}
		sum += w * value(s[i])
	}
	return (10-sum%10)%10 == value(s[len(s)-1])
}

// gs1 is the GS1 check digit: weights 3, 1, 3... from the right.
func gs1(s string) bool {
	if len(s)%2 == 0 {
		return mod10(s, 3, 1)
	}
	return mod10(s, 1, 3)
}

// luhn is ISO/IEC 7812-1, annex B.
func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		v := value(s[len(s)-1-i])
		if i%2 == 1 {
			v *= 2
			v = v/10 + v%10
		}
		sum += v
	}
	return sum%10 == 0
}

// mod7 is DHL Express': the digits before the last, modulo 7.
func mod7(s string) bool {
	rest := 0
	for i := range len(s) - 1 {
		rest = (rest*10 + value(s[i])) % 7
	}
	return rest == value(s[len(s)-1])
}

// fedexExpress is FedEx's: weights 1, 3, 7 from the right, modulo 11, of which
// the last digit.
func fedexExpress(s string) bool {
	weights := [3]int{1, 3, 7}
	sum := 0
	for i := range len(s) - 1 {
		sum += weights[i%3] * value(s[len(s)-2-i])
	}
	return sum%11%10 == value(s[len(s)-1])
}

// mod3736 is ISO 7064 MOD 37,36, hybrid system.
func mod3736(s string) bool {
	const m = 36
	p := m
	for i := range len(s) - 1 {
		p += base36(s[i])
		if p > m {
			p -= m
		}
		p *= 2
		if p >= m+1 {
			p -= m + 1
		}
	}
	return (p+base36(s[len(s)-1]))%m == 1
}

func base36(c byte) int {
	if c >= 'A' {
		return int(c-'A') + 10
	}
	return int(c - '0')
}

// s10Check is UPU S10's: weights 8 6 4 2 3 5 9 7, 11 less the sum modulo 11; 10
// stands for 0 and 11 for 5.
func s10Check(nine string) bool {
	weights := [8]int{8, 6, 4, 2, 3, 5, 9, 7}
	sum := 0
	for i, w := range weights {
		sum += w * value(nine[i])
	}
	c := 11 - sum%11
	switch c {
	case 10:
		c = 0
	case 11:
		c = 5
	}
	return c == value(nine[8])
}

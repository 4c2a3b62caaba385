package ocr

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// trackingNumbers are the made-up numbers of testdata: carrier, number, normalized.
func trackingNumbers(t testing.TB) [][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/tracking.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); !strings.HasPrefix(line, "#") && len(f) == 3 {
			out = append(out, f)
		}
	}
	if len(out) < 40 {
		t.Fatalf("only %d numbers", len(out))
	}
	return out
}

func TestParseTrack(t *testing.T) {
	for _, f := range trackingNumbers(t) {
		carrier, number, normalized := f[0], f[1], f[2]
		for _, as := range []string{number, strings.ToLower(number), " " + strings.Join(strings.Split(number, ""), " ") + "\n"} {
			got := ParseTrack(as)
			if !got.Valid || got.Carrier != carrier && !slices.Contains(got.Carriers, carrier) {
				t.Errorf("%q: %+v, want %s", as, got, carrier)
			}
			if got.Carrier == carrier && got.Normalized != normalized {
				t.Errorf("%q: normalized %q, want %q", as, got.Normalized, normalized)
			}
		}
	}
}

func TestParseTrackRefusesAWrongCheckDigit(t *testing.T) {
	for _, f := range trackingNumbers(t) {
		carrier, n := f[0], f[1]
		if !slices.Contains([]string{"UPS", "USPS", "FedEx", "OnTrac", "Canada Post", "Old Dominion", "Royal Mail"}, carrier) || strings.HasSuffix(n, "GB") || strings.HasSuffix(n, "US") {
			continue
		}
		for d := byte('0'); d <= '9'; d++ {
			if d == n[len(n)-1] {
				continue
			}
			if got := ParseTrack(n[:len(n)-1] + string(d)); got.Valid && (got.Carrier == carrier || slices.Contains(got.Carriers, carrier)) {
				t.Errorf("%s with %c for its check digit is taken for %s", n, d, carrier)
			}
		}
	}
}

func TestParseTrackRefuses(t *testing.T) {
	for _, n := range []string{"", " ", "hello", "1Z", "0000000000", "000000000000", "000000000000000", "1Z1111111111111111", "TBB000000000001",
		"RB123456785XX", "95055116205", strings.Repeat("9", 200), "日本郵便123456789", "420974890000000000000000000000"} {
		if got := ParseTrack(n); got.Valid {
			t.Errorf("%q: taken for %s %s", n, got.Carrier, got.Service)
		}
	}
}

func TestParseTrackListsEveryCarrier(t *testing.T) {
	// 12 digits right by FedEx's sum and by Luhn's, found by trying
	for i := 320600000000; i < 320600009999; i++ {
		n := string(appendInt(nil, i))
		got := ParseTrack(n)
		if fedexExpress(n) && luhn(n) {
			if !slices.Equal(got.Carriers, []string{"FedEx", "Purolator"}) {
				t.Errorf("%s: %v", n, got.Carriers)
			}
			return
		}
	}
	t.Fatal("no such number")
}

func appendInt(b []byte, i int) []byte {
	if i >= 10 {
		b = appendInt(b, i/10)
	}
	return append(b, byte('0'+i%10))
}

func FuzzParseTrack(f *testing.F) {
	for _, n := range trackingNumbers(f) {
		f.Add(n[1])
	}
	f.Add("1LS7119013618127-1")
	f.Add("\x1d420\x00")
	f.Fuzz(func(t *testing.T, s string) {
		got := ParseTrack(s)
		if got.Valid && (got.Carrier == "" || got.Normalized == "") {
			t.Fatalf("%q: %+v", s, got)
		}
		if got.Valid {
			if again := ParseTrack(got.Normalized); !again.Valid {
				t.Fatalf("%q: its normalized form %q is refused", s, got.Normalized)
			}
		}
		parseOnLabel(s, true)
		codeNumbers(s)
	})
}

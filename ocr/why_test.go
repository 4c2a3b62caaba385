package ocr

import "testing"

func TestWhyAPhotographNamesNobody(t *testing.T) {
	photo := func(brightness, capPX, sharp float64) Photo {
		// a label that was enlarged twofold for reading
		return Photo{Brightness: brightness, Labels: []Label{{CapPX: 2 * capPX, Sharp: sharp, ToPhoto: Affine{0.3, -0.4, 0, 0.4, 0.3, 0}}}}
	}
	for _, c := range []struct {
		name        string
		photo       Photo
		good, codes int
		want        string
	}{
		{"nothing in the dark", Photo{Brightness: 0.05}, 0, 0, "too_dark"},
		{"a label in the dark", photo(0.1, 20, 0.5), 3, 0, "too_dark"},
		{"a wall", Photo{Brightness: 0.5}, 0, 0, "no_label"},
		{"a label across the room", photo(0.8, 5, 0.5), 4, 0, "too_small"},
		{"a label across the room whose large code was read", photo(0.8, 5, 0.5), 4, 1, "too_small"},
		{"a label that moved", photo(0.8, 20, 0.02), 4, 0, "blurred"},
		{"the side with the barcode alone", photo(0.8, 20, 0.5), 2, 1, "no_address"},
		{"a box with much other print", photo(0.8, 20, 0.5), 80, 0, "no_address"},
		{"a pattern that is no print", photo(0.8, 20, 0.5), 2, 0, "no_label"},
	} {
		if got := whyNothing(c.photo, c.good, c.codes); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

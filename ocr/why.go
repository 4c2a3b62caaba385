package ocr

import "math"

const (
	// fewLetters is how many letters read with confidence are no text yet.
	fewLetters = 12
	// darkPaper is the brightness below which a lamp helps more than anything.
	darkPaper = 0.16
	// smallPX is the height of capitals in a photograph below which their strokes
	// run together: of the photographs that we measure with, those of 9 are read and
	// those of 4 are not.
	smallPX = 7.0
	// softEdges is the sharpness of print that was moved or is out of focus.
	softEdges = 0.1
)

// whyNothing says in one word why a photograph names nobody, so that whoever
// holds the label knows what to do: the kiosk has a sentence for each.
func whyNothing(photo Photo, good, codes int) string {
	switch {
	case photo.Brightness < darkPaper:
		return "too_dark"
	case len(photo.Labels) == 0:
		return "no_label"
	case good < fewLetters && photo.Labels[0].lettersPX() > 0 && photo.Labels[0].lettersPX() < smallPX:
		return "too_small"
	case good >= fewLetters || codes > 0:
		return "no_address" // the right side of the parcel, with glare on it, or the wrong one
	case photo.Labels[0].Sharp < softEdges && photo.Labels[0].CapPX > 0:
		return "blurred"
	}
	return "no_label"
}

// lettersPX is the height of a label's capitals in the photograph; 0 = not
// measured.
func (l Label) lettersPX() float64 { return l.CapPX * math.Hypot(l.ToPhoto[0], l.ToPhoto[3]) }

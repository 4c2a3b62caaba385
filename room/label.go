package room

// Decision is what may be done with a reading without asking anybody.
type Decision string

// The decisions of a label reading.
const (
	DecisionMatch   Decision = "match"   // a wrong resident is out of the question
	DecisionConfirm Decision = "confirm" // a person must choose from Candidates
	DecisionNone    Decision = "none"    // nobody here; Reason says why
)

// Reading is what OCR read from one label photograph: the answer of the OCR
// service and, as JSON, of "packroom read".
type Reading struct {
	File       string             `json:"file,omitempty"`
	Picture    string             `json:"picture,omitempty"` // reference into Pictures
	Carrier    string             `json:"carrier"`
	Tracking   string             `json:"tracking"`
	Recipient  string             `json:"recipient"`
	Unit       string             `json:"unit"`
	Barcodes   []Barcode          `json:"barcodes"`
	Lines      []TextLine         `json:"lines"`
	Candidates []Candidate        `json:"candidates"` // best first
	Decision   Decision           `json:"decision"`
	Reason     string             `json:"reason,omitempty"`     // for none and confirm: no_label, too_small, no_address, two_labels, not_here, past_resident, future_resident, other_address, too_dark, blurred, ambiguous
	Appearance []float32          `json:"appearance,omitempty"` // colour histogram of the parcel in the picture, see Change.Appearance
	MS         map[string]float64 `json:"ms"`                   // milliseconds by stage
	Frame      int                `json:"frame,omitempty"`      // which of several pictures was read, from 0
	Error      string             `json:"error,omitempty"`
}

// Barcode is one machine-readable code found on a label.
type Barcode struct {
	Format string `json:"format"`
	Text   string `json:"text"`
}

// TextLine is one line of text as OCR read it.
type TextLine struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"` // 0..1
	BBox       Rect    `json:"bbox"`       // in pixels of the photograph
}

// Candidate is a resident that a label may name.
type Candidate struct {
	ResidentID string  `json:"resident_id"`
	Name       string  `json:"name"`
	Unit       string  `json:"unit"`
	Score      float64 `json:"score"` // 0..1
}

// ReadRequest asks the OCR service to read a stored picture.
type ReadRequest struct {
	Property string `json:"property"`
	Picture  string `json:"picture"` // reference into Pictures

	Frames []string `json:"frames,omitempty"` // further pictures of the same label; the sharpest is read
}

package ocr

import "image"

// CodeFamily is a kind of barcode that is read in one go.
type CodeFamily int

// The families of barcode. Linear are Code 128, Code 39 and ITF along x, in
// either direction.
const (
	Linear CodeFamily = iota
	QR
	DataMatrix
	PDF417
	Aztec
	MaxiCode
)

// Code is one barcode in a picture.
type Code struct {
	Format  string
	Text    string
	Corners [4][2]float64 // in reading order from the upper left, in pixels of the picture
}

// CodeReader reads at most one symbol of a family from a picture. It must be
// safe for concurrent use.
type CodeReader interface {
	One(g Gray, family CodeFamily) (Code, bool)
}

// AreaKind is what an area of a picture looks like.
type AreaKind int

// The kinds of area: bars of a linear code that stand along y, along x, and
// cells of a matrix code.
const (
	UprightBars AreaKind = iota
	LevelBars
	Cells
)

// CodeArea is where a barcode may stand in a picture.
type CodeArea struct {
	Kind AreaKind
	Rect image.Rectangle
}

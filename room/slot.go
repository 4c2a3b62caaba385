package room

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Point is a position in a camera's picture, in pixels from the upper left.
type Point [2]float64

// Rect is a box in a camera's picture: x, y, width and height in pixels.
type Rect [4]float64

// Center is the middle of r.
func (r Rect) Center() Point { return Point{r[0] + r[2]/2, r[1] + r[3]/2} }

// SlotKind says what sort of place a slot is.
type SlotKind string

// The kinds of slot.
const (
	SlotShelf        SlotKind = "shelf"
	SlotFloor        SlotKind = "floor" // oversize zone
	SlotBin          SlotKind = "bin"   // envelopes
	SlotRefrigerated SlotKind = "refrigerated"
	SlotLocker       SlotKind = "locker"
)

// Slot is a place that can hold parcels. Its ID is what people read ("B3").
type Slot struct {
	ID       string   `json:"id"`
	Kind     SlotKind `json:"kind"`
	Camera   string   `json:"camera"`             // the camera whose picture Polygon lies in
	Polygon  []Point  `json:"polygon"`            // front opening, in pixels of the slots file's size
	Map      Rect     `json:"map"`                // place on the floor map, in percent of its width and height
	HeightMM int      `json:"height_mm"`          // of the board above the floor: reachability, "at eye level"
	WidthMM  int      `json:"width_mm"`           // inner width; 0 = unknown
	Aim      *[4]Aim  `json:"aim,omitempty"`      // laser angles at the upper left, upper right, lower right and lower left of Polygon's bounding box; nil = no laser here
	Light    int      `json:"light,omitempty"`    // first channel or segment of its light; 0 = none
	Fullness float64  `json:"fullness,omitempty"` // 0..1, as vision last saw it
}

// Aim is where a laser head points.
type Aim struct {
	PanDeg  float64 `json:"pan_deg"`
	TiltDeg float64 `json:"tilt_deg"`
}

// Bounds is the smallest upright box around the slot's polygon.
func (s Slot) Bounds() Rect {
	if len(s.Polygon) == 0 {
		return Rect{}
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range s.Polygon {
		x0, y0, x1, y1 = min(x0, p[0]), min(y0, p[1]), max(x1, p[0]), max(y1, p[1])
	}
	return Rect{x0, y0, x1 - x0, y1 - y0}
}

// AimAt gives the laser angles for a point in the camera's picture, from the
// slot's four calibrated corners. ok is false where the slot has no laser.
func (s Slot) AimAt(p Point) (a Aim, ok bool) {
	b := s.Bounds()
	if s.Aim == nil || b[2] <= 0 || b[3] <= 0 {
		return Aim{}, false
	}
	p = Point{min(max(p[0], b[0]), b[0]+b[2]), min(max(p[1], b[1]), b[1]+b[3])}
	ahead := (s.Aim[0].PanDeg + s.Aim[1].PanDeg + s.Aim[2].PanDeg + s.Aim[3].PanDeg) / 4
	var pairs [4]pair
	for i, corner := range boxCorners(b) {
		pairs[i] = pair{corner, s.Aim[i].tangent(ahead)}
	}
	h, err := fitHomography(pairs[:])
	if err != nil {
		return Aim{}, false
	}
	q, ok := h.at(p)
	return aimOf(q, ahead), ok
}

// SlotsFile is slots.json: the slots that one camera watches. Width and Height
// are the picture size that the polygons are drawn in.
type SlotsFile struct {
	Camera string `json:"camera"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Slots  []Slot `json:"slots"`
}

// ReadSlotsFile reads and checks a slots file.
func ReadSlotsFile(r io.Reader) (SlotsFile, error) {
	var f SlotsFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return SlotsFile{}, fmt.Errorf("slots file: %w", err)
	}
	if f.Width <= 0 || f.Height <= 0 {
		return SlotsFile{}, errors.New(`slots file: "width" and "height" must be the picture's size in pixels`)
	}
	seen := map[string]bool{}
	for i := range f.Slots {
		s := &f.Slots[i]
		if s.ID == "" || seen[s.ID] {
			return SlotsFile{}, fmt.Errorf("slots file: slot %d: id %q is empty or used twice", i+1, s.ID)
		}
		if len(s.Polygon) < 3 {
			return SlotsFile{}, fmt.Errorf("slots file: slot %s: a polygon needs 3 corners or more, got %d", s.ID, len(s.Polygon))
		}
		seen[s.ID] = true
		if s.Kind == "" {
			s.Kind = SlotShelf
		}
		s.Camera = f.Camera
	}
	return f, nil
}

package room

import (
	"math"
	"time"
)

// ChangeKind says what happened to an item.
type ChangeKind string

// The kinds of change.
const (
	ChangePlaced  ChangeKind = "placed"
	ChangeRemoved ChangeKind = "removed"
	ChangeMoved   ChangeKind = "moved"
)

// Change is what vision saw happen to one item on the shelves.
type Change struct {
	ID         string     `json:"id"`
	Kind       ChangeKind `json:"type"`
	Camera     string     `json:"camera"`
	Item       string     `json:"item"` // vision's identity of the thing, unique within the camera
	Slot       string     `json:"slot"`
	FromSlot   string     `json:"from_slot,omitempty"` // moved only
	BBox       Rect       `json:"bbox"`                // in the slots file's pixels
	FromBBox   *Rect      `json:"from_bbox,omitempty"`
	Confidence float64    `json:"confidence"` // 0..1
	At         time.Time  `json:"at"`         // when it took place
	Seen       time.Time  `json:"seen"`       // when vision was sure
	Before     string     `json:"before"`     // picture references
	After      string     `json:"after"`
	Crop       string     `json:"crop"`                 // the item alone, for people
	Appearance []float32  `json:"appearance,omitempty"` // colour histogram, L2 norm 1; compare with Likeness
	Fence      uint64     `json:"fence"`                // revision of the camera's lease; an older one than the newest seen is refused
}

// Likeness compares two appearances: 1 for the same, 0 for nothing in common or
// nothing known.
func Likeness(a, b []float32) float64 {
	if len(a) == 0 || len(a) != len(b) {
		return 0
	}
	var dot, na, nb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		na += float64(a[i]) * float64(a[i])
		nb += float64(b[i]) * float64(b[i])
	}
	if na == 0 || nb == 0 {
		return 0
	}
	return max(0, dot/math.Sqrt(na*nb))
}

// Presence is vision's word on people before one camera, sent when it changes
// and every 2 s while somebody is there.
type Presence struct {
	Camera   string             `json:"camera"`
	People   bool               `json:"people"`
	Slots    []string           `json:"slots,omitempty"`    // slots that somebody stands in front of: the laser's interlock
	Fullness map[string]float64 `json:"fullness,omitempty"` // by slot, 0..1
	At       time.Time          `json:"at"`

	EmptySince time.Time `json:"empty_since,omitzero"` // filled in by Decide: since when no people are seen
}

// CameraHealth is one camera's state in words.
type CameraHealth struct {
	Camera  string    `json:"camera"`
	OK      bool      `json:"ok"`
	Problem string    `json:"problem,omitempty"` // lost, moved, covered, dark, blurred, smeared, frozen
	Detail  string    `json:"detail,omitempty"`  // for people: "connection refused; trying again"
	At      time.Time `json:"at"`
}

// Item is a thing that vision sees on a slot, whether or not it is known whose
// parcel it is.
type Item struct {
	Key        string    `json:"key"` // Camera/Item of the change
	Camera     string    `json:"camera"`
	Slot       string    `json:"slot"`
	BBox       Rect      `json:"bbox"`
	Crop       string    `json:"crop"`
	Appearance []float32 `json:"appearance,omitempty"`
	Parcel     string    `json:"parcel"` // the parcel's ID
	Since      time.Time `json:"since"`
}

// Key names the change's item across cameras.
func (c Change) Key() string { return c.Camera + "/" + c.Item }

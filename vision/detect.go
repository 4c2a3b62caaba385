package vision

import (
	"errors"
	"time"

	"github.com/packroom/packroom/room"
)

// ErrFrame says that a frame cannot be used: its size is not that of its
// pixels, or not that of the frames before it.
var ErrFrame = errors.New("frame cannot be used")

// Frame is one decoded picture of a camera.
type Frame struct {
	At     time.Time     // wall time at which it was taken
	T      time.Duration // stream time, counted from the first frame; never goes back
	Width  int           // pixels
	Height int           // pixels
	Pix    []byte        // packed BGR24, Width*Height*3 bytes; Process does not keep it
}

// Valid reports whether the frame's pixels are as many as its size says.
func (f Frame) Valid() bool {
	return f.Width > 0 && f.Height > 0 && len(f.Pix) == f.Width*f.Height*3
}

// Seen is one change of the shelves as a Detector reports it. Boxes are in the
// pixels of the slots file, as in room.Change.
type Seen struct {
	Kind       room.ChangeKind
	Item       string // the detector's identity of the thing: "i3", never used twice
	Slot       string // where it is now, or was when it was removed; empty outside every slot
	BBox       room.Rect
	FromSlot   string     // moved only
	FromBBox   *room.Rect // moved only
	Confidence float64    // 0..1
	At         time.Time  // when it took place
	AtT        time.Duration
	T          time.Duration // when it was reported, stream time of the frame that decided it
	Before     []byte        // JPEG of the camera's picture before, and after
	After      []byte
	Crop       []byte    // JPEG of the item alone
	Appearance []float32 // colour histogram, L2 norm 1: room.Likeness
}

// Scene is what a detector knows of the room at its last frame.
type Scene struct {
	People   bool               // somebody, or something that moves, is in view
	Slots    []string           // slots that somebody stands in front of or reaches into, sorted
	Fullness map[string]float64 // by slot, 0..1: how much of its opening is taken
	Problem  string             // empty, or why changes cannot be trusted now, and none are reported: see ProblemMoved
	Shift    room.Point         // by how much the camera was pushed, which is compensated, in the slots file's pixels
	Items    []Item             // the ledger
}

// Item is a thing that stands on a slot, as the detector's ledger knows it.
type Item struct {
	ID         string        `json:"id"`
	Slot       string        `json:"slot"`
	BBox       room.Rect     `json:"bbox"` // slots file's pixels
	Since      time.Duration `json:"since"`
	Hidden     bool          `json:"hidden,omitempty"`   // another item stands in front of it
	Inferred   bool          `json:"inferred,omitempty"` // was there before the first picture; known only since it left
	Appearance []float32     `json:"appearance,omitempty"`
}

// Detector finds changes in the pictures of one fixed camera. It is used by one
// goroutine at a time.
type Detector interface {
	// Process looks at the next frame and gives what it has decided by it,
	// oldest first. ErrFrame leaves the detector as it was.
	Process(Frame) ([]Seen, error)
	// Flush ends the footage: what is still held is decided with what is known.
	Flush() []Seen
	// Scene is the state after the last Process.
	Scene() Scene
	// Snapshot is the committed picture and the ledger, for Restore after a
	// restart. It is nil while there is none yet.
	Snapshot() ([]byte, error)
	// Restore brings back a Snapshot, before the first Process: changes since
	// it was taken are then reported. Data that does not fit this camera's size
	// and slots is an error and leaves the detector empty.
	Restore([]byte) error
	// Close frees the detector's memory.
	Close() error
}

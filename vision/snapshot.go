package vision

import (
	"bytes"
	"compress/flate"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

// ErrSnapshot says that a snapshot is damaged or of another camera.
var ErrSnapshot = errors.New("snapshot does not fit")

// snapshotVersion changes whenever the layout below does.
const snapshotVersion = 2

// snapshot is what a Tracker keeps over a restart.
type snapshot struct {
	Version int
	Slots   []string
	Corners [][]room.Point // of the slots, in the slots file's pixels
	Width   int            // of the slots file
	Height  int
	W, H    int // working size
	L       []uint8
	U, V    []int8 // times 100
	Next    int
	Items   []snapshotItem
}

type snapshotItem struct {
	Item    Item
	Layer   int
	Box     [4]int
	Pix     []int32
	Beneath []uint8
}

// Snapshot is the committed picture and the ledger. Nil while there is none.
func (t *Tracker) Snapshot() ([]byte, error) {
	if !t.base.begun {
		return nil, nil
	}
	s := snapshot{Version: snapshotVersion, Slots: t.slots.ids, Corners: t.slots.corners, Width: round(t.scale[0] * float64(t.w)), Height: round(t.scale[1] * float64(t.h)), W: t.w, H: t.h, Next: t.ledger.next}
	c := t.base.committed
	for i := range c.L.Pix {
		s.L = append(s.L, uint8(min(max(c.L.Pix[i]+0.5, 0), 255)))
		s.U = append(s.U, int8(min(max(c.U.Pix[i]*100, -127), 127)))
		s.V = append(s.V, int8(min(max(c.V.Pix[i]*100, -127), 127)))
	}
	for _, e := range t.ledger.sorted() {
		it := snapshotItem{Item: e.Item, Layer: e.layer, Box: [4]int{e.blob.X0, e.blob.Y0, e.blob.X1, e.blob.Y1}, Pix: e.blob.Pix}
		for _, v := range e.beneath {
			it.Beneath = append(it.Beneath, uint8(min(max(v+0.5, 0), 255)))
		}
		s.Items = append(s.Items, it)
	}
	var buf bytes.Buffer
	z, err := flate.NewWriter(&buf, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if err := gob.NewEncoder(z).Encode(s); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return buf.Bytes(), nil
}

// CheckSnapshot reports whether data is a snapshot for these slots.
func CheckSnapshot(data []byte, slots room.SlotsFile) error {
	s, err := decodeSnapshot(data)
	if err != nil {
		return err
	}
	if s.Width != slots.Width || s.Height != slots.Height || len(s.Slots) != len(slots.Slots) {
		return fmt.Errorf("%w: it is for %d slots in %d x %d pixels", ErrSnapshot, len(s.Slots), s.Width, s.Height)
	}
	for i, id := range s.Slots {
		if slots.Slots[i].ID != id {
			return fmt.Errorf("%w: it has slot %s where the file has %s", ErrSnapshot, id, slots.Slots[i].ID)
		}
	}
	return nil
}

func decodeSnapshot(data []byte) (snapshot, error) {
	var s snapshot
	const most = 64 << 20
	if err := gob.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(data)), most)).Decode(&s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	n := s.W * s.H
	if s.Version != snapshotVersion || s.W <= 0 || s.H <= 0 || len(s.L) != n || len(s.U) != n || len(s.V) != n {
		return s, fmt.Errorf("%w: version %d, %d x %d", ErrSnapshot, s.Version, s.W, s.H)
	}
	for _, it := range s.Items {
		for _, i := range it.Pix {
			if i < 0 || int(i) >= n {
				return s, fmt.Errorf("%w: item %s lies outside", ErrSnapshot, it.Item.ID)
			}
		}
	}
	return s, nil
}

// Restore brings back a snapshot before the first Step. All of the picture is
// then unjudged, so that what changed in between is found. Where the slots have
// been drawn anew since, the camera looks another way: the items are kept, each
// gone along with its slot, and the picture is not compared.
func (t *Tracker) Restore(data []byte) error {
	s, err := decodeSnapshot(data)
	if err != nil {
		return err
	}
	if s.W != t.w || s.H != t.h {
		return fmt.Errorf("%w: it is %d x %d, the camera's pictures are %d x %d", ErrSnapshot, s.W, s.H, t.w, t.h)
	}
	drawnAnew := !slices.EqualFunc(s.Corners, t.slots.corners, slices.Equal[[]room.Point])
	if !drawnAnew {
		t.remember(s)
	}
	t.ledger, t.scene = newLedger(), nil
	t.ledger.next = s.Next
	for _, it := range s.Items {
		e := &entry{Item: it.Item, layer: it.Layer, blob: Blob{Area: len(it.Pix), X0: it.Box[0], Y0: it.Box[1], X1: it.Box[2], Y1: it.Box[3], Pix: it.Pix}}
		e.Since = 0 // stream time begins anew
		if drawnAnew {
			t.follow(e, s.Corners)
		}
		for _, v := range it.Beneath {
			e.beneath = append(e.beneath, float32(v))
		}
		t.ledger.entries[e.ID] = e
	}
	return nil
}

// remember makes a snapshot's picture the one in which all was known.
func (t *Tracker) remember(s snapshot) {
	c := t.base.committed
	for i := range c.L.Pix {
		c.L.Pix[i], c.U.Pix[i], c.V.Pix[i] = float32(s.L[i]), float32(s.U[i])/100, float32(s.V[i])/100
	}
	t.base.restored = true
	t.allTouched()
}

// follow moves an item by as much as its slot was drawn elsewhere than at was.
func (t *Tracker) follow(e *entry, was [][]room.Point) {
	k := slices.Index(t.slots.ids, e.Slot)
	if k < 0 || k >= len(was) || len(was[k]) == 0 {
		return
	}
	from, to := middleOf(was[k]), middleOf(t.slots.corners[k])
	dx, dy := to[0]-from[0], to[1]-from[1]
	e.BBox[0], e.BBox[1] = e.BBox[0]+dx, e.BBox[1]+dy
	x, y := round(dx/t.scale[0]), round(dy/t.scale[1])
	b := e.blob
	b.X0, b.X1 = min(max(b.X0+x, 0), t.w), min(max(b.X1+x, 0), t.w)
	b.Y0, b.Y1 = min(max(b.Y0+y, 0), t.h), min(max(b.Y1+y, 0), t.h)
	e.blob, e.beneath = b.filled(t.w), nil
}

// middleOf is the mean of a polygon's corners.
func middleOf(p []room.Point) (m room.Point) {
	for _, c := range p {
		m[0], m[1] = m[0]+c[0]/float64(len(p)), m[1]+c[1]/float64(len(p))
	}
	return m
}

// Flush decides what is still held, with less patience, at the end of footage.
func (t *Tracker) Flush() []Decision {
	if !t.base.begun {
		return nil
	}
	patience := t.cfg.Settle
	t.cfg.Settle, t.scene = patience/2, nil
	defer func() { t.cfg.Settle = patience }()
	out := t.judge(t.now.Seconds() + float64(time.Millisecond)/float64(time.Second))
	if t.visit.on && t.nobody() {
		out = append(out, t.endVisit()...)
	}
	return out
}

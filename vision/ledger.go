package vision

import (
	"fmt"
	"sort"
	"time"

	"github.com/packroom/packroom/room"
)

// entry is one item of the ledger, at working size.
type entry struct {
	Item
	blob    Blob      // where it is seen
	beneath []float32 // luma of blob.Pix before it came; nil where unknown
	layer   int       // higher = placed later, in front
}

// ledger is all that is known to stand on the slots.
type ledger struct {
	next    int
	entries map[string]*entry
	taken   []taken // removed in this visit
}

// taken is an item that was removed and may be put down elsewhere.
type taken struct {
	e  *entry
	at time.Duration
}

func newLedger() *ledger { return &ledger{next: 1, entries: map[string]*entry{}} }

// newID names an item that was never seen before.
func (l *ledger) newID() string {
	id := fmt.Sprintf("i%d", l.next)
	l.next++
	return id
}

// add puts an item in front of what is there; what it covers is hidden.
func (l *ledger) add(e *entry) {
	for _, o := range l.entries {
		if o.layer >= e.layer {
			e.layer = o.layer + 1
		}
		if overlapShare(o.blob, e.blob) > 0.6 {
			o.Hidden = true
		}
	}
	l.entries[e.ID] = e
}

// remove takes an item out; what stood behind it is seen again.
func (l *ledger) remove(e *entry, at time.Duration) {
	delete(l.entries, e.ID)
	for _, o := range l.entries {
		if o.Hidden && overlapShare(o.blob, e.blob) > 0.6 {
			o.Hidden = false
		}
	}
	l.taken = append(l.taken, taken{e, at})
}

// at finds the front item whose box agrees with b's, nil for none.
func (l *ledger) at(b Blob) *entry {
	var best *entry
	bestIoU := 0.4
	for _, e := range l.sorted() {
		if v := boxIoU(e.blob, b); !e.Hidden && v > bestIoU {
			best, bestIoU = e, v
		}
	}
	return best
}

// covered is the largest share of b's box that a known item's covers: without
// one, nothing can have gone there but what was there before the first picture.
func (l *ledger) covered(b Blob) (share float64) {
	for _, e := range l.entries {
		share = max(share, overlapShare(b, e.blob))
	}
	return share
}

// again finds, among the items taken in this visit, the one that looks like a,
// of about the same size; it is no longer taken then.
func (l *ledger) again(a []float32, b Blob, alike float64) *entry {
	best := -1
	for i, t := range l.taken {
		size := float64(b.W()*b.H()) / float64(max(t.e.blob.W()*t.e.blob.H(), 1))
		if v := room.Likeness(a, t.e.Appearance); v > alike && size > 0.5 && size < 2 {
			best, alike = i, v
		}
	}
	if best < 0 {
		return nil
	}
	e := l.taken[best].e
	l.taken = append(l.taken[:best], l.taken[best+1:]...)
	return e
}

// endVisit forgets what was taken: it has left the room.
func (l *ledger) endVisit() { l.taken = nil }

// sorted gives the entries by layer.
func (l *ledger) sorted() []*entry {
	out := make([]*entry, 0, len(l.entries))
	for _, e := range l.entries {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].layer < out[j].layer })
	return out
}

// boxIoU is intersection over union of two blobs' boxes.
func boxIoU(a, b Blob) float64 {
	i := intersection(a, b)
	u := a.W()*a.H() + b.W()*b.H() - i
	if u <= 0 {
		return 0
	}
	return float64(i) / float64(u)
}

// overlapShare is the share of a's box that b's covers.
func overlapShare(a, b Blob) float64 {
	return float64(intersection(a, b)) / float64(max(a.W()*a.H(), 1))
}

func intersection(a, b Blob) int {
	return max(0, min(a.X1, b.X1)-max(a.X0, b.X0)) * max(0, min(a.Y1, b.Y1)-max(a.Y0, b.Y0))
}

package score

import (
	"cmp"
	"maps"
	"slices"

	"github.com/packroom/packroom/room"
)

const (
	early  = 1.0 // seconds that a report may come before its event
	late   = 5.0 // seconds that it may come after the place can be seen
	leastI = 0.3 // intersection over union from which a box is the event's; or its middle lies within
)

// Match is an event with the report that found it.
type Match struct {
	Event    Event
	Report   Report
	Overlap  float64 // intersection over union
	Latency  float64 // seconds from when the place can be seen to the report
	SlotHits bool
}

// Result is a clip's, or many clips'.
type Result struct {
	Clip    string
	Seconds float64
	Matches []Match
	Missed  []Event
	False   []Report
	Ignored int            // reports that are neither right nor wrong
	Astray  map[string]int // by slot: how many things more than there are the ledger has at the end
}

// Compare holds reports against the truth.
func Compare(t Truth, reports []Report) Result {
	r := Result{Clip: t.Clip, Seconds: t.Seconds}
	var events []Event
	ignorable := slices.Clone(t.Nudges)
	for _, e := range t.Events {
		if e.hidden() {
			ignorable = append(ignorable, e)
		} else {
			events = append(events, e)
		}
	}
	found := assign(events, reports)
	used := make([]bool, len(reports))
	r.Astray = map[string]int{}
	for _, e := range events {
		settle(r.Astray, -1, e.Kind, e.Slot, e.FromSlot)
	}
	for i, j := range found {
		if j >= 0 {
			used[j] = true
			r.Matches = append(r.Matches, matchOf(events[i], reports[j]))
		}
	}
	for i, e := range events {
		if found[i] >= 0 {
			continue
		}
		if gone, back, ok := halves(e, reports, used); ok {
			used[gone], used[back] = true, true
			r.Matches = append(r.Matches, matchOf(e, reports[back]))
			continue
		}
		r.Missed = append(r.Missed, e)
	}
	for j, p := range reports {
		switch {
		case used[j]:
		case slices.ContainsFunc(ignorable, func(e Event) bool { return touches(e, p) }),
			slices.ContainsFunc(t.Ignore, func(g room.Rect) bool { return within(p.Box, g) }):
			r.Ignored++
			continue
		default:
			r.False = append(r.False, p)
		}
		settle(r.Astray, 1, p.Kind, p.Slot, p.From)
	}
	maps.DeleteFunc(r.Astray, func(_ string, n int) bool { return n == 0 })
	return r
}

// settle enters a change in a count of what stands in each slot, n times.
func settle(stand map[string]int, n int, kind room.ChangeKind, slot, from string) {
	switch kind {
	case room.ChangePlaced:
		stand[slot] += n
	case room.ChangeRemoved:
		stand[slot] -= n
	case room.ChangeMoved:
		stand[slot] += n
		stand[from] -= n
	}
}

func matchOf(e Event, p Report) Match {
	q, _ := place(p.Box, e.Box, e.Full)
	return Match{Event: e, Report: p, Overlap: q, Latency: p.T - e.seen(), SlotHits: p.Slot == e.Slot}
}

// assign gives each event the index of a report, -1 for none: as many pairs as
// there can be, those that fit best first (augmenting paths).
func assign(events []Event, reports []Report) []int {
	fits := make([][]int, len(events))
	for i, e := range events {
		quality := map[int]float64{}
		for j, p := range reports {
			if q, ok := fit(e, p); ok {
				fits[i], quality[j] = append(fits[i], j), q
			}
		}
		slices.SortFunc(fits[i], func(a, b int) int { return cmp.Compare(quality[b], quality[a]) })
	}
	owner := map[int]int{}
	var take func(i int, tried map[int]bool) bool
	take = func(i int, tried map[int]bool) bool {
		for _, j := range fits[i] {
			if tried[j] {
				continue
			}
			tried[j] = true
			if o, taken := owner[j]; !taken || take(o, tried) {
				owner[j] = i
				return true
			}
		}
		return false
	}
	for i := range events {
		take(i, map[int]bool{})
	}
	found := slices.Repeat([]int{-1}, len(events))
	for j, i := range owner {
		found[i] = j
	}
	return found
}

// fit reports whether p can be e, and how well.
func fit(e Event, p Report) (float64, bool) {
	if p.Kind != e.Kind || !inTime(p.T, e.T, e.seen()) {
		return 0, false
	}
	return place(p.Box, e.Box, e.Full)
}

// halves finds a move that was reported as a removal and a placement.
func halves(e Event, reports []Report, used []bool) (gone, back int, ok bool) {
	if e.Kind != room.ChangeMoved {
		return 0, 0, false
	}
	best := -1.0
	for a, p := range reports {
		q1, at := place(p.Box, e.FromBox, e.FromFull)
		if used[a] || p.Kind != room.ChangeRemoved || !at || !inTime(p.T, e.FromT, e.FromT) && !inTime(p.T, e.T, e.seen()) {
			continue
		}
		for b, o := range reports {
			q2, at := place(o.Box, e.Box, e.Full)
			if !used[b] && o.Kind == room.ChangePlaced && at && inTime(o.T, e.T, e.seen()) && q1+q2 > best {
				best, gone, back, ok = q1+q2, a, b, true
			}
		}
	}
	return gone, back, ok
}

// touches reports whether p speaks of e, which does not count.
func touches(e Event, p Report) bool {
	if p.Kind != e.Kind && e.Kind != room.ChangeMoved || !inTime(p.T, e.T, e.seen()) {
		return false
	}
	_, to := place(p.Box, e.Box, e.Full)
	_, from := place(p.Box, e.FromBox, e.FromFull)
	return to || from
}

func inTime(t, took, seen float64) bool { return t >= took-early-1e-9 && t <= seen+late+1e-9 }

// place reports whether box is one of two, and its overlap with the better.
func place(box, visible, full room.Rect) (overlap float64, ok bool) {
	q := max(IoU(box, visible), IoU(box, full))
	return q, q >= leastI || within(box, visible) || within(box, full)
}

// within reports whether box's middle lies in the other.
func within(box, other room.Rect) bool {
	x, y := box[0]+box[2]/2, box[1]+box[3]/2
	return other[2] > 0 && x >= other[0] && x <= other[0]+other[2] && y >= other[1] && y <= other[1]+other[3]
}

// IoU is the intersection of two boxes over their union.
func IoU(a, b room.Rect) float64 {
	w := min(a[0]+a[2], b[0]+b[2]) - max(a[0], b[0])
	h := min(a[1]+a[3], b[1]+b[3]) - max(a[1], b[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a[2]*a[3] + b[2]*b[3] - w*h)
}

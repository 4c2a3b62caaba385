package score

import (
	"slices"

	"github.com/packroom/packroom/room"
)

// Count is how often a detector was right, wrong and blind.
type Count struct{ Found, False, Missed int }

// Precision is the share of the reports that are right; 1 where there is none
// and none was due.
func (c Count) Precision() float64 {
	if c.Found+c.False == 0 {
		if c.Missed == 0 {
			return 1
		}
		return 0
	}
	return float64(c.Found) / float64(c.Found+c.False)
}

// Recall is the share of the events that were found; 1 where there is none.
func (c Count) Recall() float64 {
	if c.Found+c.Missed == 0 {
		return 1
	}
	return float64(c.Found) / float64(c.Found+c.Missed)
}

// F1 is the harmonic mean of precision and recall.
func (c Count) F1() float64 {
	p, r := c.Precision(), c.Recall()
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// Count counts a result; an empty kind means all of them.
func (r Result) Count(kind room.ChangeKind) Count {
	of := func(k room.ChangeKind) bool { return kind == "" || k == kind }
	var c Count
	for _, m := range r.Matches {
		if of(m.Event.Kind) {
			c.Found++
		}
	}
	for _, e := range r.Missed {
		if of(e.Kind) {
			c.Missed++
		}
	}
	for _, p := range r.False {
		if of(p.Kind) {
			c.False++
		}
	}
	return c
}

// Join makes one result of many.
func Join(name string, rs ...Result) Result {
	all := Result{Clip: name}
	for _, r := range rs {
		all.Seconds += r.Seconds
		all.Matches = append(all.Matches, r.Matches...)
		all.Missed = append(all.Missed, r.Missed...)
		all.False = append(all.False, r.False...)
		all.Ignored += r.Ignored
	}
	return all
}

// Latency is the middle one of the matches' latencies, in seconds; 0 for none.
func (r Result) Latency() float64 {
	if len(r.Matches) == 0 {
		return 0
	}
	all := make([]float64, 0, len(r.Matches))
	for _, m := range r.Matches {
		all = append(all, m.Latency)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// Overlap is the mean intersection over union of the matches; 1 for none.
func (r Result) Overlap() float64 {
	return r.share(func(m Match) float64 { return m.Overlap })
}

// Slots is the share of the matches with the right slot, of those whose slot
// the truth knows; 1 for none.
func (r Result) Slots() float64 {
	known := Result{}
	for _, m := range r.Matches {
		if m.Event.Slot != "" {
			known.Matches = append(known.Matches, m)
		}
	}
	return known.share(func(m Match) float64 {
		if m.SlotHits {
			return 1
		}
		return 0
	})
}

// FalsePerHour is how many false reports come in an hour of a camera.
func (r Result) FalsePerHour() float64 {
	if r.Seconds == 0 {
		return 0
	}
	return float64(len(r.False)) / r.Seconds * 3600
}

func (r Result) share(of func(Match) float64) float64 {
	if len(r.Matches) == 0 {
		return 1
	}
	sum := 0.0
	for _, m := range r.Matches {
		sum += of(m)
	}
	return sum / float64(len(r.Matches))
}

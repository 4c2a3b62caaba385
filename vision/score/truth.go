// Package score holds what a detector reports against the truth about a clip.
//
// # What may be relied upon
//
//   - A truth file is what the simulated room writes beside its footage, and what
//     the benchmark clips carry: see [Truth].
//   - A report matches an event of its kind from a second before it took place
//     to five seconds after its place can be seen, at its place; each matches at
//     most one. A move may be reported as a removal and a placement.
//   - Everything else that is reported is false, but for pushes of a hand's
//     width (nudges), for what nobody can see, and for regions that the truth
//     says nothing about.
package score

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/packroom/packroom/room"
)

// Truth is what happens in a clip: times are the video's, boxes its pixels.
type Truth struct {
	Clip    string      `json:"clip"`
	FPS     float64     `json:"fps"`
	Width   int         `json:"width"`
	Height  int         `json:"height"`
	Seconds float64     `json:"duration_s"`
	Events  []Event     `json:"events"`
	Nudges  []Event     `json:"nudges"`         // pushes too small to count
	Ignore  []room.Rect `json:"ignore_regions"` // of which nothing is known
}

// Event is one thing that happens.
type Event struct {
	Kind     room.ChangeKind `json:"type"`
	T        float64         `json:"t_s"`       // at rest, and the hand away
	Clear    float64         `json:"clear_t_s"` // when people no longer hide the place; 0 = at T
	Slot     string          `json:"shelf_id"`
	Box      room.Rect       `json:"bbox_px"`      // what can be seen of it
	Full     room.Rect       `json:"bbox_px_full"` // all of it
	Visible  *bool           `json:"visible"`      // nil = yes
	FromT    float64         `json:"t_from_s"`     // moved only
	FromSlot string          `json:"from_shelf_id"`
	FromBox  room.Rect       `json:"from_bbox"`
	FromFull room.Rect       `json:"from_bbox_full"`
}

// Report is one line of "packroom replay".
type Report struct {
	Kind    room.ChangeKind `json:"type"`
	T       float64         `json:"t_s"`
	Box     room.Rect       `json:"bbox"`
	Slot    string          `json:"slot"`
	FromBox room.Rect       `json:"from_bbox"`
	From    string          `json:"from_slot"`
}

// seen is when the event can be seen.
func (e Event) seen() float64 { return max(e.T, e.Clear) }

// hidden reports whether no camera could see it.
func (e Event) hidden() bool { return e.Visible != nil && !*e.Visible }

// ReadTruth reads a truth file.
func ReadTruth(path string) (Truth, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Truth{}, fmt.Errorf("truth: %w", err)
	}
	var t Truth
	if err := json.Unmarshal(b, &t); err != nil {
		return Truth{}, fmt.Errorf("truth %s: %w", path, err)
	}
	return t, nil
}

// ReadReports reads the lines of "packroom replay".
func ReadReports(r io.Reader) ([]Report, error) {
	var out []Report
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var one Report
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("reports: line %q: %w", lines.Text(), err)
		}
		out = append(out, one)
	}
	return out, lines.Err()
}

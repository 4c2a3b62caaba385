package vision

import (
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// problemWords explains a Scene's problem to people who read logs; the pages say
// it in the reader's language.
var problemWords = map[string]string{
	ProblemDark:    "too dark to see what happens; turn the light on",
	ProblemCovered: "something covers the camera",
	ProblemMoved:   "the camera was moved: point it back, or draw its slots anew",
	ProblemBlurred: "the picture is blurred: clean or focus the lens",
	ProblemSmeared: "the picture is smeared: give the camera's stream more bits a second",
	ProblemFrozen:  "the camera repeats one picture: restart it",
}

// health is what is known of one camera's fitness. Safe for concurrent use.
type health struct {
	mu      sync.Mutex
	problem string // of the newest scene
	blind   string // why nothing looks at the pictures; empty when a detector does
}

// scene takes the detector's word.
func (h *health) scene(problem string) {
	h.mu.Lock()
	h.problem, h.blind = problem, ""
	h.mu.Unlock()
}

// unseen says why no detector looks.
func (h *health) unseen(why string) {
	h.mu.Lock()
	h.problem, h.blind = "", why
	h.mu.Unlock()
}

// word is the camera's health for the room: a lost picture before a bad one.
func (h *health) word(camera string, s Status, now time.Time) room.CameraHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := room.CameraHealth{Camera: camera, OK: true, At: now}
	switch {
	case !s.Up:
		w.OK, w.Problem = false, "lost"
		w.Detail = fmt.Sprintf("%s; trying again", s.Reason)
	case h.problem != "":
		w.OK, w.Problem = false, h.problem
		w.Detail = problemWords[h.problem]
	case h.blind != "":
		w.Detail = h.blind
	}
	return w
}

// starting reports whether the camera never was up and has not failed yet: no
// news, good or bad.
func starting(s Status) bool { return !s.Up && s.Losses == 0 }

package vision

import (
	"fmt"
	"time"

	"github.com/packroom/packroom/room"
)

// Judgement is what was concluded about one place that has changed, and why:
// for whoever sets a camera up, and for annotated footage.
type Judgement struct {
	At      time.Duration
	Box     room.Rect // the slots file's pixels
	Slot    string
	Verdict string // "placed i3", "light", "waits", ...
	Why     string // the evidence
}

// Explain lets f hear every judgement of the tracker; nil = nobody does.
func (t *Tracker) Explain(f func(Judgement)) { t.explain = f }

// tell says a verdict about a place; repeated judgements are told again.
func (t *Tracker) tell(b Blob, k int, e evidence, verdict string) {
	if t.explain != nil {
		t.explain(Judgement{At: t.now, Box: t.rect(b), Slot: t.slots.id(k), Verdict: verdict, Why: e.words()})
	}
}

// tellDecided says what was decided, or why nothing was.
func (t *Tracker) tellDecided(b Blob, k int, e evidence, decided []Decision, waits bool) {
	for i := range decided {
		d := &decided[i]
		d.Why = e.words()
		t.tell(b, k, e, string(d.Kind)+" "+d.Item)
	}
	switch {
	case waits:
		t.tell(b, k, e, "waits: not sure yet")
	case len(decided) == 0:
		t.tell(b, k, e, "light, no thing")
	}
}

// words are the evidence for people.
func (e evidence) words() string {
	return fmt.Sprintf("outline %+.1f contrast %+.1f slopes kept %.2f lit %.2f", e.outline, e.apart, e.kept, e.lit)
}

// Marks are what the tracker sees moving, at working size.
type Marks struct {
	W, H    int
	Moving  Mask
	People  Mask
	Changed Mask // covered by people, and not yet judged
}

// Marks gives the marks of the last Step; they are valid until the next.
func (t *Tracker) Marks() Marks {
	open := make(Mask, len(t.changed))
	for i, c := range t.changed {
		open[i] = c & t.base.touched[i]
	}
	return Marks{W: t.w, H: t.h, Moving: t.motion.mask, People: t.people, Changed: open}
}

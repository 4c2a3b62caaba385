package light

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// Span is the part of a strip that belongs to a slot.
type Span struct {
	Slot  string
	Strip int // which of the driver's strips
	First int // its first LED, from 0
	Count int
}

// Check refuses spans that overlap, are empty or name a slot twice.
func Check(spans []Span) error {
	slots := map[string]bool{}
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b Span) int {
		if a.Strip != b.Strip {
			return a.Strip - b.Strip
		}
		return a.First - b.First
	})
	for i, s := range sorted {
		switch {
		case s.Slot == "" || slots[s.Slot]:
			return fmt.Errorf("slot %q is empty or there twice", s.Slot)
		case s.First < 0 || s.Count < 1:
			return fmt.Errorf("slot %s has %d LEDs from %d on", s.Slot, s.Count, s.First)
		case i > 0 && sorted[i-1].Strip == s.Strip && sorted[i-1].First+sorted[i-1].Count > s.First:
			return fmt.Errorf("the LEDs of slots %s and %s overlap", sorted[i-1].Slot, s.Slot)
		}
		slots[s.Slot] = true
	}
	return nil
}

// Slots names the slots of spans, in order, for a manager's page.
func Slots(spans []Span) string {
	names := make([]string, len(spans))
	for i, s := range spans {
		names[i] = s.Slot
	}
	return strings.Join(names, " ")
}

const (
	runIn = 900 * time.Millisecond // a light that runs along the shelf to the slot
	tail  = 6                      // its length in LEDs
)

// Painter paints the signals of slots onto strips. Safe for concurrent use.
type Painter struct {
	spans      []Span
	brightness float64

	mu    sync.Mutex
	shown map[string]showing
}

type showing struct {
	signal room.Signal
	since  time.Time
}

// NewPainter makes a painter of checked spans; brightness is 0 to 1.
func NewPainter(spans []Span, brightness float64) *Painter {
	return &Painter{spans: slices.Clone(spans), brightness: brightness, shown: map[string]showing{}}
}

// Set shows these signals and no others. Slots that have no light here are
// passed over: another driver may have them.
func (p *Painter) Set(bySlot map[string]room.Signal, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	shown := map[string]showing{}
	for slot, signal := range bySlot {
		if Of(signal) == (Color{}) {
			continue
		}
		old := p.shown[slot]
		if old.signal != signal {
			old = showing{signal, now}
		}
		shown[slot] = old
	}
	p.shown = shown
}

// Paint gives each strip's LEDs at a moment; set is called for those that are
// lit. moving is false where nothing will change until the next Set.
func (p *Painter) Paint(now time.Time, set func(strip, led int, c Color)) (moving bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := map[[2]int]Color{}
	for _, s := range p.spans {
		show, ok := p.shown[s.Slot]
		if !ok {
			continue
		}
		c := Of(show.signal).Dim(p.brightness)
		for i := range s.Count {
			at := [2]int{s.Strip, s.First + i}
			own[at] = own[at].brighter(c.Dim(Level(show.signal, now)))
		}
		moving = moving || Moves(show.signal) || p.run(s, show, c, now, own)
	}
	for at, c := range own {
		set(at[0], at[1], c)
	}
	return moving
}

// run paints the light that runs from the strip's beginning to a slot whose
// parcel is waited for. It never covers what another slot shows.
func (p *Painter) run(s Span, show showing, c Color, now time.Time, own map[[2]int]Color) (running bool) {
	gone := now.Sub(show.since)
	if !show.signal.Leads() || gone < 0 || gone >= runIn {
		return false
	}
	head := int(float64(s.First) * gone.Seconds() / runIn.Seconds())
	for led := max(0, head-tail+1); led <= min(head, s.First-1); led++ {
		if p.dark(s.Strip, led) {
			at := [2]int{s.Strip, led}
			own[at] = own[at].brighter(c.Dim(float64(led-head+tail) / tail))
		}
	}
	return s.First > 0
}

// dark reports whether an LED belongs to no slot that shows something.
func (p *Painter) dark(strip, led int) bool {
	return !slices.ContainsFunc(p.spans, func(s Span) bool {
		_, lit := p.shown[s.Slot]
		return lit && s.Strip == strip && led >= s.First && led < s.First+s.Count
	})
}

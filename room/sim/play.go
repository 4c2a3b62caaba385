package sim

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/packroom/packroom/room"
)

// Fact is something that happened in a played day, as the platform would learn
// of it if its cameras were perfect. One of the pointers is set.
type Fact struct {
	At     time.Duration   `json:"at"` // since the day's begin
	Person string          `json:"person,omitempty"`
	Scan   *Scan           `json:"scan,omitempty"`   // at the kiosk
	Door   *room.DoorEvent `json:"door,omitempty"`   // of the contact
	Change *room.Change    `json:"change,omitempty"` // on the shelves
}

// Played is a day that is over.
type Played struct {
	Facts   []Fact
	State   State
	Skipped []string // what could not be done, and why: "action 12 (take): ..."
	Length  time.Duration
}

// PlayDay plays a day without cameras and at full speed: a day of twelve hours
// in about a second. The door opens for whoever wants to enter. The same day
// gives the same facts.
func PlayDay(d Day, begin time.Time) (Played, error) {
	if err := d.Validate(); err != nil {
		return Played{}, err
	}
	cfg := Config{Seed: d.Seed, Log: slog.New(slog.DiscardHandler)}.withDefaults()
	w, now := newVirtual(cfg, begin)
	p := newPlayer(w, d, 0)
	const step = 50 * time.Millisecond
	var scans []Fact
	p.scanned = func(a Scripted) {
		s := *a.Scan
		scans = append(scans, Fact{At: now().Sub(begin), Person: a.Person, Scan: &s})
	}
	p.run(step, nil)
	return Played{Facts: inOrder(append(scans, w.facts(begin)...)), State: w.State(), Skipped: p.skipped, Length: now().Sub(begin)}, nil
}

// newVirtual makes a world whose clock is its own time.
func newVirtual(cfg Config, begin time.Time) (*World, func() time.Time) {
	w := newWorld(cfg, nil, cfg.Log)
	now := func() time.Time { return begin.Add(time.Duration(w.t * float64(time.Second))).Round(time.Millisecond) }
	w.clock, w.door.now = now, now
	w.door.id = func(seq int64) string {
		return "door-" + strconv.FormatUint(cfg.Seed, 10) + "-" + strconv.FormatInt(seq, 10)
	}
	return w, now
}

func inOrder(fs []Fact) []Fact {
	slices.SortStableFunc(fs, func(a, b Fact) int { return int(a.At - b.At) })
	return fs
}

// facts are the door's events and the changes so far.
func (w *World) facts(begin time.Time) []Fact {
	var out []Fact
	w.door.mu.Lock()
	for _, e := range w.door.log {
		out = append(out, Fact{At: e.At.Sub(begin), Door: &e})
	}
	w.door.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	items := map[string]int{} // vision's name of a parcel changes with each placement
	for i, h := range w.history {
		item := func() string { return h.Parcel + "." + strconv.Itoa(items[h.Parcel]) }
		if h.Kind == room.ChangePlaced {
			items[h.Parcel]++
		}
		c := room.Change{
			ID: "change-" + strconv.FormatUint(w.cfg.Seed, 10) + "-" + strconv.Itoa(i+1), Kind: h.Kind, Camera: h.Camera, Item: item(),
			Slot: h.Slot, FromSlot: h.FromSlot, BBox: h.BBox, FromBBox: h.FromBBox, Confidence: 1, At: h.At, Seen: h.At, Fence: 1,
		}
		out = append(out, Fact{At: h.At.Sub(begin), Person: h.Person, Change: &c})
	}
	return out
}

// player acts a day out in a world with its own time.
type player struct {
	w       *World
	queues  [][]queued // by person, each in order
	longest time.Duration
	offset  time.Duration // of the script's time that was passed over
	skipped []string
	scanned func(Scripted)
}

type queued struct {
	n int
	Scripted
	done <-chan Result
}

// newPlayer prepares a day. Pauses in which nobody does anything are cut to
// longest; 0 keeps them.
func newPlayer(w *World, d Day, longest time.Duration) *player {
	p := &player{w: w, longest: longest, scanned: func(Scripted) {}}
	at := map[string]int{}
	for i, a := range d.Actions {
		q, ok := at[a.Person]
		if !ok {
			q = len(p.queues)
			at[a.Person] = q
			p.queues = append(p.queues, nil)
		}
		p.queues[q] = append(p.queues[q], queued{n: i + 1, Scripted: a})
	}
	return p
}

// now is the script's time.
func (p *player) now() time.Duration {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return time.Duration(p.w.t*float64(time.Second)) + p.offset
}

// run plays until nothing is left to do, calling frame after each step.
func (p *player) run(step time.Duration, frame func() bool) {
	calm := time.Duration(0)
	for {
		busy, next := p.begin()
		if !busy && next < 0 {
			if calm += step; calm > 3*time.Second { // doors fall shut, lamps settle
				return
			}
		}
		if !busy && next >= 0 {
			if frame == nil && next-p.now() > time.Minute { // nobody is there, nothing moves
				p.w.skip(next - p.now() - 30*time.Second)
			} else if p.longest > 0 && next-p.now() > p.longest {
				p.offset += next - p.now() - p.longest
			}
		}
		p.w.Step(step)
		if frame != nil && !frame() {
			return
		}
	}
}

// begin starts what is due and tells whether something is going on, and when
// the next action is due (-1: none is left).
func (p *player) begin() (busy bool, next time.Duration) {
	now := p.now()
	next = -1
	for i := range p.queues {
		for q := p.queues[i]; len(q) > 0; q = p.queues[i] {
			if q[0].done != nil {
				select {
				case <-q[0].done:
					p.queues[i] = q[1:]
					continue
				default:
				}
				busy = true
				break
			}
			if q[0].At > now {
				if next < 0 || q[0].At < next {
					next = q[0].At
				}
				break
			}
			p.start(i)
		}
	}
	inside, acting := p.w.crowd()
	switch {
	case next < 0 && !busy && !acting:
		return false, next // whoever is inside stays for the night
	case inside > 0:
		busy = true
	}
	return busy, next
}

// crowd is how many are in the room, and whether any of them does something.
func (w *World) crowd() (inside int, acting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.people {
		acting = acting || len(p.steps) > 0
	}
	return len(w.people), acting
}

func (p *player) start(i int) {
	q := p.queues[i][0]
	a := q.Action
	switch a.Do {
	case "scan":
		p.scanned(q.Scripted)
		p.queues[i] = p.queues[i][1:]
		return
	case "enter":
		p.w.door.key()
	case "place":
		if p.w.holds(a.Person) { // what is in hand goes back
			a.Size, a.Parcel = "", ""
		}
	}
	done, err := p.w.Start(a)
	if err != nil {
		p.skipped = append(p.skipped, fmt.Sprintf("action %d (%s): %v", q.n, a.Do, err))
		p.queues[i] = p.queues[i][1:]
		return
	}
	p.queues[i][0].done = done
}

// skip lets time pass in which nothing moves.
func (w *World) skip(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t += d.Seconds()
}

// holds reports whether somebody has a parcel in hand.
func (w *World) holds(person string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.people {
		if p.ID == person {
			return p.carried != nil
		}
	}
	return false
}

// key unlocks the strike without a grant, for days played without a platform.
func (s *strike) key() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = s.now().Add(strikeTime)
}

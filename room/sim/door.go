package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// strikeTime is how long the strike stays open after an unlock, if the door is
// not opened before.
const strikeTime = 5 * time.Second

// Contact says what the door's contact tells.
type Contact string

// What can be wrong with the door's contact.
const (
	ContactOK     Contact = "ok"
	ContactSilent Contact = "silent" // it says nothing, and nobody notices
	ContactBroken Contact = "broken" // the line is cut, which the controller reports as a fault
)

// strike is the door: a strike that fails locked, a contact, an inner handle
// that always opens. It is safe for concurrent use.
type strike struct {
	name string
	id   func(seq int64) string // of events

	mu       sync.Mutex
	now      func() time.Time
	fence    uint64    // of the last accepted grant
	until    time.Time // unlocked until
	open     bool
	propped  bool
	contact  Contact
	closing  time.Time // when it will have fallen shut; zero = not
	seq      int64
	log      []room.DoorEvent
	wake     chan struct{} // closed at each event
	unlocked int           // how often the strike acted
}

// keptEvents is how many door events a reconnecting listener can catch up with.
const keptEvents = 512

func newStrike(name string, now func() time.Time) *strike {
	return &strike{name: name, id: func(int64) string { return room.NewID() }, now: now, contact: ContactOK, wake: make(chan struct{})}
}

// unlock acts on a grant, or refuses it with ErrConflict.
func (s *strike) unlock(g room.Grant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !g.Expires.After(now) {
		return fmt.Errorf("unlock %s: %w: the grant expired %s ago", s.name, room.ErrConflict, now.Sub(g.Expires).Round(time.Millisecond))
	}
	if g.Fence <= s.fence {
		return fmt.Errorf("unlock %s: %w: grant %d is not newer than %d", s.name, room.ErrConflict, g.Fence, s.fence)
	}
	s.fence = g.Fence
	s.until = now.Add(strikeTime)
	if g.Expires.Before(s.until) {
		s.until = g.Expires
	}
	s.unlocked++
	return nil
}

func (s *strike) lock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Time{}
}

// canEnter reports whether somebody outside gets in.
func (s *strike) canEnter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open || s.now().Before(s.until)
}

// pull opens the door from outside; once open, the strike locks again.
func (s *strike) pull() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Time{}
	s.swing(true)
}

// push opens the door from inside, which always works.
func (s *strike) push() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report(room.DoorExit, "")
	s.swing(true)
}

func (s *strike) swing(open bool) {
	s.closing = time.Time{}
	if s.open == open {
		return
	}
	s.open = open
	if open {
		s.report(room.DoorOpened, "")
	} else {
		s.report(room.DoorClosed, "")
	}
}

// letGo lets the door fall shut after a moment, unless it is propped.
func (s *strike) letGo(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open && !s.propped {
		s.closing = s.now().Add(after)
	}
}

// prop keeps the door open, or lets it fall shut.
func (s *strike) prop(on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on && !s.open {
		return fmt.Errorf("prop the door: %w: it is closed", room.ErrConflict)
	}
	s.propped = on
	if !on && s.open {
		s.closing = s.now().Add(500 * time.Millisecond)
	}
	return nil
}

// tick closes the door when it has fallen shut.
func (s *strike) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing.IsZero() && !s.now().Before(s.closing) && !s.propped {
		s.swing(false)
	}
}

// setContact breaks or repairs the contact.
func (s *strike) setContact(c Contact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.contact
	if was == c {
		return
	}
	if c == ContactBroken {
		s.append(room.DoorFaulty, "the contact does not answer")
	}
	s.contact = c
	if c != ContactOK {
		return
	}
	if was == ContactBroken {
		s.append(room.DoorAnswered, "")
	}
	s.append(s.present(), "")
}

// report tells of the door, where its contact does.
func (s *strike) report(k room.DoorEventKind, detail string) {
	if s.contact == ContactOK {
		s.append(k, detail)
	}
}

func (s *strike) append(k room.DoorEventKind, detail string) {
	s.seq++
	s.log = append(s.log, room.DoorEvent{ID: s.id(s.seq), Door: s.name, Kind: k, Detail: detail, At: s.now().UTC()})
	if len(s.log) > keptEvents {
		s.log = append(s.log[:0:0], s.log[len(s.log)-keptEvents:]...)
	}
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *strike) present() room.DoorEventKind {
	switch {
	case s.contact == ContactBroken:
		return room.DoorFaulty
	case s.open:
		return room.DoorOpened
	default:
		return room.DoorClosed
	}
}

// listen tells of the door until ctx ends or tell fails: first what happened
// after the event whose number is given (0 = nothing missed), then the present
// state, then everything that happens. It calls tell with a zero event every
// beat, so that a listener knows the line is alive.
func (s *strike) listen(ctx context.Context, after int64, beat time.Duration, tell func(seq int64, e room.DoorEvent) error) error {
	s.mu.Lock()
	next := s.seq
	var missed []room.DoorEvent
	first := s.seq - int64(len(s.log)) // number before the oldest kept
	if after > 0 && after < s.seq {
		missed = append(missed, s.log[max(after-first, 0):]...)
	}
	state := room.DoorEvent{ID: room.NewID(), Door: s.name, Kind: s.present(), Detail: "present state", At: s.now().UTC()}
	s.mu.Unlock()
	for i, e := range missed {
		if err := tell(next-int64(len(missed)-1-i), e); err != nil {
			return err
		}
	}
	if err := tell(next, state); err != nil {
		return err
	}
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		s.mu.Lock()
		wake := s.wake
		first = s.seq - int64(len(s.log))
		fresh := append([]room.DoorEvent(nil), s.log[max(min(next, s.seq)-first, 0):]...)
		from := s.seq - int64(len(fresh))
		s.mu.Unlock()
		for i, e := range fresh {
			next = from + int64(i) + 1
			if err := tell(next, e); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-t.C:
			if err := tell(next, room.DoorEvent{}); err != nil {
				return err
			}
		}
	}
}

// view is the door for people: locked, unlocked, open.
func (s *strike) view() (state string, propped bool, contact Contact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open:
		state = "open"
	case s.now().Before(s.until):
		state = "unlocked"
	default:
		state = "locked"
	}
	return state, s.propped, s.contact
}

package device

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

const (
	strikeTimeout = 2 * time.Second        // for one command that locks
	relockAgain   = 300 * time.Millisecond // between tries to lock while the hardware does not answer
	eventsKept    = 1024                   // for a listener that is slow; older ones are dropped
)

// Doorway is a room.Door made of a strike and a contact that a driver reaches in
// its own way. It keeps the promises that are the same for all: grants are
// refused when late, repeated or out of order; the door locks again as soon as
// it was opened or the grant expires, for as long as it takes; events begin with
// the present state. Make it with [NewDoorway], end it with Close.
type Doorway struct {
	strike func(ctx context.Context, release bool) error

	acting sync.Mutex // one command at a time
	stop   context.CancelFunc
	done   chan struct{}
	wake   chan struct{}

	mu     sync.Mutex
	fence  uint64    // of the newest grant accepted
	until  time.Time // the strike is to lock then; zero: it is locked
	open   bool
	known  bool // open is as the contact told since the last fault
	fault  string
	stream map[*stream]bool
}

// NewDoorway makes a door. strike releases or locks and returns when the
// hardware has acted; its errors are ErrUnavailable. It is called by one
// goroutine at a time, with a deadline.
func NewDoorway(strike func(ctx context.Context, release bool) error) *Doorway {
	ctx, stop := context.WithCancel(context.Background())
	d := &Doorway{strike: strike, stop: stop, done: make(chan struct{}), wake: make(chan struct{}, 1), stream: map[*stream]bool{}}
	go d.relock(ctx)
	return d
}

// Unlock implements room.Door.
func (d *Doorway) Unlock(ctx context.Context, g room.Grant) error {
	d.acting.Lock()
	defer d.acting.Unlock()
	if err := d.accept(g, time.Now()); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	ctx, cancel := context.WithDeadline(ctx, g.Expires)
	defer cancel()
	err := d.strike(ctx, true)
	if err != nil {
		d.lockSoon() // the command may have got through all the same
		return fmt.Errorf("unlock: %w", err)
	}
	d.kick()
	return nil
}

// accept refuses a grant that is late, repeated or older than one before.
func (d *Doorway) accept(g room.Grant, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !g.Expires.After(now) {
		return fmt.Errorf("%w: the grant expired %s ago", room.ErrConflict, now.Sub(g.Expires).Round(time.Millisecond))
	}
	if g.Fence <= d.fence {
		return fmt.Errorf("%w: grant %d came after grant %d", room.ErrConflict, g.Fence, d.fence)
	}
	d.fence, d.until = g.Fence, g.Expires
	return nil
}

// Lock implements room.Door.
func (d *Doorway) Lock(ctx context.Context) error {
	if err := d.lock(ctx); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

func (d *Doorway) lock(ctx context.Context) error {
	d.acting.Lock()
	defer d.acting.Unlock()
	ctx, cancel := context.WithTimeout(ctx, strikeTimeout)
	defer cancel()
	err := d.strike(ctx, false)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.until = time.Now()
		d.kick()
		return err
	}
	d.until = time.Time{}
	return nil
}

// Released reports whether the strike is to be released now: a driver that reads
// it back locks it otherwise.
func (d *Doorway) Released() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Before(d.until)
}

func (d *Doorway) lockSoon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.until.IsZero() {
		d.until = time.Now()
	}
	d.kick()
}

func (d *Doorway) kick() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// relock locks whenever it is time to.
func (d *Doorway) relock(ctx context.Context) {
	defer close(d.done)
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		d.mu.Lock()
		wait := time.Hour
		if !d.until.IsZero() {
			wait = time.Until(d.until)
		}
		d.mu.Unlock()
		if wait <= 0 {
			if d.Settle(ctx) != nil {
				wait = relockAgain
			} else {
				continue
			}
		}
		t.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-t.C:
		}
	}
}

// Settle locks unless a grant allows the strike to be released now: for a driver
// that read it back and found it released.
func (d *Doorway) Settle(ctx context.Context) error {
	d.acting.Lock()
	defer d.acting.Unlock()
	if d.Released() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, strikeTimeout)
	defer cancel()
	if err := d.strike(ctx, false); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until = time.Time{}
	return nil
}

// Contact tells what the contact says; saying it again is harmless. A door that
// opens is locked at once: one entry a grant.
func (d *Doorway) Contact(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != "" || d.known && d.open == open {
		return
	}
	d.open, d.known = open, true
	d.send(d.present())
	if open && !d.until.IsZero() {
		d.until = time.Now()
		d.kick()
	}
}

// Exit tells that the inner handle was used.
func (d *Doorway) Exit() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.send(event(room.DoorExit, ""))
}

// Fault tells that contact or strike do not answer, once until [Doorway.Answered].
func (d *Doorway) Fault(detail string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == "" {
		d.fault, d.known = detail, false
		d.send(d.present())
	}
}

// Answered ends a fault; the driver tells the contact next.
func (d *Doorway) Answered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != "" {
		d.fault = ""
		d.send(event(room.DoorAnswered, ""))
	}
}

// Close locks the door, if it can, and ends the relocking. Streams of events end
// with their contexts.
func (d *Doorway) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), strikeTimeout)
	defer cancel()
	err := d.lock(ctx)
	d.stop()
	<-d.done
	return err
}

func event(kind room.DoorEventKind, detail string) room.DoorEvent {
	return room.DoorEvent{ID: room.NewID(), Kind: kind, Detail: detail, At: time.Now().UTC()}
}

// present is the state as an event.
func (d *Doorway) present() room.DoorEvent {
	switch {
	case d.fault != "":
		return event(room.DoorFaulty, d.fault)
	case d.open:
		return event(room.DoorOpened, "")
	}
	return event(room.DoorClosed, "")
}

// stream is one listener's events that it did not take yet.
type stream struct {
	queue []room.DoorEvent
	more  chan struct{}
}

func (d *Doorway) send(e room.DoorEvent) {
	for s := range d.stream {
		s.queue = append(s.queue, e)
		if len(s.queue) > eventsKept {
			s.queue = s.queue[1:]
		}
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}

// Events implements room.Door. Before the hardware was heard there is no state
// to begin with; then it begins with the first that is known.
func (d *Doorway) Events(ctx context.Context) <-chan room.DoorEvent {
	s := &stream{more: make(chan struct{}, 1)}
	d.mu.Lock()
	d.stream[s] = true
	if d.known || d.fault != "" {
		s.queue = append(s.queue, d.present())
	}
	d.mu.Unlock()
	out := make(chan room.DoorEvent)
	go func() {
		defer close(out)
		defer func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.stream, s)
		}()
		for {
			e, ok := d.take(s)
			if !ok {
				select {
				case <-ctx.Done():
					return
				case <-s.more:
				}
				continue
			}
			select {
			case <-ctx.Done():
				return
			case out <- e:
			}
		}
	}()
	return out
}

func (d *Doorway) take(s *stream) (room.DoorEvent, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(s.queue) == 0 {
		return room.DoorEvent{}, false
	}
	e := s.queue[0]
	s.queue = s.queue[1:]
	return e, true
}

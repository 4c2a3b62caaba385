package http

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// api is how a relay is spoken to.
type api interface {
	// set switches a relay; on, it switches itself off again after the time.
	set(ctx context.Context, relay int, on bool, off time.Duration) error
	// status reads a relay and the inputs.
	status(ctx context.Context, relay int) (status, error)
}

// status is what a relay tells.
type status struct {
	on     bool
	inputs map[int]bool
}

// relay is a door behind a relay with a web API.
type relay struct {
	api           api
	rest          *device.REST
	number        int
	contact, exit int // inputs; exit -1 = none
	openIs        bool
	poll          time.Duration
	line          *device.Line
	door          *device.Doorway
	stop          context.CancelFunc
	work          sync.WaitGroup
	once          sync.Once
	ended         error
	handle        bool // of the polling goroutine
}

func newRelay(line *device.Line) *relay { return &relay{line: line} }

func (r *relay) start() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.door = device.NewDoorway(r.strike)
	r.work.Go(func() { r.watch(ctx) })
}

// strike releases the relay until ctx's deadline, the end of the grant, or
// switches it off.
func (r *relay) strike(ctx context.Context, release bool) error {
	off := room.GrantTTL
	if until, ok := ctx.Deadline(); ok {
		off = min(off, time.Until(until))
	}
	if err := r.api.set(ctx, r.number, release, off); err != nil {
		r.lost(err)
		return err
	}
	return nil
}

func (r *relay) lost(err error) {
	r.line.Lost(err)
	r.door.Fault(err.Error())
}

// watch reads contact and handle until ctx ends.
func (r *relay) watch(ctx context.Context) {
	t := time.NewTicker(r.poll)
	defer t.Stop()
	for {
		s, err := r.api.status(ctx, r.number)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = r.complete(s)
		}
		if err != nil {
			r.lost(err)
		} else {
			r.take(ctx, s)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// complete checks that the device has the inputs that the options name.
func (r *relay) complete(s status) error {
	for _, input := range []int{r.contact, r.exit} {
		if _, ok := s.inputs[input]; !ok && input >= 0 {
			return fmt.Errorf("%w: the device has no input %d: correct the options contact and exit", room.ErrUnavailable, input)
		}
	}
	return nil
}

func (r *relay) take(ctx context.Context, s status) {
	r.line.Back()
	r.door.Answered()
	if pressed := r.exit >= 0 && s.inputs[r.exit]; pressed != r.handle {
		r.handle = pressed
		if pressed {
			r.door.Exit()
		}
	}
	r.door.Contact(s.inputs[r.contact] == r.openIs)
	if s.on && !r.door.Released() {
		r.line.Count("switched off without a grant")
		if err := r.door.Lock(ctx); err != nil {
			r.lost(err)
		}
	}
}

// Close locks the door.
func (r *relay) Close() error {
	r.once.Do(func() {
		r.stop()
		r.work.Wait()
		err := r.door.Close()
		if !errors.Is(err, room.ErrUnavailable) { // it locks by itself
			r.ended = err
		}
		r.rest.Close()
	})
	return r.ended
}

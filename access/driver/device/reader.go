package device

import (
	"context"
	"sync"

	"github.com/packroom/packroom/room"
)

// Readings is a room.Reader whose driver says what was read. Its zero value has
// read nothing. Safe for concurrent use; each of Reads gets every read.
type Readings struct {
	mu     sync.Mutex
	hearer map[chan room.Attempt]bool
}

// Heard tells all that listen about one read.
func (r *Readings) Heard(a room.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.hearer {
		select {
		case c <- a:
		default: // nobody waits for an old card
		}
	}
}

// Reads implements room.Reader. What was read before is not told.
func (r *Readings) Reads(ctx context.Context) <-chan room.Attempt {
	c := make(chan room.Attempt, 8)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hearer == nil {
		r.hearer = map[chan room.Attempt]bool{}
	}
	r.hearer[c] = true
	context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.hearer, c)
		close(c)
	})
	return c
}

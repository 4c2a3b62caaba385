package notify

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// memory is a Queue in maps, with the promises of the real one.
type memory struct {
	mu         sync.Mutex
	unplanned  []room.Message
	messages   map[string]room.Message
	deliveries map[string]room.Delivery
	wake       chan struct{}
	err        error
	finishErr  error
	finished   chan room.Delivery // every Finish, for tests to wait on
}

func newQueue() *memory {
	return &memory{messages: map[string]room.Message{}, deliveries: map[string]room.Delivery{},
		wake: make(chan struct{}, 1), finished: make(chan room.Delivery, 1000)}
}

func (q *memory) put(ms ...room.Message) {
	q.mu.Lock()
	q.unplanned = append(q.unplanned, ms...)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *memory) fail(err, finish error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err, q.finishErr = err, finish
}

func (q *memory) Unplanned(_ context.Context, limit int) ([]room.Message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.unplanned[:min(limit, len(q.unplanned))]), q.err
}

func (q *memory) Plan(_ context.Context, id string, ds []room.Delivery) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.unplanned, func(m room.Message) bool { return m.ID == id })
	if i < 0 || q.err != nil {
		return q.err
	}
	q.messages[id] = q.unplanned[i]
	q.unplanned = slices.Delete(q.unplanned, i, i+1)
	for _, d := range ds {
		q.deliveries[d.ID] = d
	}
	return nil
}

func (q *memory) Claim(_ context.Context, now time.Time, lease time.Duration, limit int) ([]room.Claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var cs []room.Claim
	for _, id := range slices.Sorted(maps.Keys(q.deliveries)) {
		d := q.deliveries[id]
		if len(cs) == limit || d.State == room.DeliverySent || d.State == room.DeliveryFailed || d.Next.After(now) {
			continue
		}
		d.State, d.Tries, d.Next = room.DeliverySending, d.Tries+1, now.Add(lease)
		q.deliveries[id] = d
		cs = append(cs, room.Claim{Delivery: d, Message: q.messages[d.Message]})
	}
	return cs, q.err
}

func (q *memory) Renew(_ context.Context, d room.Delivery, until time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	has := q.deliveries[d.ID]
	if q.err != nil {
		return q.err
	}
	if has.State != room.DeliverySending || has.Tries != d.Tries {
		return room.ErrConflict
	}
	has.Next = until
	q.deliveries[d.ID] = has
	return nil
}

func (q *memory) Finish(_ context.Context, d room.Delivery) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.finishErr != nil {
		return q.finishErr
	}
	q.deliveries[d.ID] = d
	q.finished <- d
	return nil
}

func (q *memory) MessagesQueued(context.Context) <-chan struct{} { return q.wake }

func (q *memory) delivery(id string) room.Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.deliveries[id]
}

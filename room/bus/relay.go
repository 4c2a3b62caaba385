package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/packroom/packroom/room"
)

// Outbox holds committed events that were not published yet.
type Outbox interface {
	// Unpublished gives them in the order of the log.
	Unpublished(ctx context.Context, limit int) ([]room.Event, error)
	// MarkPublished takes them out, by Seq.
	MarkPublished(ctx context.Context, seqs []int64) error
	// EventsCommitted has a value after a commit; it may miss some and is closed
	// when ctx ends.
	EventsCommitted(ctx context.Context) <-chan struct{}
}

const (
	relayBatch = 64
	relayPoll  = 2 * time.Second // for wake-ups that were missed
)

// Relay publishes the outbox in order until ctx ends, and then returns nil. An
// event that was published but not marked, because of a crash, is published
// again under its ID, which consumers know. One that cannot be published at all
// (too large) becomes a dead letter and is marked, so that it does not block the
// log behind it.
func (b *Bus) Relay(ctx context.Context, outbox Outbox) error {
	committed := outbox.EventsCommitted(ctx)
	poll := time.NewTicker(relayPoll)
	defer poll.Stop()
	for failures := 0; ctx.Err() == nil; {
		more, err := b.relayBatch(ctx, outbox)
		switch {
		case err != nil:
			if failures == 0 && ctx.Err() == nil {
				b.log.Warn("relay stopped; trying again", "error", err)
			}
			pause(ctx, backoff(failures))
			failures++
			continue
		case failures > 0:
			b.log.Info("relay goes on")
			failures = 0
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		case _, ok := <-committed:
			if !ok {
				committed = nil // the poll is left
			}
		}
	}
	return nil
}

// relayBatch publishes up to relayBatch events and marks those that were
// stored, also when a later one failed.
func (b *Bus) relayBatch(ctx context.Context, outbox Outbox) (more bool, err error) {
	batch, err := outbox.Unpublished(ctx, relayBatch)
	if err != nil || len(batch) == 0 {
		return false, err
	}
	var done []int64
	for _, e := range batch {
		if err = b.relayEvent(ctx, e); err != nil {
			break
		}
		done = append(done, e.Seq)
	}
	if len(done) > 0 {
		// What the server has is marked also while ctx ends, within a moment.
		mark, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		err = errors.Join(err, outbox.MarkPublished(mark, done))
	}
	return len(batch) == relayBatch, err
}

func (b *Bus) relayEvent(ctx context.Context, e room.Event) error {
	err := b.PublishEvent(ctx, e)
	if !errors.Is(err, nats.ErrMaxPayload) && !errors.Is(err, room.ErrInvalid) {
		return err
	}
	b.log.Error("event cannot be published; it stays in the log", "id", e.ID, "seq", e.Seq, "kind", e.Kind, "error", err)
	return b.publishDead(ctx, DeadLetterCause{MessageID: e.ID, Error: err.Error()})
}

// publishDead stores a dead letter, under an ID made of the original's.
func (b *Bus) publishDead(ctx context.Context, cause DeadLetterCause) error {
	const maxOriginal = 256 << 10
	if len(cause.Original) > maxOriginal {
		cause.Original = nil
	}
	id := "dead." + cause.MessageID
	payload, err := json.Marshal(DeadLetter{ID: id, Kind: KindDead, Time: time.Now().UTC(),
		Property: b.cfg.Property, Room: b.cfg.Room, Data: cause})
	if err != nil {
		return fmt.Errorf("dead letter %s: %w", id, err)
	}
	if err := b.publish(ctx, KindDead, id, payload); err != nil {
		return err
	}
	b.stats.dead.Add(1)
	return nil
}

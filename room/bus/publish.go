package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
)

// PublishChange sends a change to the room service. Like the other Publish
// methods it returns when the message is on the server's disk and tries again
// until then; ctx says for how long. A change without an ID gets one.
func (b *Bus) PublishChange(ctx context.Context, c room.Change) error {
	if c.ID == "" {
		c.ID = room.NewID()
	}
	return b.publishFact(ctx, KindChange, c.ID, c)
}

// PublishPresence sends vision's word on people to the room service.
func (b *Bus) PublishPresence(ctx context.Context, p room.Presence) error {
	return b.publishFact(ctx, KindPresence, room.NewID(), p)
}

// PublishHealth sends a camera's state to the room service.
func (b *Bus) PublishHealth(ctx context.Context, h room.CameraHealth) error {
	return b.publishFact(ctx, KindHealth, room.NewID(), h)
}

// PublishClip sends footage that was saved to the room service. The same clip
// saved anew, for more events, is another message.
func (b *Bus) PublishClip(ctx context.Context, c room.Clip) error {
	return b.publishFact(ctx, KindFootage, fmt.Sprintf("%s.%d", c.ID, len(c.Events)), c)
}

// PublishStorage sends the state of the footage's disk to the room service.
func (b *Bus) PublishStorage(ctx context.Context, h room.StorageHealth) error {
	return b.publishFact(ctx, KindStorage, room.NewID(), h)
}

// PublishEvent sends one row of the event log, under its ID.
func (b *Bus) PublishEvent(ctx context.Context, e room.Event) error {
	payload, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("publish event %s: %w: %v", e.ID, room.ErrInvalid, err)
	}
	return b.publish(ctx, e.Kind, e.ID, payload)
}

func (b *Bus) publishFact(ctx context.Context, kind room.EventKind, id string, data any) error {
	payload, err := b.encodeFact(kind, id, time.Now().UTC(), data)
	if err != nil {
		return err
	}
	return b.publish(ctx, kind, id, payload)
}

func (b *Bus) encodeFact(kind room.EventKind, id string, at time.Time, data any) ([]byte, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("publish %s %s: %w: %v", kind, id, room.ErrInvalid, err)
	}
	return json.Marshal(Fact{ID: id, Kind: kind, Time: at, Property: b.cfg.Property, Room: b.cfg.Room, Data: raw})
}

// publish stores one message, trying again until ctx ends. The server drops
// repeats of id within DedupeWindow.
func (b *Bus) publish(ctx context.Context, kind room.EventKind, id string, payload []byte) error {
	to, err := subject(b.cfg.Property, b.cfg.Room, kind)
	if err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	for n := 0; ; n++ {
		err = b.publishOnce(ctx, to, id, payload)
		if err == nil {
			b.stats.published.Add(1)
			return nil
		}
		if permanent(err) {
			return fmt.Errorf("publish %s %s: %w", kind, id, err)
		}
		if n == 0 && b.nc.IsConnected() && ctx.Err() == nil {
			b.log.Warn("publish failed; trying again", "kind", kind, "error", err)
		}
		b.streamUnknown()
		if !pause(ctx, backoff(n)) {
			return fmt.Errorf("publish %s %s: %w: %v: %w", kind, id, room.ErrUnavailable, err, ctx.Err())
		}
		b.stats.retried.Add(1)
	}
}

func (b *Bus) publishOnce(ctx context.Context, to, id string, payload []byte) error {
	if err := b.stream(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	_, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: to, Data: payload},
		jetstream.WithMsgID(id), jetstream.WithExpectStream(StreamName))
	return err
}

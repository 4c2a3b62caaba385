package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
)

// FactHandler handles one fact, as Fact.Decode gives it, with its message's ID.
// nil and room.ErrSeen acknowledge it. room.ErrUnavailable makes the bus try
// again for as long as it takes; room.ErrInvalid, ErrConflict and ErrNotFound
// make it a dead letter at once, another error after MaxDeliveries tries. It must
// be idempotent by id.
type FactHandler func(ctx context.Context, id string, fact any) error

const (
	// MaxDeliveries is how often a fact is handed over before it becomes a dead
	// letter. A crash in the handler counts.
	MaxDeliveries = 5

	// ackWait is after how long the server hands a fact over again whose consumer
	// died. A handler that works for longer is covered by heartbeats.
	ackWait = 1500 * time.Millisecond
)

// ConsumeFacts hands the room's facts to h, one at a time and in order, until
// ctx ends, and then returns nil. durable names the place in the stream that
// lasts over restarts; one process at a time may use it.
func (b *Bus) ConsumeFacts(ctx context.Context, durable string, h FactHandler) error {
	return b.consume(ctx, durable, "room", func(ctx context.Context, id string, payload []byte) error {
		var f Fact
		if err := json.Unmarshal(payload, &f); err != nil {
			return fmt.Errorf("%w: %v", room.ErrInvalid, err)
		}
		v, err := f.Decode()
		if err != nil {
			return err
		}
		return h(ctx, id, v)
	})
}

// ConsumeEvents hands every event of the room's log to h, as ConsumeFacts does
// with facts: also those that happened while nobody consumed, as far back as the
// stream goes when durable is new. h must be idempotent by event ID.
func (b *Bus) ConsumeEvents(ctx context.Context, durable string, h func(ctx context.Context, e room.Event) error) error {
	return b.consume(ctx, durable, "vision", func(ctx context.Context, _ string, payload []byte) error {
		var e room.Event
		if err := json.Unmarshal(payload, &e); err != nil {
			return fmt.Errorf("%w: %v", room.ErrInvalid, err)
		}
		return h(ctx, e)
	})
}

// payloadHandler takes in one message's bytes; its errors mean what a
// FactHandler's do.
type payloadHandler func(ctx context.Context, id string, payload []byte) error

// consume hands what the table routes to a service to h, until ctx ends.
func (b *Bus) consume(ctx context.Context, durable, service string, h payloadHandler) error {
	for n := 0; ctx.Err() == nil; n++ {
		started := time.Now()
		err := b.consumeOnce(ctx, durable, service, h)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, nats.ErrConnectionClosed) {
			return fmt.Errorf("consume %s: %w", durable, err)
		}
		if time.Since(started) > time.Minute {
			n = 0
		}
		if n == 0 {
			b.log.Warn("messages stopped; trying again", "consumer", durable, "error", err)
		}
		b.streamUnknown()
		pause(ctx, backoff(n))
	}
	return nil
}

func (b *Bus) consumeOnce(ctx context.Context, durable, service string, h payloadHandler) error {
	if err := b.stream(ctx); err != nil {
		return err
	}
	create, cancel := context.WithTimeout(ctx, callTimeout)
	consumer, err := b.js.CreateOrUpdateConsumer(create, StreamName, jetstream.ConsumerConfig{
		Durable:        strings.Join([]string{durable, b.cfg.Property, b.cfg.Room}, "-"),
		FilterSubjects: subjectsTo(service, b.cfg.Property, b.cfg.Room),
		DeliverPolicy:  jetstream.DeliverAllPolicy,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        ackWait,
		MaxAckPending:  1, // keeps the order; see the package comment
		MaxDeliver:     -1,
	})
	cancel()
	if err != nil {
		return fmt.Errorf("consumer %s: %w", durable, err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(1), jetstream.PullExpiry(5*time.Second))
	if err != nil {
		return fmt.Errorf("consumer %s: %w", durable, err)
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("consumer %s: %w", durable, err)
		}
		if err := b.handle(ctx, msg, h); err != nil {
			return fmt.Errorf("consumer %s: %w", durable, err)
		}
	}
}

// handle brings one message to its end: acknowledged, handed back or dead.
func (b *Bus) handle(ctx context.Context, msg jetstream.Msg, h payloadHandler) error {
	stop := keepAlive(msg)
	defer stop()
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("message on %s: %w", msg.Subject(), err)
	}
	deliveries := int(meta.NumDelivered)
	if deliveries > 1 {
		b.stats.redelivered.Add(1)
	}
	id := msg.Headers().Get(nats.MsgIdHdr)
	if id == "" { // sent by hand; its place in the stream is as good
		id = fmt.Sprintf("seq.%d", meta.Sequence.Stream)
	}
	if deliveries > MaxDeliveries {
		err = errors.New("delivered again and again without an answer: its handler crashes")
	} else {
		err = b.try(ctx, id, msg.Data(), h)
	}
	switch {
	case err == nil:
		if err := ack(ctx, msg); err != nil {
			return err
		}
		b.stats.handled.Add(1)
		return nil
	case ctx.Err() != nil:
		return msg.Nak() // the next process takes it at once
	case !poison(err) && deliveries < MaxDeliveries:
		b.log.Warn("message failed; trying again", "id", id, "subject", msg.Subject(), "deliveries", deliveries, "error", err)
		return msg.NakWithDelay(backoff(deliveries - 1))
	}
	b.log.Error("message is a dead letter", "id", id, "subject", msg.Subject(), "deliveries", deliveries, "error", err)
	cause := DeadLetterCause{Subject: msg.Subject(), MessageID: id, Deliveries: deliveries, Error: err.Error(), Original: msg.Data()}
	if err := b.publishDead(ctx, cause); err != nil {
		return err
	}
	return ack(ctx, msg)
}

// try hands over, and waits out an outage.
func (b *Bus) try(ctx context.Context, id string, payload []byte, h payloadHandler) error {
	for n := 0; ; n++ {
		err := h(ctx, id, payload)
		if errors.Is(err, room.ErrSeen) {
			return nil
		}
		if !errors.Is(err, room.ErrUnavailable) {
			return err
		}
		if n == 0 {
			b.log.Warn("message waits for an outage to end", "id", id, "error", err)
		}
		if !pause(ctx, backoff(n)) {
			return err
		}
	}
}

func poison(err error) bool {
	return errors.Is(err, room.ErrInvalid) || errors.Is(err, room.ErrConflict) || errors.Is(err, room.ErrNotFound)
}

// ack waits for the server's word. Where it does not come, the message comes
// again and the handler knows its ID.
func ack(ctx context.Context, msg jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if err := msg.DoubleAck(ctx); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// keepAlive tells the server that a message is worked on, until stop.
func keepAlive(msg jetstream.Msg) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(ackWait / 3)
		defer t.Stop()
		for {
			select {
			case <-quit:
				return
			case <-t.C:
				_ = msg.InProgress() // lost with the connection: then it is handed over again
			}
		}
	}()
	return func() { close(quit); <-done }
}

// Watch hands every event published from now on to fn, in order, until ctx
// ends, and then returns nil. Events during an outage of the bus come after it;
// those before the call do not. fn must not block for long.
func (b *Bus) Watch(ctx context.Context, fn func(room.Event)) error {
	var next uint64 // the stream's sequence to go on from; 0 = from now
	for n := 0; ctx.Err() == nil; n++ {
		before := next
		err := b.watch(ctx, &next, fn)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, nats.ErrConnectionClosed) {
			return fmt.Errorf("watch events: %w", err)
		}
		if next != before {
			n = 0
		}
		if n == 0 {
			b.log.Warn("watching events stopped; trying again", "error", err)
		}
		b.streamUnknown()
		pause(ctx, backoff(n))
	}
	return nil
}

func (b *Bus) watch(ctx context.Context, next *uint64, fn func(room.Event)) error {
	if err := b.stream(ctx); err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := b.js.Stream(call, StreamName)
	if err != nil {
		return fmt.Errorf("stream %s: %w", StreamName, err)
	}
	if last := stream.CachedInfo().State.LastSeq; *next == 0 || *next > last+1 { // above: the stream was made anew
		*next = last + 1
	}
	consumer, err := stream.OrderedConsumer(call, jetstream.OrderedConsumerConfig{
		FilterSubjects: subjectsTo("web", b.cfg.Property, b.cfg.Room),
		DeliverPolicy:  jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:    *next,
	})
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		var e room.Event
		if err := json.Unmarshal(msg.Data(), &e); err != nil {
			b.log.Warn("event cannot be read", "subject", msg.Subject(), "error", err)
			continue
		}
		fn(e)
		if meta, err := msg.Metadata(); err == nil {
			*next = meta.Sequence.Stream + 1
		}
	}
}

package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/packroom/packroom/room"
)

const (
	// readTimeout is how long a reading may take where the asker gives no deadline.
	readTimeout = 20 * time.Second

	// expiresHeader is until when the asker waits: a reader skips what nobody
	// waits for any more.
	expiresHeader = "Packroom-Expires"
)

// ReadLabel asks one of the room's label readers. Nobody there, no answer in
// time and no bus are room.ErrUnavailable; other errors are the reader's own, of
// the kinds of room/errors.go.
func (b *Bus) ReadLabel(ctx context.Context, r room.ReadRequest) (room.Reading, error) {
	payload, err := json.Marshal(r)
	if err != nil {
		return room.Reading{}, fmt.Errorf("read label: %w", err)
	}
	if !b.nc.IsConnected() {
		return room.Reading{}, fmt.Errorf("read label: %w: the bus is away", room.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout) // the sooner of the two
	defer cancel()
	until, _ := ctx.Deadline()
	msg := nats.NewMsg(readSubject(b.cfg.Property, b.cfg.Room))
	msg.Data = payload
	msg.Header.Set(expiresHeader, until.UTC().Format(time.RFC3339Nano))
	answer, err := b.nc.RequestMsgWithContext(ctx, msg)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return room.Reading{}, fmt.Errorf("read label: %w: no reader is running", room.ErrUnavailable)
	case errors.Is(err, nats.ErrMaxPayload):
		return room.Reading{}, fmt.Errorf("read label: %w: %v", room.ErrInvalid, err)
	case err != nil:
		return room.Reading{}, fmt.Errorf("read label: %w: %w", room.ErrUnavailable, err)
	}
	if code := answer.Header.Get(micro.ErrorCodeHeader); code != "" {
		var f room.Failure
		if json.Unmarshal(answer.Data, &f) != nil || f.Kind == "" {
			f = room.Failure{Kind: "internal", Text: answer.Header.Get(micro.ErrorHeader)}
		}
		return room.Reading{}, fmt.Errorf("read label: %w", f.Err())
	}
	var reading room.Reading
	if err := json.Unmarshal(answer.Data, &reading); err != nil {
		return room.Reading{}, fmt.Errorf("read label: %w", err)
	}
	return reading, nil
}

// ServeReader answers ReadLabel with fn, one request at a time, until ctx ends,
// and then returns nil. Several readers, in one process or many, share the
// requests. fn's ctx ends when the asker stops waiting.
func (b *Bus) ServeReader(ctx context.Context, fn func(context.Context, room.ReadRequest) (room.Reading, error)) error {
	var busy sync.WaitGroup
	service, err := micro.AddService(b.nc, micro.Config{
		Name:        "label-reader",
		Version:     "1.0.0",
		Description: "reads label photographs of a package room",
		QueueGroup:  readerGroup,
		Metadata:    map[string]string{"property": b.cfg.Property, "room": b.cfg.Room, "service": b.cfg.Name},
	})
	if err != nil {
		return fmt.Errorf("serve label readings: %w", err)
	}
	err = service.AddEndpoint("read", micro.HandlerFunc(func(q micro.Request) {
		busy.Add(1)
		defer busy.Done()
		b.answer(ctx, q, fn)
	}), micro.WithEndpointSubject(readSubject(b.cfg.Property, b.cfg.Room)))
	if err != nil {
		return errors.Join(fmt.Errorf("serve label readings: %w", err), service.Stop())
	}
	select {
	case <-ctx.Done():
	case <-b.closed:
		return fmt.Errorf("serve label readings: %w", nats.ErrConnectionClosed)
	}
	err = service.Stop() // takes no more
	busy.Wait()          // and what was taken is answered: fn's ctx has ended
	if err != nil && b.nc.IsConnected() {
		return fmt.Errorf("stop label readings: %w", err)
	}
	return nil
}

func (b *Bus) answer(ctx context.Context, q micro.Request, fn func(context.Context, room.ReadRequest) (room.Reading, error)) {
	until, err := time.Parse(time.RFC3339Nano, q.Headers().Get(expiresHeader))
	if err != nil {
		until = time.Now().Add(readTimeout)
	}
	if time.Now().After(until) {
		return // nobody waits
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var r room.ReadRequest
	var reading room.Reading
	if err = json.Unmarshal(q.Data(), &r); err != nil {
		err = fmt.Errorf("request: %w: %v", room.ErrInvalid, err)
	} else if reading, err = fn(ctx, r); ctx.Err() != nil && err != nil {
		err = fmt.Errorf("reading was not finished: %w", room.ErrUnavailable) // stopping, or too late
	}
	if err != nil {
		f := room.FailureOf(err)
		data, _ := json.Marshal(f) // strings and a number
		err = q.Error(f.Kind, "label was not read", data)
	} else {
		err = q.RespondJSON(reading)
	}
	if err != nil {
		b.log.Warn("answer to a label reading was lost", "error", err)
	}
}

package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/bus/bustest"
)

// outbox is an Outbox in memory.
type outbox struct {
	mu        sync.Mutex
	events    []room.Event
	published map[int64]bool
	committed chan struct{}
	failMarks int
}

func newOutbox() *outbox {
	return &outbox{published: map[int64]bool{}, committed: make(chan struct{}, 1)}
}

func (o *outbox) commit(events ...room.Event) {
	o.mu.Lock()
	for _, e := range events {
		e.Seq = int64(len(o.events) + 1)
		o.events = append(o.events, e)
	}
	o.mu.Unlock()
	select {
	case o.committed <- struct{}{}:
	default:
	}
}

func (o *outbox) Unpublished(_ context.Context, limit int) ([]room.Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var es []room.Event
	for _, e := range o.events {
		if !o.published[e.Seq] && len(es) < limit {
			es = append(es, e)
		}
	}
	return es, nil
}

func (o *outbox) MarkPublished(_ context.Context, seqs []int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failMarks > 0 {
		o.failMarks--
		return errors.New("the database went away")
	}
	for _, s := range seqs {
		o.published[s] = true
	}
	return nil
}

func (o *outbox) EventsCommitted(context.Context) <-chan struct{} { return o.committed }

func (o *outbox) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events) - len(o.published)
}

// inStream is the IDs of all messages, in order.
func inStream(t *testing.T, js jetstream.JetStream) []string {
	t.Helper()
	s, err := js.Stream(t.Context(), bus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		msg, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		var e room.Event
		if err := json.Unmarshal(msg.Data, &e); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

func TestRelayPublishesTheLogInOrderOnce(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	o := newOutbox()
	o.failMarks = 2 // published, not marked: published again, dropped by the stream
	var want []string
	for i := range 150 {
		id := fmt.Sprintf("e%03d", i)
		want = append(want, id)
		o.commit(room.Event{ID: id, Kind: room.EvParcelStored, Property: "demo", Room: "main"})
	}
	b := connect(t, url, "room")
	start(t, func(ctx context.Context) error { return b.Relay(ctx, o) })
	eventually(t, "the outbox is empty", func() bool { return o.left() == 0 })
	if got := inStream(t, jet(t, url)); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("stream = %v", got)
	}
	o.commit(room.Event{ID: "later", Kind: room.EvDoorOpened, Property: "demo", Room: "main"})
	eventually(t, "a later event is published", func() bool { return o.left() == 0 })
}

func TestRelayGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	s.Stop()
	o := newOutbox()
	o.commit(room.Event{ID: "e1", Kind: room.EvVisitStarted}, room.Event{ID: "e2", Kind: room.EvVisitEnded})
	b := connect(t, s.URL(), "room")
	start(t, func(ctx context.Context) error { return b.Relay(ctx, o) })
	s.Start()
	eventually(t, "the outbox is empty", func() bool { return o.left() == 0 })
	if got := inStream(t, jet(t, s.URL())); strings.Join(got, " ") != "e1 e2" {
		t.Errorf("stream = %v, want e1 e2", got)
	}
}

func TestRelayIsNotBlockedByAnEventTooLarge(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	o := newOutbox()
	huge, err := json.Marshal(strings.Repeat("x", 9<<20))
	if err != nil {
		t.Fatal(err)
	}
	o.commit(room.Event{ID: "huge", Kind: room.EvRosterImported, Data: huge},
		room.Event{ID: "next", Kind: room.EvDoorOpened})
	b := connect(t, url, "room")
	start(t, func(ctx context.Context) error { return b.Relay(ctx, o) })
	eventually(t, "the outbox is empty", func() bool { return o.left() == 0 })
	if got := inStream(t, jet(t, url)); strings.Join(got, " ") != "dead.huge next" {
		t.Errorf("stream = %v, want a dead letter and the next event", got)
	}
}

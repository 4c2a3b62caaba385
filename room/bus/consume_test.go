package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/bus/bustest"
)

// taken records what a handler got, and fails as told.
type taken struct {
	mu    sync.Mutex
	order []string       // items and cameras, once a try
	fail  map[string]int // how often to fail, by item
	err   error
}

func (k *taken) handle(_ context.Context, id string, fact any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := fmt.Sprintf("%T", fact)
	switch f := fact.(type) {
	case room.Change:
		name = f.Item
	case room.Presence:
		name = "presence " + f.Camera
	case room.CameraHealth:
		name = "health " + f.Camera
	}
	if id == "" {
		name += " without an ID"
	}
	k.order = append(k.order, name)
	if k.fail[name] > 0 {
		k.fail[name]--
		return k.err
	}
	return nil
}

func (k *taken) tries() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.order)
}

func (k *taken) waitFor(t *testing.T, want []string) {
	t.Helper()
	eventually(t, fmt.Sprint("tries are ", want), func() bool { return len(k.tries()) >= len(want) })
	if diff := cmp.Diff(want, k.tries()); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
}

func publishItems(t *testing.T, b *bus.Bus, items ...string) {
	t.Helper()
	for _, item := range items {
		if err := b.PublishChange(t.Context(), room.Change{Kind: room.ChangePlaced, Camera: "cam1", Item: item}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFactsOfEveryKindComeInOrder(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	vision := connect(t, url, "vision")
	publishItems(t, vision, "i1")
	if err := vision.PublishPresence(t.Context(), room.Presence{Camera: "cam1", People: true}); err != nil {
		t.Fatal(err)
	}
	if err := vision.PublishHealth(t.Context(), room.CameraHealth{Camera: "cam2"}); err != nil {
		t.Fatal(err)
	}
	// What is not a fact of this room is not handed over.
	if err := vision.PublishEvent(t.Context(), room.Event{ID: "e1", Kind: room.EvCameraLost}); err != nil {
		t.Fatal(err)
	}
	other, err := bus.Connect(t.Context(), bus.Config{URL: url, Name: "vision", Property: "demo", Room: "annex"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	publishItems(t, other, "elsewhere")
	publishItems(t, vision, "i2")

	var k taken
	b := connect(t, url, "room")
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1", "presence cam1", "health cam2", "i2"})
}

func TestFailedFactHoldsBackThoseBehindIt(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	vision := connect(t, url, "vision")
	publishItems(t, vision, "i1", "i2", "i3")
	k := taken{fail: map[string]int{"i2": 2}, err: errors.New("a bug")}
	b := connect(t, url, "room")
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1", "i2", "i2", "i2", "i3"})
	if n := b.Stats().Redelivered; n != 2 {
		t.Errorf("Redelivered = %d, want 2", n)
	}
}

func TestOutageIsWaitedOut(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	publishItems(t, connect(t, url, "vision"), "i1", "i2")
	k := taken{fail: map[string]int{"i1": bus.MaxDeliveries + 2}, err: fmt.Errorf("commit: %w", room.ErrUnavailable)}
	b := connect(t, url, "room")
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, append(slices.Repeat([]string{"i1"}, bus.MaxDeliveries+3), "i2"))
	if n := b.Stats().DeadLetters; n != 0 {
		t.Errorf("DeadLetters = %d after an outage, want 0", n)
	}
}

func TestPoisonBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		err        error
		deliveries int
	}{
		{"a bug, after some tries", errors.New("index out of range"), bus.MaxDeliveries},
		{"an old fence, at once", fmt.Errorf("change: %w: old fence", room.ErrConflict), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			url := bustest.Start(t)
			js := jet(t, url)
			publishItems(t, connect(t, url, "vision"), "bad", "good")
			k := taken{fail: map[string]int{"bad": 100}, err: tc.err}
			b := connect(t, url, "room")
			start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
			k.waitFor(t, append(slices.Repeat([]string{"bad"}, tc.deliveries), "good"))
			letter := deadLetter(t, js)
			if letter.Data.Error != tc.err.Error() || letter.Data.Deliveries != tc.deliveries || letter.Data.Subject != "packroom.demo.main.change.seen" {
				t.Errorf("dead letter = %+v", letter.Data)
			}
			var original bus.Fact
			if err := json.Unmarshal(letter.Data.Original, &original); err != nil {
				t.Fatal(err)
			}
			if v, err := original.Decode(); err != nil || v.(room.Change).Item != "bad" {
				t.Errorf("original = %v, %v", v, err)
			}
		})
	}
}

func TestGarbageBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	js := jet(t, url)
	b := connect(t, url, "room")
	publishItems(t, b, "i1") // makes the stream
	for i, payload := range []string{"{", `{"kind":"change.seen.v9","data":{}}`, `{"kind":"change.seen.v1","data":{"at":"noon"}}`} {
		if _, err := js.Publish(t.Context(), "packroom.demo.main.change.seen", []byte(payload), jetstream.WithMsgID("g"+strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	publishItems(t, b, "i2")
	var k taken
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1", "i2"})
	if n := b.Stats().DeadLetters; n != 3 {
		t.Errorf("DeadLetters = %d, want 3", n)
	}
}

func deadLetter(t *testing.T, js jetstream.JetStream) bus.DeadLetter {
	t.Helper()
	s, err := js.Stream(t.Context(), bus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := s.GetLastMsgForSubject(t.Context(), "packroom.demo.main.dead.letter")
	if err != nil {
		t.Fatal(err)
	}
	var l bus.DeadLetter
	if err := json.Unmarshal(msg.Data, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// A process that died in the middle of a fact: the next one gets it soon, and
// one that kills every process is given up.
func TestFactOfADeadProcessIsHandedOverAgain(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	publishItems(t, connect(t, url, "vision"), "i1")
	first := connect(t, url, "room")
	entered := make(chan struct{})
	hang := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = first.ConsumeFacts(context.Background(), "room", func(context.Context, string, any) error {
			close(entered)
			<-hang
			return nil
		})
	}()
	receive(t, "the first process has the fact", entered)
	go first.Close() // as the kernel does for a killed process: no word to the server

	var k taken
	b := connect(t, url, "room")
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1"})
	close(hang)
	receive(t, "the first process has ended", stopped)
}

func TestConsumerGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	vision, b := connect(t, s.URL(), "vision"), connect(t, s.URL(), "room")
	publishItems(t, vision, "i1")
	var k taken
	stop := start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1"})
	stop()
	publishItems(t, vision, "i2")
	s.Stop()
	s.Start()
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1", "i2"})
	eventually(t, "the server has taken the answer to i2", func() bool { return b.Stats().Handled == 2 })
	s.Stop()
	s.Start()
	publishItems(t, vision, "i3")
	k.waitFor(t, []string{"i1", "i2", "i3"})
}

func TestConsumerSurvivesTheLossOfTheData(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	vision, b := connect(t, s.URL(), "vision"), connect(t, s.URL(), "room")
	publishItems(t, vision, "i1")
	var k taken
	start(t, func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", k.handle) })
	k.waitFor(t, []string{"i1"})
	s.Stop()
	s.Wipe()
	s.Start()
	publishItems(t, vision, "i2")
	k.waitFor(t, []string{"i1", "i2"})
}

func TestEventsThatHappenedWhileNobodyConsumedComeLater(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	b := connect(t, url, "room")
	publish := func(ids ...string) {
		for _, id := range ids {
			if err := b.PublishEvent(t.Context(), room.Event{ID: id, Kind: room.EvDoorOpened}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var mu sync.Mutex
	var got []string
	refused := false
	consume := func(want int) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- b.ConsumeEvents(ctx, "clips", func(_ context.Context, e room.Event) error {
				mu.Lock()
				defer mu.Unlock()
				if e.ID == "e2" && !refused {
					refused = true
					return fmt.Errorf("the disk is full: %w", room.ErrUnavailable)
				}
				got = append(got, e.ID)
				return nil
			})
		}()
		eventually(t, fmt.Sprintf("%d events came", want), func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(got) >= want
		})
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	publishItems(t, b, "i1") // facts are not for it
	publish("e1", "e2")
	consume(2)
	publish("e3")
	consume(3)
	if diff := cmp.Diff([]string{"e1", "e2", "e3"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestWatchShowsNewEventsOverARestart(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	sender, watcher := connect(t, s.URL(), "room"), connect(t, s.URL(), "web")
	send := func(id string, kind room.EventKind) {
		t.Helper()
		if err := sender.PublishEvent(t.Context(), room.Event{ID: id, Kind: kind, Property: "demo", Room: "main"}); err != nil {
			t.Fatal(err)
		}
	}
	send("old", room.EvParcelStored)
	events := make(chan room.Event, 64)
	start(t, func(ctx context.Context) error { return watcher.Watch(ctx, func(e room.Event) { events <- e }) })
	// The watch begins at a moment of its own: send until one arrives.
	n := 0
	eventually(t, "the watch has begun", func() bool {
		send("try"+strconv.Itoa(n), room.EvDoorOpened)
		n++
		return len(events) > 0
	})
	send("mark", room.EvParcelMoved)
	for e := receive(t, "the mark", events); e.ID != "mark"; e = receive(t, "the mark", events) {
		if e.ID == "old" {
			t.Error("an event from before the watch came")
		}
	}
	publishItems(t, sender, "a fact") // not shown
	s.Stop()
	s.Start()
	send("after", room.EvIncidentOpened)
	if e := receive(t, "the event after the restart", events); e.ID != "after" || e.Kind != room.EvIncidentOpened {
		t.Errorf("event = %s %s, want after", e.ID, e.Kind)
	}
}

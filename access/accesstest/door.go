package accesstest

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func grant(b Bench, fence uint64, ttl time.Duration) room.Grant {
	now := time.Now().UTC()
	return room.Grant{ID: room.NewID(), Visit: "v1", Door: b.Door, Fence: fence, Issued: now, Expires: now.Add(ttl)}
}

func unlock(t *testing.T, b Bench, fence uint64) {
	t.Helper()
	if err := b.Devices.Door.Unlock(t.Context(), grant(b, fence, room.GrantTTL)); err != nil {
		t.Fatalf("unlock with grant %d: %v", fence, err)
	}
}

func opensOnce(t *testing.T, b Bench) {
	if b.Pull(t) {
		t.Fatal("the door opens without any grant")
	}
	events := b.Devices.Door.Events(t.Context())
	unlock(t, b, 1)
	if !b.Pull(t) {
		t.Fatal("the door does not open after an unlock")
	}
	expect(t, events, room.DoorOpened)
	expect(t, events, room.DoorClosed)
	if b.Pull(t) {
		t.Error("the door opens a second time on one grant")
	}
}

func refusesExpired(t *testing.T, b Bench) {
	err := b.Devices.Door.Unlock(t.Context(), grant(b, 1, -time.Second))
	if !errors.Is(err, room.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if b.Pull(t) {
		t.Error("the door opens on an expired grant")
	}
}

func refusesOlder(t *testing.T, b Bench) {
	unlock(t, b, 7)
	for _, fence := range []uint64{7, 6, 0} {
		if err := b.Devices.Door.Unlock(t.Context(), grant(b, fence, room.GrantTTL)); !errors.Is(err, room.ErrConflict) {
			t.Errorf("grant %d after 7: got %v, want ErrConflict", fence, err)
		}
	}
	unlock(t, b, 8)
}

func refusalKeepsLocked(t *testing.T, b Bench) {
	unlock(t, b, 3)
	if err := b.Devices.Door.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = b.Devices.Door.Unlock(t.Context(), grant(b, 2, room.GrantTTL)) // refused: see refusesOlder
	if b.Pull(t) {
		t.Error("the door opens on an older grant")
	}
}

func unusedEnds(t *testing.T, b Bench) {
	const ttl = 500 * time.Millisecond
	if err := b.Devices.Door.Unlock(t.Context(), grant(b, 1, ttl)); err != nil {
		t.Fatal(err)
	}
	<-time.After(ttl + 500*time.Millisecond)
	if b.Pull(t) {
		t.Error("the door opens after its grant expired")
	}
}

func lockEnds(t *testing.T, b Bench) {
	unlock(t, b, 1)
	for range 2 { // idempotent
		if err := b.Devices.Door.Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if b.Pull(t) {
		t.Error("the door opens after Lock")
	}
}

func exits(t *testing.T, b Bench) {
	unlock(t, b, 1)
	if !b.Pull(t) {
		t.Fatal("the door does not open after an unlock")
	}
	events := b.Devices.Door.Events(t.Context())
	if err := b.Devices.Door.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(t, events, room.DoorClosed)
	b.Push(t)
	expect(t, events, room.DoorExit)
	expect(t, events, room.DoorOpened)
	expect(t, events, room.DoorClosed)
}

func beginsWithState(t *testing.T, b Bench) {
	if e := <-b.Devices.Door.Events(t.Context()); e.Kind != room.DoorClosed || e.ID == "" || e.At.IsZero() {
		t.Errorf("a closed door begins with %+v", e)
	}
	if b.Prop == nil {
		return
	}
	unlock(t, b, 1)
	if !b.Pull(t) {
		t.Fatal("the door does not open after an unlock")
	}
	b.Prop(t, true)
	if e := <-b.Devices.Door.Events(t.Context()); e.Kind != room.DoorOpened {
		t.Errorf("an open door begins with %+v", e)
	}
	b.Prop(t, false)
}

func tellsInOrder(t *testing.T, b Bench) {
	events := b.Devices.Door.Events(t.Context())
	<-events // the present state
	seen := map[string]bool{}
	for n := range 2 {
		unlock(t, b, uint64(n+1))
		if !b.Pull(t) {
			t.Fatal("the door does not open after an unlock")
		}
		opened := expect(t, events, room.DoorOpened, room.DoorClosed)
		closed := expect(t, events, room.DoorOpened, room.DoorClosed)
		if opened.Kind != room.DoorOpened || closed.Kind != room.DoorClosed || closed.At.Before(opened.At) {
			t.Errorf("got %v then %v", opened, closed)
		}
		if seen[opened.ID] || seen[closed.ID] || opened.ID == closed.ID {
			t.Error("an event's ID came twice")
		}
		seen[opened.ID], seen[closed.ID] = true, true
	}
}

func closes(t *testing.T, b Bench) {
	ctx, cancel := context.WithCancel(t.Context())
	events := b.Devices.Door.Events(ctx)
	<-events
	cancel()
	end := time.After(patience)
	for {
		select {
		case _, ok := <-events:
			if !ok {
				return
			}
		case <-end:
			t.Fatal("the channel stays open")
		}
	}
}

func faults(t *testing.T, b Bench) {
	events := b.Devices.Door.Events(t.Context())
	<-events
	b.Break(t, true)
	expect(t, events, room.DoorFaulty)
	b.Break(t, false)
	expect(t, events, room.DoorAnswered)
	expect(t, events, room.DoorClosed)
}

func reconnects(t *testing.T, b Bench) {
	events := b.Devices.Door.Events(t.Context())
	<-events
	unlock(t, b, 1)
	b.Plug(t, false)
	expect(t, events, room.DoorFaulty)
	if b.Watchdog == 0 && !b.Pull(t) {
		t.Fatal("the door does not open after an unlock")
	}
	b.Plug(t, true)
	expect(t, events, room.DoorAnswered)
	if !b.Forgets {
		expect(t, events, room.DoorOpened)
	}
	expect(t, events, room.DoorClosed)
}

func cutLocks(t *testing.T, b Bench) {
	const ttl = 2 * time.Second
	within := cmp.Or(b.Watchdog, ttl) + 500*time.Millisecond
	if err := b.Devices.Door.Unlock(t.Context(), grant(b, 1, ttl)); err != nil {
		t.Fatal(err)
	}
	b.Plug(t, false)
	<-time.After(within)
	if b.Pull(t) {
		t.Fatalf("%s after the line was cut the door still opens", within)
	}
	b.Plug(t, true)
	Eventually(t, "the lock answers again", func() bool { return b.Devices.Door.Lock(t.Context()) == nil })
	if b.Pull(t) {
		t.Error("an unlock from before the cut came back")
	}
}

func stopLocks(t *testing.T, b Bench) {
	unlock(t, b, 1)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Pull(t) {
		t.Error("the door opens although the driver was stopped")
	}
}

func opensLocker(t *testing.T, b Bench) {
	open := func(slot string, g room.Grant) error { return b.Devices.Lockers.Open(t.Context(), slot, g) }
	if err := open(b.Locker, grant(b, 1, -time.Second)); !errors.Is(err, room.ErrConflict) || b.Unbolted() {
		t.Errorf("an expired grant: got %v, want ErrConflict", err)
	}
	if err := open("no such slot", grant(b, 1, room.GrantTTL)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("another's slot: got %v, want ErrNotFound", err)
	}
	if err := open(b.Locker, grant(b, 1, room.GrantTTL)); err != nil {
		t.Fatal(err)
	}
	if !b.Unbolted() {
		t.Error("the locker does not open")
	}
	Eventually(t, "it locks by itself", func() bool { return !b.Unbolted() })
}

package accesstest

import (
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
	if err := b.Devices.Door.Unlock(t.Context(), grant(b, fence, long)); err != nil {
		t.Fatalf("unlock with grant %d: %v", fence, err)
	}
}

// unlockShortly unlocks by a grant that ends soon, and gives it. Where a machine
// stalls for longer than that, it begins again with the next.
func unlockShortly(t *testing.T, b Bench) room.Grant {
	t.Helper()
	for fence := uint64(1); ; fence++ {
		g := grant(b, fence, short)
		err := b.Devices.Door.Unlock(t.Context(), g)
		released := err == nil && b.Released()
		switch {
		case !time.Now().Before(g.Expires):
			continue
		case err != nil:
			t.Fatalf("unlock: %v", err)
		case !released:
			t.Fatal("the door is not released after an unlock")
		}
		return g
	}
}

// Leave plays somebody who goes out by the inner handle: handle is used, then the
// door swings open and shut, each when the driver has told what came before.
func Leave(t *testing.T, door room.Door, handle, swing func(on bool)) {
	t.Helper()
	events := door.Events(t.Context())
	<-events // the present state
	handle(true)
	expect(t, events, room.DoorExit)
	swing(true)
	expect(t, events, room.DoorOpened)
	swing(false)
	expect(t, events, room.DoorClosed)
	handle(false)
}

// Prop opens the door and holds it, or lets it fall shut, and waits until the
// driver has told.
func Prop(t *testing.T, door room.Door, on bool, swing func(open bool)) {
	t.Helper()
	events := door.Events(t.Context())
	before, after := room.DoorOpened, room.DoorClosed
	if on {
		before, after = after, before
	}
	expect(t, events, before) // who went through may just be told of
	swing(on)
	expect(t, events, after)
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
		if err := b.Devices.Door.Unlock(t.Context(), grant(b, fence, long)); !errors.Is(err, room.ErrConflict) {
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
	_ = b.Devices.Door.Unlock(t.Context(), grant(b, 2, long)) // refused: see refusesOlder
	if b.Pull(t) {
		t.Error("the door opens on an older grant")
	}
}

func unusedEnds(t *testing.T, b Bench) {
	unlockShortly(t, b)
	Eventually(t, "the door locks by itself", func() bool { return !b.Released() })
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
	events := b.Devices.Door.Events(t.Context())
	if e := <-events; e.Kind != room.DoorClosed || e.ID == "" || e.At.IsZero() {
		t.Errorf("a closed door begins with %+v", e)
	}
	if b.Prop == nil {
		return
	}
	unlock(t, b, 1)
	if !b.Pull(t) {
		t.Fatal("the door does not open after an unlock")
	}
	expect(t, events, room.DoorOpened)
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
	if b.Watchdog == 0 {
		unlockShortly(t, b)
	} else {
		unlock(t, b, 1)
	}
	b.Plug(t, false)
	Eventually(t, "the hardware locks by itself", func() bool { return !b.Released() })
	if b.Pull(t) {
		t.Fatal("the door still opens after the line was cut")
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
	before := b.Opened()
	if err := open(b.Locker, grant(b, 1, -time.Second)); !errors.Is(err, room.ErrConflict) {
		t.Errorf("an expired grant: got %v, want ErrConflict", err)
	}
	if err := open("no such slot", grant(b, 1, long)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("another's slot: got %v, want ErrNotFound", err)
	}
	if n := b.Opened() - before; n != 0 {
		t.Errorf("the locker opened %d times without a grant", n)
	}
	if err := open(b.Locker, grant(b, 1, long)); err != nil {
		t.Fatal(err)
	}
	if n := b.Opened() - before; n != 1 {
		t.Errorf("the locker opened %d times by one grant", n)
	}
	Eventually(t, "it locks by itself", func() bool { return !b.Unbolted() })
	if n := b.Opened() - before; n != 1 {
		t.Errorf("the locker opened %d times by one grant in the end", n)
	}
}

func stopLocksLocker(t *testing.T, b Bench) {
	if err := b.Devices.Lockers.Open(t.Context(), b.Locker, grant(b, 1, long)); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Unbolted() {
		t.Error("the locker is open although the driver was stopped")
	}
}

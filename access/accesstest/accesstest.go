// Package accesstest is the conformance suite for drivers of doors, lights,
// lasers, voices and readers. A driver's own test brings its hardware, or a
// simulator of it, and calls [Run].
package accesstest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// Bench is a driver under test with its hardware in reach of the test. A nil
// func means that the hardware can't do it or does not have it; the checks that
// need it are left out.
type Bench struct {
	Devices room.Devices
	Door    string // the door's name in grants

	Pull  func(t *testing.T) bool // from outside: does the door open? it falls shut again by itself
	Push  func(t *testing.T)      // from inside, through the door and out
	Prop  func(t *testing.T, on bool)
	Break func(t *testing.T, broken bool) // the contact's line

	Lit    func() map[string]room.Signal // without those that are off
	Slots  []string                      // two that have lights
	Dot    func() bool                   // does the laser shine?
	Aim    room.Aim                      // one within reach
	Spoken func() []string
	Show   func(t *testing.T, secret string) // a card to the reader
	Plug   func(t *testing.T, in bool)       // the line between driver and hardware
}

// Run checks that a driver keeps the promises of the room's device interfaces.
// open is called for each check and cleans up with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Bench) {
	checks := []struct {
		name  string
		check func(t *testing.T, b Bench)
	}{
		{"a grant opens the door once", opensOnce},
		{"an expired grant is refused", refusesExpired},
		{"an older grant is refused", refusesOlder},
		{"a refused grant leaves the door locked", refusalKeepsLocked},
		{"Lock ends an unlock", lockEnds},
		{"the door opens from inside whatever happens", exits},
		{"events begin with the present state", beginsWithState},
		{"events tell opened and closed in order", tellsInOrder},
		{"the events' channel is closed when its context ends", closes},
		{"a broken contact is a fault, and ok when repaired", faults},
		{"a lost line is a fault, then ok and what was missed", reconnects},
		{"lights show exactly what was set", setsLights},
		{"setting the same lights again changes nothing", setsLightsAgain},
		{"the laser goes dark by itself", deadMan},
		{"the laser stays on while it is pointed", refreshed},
		{"Off darkens the laser at once", laserOff},
		{"what is said is heard, urgent or not", says},
		{"a shown card is read", reads},
		{"a line that is cut is unavailable, and soon", cutIsUnavailable},
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.check(t, open(t)) })
	}
}

// patience is how long hardware may take for what is not bounded otherwise.
const patience = 15 * time.Second

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// expect waits for an event of one of the kinds, passing over others.
func expect(t *testing.T, events <-chan room.DoorEvent, kinds ...room.DoorEventKind) room.DoorEvent {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("the events ended; want %v", kinds)
			}
			if slices.Contains(kinds, e.Kind) {
				return e
			}
		case <-end:
			t.Fatalf("no event %v within %s", kinds, patience)
		}
	}
}

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
	if b.Push == nil {
		return
	}
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
	if b.Break == nil {
		return
	}
	events := b.Devices.Door.Events(t.Context())
	<-events
	b.Break(t, true)
	expect(t, events, room.DoorFaulty)
	b.Break(t, false)
	expect(t, events, room.DoorAnswered)
	expect(t, events, room.DoorClosed)
}

func reconnects(t *testing.T, b Bench) {
	if b.Plug == nil {
		return
	}
	events := b.Devices.Door.Events(t.Context())
	<-events
	unlock(t, b, 1)
	b.Plug(t, false)
	expect(t, events, room.DoorFaulty)
	if !b.Pull(t) {
		t.Fatal("the door does not open after an unlock")
	}
	b.Plug(t, true)
	expect(t, events, room.DoorAnswered)
	expect(t, events, room.DoorOpened)
	expect(t, events, room.DoorClosed)
}

func setsLights(t *testing.T, b Bench) {
	if b.Devices.Lights == nil {
		return
	}
	a, c := b.Slots[0], b.Slots[1]
	for _, want := range []map[string]room.Signal{
		{a: room.SignalHere, c: room.SignalSuggest}, {c: room.SignalWarn}, {a: room.SignalHere}, {},
	} {
		if err := b.Devices.Lights.Set(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the lights show what was set", func() bool { return maps.Equal(b.Lit(), want) })
	}
	if err := b.Devices.Lights.Set(t.Context(), map[string]room.Signal{a: room.SignalHere, c: room.SignalOff}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "off is as good as absent", func() bool { return maps.Equal(b.Lit(), map[string]room.Signal{a: room.SignalHere}) })
}

func setsLightsAgain(t *testing.T, b Bench) {
	if b.Devices.Lights == nil {
		return
	}
	want := map[string]room.Signal{b.Slots[0]: room.SignalSuggest}
	for range 3 {
		if err := b.Devices.Lights.Set(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the lights show what was set", func() bool { return maps.Equal(b.Lit(), want) })
	}
}

func deadMan(t *testing.T, b Bench) {
	if b.Devices.Laser == nil {
		return
	}
	const ttl = 600 * time.Millisecond
	began := time.Now()
	if err := b.Devices.Laser.Point(t.Context(), b.Aim, ttl); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the laser shines", func() bool { return b.Dot() || time.Since(began) > ttl })
	eventually(t, "the laser goes dark", func() bool { return !b.Dot() })
	if d := time.Since(began); d > ttl+time.Second {
		t.Errorf("dark after %s, want about %s", d, ttl)
	}
}

func refreshed(t *testing.T, b Bench) {
	if b.Devices.Laser == nil {
		return
	}
	const ttl = time.Second
	tick := time.NewTicker(ttl / 4)
	defer tick.Stop()
	for range 8 { // twice the ttl
		if err := b.Devices.Laser.Point(t.Context(), b.Aim, ttl); err != nil {
			t.Fatal(err)
		}
		<-tick.C
		if !b.Dot() {
			t.Fatal("the laser went dark while it was pointed")
		}
	}
}

func laserOff(t *testing.T, b Bench) {
	if b.Devices.Laser == nil {
		return
	}
	if err := b.Devices.Laser.Point(t.Context(), b.Aim, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 2 { // idempotent
		if err := b.Devices.Laser.Off(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the laser is dark", func() bool { return !b.Dot() })
	if d := time.Since(began); d > time.Second {
		t.Errorf("dark only after %s", d)
	}
}

func says(t *testing.T, b Bench) {
	if b.Devices.Voice == nil {
		return
	}
	for text, urgent := range map[string]bool{"Your package is on shelf B3.": false, "That is not your package.": true} {
		if err := b.Devices.Voice.Say(t.Context(), text, "en", urgent); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is heard", func() bool { return slices.Contains(b.Spoken(), text) })
	}
}

func reads(t *testing.T, b Bench) {
	if b.Devices.Reader == nil {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := b.Devices.Reader.Reads(ctx)
	b.Show(t, "0012345678")
	select {
	case a := <-got:
		if a.Secret != "0012345678" || a.Form != room.FormCard || a.Kiosk == "" {
			t.Errorf("got %+v", a)
		}
	case <-time.After(patience):
		t.Fatal("the card was not read")
	}
	cancel()
	select {
	case _, ok := <-got:
		if ok {
			t.Error("one card was read twice")
		}
	case <-time.After(patience):
		t.Error("the channel stays open")
	}
}

func cutIsUnavailable(t *testing.T, b Bench) {
	if b.Plug == nil {
		return
	}
	b.Plug(t, false)
	began := time.Now()
	d := b.Devices
	calls := map[string]func() error{
		"unlock": func() error { return d.Door.Unlock(t.Context(), grant(b, 1, room.GrantTTL)) },
		"lock":   func() error { return d.Door.Lock(t.Context()) },
	}
	if d.Lights != nil {
		calls["lights"] = func() error { return d.Lights.Set(t.Context(), nil) }
	}
	if d.Laser != nil {
		calls["laser"] = func() error { return d.Laser.Point(t.Context(), b.Aim, time.Second) }
	}
	if d.Voice != nil {
		calls["voice"] = func() error { return d.Voice.Say(t.Context(), "hello", "en", false) }
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, room.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, err)
		}
	}
	if d := time.Since(began); d > patience {
		t.Errorf("it took %s to notice", d)
	}
	b.Plug(t, true)
	eventually(t, "the lock answers again", func() bool { return d.Door.Lock(t.Context()) == nil })
}

// Package accesstest is the conformance suite for drivers of doors, lights,
// lasers, voices and readers. A driver's own test brings its hardware, or a
// simulator of it, and calls [Run].
package accesstest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// Bench is a driver under test with its hardware in reach of the test. A nil
// func means that the hardware can't do it or does not have it; the checks that
// need it are left out, as are those of devices that the driver has not.
type Bench struct {
	Devices room.Devices
	Door    string       // the door's name in grants
	Close   func() error // the driver's closer
	Log     *Log         // what the driver was given to log to
	Shared  bool         // two benches are one piece of hardware: it is checked by one at a time

	Pull     func(t *testing.T) bool // from outside: does the door open? it falls shut again when it has locked behind who entered
	Released func() bool             // would it open? nobody tries
	Push     func(t *testing.T)      // from inside, through the door and out
	Prop     func(t *testing.T, on bool)
	Break    func(t *testing.T, broken bool) // the contact's line
	Forgets  bool                            // what the door did while the line was cut is not told after
	Watchdog time.Duration                   // the hardware locks by itself so long after the line was cut; 0 = it keeps the grant's time

	Lit      func() map[string]room.Signal // without those that are off
	Slots    []string                      // two that have lights
	Steady   bool                          // lights are on or off, whatever the signal: Lit gives SignalHere
	Dot      func() bool                   // does the laser shine?
	Aim      room.Aim                      // one within reach
	Spoken   func() []string
	Card     string                            // one that the reader can read; empty = 0012345678
	Show     func(t *testing.T, secret string) // a card to the reader
	Locker   string                            // a slot that is one, of which the next two tell
	Unbolted func() bool
	Opened   func() int                  // how often its lock was let go so far
	Plug     func(t *testing.T, in bool) // the line between driver and hardware
}

// A machine may stall for seconds in the middle of any check. So what is asked of
// the hardware is what stays true, such as how often it acted, or what comes true
// in the end; where a time is given, it is one that only a broken promise reaches.
const (
	patience = 30 * time.Second // for what is not bounded otherwise
	long     = 5 * time.Minute  // for what is not to end by itself while a check runs
	short    = time.Second      // for what is to end by itself
)

// lanes is how many checks run beside one another: most of them wait.
const lanes = 4

// check is one promise.
type check struct {
	name  string
	needs func(b Bench) bool
	try   func(t *testing.T, b Bench)
}

// Run checks that a driver keeps the promises of the room's device interfaces.
// open is called for each check, from several at once unless the bench is Shared,
// and cleans up with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Bench) {
	door := func(b Bench) bool { return b.Devices.Door != nil }
	lights := func(b Bench) bool { return b.Devices.Lights != nil }
	laser := func(b Bench) bool { return b.Devices.Laser != nil }
	lockers := func(b Bench) bool { return b.Devices.Lockers != nil }
	and := func(all ...func(Bench) bool) func(Bench) bool {
		return func(b Bench) bool {
			return !slices.ContainsFunc(all, func(needs func(Bench) bool) bool { return !needs(b) })
		}
	}
	plug := func(b Bench) bool { return b.Plug != nil }
	stop := func(b Bench) bool { return b.Close != nil }
	checks := []check{ // those that take long begin
		{"a line that is cut is unavailable, and soon", plug, cutIsUnavailable},
		{"a lost line is told once, and once when it is back", and(plug, func(b Bench) bool { return b.Log != nil }), tellsOnce},
		{"a diagnosis says whether the hardware answers", func(b Bench) bool { return b.Devices.Diagnostics != nil }, diagnoses},
		{"a grant opens the door once", door, opensOnce},
		{"an expired grant is refused", door, refusesExpired},
		{"an older grant is refused", door, refusesOlder},
		{"a refused grant leaves the door locked", door, refusalKeepsLocked},
		{"a grant that is not used ends", door, unusedEnds},
		{"Lock ends an unlock", door, lockEnds},
		{"the door opens from inside whatever happens", and(door, func(b Bench) bool { return b.Push != nil }), exits},
		{"events begin with the present state", door, beginsWithState},
		{"events tell opened and closed in order", door, tellsInOrder},
		{"the events' channel is closed when its context ends", door, closes},
		{"a broken contact is a fault, and ok when repaired", and(door, func(b Bench) bool { return b.Break != nil }), faults},
		{"a lost line is a fault, then ok and the present state", and(door, plug), reconnects},
		{"a line that is cut leaves the door locked", and(door, plug), cutLocks},
		{"stopped, the door is locked", and(door, stop), stopLocks},
		{"lights show exactly what was set", lights, setsLights},
		{"setting the same lights again changes nothing", lights, setsLightsAgain},
		{"a slot that has no light is passed over", lights, passesOver},
		{"the laser goes dark by itself", laser, deadMan},
		{"the laser stays on while it is pointed", laser, refreshed},
		{"Off darkens the laser at once", laser, laserOff},
		{"stopped, the laser is dark", and(laser, stop), stopDarkens},
		{"what is said is heard, urgent or not", func(b Bench) bool { return b.Devices.Voice != nil }, says},
		{"a shown card is read", func(b Bench) bool { return b.Devices.Reader != nil }, reads},
		{"a locker opens by a grant, and locks by itself", lockers, opensLocker},
		{"stopped, the lockers are locked", and(lockers, stop), stopLocksLocker},
	}
	var has Bench
	t.Run("it opens", func(t *testing.T) { has = open(t) })
	checks = slices.DeleteFunc(checks, func(c check) bool { return !c.needs(has) })
	beside := lanes
	if has.Shared {
		beside = 1
	}
	queue := make(chan check)
	var wg sync.WaitGroup
	for range beside {
		wg.Go(func() {
			for c := range queue {
				t.Run(c.name, func(t *testing.T) { c.try(t, open(t)) })
			}
		})
	}
	for _, c := range checks {
		queue <- c
	}
	close(queue)
	wg.Wait()
}

// Beside runs subtests that mostly wait all at once, more than there are
// processors.
func Beside(t *testing.T, all map[string]func(t *testing.T)) {
	var wg sync.WaitGroup
	for name, try := range all {
		wg.Go(func() { t.Run(name, try) })
	}
	wg.Wait()
}

// Refuses checks that a driver fails at start, with ErrInvalid, for each of the
// options.
func Refuses(t *testing.T, open func(context.Context, map[string]string, *slog.Logger) (room.Devices, io.Closer, error), all map[string]map[string]string) {
	for name, options := range all {
		t.Run("refuses "+name, func(t *testing.T) {
			_, c, err := open(t.Context(), options, slog.New(slog.DiscardHandler))
			if err == nil {
				_ = c.Close()
			}
			if !errors.Is(err, room.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

// Eventually waits until ok, and fails the test when its patience ends.
func Eventually(t *testing.T, what string, ok func() bool) {
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

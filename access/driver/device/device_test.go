package device

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
)

func TestOptionsAreReadWithTheirDefaults(t *testing.T) {
	o := Read(map[string]string{"address": "10.0.0.9", "unit": "0x11", "poll": "20ms", "lights": "A1=3, B2 = 4", "magnet": "true"})
	got := []any{o.Need("address", "where"), o.Text("name", "door"), o.Number("unit", 1, 0, 255), o.Number("exit", -1, 0, 9),
		o.Duration("poll", time.Second), o.Duration("timeout", time.Second), o.Bool("magnet", false), o.Choice("parity", "even", "even", "odd"),
		o.Numbers("lights", 0, 9)}
	want := []any{"10.0.0.9", "door", 17, -1, 20 * time.Millisecond, time.Second, true, "even", map[string]int{"A1": 3, "B2": 4}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if err := o.Done(); err != nil {
		t.Error(err)
	}
}

func TestOptionsSayWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		options map[string]string
		want    string
	}{
		"absent":        {map[string]string{}, "option address"},
		"no number":     {map[string]string{"address": "x", "unit": "many"}, "option unit"},
		"out of bounds": {map[string]string{"address": "x", "unit": "256"}, "0 to 255"},
		"no time":       {map[string]string{"address": "x", "poll": "-1s"}, "option poll"},
		"no table":      {map[string]string{"address": "x", "lights": "A1"}, "NAME=NUMBER"},
		"twice":         {map[string]string{"address": "x", "lights": "A1=1,A1=2"}, "each name once"},
		"unknown":       {map[string]string{"address": "x", "colour": "red"}, "there are address, unit"},
	} {
		o := Read(tt.options)
		o.Need("address", "where")
		o.Number("unit", 1, 0, 255)
		o.Duration("poll", time.Second)
		o.Numbers("lights", 0, 9)
		if err := o.Done(); !errors.Is(err, room.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want one that says %q", name, err, tt.want)
		}
	}
}

// bolt is a strike that remembers what it was told.
type bolt struct {
	mu       sync.Mutex
	released bool
	moves    int
	broken   bool
}

func (b *bolt) move(_ context.Context, release bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moves++
	if b.broken {
		return fmt.Errorf("bolt: %w", room.ErrUnavailable)
	}
	b.released = release
	return nil
}

func (b *bolt) is(t *testing.T, released bool, when string) {
	t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.released != released {
		t.Errorf("%s: released is %v", when, b.released)
	}
}

func (b *bolt) breaks(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

// pass lets time go by in a bubble of synctest.
func pass(d time.Duration) { <-time.After(d) }

func grant(fence uint64) room.Grant {
	now := time.Now()
	return room.Grant{ID: "g", Fence: fence, Issued: now, Expires: now.Add(room.GrantTTL)}
}

func TestADoorwayLocksAgainWhenItIsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bolt{}
		d := NewDoorway(b.move)
		unlock := func(fence uint64) {
			t.Helper()
			if err := d.Unlock(t.Context(), grant(fence)); err != nil {
				t.Fatal(err)
			}
			b.is(t, true, "after an unlock")
		}
		d.Contact(false)
		unlock(1)
		d.Contact(true)
		b.is(t, false, "after it was opened")
		d.Contact(false)
		unlock(2)
		pass(room.GrantTTL + time.Millisecond)
		b.is(t, false, "after the grant")
		unlock(3)
		b.breaks(true)
		pass(room.GrantTTL + time.Minute)
		b.breaks(false)
		pass(relockAgain + time.Millisecond)
		b.is(t, false, "when the strike answers again")
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestADoorwayLocksAfterAnUnlockThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bolt{broken: true}
		d := NewDoorway(b.move)
		if err := d.Unlock(t.Context(), grant(1)); !errors.Is(err, room.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		b.mu.Lock()
		b.broken, b.released = false, true // the command got through, its answer did not
		b.mu.Unlock()
		pass(relockAgain + time.Millisecond)
		b.is(t, false, "soon after")
		if err := d.Unlock(t.Context(), grant(1)); !errors.Is(err, room.ErrConflict) {
			t.Errorf("the same grant again: got %v, want ErrConflict", err)
		}
		_ = d.Close() // it is locked
	})
}

func TestASettledDoorwayKeepsAGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bolt{}
		d := NewDoorway(b.move)
		if err := d.Unlock(t.Context(), grant(1)); err != nil {
			t.Fatal(err)
		}
		if err := d.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.is(t, true, "settled within a grant")
		pass(room.GrantTTL + time.Second)
		_ = b.move(t.Context(), true) // somebody else moves it
		if err := d.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.is(t, false, "settled without one")
		_ = d.Close()
	})
}

func TestADoorwayTellsEveryListenerInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDoorway((&bolt{}).move)
		ctx, cancel := context.WithCancel(t.Context())
		early := d.Events(ctx)
		d.Contact(false)
		d.Contact(false) // no news
		d.Exit()
		d.Contact(true)
		late := d.Events(ctx)
		d.Fault("no answer")
		d.Fault("still none")
		d.Contact(false) // not to be believed
		d.Answered()
		d.Contact(true)
		synctest.Wait()
		take := func(c <-chan room.DoorEvent, n int) (kinds []room.DoorEventKind) {
			for range n {
				kinds = append(kinds, (<-c).Kind)
			}
			return kinds
		}
		after := []room.DoorEventKind{room.DoorOpened, room.DoorFaulty, room.DoorAnswered, room.DoorOpened}
		if diff := cmp.Diff(append([]room.DoorEventKind{room.DoorClosed, room.DoorExit}, after...), take(early, 6)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(after, take(late, 4)); diff != "" {
			t.Error(diff)
		}
		cancel()
		synctest.Wait()
		if e, ok := <-early; ok {
			t.Errorf("one event too many: %+v", e)
		}
		_ = d.Close()
	})
}

func TestASerialPortThatIsNotThereIsUnavailable(t *testing.T) {
	_, err := Serial{Path: filepath.Join(t.TempDir(), "ttyUSB9"), Baud: 9600, Parity: "none", Stop: 1}.Open()
	if !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestALineIsToldAsLostOnce(t *testing.T) {
	l := NewLine(slog.New(slog.DiscardHandler))
	if d := l.Diagnose()[0]; d.OK || d.Problem == "" {
		t.Errorf("before it was reached: %+v", d)
	}
	if !l.Lost(errors.New("a")) || l.Lost(errors.New("b")) {
		t.Error("that it is lost is news once")
	}
	if !l.Back() || l.Back() {
		t.Error("that it is back is news once")
	}
	l.Count("timeouts")
	l.Count("timeouts")
	l.Note("firmware", "1.2")
	if d := l.Diagnose()[0]; !d.OK || d.Problem != "" || d.Counts["timeouts"] != 2 || d.Facts["firmware"] != "1.2" || d.Counts["lost"] != 1 {
		t.Errorf("got %+v", d)
	}
}

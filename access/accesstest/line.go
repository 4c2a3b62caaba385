package accesstest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// Log keeps what a driver logs.
type Log struct {
	mu    sync.Mutex
	lines []string
}

// Logger is what the driver is to be given.
func (l *Log) Logger() *slog.Logger { return slog.New(keeper{l}) }

// Count is how many warnings hold text.
func (l *Log) Count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// keeper is Log as a slog.Handler.
type keeper struct{ log *Log }

func (k keeper) Enabled(context.Context, slog.Level) bool { return true }
func (k keeper) WithAttrs([]slog.Attr) slog.Handler       { return k }
func (k keeper) WithGroup(string) slog.Handler            { return k }
func (k keeper) Handle(_ context.Context, r slog.Record) error {
	k.log.mu.Lock()
	defer k.log.mu.Unlock()
	k.log.lines = append(k.log.lines, r.Message)
	return nil
}

// use makes the driver talk to its hardware, and reports whether it answered.
func use(t *testing.T, b Bench) bool {
	d := b.Devices
	switch {
	case d.Door != nil:
		return d.Door.Lock(t.Context()) == nil
	case d.Lights != nil:
		return d.Lights.Set(t.Context(), nil) == nil
	case d.Laser != nil:
		return d.Laser.Off(t.Context()) == nil
	}
	return d.Diagnostics.Diagnose()[0].OK // it listens by itself
}

func tellsOnce(t *testing.T, b Bench) {
	Eventually(t, "the hardware answers", func() bool { return use(t, b) })
	lost, back := b.Log.Count("does not answer"), b.Log.Count("answers again")
	b.Plug(t, false)
	for range 3 {
		Eventually(t, "the cut is noticed", func() bool { return !use(t, b) })
	}
	Eventually(t, "that it was lost is told", func() bool { return b.Log.Count("does not answer") > lost })
	b.Plug(t, true)
	Eventually(t, "the hardware answers again", func() bool { return use(t, b) })
	Eventually(t, "that it is back is told", func() bool { return b.Log.Count("answers again") > back })
	if n := b.Log.Count("does not answer") - lost; n != 1 {
		t.Errorf("that it was lost is told %d times", n)
	}
	if n := b.Log.Count("answers again") - back; n != 1 {
		t.Errorf("that it is back is told %d times", n)
	}
}

func diagnoses(t *testing.T, b Bench) {
	diagnosis := func() room.Diagnosis {
		all := b.Devices.Diagnostics.Diagnose()
		if len(all) != 1 {
			t.Fatalf("got %d diagnoses, want one", len(all))
		}
		return all[0]
	}
	Eventually(t, "the diagnosis is good", func() bool { use(t, b); return diagnosis().OK })
	if d := diagnosis(); d.Problem != "" || d.Since.IsZero() {
		t.Errorf("a good diagnosis is %+v", d)
	}
	if b.Plug == nil {
		return
	}
	b.Plug(t, false)
	Eventually(t, "the diagnosis tells the cut", func() bool { use(t, b); d := diagnosis(); return !d.OK && d.Problem != "" })
	b.Plug(t, true)
	Eventually(t, "the diagnosis is good again", func() bool { use(t, b); return diagnosis().OK })
}

func cutIsUnavailable(t *testing.T, b Bench) {
	b.Plug(t, false)
	began := time.Now()
	d := b.Devices
	calls := map[string]func() error{}
	if d.Door != nil {
		calls["unlock"] = func() error { return d.Door.Unlock(t.Context(), grant(b, 1, long)) }
		calls["lock"] = func() error { return d.Door.Lock(t.Context()) }
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
	if d.Door != nil {
		Eventually(t, "the lock answers again", func() bool { return d.Door.Lock(t.Context()) == nil })
	}
	if d.Lights != nil {
		Eventually(t, "the lights answer again", func() bool { return d.Lights.Set(t.Context(), nil) == nil })
	}
}

package vision

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func TestALegalHoldKeepsFootageWhateverHappens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := ClipConfig{Dir: dir, RingAge: time.Hour, MostBytes: 1, FreeBytes: 1}
	c := openTestClips(t, cfg)
	film(t, c, "cam1", filmed, 600, nil)
	at := func(s int) time.Time { return filmed.Add(time.Duration(s) * time.Second) }
	if _, err := c.Pin(PinRequest{Camera: "cam1", From: at(5), To: at(20), Event: "e1", Keep: time.Minute}); err != nil {
		t.Fatal(err)
	}
	c.savePins(t.Context(), at(60))
	hold := room.Hold{ID: "h1", Camera: "cam1", From: at(12), To: at(33), Reason: "asked for", Placed: at(60)}
	for range 2 { // sent twice
		if err := c.Hold(hold); err != nil {
			t.Fatal(err)
		}
	}
	c = openTestClips(t, cfg) // after a restart
	c.retain(at(3600*24*400), 0)
	clip, err := c.Export("cam1", at(12), at(33))
	if err != nil || len(clip.Gaps) > 0 {
		t.Fatalf("footage under a hold: %v, gaps %v", err, clip.Gaps)
	}
	if p := c.Pins("e1", ""); len(p) != 1 {
		t.Error("a kept clip under a hold is gone")
	} else {
		checkPin(t, p[0])
	}
	if _, err := c.Export("cam1", at(50), at(55)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("what no hold covers is still there: %v", err)
	}
	if h := c.StorageHealth(at(3600 * 24 * 400)); h.OK {
		t.Error("held footage over the limit is no alarm")
	}
	if err := c.Release("h1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Release("h1"); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("lifted twice: %v", err)
	}
	c.retain(at(3600*24*400), -1)
	if ringBytes, pinned, _ := c.Usage(); ringBytes+pinned != 0 {
		t.Errorf("after the hold %d and %d bytes are left", ringBytes, pinned)
	}
}

func TestAHoldThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	if err := os.WriteFile(c.holdPath("h1"), []byte(`{"id":"h`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenClips(c.cfg, c.log); err == nil {
		t.Error("it starts, and would remove what is held")
	}
	for name, h := range map[string]room.Hold{
		"no id": {Camera: "cam1", From: filmed, To: filmed.Add(1)}, "a path": {ID: "../h", Camera: "cam1", From: filmed, To: filmed.Add(1)},
		"a day": {ID: "h", Camera: "cam1", From: filmed, To: filmed.Add(24 * time.Hour)}, "no camera": {ID: "h", From: filmed, To: filmed.Add(1)},
	} {
		if err := c.Hold(h); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Hold(room.Hold{ID: "h", Camera: "cam9", From: filmed, To: filmed.Add(1)}); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("no such camera: %v", err)
	}
}

func FuzzParseHold(f *testing.F) {
	f.Add([]byte(`{"id":"h1","camera":"cam1","from":"2026-03-01T12:00:00Z","to":"2026-03-01T12:01:00Z","reason":"r"}`))
	f.Add([]byte(`{"id":".."}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHold(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(h)
		if err != nil {
			return // a year that JSON can't write
		}
		if same, err := parseHold(again); err != nil || same != h {
			t.Fatalf("%+v became %+v, %v", h, same, err)
		}
	})
}

func FuzzParsePin(f *testing.F) {
	f.Add([]byte(`{"id":"p1","events":["e1"],"state":"saved","camera":"cam1","from":"2026-03-01T12:00:00Z","to":"2026-03-01T12:01:00Z"}`))
	f.Add([]byte(`{"id":"a/b","gaps":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePin(b)
		if err == nil && (p.ID == "" || len(p.Events) == 0 || p.Camera == "" || !p.From.Before(p.To)) {
			t.Fatalf("it passes %+v", p)
		}
		p.shown(filmed, filmed.Add(time.Hour))
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-03-01T12:00:00Z", "1772366400000", "-1", "x", "9223372036854775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := parseTime(s)
		if err != nil && !errors.Is(err, room.ErrInvalid) || err == nil && at.Location() != time.UTC {
			t.Fatalf("%q is %v, %v", s, at, err)
		}
	})
}

func FuzzEventSpan(f *testing.F) {
	f.Add([]byte(`{"at":"2026-03-01T11:59:58Z"}`), int64(0))
	f.Add([]byte(`{"at":"0001-01-01T00:00:00Z"}`), int64(5))
	f.Add([]byte(`[1]`), int64(-5))
	f.Fuzz(func(t *testing.T, data []byte, s int64) {
		e := room.Event{Time: filmed.Add(time.Duration(s % 1e15)), Data: data}
		from, to := eventSpan(e)
		if from.After(e.Time.Add(-PreRoll)) || to.Before(e.Time.Add(PostRoll)) || to.Sub(from) > pinMost {
			t.Fatalf("%s to %s around %s", from, to, e.Time)
		}
	})
}

package opencv

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision"
)

// truth is what happens in an excerpt: see testdata.
type truth struct {
	Events []struct {
		Type     room.ChangeKind `json:"type"`
		T        float64         `json:"t_s"`
		Clear    float64         `json:"clear_t_s"`
		Slot     string          `json:"shelf_id"`
		BBox     room.Rect       `json:"bbox_px"`
		FromT    float64         `json:"t_from_s"`
		FromSlot string          `json:"from_shelf_id"`
		FromBBox room.Rect       `json:"from_bbox"`
	} `json:"events"`
}

func testdata(name string) string { return filepath.Join("..", "testdata", name) }

func slotsOf(t testing.TB, clip string) room.SlotsFile {
	t.Helper()
	f, err := os.Open(testdata(clip + ".slots.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := room.ReadSlotsFile(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// watch runs a detector over an excerpt's frames for which use is true.
func watch(t testing.TB, d *Detector, clip string, use func(time.Duration) bool) []vision.Seen {
	t.Helper()
	footage, err := vision.OpenFootage(context.Background(), testdata(clip+".mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer footage.Close()
	var out []vision.Seen
	for {
		f, err := footage.Next()
		if errors.Is(err, io.EOF) {
			return append(out, d.Flush()...)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !use(f.T) {
			continue
		}
		seen, err := d.Process(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, seen...)
	}
}

func newDetector(t testing.TB, clip string, cfg Config) *Detector {
	t.Helper()
	d, err := New(slotsOf(t, clip), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func always(time.Duration) bool { return true }

func iou(a, b room.Rect) float64 {
	w := min(a[0]+a[2], b[0]+b[2]) - max(a[0], b[0])
	h := min(a[1]+a[3], b[1]+b[3]) - max(a[1], b[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a[2]*a[3] + b[2]*b[3] - w*h)
}

// TestEveryChangeOfTheExcerptsIsFoundAndNothingElse runs two excerpts of our own
// renders: one with a parcel carried to another shelf and one taken that hid
// another, one with lamps, light strip and nobody there.
func TestEveryChangeOfTheExcerptsIsFoundAndNothingElse(t *testing.T) {
	for _, clip := range []string{"moves", "light"} {
		t.Run(clip, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(testdata(clip + ".truth.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want truth
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			seen := watch(t, newDetector(t, clip, Config{}), clip, always)
			used := make([]bool, len(seen))
			find := func(kind room.ChangeKind, slot string, box room.Rect, from, to float64) *vision.Seen {
				for i := range seen {
					s := &seen[i]
					if !used[i] && s.Kind == kind && s.Slot == slot && iou(s.BBox, box) >= 0.5 && s.T.Seconds() >= from-1 && s.T.Seconds() <= to {
						used[i] = true
						return s
					}
				}
				t.Errorf("not seen: %s in %s at %.1f s", kind, slot, from)
				return nil
			}
			const late = 2.5 // seconds after the place can be seen
			for _, e := range want.Events {
				if e.Type != room.ChangeMoved {
					find(e.Type, e.Slot, e.BBox, e.T, e.Clear+late)
					continue
				}
				gone := find(room.ChangeRemoved, e.FromSlot, e.FromBBox, e.FromT, e.FromT+4)
				back := find(room.ChangePlaced, e.Slot, e.BBox, e.T, e.Clear+late)
				if gone != nil && back != nil && (gone.Item != back.Item || back.FromSlot != e.FromSlot) {
					t.Errorf("the parcel carried from %s is %s there and %s (from %q) in %s", e.FromSlot, gone.Item, back.Item, back.FromSlot, e.Slot)
				}
			}
			for i, s := range seen {
				if !used[i] {
					t.Errorf("seen though nothing happened: %s in %s at %v", s.Kind, s.Slot, s.T)
				}
				if v := room.Likeness(s.Appearance, s.Appearance); v < 0.99 || len(s.Before) == 0 || len(s.After) == 0 || len(s.Crop) == 0 {
					t.Errorf("%s in %s: appearance %v, pictures of %d, %d and %d bytes", s.Kind, s.Slot, v, len(s.Before), len(s.After), len(s.Crop))
				}
				if _, err := vision.AppearanceOfPicture(s.Crop, 1); err != nil {
					t.Errorf("the crop is no picture: %v", err)
				}
				if s.AtT > s.T || !s.At.Equal(time.Unix(0, 0).Add(s.AtT)) {
					t.Errorf("took place at %v (%v), reported at %v", s.AtT, s.At, s.T)
				}
			}
		})
	}
}

func TestARemovalDuringARestartIsFoundAfterwards(t *testing.T) {
	before := newDetector(t, "moves", Config{NoPictures: true})
	watch(t, before, "moves", func(at time.Duration) bool { return at < 15*time.Second })
	kept, err := before.Snapshot()
	if err != nil || kept == nil {
		t.Fatalf("snapshot of %d bytes, %v", len(kept), err)
	}
	after := newDetector(t, "moves", Config{NoPictures: true})
	if err := after.Restore(kept); err != nil {
		t.Fatal(err)
	}
	seen := watch(t, after, "moves", func(at time.Duration) bool { return at > 22*time.Second+500*time.Millisecond })
	if len(seen) != 1 || seen[0].Kind != room.ChangeRemoved || seen[0].Slot != "B2" {
		t.Errorf("seen after the restart: %+v", seen)
	}
	items := after.Scene().Items
	if len(items) != 1 || items[0].Slot != "A3" {
		t.Errorf("ledger after the restart: %+v", items)
	}
}

func TestBadFramesLeaveTheDetectorAsItWas(t *testing.T) {
	d := newDetector(t, "light", Config{})
	good := vision.Frame{Width: 640, Height: 360, Pix: make([]byte, 640*360*3), T: time.Second}
	if _, err := d.Process(good); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]vision.Frame{
		"too few pixels": {Width: 640, Height: 360, Pix: make([]byte, 100), T: 2 * time.Second},
		"another size":   {Width: 320, Height: 180, Pix: make([]byte, 320*180*3), T: 2 * time.Second},
		"earlier":        {Width: 640, Height: 360, Pix: good.Pix, T: 0},
		"nothing":        {},
	} {
		if _, err := d.Process(f); !errors.Is(err, vision.ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good.T = 2 * time.Second
	if _, err := d.Process(good); err != nil {
		t.Errorf("a good frame after bad ones: %v", err)
	}
	square := newDetector(t, "light", Config{})
	if _, err := square.Process(vision.Frame{Width: 480, Height: 480, Pix: make([]byte, 480*480*3)}); !errors.Is(err, vision.ErrFrame) {
		t.Errorf("slots of 16:9 over a square picture: %v", err)
	}
}

func TestAForeignSnapshotIsRefusedAtOnce(t *testing.T) {
	d := newDetector(t, "moves", Config{})
	watch(t, d, "moves", func(at time.Duration) bool { return at < time.Second })
	kept, err := d.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	slots := slotsOf(t, "moves")
	slots.Slots = slots.Slots[1:]
	other, err := New(slots, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Restore(kept); !errors.Is(err, vision.ErrSnapshot) {
		t.Errorf("restore: %v", err)
	}
}

// frames decodes one second of an excerpt and makes it 1280 x 720.
func frames(b *testing.B, from time.Duration) []vision.Frame {
	b.Helper()
	footage, err := vision.OpenFootage(context.Background(), testdata("moves.mp4"))
	if err != nil {
		b.Fatal(err)
	}
	defer footage.Close()
	var out []vision.Frame
	for len(out) < 10 {
		f, err := footage.Next()
		if err != nil {
			b.Fatal(err)
		}
		if f.T < from {
			continue
		}
		big := make([]byte, 1280*720*3)
		for y := range 720 {
			for x := range 1280 {
				copy(big[(y*1280+x)*3:][:3], f.Pix[(y/2*640+x/2)*3:])
			}
		}
		out = append(out, vision.Frame{Width: 1280, Height: 720, Pix: big})
	}
	return out
}

func benchmark(b *testing.B, from time.Duration, width int) {
	d := newDetector(b, "moves", Config{NoPictures: true, Config: vision.Config{WorkWidth: width}})
	fs := frames(b, from)
	begun := cpu(b)
	b.ResetTimer()
	for n := range b.N {
		f := fs[n%len(fs)]
		if from == 0 {
			f = fs[0]
		}
		f.T = time.Duration(n) * 100 * time.Millisecond
		if _, err := d.Process(f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-begun).Seconds()*1000/float64(b.N), "cpu-ms/op")
}

// cpu is the processor time used by this process: what counts on a machine that
// is busy with other things.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkIdle is a frame of 1280 x 720 while nothing moves.
func BenchmarkIdle(b *testing.B) { benchmark(b, 0, 0) }

// BenchmarkMoving is a frame of 1280 x 720 while somebody reaches into a shelf.
func BenchmarkMoving(b *testing.B) { benchmark(b, 4*time.Second, 0) }

package room

import (
	"errors"
	"os"
	"testing"
	"time"
)

func TestPicturesAreKeptBySumAndSweptByAge(t *testing.T) {
	ctx := t.Context()
	shelf, labels := PictureDir(t.TempDir()), PictureDir(t.TempDir())
	all := PictureDirs{shelf, labels}
	ref, err := all.Put(ctx, []byte("a shelf"))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := all.Put(ctx, []byte("a shelf")); again != ref {
		t.Errorf("the same picture has two references: %s, %s", ref, again)
	}
	label, err := labels.Put(ctx, []byte("a label"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := all.Get(ctx, label); err != nil || string(b) != "a label" {
		t.Fatalf("Get = %q, %v", b, err)
	}
	for _, bad := range []string{"", "../../etc/passwd", label[:63], label[:63] + "g"} {
		if _, err := all.Get(ctx, bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%q): %v, want ErrNotFound", bad, err)
		}
	}
	if _, err := all.Put(ctx, nil); err == nil {
		t.Error("an empty picture was kept")
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(labels.path(label), old, old); err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if _, err := d.Sweep(ctx, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := all.Get(ctx, label); !errors.Is(err, ErrNotFound) {
		t.Errorf("an old picture is still there: %v", err)
	}
	if _, err := all.Get(ctx, ref); err != nil {
		t.Errorf("a new picture was swept: %v", err)
	}
	if n, err := PictureDir("/nowhere/at/all").Sweep(ctx, time.Now()); n != 0 || err != nil {
		t.Errorf("sweeping what does not exist: %d, %v", n, err)
	}
}

func TestAClockThatIsSetBackDoesNotTakeTheRoomWithIt(t *testing.T) {
	wall := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	up := time.Duration(0)
	clock := newSteadyClock(func() (time.Time, time.Duration) { return wall, up })
	start := clock()
	wall, up = wall.Add(-time.Hour), up+3*time.Second
	if got := clock().Sub(start); got != 3*time.Second {
		t.Errorf("3 s after the clock was set back an hour, %v have gone by", got)
	}
	wall, up = wall.Add(2*time.Hour), up+time.Second
	if got := clock(); !got.Equal(wall) {
		t.Errorf("the clock is right again and ahead: %v, want %v", got, wall)
	}
}

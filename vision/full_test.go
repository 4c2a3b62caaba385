package vision

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

const diskDir = "PACKROOM_TEST_DISK"

// TestADiskFilledWhileRecordingLosesNothingPinned runs itself in a mount
// namespace of its own, on a disk of 5 MB.
func TestADiskFilledWhileRecordingLosesNothingPinned(t *testing.T) {
	if dir := os.Getenv(diskDir); dir != "" {
		fillDisk(t, dir)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--mount", "sh", "-ec",
		`mount -t tmpfs -o size=5m tmpfs "$1"; exec "$2" -test.run '^TestADiskFilledWhileRecordingLosesNothingPinned$' -test.v`, "sh", dir, os.Args[0])
	cmd.Env = append(os.Environ(), diskDir+"="+dir)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v (a small disk needs unshare --mount, as root or with user namespaces)\n%s", err, b)
	}
}

// filler records onto a small disk, second after second.
type filler struct {
	t       *testing.T
	clips   *Clips
	rec     *recorder
	units   [][][]byte
	second  int
	refused int
}

func (f *filler) at(s int) time.Time { return filmed.Add(time.Duration(s) * time.Second) }

func (f *filler) film(seconds int) {
	for range seconds {
		for k := range testFPS {
			n := f.second*testFPS + k
			d := time.Duration(n) * time.Second / testFPS
			u := &Unit{NALs: f.units[n%len(f.units)], Key: k == 0, At: filmed.Add(d), T: d, Seq: uint64(n)}
			if f.rec.add(u) != nil {
				f.refused++
				f.clips.refuse()
			}
		}
		f.second++
	}
}

func (f *filler) event(id string, s int) error {
	return f.clips.PinEvent(room.Event{ID: id, Kind: room.EvParcelStored, Camera: "cam1", Time: f.at(s)}, []string{"cam1"}, f.at(f.second))
}

func (f *filler) retain(s int) { f.clips.retain(f.at(s), diskFree(f.clips.cfg.Dir)) }

func fillDisk(t *testing.T, dir string) {
	units, err := makeClip("testsrc2=s=160x90:r=10:d=5", "-bf", "0", "-g", "10")
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenClips(ClipConfig{Dir: filepath.Join(dir, "clips"), FreeBytes: 1 << 20, Keep: Keeping{Delivery: time.Hour}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.ring("cam1")
	if err != nil {
		t.Fatal(err)
	}
	f := &filler{t: t, clips: c, rec: &recorder{ring: r}, units: units}
	f.film(60)
	if err := f.event("early", 20); err != nil {
		t.Fatal(err)
	}
	c.savePins(t.Context(), f.at(60))
	f.retain(60)
	if h := c.StorageHealth(f.at(60)); !h.OK || f.refused > 0 {
		t.Fatalf("an alarm on a disk with room: %+v", h)
	}

	ballast := filepath.Join(dir, "ballast") // somebody else's
	if err := os.WriteFile(ballast, make([]byte, diskFree(dir)-256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	f.film(2)
	f.retain(62)
	if h := c.StorageHealth(f.at(62)); h.Problem != "low" || f.refused > 0 {
		t.Errorf("before anything is lost there is no alarm: %+v, %d refused", h, f.refused)
	}
	f.film(40)
	if h := c.StorageHealth(time.Now()); h.Problem != "full" || f.refused == 0 {
		t.Fatalf("the disk is full and nothing says so: %+v, %d refused", h, f.refused)
	}
	late := f.event("late", 95)
	if late != nil && !errors.Is(late, room.ErrUnavailable) {
		t.Errorf("an event on a full disk: %v, want ErrUnavailable so that it comes again", late)
	}

	// When the newest footage is old enough, what is not pinned makes room.
	f.retain(60 + int(newestKept/time.Second))
	before := f.refused
	f.film(30)
	if f.refused > before {
		t.Errorf("after unpinned footage went the disk still refuses")
	}
	if late != nil {
		if err := f.event("late", 95); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.rec.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c.savePins(t.Context(), f.at(200))
	for _, id := range []string{"early", "late"} {
		pins := c.Pins(id, "")
		if len(pins) != 1 || pins[0].State == PinWaiting {
			t.Fatalf("event %s has %+v", id, pins)
		}
		checkPin(t, pins[0])
		t.Log(fmt.Sprint(id, " ", pins[0].State, " gaps ", pins[0].Gaps))
	}
	if early := c.Pins("early", "")[0]; early.State != PinSaved || len(early.Gaps) > 0 {
		t.Errorf("what was pinned before is not whole: %+v", early)
	}
	f.retain(200)
	if h := c.StorageHealth(time.Now().Add(time.Hour)); !h.OK {
		t.Errorf("the alarm does not end: %+v", h)
	}
}

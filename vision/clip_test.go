package vision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func openTestClips(t testing.TB, cfg ClipConfig) *Clips {
	t.Helper()
	c, err := OpenClips(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// film records the test clip as if it had been taken from start on, for so many
// pictures; pictures for which out reports true are missing.
func film(t testing.TB, c *Clips, camera string, start time.Time, pictures int, out func(k int) bool) {
	t.Helper()
	units := testClip(t)
	r, err := c.ring(camera)
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{ring: r}
	gone := true
	for k := range pictures {
		key := k%testGOP == 0
		if out != nil && out(k) || gone && !key {
			gone = true
			continue
		}
		d := time.Duration(k) * time.Second / testFPS
		u := &Unit{NALs: units[k%len(units)], Key: key, Break: gone, At: start.Add(d), T: d, Seq: uint64(k)}
		gone = false
		if err := rec.add(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := rec.close(); err != nil {
		t.Fatal(err)
	}
}

// probe is what ffprobe finds in a clip: the times of the pictures it shows.
func probe(t testing.TB, path string) (times []float64) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time,key_frame,pict_type", "-of", "json", path)
	cmd.Stderr = &said
	b, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Fatalf("ffprobe %s: %v %s", path, err, said.String())
	}
	var r struct {
		Frames []struct {
			Time string `json:"pts_time"`
		}
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Frames {
		s, err := strconv.ParseFloat(f.Time, 64)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, s)
	}
	return times
}

var filmed = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestClipPlaysFromTheAskedTimeToTheFrame(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	film(t, c, "cam1", filmed, 300, nil)
	for _, q := range []struct{ from, to time.Duration }{
		{0, 5 * time.Second}, {4500 * time.Millisecond, 7 * time.Second}, {9300 * time.Millisecond, 21600 * time.Millisecond},
		{28 * time.Second, 30 * time.Second},
	} {
		t.Run(fmt.Sprint(q), func(t *testing.T) {
			clip, err := c.Export("cam1", filmed.Add(q.from), filmed.Add(q.to))
			if err != nil {
				t.Fatal(err)
			}
			if lead := clip.From.Sub(clip.Start); lead < 0 || lead >= time.Second {
				t.Errorf("begins %v before the asked time at a GOP of 1 s", lead)
			}
			if len(clip.Gaps) != 0 {
				t.Errorf("gaps %v", clip.Gaps)
			}
			times := probe(t, clip.Path)
			shown := 0
			for i, s := range times {
				if s >= -0.0005 {
					shown++
				}
				if i > 0 && (s-times[i-1] < 0.099 || s-times[i-1] > 0.101) {
					t.Errorf("pictures at %v and %v", times[i-1], s)
				}
			}
			if want := int((q.to - q.from) / (time.Second / testFPS)); shown != want {
				t.Errorf("%d pictures shown, %d asked for: %v", shown, want, times)
			}
			b, err := os.ReadFile(clip.Path)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != clip.SHA256 {
				t.Error("the hash is another")
			}
		})
	}
}

func TestGapsInTheFootageAreStated(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	at := func(s float64) time.Time { return filmed.Add(time.Duration(s * float64(time.Second))) }
	gap := func(from, to float64) Gap { return Gap{From: at(from), To: at(to)} }
	film(t, c, "cam1", filmed, 300, func(k int) bool { return k >= 100 && k < 155 }) // back at the keyframe of 16 s
	for name, q := range map[string]struct {
		from, to time.Time
		gaps     []Gap
	}{
		"in the middle": {at(8), at(20), []Gap{gap(10, 16)}},
		"at the start":  {at(12), at(20), []Gap{gap(12, 16)}},
		"at the end":    {at(8), at(13), []Gap{gap(10, 13)}},
		"before all":    {at(-5), at(5), []Gap{gap(-5, 0)}},
		"after all":     {at(25), at(40), []Gap{gap(30, 40)}},
	} {
		t.Run(name, func(t *testing.T) {
			clip, err := c.Export("cam1", q.from, q.to)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(clip.Gaps) != fmt.Sprint(q.gaps) {
				t.Errorf("gaps %v, not %v", clip.Gaps, q.gaps)
			}
			probe(t, clip.Path)
		})
	}
	for name, q := range map[string][2]time.Time{"in the gap": {at(11), at(14)}, "long after": {at(500), at(510)}} {
		if _, err := c.Export("cam1", q[0], q[1]); !errors.Is(err, room.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, q := range map[string][2]time.Time{"backwards": {at(5), at(4)}, "a day": {at(0), at(86400)}} {
		if _, err := c.Export("cam1", q[0], q[1]); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Export("../cam1", at(0), at(5)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("a camera by path: %v", err)
	}
}

func TestTornSegmentIsReadAsFarAsItIsWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	film(t, openTestClips(t, ClipConfig{Dir: dir}), "cam1", filmed, 90, nil)
	paths, err := filepath.Glob(filepath.Join(dir, "ring", "cam1", "*.mp4"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %v", paths, err)
	}
	whole, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for size := len(whole); size >= 0; size -= len(whole) / 37 {
		if err := os.WriteFile(paths[0], whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, shots, err := readSegment(paths[0], filmed)
		if err != nil {
			t.Fatal(err)
		}
		if size == len(whole) {
			most = len(shots)
		}
		if len(shots) > most || size < len(whole) && len(shots)%testFPS != 0 {
			t.Errorf("%d pictures in %d of %d bytes", len(shots), size, len(whole))
		}
		c := openTestClips(t, ClipConfig{Dir: dir})
		if clip, err := c.Export("cam1", filmed, filmed.Add(9*time.Second)); err == nil {
			if n := len(probe(t, clip.Path)); n != len(shots) {
				t.Errorf("%d pictures of %d play", n, len(shots))
			}
		} else if !errors.Is(err, room.ErrNotFound) {
			t.Error(err)
		}
	}
	if most != 90 {
		t.Errorf("the whole file has %d pictures", most)
	}
}

func FuzzParseSegment(f *testing.F) {
	dir := f.TempDir()
	film(f, openTestClips(f, ClipConfig{Dir: dir}), "cam1", filmed, 3, nil)
	paths, err := filepath.Glob(filepath.Join(dir, "ring", "cam1", "*.mp4"))
	if err != nil || len(paths) != 1 {
		f.Fatalf("%v, %v", paths, err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, shots := parseSegment(b)
		for _, s := range shots {
			if s.offset < 0 || s.offset+int64(s.size) > int64(len(b)) {
				t.Fatalf("a picture of %d bytes at %d of %d", s.size, s.offset, len(b))
			}
		}
	})
}

func TestEventsThatOverlapShareAClipThatIsSavedWhenItsTimeHasPassed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openTestClips(t, ClipConfig{Dir: dir})
	film(t, c, "cam1", filmed, 600, nil)
	at := func(s int) time.Time { return filmed.Add(time.Duration(s) * time.Second) }
	pin := func(event string, from, to int) Pin {
		t.Helper()
		p, err := c.Pin(PinRequest{Camera: "cam1", From: at(from), To: at(to), Event: event})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := pin("e1", 5, 20)
	if again := pin("e1", 5, 20); again.ID != first.ID || len(again.Events) != 1 {
		t.Errorf("the same event again: %+v", again)
	}
	second := pin("e2", 15, 30)
	other := pin("e3", 40, 50)
	if second.ID != first.ID || other.ID == first.ID {
		t.Fatal("overlapping events have two clips, or others one")
	}
	c.savePins(context.Background(), at(31))
	if p := c.Pins("e1", ""); p[0].State != PinWaiting {
		t.Error("saved before its last part was on disk")
	}
	c = openTestClips(t, ClipConfig{Dir: dir}) // as after a kill -9
	if _, err := c.Pin(PinRequest{Camera: "cam1", From: at(50), To: at(65), Event: "behind"}); err != nil {
		t.Fatal(err)
	}
	c.savePins(context.Background(), at(70))
	if p := c.Pins("behind", ""); p[0].State != PinWaiting {
		t.Error("a camera that is behind has a gap already")
	}
	c.savePins(context.Background(), at(66).Add(pinWait))
	if p := c.Pins("behind", ""); p[0].State != PinSaved || len(p[0].Gaps) != 1 {
		t.Errorf("a camera that stayed away: %+v", p[0])
	}
	p := c.Pins("e2", "cam1")
	if len(p) != 1 || p[0].State != PinSaved || !p[0].From.Equal(at(5)) || !p[0].To.Equal(at(30)) || len(p[0].Gaps) != 0 {
		t.Fatalf("pins %+v", p)
	}
	if n := len(probe(t, p[0].Path)); n != 250 {
		t.Errorf("%d pictures in 25 s", n)
	}
	if w := c.waiting(); len(w) != 0 {
		t.Errorf("waiting %+v", w)
	}
	late, err := c.Pin(PinRequest{Camera: "cam1", From: at(500), To: at(510), Event: "e4"})
	if err != nil {
		t.Fatal(err)
	}
	c.savePins(context.Background(), at(600))
	if p := c.Pins("e4", ""); p[0].ID != late.ID || p[0].State != PinEmpty || len(p[0].Gaps) != 1 {
		t.Errorf("an event without footage: %+v", p)
	}
	for name, q := range map[string]PinRequest{
		"no event":  {Camera: "cam1", From: at(1), To: at(2)},
		"backwards": {Camera: "cam1", From: at(2), To: at(1), Event: "e"},
		"an hour":   {Camera: "cam1", From: at(0), To: at(3600), Event: "e"},
	} {
		if _, err := c.Pin(q); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Pin(PinRequest{Camera: "cam9", From: at(1), To: at(2), Event: "e"}); !errors.Is(err, room.ErrNotFound) {
		t.Error(err)
	}
}

func TestPinnedFootageOutlivesAllOther(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir(), RingAge: time.Hour, MostBytes: 1, FreeBytes: 1})
	film(t, c, "cam1", filmed, 600, nil)
	film(t, c, "cam2", filmed, 600, nil)
	at := func(s int) time.Time { return filmed.Add(time.Duration(s) * time.Second) }
	if _, err := c.Pin(PinRequest{Camera: "cam1", From: at(35), To: at(50), Event: "e1", Keep: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	c.retain(at(70), -1)
	if n := len(c.rings["cam2"].all()); n == 0 {
		t.Error("the newest two minutes went")
	}
	c.retain(at(600), -1)
	if n := len(c.rings["cam2"].all()); n != 0 {
		t.Errorf("%d files of unpinned footage are left over the limit", n)
	}
	if len(c.rings["cam1"].all()) == 0 {
		t.Fatal("footage that a waiting pin needs is gone")
	}
	c.savePins(context.Background(), at(600))
	c.retain(at(601), -1)
	ringBytes, pinned, _ := c.Usage()
	if ringBytes != 0 || pinned == 0 || c.StorageHealth(at(601)).Problem != "low" {
		t.Errorf("%d bytes in the ring, %d pinned, alarm %v", ringBytes, pinned, c.StorageHealth(at(601)))
	}
	clip, err := c.Export("cam1", at(36), at(45))
	if err != nil {
		t.Fatalf("a pinned clip whose ring is gone: %v", err)
	}
	if n := len(probe(t, clip.Path)); n != 150 {
		t.Errorf("%d pictures in 15 s", n)
	}
	c.retain(at(50).Add(24*time.Hour+time.Second), -1)
	if p := c.Pins("", ""); len(p) != 0 {
		t.Error("a clip outlives its retention")
	}
	if left, err := filepath.Glob(filepath.Join(c.pinDir(), "*")); err != nil || len(left) != 0 {
		t.Errorf("left on disk: %v", left)
	}
}

func TestAgeAndAFullDiskRemoveTheOldestFirst(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir(), RingAge: time.Hour, FreeBytes: 1 << 30})
	film(t, c, "cam1", filmed, 600, nil)
	all := c.rings["cam1"].all()
	c.retain(filmed.Add(10*time.Minute), (1<<30)-all[0].bytes-1) // two files short
	if left := c.rings["cam1"].all(); len(left) != len(all)-2 || left[0].path != all[2].path {
		t.Errorf("%d of %d are left", len(left), len(all))
	}
	c.retain(filmed.Add(time.Hour+35*time.Second), 1<<40)
	if left := c.rings["cam1"].all(); len(left) != 2 {
		t.Errorf("%d are left of the last 25 s", len(left))
	}
}

func TestDiskThatRefusesIsTriedAgain(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	r, err := c.ring("cam1")
	if err != nil {
		t.Fatal(err)
	}
	units := testClip(t)
	rec := &recorder{ring: r}
	failed := 0
	for k := range 100 {
		if k == 15 { // as a full disk does
			if err := rec.file.Close(); err != nil {
				t.Fatal(err)
			}
		}
		d := time.Duration(k) * time.Second / testFPS
		if rec.add(&Unit{NALs: units[k%len(units)], Key: k%testGOP == 0, At: filmed.Add(d), T: d, Seq: uint64(k)}) != nil {
			failed++
		}
	}
	if err := rec.close(); err != nil {
		t.Fatal(err)
	}
	s, err := r.cut("cam1", filmed, filmed.Add(10*time.Second))
	if err != nil || failed != 1 || len(s.Gaps) != 1 || s.Gaps[0].To.Sub(s.Gaps[0].From) > 2*time.Second {
		t.Errorf("failed %d times, %v, gaps %v", failed, err, s.Gaps)
	}
}

func TestFootageOfALiveCameraIsServedAndPinned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.detector(1)
	began := time.Now().UTC()
	until(t, 20*time.Second, "5 s are recorded", func() bool {
		first := r.service.clips.Oldest("cam1")
		return !first.IsZero() && time.Since(first) > 7*time.Second
	})
	first := r.service.clips.Oldest("cam1")
	q := url.Values{"camera": {"cam1"}, "from": {first.Add(500 * time.Millisecond).Format(time.RFC3339Nano)},
		"to": {strconv.FormatInt(first.Add(4500*time.Millisecond).UnixMilli(), 10)}}
	q.Set("plain", "1")
	w := ask(t, r.service, "GET", "/clip?"+q.Encode(), "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "video/mp4" {
		t.Fatalf("%d %s", w.Code, w.Body.String())
	}
	if n := len(probe(t, writeFile(t, "clip.mp4", w.Body.Bytes()))); n < 35 || n > 50 {
		t.Errorf("%d pictures in 4 s", n)
	}
	body, err := json.Marshal(PinRequest{Camera: "cam1", From: began, To: began.Add(2 * time.Second), Event: "e1"})
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(t, r.service, "POST", "/clip", string(body)); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body.String())
	}
	var pins []Pin
	until(t, 15*time.Second, "the clip is saved", func() bool {
		pins = nil
		if err := json.Unmarshal(ask(t, r.service, "GET", "/clips?event=e1", "").Body.Bytes(), &pins); err != nil {
			t.Fatal(err)
		}
		return len(pins) == 1 && pins[0].State == PinSaved
	})
	if len(pins[0].Gaps) != 0 || pins[0].SHA256 == "" {
		t.Errorf("pin %+v", pins[0])
	}
	for path, want := range map[string]int{
		"/clip?camera=cam1&from=x&to=y":                           400,
		"/clip?camera=cam1&from=1000&to=500":                      400,
		"/clip?camera=cam1&from=1000&to=2000":                     404,
		"/clip?camera=..%2Fcam1&from=1000&to=2000":                404,
		"/clip?" + strings.Replace(q.Encode(), "cam1", "cam2", 1): 404,
	} {
		if got := ask(t, r.service, "GET", path, "").Code; got != want {
			t.Errorf("%s answers %d, not %d", path, got, want)
		}
	}
}

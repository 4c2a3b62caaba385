package vision

import (
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func TestResolutionChangedOnTheFlyIsPlayedWhole(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	r, err := c.ring("cam1")
	if err != nil {
		t.Fatal(err)
	}
	small := testClip(t)
	large, err := makeClip("testsrc2=s=640x360:r=10:d=5", "-bf", "0", "-g", "10")
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{ring: r}
	for k := range 200 { // large from 6 s to 12 s, in the middle of the files of 10 s
		units := small
		if k >= 60 && k < 120 {
			units = large
		}
		d := time.Duration(k) * time.Second / testFPS
		if err := rec.add(&Unit{NALs: units[k%len(units)], Key: k%testGOP == 0, At: filmed.Add(d), T: d, Seq: uint64(k)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := rec.close(); err != nil {
		t.Fatal(err)
	}
	clip, err := c.Export("cam1", filmed.Add(4500*time.Millisecond), filmed.Add(15*time.Second))
	if err != nil || len(clip.Gaps) > 0 {
		t.Fatalf("%v, gaps %v", err, clip.Gaps)
	}
	shown := slices.DeleteFunc(probe(t, clip.Path), func(s float64) bool { return s < -0.0005 })
	if len(shown) != 105 {
		t.Errorf("%d pictures in 10.5 s", len(shown))
	}
	pictures, w := 0, 0
	err = eachFrame(t.Context(), clip.Path, blurWidth, func(f Frame) error {
		pictures, w = pictures+1, f.Width
		if detail(f, image.Rect(0, 0, f.Width, f.Height)) < 1 {
			return fmt.Errorf("picture %d is empty", pictures)
		}
		return nil
	})
	if err != nil || pictures != 105 || w != testWidth {
		t.Errorf("%d pictures %d wide are decoded, %v", pictures, w, err)
	}
	if _, err := NewBlurrer(c, nil).Export(t.Context(), "cam1", filmed.Add(5*time.Second), filmed.Add(8*time.Second)); err != nil {
		t.Errorf("with faces covered: %v", err)
	}
}

// TestACameraWithTheWrongClockIsRecordedByOurs feeds pictures that the camera
// dates 1970, and then years ahead, in the middle of the film.
func TestACameraWithTheWrongClockIsRecordedByOurs(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	camera, err := NewCamera(CameraSource{ID: "cam1", URL: "file:///none"}, c.log)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.ring("cam1")
	if err != nil {
		t.Fatal(err)
	}
	in, units, rec := camera.Subscribe(512), testClip(t), &recorder{ring: r}
	for k := range 300 {
		d := time.Duration(k) * time.Second / testFPS
		dated := d
		switch {
		case k >= 200:
			dated -= 3 * 365 * 24 * time.Hour
		case k >= 100:
			dated += 9 * 365 * 24 * time.Hour
		}
		camera.accept(units[k%len(units)], dated, camera.start.Add(d))
	}
	for range 300 {
		if err := rec.add(<-in.Units()); err != nil {
			t.Fatal(err)
		}
	}
	if err := rec.close(); err != nil {
		t.Fatal(err)
	}
	began := camera.start.Round(0).UTC()
	clip, err := c.Export("cam1", began.Add(2*time.Second), began.Add(28*time.Second))
	if err != nil || len(clip.Gaps) > 0 {
		t.Fatalf("%v, gaps %v", err, clip.Gaps)
	}
	if n := len(slices.DeleteFunc(probe(t, clip.Path), func(s float64) bool { return s < -0.0005 })); n < 259 || n > 261 {
		t.Errorf("%d pictures in 26 s", n)
	}
}

func TestWhatIsRecordedIsKnownWithoutOpeningAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openTestClips(t, ClipConfig{Dir: dir})
	film(t, c, "cam1", filmed, 600, func(k int) bool { return k >= 100 && k < 155 }) // back at the keyframe of 16 s
	film(t, c, "cam2", filmed.Add(time.Hour), 50, nil)
	at := func(s int) time.Time { return filmed.Add(time.Duration(s) * time.Second) }
	if _, err := c.Pin(PinRequest{Camera: "cam1", From: at(8), To: at(20), Event: "e1"}); err != nil {
		t.Fatal(err)
	}
	c.savePins(t.Context(), at(60))
	if err := c.Hold(room.Hold{ID: "h1", Camera: "cam1", From: at(1), To: at(2), Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Clips{"while it records": c, "after a restart": openTestClips(t, ClipConfig{Dir: dir})} {
		views := c.View(at(4), at(50))
		if len(views) != 2 || views[0].Camera != "cam1" || len(views[1].Spans) != 0 {
			t.Fatalf("%s: %+v", name, views)
		}
		v := views[0]
		want := []Span{{From: at(4), To: at(10)}, {From: at(16), To: at(50)}}
		if fmt.Sprint(v.Spans) != fmt.Sprint(want) {
			t.Errorf("%s: spans %v, not %v", name, v.Spans, want)
		}
		if len(v.Clips) != 1 || v.Clips[0].Events[0] != "e1" || len(v.Clips[0].Gaps) != 1 || len(v.Holds) != 0 {
			t.Errorf("%s: clips %+v, holds %+v", name, v.Clips, v.Holds)
		}
		for _, s := range c.rings["cam1"].all() { // the ring goes; what is kept stays
			if err := c.rings["cam1"].remove(s.path); err != nil {
				t.Fatal(err)
			}
		}
		v = c.View(at(0), at(50))[0]
		want = []Span{{From: at(8), To: at(10)}, {From: at(16), To: at(20)}}
		if fmt.Sprint(v.Spans) != fmt.Sprint(want) || len(v.Holds) != 1 {
			t.Errorf("%s, without the ring: spans %v, not %v", name, v.Spans, want)
		}
		film(t, c, "cam1", filmed, 600, func(k int) bool { return k >= 100 && k < 155 })
	}
}

func TestFootageIsServedWithFacesCoveredUnlessPlainIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s, err := NewService(r.config()) // its cameras do not run
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.live.Close(); err != nil {
			t.Error(err)
		}
	})
	bus := r.bus
	film(t, s.clips, "cam1", filmed, 200, nil)
	at := func(sec int) string { return filmed.Add(time.Duration(sec) * time.Second).Format(time.RFC3339) }
	q := url.Values{"camera": {"cam1"}, "from": {at(3)}, "to": {at(5)}}
	about := func(plain string) (f room.Footage) {
		q.Set("plain", plain)
		w := ask(t, s, "GET", "/clip/about?"+q.Encode(), "")
		if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if file := ask(t, s, "GET", "/clip?"+q.Encode(), ""); file.Header().Get("X-Clip-SHA256") != f.SHA256 || int64(file.Body.Len()) != f.Bytes {
			t.Errorf("plain=%s: the file is another than what is told of it", plain)
		}
		return f
	}
	if covered, plain := about(""), about("1"); covered.SHA256 == plain.SHA256 || covered.Plain || !plain.Plain {
		t.Errorf("covered %+v, plain %+v", covered, plain)
	}
	hold := fmt.Sprintf(`{"id":"h1","camera":"cam1","from":%q,"to":%q,"reason":"r"}`, at(3), at(5))
	for _, c := range []struct {
		method, path, body string
		want               int
		says               string
	}{
		{"GET", "/still?camera=cam1&at=" + at(4), "", 200, "\xff\xd8"},
		{"GET", "/still?camera=cam1&at=" + at(400), "", 404, ""},
		{"GET", "/still?camera=cam9&at=" + at(4), "", 404, ""},
		{"GET", "/still?camera=cam1&at=x", "", 400, ""},
		{"POST", "/holds", hold, 200, "h1"},
		{"POST", "/holds", "{", 400, ""},
		{"GET", "/holds", "", 200, "h1"},
		{"GET", "/footage?from=" + at(0) + "&to=" + at(60), "", 200, `"holds":[{"id":"h1"`},
		{"GET", "/footage?from=" + at(60) + "&to=" + at(0), "", 400, ""},
		{"DELETE", "/holds/h1", "", 204, ""},
		{"DELETE", "/holds/h1", "", 404, ""},
	} {
		w := ask(t, s, c.method, c.path, c.body)
		if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s answers %d %.200s", c.method, c.path, w.Code, w.Body)
		}
	}
	if _, err := s.clips.Pin(PinRequest{Camera: "cam1", From: filmed, To: filmed.Add(5 * time.Second), Event: "e1"}); err != nil {
		t.Fatal(err)
	}
	s.clips.savePins(t.Context(), filmed.Add(time.Minute))
	for range 2 { // told once
		s.clips.tellPins(t.Context())
	}
	if len(bus.clips) != 1 || bus.clips[0].SHA256 == "" || bus.clips[0].Events[0] != "e1" {
		t.Errorf("the room is told %+v", bus.clips)
	}
}

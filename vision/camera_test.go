package vision

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"github.com/packroom/packroom/room/porttest"
)

var errWrongPassword error = liberrors.ErrServerAuth{}

func next(t testing.TB, r *Reader) *Unit {
	t.Helper()
	select {
	case u := <-r.Units():
		return u
	case <-time.After(10 * time.Second):
		t.Fatal("no unit within 10 s")
		return nil
	}
}

func TestReaderBeginsAtAKeyframeWithParameterSetsAndTimeRises(t *testing.T) {
	t.Parallel()
	cam := runCamera(t, startCamera(t).url())
	r := cam.Subscribe(64)
	defer r.Close()
	var last *Unit
	for i := range 25 {
		u := next(t, r)
		if i == 0 && !u.Key {
			t.Fatal("the first unit is no keyframe")
		}
		if sps, pps := u.splitSPS(); u.Key && (sps == nil || pps == nil) {
			t.Fatal("a keyframe without parameter sets")
		}
		if last != nil {
			if u.Seq != last.Seq+1 || u.T <= last.T {
				t.Fatalf("unit %d at %v follows %d at %v", u.Seq, u.T, last.Seq, last.T)
			}
			if d := u.T - last.T; d < 60*time.Millisecond || d > 160*time.Millisecond {
				t.Errorf("units are %v apart at 10 a second", d)
			}
		}
		if off := time.Since(u.At); off < -20*time.Millisecond || off > 500*time.Millisecond {
			t.Errorf("a unit that came now is dated %v ago", off)
		}
		last = u
	}
	s := cam.Status()
	if !s.Up || s.Width != testWidth || s.Height != testHeight || s.FPS < 8 || s.FPS > 12 {
		t.Errorf("status %+v", s)
	}
}

func TestSlowReaderSlowsNoOtherAndGoesOnAtAKeyframe(t *testing.T) {
	t.Parallel()
	cam := runCamera(t, startCamera(t).url())
	slow, fast := cam.Subscribe(3), cam.Subscribe(64)
	defer slow.Close()
	defer fast.Close()
	first := next(t, fast)
	for want := first.Seq + 1; want < first.Seq+25; want++ {
		if u := next(t, fast); u.Seq != want {
			t.Fatalf("the fast reader got %d in place of %d", u.Seq, want)
		}
	}
	for range 3 {
		next(t, slow)
	}
	if slow.Dropped() == 0 {
		t.Fatal("the slow reader lost nothing: the test shows nothing")
	}
	if u := next(t, slow); !u.Key {
		t.Error("after a hole the slow reader got something else than a keyframe")
	}
}

// logged collects log messages.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), what)
}

func TestLostCameraIsSaidOnceAndComesBackByItself(t *testing.T) {
	t.Parallel()
	server := startCamera(t)
	var out logged
	cam, err := NewCamera(CameraSource{ID: "cam1", URL: server.url()}, slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	background(t, cam.Run)
	r := cam.Subscribe(256)
	defer r.Close()
	before := next(t, r)
	server.end()
	until(t, 10*time.Second, "the camera is down, refused", func() bool {
		return strings.Contains(cam.Status().Reason, "connection refused")
	})
	if cam.Status().Up {
		t.Error("a camera that refuses is up")
	}
	server.begin()
	until(t, 10*time.Second, "the camera is back", func() bool { return cam.Status().Up })
	u := next(t, r)
	for !u.Break {
		if u = next(t, r); u.T <= before.T {
			t.Fatal("time went back")
		}
	}
	if !u.Key {
		t.Error("the first unit after the loss is no keyframe")
	}
	if lost, back := out.count("camera lost"), out.count("camera back"); lost != 1 || back != 1 {
		t.Errorf("said lost %d times and back %d times", lost, back)
	}
}

func TestCameraThatSendsNothingIsLostWithinSeconds(t *testing.T) {
	t.Parallel()
	server := startCamera(t)
	cam := runCamera(t, server.url())
	until(t, 10*time.Second, "up", func() bool { return cam.Status().Up })
	server.freeze(true)
	began := time.Now()
	until(t, 10*time.Second, "down", func() bool { return !cam.Status().Up })
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("given up after %v", took)
	}
	if r := cam.Status().Reason; r != "no pictures for 5 s" {
		t.Errorf("reason %q", r)
	}
}

func TestReasonIsInWordsAndHoldsNoPassword(t *testing.T) {
	t.Parallel()
	server := startCamera(t)
	server.mu.Lock()
	server.user, server.password = "admin", "right-secret"
	server.mu.Unlock()
	h265 := &rtspCamera{t: t, address: porttest.Addr(t), fps: testFPS, units: testClip(t), format: &format.H265{PayloadTyp: 96}}
	h265.begin()
	t.Cleanup(h265.end)
	bframes := &rtspCamera{t: t, address: porttest.Addr(t), fps: testFPS, units: testClip(t),
		order: func(k int) uint32 { return uint32(k ^ 1) }} // 1 0 3 2 5 4
	bframes.begin()
	t.Cleanup(bframes.end)
	for name, c := range map[string]struct{ url, want string }{
		"wrong password":   {"rtsp://admin:wrong-secret@" + server.address + "/cam", "wrong user or password"},
		"no such path":     {"rtsp://admin:right-secret@" + server.address + "/nothing", "no stream by that path"},
		"refused":          {"rtsp://admin:wrong-secret@" + porttest.Addr(t) + "/cam", "connection refused"},
		"H265":             {h265.url(), "no H264 stream: the camera sends H265"},
		"B-frames":         {bframes.url(), "B-frames"},
		"no file":          {"file:///nowhere/clip.mp4", "No such file"},
		"no such USB port": {"v4l2:///dev/video99", "video99"},
	} {
		t.Run(name, func(t *testing.T) {
			cam := runCamera(t, c.url)
			until(t, 15*time.Second, "down for "+c.want, func() bool {
				return strings.Contains(cam.Status().Reason, c.want)
			})
			if strings.Contains(cam.Status().Reason, "secret") {
				t.Errorf("the password is in %q", cam.Status().Reason)
			}
		})
	}
	t.Run("right password", func(t *testing.T) {
		cam := runCamera(t, "rtsp://admin:right-secret@"+server.address+"/cam")
		until(t, 10*time.Second, "up", func() bool { return cam.Status().Up })
	})
}

func TestWrongAddressIsRefusedAtStartWithoutShowingIt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "rtsp://", "ftp://u:secret@host/x", "rtsp://u:secret@ho st/%zz"} {
		_, err := NewCamera(CameraSource{ID: "cam1", URL: url}, slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestFileIsACameraToo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"plain": {"-bf", "0"}, "with B-frames": {"-bf", "2"}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "clip.mp4")
			all := append([]string{"-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=2",
				"-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p"}, append(args, path)...)
			if err := exec.Command("ffmpeg", all...).Run(); err != nil {
				t.Fatal(err)
			}
			r := runCamera(t, "file://"+path).Subscribe(64)
			defer r.Close()
			last := next(t, r)
			for range 30 { // longer than the file
				u := next(t, r)
				if u.T <= last.T {
					t.Fatal("time went back")
				}
				last = u
			}
		})
	}
}

func TestDamagedUnitsAreLeftOut(t *testing.T) {
	t.Parallel()
	cam := runCamera(t, startCamera(t).url())
	until(t, 10*time.Second, "up", func() bool { return cam.Status().Up })
	cam.mu.Lock()
	defer cam.mu.Unlock()
	for name, nals := range map[string][][]byte{
		"empty": {}, "empty NAL": {{}}, "one byte": {{0x65}}, "forbidden bit": {{0xe5, 1, 2}},
		"only filler": {{12, 0xff, 0xff}}, "damaged SPS alone": {{0x67, 0xff}},
	} {
		if _, ok := cam.unit(nals); ok {
			t.Errorf("%s became a unit", name)
		}
	}
	if u, ok := cam.unit([][]byte{{9, 0xf0}, {0x65, 1, 2}}); !ok || !u.Key || len(u.NALs) != 3 {
		t.Error("a keyframe without parameter sets did not get those that are known")
	}
}

func TestStreamTimeRisesWhateverTheCameraSays(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for name, steps := range map[string][][2]time.Duration{ // camera's time, arrival
		"jitter":        {{0, ms(5)}, {ms(100), ms(180)}, {ms(200), ms(205)}, {ms(300), ms(301)}},
		"burst":         {{0, ms(5)}, {ms(100), ms(5)}, {ms(200), ms(6)}, {ms(300), ms(305)}},
		"clock back":    {{ms(9000), ms(5)}, {ms(9100), ms(105)}, {0, ms(205)}, {ms(100), ms(305)}},
		"clock forward": {{0, ms(5)}, {ms(100), ms(105)}, {ms(99000), ms(205)}, {ms(99100), ms(305)}},
		"stalled":       {{0, ms(5)}, {ms(100), ms(8105)}, {ms(200), ms(8205)}},
		"same time":     {{0, ms(5)}, {0, ms(105)}, {0, ms(205)}},
	} {
		t.Run(name, func(t *testing.T) {
			var c streamClock
			last := time.Duration(-1)
			for _, s := range steps {
				at := c.at(s[0], s[1])
				if at <= last {
					t.Fatalf("%v follows %v", at, last)
				}
				if at > s[1]+ms(5) || s[1]-at > clockJump+ms(5) {
					t.Errorf("arrived at %v, dated %v", s[1], at)
				}
				last = at
			}
		})
	}
}

func TestFLVTakesWhatItGave(t *testing.T) {
	t.Parallel()
	units := testClip(t)
	var b bytes.Buffer
	w := &flvWriter{w: &b}
	var sps, pps []byte
	for _, n := range units[0] {
		switch n[0] & 0x1f {
		case 7:
			sps = n
		case 8:
			pps = n
		}
	}
	if err := w.header(sps, pps); err != nil {
		t.Fatal(err)
	}
	for i, nals := range units {
		if err := w.unit(&Unit{NALs: nals, Key: i%testGOP == 0}, uint32(i*100)); err != nil {
			t.Fatal(err)
		}
	}
	var got [][][]byte
	err := readFLV(&b, func(nals [][]byte, pts time.Duration) {
		if n := len(got) - 1; n >= 0 && pts != time.Duration(n)*100*time.Millisecond {
			t.Errorf("unit %d at %v", n, pts)
		}
		got = append(got, nals)
	})
	if err == nil || len(got) != len(units)+1 {
		t.Fatalf("%d units of %d, %v", len(got)-1, len(units), err)
	}
	for i := range units {
		if !bytes.Equal(bytes.Join(units[i], nil), bytes.Join(got[i+1], nil)) {
			t.Fatalf("unit %d is another", i)
		}
	}
}

func FuzzReadFLV(f *testing.F) {
	var b bytes.Buffer
	w := &flvWriter{w: &b}
	if err := errors.Join(w.header([]byte{0x67, 66, 0, 30}, []byte{0x68, 1}),
		w.unit(&Unit{NALs: [][]byte{{0x65, 1, 2, 3}}, Key: true}, 40)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = readFLV(bytes.NewReader(b), func(nals [][]byte, _ time.Duration) {
			if len(nals) == 0 {
				t.Error("a unit of nothing")
			}
		})
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := startCamera(t)
	cam, err := NewCamera(CameraSource{ID: "cam1", URL: server.url()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); cam.Run(ctx) }()
	until(t, 10*time.Second, "up", func() bool { return cam.Status().Up })
	stop()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		t.Fatal("still running 3 s after its end")
	}
}

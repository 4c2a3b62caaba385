package vision

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision/webrtc"
)

// liveRig is a camera that is shown live over HTTP, as the service shows it.
type liveRig struct {
	t       *testing.T
	server  *rtspCamera
	service *Service
	url     string
}

func newLiveRig(t *testing.T, change ...func(*ServiceConfig)) *liveRig {
	t.Helper()
	r := newRig(t)
	for _, c := range change {
		r.change = c
	}
	r.start()
	r.detector(1)
	until(t, 10*time.Second, "a keyframe to begin with", func() bool {
		r.service.live.mu.Lock()
		s := r.service.live.streams[streamName{camera: "cam1"}]
		r.service.live.mu.Unlock()
		if s == nil {
			return false
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.gop) > 0
	})
	web := httptest.NewServer(r.service.Handler())
	t.Cleanup(web.Close)
	return &liveRig{t: t, server: r.server, service: r.service, url: web.URL}
}

// watcher is a real WebRTC viewer.
type watcher struct {
	t        *testing.T
	player   *webrtc.Player
	pictures chan webrtc.Picture
}

// viewerHeader shows a token of a viewer of this camera.
func viewerHeader(camera string) http.Header {
	return http.Header{"Authorization": {"Bearer " + room.SignViewer("box-token", "ann", camera, time.Now().Add(time.Minute))}}
}

// watch opens a session as the WHEP draft says, with a token for this camera,
// and loses each nth datagram (0 = none).
func (r *liveRig) watch(every int) *watcher {
	r.t.Helper()
	cfg := webrtc.PlayConfig{URL: r.url + "/whep/cam1", Patience: time.Second}
	if every > 0 {
		n := 0
		cfg.Drop = func() bool { n++; return n%every == 0 }
	}
	return r.play(cfg)
}

func (r *liveRig) play(cfg webrtc.PlayConfig) *watcher {
	r.t.Helper()
	w := &watcher{t: r.t, pictures: make(chan webrtc.Picture, 4096)}
	cfg.Header = viewerHeader("cam1")
	cfg.On = func(p webrtc.Picture) { w.pictures <- p }
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var err error
	if w.player, err = webrtc.Play(ctx, cfg); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = w.player.Vanish() })
	return w
}

func (w *watcher) next() webrtc.Picture {
	w.t.Helper()
	select {
	case g := <-w.pictures:
		return g
	case <-time.After(20 * time.Second):
		w.t.Fatal("no picture within 20 s")
		return webrtc.Picture{}
	}
}

// follow takes n pictures that must be whole and of rising times.
func (w *watcher) follow(n int, last webrtc.Picture) webrtc.Picture {
	w.t.Helper()
	for range n {
		g := w.next()
		if !g.Whole {
			w.t.Fatal("a picture came broken")
		}
		if int32(g.Ticks-last.Ticks) <= 0 {
			w.t.Fatalf("time went from %d to %d", last.Ticks, g.Ticks)
		}
		last = g
	}
	return last
}

func TestViewerGetsAKeyframeAtOnceAndThenLivePictures(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	slowest := time.Duration(0)
	for range 4 { // at different places of the GOP
		w := r.watch(0)
		first := w.next()
		if !first.Key || !first.Whole {
			t.Fatalf("the first picture is %+v", first)
		}
		slowest = max(slowest, first.Since)
		last := w.follow(15, first)
		if late := time.Duration(last.Ticks-first.Ticks) * time.Second / videoClock; late > 1900*time.Millisecond {
			t.Errorf("15 pictures later time is %v on", late)
		}
	}
	if slowest > 5*time.Second {
		t.Errorf("a first picture took %v", slowest)
	}
	if n := r.service.live.Viewers("cam1"); n != 4 {
		t.Errorf("%d viewers are counted", n)
	}
}

func TestViewerLosesNothingForGoodAtFivePercentLoss(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	w := r.watch(20)
	first := w.next()
	if !first.Key || !first.Whole {
		t.Fatalf("the first picture is %+v", first)
	}
	w.follow(60, first)
}

func TestViewerWhoLostThePictureGetsItAgain(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	w := r.watch(0)
	last := w.follow(3, w.next())
	for !last.Key { // right after a keyframe the next one is far
		last = w.follow(1, last)
	}
	last = w.follow(3, last)
	if err := w.player.Refresh(); err != nil {
		t.Fatal(err)
	}
	before := last
	for range 3 {
		if last = w.follow(1, last); last.Key {
			break
		}
	}
	if !last.Key || last.Ticks-before.Ticks > videoClock/4 {
		t.Error("no keyframe followed within three pictures")
	}
	w.follow(10, last)
}

func TestViewerStaysWhileTheCameraIsAway(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	w := r.watch(0)
	last := w.follow(5, w.next())
	r.server.end()
	until(t, 10*time.Second, "the camera is lost", func() bool { return !r.service.workers[0].camera.Status().Up })
	r.server.begin()
	until(t, 15*time.Second, "a picture comes again", func() bool {
		select {
		case g := <-w.pictures:
			if int32(g.Ticks-last.Ticks) <= 0 || !g.Whole {
				t.Fatalf("%+v follows %+v", g, last)
			}
			again := g.Ticks-last.Ticks > videoClock/2
			last = g
			return again
		default:
			return false
		}
	})
	if !last.Key {
		t.Error("the first picture after the absence is no keyframe")
	}
	w.follow(10, last)
}

func TestSessionEndsWhenItsViewerSaysSo(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	w := r.watch(0)
	w.next()
	del := func() int {
		req, err := http.NewRequest(http.MethodDelete, w.player.Location(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if code := del(); code != http.StatusOK {
		t.Errorf("DELETE answers %d", code)
	}
	if n := r.service.live.Viewers("cam1"); n != 0 {
		t.Errorf("%d viewers are left", n)
	}
	if code := del(); code != http.StatusNotFound {
		t.Errorf("a second DELETE answers %d", code)
	}
}

func TestOfferThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	good := room.SignViewer("box-token", "ann", "cam1", time.Now().Add(time.Minute))
	noVideo := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n"
	for name, c := range map[string]struct {
		path, kind, body, token string
		want                    int
	}{
		"no SDP":             {"cam1", "application/sdp", "hello", good, 400},
		"empty":              {"cam1", "application/sdp", "", good, 400},
		"VP8 only":           {"cam1", "application/sdp", noVideo, good, 400},
		"broken SDP":         {"cam1", "application/sdp", "m=video H264/90000", good, 400},
		"too long":           {"cam1", "application/sdp", strings.Repeat("a", 1<<17), good, 400},
		"JSON":               {"cam1", "application/json", "{}", good, 415},
		"unknown camera":     {"cam9", "application/sdp", "m=video H264/90000", "box-token", 404},
		"no token":           {"cam1", "application/sdp", "", "", 401},
		"expired token":      {"cam1", "application/sdp", "", room.SignViewer("box-token", "ann", "cam1", time.Now().Add(-time.Second)), 401},
		"another camera's":   {"cam1", "application/sdp", "", room.SignViewer("box-token", "ann", "cam2", time.Now().Add(time.Minute)), 401},
		"another box's":      {"cam1", "application/sdp", "", room.SignViewer("other", "ann", "cam1", time.Now().Add(time.Minute)), 401},
		"lengthened in time": {"cam1", "application/sdp", "", "zzzzzzz." + good[strings.IndexByte(good, '.')+1:], 401},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodPost, r.url+"/whep/"+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", c.kind)
			req.Header.Set("Authorization", "Bearer "+c.token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if b, _ := io.ReadAll(resp.Body); resp.StatusCode != c.want {
				t.Errorf("%d %s", resp.StatusCode, b)
			}
		})
	}
	if n := r.service.live.Viewers("cam1"); n != 0 {
		t.Errorf("%d viewers are left of refused offers", n)
	}
}

func TestTrickledCandidatesAreTakenAndARestartIsNot(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	w := r.watch(0)
	w.next()
	for body, want := range map[string]int{
		"a=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host\r\n": 204,
		"a=ice-ufrag:another\r\na=ice-pwd:another\r\n":                           400,
		"a=candidate:nonsense\r\n":                                               400,
	} {
		req, err := http.NewRequest(http.MethodPatch, w.player.Location(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/trickle-ice-sdpfrag")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q answers %d", body, resp.StatusCode)
		}
	}
}

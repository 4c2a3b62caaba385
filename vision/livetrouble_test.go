package vision

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/packroom/packroom/room/porttest"
	"github.com/packroom/packroom/vision/webrtc"
)

// widthOf is the width that a keyframe's parameter set tells; 0 = it has none.
func widthOf(nals [][]byte) int {
	for _, n := range nals {
		var sps h264.SPS
		if h264.NALUType(n[0]&0x1f) == h264.NALUTypeSPS && sps.Unmarshal(n) == nil {
			return sps.Width()
		}
	}
	return 0
}

func smallClip(t testing.TB) [][][]byte {
	t.Helper()
	small, err := makeClip("testsrc2=s=192x108:r=10:d=2", "-bf", "0", "-g", "10")
	if err != nil {
		t.Fatal(err)
	}
	return small
}

// anOffer is the SDP that a viewer offers.
func anOffer(t *testing.T) string {
	t.Helper()
	var offer string
	box := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		offer = string(b)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer box.Close()
	if _, err := webrtc.Play(t.Context(), webrtc.PlayConfig{URL: box.URL}); err == nil {
		t.Fatal("nobody was there, and it plays")
	}
	return offer
}

// offered is what the endpoint answers to an offer.
func (r *liveRig) offered(offer string) int {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+"/whep/cam1", strings.NewReader(offer))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = viewerHeader("cam1")
	req.Header.Set("Content-Type", "application/sdp")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestHundredViewersWhoVanishAreForgotten has some vanish while they watch, and
// most between the answer to their offer and the connection.
func TestHundredViewersWhoVanishAreForgotten(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	for range 6 {
		w := r.watch(0)
		w.next()
		if err := w.player.Vanish(); err != nil {
			t.Fatal(err)
		}
	}
	offer := anOffer(t)
	for i := range 94 {
		if code := r.offered(offer); code != http.StatusCreated {
			t.Fatalf("offer %d was answered %d", i, code)
		}
	}
	until(t, 2*time.Minute, "nobody is left", func() bool { return r.service.live.Viewers("cam1") == 0 })
	w := r.watch(0)
	w.follow(5, w.next())
}

func TestOneViewerTooManyIsRefusedUntilAnotherLeaves(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t, func(c *ServiceConfig) { c.Live.MostViewers = 2 })
	offer := anOffer(t)
	w := r.watch(0)
	w.next()
	other := r.watch(0)
	other.next()
	if code := r.offered(offer); code != http.StatusServiceUnavailable {
		t.Errorf("one too many was answered %d", code)
	}
	if err := other.player.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := r.offered(offer); code != http.StatusCreated {
		t.Errorf("after another left it was answered %d", code)
	}
}

func TestSubstreamIsForDetectionAndForManyCamerasAtAGlance(t *testing.T) {
	t.Parallel()
	small := &rtspCamera{t: t, address: porttest.Addr(t), units: smallClip(t), fps: testFPS}
	small.begin()
	t.Cleanup(small.end)
	r := newLiveRig(t, func(c *ServiceConfig) { c.Cameras[0].Substream = small.url() })
	k := r.service.workers[0]
	until(t, 20*time.Second, "frames of the small stream", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.newest.Width == 192
	})
	for query, want := range map[string]int{"": testWidth, "?stream=sub": 192} {
		if got := widthOf(r.play(webrtc.PlayConfig{URL: r.url + "/whep/cam1" + query}).next().NALs); got != want {
			t.Errorf("%q shows %d pixels", query, got)
		}
	}
	if n := r.service.live.Viewers("cam1"); n != 2 {
		t.Errorf("%d viewers", n)
	}
	small.end()
	until(t, 20*time.Second, "the loss is the camera's trouble", func() bool {
		s := k.status()
		return !s.Up && strings.Contains(s.Reason, "its substream: ")
	})
}

func TestSubstreamIsTheWayOutOfAStreamThatCannotBeShown(t *testing.T) {
	t.Parallel()
	small := &rtspCamera{t: t, address: porttest.Addr(t), units: smallClip(t), fps: testFPS}
	small.begin()
	t.Cleanup(small.end)
	h265 := &rtspCamera{t: t, address: porttest.Addr(t), units: testClip(t), fps: testFPS, format: &format.H265{PayloadTyp: 96}}
	h265.begin()
	t.Cleanup(h265.end)
	r := newRig(t)
	r.change = func(c *ServiceConfig) { c.Cameras[0].URL, c.Cameras[0].Substream = h265.url(), small.url() }
	r.start()
	r.detector(1) // it looks at the small stream
	web := httptest.NewServer(r.service.Handler())
	t.Cleanup(web.Close)
	until(t, 20*time.Second, "the small stream shows something", func() bool {
		r.service.live.mu.Lock()
		defer r.service.live.mu.Unlock()
		s := r.service.live.streams[streamName{"cam1", true}]
		return s != nil && s.shows()
	})
	live := &liveRig{t: t, service: r.service, url: web.URL}
	if got := widthOf(live.watch(0).next().NALs); got != 192 {
		t.Errorf("it shows %d pixels", got)
	}
	if s := r.service.workers[0].status(); s.Up || !strings.Contains(s.Reason, "H265") || !strings.Contains(s.Reason, "substream") {
		t.Errorf("the camera is said to be %+v", s)
	}
}

func TestViewerOfACameraWithoutSubstreamGetsItsOwnStream(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	if got := widthOf(r.play(webrtc.PlayConfig{URL: r.url + "/whep/cam1?stream=sub"}).next().NALs); got != testWidth {
		t.Errorf("it shows %d pixels", got)
	}
}

func TestViewerStaysWhileTheResolutionChanges(t *testing.T) {
	t.Parallel()
	small := smallClip(t)
	c := &rtspCamera{t: t, address: porttest.Addr(t), units: testClip(t), fps: testFPS}
	var changed atomic.Bool
	c.spoil = func(k int, nals [][]byte) [][]byte {
		if changed.Load() {
			return small[k%len(small)] // of the same GOP
		}
		return nals
	}
	c.begin()
	t.Cleanup(c.end)
	r := newLiveRig(t, func(cfg *ServiceConfig) { cfg.Cameras[0].URL = c.url() })
	w := r.watch(0)
	last := w.follow(3, w.next())
	changed.Store(true)
	for widthOf(last.NALs) != 192 {
		last = w.follow(1, last)
	}
	w.follow(10, last)
	k := r.service.workers[0]
	until(t, 20*time.Second, "frames of the new size", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.newest.Width == 192
	})
	if s := k.camera.Status(); s.Width != 192 || s.Losses > 0 {
		t.Errorf("the camera is %+v", s)
	}
}

func TestCameraThatSendsRubbishOrResetsItsClockIsShownOnAllTheSame(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(*rtspCamera){
		"damaged NAL units": func(c *rtspCamera) {
			c.spoil = func(k int, nals [][]byte) [][]byte {
				switch nals = slices.Clone(nals); k % 7 {
				case 1:
					return append(nals, []byte{0xe5, 1, 2, 3}, []byte{0x67, 0xff}, []byte{0x1f})
				case 2:
					nals[0] = append([]byte{nals[0][0]}, bytes.Repeat([]byte{0xff}, len(nals[0]))...)
				}
				return nals
			}
		},
		"clock set back":    func(c *rtspCamera) { c.order = func(k int) uint32 { return uint32(k - k/25*1000) } },
		"clock set forward": func(c *rtspCamera) { c.order = func(k int) uint32 { return uint32(k + k/25*100000) } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &rtspCamera{t: t, address: porttest.Addr(t), units: testClip(t), fps: testFPS}
			bad(c)
			c.begin()
			t.Cleanup(c.end)
			r := newLiveRig(t, func(cfg *ServiceConfig) { cfg.Cameras[0].URL = c.url() })
			w := r.watch(0)
			last := w.follow(60, w.next())
			if last.Since > time.Minute {
				t.Errorf("60 pictures took %v", last.Since)
			}
			if s := r.service.workers[0].camera.Status(); !s.Up || s.Losses > 0 {
				t.Errorf("the camera is %+v", s)
			}
		})
	}
}

func TestCameraWithTLSAndAPasswordIsPulled(t *testing.T) {
	t.Parallel()
	https := httptest.NewTLSServer(nil)
	t.Cleanup(https.Close)
	c := &rtspCamera{t: t, address: porttest.Addr(t), units: testClip(t), fps: testFPS, user: "admin", password: "s p@ss",
		tls: &tls.Config{Certificates: https.TLS.Certificates}}
	c.begin()
	t.Cleanup(c.end)
	r := runCamera(t, strings.Replace(c.url(), "s p@ss", "s%20p%40ss", 1)).Subscribe(16)
	defer r.Close()
	if u := next(t, r); !u.Key {
		t.Error("the first unit is no keyframe")
	}
}

func TestViewersAreToldTheICEServersByLinkHeaders(t *testing.T) {
	t.Parallel()
	ice := ICEServers{URLs: []string{"stun:127.0.0.1:9", "turn:127.0.0.1:9?transport=udp"}, User: "ann", Secret: "s\"x"}
	r := newLiveRig(t, func(c *ServiceConfig) { c.Live.ICE = ice })
	req, err := http.NewRequest(http.MethodOptions, r.url+"/whep/cam1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = viewerHeader("cam1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	want := []string{`<stun:127.0.0.1:9>; rel="ice-server"`,
		`<turn:127.0.0.1:9?transport=udp>; rel="ice-server"; username="ann"; credential="s\"x"; credential-type="password"`}
	if got := resp.Header.Values("Link"); !slices.Equal(got, want) || resp.Header.Get("Accept-Post") != "application/sdp" {
		t.Errorf("%q, %v", got, resp.Header)
	}
	req, err = http.NewRequest(http.MethodPost, r.url+"/viewers/cam1?viewer=ann", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer box-token")
	if resp, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); !bytes.Contains(b, []byte(`{"urls":["turn:127.0.0.1:9?transport=udp"],"username":"ann","credential":"s\"x"}`)) {
		t.Errorf("a viewer's grant is %s", b)
	}
	// Servers that do not answer hold nobody up.
	w := r.watch(0)
	w.follow(3, w.next())
}

package vision

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v3"
)

// liveRig is a camera that is shown live over HTTP, as the service shows it.
type liveRig struct {
	t       *testing.T
	server  *rtspCamera
	service *Service
	url     string
}

func newLiveRig(t *testing.T) *liveRig {
	t.Helper()
	r := newRig(t)
	r.start()
	r.detector(1)
	until(t, 10*time.Second, "a keyframe to begin with", func() bool {
		r.service.live.mu.Lock()
		s := r.service.live.streams["cam1"]
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

// lossy drops a share of the media that arrives.
type lossy struct {
	net.PacketConn
	every int // drop each nth datagram; 0 = none
	mu    sync.Mutex
	n     int
}

func (l *lossy) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		k, a, err := l.PacketConn.ReadFrom(b)
		l.mu.Lock()
		media := err == nil && k > 100 && b[0] >= 128 && b[0] <= 191
		if media {
			l.n++
		}
		drop := media && l.every > 0 && l.n%l.every == 0
		l.mu.Unlock()
		if !drop {
			return k, a, err
		}
	}
}

// got is one picture as a viewer got it.
type got struct {
	ticks uint32
	key   bool
	whole bool
	after time.Duration // since the offer
}

// watcher is a real WebRTC viewer.
type watcher struct {
	t        *testing.T
	pc       *webrtc.PeerConnection
	location *url.URL
	pictures chan got
	ssrc     chan uint32
}

// watch opens a session as the WHEP draft says, with a token for this camera.
func (r *liveRig) watch(every int) *watcher {
	r.t.Helper()
	w := &watcher{t: r.t, pictures: make(chan got, 4096), ssrc: make(chan uint32, 1)}
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		r.t.Fatal(err)
	}
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		r.t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		r.t.Fatal(err)
	}
	set := webrtc.SettingEngine{LoggerFactory: pionLogs{slog.New(slog.DiscardHandler)}}
	set.SetIncludeLoopbackCandidate(true)
	set.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: pionLogs{slog.New(slog.DiscardHandler)}.NewLogger("ice"), UDPConn: &lossy{PacketConn: conn, every: every}}))
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(set))
	if w.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { w.pc.Close(); conn.Close() })
	if _, err := w.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		r.t.Fatal(err)
	}
	began := time.Now()
	w.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		w.ssrc <- uint32(track.SSRC())
		w.read(track, began)
	})
	offer, err := w.pc.CreateOffer(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(w.pc)
	if err := w.pc.SetLocalDescription(offer); err != nil {
		r.t.Fatal(err)
	}
	<-gathered
	endpoint := r.url + "/whep/cam1?token=" + SignViewer("box-token", "cam1", time.Now().Add(time.Minute))
	resp, err := http.Post(endpoint, "application/sdp", strings.NewReader(w.pc.LocalDescription().SDP))
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusCreated {
		r.t.Fatalf("offer: %d %s %v", resp.StatusCode, b, err)
	}
	if w.location, err = resp.Request.URL.Parse(resp.Header.Get("Location")); err != nil {
		r.t.Fatal(err)
	}
	if err := w.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(b)}); err != nil {
		r.t.Fatal(err)
	}
	return w
}

// read puts packets in order, waiting up to a second for one that is missing,
// and tells of each picture whether all of it came.
func (w *watcher) read(track *webrtc.TrackRemote, began time.Time) {
	packets := map[uint16]*rtp.Packet{}
	var next uint16
	started, broken, key := false, false, false
	var missing time.Time
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if !started {
			started, next = true, p.SequenceNumber
		}
		packets[p.SequenceNumber] = p
		for len(packets) > 0 {
			q := packets[next]
			if q == nil {
				if missing.IsZero() {
					missing = time.Now()
				}
				if time.Since(missing) < time.Second {
					break
				}
				broken = true
				next++
				continue
			}
			missing = time.Time{}
			delete(packets, next)
			next++
			d := codecs.H264Packet{}
			if b, err := d.Unmarshal(q.Payload); err != nil {
				broken = true
			} else if len(b) > 4 && b[4]&0x1f == 7 {
				key = true
			} else if len(q.Payload) > 1 && q.Payload[0]&0x1f == 24 && q.Payload[3]&0x1f == 7 {
				key = true
			}
			if q.Marker {
				w.pictures <- got{ticks: q.Timestamp, key: key, whole: !broken, after: time.Since(began)}
				broken, key = false, false
			}
		}
	}
}

func (w *watcher) next() got {
	w.t.Helper()
	select {
	case g := <-w.pictures:
		return g
	case <-time.After(10 * time.Second):
		w.t.Fatal("no picture within 10 s")
		return got{}
	}
}

// follow takes n pictures that must be whole and of rising times.
func (w *watcher) follow(n int, last got) got {
	w.t.Helper()
	for range n {
		g := w.next()
		if !g.whole {
			w.t.Fatal("a picture came broken")
		}
		if int32(g.ticks-last.ticks) <= 0 {
			w.t.Fatalf("time went from %d to %d", last.ticks, g.ticks)
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
		if !first.key || !first.whole {
			t.Fatalf("the first picture is %+v", first)
		}
		slowest = max(slowest, first.after)
		last := w.follow(15, first)
		if late := time.Duration(last.ticks-first.ticks) * time.Second / videoClock; late > 1900*time.Millisecond {
			t.Errorf("15 pictures later time is %v on", late)
		}
	}
	if slowest > 500*time.Millisecond {
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
	if !first.key || !first.whole {
		t.Fatalf("the first picture is %+v", first)
	}
	w.follow(60, first)
}

func TestViewerWhoLostThePictureGetsItAgain(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	w := r.watch(0)
	ssrc := <-w.ssrc
	last := w.follow(3, w.next())
	for !last.key { // right after a keyframe the next one is far
		last = w.follow(1, last)
	}
	last = w.follow(3, last)
	if err := w.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}}); err != nil {
		t.Fatal(err)
	}
	before := last
	for range 3 {
		if last = w.follow(1, last); last.key {
			break
		}
	}
	if !last.key || last.ticks-before.ticks > videoClock/4 {
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
			if int32(g.ticks-last.ticks) <= 0 || !g.whole {
				t.Fatalf("%+v follows %+v", g, last)
			}
			again := g.ticks-last.ticks > videoClock/2
			last = g
			return again
		default:
			return false
		}
	})
	if !last.key {
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
		req, err := http.NewRequest(http.MethodDelete, w.location.String(), nil)
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

func TestViewersWhoVanishAreForgotten(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	for range 3 {
		w := r.watch(0)
		w.next()
		// The socket goes first: no goodbye reaches the server.
		if err := w.pc.SCTP().Transport().ICETransport().Stop(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, 30*time.Second, "nobody is left", func() bool { return r.service.live.Viewers("cam1") == 0 })
}

func TestSlowViewerGoesOnAtAKeyframeAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s, err := newLiveStream("cam1")
	if err != nil {
		t.Fatal(err)
	}
	v := newViewer("x", s, newLiveMetrics(), slog.New(slog.DiscardHandler))
	s.join(v)
	units := testClip(t)
	began := time.Now()
	for k := range 200 {
		if err := s.push(&Unit{NALs: units[k%len(units)], Key: k%testGOP == 0, T: time.Duration(k) * 100 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("200 pictures took %v", took)
	}
	if len(v.queue) != viewerQueue {
		t.Errorf("%d wait", len(v.queue))
	}
	if gop := s.gop; len(gop) != testGOP || !gop[0].key {
		t.Errorf("%d pictures in the last GOP", len(gop))
	}
}

func TestOfferThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	r := newLiveRig(t)
	good := SignViewer("box-token", "cam1", time.Now().Add(time.Minute))
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
		"expired token":      {"cam1", "application/sdp", "", SignViewer("box-token", "cam1", time.Now().Add(-time.Second)), 401},
		"another camera's":   {"cam1", "application/sdp", "", SignViewer("box-token", "cam2", time.Now().Add(time.Minute)), 401},
		"another box's":      {"cam1", "application/sdp", "", SignViewer("other", "cam1", time.Now().Add(time.Minute)), 401},
		"lengthened in time": {"cam1", "application/sdp", "", "zzzzzzz." + strings.SplitN(good, ".", 2)[1], 401},
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
		req, err := http.NewRequest(http.MethodPatch, w.location.String(), strings.NewReader(body))
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

func TestConfiguredHostsAreOffered(t *testing.T) {
	t.Parallel()
	l, err := NewLive(LiveConfig{Listen: "127.0.0.1:0", Hosts: []string{"192.0.2.7"}}, newLiveMetrics(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answer := l.withHosts("v=0\r\na=candidate:1 1 udp 5 127.0.0.1 1 typ host\r\na=end-of-candidates\r\n")
	want := fmt.Sprintf("a=candidate:host0 1 udp 2130706431 192.0.2.7 %d typ host\r\na=candidate:1 ", l.conn.LocalAddr().(*net.UDPAddr).Port)
	if !strings.Contains(answer, want) {
		t.Errorf("answer %q", answer)
	}
	if _, err := NewLive(LiveConfig{Listen: "127.0.0.1:0", Hosts: []string{"no host"}}, newLiveMetrics(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a host that is none was taken")
	}
}

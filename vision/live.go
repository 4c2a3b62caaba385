package vision

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v3"

	"github.com/packroom/packroom/room"
)

// LiveConfig says where viewers are served.
type LiveConfig struct {
	// Listen is the UDP address of every viewer's media: one port to open.
	Listen string
	// Hosts are IP addresses or names that are offered besides the machine's own,
	// for when it is reached through port forwarding.
	Hosts []string
	// MostViewers of one camera; 0 = 100.
	MostViewers int
}

const (
	viewerSetup      = 15 * time.Second // from the offer to the connection
	viewerSilent     = 5 * time.Second  // until a viewer counts as disconnected
	viewerGone       = 10 * time.Second // after that, until it is given up
	offerMost        = 1 << 16          // bytes
	videoClock       = 90000
	firstPayloadType = 96
)

// Live shows cameras to viewers over WebRTC, without coding anything anew. It
// is the only part that knows the WebRTC library. Safe for concurrent use.
type Live struct {
	cfg     LiveConfig
	log     *slog.Logger
	api     *webrtc.API
	conn    *net.UDPConn
	mux     ice.UDPMux
	hosts   []string
	metrics *liveMetrics
	wg      sync.WaitGroup // viewers

	mu      sync.Mutex
	streams map[string]*liveStream
	viewers map[string]*viewer // by session
	closed  bool
}

// NewLive opens the UDP port.
func NewLive(cfg LiveConfig, m *liveMetrics, log *slog.Logger) (*Live, error) {
	if cfg.MostViewers == 0 {
		cfg.MostViewers = 100
	}
	addr, err := net.ResolveUDPAddr("udp4", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("live view: listen on %q: %w", cfg.Listen, err)
	}
	hosts, err := resolveHosts(cfg.Hosts)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", addr)
	if err != nil {
		return nil, fmt.Errorf("live view: %w", err)
	}
	// Room for a keyframe to every viewer at once; the kernel may grant less.
	_ = conn.SetWriteBuffer(4 << 20)
	logs := pionLogs{log}
	mux := webrtc.NewICEUDPMux(logs.NewLogger("ice"), conn)
	api, err := newAPI(mux, logs)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("live view: %w", err), mux.Close(), conn.Close())
	}
	return &Live{cfg: cfg, log: log, api: api, conn: conn, mux: mux, hosts: hosts, metrics: m,
		streams: map[string]*liveStream{}, viewers: map[string]*viewer{}}, nil
}

func resolveHosts(names []string) (ips []string, err error) {
	for _, name := range names {
		a, err := net.ResolveIPAddr("ip4", name)
		if err != nil {
			return nil, fmt.Errorf("live view: host %q: %w", name, err)
		}
		ips = append(ips, a.IP.String())
	}
	return ips, nil
}

// newAPI sets WebRTC up: H264 only, ICE lite (viewers find us, we find nobody),
// our own retransmissions.
func newAPI(mux ice.UDPMux, logs pionLogs) (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	for i, profile := range []string{"42001f", "42e01f", "4d001f", "64001f"} {
		err := media.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: videoClock,
				SDPFmtpLine:  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile,
				RTCPFeedback: feedback},
			PayloadType: webrtc.PayloadType(firstPayloadType + i)}, webrtc.RTPCodecTypeVideo)
		if err != nil {
			return nil, err
		}
	}
	reports, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	interceptors := &interceptor.Registry{}
	interceptors.Add(reports)
	set := webrtc.SettingEngine{LoggerFactory: logs}
	set.SetICEUDPMux(mux)
	set.SetLite(true)
	set.SetIncludeLoopbackCandidate(true)
	set.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetICETimeouts(viewerSilent, viewerGone, 2*time.Second)
	if err := set.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(set)), nil
}

// Serve makes a camera visible until ctx ends. Viewers stay through the
// camera's absences.
func (l *Live) Serve(ctx context.Context, camera *Camera) {
	s, err := newLiveStream(camera.ID())
	if err != nil {
		l.log.Error("live view does not work", "camera", camera.ID(), "err", err)
		return
	}
	l.mu.Lock()
	l.streams[camera.ID()] = s
	l.mu.Unlock()
	in := camera.Subscribe(64)
	defer in.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case u := <-in.Units():
			if err := s.push(u); err != nil {
				l.log.Debug("a picture can't be sent", "camera", camera.ID(), "err", err)
			}
		}
	}
}

// Viewers is how many watch a camera.
func (l *Live) Viewers(camera string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range l.viewers {
		if v.stream.camera == camera {
			n++
		}
	}
	return n
}

// Offer answers a viewer's SDP offer. An offer that can't be used is
// room.ErrInvalid; too many viewers are room.ErrUnavailable.
func (l *Live) Offer(camera, offer string) (session, answer string, err error) {
	if !strings.Contains(offer, "m=video") || !strings.Contains(strings.ToUpper(offer), "H264/90000") {
		return "", "", fmt.Errorf("live view: %w: the offer is no SDP with H264 video", room.ErrInvalid)
	}
	v, err := l.admit(camera)
	if err != nil {
		return "", "", err
	}
	answer, err = v.negotiate(l.api, offer)
	if err != nil {
		l.end(v)
		return "", "", fmt.Errorf("live view: %w: %v", room.ErrInvalid, err)
	}
	return v.session, l.withHosts(answer), nil
}

// admit makes a viewer and counts it.
func (l *Live) admit(camera string) (*viewer, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	session := hex.EncodeToString(id[:])
	n := l.Viewers(camera)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[camera]
	switch {
	case l.closed:
		return nil, fmt.Errorf("live view: %w: it is being shut down", room.ErrUnavailable)
	case s == nil:
		return nil, fmt.Errorf("live view: camera %q: %w", camera, room.ErrNotFound)
	case n >= l.cfg.MostViewers:
		return nil, fmt.Errorf("live view: camera %s: %w: %d watch it already", camera, room.ErrUnavailable, n)
	}
	v := newViewer(session, s, l.metrics, l.log)
	v.ended = func() { l.end(v) }
	l.viewers[session] = v
	l.metrics.viewers.WithLabelValues(camera).Inc()
	return v, nil
}

// withHosts adds candidates for the configured hosts to an answer.
func (l *Live) withHosts(answer string) string {
	if len(l.hosts) == 0 {
		return answer
	}
	port := l.conn.LocalAddr().(*net.UDPAddr).Port
	var lines strings.Builder
	for i, ip := range l.hosts {
		fmt.Fprintf(&lines, "a=candidate:host%d 1 udp %d %s %d typ host\r\n", i, 2130706431-i, ip, port)
	}
	at := strings.Index(answer, "a=candidate:")
	if at < 0 {
		return answer + lines.String()
	}
	return answer[:at] + lines.String() + answer[at:]
}

func (l *Live) viewer(camera, session string) (*viewer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := l.viewers[session]; v != nil && v.stream.camera == camera {
		return v, nil
	}
	return nil, fmt.Errorf("live view: session: %w", room.ErrNotFound)
}

// Trickle adds a viewer's later candidates, as lines of an SDP fragment. A
// restart of ICE is room.ErrInvalid: the viewer makes a new session.
func (l *Live) Trickle(camera, session, fragment string) error {
	v, err := l.viewer(camera, session)
	if err != nil {
		return err
	}
	return v.trickle(fragment)
}

// End ends a viewer's session.
func (l *Live) End(camera, session string) error {
	v, err := l.viewer(camera, session)
	if err != nil {
		return err
	}
	l.end(v)
	return nil
}

// end forgets a viewer and closes its connection, once.
func (l *Live) end(v *viewer) {
	l.mu.Lock()
	_, known := l.viewers[v.session]
	delete(l.viewers, v.session)
	if known {
		l.wg.Add(1)
		l.metrics.viewers.WithLabelValues(v.stream.camera).Dec()
	}
	l.mu.Unlock()
	if !known {
		return
	}
	go func() { // the library calls us from where closing it would wait for itself
		defer l.wg.Done()
		v.close()
	}()
}

// Close sends every viewer away and frees the port.
func (l *Live) Close() error {
	l.mu.Lock()
	l.closed = true
	all := make([]*viewer, 0, len(l.viewers))
	for _, v := range l.viewers {
		all = append(all, v)
	}
	l.mu.Unlock()
	for _, v := range all {
		l.end(v)
	}
	l.wg.Wait()
	if err := errors.Join(l.mux.Close(), ignoreClosed(l.conn.Close())); err != nil {
		return fmt.Errorf("live view: %w", err)
	}
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

package vision

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision/webrtc"
)

// LiveConfig says where viewers are served.
type LiveConfig struct {
	// Listen is the address of every viewer's media: one port to open, of UDP and,
	// for viewers that UDP does not reach, of TCP.
	Listen string
	// Hosts are IP addresses or names that are offered besides the machine's own,
	// for when it is reached through port forwarding.
	Hosts []string
	// ICE are STUN and TURN servers, for viewers and for this machine.
	ICE ICEServers
	// MostViewers of one camera; 0 = 100.
	MostViewers int
}

const (
	viewerSetup = 15 * time.Second // from the offer to the connection
	offerMost   = 1 << 16          // bytes
	videoClock  = 90000
)

// streamName is one stream of one camera.
type streamName struct {
	camera string
	sub    bool // the small one
}

// Live shows cameras to viewers over WebRTC, without coding anything anew. Safe
// for concurrent use.
type Live struct {
	cfg     LiveConfig
	log     *slog.Logger
	server  *webrtc.Server
	metrics *liveMetrics
	wg      sync.WaitGroup // viewers that are being closed

	mu      sync.Mutex
	streams map[streamName]*liveStream
	viewers map[string]*viewer // by session
	closed  bool
}

// NewLive opens the port.
func NewLive(cfg LiveConfig, m *liveMetrics, log *slog.Logger) (*Live, error) {
	if cfg.MostViewers == 0 {
		cfg.MostViewers = 100
	}
	servers := cfg.ICE.For("packroom", time.Now().Add(iceOwnTTL))
	server, err := webrtc.Listen(webrtc.Config{Listen: cfg.Listen, Hosts: cfg.Hosts, Servers: servers, Log: log})
	if err != nil {
		return nil, fmt.Errorf("live view: %w", err)
	}
	return &Live{cfg: cfg, log: log, server: server, metrics: m,
		streams: map[streamName]*liveStream{}, viewers: map[string]*viewer{}}, nil
}

// Serve makes a camera visible until ctx ends. Viewers stay through the
// camera's absences.
func (l *Live) Serve(ctx context.Context, camera *Camera) {
	name := streamName{camera.ID(), camera.sub}
	s, err := newLiveStream(name)
	if err != nil {
		l.log.Error("live view does not work", "camera", camera.ID(), "err", err)
		return
	}
	l.mu.Lock()
	l.streams[name] = s
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
	return l.count(camera)
}

// count is Viewers; l.mu is held.
func (l *Live) count(camera string) (n int) {
	for _, v := range l.viewers {
		if v.stream.name.camera == camera {
			n++
		}
	}
	return n
}

// Offer answers a viewer's SDP offer. sub asks for the small stream; a viewer gets
// the other one where the one asked for shows nothing. An offer that can't be used is
// room.ErrInvalid; too many viewers are room.ErrUnavailable.
func (l *Live) Offer(camera string, sub bool, offer string) (session, answer string, err error) {
	if !strings.Contains(offer, "m=video") || !strings.Contains(strings.ToUpper(offer), "H264/90000") {
		return "", "", fmt.Errorf("live view: %w: the offer is no SDP with H264 video", room.ErrInvalid)
	}
	v, err := l.admit(camera, sub)
	if err != nil {
		return "", "", err
	}
	peer, answer, err := l.server.Answer(offer, camera, v)
	if err != nil {
		l.end(v)
		return "", "", fmt.Errorf("live view: %w: %v", room.ErrInvalid, err)
	}
	if !v.attach(peer) { // it was ended meanwhile
		return "", "", errors.Join(fmt.Errorf("live view: %w: it is being shut down", room.ErrUnavailable), peer.Close())
	}
	return v.session, answer, nil
}

// admit makes a viewer and counts it.
func (l *Live) admit(camera string, sub bool) (*viewer, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	l.mu.Lock()
	defer l.mu.Unlock()
	s, n := l.stream(camera, sub), l.count(camera)
	switch {
	case l.closed:
		return nil, fmt.Errorf("live view: %w: it is being shut down", room.ErrUnavailable)
	case s == nil:
		return nil, fmt.Errorf("live view: camera %q: %w", camera, room.ErrNotFound)
	case n >= l.cfg.MostViewers:
		return nil, fmt.Errorf("live view: camera %s: %w: %d watch it already", camera, room.ErrUnavailable, n)
	}
	v := newViewer(hex.EncodeToString(id[:]), s, l.metrics, l.log)
	v.ended = func() { l.end(v) }
	v.setup = time.AfterFunc(viewerSetup, v.ended)
	l.viewers[v.session] = v
	l.metrics.viewers.WithLabelValues(camera).Inc()
	return v, nil
}

// stream is the one that is asked for, or the camera's other one where that shows
// nothing: there is none, or what the camera sends can't be shown. l.mu is held.
func (l *Live) stream(camera string, sub bool) *liveStream {
	asked, other := l.streams[streamName{camera, sub}], l.streams[streamName{camera, !sub}]
	if asked == nil || other != nil && !asked.shows() && other.shows() {
		return other
	}
	return asked
}

func (l *Live) viewer(camera, session string) (*viewer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := l.viewers[session]; v != nil && v.stream.name.camera == camera {
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
	if err := v.trickle(fragment); err != nil {
		return fmt.Errorf("live view: %w: %v", room.ErrInvalid, err)
	}
	return nil
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
		l.metrics.viewers.WithLabelValues(v.stream.name.camera).Dec()
	}
	l.mu.Unlock()
	if !known {
		return
	}
	go func() { // the peer calls us from where closing it would wait for itself
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
	if err := l.server.Close(); err != nil {
		return fmt.Errorf("live view: %w", err)
	}
	return nil
}

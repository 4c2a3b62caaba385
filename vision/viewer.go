package vision

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"

	"github.com/packroom/packroom/room"
)

const (
	replayStep  = 90                   // ticks between replayed pictures: 1 ms, decoded at once
	replayRate  = 6000                 // packets a second: a lost one is asked for before the viewer's buffer is full
	refreshGap  = time.Second          // between replays that a viewer asks for
	sentPackets = 4096                 // packets of a viewer that can be sent again
	resendMost  = 512                  // packets sent again for one message of a viewer's
	shortPause  = 2 * time.Millisecond // pauses shorter than this are saved up
)

// viewer is one WebRTC connection that watches one camera.
type viewer struct {
	session string
	stream  *liveStream
	metrics *liveMetrics
	log     *slog.Logger
	ended   func()
	queue   chan *picture
	refresh chan struct{} // the viewer lost its picture
	done    chan struct{}
	stop    func()
	wg      sync.WaitGroup
	began   time.Time

	pc    *webrtc.PeerConnection
	start sync.Once
	setup *time.Timer

	mu   sync.Mutex
	w    webrtc.TrackLocalWriter
	ssrc uint32
	pt   uint8
	seq  uint16
	sent [sentPackets]sentPacket // by sequence number
	last uint32                  // ticks of the newest picture
	any  bool                    // something was sent
}

// sentPacket remembers what a viewer's sequence number stood for: a packet sent
// again must be the same to the bit, since SRTP's keystream is.
type sentPacket struct {
	number uint64
	ticks  uint32
	seq    uint16
	used   bool
}

func newViewer(session string, s *liveStream, m *liveMetrics, log *slog.Logger) *viewer {
	done := make(chan struct{})
	return &viewer{session: session, stream: s, metrics: m, log: log.With("camera", s.camera),
		queue: make(chan *picture, viewerQueue), refresh: make(chan struct{}, 1),
		done: done, stop: sync.OnceFunc(func() { close(done) }), began: time.Now()}
}

var _ webrtc.TrackLocal = (*viewer)(nil)

// Bind implements webrtc.TrackLocal: the connection is made.
func (v *viewer) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, p := range c.CodecParameters() {
		if strings.EqualFold(p.MimeType, webrtc.MimeTypeH264) && strings.Contains(p.SDPFmtpLine, "packetization-mode=1") {
			v.mu.Lock()
			v.w, v.ssrc, v.pt = c.WriteStream(), uint32(c.SSRC()), uint8(p.PayloadType)
			v.mu.Unlock()
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind implements webrtc.TrackLocal.
func (v *viewer) Unbind(webrtc.TrackLocalContext) error {
	v.mu.Lock()
	v.w = nil
	v.mu.Unlock()
	return nil
}

// ID implements webrtc.TrackLocal.
func (v *viewer) ID() string { return "video" }

// RID implements webrtc.TrackLocal.
func (v *viewer) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (v *viewer) StreamID() string { return v.stream.camera }

// Kind implements webrtc.TrackLocal.
func (v *viewer) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeVideo }

// negotiate answers the offer; pictures flow once the connection is made.
func (v *viewer) negotiate(api *webrtc.API, offer string) (answer string, err error) {
	if v.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return "", err
	}
	sender, err := v.pc.AddTrack(v)
	if err != nil {
		return "", err
	}
	v.setup = time.AfterFunc(viewerSetup, v.ended)
	v.pc.OnConnectionStateChange(v.changed)
	v.wg.Go(func() { v.listen(sender) })
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	a, err := v.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(v.pc)
	if err := v.pc.SetLocalDescription(a); err != nil {
		return "", err
	}
	<-gathered // at once: our candidates are known
	return v.pc.LocalDescription().SDP, nil
}

func (v *viewer) changed(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		v.setup.Stop()
		v.start.Do(func() { v.wg.Go(v.run) })
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		v.ended()
	}
}

// close ends the connection and waits for its goroutines.
func (v *viewer) close() {
	v.stop()
	v.start.Do(func() {}) // it will not begin any more
	if v.setup != nil {
		v.setup.Stop()
	}
	if v.pc != nil {
		if err := v.pc.Close(); err != nil {
			v.log.Debug("close a viewer's connection", "err", err)
		}
	}
	v.wg.Wait()
}

// trickle adds candidates of an SDP fragment (RFC 8840).
func (v *viewer) trickle(fragment string) error {
	remote := v.pc.RemoteDescription()
	for line := range strings.Lines(fragment) {
		line = strings.TrimRight(line, "\r\n")
		if ufrag, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok && remote != nil && !strings.Contains(remote.SDP, "a=ice-ufrag:"+ufrag) {
			return fmt.Errorf("live view: %w: ICE can't be restarted; make a new session", room.ErrInvalid)
		}
		c, ok := strings.CutPrefix(line, "a=candidate:")
		if !ok {
			continue
		}
		if err := v.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: "candidate:" + c}); err != nil {
			return fmt.Errorf("live view: %w: %v", room.ErrInvalid, err)
		}
	}
	return nil
}

// run sends pictures until the viewer is done.
func (v *viewer) run() {
	gop := v.stream.join(v)
	defer v.stream.leave(v)
	var next uint64 // picture
	whole := len(gop) > 0
	if whole {
		last := gop[len(gop)-1]
		next = last.number + 1
		v.replay(gop, last.ticks-replayStep*uint32(len(gop)-1), replayStep)
	}
	wanted := false
	var refreshed time.Time
	for {
		select {
		case <-v.done:
			return
		case <-v.refresh:
			wanted = true
		case p := <-v.queue:
			if p.number < next {
				continue // was in a replay
			}
			if p.number != next && whole {
				whole = false
				v.metrics.dropped.WithLabelValues(v.stream.camera).Inc()
			}
			next = p.number + 1
			switch {
			case p.key:
				whole, wanted = true, false
				v.send(p, p.ticks)
			case wanted && time.Since(refreshed) >= refreshGap && v.again(p):
				whole, wanted, refreshed = true, false, time.Now()
			case whole:
				v.send(p, p.ticks)
			}
		}
	}
}

// again replays what decodes to p, between the last picture sent and p. It
// reports false where that can't be: then the next keyframe mends the picture.
func (v *viewer) again(p *picture) bool {
	gop := v.stream.until(p)
	v.mu.Lock()
	gap := p.ticks - v.last
	v.mu.Unlock()
	n := uint32(len(gop))
	if n == 0 || gap < n {
		return false
	}
	step := min(replayStep, gap/n)
	v.metrics.replays.WithLabelValues(v.stream.camera).Inc()
	v.replay(gop, p.ticks-step*(n-1), step)
	return true
}

// replay sends pictures whose times are step apart, paced, until the viewer is
// done.
func (v *viewer) replay(gop []*picture, ticks, step uint32) {
	var debt time.Duration
	for i, p := range gop {
		v.send(p, ticks+step*uint32(i))
		debt += time.Duration(len(p.packets)) * time.Second / replayRate
		if debt < shortPause || i == len(gop)-1 {
			continue
		}
		began := time.Now()
		select {
		case <-v.done:
			return
		case <-time.After(debt):
		}
		debt -= time.Since(began)
	}
}

// send writes one picture at the given time.
func (v *viewer) send(p *picture, ticks uint32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.w == nil {
		return
	}
	for i, q := range p.packets {
		v.sent[v.seq%sentPackets] = sentPacket{number: p.first + uint64(i), ticks: ticks, seq: v.seq, used: true}
		v.write(q, v.seq, ticks)
		v.seq++
	}
	v.last = ticks
	if !v.any {
		v.any = true
		v.metrics.firstPicture.Observe(time.Since(v.began).Seconds())
	}
}

// write sends one packet; v.mu is held. An error means that the connection is
// going, which its state tells.
func (v *viewer) write(q packet, seq uint16, ticks uint32) {
	h := rtp.Header{Version: 2, Marker: q.marker, PayloadType: v.pt, SequenceNumber: seq, Timestamp: ticks, SSRC: v.ssrc}
	if _, err := v.w.WriteRTP(&h, q.payload); err != nil {
		v.metrics.writeErrors.Inc()
	}
}

// listen takes the viewer's reports until the connection is closed.
func (v *viewer) listen(s *webrtc.RTPSender) {
	for {
		messages, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, m := range messages {
			switch m := m.(type) {
			case *rtcp.TransportLayerNack:
				v.resend(m)
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				v.metrics.refreshes.WithLabelValues(v.stream.camera).Inc()
				select {
				case v.refresh <- struct{}{}:
				default:
				}
			case *rtcp.ReceiverReport:
				for _, r := range m.Reports {
					v.metrics.loss.Observe(float64(r.FractionLost) / 256)
				}
			}
		}
	}
}

// resend answers a NACK from the stream's ring.
func (v *viewer) resend(m *rtcp.TransportLayerNack) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.w == nil {
		return
	}
	left := resendMost
	for _, pair := range m.Nacks {
		pair.Range(func(seq uint16) bool {
			was := v.sent[seq%sentPackets]
			q, ok := v.stream.packet(was.number)
			if !was.used || was.seq != seq || !ok {
				v.metrics.unrepaired.Inc()
				return true
			}
			v.write(q, seq, was.ticks)
			v.metrics.resent.Inc()
			left--
			return left > 0
		})
		if left <= 0 {
			return
		}
	}
}

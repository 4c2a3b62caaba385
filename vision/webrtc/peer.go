package webrtc

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v3"
)

// Packet is one RTP packet without what differs by viewer. Peers share it.
type Packet struct {
	Payload []byte
	Marker  bool
}

// Viewer is told what becomes of its Peer, from the peer's goroutines: none may
// be held up, and none may close the peer.
type Viewer interface {
	// Connected says that packets arrive from now on.
	Connected()
	// Gone says that the connection has ended or was never made. It may be said
	// more than once.
	Gone()
	// Lost names packets that the viewer asks for again.
	Lost(seqs []uint16)
	// Refresh says that the viewer needs a keyframe.
	Refresh()
	// Reported tells the share of packets lost on the way, 0..1.
	Reported(loss float64)
}

// ErrRestart refuses a viewer's wish to restart ICE: it makes a new session.
var ErrRestart = errors.New("ICE can't be restarted; make a new session")

// Peer is the connection to one viewer. Write and Flush are for one goroutine at
// a time; Trickle and Close for any.
type Peer struct {
	server *Server
	viewer Viewer
	pc     *pion.PeerConnection
	bound  atomic.Pointer[binding]
	wg     sync.WaitGroup
}

// binding is what the negotiation gave a peer.
type binding struct {
	w    pion.TrackLocalWriter
	ssrc uint32
	pt   uint8
}

// Answer answers a viewer's SDP offer. Packets flow once v is Connected.
func (s *Server) Answer(offer, stream string, v Viewer) (*Peer, string, error) {
	p := &Peer{server: s, viewer: v}
	answer, err := p.negotiate(offer, stream)
	if err != nil {
		return nil, "", errors.Join(err, p.Close())
	}
	return p, s.withHosts(answer), nil
}

func (p *Peer) negotiate(offer, stream string) (answer string, err error) {
	if p.pc, err = p.server.api.NewPeerConnection(p.server.cfg.connection()); err != nil {
		return "", err
	}
	sender, err := p.pc.AddTrack(&track{peer: p, stream: stream})
	if err != nil {
		return "", err
	}
	p.pc.OnConnectionStateChange(p.changed)
	p.wg.Go(func() { p.listen(sender) })
	if err := p.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	a, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := pion.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(a); err != nil {
		return "", err
	}
	select {
	case <-gathered: // at once, where our candidates are known
	case <-time.After(gathering): // what there is will do
	}
	return p.pc.LocalDescription().SDP, nil
}

func (p *Peer) changed(s pion.PeerConnectionState) {
	switch s {
	case pion.PeerConnectionStateConnected:
		p.viewer.Connected()
	case pion.PeerConnectionStateFailed, pion.PeerConnectionStateClosed:
		p.viewer.Gone()
	}
}

// Write hands one packet over. It may leave with the next Flush only. An error
// means that the connection is going, which the viewer is told.
func (p *Peer) Write(seq uint16, ticks uint32, q Packet) error {
	b := p.bound.Load()
	if b == nil {
		return nil
	}
	h := rtp.Header{Version: 2, Marker: q.Marker, PayloadType: b.pt, SequenceNumber: seq, Timestamp: ticks, SSRC: b.ssrc}
	_, err := b.w.WriteRTP(&h, q.Payload)
	return err
}

// Flush sends what Write has kept.
func (p *Peer) Flush() error {
	if b := p.bound.Load(); b != nil {
		return p.server.udp.flush(b.ssrc)
	}
	return nil
}

// listen takes the viewer's reports until the connection is closed.
func (p *Peer) listen(s *pion.RTPSender) {
	for {
		messages, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, m := range messages {
			switch m := m.(type) {
			case *rtcp.TransportLayerNack:
				var seqs []uint16
				for _, pair := range m.Nacks {
					seqs = append(seqs, pair.PacketList()...)
				}
				p.viewer.Lost(seqs)
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.viewer.Refresh()
			case *rtcp.ReceiverReport:
				for _, r := range m.Reports {
					p.viewer.Reported(float64(r.FractionLost) / 256)
				}
			}
		}
	}
}

// Trickle adds candidates of an SDP fragment (RFC 8840).
func (p *Peer) Trickle(fragment string) error {
	remote := p.pc.RemoteDescription()
	for line := range strings.Lines(fragment) {
		line = strings.TrimRight(line, "\r\n")
		if ufrag, ok := strings.CutPrefix(line, "a=ice-ufrag:"); ok && remote != nil && !strings.Contains(remote.SDP, "a=ice-ufrag:"+ufrag) {
			return ErrRestart
		}
		c, ok := strings.CutPrefix(line, "a=candidate:")
		if !ok {
			continue
		}
		if err := p.pc.AddICECandidate(pion.ICECandidateInit{Candidate: "candidate:" + c}); err != nil {
			return fmt.Errorf("candidate: %w", err)
		}
	}
	return nil
}

// Close ends the connection and waits for the peer's goroutines.
func (p *Peer) Close() error {
	if p.pc == nil {
		return nil
	}
	err := p.pc.Close()
	p.wg.Wait()
	return err
}

// track is a peer as the library's source of packets.
type track struct {
	peer   *Peer
	stream string
}

var _ pion.TrackLocal = (*track)(nil)

// Bind implements pion's TrackLocal: the connection is made.
func (t *track) Bind(c pion.TrackLocalContext) (pion.RTPCodecParameters, error) {
	for _, p := range c.CodecParameters() {
		if strings.EqualFold(p.MimeType, pion.MimeTypeH264) && strings.Contains(p.SDPFmtpLine, "packetization-mode=1") {
			ssrc := uint32(c.SSRC())
			t.peer.server.udp.join(ssrc)
			t.peer.bound.Store(&binding{w: c.WriteStream(), ssrc: ssrc, pt: uint8(p.PayloadType)})
			return p, nil
		}
	}
	return pion.RTPCodecParameters{}, pion.ErrUnsupportedCodec
}

// Unbind implements pion's TrackLocal.
func (t *track) Unbind(pion.TrackLocalContext) error {
	if b := t.peer.bound.Swap(nil); b != nil {
		t.peer.server.udp.leave(b.ssrc)
	}
	return nil
}

// ID implements pion's TrackLocal.
func (t *track) ID() string { return "video" }

// RID implements pion's TrackLocal.
func (t *track) RID() string { return "" }

// StreamID implements pion's TrackLocal.
func (t *track) StreamID() string { return t.stream }

// Kind implements pion's TrackLocal.
func (t *track) Kind() pion.RTPCodecType { return pion.RTPCodecTypeVideo }

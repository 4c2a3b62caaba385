package vision

import (
	"fmt"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"

	"github.com/packroom/packroom/vision/webrtc"
)

const (
	ringPackets = 4096 // kept for retransmission: 15 s at 2.5 Mbit/s
	gopPackets  = 3000 // replayed to a new viewer at most; below ringPackets, so that a replay can be repaired
	gopPictures = 480  // likewise; below sentPictures, for the same reason
	payloadMost = 1188 // bytes: with SRTP, UDP and IP below every tunnel's 1280
	viewerQueue = 64   // pictures that may wait for a viewer
)

// picture is one packetized unit. Viewers share it.
type picture struct {
	number  uint64 // counts up by one
	first   uint64 // number of its first packet
	packets []webrtc.Packet
	ticks   uint32 // 90 kHz
	key     bool
}

// liveStream packetizes a camera once for all viewers.
type liveStream struct {
	name    streamName
	encoder *rtph264.Encoder

	mu       sync.Mutex
	ring     [ringPackets]webrtc.Packet // by packet number
	packets  uint64                     // made so far
	pictures uint64
	gop      []*picture // from the newest keyframe on; the keyframe alone where that grew too long
	gopSize  int        // packets from the newest keyframe on
	broken   bool       // gop lacks pictures
	viewers  map[*viewer]struct{}
}

func newLiveStream(name streamName) (*liveStream, error) {
	e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: payloadMost, PacketizationMode: 1}
	if err := e.Init(); err != nil {
		return nil, fmt.Errorf("packetize: %w", err)
	}
	return &liveStream{name: name, encoder: e, viewers: map[*viewer]struct{}{}}, nil
}

// push packetizes a unit and hands it to the viewers; one whose queue is full
// goes without, and goes on at the next keyframe.
func (s *liveStream) push(u *Unit) error {
	made, err := s.encoder.Encode(u.NALs)
	if err != nil {
		return fmt.Errorf("packetize: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &picture{number: s.pictures, first: s.packets, packets: share(made), ticks: ticksOf(u.T), key: u.Key}
	s.pictures++
	for _, q := range p.packets {
		s.ring[s.packets%ringPackets] = q
		s.packets++
	}
	s.remember(p)
	for v := range s.viewers {
		v.offer(p)
	}
	return nil
}

// remember adds a picture to the newest GOP; s.mu is held.
func (s *liveStream) remember(p *picture) {
	switch {
	case p.key:
		s.gop, s.gopSize, s.broken = []*picture{p}, len(p.packets), false // viewers may still hold the old one
		return
	case len(s.gop) == 0 || s.broken:
		return
	}
	s.gopSize += len(p.packets)
	if s.gopSize > gopPackets || len(s.gop) == gopPictures {
		s.gop, s.broken = s.gop[:1:1], true
		return
	}
	s.gop = append(s.gop, p)
}

func share(made []*rtp.Packet) []webrtc.Packet {
	ps := make([]webrtc.Packet, len(made))
	for i, m := range made {
		ps[i] = webrtc.Packet{Payload: m.Payload, Marker: m.Marker}
	}
	return ps
}

// ticksOf is stream time on RTP's 90 kHz clock; it wraps.
func ticksOf(t time.Duration) uint32 {
	return uint32(uint64(t/time.Microsecond) * 9 / 100)
}

// join adds a viewer and gives it what to show at once: all that decodes to the
// present picture, or, where that is too much, the newest keyframe, which stands
// still until the next one. The queue goes on right after it.
func (s *liveStream) join(v *viewer) (gop []*picture, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.viewers[v] = struct{}{}
	return s.gop[:len(s.gop):len(s.gop)], len(s.gop) > 0 && !s.broken
}

// shows reports whether there is anything to show.
func (s *liveStream) shows() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.gop) > 0
}

func (s *liveStream) leave(v *viewer) {
	s.mu.Lock()
	delete(s.viewers, v)
	s.mu.Unlock()
}

// until gives what decodes to picture p; nothing where it is too long or p is
// of an older keyframe.
func (s *liveStream) until(p *picture) []*picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.gop) == 0 || s.broken || p.number < s.gop[0].number {
		return nil
	}
	n := int(p.number-s.gop[0].number) + 1
	return s.gop[:n:n]
}

// packet gives a packet by number while it is kept.
func (s *liveStream) packet(n uint64) (webrtc.Packet, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= s.packets || s.packets-n > ringPackets {
		return webrtc.Packet{}, false
	}
	return s.ring[n%ringPackets], true
}

package vision

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/packroom/packroom/vision/webrtc"
)

const (
	replayStep = 90 // ticks between replayed pictures: 1 ms, decoded at once
	// replayRate is how many packets a second a replay sends. 4000: browsers take
	// no packet that is 1024 behind the newest one (libwebrtc's SRTP window), so
	// that they have a quarter of a second to ask again for what they lost.
	replayRate = 4000
	// fragileLoss is the share of packets that a viewer asks for again from which
	// it gets each keyframe twice: a keyframe of 80 packets comes whole through
	// 1 % loss in 45 of 100 cases, twice in 99.
	fragileLoss  = 0.005
	refreshGap   = time.Second          // between replays that a viewer asks for
	sentPictures = 512                  // of a viewer, whose packets can be sent again: 20 s at 25 a second
	resendMost   = 512                  // packets sent again for one message of a viewer's
	shortPause   = 2 * time.Millisecond // pauses shorter than this are saved up
)

// sender is what a viewer needs of its connection.
type sender interface {
	Write(seq uint16, ticks uint32, q webrtc.Packet) error
	Flush() error
}

// viewer is one WebRTC connection that watches one camera.
type viewer struct {
	session string
	stream  *liveStream
	metrics *liveMetrics
	log     *slog.Logger
	ended   func()
	queue   chan *picture
	behind  atomic.Uint64 // number of the first picture after the last one that the queue had no room for
	refresh chan struct{} // the viewer lost its picture
	done    chan struct{}
	stop    func()
	wg      sync.WaitGroup
	began   time.Time
	start   sync.Once
	setup   *time.Timer

	mu     sync.Mutex
	peer   *webrtc.Peer
	out    sender // of peer; nil before it is attached
	closed bool
	seq    uint64                    // sequence numbers used so far; the low 16 bits are sent
	sent   [sentPictures]sentPicture // a ring
	count  int                       // pictures sent so far
	last   uint32                    // ticks of the newest picture
	since  uint64                    // seq at the newest keyframe
	asked  int                       // packets asked for again since then
}

// sentPicture remembers what a viewer's sequence numbers stood for: a packet
// sent again must be the same to the bit, since SRTP's keystream is.
type sentPicture struct {
	seq    uint64 // of its first packet
	number uint64 // of its first packet in the stream
	ticks  uint32
	n      int // packets
}

func newViewer(session string, s *liveStream, m *liveMetrics, log *slog.Logger) *viewer {
	done := make(chan struct{})
	return &viewer{session: session, stream: s, metrics: m, log: log.With("camera", s.name.camera),
		queue: make(chan *picture, viewerQueue), refresh: make(chan struct{}, 1),
		done: done, stop: sync.OnceFunc(func() { close(done) }), began: time.Now()}
}

var _ webrtc.Viewer = (*viewer)(nil)

// attach gives the viewer its connection; false where it was closed before.
func (v *viewer) attach(p *webrtc.Peer) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return false
	}
	v.peer, v.out = p, p
	return true
}

// Connected implements webrtc.Viewer: pictures flow.
func (v *viewer) Connected() {
	v.setup.Stop()
	v.start.Do(func() { v.wg.Go(v.run) })
}

// Gone implements webrtc.Viewer.
func (v *viewer) Gone() { v.ended() }

// Refresh implements webrtc.Viewer.
func (v *viewer) Refresh() {
	v.metrics.refreshes.WithLabelValues(v.stream.name.camera).Inc()
	select {
	case v.refresh <- struct{}{}:
	default:
	}
}

// Reported implements webrtc.Viewer.
func (v *viewer) Reported(loss float64) { v.metrics.loss.Observe(loss) }

// close ends the connection and waits for its goroutines.
func (v *viewer) close() {
	v.stop()
	v.start.Do(func() {}) // it will not begin any more
	if v.setup != nil {
		v.setup.Stop()
	}
	v.mu.Lock()
	v.closed = true
	peer := v.peer
	v.mu.Unlock()
	if peer != nil {
		if err := peer.Close(); err != nil {
			v.log.Debug("close a viewer's connection", "err", err)
		}
	}
	v.wg.Wait()
}

func (v *viewer) trickle(fragment string) error {
	v.mu.Lock()
	peer := v.peer
	v.mu.Unlock()
	if peer == nil {
		return nil // before its answer nobody knows the session
	}
	return peer.Trickle(fragment)
}

// offer queues a picture. What a full queue has no room for is left out, and
// what waits in it is too old by then; the stream's mutex is held.
func (v *viewer) offer(p *picture) {
	select {
	case v.queue <- p:
	default:
		v.behind.Store(p.number + 1)
	}
}

// run sends pictures until the viewer is done.
func (v *viewer) run() {
	gop, whole := v.stream.join(v)
	defer v.stream.leave(v)
	var next uint64 // picture
	if len(gop) > 0 {
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
			late := p.number < v.behind.Load()
			if p.number < next && !late {
				continue // was in a replay
			}
			if whole && (late || p.number != next) {
				whole = false
				v.metrics.dropped.WithLabelValues(v.stream.name.camera).Inc()
			}
			next = max(next, p.number+1)
			switch {
			case late: // on to what is new
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
	v.metrics.replays.WithLabelValues(v.stream.name.camera).Inc()
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
	if v.out == nil {
		return
	}
	v.sent[v.count%sentPictures] = sentPicture{seq: v.seq, number: p.first, ticks: ticks, n: len(p.packets)}
	v.count++
	for i, q := range p.packets {
		v.write(q, v.seq+uint64(i), ticks)
	}
	if p.key && v.fragile() {
		for i, q := range p.packets {
			v.write(q, v.seq+uint64(i), ticks)
		}
	}
	v.seq += uint64(len(p.packets))
	v.flush()
	v.last = ticks
	if v.count == 1 {
		v.metrics.firstPicture.Observe(time.Since(v.began).Seconds())
	}
}

// fragile tells at a keyframe whether this viewer's network loses packets; of
// one that has just come nothing is known, and the first picture counts most.
// v.mu is held.
func (v *viewer) fragile() bool {
	lossy := v.since == v.seq || float64(v.asked) > fragileLoss*float64(v.seq-v.since)
	v.since, v.asked = v.seq, 0
	return lossy
}

// write sends one packet; v.mu is held. An error means that the connection is
// going, which it tells.
func (v *viewer) write(q webrtc.Packet, seq uint64, ticks uint32) {
	if err := v.out.Write(uint16(seq), ticks, q); err != nil {
		v.metrics.writeErrors.Inc()
	}
}

func (v *viewer) flush() {
	if err := v.out.Flush(); err != nil {
		v.metrics.writeErrors.Inc()
	}
}

// Lost implements webrtc.Viewer: it answers from the stream's ring.
func (v *viewer) Lost(seqs []uint16) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.out == nil {
		return
	}
	defer v.flush()
	v.asked += len(seqs)
	for _, low := range seqs[:min(len(seqs), resendMost)] {
		seq := v.seq - uint64(uint16(v.seq)-low) // the newest with these low bits
		number, ticks, known := v.lookup(seq)
		q, kept := v.stream.packet(number)
		if !known || !kept {
			v.metrics.unrepaired.Inc()
			continue
		}
		v.write(q, seq, ticks)
		v.metrics.resent.Inc()
	}
}

// lookup finds what a sequence number stood for, from the newest picture back;
// v.mu is held.
func (v *viewer) lookup(seq uint64) (number uint64, ticks uint32, ok bool) {
	for i := v.count - 1; i >= 0 && i >= v.count-sentPictures; i-- {
		s := v.sent[i%sentPictures]
		if seq >= s.seq {
			return s.number + seq - s.seq, s.ticks, seq < s.seq+uint64(s.n)
		}
	}
	return 0, 0, false
}

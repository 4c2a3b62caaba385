package webrtc

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

const (
	runPackets = 48    // of one system call; Linux takes 64
	runBytes   = 60000 // of one system call; an IP packet's length has 16 bits
)

// batcher is the UDP socket of all viewers. Media of a viewer that has joined is
// gathered to runs of packets of one size, which the kernel cuts again, until it
// is flushed; all else is sent at once. A viewer is known by its SSRC, which
// SRTP leaves in clear.
type batcher struct {
	*net.UDPConn
	runs    sync.Map    // SSRC -> *run
	segment atomic.Bool // the kernel cuts
	pool    sync.Pool   // of *[]byte for runs
}

// run is what waits for one viewer. One goroutine at a time uses it.
type run struct {
	buf  *[]byte // nil = empty
	to   netip.AddrPort
	size int // of each packet but the last, which may be smaller
	n    int
	last int // size of the last one
}

func newBatcher(conn *net.UDPConn) *batcher {
	b := &batcher{UDPConn: conn}
	b.segment.Store(canSegment(conn))
	b.pool.New = func() any { buf := make([]byte, 0, runBytes); return &buf }
	return b
}

func (b *batcher) join(ssrc uint32) { b.runs.Store(ssrc, &run{}) }

func (b *batcher) leave(ssrc uint32) { b.runs.Delete(ssrc) }

// WriteTo implements net.PacketConn.
func (b *batcher) WriteTo(p []byte, a net.Addr) (int, error) {
	udp, ok := a.(*net.UDPAddr)
	if !ok || !b.segment.Load() || !isMedia(p) || len(p) > runBytes {
		return b.UDPConn.WriteTo(p, a)
	}
	v, ok := b.runs.Load(binary.BigEndian.Uint32(p[8:]))
	if !ok {
		return b.UDPConn.WriteTo(p, a)
	}
	r, to := v.(*run), netip.AddrPortFrom(udp.AddrPort().Addr().Unmap(), uint16(udp.Port))
	var err error
	if r.buf != nil && !r.takes(len(p), to) {
		err = b.send(r)
	}
	if r.buf == nil {
		r.buf = b.pool.Get().(*[]byte)
		r.to, r.size, r.n = to, len(p), 0
	}
	*r.buf = append(*r.buf, p...)
	r.n++
	r.last = len(p)
	return len(p), err
}

// takes reports whether a packet can be cut off a run.
func (r *run) takes(size int, to netip.AddrPort) bool {
	return r.to == to && r.last == r.size && size <= r.size && r.n < runPackets && len(*r.buf)+size <= runBytes
}

// isMedia tells SRTP from SRTCP, DTLS and STUN (RFC 7983, RFC 5761).
func isMedia(p []byte) bool {
	return len(p) >= 12 && p[0]>>6 == 2 && (p[1] < 192 || p[1] > 223)
}

// flush sends what waits for a viewer.
func (b *batcher) flush(ssrc uint32) error {
	v, ok := b.runs.Load(ssrc)
	if !ok {
		return nil
	}
	r := v.(*run)
	if r.buf == nil {
		return nil
	}
	return b.send(r)
}

// send sends a run and empties it. Where the kernel or the network card refuses
// to cut, packets go one by one, from then on all.
func (b *batcher) send(r *run) error {
	buf := *r.buf
	defer func() {
		*r.buf = buf[:0]
		b.pool.Put(r.buf)
		r.buf = nil
	}()
	if r.n == 1 {
		_, err := b.WriteToUDPAddrPort(buf, r.to)
		return err
	}
	if b.segment.Load() {
		err := writeSegments(b.UDPConn, buf, r.size, r.to)
		if err == nil {
			return nil
		}
		if refusesSegments(err) {
			b.segment.Store(false)
		}
	}
	var failed error
	for rest := buf; len(rest) > 0; {
		n := min(r.size, len(rest))
		if _, err := b.WriteToUDPAddrPort(rest[:n], r.to); err != nil {
			failed = err
		}
		rest = rest[n:]
	}
	return failed
}

package artnet

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/dmx"
	"github.com/packroom/packroom/room"
)

// forget is how long another controller counts after its last packet. A node
// that merges forgets a source after 10 s.
const forget = 4 * time.Second

// wire sends ArtDmx and hears who else does.
type wire struct {
	universes []int
	to        *net.UDPAddr
	listen    *net.UDPAddr // nil: nobody is heard
	poll      time.Duration
	locals    map[string]bool
	line      *device.Line

	conn     *net.UDPConn // of the sending goroutine
	heard    sync.WaitGroup
	sequence map[int]uint8

	mu     sync.Mutex
	others map[int]other    // by universe
	nodes  map[string]*seen // by address
}

// other is another controller.
type other struct {
	addr string
	at   time.Time
}

// seen is a node as it answered last.
type seen struct {
	node
	unanswered int // polls since
}

// patience is how many polls a node may leave unanswered; three were missed when
// the next is sent.
const patience = 4

// open makes the socket where there is none.
func (w *wire) open() error {
	if w.conn != nil {
		return nil
	}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
			if failed == nil && w.listen != nil {
				failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) // other programs for lights share the port
			}
		})
		if err != nil {
			return err
		}
		return failed
	}}
	at := ":0"
	if w.listen != nil {
		at = w.listen.String()
	}
	c, err := lc.ListenPacket(context.Background(), "udp4", at)
	if err != nil {
		return fmt.Errorf("%w: listen at %s: %v", room.ErrUnavailable, at, err)
	}
	w.conn = c.(*net.UDPConn) // a "udp4" packet connection is one
	if w.listen != nil {
		conn := w.conn
		closed := make(chan struct{})
		w.heard.Go(func() {
			defer close(closed)
			w.hear(conn)
		})
		w.heard.Go(func() { w.ask(conn, closed) })
	}
	return nil
}

// Send implements dmx.Wire.
func (w *wire) Send(universe int, f *dmx.Frame) error {
	w.sequence[universe] = max(1, w.sequence[universe]+1) // 0 would mean that it does not count
	return w.write(dmxPacket(universe, w.sequence[universe], f))
}

func (w *wire) write(b []byte) error {
	if err := w.open(); err != nil {
		return err
	}
	if _, err := w.conn.WriteToUDP(b, w.to); err != nil {
		_ = w.conn.Close()
		w.conn = nil
		return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	return nil
}

// End implements dmx.Wire: the black frames that came before are all there is.
func (w *wire) End(int) error { return nil }

// ask asks the nodes how they are.
func (w *wire) ask(c *net.UDPConn, closed <-chan struct{}) {
	t := time.NewTicker(w.poll)
	defer t.Stop()
	for {
		_, _ = c.WriteToUDP(pollPacket(), w.to) // Send tells what is wrong with the line
		w.mu.Lock()
		for _, n := range w.nodes {
			n.unanswered++
		}
		w.mu.Unlock()
		select {
		case <-closed:
			return
		case <-t.C:
		}
	}
}

// hear takes in what nodes and other controllers send.
func (w *wire) hear(c *net.UDPConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // it was closed
		}
		if p, ok := parse(buf[:n]); ok {
			w.take(p, from.Addr().Unmap().String(), time.Now())
		}
	}
}

func (w *wire) take(p packet, from string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case p.reply != nil && (w.nodes[from] != nil || len(w.nodes) < 64):
		n := w.nodes[from]
		if n == nil {
			n = &seen{node: node{outputs: map[int]bool{}}}
			w.nodes[from] = n
			w.line.Note("node "+from, p.reply.name)
		}
		n.name, n.unanswered = p.reply.name, 0
		for u, m := range p.reply.outputs { // a node of many ports answers in pages
			n.outputs[u] = m
		}
	case p.reply == nil && slices.Contains(w.universes, p.universe) && !w.locals[from]:
		w.others[p.universe] = other{from, now}
	}
}

// Trouble implements dmx.Wire: another controller, or a node that fell silent.
func (w *wire) Trouble() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, u := range w.universes {
		if o, ok := w.others[u]; ok && now.Sub(o.at) < forget {
			return room.Refuse(room.ErrUnavailable, "device_mixed", "universe {universe} is sent by {by} too, and lights mix the two: take it off that universe, or use another one",
				"universe", fmt.Sprint(u), "by", o.addr)
		}
	}
	for addr, n := range w.nodes {
		if n.unanswered >= patience {
			return fmt.Errorf("node %q at %s does not answer: check its power and network", n.name, addr)
		}
		for u, merges := range n.outputs {
			if merges && slices.Contains(w.universes, u) {
				return room.Refuse(room.ErrUnavailable, "device_mixes", "node \"{node}\" at {at} mixes universe {universe} with that of another controller: take that off, or use another universe",
					"node", n.name, "at", addr, "universe", fmt.Sprint(u))
			}
		}
	}
	return nil
}

// Close implements dmx.Wire.
func (w *wire) Close() error {
	if w.conn != nil {
		_ = w.conn.Close()
	}
	w.heard.Wait()
	return nil
}

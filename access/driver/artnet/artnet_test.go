package artnet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/dmx"
	"github.com/packroom/packroom/access/driver/dmx/olatest"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/porttest"
)

func TestConformanceWithOLA(t *testing.T) {
	t.Parallel()
	ola := olatest.Start(t, olatest.Config{Plugin: "artnet", Settings: "ip = 127.0.0.1\nuse_loopback = true", Universe: 7,
		HTTP: porttest.Port(t), RPC: porttest.Port(t)})
	before := func() error { return nil }
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		if err := before(); err != nil { // one controller a universe
			t.Fatal(err)
		}
		var log accesstest.Log
		devices, closer, err := Open(t.Context(), map[string]string{
			"to": "127.0.0.1", "listen": "", "lights": "A1=7/1x4, D4=7/13x2", "laser": "7/101", "laser_settle": "20ms",
		}, log.Logger())
		if err != nil {
			t.Fatal(err)
		}
		before = closer.Close
		t.Cleanup(func() { closer.Close() })
		b := bench(devices, closer.Close, &log, func() dmx.Frame { return ola.Frame(t) })
		b.Shared = true
		return b
	})
}

func bench(devices room.Devices, closer func() error, log *accesstest.Log, frame func() dmx.Frame) accesstest.Bench {
	return accesstest.Bench{
		Devices: devices, Close: closer, Log: log, Slots: []string{"A1", "D4"}, Aim: room.Aim{PanDeg: 5, TiltDeg: -20},
		Lit: func() map[string]room.Signal {
			f, lit := frame(), map[string]room.Signal{}
			for slot, at := range map[string]int{"A1": 0, "D4": 12} {
				if s := light.Nearest(light.Color{R: f[at], G: f[at+1], B: f[at+2]}); s != room.SignalOff {
					lit[slot] = s
				}
			}
			return lit
		},
		Dot: func() bool { return frame()[104] != 0 },
	}
}

// contractNode is a node of one universe, 7, as the published Art-Net 4 text
// says it behaves: a peer of our own making, since OLA answers no poll of its
// own machine.
type contractNode struct {
	conn   *net.UDPConn
	silent atomic.Bool
	merges atomic.Bool

	mu    sync.Mutex
	frame dmx.Frame
}

func newNode(t *testing.T) *contractNode {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	n := &contractNode{conn: c}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			size, from, err := c.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if !n.silent.Load() {
				n.take(buf[:size], from)
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return n
}

func (n *contractNode) take(b []byte, from *net.UDPAddr) {
	switch binary.LittleEndian.Uint16(b[8:]) {
	case opDMX:
		if b[14] == 7 && b[15] == 0 {
			n.mu.Lock()
			defer n.mu.Unlock()
			copy(n.frame[:], b[dmxHead:])
		}
	case opPoll:
		_, _ = n.conn.WriteToUDP(n.reply(), from)
	}
}

func (n *contractNode) reply() []byte {
	b := make([]byte, 239)
	copy(b, identifier)
	binary.LittleEndian.PutUint16(b[8:], opReply)
	copy(b[26:], "Shelf node")
	b[173], b[174], b[190] = 1, 1<<7, 7
	if n.merges.Load() {
		b[182] = merging
	}
	return b
}

func (n *contractNode) shows() dmx.Frame {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.frame
}

func TestConformanceWithANodeThatAnswers(t *testing.T) {
	t.Parallel()
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		n := newNode(t)
		var log accesstest.Log
		devices, closer, err := Open(t.Context(), map[string]string{
			"to": n.conn.LocalAddr().String(), "listen": fmt.Sprintf("127.0.0.1:%d", porttest.Port(t)), "poll": "200ms",
			"lights": "A1=7/1x4, D4=7/13x2", "laser": "7/101", "laser_settle": "20ms",
		}, log.Logger())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closer.Close() })
		b := bench(devices, closer.Close, &log, n.shows)
		works := func() bool { return devices.Lights.Set(t.Context(), nil) == nil }
		b.Plug = func(t *testing.T, in bool) {
			n.silent.Store(!in)
			accesstest.Eventually(t, "it is noticed", func() bool { return works() == in })
		}
		accesstest.Eventually(t, "the node is known", func() bool {
			return devices.Diagnostics.Diagnose()[0].Facts["node 127.0.0.1"] == "Shelf node" && works()
		})
		return b
	})
}

func TestAnotherControllerOnTheUniverseIsTold(t *testing.T) {
	n := newNode(t)
	at := fmt.Sprintf("127.0.0.1:%d", porttest.Port(t))
	var log accesstest.Log
	devices, closer, err := Open(t.Context(), map[string]string{"to": n.conn.LocalAddr().String(), "listen": at, "poll": "200ms", "lights": "A1=7/1", "laser": "7/101"}, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	works := func() error { return devices.Lights.Set(t.Context(), nil) }
	n.merges.Store(true)
	accesstest.Eventually(t, "the node's merging is noticed", func() bool { return works() != nil })
	if err := works(); !errors.Is(err, room.ErrUnavailable) || !strings.Contains(err.Error(), `node "Shelf node" at 127.0.0.1 mixes universe 7`) {
		t.Errorf("got %v", err)
	}
	if err := devices.Laser.Point(t.Context(), room.Aim{}, time.Second); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("the laser on a universe that somebody else sends: %v", err)
	}
	n.merges.Store(false)
	accesstest.Eventually(t, "the lights are ours again", func() bool { return works() == nil })
}

func TestTheOtherControllersPacketsAreTold(t *testing.T) {
	w := &wire{universes: []int{7}, poll: time.Second, locals: map[string]bool{"10.0.0.1": true}, others: map[int]other{}, nodes: map[string]*seen{}}
	now := time.Now()
	p, ok := parse(dmxPacket(7, 1, &dmx.Frame{}))
	if !ok || p.universe != 7 {
		t.Fatalf("read %+v", p)
	}
	w.take(p, "10.0.0.1", now)
	if err := w.Trouble(); err != nil {
		t.Errorf("our own packets: %v", err)
	}
	w.take(p, "10.0.0.9", now)
	if err := w.Trouble(); err == nil || !strings.Contains(err.Error(), "universe 7 is sent by 10.0.0.9 too") {
		t.Errorf("got %v", err)
	}
	w.take(p, "10.0.0.9", now.Add(-2*forget))
	if err := w.Trouble(); err != nil {
		t.Errorf("a controller that is gone: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"no address":              {"lights": "A1=1/1"},
		"an address that is none": {"to": "2.0.0.256", "lights": "A1=1/1"},
		"nothing to drive":        {"to": "2.0.0.1"},
		"a universe that is none": {"to": "2.0.0.1", "lights": "A1=32768/1"},
		"a port that is none":     {"to": "2.0.0.1", "lights": "A1=1/1", "listen": "0.0.0.0:0"},
		"an unknown word":         {"to": "2.0.0.1", "lights": "A1=1/1", "priority": "100"},
	})
}

func TestPacketsHaveTheStandardsBytes(t *testing.T) {
	b := dmxPacket(0x1234, 9, &dmx.Frame{0: 1, 511: 2})
	if want := "Art-Net\x00\x00\x50\x00\x0e\x09\x00\x34\x12\x02\x00\x01"; string(b[:len(want)]) != want || len(b) != 530 || b[529] != 2 {
		t.Errorf("got % x, %d bytes", b[:len(want)], len(b))
	}
	if want := "Art-Net\x00\x00\x20\x00\x0e\x02\x00"; string(pollPacket()) != want {
		t.Errorf("got % x", pollPacket())
	}
}

func FuzzParse(f *testing.F) {
	f.Add(dmxPacket(1, 2, &dmx.Frame{}))
	f.Add((&contractNode{}).reply())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parse(b); ok && p.reply != nil && len(p.reply.outputs) > 4 {
			t.Errorf("a page of %d ports", len(p.reply.outputs))
		}
	})
}

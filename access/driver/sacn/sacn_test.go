package sacn

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/dmx"
	"github.com/packroom/packroom/access/driver/dmx/olatest"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/porttest"
)

// universe is one that no other run of these tests is likely to use.
func universe() int { return 1000 + rand.IntN(60000) }

func TestConformance(t *testing.T) {
	t.Parallel()
	u := universe()
	ola := olatest.Start(t, olatest.Config{Plugin: "e131", Universe: u, HTTP: porttest.Port(t), RPC: porttest.Port(t)})
	before := func() error { return nil }
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		if err := before(); err != nil { // one source a universe
			t.Fatal(err)
		}
		var log accesstest.Log
		devices, closer, err := Open(t.Context(), map[string]string{
			"to": "127.0.0.1", "lights": fmt.Sprintf("A1=%d/1x4, D4=%d/13x2", u, u),
			"laser": fmt.Sprintf("%d/101", u), "laser_settle": "20ms",
		}, log.Logger())
		if err != nil {
			t.Fatal(err)
		}
		before = closer.Close
		t.Cleanup(func() { closer.Close() })
		return accesstest.Bench{
			Devices: devices, Close: closer.Close, Log: &log, Shared: true,
			Slots: []string{"A1", "D4"}, Aim: room.Aim{PanDeg: 5, TiltDeg: -20},
			Lit: func() map[string]room.Signal {
				f, lit := ola.Frame(t), map[string]room.Signal{}
				for slot, at := range map[string]int{"A1": 0, "D4": 12} {
					if s := light.Nearest(light.Color{R: f[at], G: f[at+1], B: f[at+2]}); s != room.SignalOff {
						lit[slot] = s
					}
				}
				return lit
			},
			Dot: func() bool { return ola.Frame(t)[104] != 0 },
		}
	})
}

func TestRefuses(t *testing.T) {
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"nothing to drive":           {},
		"an unknown word":            {"lights": "A1=1/1", "colour": "red"},
		"a universe that is none":    {"lights": "A1=64000/1"},
		"a channel that is none":     {"lights": "A1=1/513"},
		"LEDs that do not fit":       {"lights": "A1=1/1x171"},
		"slots that overlap":         {"lights": "A1=1/1x30, A2=1/90x30"},
		"a slot twice":               {"lights": "A1=1/1, A1=1/4"},
		"a laser on a light":         {"lights": "A1=1/1x30", "laser": "1/90"},
		"a laser that stays lit":     {"laser": "1/1", "laser_channels": "pan,tilt"},
		"a laser that cannot turn":   {"laser": "1/1", "laser_channels": "pan,dimmer"},
		"angles that are none":       {"laser": "1/1", "laser_keep_out": "the door"},
		"a priority that is none":    {"lights": "A1=1/1", "priority": "201"},
		"an address that is a name":  {"lights": "A1=1/1", "to": "node.local"},
		"an interface that is none":  {"lights": "A1=1/1", "interface": "no such interface"},
		"a name that is too long":    {"lights": "A1=1/1", "source": strings.Repeat("x", 64)},
		"a brightness that is light": {"lights": "A1=1/1", "brightness": "0"},
	})
}

func TestAStreamEndsDarkAndTerminated(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	devices, closer, err := Open(t.Context(), map[string]string{"to": c.LocalAddr().String(), "lights": "A1=7/1"}, new(accesstest.Log).Logger())
	if err != nil {
		t.Fatal(err)
	}
	if err := devices.Lights.Set(t.Context(), map[string]room.Signal{"A1": room.SignalHere}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	read := func() (h heard, first, sequence uint8) {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for {
			n, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if h, ok := parse(buf[:n]); ok {
				return h, buf[126], buf[111]
			}
		}
	}
	h, lit, last := read()
	for lit == 0 {
		h, lit, last = read()
	}
	if h.universe != 7 || h.priority != 100 || h.name != "packroom" {
		t.Errorf("sends %+v", h)
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	terminated, dark := 0, false
	for terminated < 3 {
		h, lit, sequence := read()
		if sequence != last+1 {
			t.Errorf("packet %d comes after %d", sequence, last)
		}
		last = sequence
		if h.terminated {
			terminated++
			if !dark {
				t.Error("the stream ends lit")
			}
		}
		dark = lit == 0
	}
}

func TestAUniverseThatSomebodyElseOwnsIsTold(t *testing.T) {
	u := universe()
	var log accesstest.Log
	options := map[string]string{"lights": fmt.Sprintf("A1=%d/1", u), "laser": fmt.Sprintf("%d/100", u), "interface": "127.0.0.1"}
	devices, closer, err := Open(t.Context(), options, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	works := func() error { return devices.Lights.Set(t.Context(), nil) }
	accesstest.Eventually(t, "the lights are ours", func() bool { return works() == nil && devices.Diagnostics.Diagnose()[0].OK })

	var desk io.Closer
	accesstest.VisitGoesOn(t, devices, func() {
		_, desk, err = Open(t.Context(), map[string]string{"lights": fmt.Sprintf("X=%d/200", u), "interface": "127.0.0.1", "source": "Stage desk", "priority": "150"}, log.Logger())
		if err != nil {
			t.Fatal(err)
		}
	}, `owned by "Stage desk"`, "priority 150")
	accesstest.Eventually(t, "the desk is noticed", func() bool { return works() != nil })
	if err := works(); !errors.Is(err, room.ErrUnavailable) || !strings.Contains(err.Error(), `owned by "Stage desk", whose priority 150 is above ours, 100`) {
		t.Errorf("got %v", err)
	}
	if err := devices.Laser.Point(t.Context(), room.Aim{}, time.Second); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("the laser on a universe that somebody else owns: %v", err)
	}
	if d := devices.Diagnostics.Diagnose()[0]; d.OK || !strings.Contains(d.Problem, "Stage desk") {
		t.Errorf("the diagnosis is %+v", d)
	}
	if err := desk.Close(); err != nil {
		t.Fatal(err)
	}
	accesstest.Eventually(t, "the lights are ours again", func() bool { return works() == nil })
	if n := log.Count("does not answer"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
}

func TestANodeThatIsNotThereIsTold(t *testing.T) {
	port := porttest.Port(t)
	at := fmt.Sprintf("127.0.0.1:%d", port)
	var log accesstest.Log
	devices, closer, err := Open(t.Context(), map[string]string{"to": at, "lights": "A1=7/1", "laser": "7/100"}, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	accesstest.Eventually(t, "it is noticed", func() bool { return errors.Is(devices.Lights.Set(t.Context(), nil), room.ErrUnavailable) })
	if err := devices.Laser.Point(t.Context(), room.Aim{}, time.Second); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("the laser of a node that is not there: %v", err)
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accesstest.Eventually(t, "it is back", func() bool {
		return devices.Lights.Set(t.Context(), nil) == nil && devices.Diagnostics.Diagnose()[0].OK
	})
	if lost, back := log.Count("does not answer"), log.Count("answers again"); lost != 1 || back != 1 {
		t.Errorf("lost was told %d times, back %d times", lost, back)
	}
}

func TestPacketsHaveTheStandardsBytes(t *testing.T) {
	s := source{name: "packroom", priority: 100, cid: [16]byte{0xaa, 15: 0xbb}}
	f := &dmx.Frame{0: 1, 511: 2}
	b := s.data(0x1234, 5, 0, f)
	if len(b) != 638 {
		t.Fatalf("%d bytes", len(b))
	}
	for at, want := range map[int]string{
		0:   "\x00\x10\x00\x00ASC-E1.17\x00\x00\x00\x72\x6e\x00\x00\x00\x04\xaa", // ANSI E1.31-2018, table 4-1
		37:  "\xbb\x72\x58\x00\x00\x00\x02packroom\x00",
		108: "\x64\x00\x00\x05\x00\x12\x34\x72\x0b\x02\xa1\x00\x00\x00\x01\x02\x01\x00\x01",
		636: "\x00\x02",
	} {
		if got := string(b[at : at+len(want)]); got != want {
			t.Errorf("from byte %d: % x, want % x", at, got, want)
		}
	}
	d := s.discovery([]int{1, 0x203})
	if want := "\x70\x0c\x00\x00\x00\x01\x00\x00\x00\x01\x02\x03"; string(d[112:]) != want {
		t.Errorf("discovery ends with % x, want % x", d[112:], want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add((source{name: "x", priority: 1}).data(1, 2, 0, &dmx.Frame{}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, ok := parse(b); ok && len(h.name) > 4*nameLength {
			t.Errorf("a name of %d bytes", len(h.name))
		}
	})
}

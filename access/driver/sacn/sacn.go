// Package sacn drives DMX lights, LED strips and pan-tilt laser heads over
// streaming ACN (ANSI E1.31-2018): what theatre and building lighting takes.
//
// # Models
//
// Anything that receives sACN: LED pixel controllers (Advatek, Falcon, Pixlite,
// WLED with E1.31 switched on), Ethernet-to-DMX nodes, and DMX fixtures and laser
// heads behind those.
//
// # Options
//
// Those of package dmx (lights, pixel, brightness, laser, ...), and
//
//	to         ""        a node's address; empty = multicast, which needs no address but a switch that carries it
//	interface  ""        the address or name of the network interface to the lights; empty = the system's choice
//	priority   100       1 to 200; of two sources a receiver obeys the higher one
//	source     packroom  the name that lighting desks show
//
// Universes are 1 to 63999.
//
// # Wiring
//
// One network with the nodes. Set each node to black (not "hold last") on loss
// of data: it then shows what is true 2.5 s after this machine fell silent.
//
// # Limits
//
// Receivers send nothing back, so that only a node given with "to", on whose
// machine nobody listens, is known to be away. A universe that another source
// sends too is noticed where multicast reaches this machine: one of higher
// priority takes the lights, one of the same is mixed with ours; both are shown
// as a problem, and the laser stays dark. No synchronization, no per-channel
// priority.
//
// # To try it without hardware
//
// Debian's ola: olad, patch an E1.31 input port to the universe on its page
// (port 9090), and watch its DMX monitor.
package sacn

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/dmx"
	"github.com/packroom/packroom/room"
)

var (
	_ dmx.Wire    = (*wire)(nil)
	_ room.Lights = (*dmx.Player)(nil)
	_ room.Laser  = (*dmx.Player)(nil)
)

// Open makes the lights and the laser that options name.
func Open(_ context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	patch := dmx.ReadPatch(o, 1, 63999)
	name := o.Text("source", "packroom")
	if len(name) >= nameLength {
		o.Fail("source", "a name has at most %d bytes", nameLength-1)
	}
	src := source{cid: identity(name), name: name, priority: o.Number("priority", 100, 1, 200)}
	to, err := device.Address(o.Text("to", ""), port)
	if err != nil {
		o.Fail("to", "%v", err)
	}
	local, ifi, err := device.Interface(o.Text("interface", ""))
	if err != nil {
		o.Fail("interface", "%v", err)
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	line := device.NewLine(log)
	w := newWire(src, patch.Universes(), to, local, ifi, line)
	player := dmx.NewPlayer(patch, w, line)
	return player.Devices(), player, nil
}

// identity is the sender's component identifier: the same after a restart, so
// that receivers take us for the source we were.
func identity(name string) (cid [16]byte) {
	host, _ := os.Hostname() // without one the name alone counts
	sum := sha256.Sum256([]byte("packroom sacn " + host + " " + name))
	copy(cid[:], sum[:])
	cid[6], cid[8] = cid[6]&0x0f|0x80, cid[8]&0x3f|0x80 // a UUID of our own making (RFC 9562, version 8)
	return cid
}

// dial opens the socket to where a universe goes.
func dial(to, local *net.UDPAddr, universe int) (*net.UDPConn, error) {
	if to == nil {
		to = group(universe)
	}
	c, err := net.DialUDP("udp4", local, to)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	return c, nil
}

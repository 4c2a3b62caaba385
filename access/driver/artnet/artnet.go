// Package artnet drives DMX lights, LED strips and pan-tilt laser heads over
// Art-Net 4.
//
// # Models
//
// Anything that receives ArtDmx: Ethernet-to-DMX nodes, LED pixel controllers,
// WLED with Art-Net switched on, and DMX fixtures and laser heads behind those.
//
// # Options
//
// Those of package dmx (lights, pixel, brightness, laser, ...), and
//
//	to      (required)    a node's address, or the network's broadcast address such as 192.168.1.255
//	listen  0.0.0.0:6454  where nodes' answers come in; empty = they are not asked
//	poll    3s            how often nodes are asked; one that has answered and misses three is away
//
// Universes are port addresses, 0 to 32767: net*256 + subnet*16 + universe.
//
// # Wiring
//
// One network with the nodes. Set each node to black (not "hold last") on loss
// of data. Nothing else on this machine should listen at port 6454.
//
// # Limits
//
// Art-Net knows no priorities and no end of a stream: at stop all goes black, and
// nodes that merge forget us after 10 s. Another controller on our universe is
// noticed from its packets, where they reach this machine, and from nodes that
// say they merge; that is shown as a problem, and the laser stays dark.
//
// # To try it without hardware
//
// Debian's ola: olad, patch an Art-Net input port to the universe on its page
// (port 9090), give listen as empty, and watch its DMX monitor.
package artnet

import (
	"context"
	"io"
	"log/slog"
	"net"
	"time"

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
	patch := dmx.ReadPatch(o, 0, 32767)
	w := &wire{universes: patch.Universes(), poll: o.Duration("poll", 3*time.Second), sequence: map[int]uint8{}, others: map[int]other{}, nodes: map[string]*seen{}}
	var err error
	if w.to, err = device.Address(o.Need("to", "a node's address or the network's broadcast address"), port); err != nil {
		o.Fail("to", "%v", err)
	}
	if at := o.Text("listen", "0.0.0.0:6454"); at != "" {
		if w.listen, err = device.Address(at, port); err != nil {
			o.Fail("listen", "%v", err)
		}
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	w.locals = locals()
	line := device.NewLine(log)
	w.line = line
	player := dmx.NewPlayer(patch, w, line)
	return player.Devices(), player, nil
}

// locals are this machine's own addresses: what comes from them is no answer.
func locals() map[string]bool {
	own := map[string]bool{}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return own
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			own[n.IP.String()] = true
		}
	}
	return own
}

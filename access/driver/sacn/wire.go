package sacn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/dmx"
	"github.com/packroom/packroom/room"
)

const (
	lossTimeout = 2500 * time.Millisecond // E131_NETWORK_DATA_LOSS_TIMEOUT: a source that is silent for so long is gone
	discovery   = 10 * time.Second        // E131_UNIVERSE_DISCOVERY_INTERVAL
)

// wire sends a source's universes and listens for others who send the same.
type wire struct {
	src       source
	universes []int
	to, local *net.UDPAddr
	stop      context.CancelFunc
	listeners sync.WaitGroup

	socket   map[int]*net.UDPConn // by universe, and everybody; of the sending goroutine
	sequence map[int]uint8
	told     time.Time // the last discovery packet

	mu     sync.Mutex
	rivals map[[16]byte]rival
}

type rival struct {
	heard
	at time.Time
}

func newWire(src source, universes []int, to, local *net.UDPAddr, ifi *net.Interface, line *device.Line) *wire {
	ctx, stop := context.WithCancel(context.Background())
	w := &wire{src: src, universes: universes, to: to, local: local, stop: stop,
		socket: map[int]*net.UDPConn{}, sequence: map[int]uint8{}, rivals: map[[16]byte]rival{}}
	for _, u := range universes {
		c, err := listenGroup(ifi, group(u))
		if err != nil {
			line.Note("others", fmt.Sprintf("cannot be heard: %v", err))
			continue
		}
		w.listeners.Go(func() { w.listen(ctx, c) })
	}
	return w
}

// Send implements dmx.Wire.
func (w *wire) Send(universe int, f *dmx.Frame) error {
	if now := time.Now(); now.Sub(w.told) >= discovery {
		w.told = now
		_ = w.write(nil, everybody, w.src.discovery(w.universes)) // nothing depends on it
	}
	if _, begun := w.sequence[universe]; !begun {
		// A receiver that knows us from before a restart passes over the twenty
		// numbers up to its last one (E1.31, 6.7.2): let them go by.
		for range 20 {
			if err := w.send(universe, 0, f); err != nil {
				return err
			}
		}
	}
	return w.send(universe, 0, f)
}

func (w *wire) send(universe int, options uint8, f *dmx.Frame) error {
	w.sequence[universe]++
	return w.write(w.to, universe, w.src.data(universe, w.sequence[universe], options, f))
}

// write sends to one universe's socket, and makes it where there is none: an
// interface may come and go.
func (w *wire) write(to *net.UDPAddr, universe int, packet []byte) error {
	c := w.socket[universe]
	if c == nil {
		var err error
		if c, err = dial(to, w.local, universe); err != nil {
			return err
		}
		w.socket[universe] = c
	}
	_, err := c.Write(packet)
	if err == nil {
		return nil
	}
	if !device.Refused(err) { // a refusal is the node's answer to an earlier one; the socket is good
		_ = c.Close()
		delete(w.socket, universe)
	}
	return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
}

// End implements dmx.Wire: three packets that say the stream is terminated
// (E1.31, 6.2.6).
func (w *wire) End(universe int) error {
	var err error
	for range 3 {
		err = cmp.Or(err, w.send(universe, optTerminated, &dmx.Frame{}))
	}
	return err
}

// listen takes in other sources of a universe.
func (w *wire) listen(ctx context.Context, c net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer c.Close()
	buf := make([]byte, 1500)
	for {
		n, err := c.Read(buf)
		if ctx.Err() != nil || errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if h, ok := parse(buf[:n]); ok {
			w.hear(h, time.Now())
		}
	}
}

func (w *wire) hear(h heard, now time.Time) {
	if h.cid == w.src.cid || !slices.Contains(w.universes, h.universe) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for cid, r := range w.rivals { // so that a flood of names does not stay
		if now.Sub(r.at) > lossTimeout {
			delete(w.rivals, cid)
		}
	}
	if h.terminated {
		delete(w.rivals, h.cid)
		return
	}
	if h.priority >= w.src.priority && len(w.rivals) < 64 {
		w.rivals[h.cid] = rival{h, now}
	}
}

// Trouble implements dmx.Wire: the strongest other source of our universes.
func (w *wire) Trouble() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var worst rival
	for _, r := range w.rivals {
		if time.Since(r.at) <= lossTimeout && (r.priority > worst.priority || r.priority == worst.priority && r.name < worst.name) {
			worst = r
		}
	}
	switch {
	case worst.at.IsZero():
		return nil
	case worst.priority > w.src.priority:
		return room.Refuse(room.ErrUnavailable, "device_owned",
			"universe {universe} is owned by \"{by}\", whose priority {theirs} is above ours, {ours}: take it off that universe, or set the option priority higher",
			"universe", fmt.Sprint(worst.universe), "by", worst.name, "theirs", fmt.Sprint(worst.priority), "ours", fmt.Sprint(w.src.priority))
	}
	return room.Refuse(room.ErrUnavailable, "device_mixed", "universe {universe} is sent by \"{by}\" too, and lights mix the two: take it off that universe, or use another one",
		"universe", fmt.Sprint(worst.universe), "by", worst.name)
}

// Close implements dmx.Wire.
func (w *wire) Close() error {
	w.stop()
	w.listeners.Wait()
	for _, c := range w.socket {
		_ = c.Close()
	}
	return nil
}

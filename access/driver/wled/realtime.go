package wled

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

// The realtime UDP protocol of WLED.
const (
	protocol  = 4   // DNRGB: three bytes an LED, from a given one on
	mostLEDs  = 489 // a packet
	usualPort = 21324
	goDark    = 5 // seconds after which the controller no longer waits for packets
	tick      = 40 * time.Millisecond
	keepAlive = time.Second
)

// live paints a strip in realtime.
type live struct {
	painter *light.Painter
	leds    int
	wake    chan struct{}

	mu   sync.Mutex
	conn *net.UDPConn // nil: the controller's port is not known yet
}

func newLive(p *light.Painter, leds int) *live {
	return &live{painter: p, leds: leds, wake: make(chan struct{}, 1)}
}

// to says where the controller listens.
func (l *live) to(host string, port int) error {
	if port == 0 {
		port = usualPort
	}
	addr, err := net.ResolveUDPAddr("udp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil && l.conn.RemoteAddr().String() == addr.String() {
		return nil
	}
	c, err := net.DialUDP("udp", nil, addr)
	if err != nil {
		return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	if l.conn != nil {
		_ = l.conn.Close()
	}
	l.conn = c
	l.kick()
	return nil
}

// begun reports whether we paint already.
func (l *live) begun() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn != nil
}

func (l *live) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// play paints until ctx ends: when lights move and at least once a second.
func (l *live) play(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-t.C:
		}
		wait := keepAlive
		if l.paint(goDark) {
			wait = tick
		}
		t.Reset(wait)
	}
}

// paint sends all LEDs; the controller goes back to its own state that many
// seconds later.
func (l *live) paint(seconds byte) (moving bool) {
	rgb := make([]byte, 3*l.leds)
	moving = l.painter.Paint(time.Now(), func(_, led int, c light.Color) { copy(rgb[3*led:], []byte{c.R, c.G, c.B}) })
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return moving
	}
	for first := 0; first < l.leds; first += mostLEDs {
		n := min(mostLEDs, l.leds-first)
		packet := append([]byte{protocol, seconds, byte(first >> 8), byte(first)}, rgb[3*first:3*(first+n)]...)
		_, _ = l.conn.Write(packet) // whether the controller is there, watch knows
	}
	return moving
}

// end leaves the strip to the controller's own state, which is dark.
func (l *live) end() {
	l.paint(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

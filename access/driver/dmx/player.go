package dmx

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

// Wire brings frames to where the lights are. Its methods are called by one
// goroutine at a time, except Trouble.
type Wire interface {
	// Send sends one frame. An error means that it did not leave this machine.
	Send(universe int, f *Frame) error
	// End says that no more frames of that universe will come.
	End(universe int) error
	// Trouble is why frames are of no use at present though they leave: a
	// universe that somebody else owns. nil where all is well.
	Trouble() error
	// Close ends the wire.
	Close() error
}

const (
	tick      = 40 * time.Millisecond  // 25 frames a second while lights move; DMX512 itself ends at 44
	keepAlive = 900 * time.Millisecond // unchanged frames: both standards ask for 800 to 1000 ms
	repeats   = 3                      // a change is sent so often at once: UDP may lose it (E1.31, 6.6.1)
	calm      = 3                      // sends without an error before a lost line is back
)

// Player sends the frames of a patch over a wire: at once when they change,
// again and again so that a node which lost one shows it. Make it with
// [NewPlayer], end it with Close.
type Player struct {
	patch   Patch
	painter *light.Painter
	wire    Wire
	line    *device.Line
	wake    chan struct{}
	stop    context.CancelFunc
	done    chan struct{}
	once    sync.Once
	ended   error

	mu     sync.Mutex
	failed error // of the last frames
}

// NewPlayer begins to play a patch, dark.
func NewPlayer(patch Patch, wire Wire, line *device.Line) *Player {
	line.Note("slots", light.Slots(patch.spans()))
	ctx, stop := context.WithCancel(context.Background())
	p := &Player{patch: patch, painter: light.NewPainter(patch.spans(), patch.brightness), wire: wire, line: line,
		wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go p.play(ctx)
	return p
}

// Devices are what the patch has.
func (p *Player) Devices() room.Devices {
	d := room.Devices{Diagnostics: p.line}
	if len(p.patch.lamps) > 0 {
		d.Lights = p
	}
	if p.patch.head != nil {
		d.Laser = p
	}
	return d
}

// Set implements room.Lights. Slots that have no light here are passed over.
func (p *Player) Set(_ context.Context, bySlot map[string]room.Signal) error {
	p.painter.Set(bySlot, time.Now())
	p.kick()
	if err := p.trouble(); err != nil {
		return fmt.Errorf("set lights: %w", err)
	}
	return nil
}

// trouble is why what is sent does not show, ErrUnavailable.
func (p *Player) trouble() error {
	p.mu.Lock()
	err := p.failed
	p.mu.Unlock()
	if err == nil {
		if err = p.wire.Trouble(); err != nil {
			p.note(err, 0)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", room.ErrUnavailable, err)
	}
	return nil
}

// Point implements room.Laser.
func (p *Player) Point(_ context.Context, a room.Aim, ttl time.Duration) error {
	err := p.patch.head.point(a, ttl, time.Now())
	p.kick()
	if err != nil {
		return fmt.Errorf("point the laser: %w", err)
	}
	if err := p.trouble(); err != nil {
		p.patch.head.off() // who else moves it is not known
		return fmt.Errorf("point the laser: %w", err)
	}
	return nil
}

// Off implements room.Laser.
func (p *Player) Off(context.Context) error {
	p.patch.head.off()
	p.kick()
	return nil
}

func (p *Player) kick() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// sending is what a universe was sent last.
type sending struct {
	frame Frame
	at    time.Time
	times int // in a row
}

// play sends until ctx ends, then leaves every universe dark and ended.
func (p *Player) play(ctx context.Context) {
	defer close(p.done)
	last := map[int]*sending{}
	for _, u := range p.patch.universes {
		last[u] = &sending{}
	}
	quiet := 0
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			p.finish()
			return
		case <-p.wake:
		case <-t.C:
		}
		now := time.Now()
		frames, moving := p.patch.compose(p.painter, now)
		var failed error
		for u, f := range frames {
			l := last[u]
			if l.frame != *f {
				l.frame, l.times = *f, 0
			} else if l.times >= repeats && now.Sub(l.at) < keepAlive {
				continue
			}
			l.at = now
			l.times++
			if err := p.wire.Send(u, f); err != nil {
				failed = fmt.Errorf("universe %d: %v", u, err)
			}
		}
		quiet++
		if failed == nil {
			failed = p.wire.Trouble()
		}
		if failed != nil {
			quiet = 0
		}
		p.note(failed, quiet)
		t.Reset(p.wait(last, moving, now))
	}
}

// wait is how long there is nothing to send.
func (p *Player) wait(last map[int]*sending, moving bool, now time.Time) time.Duration {
	wait := keepAlive
	for _, l := range last {
		if moving || l.times < repeats {
			wait = tick
		}
		wait = min(wait, max(tick, keepAlive-now.Sub(l.at)))
	}
	if h := p.patch.head; h != nil {
		if at, ok := h.turn(now); ok {
			wait = min(wait, max(time.Millisecond, at.Sub(now)))
		}
	}
	return wait
}

// note keeps the health of the line: lost at the first error, back after some
// sends without any, since a refusal is told to every other send only.
func (p *Player) note(failed error, quiet int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case failed != nil:
		p.failed = failed
		p.line.Lost(failed)
	case p.failed == nil || quiet >= calm:
		p.failed = nil
		p.line.Back()
	}
}

// finish is the safe state: dark, and the universes are given up.
func (p *Player) finish() {
	for u, f := range p.patch.dark() {
		if h := p.patch.head; h != nil && h.universe == u {
			h.off()
			h.put(f, time.Now())
		}
		for range repeats {
			if err := p.wire.Send(u, f); err != nil {
				p.ended = fmt.Errorf("leave universe %d dark: %w", u, err)
			}
		}
		if err := p.wire.End(u); err != nil {
			p.ended = fmt.Errorf("end universe %d: %w", u, err)
		}
	}
}

// Close leaves lights and laser dark and ends the player and its wire.
func (p *Player) Close() error {
	p.once.Do(func() {
		p.stop()
		<-p.done
		if err := p.wire.Close(); p.ended == nil {
			p.ended = err
		}
	})
	return p.ended
}

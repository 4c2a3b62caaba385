package sim_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/sim"
	"github.com/packroom/packroom/room"
	world "github.com/packroom/packroom/room/sim"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	accesstest.Run(t, func(t *testing.T) accesstest.Bench { return bench(t, newRoom(t), nil) })
}

func TestAThousandDisconnectsAndGarbage(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	w := accesstest.TCPWire(t, strings.TrimPrefix(r.URL(), "http://"))
	accesstest.Survives(t, bench(t, r, map[string]string{"url": "http://" + w.Near, "retry": "50us"}), w)
}

// newRoom is a simulated room without cameras, behind its real HTTP server.
func newRoom(t *testing.T) *world.Sim {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	w, err := world.New(world.Config{Listen: "127.0.0.1:0", Blind: true, Beat: 200 * time.Millisecond, Pace: 4, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

func bench(t *testing.T, w *world.Sim, more map[string]string) accesstest.Bench {
	logged := &accesstest.Log{}
	options := map[string]string{"url": w.URL(), "timeout": "1s"}
	maps.Copy(options, more)
	ctx, cancel := context.WithCancel(context.Background())
	devices, closer, err := sim.Open(ctx, options, logged.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		closer.Close()
	})
	act := func(t *testing.T, a world.Action) error {
		t.Helper()
		_, err := w.Act(t.Context(), a)
		if err != nil && !errors.Is(err, room.ErrConflict) {
			t.Fatal(err)
		}
		return err
	}
	must := func(t *testing.T, a world.Action) {
		t.Helper()
		if err := act(t, a); err != nil {
			t.Fatal(err)
		}
	}
	state := func(in bool, on, off string) string {
		if in {
			return on
		}
		return off
	}
	return accesstest.Bench{
		Devices:  devices,
		Log:      logged,
		Close:    closer.Close,
		Slots:    []string{"A1", "D4"},
		Aim:      room.Aim{PanDeg: 5, TiltDeg: -20},
		Released: func() bool { return w.State().Door.State == "unlocked" },
		Pull:     func(t *testing.T) bool { return act(t, world.Action{Do: "enter"}) == nil },
		Push:     func(t *testing.T) { must(t, world.Action{Do: "leave"}) },
		Prop:     func(t *testing.T, on bool) { must(t, world.Action{Do: state(on, "prop", "release")}) },
		Break: func(t *testing.T, broken bool) {
			must(t, world.Action{Do: "contact", State: state(broken, "broken", "ok")})
		},
		Plug: func(t *testing.T, in bool) { must(t, world.Action{Do: "devices", State: state(in, "on", "off")}) },
		Lit: func() map[string]room.Signal {
			lit := map[string]room.Signal{}
			for _, s := range w.State().Slots {
				if s.Light != room.SignalOff {
					lit[s.ID] = s.Light
				}
			}
			return lit
		},
		Dot: func() bool { return w.State().Laser.On },
		Spoken: func() []string {
			var said []string
			for _, s := range w.State().Voice {
				said = append(said, s.Text)
			}
			return said
		},
		Show: func(t *testing.T, secret string) {
			t.Helper()
			for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
				r, err := w.Act(t.Context(), world.Action{Do: "card", Secret: secret})
				if err != nil {
					t.Fatal(err)
				}
				if r.Heard > 0 { // the reader's line stands
					return
				}
			}
			t.Fatal("nobody listens to the reader")
		},
	}
}

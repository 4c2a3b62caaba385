package modbus_test

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/modbus"
	"github.com/packroom/packroom/room"
)

// The module's wiring in all tests.
const (
	strike, beacon, lampA, lampB, locker = 0, 1, 16, 17, 32
	contact, exit                        = 3, 4
)

func wired(more map[string]string) map[string]string {
	options := map[string]string{"strike": "0", "beacon": "1", "contact": "3", "exit": "4", "lights": "A1=16, B2=17", "lockers": "L1=32",
		"timeout": "1s", "poll": "20ms"}
	maps.Copy(options, more)
	return options
}

func TestConformance(t *testing.T) {
	t.Parallel()
	all := map[string]func(*testing.T){}
	for name, program := range libraries() {
		for over, connect := range lines {
			all[name+" over "+over] = func(t *testing.T) {
				free := modules{connect: func() *module { return connect(t, program) }}
				accesstest.Run(t, func(t *testing.T) accesstest.Bench {
					m := free.take(t)
					return bench(t, m.peer, m.wire, m.reach)
				})
			}
		}
	}
	accesstest.Beside(t, all)
}

// lines are the ways to a module.
var lines = map[string]func(t *testing.T, program []string) *module{
	"TCP": func(t *testing.T, program []string) *module {
		p := startPeer(t, program, "tcp")
		w := accesstest.TCPWire(t, p.address)
		return &module{p, w, map[string]string{"address": w.Near}}
	},
	"RTU": func(t *testing.T, program []string) *module {
		w, far := accesstest.SerialWire(t)
		return &module{startPeer(t, program, "rtu", far), w, map[string]string{"port": w.Near, "baud": "115200", "parity": "none", "timeout": "250ms"}}
	},
}

func TestOptions(t *testing.T) {
	accesstest.Refuses(t, modbus.Open, map[string]map[string]string{
		"no line":              {"strike": "0"},
		"half an address":      {"strike": "0", "address": "10.0.0.9"},
		"nothing wired":        {"address": "10.0.0.9:502"},
		"a coil out of range":  {"address": "10.0.0.9:502", "strike": "65536"},
		"two ways to release":  {"address": "10.0.0.9:502", "strike": "0", "pulse": "1"},
		"a locker on a lamp":   {"address": "10.0.0.9:502", "lights": "A1=1", "lockers": "L1=1"},
		"a lamp on the strike": {"address": "10.0.0.9:502", "strike": "0", "lights": "A1=0"},
		"half a lamp":          {"address": "10.0.0.9:502", "strike": "0", "lights": "A1"},
		"an unknown parity":    {"port": "/dev/ttyUSB0", "strike": "0", "parity": "mark"},
		"an unknown word":      {"address": "10.0.0.9:502", "strike": "0", "colour": "red"},
	})
}

// bench is a module with a door around it: the test plays its contact.
func bench(t *testing.T, p *peer, w *accesstest.Wire, more map[string]string) accesstest.Bench {
	w.Plug(true)
	p.ask(t, "set di %d 1", contact)
	p.ask(t, "set di %d 0", exit)
	logged := &accesstest.Log{}
	devices, closer, err := modbus.Open(t.Context(), wired(more), logged.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Plug(true)
		_ = closer.Close() // it may be closed already
	})
	released := func() bool { return p.ask(t, "get co %d", strike) != 0 }
	swing := func(open bool) { p.ask(t, "set di %d %d", contact, map[bool]int{false: 1}[open]) }
	return accesstest.Bench{
		Devices: devices, Close: closer.Close, Log: logged,
		Slots: []string{"A1", "B2"}, Steady: true, Forgets: true, Watchdog: 2 * time.Second,
		Released: released,
		Pull: func(t *testing.T) bool {
			if !released() {
				return false
			}
			swing(true)
			accesstest.Eventually(t, "the strike locks behind who entered", func() bool { return !released() })
			swing(false)
			return true
		},
		Push: func(t *testing.T) {
			accesstest.Leave(t, devices.Door, func(used bool) { p.ask(t, "set di %d %d", exit, map[bool]int{true: 1}[used]) }, swing)
		},
		Prop: func(t *testing.T, on bool) { accesstest.Prop(t, devices.Door, on, swing) },
		Lit: func() map[string]room.Signal {
			lit := map[string]room.Signal{}
			for slot, coil := range map[string]int{"A1": lampA, "B2": lampB} {
				if p.ask(t, "get co %d", coil) != 0 {
					lit[slot] = room.SignalHere
				}
			}
			return lit
		},
		Locker:   "L1",
		Unbolted: func() bool { return p.ask(t, "get co %d", locker) != 0 },
		Opened:   func() int { return p.ask(t, "turns co %d", locker) },
		Plug:     func(_ *testing.T, in bool) { w.Plug(in) },
	}
}

var quiet = slog.New(slog.DiscardHandler)

// doorBehind opens the driver to a pymodbus-free, quick peer over TCP.
func doorBehind(t *testing.T, more map[string]string) (room.Door, *peer, *accesstest.Wire) {
	t.Helper()
	p := startPeer(t, libraries()["libmodbus"], "tcp")
	w := accesstest.TCPWire(t, p.address)
	p.ask(t, "set di %d 1", contact)
	options := wired(more)
	options["address"] = w.Near
	devices, closer, err := modbus.Open(t.Context(), options, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closer.Close() })
	return devices.Door, p, w
}

func grant(fence uint64, ttl time.Duration) room.Grant {
	now := time.Now().UTC()
	return room.Grant{ID: room.NewID(), Visit: "v", Fence: fence, Issued: now, Expires: now.Add(ttl)}
}

// TestALockerThatIsOpenedAtOnceIsFedLongEnough opens one before the driver has
// looked at the module for the first time, when it locks what it finds released.
func TestALockerThatIsOpenedAtOnceIsFedLongEnough(t *testing.T) {
	p := startPeer(t, libraries()["libmodbus"], "tcp")
	for n := range 3 {
		devices, closer, err := modbus.Open(t.Context(), wired(map[string]string{"address": p.address}), quiet)
		if err != nil {
			t.Fatal(err)
		}
		if err := devices.Lockers.Open(t.Context(), "L1", grant(1, time.Minute)); err != nil {
			t.Fatal(err)
		}
		accesstest.Eventually(t, "it locks by itself", func() bool { return p.ask(t, "get co %d", locker) == 0 })
		if ms := p.ask(t, "lasted co %d", locker); ms < 500 {
			t.Fatalf("at opening %d the lock was fed for %d ms", n+1, ms)
		}
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStrikeFoundReleasedIsLocked(t *testing.T) {
	door, p, _ := doorBehind(t, nil)
	if err := door.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.ask(t, "set co %d 1", strike)
	accesstest.Eventually(t, "the strike locks", func() bool { return p.ask(t, "get co %d", strike) == 0 })
}

func TestTheBeaconIsLitWhileTheDoorMayBeOpened(t *testing.T) {
	door, p, _ := doorBehind(t, nil)
	if err := door.Unlock(t.Context(), grant(1, time.Minute)); err != nil {
		t.Fatal(err)
	}
	accesstest.Eventually(t, "the beacon is lit", func() bool { return p.ask(t, "get co %d", beacon) == 1 })
	if err := door.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	accesstest.Eventually(t, "the beacon is dark", func() bool { return p.ask(t, "get co %d", beacon) == 0 })
}

func TestAMagnetHoldsWhileItsCoilIsOn(t *testing.T) {
	door, p, _ := doorBehind(t, map[string]string{"invert_strike": "true"})
	accesstest.Eventually(t, "the magnet holds", func() bool { return p.ask(t, "get co %d", strike) == 1 })
	if err := door.Unlock(t.Context(), grant(1, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if p.ask(t, "get co %d", strike) != 0 {
		t.Error("the magnet still holds")
	}
}

func TestAPulseCarriesTheGrantsTime(t *testing.T) {
	p := startPeer(t, libraries()["libmodbus"], "tcp")
	devices, closer, err := modbus.Open(t.Context(), map[string]string{"address": p.address, "pulse": "7", "heartbeat": "8", "poll": "20ms"}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	g := grant(1, 10*time.Second)
	if err := devices.Door.Unlock(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if n := p.ask(t, "get hr 7"); n < int(time.Until(g.Expires).Seconds()*10) || n > 100 {
		t.Errorf("%d tenths of a second, want those that the grant had left of 100", n)
	}
	if err := devices.Door.Lock(t.Context()); err != nil || p.ask(t, "get hr 7") != 0 {
		t.Errorf("locking left %d tenths, %v", p.ask(t, "get hr 7"), err)
	}
	beat := p.ask(t, "get hr 8")
	accesstest.Eventually(t, "the heartbeat goes on", func() bool { return p.ask(t, "get hr 8") != beat })
}

func TestAThousandDisconnectsAndGarbage(t *testing.T) {
	t.Parallel()
	program := libraries()["libmodbus"]
	quick := func(timeout string) map[string]string {
		return map[string]string{"timeout": timeout, "poll": "1ms", "retry": "50us"}
	}
	accesstest.Beside(t, map[string]func(*testing.T){
		"TCP": func(t *testing.T) {
			m := lines["TCP"](t, program)
			maps.Copy(m.reach, quick("20ms"))
			accesstest.Survives(t, bench(t, m.peer, m.wire, m.reach), m.wire)
		},
		"RTU": func(t *testing.T) {
			w, far := accesstest.AdapterWire(t)
			reach := map[string]string{"port": w.Near, "baud": "115200", "parity": "none"}
			maps.Copy(reach, quick("2ms")) // which is how long the line must be quiet after a disconnect, too
			accesstest.Survives(t, bench(t, startPeer(t, program, "rtu", far), w, reach), w)
		},
	})
}

// TestWhatIsWrongWithTheBusIsToldAndTheVisitGoesOn spoils what a module says, or
// cuts it off.
func TestWhatIsWrongWithTheBusIsToldAndTheVisitGoesOn(t *testing.T) {
	t.Parallel()
	program := libraries()["libmodbus"]
	answer := func(change func(b []byte)) func(w *accesstest.Wire) {
		return func(w *accesstest.Wire) {
			w.Spoil(func(fromPeer bool, b []byte) []byte {
				if fromPeer {
					change(b)
				}
				return b
			})
		}
	}
	all := map[string]func(*testing.T){}
	for name, c := range map[string]struct {
		over string
		fail func(w *accesstest.Wire)
		want string
	}{
		"an unplugged bus":    {"RTU", func(w *accesstest.Wire) { w.Plug(false) }, "nothing came within"},
		"an unplugged module": {"TCP", func(w *accesstest.Wire) { w.Plug(false) }, "read the strike"},
		"another's reply":     {"RTU", answer(func(b []byte) { b[0] = 9; recount(b) }), "unit 9 answered for unit 1"},
		"a late reply":        {"TCP", answer(func(b []byte) { b[1] ^= 1 }), "late, repeated or another's"},
		"a wrong checksum":    {"RTU", answer(func(b []byte) { b[len(b)-1] ^= 1 }), "wrong checksum"},
	} {
		all[name] = func(t *testing.T) {
			m := lines[c.over](t, program)
			m.reach["timeout"] = "100ms"
			b := bench(t, m.peer, m.wire, m.reach)
			accesstest.Eventually(t, "the module answers", func() bool { return b.Devices.Diagnostics.Diagnose()[0].OK })
			accesstest.VisitGoesOn(t, b.Devices, func() { c.fail(m.wire) }, c.want)
		}
	}
	accesstest.Beside(t, all)
}

// recount gives a frame that was changed the checksum that belongs to it.
func recount(b []byte) {
	sum := uint16(0xFFFF)
	for _, c := range b[:len(b)-2] {
		sum ^= uint16(c)
		for range 8 {
			low := sum & 1
			if sum >>= 1; low != 0 {
				sum ^= 0xA001
			}
		}
	}
	binary.LittleEndian.PutUint16(b[len(b)-2:], sum)
}

func TestAnUnlockThatFailedIsNotMadeGoodLater(t *testing.T) {
	door, p, w := doorBehind(t, nil)
	w.Plug(false)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := door.Unlock(ctx, grant(1, 10*time.Second)); !errors.Is(err, room.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	w.Plug(true)
	accesstest.Eventually(t, "the lock answers again", func() bool { return door.Lock(t.Context()) == nil })
	if p.ask(t, "get co %d", strike) != 0 {
		t.Error("an old unlock was carried out")
	}
}

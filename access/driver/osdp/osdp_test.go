package osdp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/room"
)

const testKey = "000102030405060708090a0b0c0d0e0f"

func keyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reader.key")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func ownKey() *Key {
	b, err := hex.DecodeString(testKey)
	if err != nil {
		panic(err)
	}
	k := Key(b)
	return &k
}

// open connects the driver to p by a cable that the test can spoil.
func open(t *testing.T, p *peripheral, log *slog.Logger, more map[string]string) (room.Devices, func() error, *accesstest.Wire) {
	t.Helper()
	w, far := accesstest.SerialWire(t)
	devices, stop := openAt(t, p, w, far, log, more)
	return devices, stop, w
}

func openAt(t *testing.T, p *peripheral, w *accesstest.Wire, far string, log *slog.Logger, more map[string]string) (room.Devices, func() error) {
	t.Helper()
	p.plugIn(t, far)
	options := map[string]string{"port": w.Near, "address": "5", "key_file": keyFile(t, testKey), "kiosk": "K1",
		"strike": "0", "contact": "0", "exit": "1", "poll": "20ms", "timeout": "300ms"}
	maps.Copy(options, more)
	devices, closer, err := Open(t.Context(), options, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Plug(true)
		w.Spoil(nil)
		_ = closer.Close() // it may be closed already
	})
	return devices, closer.Close
}

var quiet = slog.New(slog.DiscardHandler)

func newPeripheral() *peripheral {
	return &peripheral{address: 5, key: ownKey(), inputs: []byte{1, 0}}
}

func connected(d room.Devices) func() bool {
	return func() bool { return d.Diagnostics.Diagnose()[0].OK }
}

func TestAThousandDisconnectsAndGarbage(t *testing.T) {
	t.Parallel()
	p := newPeripheral()
	w, far := accesstest.AdapterWire(t)
	devices, _ := openAt(t, p, w, far, quiet, map[string]string{"timeout": "5ms", "poll": "1ms", "retry": "50us"})
	accesstest.Survives(t, accesstest.Bench{Devices: devices, Released: p.released}, w)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		p := newPeripheral()
		logged := &accesstest.Log{}
		devices, closer, w := open(t, p, logged.Logger(), nil)
		accesstest.Eventually(t, "the device is reached", connected(devices))
		plugged := true
		swing := func(open bool) { p.input(0, map[bool]byte{false: 1}[open]) }
		return accesstest.Bench{
			Devices: devices, Close: closer, Log: logged, Forgets: true, Card: "123-04567",
			Released: p.released,
			Pull: func(t *testing.T) bool {
				if !p.released() {
					return false
				}
				if swing(true); plugged {
					accesstest.Eventually(t, "the strike locks behind who entered", func() bool { return !p.released() })
				}
				swing(false)
				return true
			},
			Push: func(t *testing.T) {
				accesstest.Leave(t, devices.Door, func(used bool) { p.input(1, map[bool]byte{true: 1}[used]) }, swing)
			},
			Prop: func(t *testing.T, on bool) { accesstest.Prop(t, devices.Door, on, swing) },
			Show: func(t *testing.T, _ string) {
				// 26 bits of facility 123, number 4567, first bit highest.
				p.tell(replyRaw, 0, 1, 26, 0, 0b10111101, 0b10001000, 0b11101011, 0b10000000)
			},
			Plug: func(_ *testing.T, in bool) { plugged = in; w.Plug(in) },
		}
	})
}

func TestOptions(t *testing.T) {
	good := func(more map[string]string) map[string]string {
		all := map[string]string{"port": "/dev/ttyUSB0", "kiosk": "K1", "key_file": keyFile(t, testKey)}
		maps.Copy(all, more)
		return all
	}
	open := keyFile(t, testKey)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"no port":                     {"kiosk": "K1", "key_file": keyFile(t, testKey)},
		"no key":                      {"port": "/dev/ttyUSB0", "kiosk": "K1"},
		"a key that is not there":     good(map[string]string{"key_file": "/nonexistent"}),
		"a short key":                 good(map[string]string{"key_file": keyFile(t, "0001")}),
		"a key that all may read":     good(map[string]string{"key_file": open}),
		"the published default key":   good(map[string]string{"key_file": keyFile(t, "303132333435363738393a3b3c3d3e3f")}),
		"an address of everybody":     good(map[string]string{"address": "127"}),
		"an install mode for a day":   good(map[string]string{"install_until": time.Now().Add(24 * time.Hour).Format(time.RFC3339)}),
		"an install mode for ever":    good(map[string]string{"install_until": "always"}),
		"neither kiosk nor strike":    good(map[string]string{"kiosk": ""}),
		"a word that nobody knows of": good(map[string]string{"colour": "red"}),
	})
}

// TestVectors takes the examples of the specification's annex E.
func TestVectors(t *testing.T) {
	for _, frame := range []string{"537f0d00046e00802500006e38", "53000900046100c066"} {
		b, _ := hex.DecodeString(frame)
		if _, err := decode(b); err != nil {
			t.Errorf("%s: %v", frame, err)
		}
	}
	rndA, rndB := [8]byte{0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7}, [8]byte{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7}
	s := newSession(defaultKey(), rndA)
	server, client := s.cryptogram(rndB, rndA), s.cryptogram(rndA, rndB)
	first := s.initialMAC(server)
	for name, tt := range map[string]struct {
		got  [16]byte
		want string
	}{
		"client cryptogram": {client, "fde5d2f428ec16312471ea3c02bd7796"},
		"server cryptogram": {server, "26d3356e07762d262801fc8e6665a891"},
		"R-MAC-I":           {first, "b2a30057eb98ba2229ec1f875662b524"},
	} {
		if got := hex.EncodeToString(tt.got[:]); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	data := []byte("0123456789abcdef, more than a block")
	if got, err := s.open(s.seal(data, first), first); err != nil || !bytes.Equal(got, data) {
		t.Errorf("sealed and opened: %q, %v", got, err)
	}
}

func TestADeviceWithTheDefaultKeyIsRefused(t *testing.T) {
	p := newPeripheral()
	p.key = nil
	devices, _, _ := open(t, p, quiet, nil)
	accesstest.Eventually(t, "it is told", func() bool {
		return strings.Contains(devices.Diagnostics.Diagnose()[0].Problem, "default key")
	})
	g := room.Grant{ID: "g", Fence: 1, Issued: time.Now(), Expires: time.Now().Add(time.Minute)}
	if err := devices.Door.Unlock(t.Context(), g); !errors.Is(err, room.ErrUnavailable) || p.released() {
		t.Errorf("unlock: %v; released: %v", err, p.released())
	}
}

func TestInInstallModeADeviceIsGivenItsKey(t *testing.T) {
	p := newPeripheral()
	p.key = nil
	devices, _, _ := open(t, p, quiet, map[string]string{"install_until": time.Now().Add(time.Minute).Format(time.RFC3339)})
	accesstest.Eventually(t, "the device is reached", connected(devices))
	if p.mu.Lock(); p.key == nil || *p.key != *ownKey() {
		t.Error("the device was not given its key")
	}
	p.mu.Unlock()
}

func TestADeviceWithAnotherKeyIsRefused(t *testing.T) {
	p := newPeripheral()
	p.key = &Key{1}
	devices, _, _ := open(t, p, quiet, map[string]string{"install_until": time.Now().Add(time.Minute).Format(time.RFC3339)})
	accesstest.Eventually(t, "it is told", func() bool {
		return strings.Contains(devices.Diagnostics.Diagnose()[0].Problem, "another key")
	})
}

// TestWhatIsWrongWithTheDeviceIsToldAndTheVisitGoesOn changes the device, or plays
// again what it said.
func TestWhatIsWrongWithTheDeviceIsToldAndTheVisitGoesOn(t *testing.T) {
	t.Parallel()
	all := map[string]func(*testing.T){}
	for name, c := range map[string]struct {
		fail func(p *peripheral, w *accesstest.Wire)
		want string
	}{
		"an unplugged bus": {func(_ *peripheral, w *accesstest.Wire) { w.Plug(false) }, "nothing came within"},
		"a wrong key": {func(p *peripheral, _ *accesstest.Wire) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.key, p.s = &Key{1}, nil // somebody exchanged it
		}, "the device has another key"},
		"replayed frames": {func(_ *peripheral, w *accesstest.Wire) {
			var tape []byte
			w.Spoil(func(fromPeer bool, b []byte) []byte {
				if fromPeer && tape == nil {
					tape = bytes.Clone(b)
				} else if fromPeer {
					return bytes.Clone(tape)
				}
				return b
			})
		}, "somebody may be on the line"},
		"a wrong checksum": {func(_ *peripheral, w *accesstest.Wire) {
			w.Spoil(func(fromPeer bool, b []byte) []byte {
				if fromPeer {
					b[len(b)-1] ^= 1
				}
				return b
			})
		}, "has a wrong checksum"},
	} {
		all[name] = func(t *testing.T) {
			p := newPeripheral()
			devices, _, w := open(t, p, quiet, map[string]string{"timeout": "100ms"})
			accesstest.Eventually(t, "the device is reached", connected(devices))
			accesstest.VisitGoesOn(t, devices, func() { c.fail(p, w) }, c.want)
		}
	}
	accesstest.Beside(t, all)
}

func TestAReplyInTheClearEndsTheChannel(t *testing.T) {
	p := newPeripheral()
	devices, _, _ := open(t, p, quiet, nil)
	accesstest.Eventually(t, "the device is reached", connected(devices))
	p.mu.Lock()
	p.clear = true
	p.mu.Unlock()
	accesstest.Eventually(t, "it is told", func() bool {
		return strings.Contains(devices.Diagnostics.Diagnose()[0].Problem, "in the clear")
	})
}

// TestAReplayedReadIsNotTakenAgain records the reply with a card and plays it in
// place of every later one.
func TestAReplayedReadIsNotTakenAgain(t *testing.T) {
	t.Parallel()
	p := newPeripheral()
	devices, _, w := open(t, p, quiet, nil)
	accesstest.Eventually(t, "the device is reached", connected(devices))
	reads := devices.Reader.Reads(t.Context())
	var tape []byte // by the one goroutine of that direction
	w.Spoil(func(fromPeer bool, b []byte) []byte {
		if f, err := decode(b); fromPeer && err == nil && f.code == replyRaw {
			tape = bytes.Clone(b)
		} else if fromPeer && tape != nil {
			return tape
		}
		return b
	})
	p.tell(replyRaw, 0, 1, 26, 0, 0b10111101, 0b10001000, 0b11101011, 0b10000000)
	if a := <-reads; a.Secret != "123-04567" {
		t.Fatalf("got %+v", a)
	}
	accesstest.Eventually(t, "the channel breaks", func() bool { return !connected(devices)() })
	w.Spoil(nil)
	accesstest.Eventually(t, "the channel stands again", connected(devices))
	select {
	case a := <-reads:
		t.Errorf("the card was read again: %+v", a)
	default:
	}
}

// TestBytesDroppedAndFlipped: on a line that loses and spoils bytes, cards arrive
// as they are or not at all, and the strike moves by grants only.
func TestBytesDroppedAndFlipped(t *testing.T) {
	t.Parallel()
	p := newPeripheral()
	devices, _, w := open(t, p, quiet, map[string]string{"timeout": "30ms", "poll": "2ms"})
	accesstest.Eventually(t, "the device is reached", connected(devices))
	reads := devices.Reader.Reads(t.Context())
	rnd := map[bool]*rand.Rand{false: rand.New(rand.NewPCG(1, 2)), true: rand.New(rand.NewPCG(3, 4))}
	spoil := func(fromPeer bool, b []byte) []byte {
		r := rnd[fromPeer]
		switch r.IntN(8) {
		case 0:
			i := r.IntN(len(b))
			return append(b[:i], b[i+1:]...)
		case 1:
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		case 2:
			return append([]byte{startOfMessage, byte(r.Uint32())}, b...)
		}
		return b
	}
	w.Spoil(spoil)
	got := 0
	for n := 0; n < 100 || got < 20; n++ {
		if n > 5000 {
			t.Fatalf("%d of %d reads arrived", got, n)
		}
		p.tell(replyRaw, 0, 1, 26, 0, 0b10111101, 0b10001000, 0b11101011, 0b10000000)
		select {
		case a := <-reads:
			got++
			if a.Secret != "123-04567" {
				t.Fatalf("read %d: %+v", n, a)
			}
		case <-time.After(50 * time.Millisecond):
		}
		if p.released() {
			t.Fatalf("after %d reads the strike is released without a grant", n)
		}
	}
	w.Spoil(nil)
	accesstest.Eventually(t, "the channel stands again", connected(devices))
	fence := uint64(0)
	accesstest.Eventually(t, "the door unlocks", func() bool {
		fence++
		return devices.Door.Unlock(t.Context(), room.Grant{ID: "g", Fence: fence, Issued: time.Now(), Expires: time.Now().Add(time.Minute)}) == nil
	})
	if !p.released() {
		t.Error("the strike is not released")
	}
}

// TestStoppedInTheMiddleOfACommandTheDoorIsLocked stops a driver that asks the
// device all the time.
func TestStoppedInTheMiddleOfACommandTheDoorIsLocked(t *testing.T) {
	t.Parallel()
	for range 8 {
		p := newPeripheral()
		devices, stop, _ := open(t, p, quiet, map[string]string{"poll": "1ms"})
		accesstest.Eventually(t, "the device is reached", connected(devices))
		if err := devices.Door.Unlock(t.Context(), room.Grant{ID: "g", Fence: 1, Issued: time.Now(), Expires: time.Now().Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
		if err := stop(); err != nil || p.released() {
			t.Fatalf("released: %v, %v", p.released(), err)
		}
	}
}

func TestADeviceThatDoesNotTellItsInputsIsAFault(t *testing.T) {
	p := newPeripheral()
	devices, _, _ := open(t, p, quiet, map[string]string{"contact": "7"})
	for e := range devices.Door.Events(t.Context()) {
		if e.Kind == room.DoorClosed || e.Kind == room.DoorOpened {
			t.Fatalf("a door whose contact is not there is told as %s", e.Kind)
		}
		if e.Kind == room.DoorFaulty && strings.Contains(e.Detail, "inputs") {
			break
		}
	}
}

func TestAPINOnTheKeypad(t *testing.T) {
	p := newPeripheral()
	devices, _, _ := open(t, p, quiet, nil)
	reads := devices.Reader.Reads(t.Context())
	p.tell(replyKeypad, 0, 3, '9', '9', keyStar)
	p.tell(replyKeypad, 0, 4, '1', '2', '3', '4')
	p.tell(replyKeypad, 0, 3, '5', '6', keyHash)
	if a := <-reads; a.Form != room.FormPIN || a.Secret != "123456" || a.Kiosk != "K1" {
		t.Errorf("got %+v", a)
	}
}

func TestTheReaderShowsThatTheDoorMayBeOpened(t *testing.T) {
	p := newPeripheral()
	devices, _, _ := open(t, p, quiet, nil)
	accesstest.Eventually(t, "the device is reached", connected(devices))
	g := room.Grant{ID: "g", Fence: 1, Issued: time.Now(), Expires: time.Now().Add(time.Minute)}
	if err := devices.Door.Unlock(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	left := int(time.Until(g.Expires).Seconds() * 10)
	p.mu.Lock()
	defer p.mu.Unlock()
	if tenths := int(p.lit[7]) | int(p.lit[8])<<8; p.lit[5] != green || tenths < left || tenths > 600 || p.tones != 1 {
		t.Errorf("LED % x, %d tones", p.lit, p.tones)
	}
	if p.carried[cmdOutput] > 2 {
		t.Errorf("the strike was moved %d times", p.carried[cmdOutput])
	}
}

func TestKeypadForgetsWhatWasTypedLongAgo(t *testing.T) {
	var k keypad
	now := time.Now()
	k.press([]byte("99"), now)
	if got := k.press([]byte("12345678\r"), now.Add(keyPause+time.Second)); len(got) != 1 || got[0] != "12345678" {
		t.Errorf("got %v", got)
	}
	if got := k.press([]byte("1234567890123\r"), now.Add(time.Hour)); got != nil {
		t.Errorf("thirteen digits gave %v", got)
	}
}

// FuzzLine: whatever comes over the line, it is a frame or passed over.
func FuzzLine(f *testing.F) {
	f.Add([]byte{0x53, 0x00, 0x09, 0x00, 0x04, 0x61, 0x00, 0xC0, 0x66})
	f.Add(frame{address: 5, reply: true, security: []byte{scs16}, code: replyAck, mac: []byte{1, 2, 3, 4}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := decode(b)
		if err != nil {
			return
		}
		_, _ = card(fr.data)
		if again := fr.encode(); len(again) > len(b) {
			t.Errorf("% x became % x", b, again)
		}
	})
}

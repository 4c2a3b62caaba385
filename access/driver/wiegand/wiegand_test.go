package wiegand_test

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/wiegand"
	"github.com/packroom/packroom/room"
)

// cable is a serial cable of socat's; typing goes in at far. It can be pulled and
// put in again.
type cable struct {
	dir, near, far string
	cmd            *exec.Cmd
}

func newCable(t *testing.T) *cable {
	t.Helper()
	dir, err := os.MkdirTemp("", "pty")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{dir: dir, near: filepath.Join(dir, "near"), far: filepath.Join(dir, "far")}
	t.Cleanup(func() {
		c.pull()
		_ = os.RemoveAll(dir)
	})
	c.plug(t)
	return c
}

func (c *cable) plug(t *testing.T) {
	t.Helper()
	c.cmd = exec.Command("socat", "PTY,rawer,link="+c.near, "PTY,rawer,link="+c.far)
	if err := c.cmd.Start(); err != nil {
		t.Fatalf("start socat (deploy/setup.sh test): %v", err)
	}
	accesstest.Eventually(t, "socat's terminals", func() bool {
		_, err1 := os.Stat(c.near)
		_, err2 := os.Stat(c.far)
		return err1 == nil && err2 == nil
	})
}

func (c *cable) pull() {
	if c.cmd != nil {
		_ = c.cmd.Process.Signal(os.Interrupt) // it takes its links away
		_ = c.cmd.Wait()
		c.cmd = nil
	}
}

func (c *cable) write(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(c.far, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestConformanceOverASerialLine(t *testing.T) {
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		c := newCable(t)
		logged := &accesstest.Log{}
		devices, closer, err := wiegand.Open(t.Context(), map[string]string{"port": c.near, "kiosk": "K1"}, logged.Logger())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = closer.Close() })
		connected := func() bool { return devices.Diagnostics.Diagnose()[0].OK }
		return accesstest.Bench{Devices: devices, Close: closer.Close, Log: logged,
			Show: func(t *testing.T, secret string) {
				accesstest.Eventually(t, "the reader is open", connected)
				c.write(t, secret+"\r\n")
			},
			Plug: func(t *testing.T, in bool) {
				if in {
					c.plug(t)
				} else {
					accesstest.Eventually(t, "the reader is open", connected)
					c.pull()
				}
			},
		}
	})
}

// event is a key that goes down or up, in the kernel's shape.
func event(code uint16, value int32) []byte {
	b := make([]byte, 24)
	binary.NativeEndian.PutUint16(b[16:], 1)
	binary.NativeEndian.PutUint16(b[18:], code)
	binary.NativeEndian.PutUint32(b[20:], uint32(value))
	return b
}

// TestConformanceAsAKeyboard has a FIFO in place of the event device.
func TestConformanceAsAKeyboard(t *testing.T) {
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		path := filepath.Join(t.TempDir(), "event0")
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		devices, closer, err := wiegand.Open(t.Context(), map[string]string{"keyboard": path, "kiosk": "K1"}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = closer.Close(), keys.Close() })
		return accesstest.Bench{Devices: devices, Close: closer.Close, Card: "A0b",
			Show: func(t *testing.T, _ string) {
				accesstest.Eventually(t, "the keyboard is open", func() bool { return devices.Diagnostics.Diagnose()[0].OK })
				const a, zero, b, enter, shift = 30, 11, 48, 28, 42
				for _, e := range [][]byte{event(shift, 1), event(a, 1), event(a, 2), event(shift, 0), event(a, 0),
					event(zero, 1), event(b, 1), event(enter, 1)} {
					if _, err := keys.Write(e); err != nil {
						t.Fatal(err)
					}
				}
			},
		}
	})
}

func TestOptions(t *testing.T) {
	accesstest.Refuses(t, wiegand.Open, map[string]map[string]string{
		"no reader":        {"kiosk": "K1"},
		"no kiosk":         {"port": "/dev/ttyUSB0"},
		"an odd form":      {"port": "/dev/ttyUSB0", "kiosk": "K1", "form": "face"},
		"an odd format":    {"port": "/dev/ttyUSB0", "kiosk": "K1", "format": "morse"},
		"too many bits":    {"port": "/dev/ttyUSB0", "kiosk": "K1", "bits": "65"},
		"an unknown word":  {"port": "/dev/ttyUSB0", "kiosk": "K1", "colour": "red"},
		"an unknown speed": {"port": "/dev/ttyUSB0", "kiosk": "K1", "baud": "fast"},
	})
}

func TestALineThatDoesNotEndIsDropped(t *testing.T) {
	c := newCable(t)
	devices, closer, err := wiegand.Open(t.Context(), map[string]string{"port": c.near, "kiosk": "K1", "format": "bits"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	accesstest.Eventually(t, "the reader is open", func() bool { return devices.Diagnostics.Diagnose()[0].OK })
	got := devices.Reader.Reads(t.Context())
	c.write(t, "111")
	<-time.After(1500 * time.Millisecond)            // longer than a line may pause
	c.write(t, "1111\n")                             // no card; the line before would make it a longer one
	c.write(t, "\x0210111101100010001110101110\x03") // begun and ended by STX and ETX
	if a := <-got; a.Secret != "04F" {
		t.Errorf("got %+v, want the four bits that came last", a)
	}
	if a := <-got; a.Secret != "123-04567" {
		t.Errorf("got %+v", a)
	}
}

func TestCard(t *testing.T) {
	for name, tt := range map[string]struct {
		b    wiegand.Bits
		want string
	}{
		// Worked by hand from the published layout.
		"26 bits, facility 1, number 1":                {wiegand.Bits{Value: 0b1_00000001_0000000000000001_0, Count: 26}, "001-00001"},
		"26 bits, facility 255, number 65535":          {wiegand.Bits{Value: 0b0_11111111_1111111111111111_1, Count: 26}, "255-65535"},
		"26 bits, facility 123, number 4567":           {wiegand.Bits{Value: 0b1_01111011_0001000111010111_0, Count: 26}, "123-04567"},
		"37 bits, facility 1, number 1":                {wiegand.Bits{Value: 0b1_0000000000000001_0000000000000000001_0, Count: 37}, "00001-000001"},
		"37 bits, all ones":                            {wiegand.Bits{Value: 1<<36 - 1, Count: 37}, "65535-524287"},
		"another length is given as it is, with count": {wiegand.Bits{Value: 0xABC, Count: 12}, "12ABC"},
	} {
		if got, err := wiegand.Card(tt.b); err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, tt.want)
		}
	}
	for bit := range 26 {
		if _, err := wiegand.Card(wiegand.Bits{Value: 0b1_01111011_0001000111010111_0 ^ 1<<bit, Count: 26}); !errors.Is(err, room.ErrInvalid) {
			t.Errorf("with bit %d flipped: got %v, want ErrInvalid", bit, err)
		}
	}
}

// FuzzLine: whatever a reader types, it is decoded or dropped.
func FuzzLine(f *testing.F) {
	f.Add("10111101100010001110101110", 26)
	f.Add("3F", 37)
	f.Add("0", -14)
	f.Fuzz(func(t *testing.T, line string, count int) {
		for _, format := range []string{"bits", "hex"} {
			if secret, err := wiegand.Decode(format, line, count); err == nil && (secret == "" || len(secret) > 20) {
				t.Errorf("%s %q became %q", format, line, secret)
			}
		}
	})
}

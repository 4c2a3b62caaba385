// Package wiegand listens to card readers and code scanners that type: on a
// serial line or as a keyboard. It decodes the bits of Wiegand readers, 26-bit
// H10301 and 37-bit H10304, where a converter passes them on.
//
// # Options
//
//	port      /dev/ttyUSB0         a serial line, with baud, parity, stop (9600, none, 1), or
//	keyboard  /dev/input/by-id/... a USB reader that types; it is taken away from
//	                               the console, so that nothing of it is seen there
//	kiosk     K1                   where it is fitted; required
//	form      card                 what it reads: card, qr or pin
//	format    text                 of a line: text as typed, bits (011010...) or hex
//	bits      26                   how many bits a card has, for format hex
//
// # Wiring and limits
//
// A read ends with Enter (or Tab, or the line's end); what is not followed by
// one within a second is dropped, and so is what is longer than 512 characters.
// Keyboards have the layout of the United States. A Wiegand pair itself (D0 and
// D1) needs a converter: nothing but a microcontroller keeps its timing.
//
// To try it without hardware: socat PTY,link=/tmp/reader - and type a number.
package wiegand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

const (
	longest   = 512         // characters of one read
	lineQuiet = time.Second // after which a line that did not end is dropped
)

// Driver is one reader.
type Driver struct {
	kiosk, format string
	form          room.CredentialForm
	bits          int
	open          func() (*os.File, error)
	keyboard      bool
	line          *device.Line
	reads         device.Readings

	stop context.CancelFunc
	done chan struct{}
}

// Open begins to listen to the reader that options describe.
func Open(_ context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	d := &Driver{kiosk: o.Need("kiosk", "the kiosk that it belongs to"), format: o.Choice("format", "text", "text", "bits", "hex"),
		form: room.CredentialForm(o.Choice("form", "card", "card", "qr", "pin")), bits: o.Number("bits", 26, 1, 64),
		line: device.NewLine(log), done: make(chan struct{})}
	if path := o.Text("keyboard", ""); path != "" {
		d.keyboard = true
		d.open = func() (*os.File, error) { return openKeyboard(path) }
	} else {
		d.open = device.ReadSerial(o, 9600, "none").Open
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	go d.run(ctx)
	return room.Devices{Reader: &d.reads, Diagnostics: d.line}, d, nil
}

// openKeyboard opens an event device and keeps it from the console.
func openKeyboard(path string) (*os.File, error) {
	f, err := os.OpenFile(path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("keyboard: %w: %v", room.ErrUnavailable, err)
	}
	raw, err := f.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			const grab = 0x40044590 // EVIOCGRAB
			if e := unix.IoctlSetInt(int(fd), grab, 1); e != nil && !errors.Is(e, unix.ENOTTY) {
				err = e
			}
		})
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("keyboard %s: %w: %v", path, room.ErrUnavailable, err)
	}
	return f, nil
}

// run listens until ctx ends, and opens the reader again whenever it is gone.
func (d *Driver) run(ctx context.Context) {
	defer close(d.done)
	var again device.Backoff
	for {
		err := d.listen(ctx, &again)
		if ctx.Err() != nil {
			return
		}
		d.line.Lost(err)
		if !again.Wait(ctx) {
			return
		}
	}
}

// listen reads until the reader is gone or ctx ends.
func (d *Driver) listen(ctx context.Context, again *device.Backoff) error {
	f, err := d.open()
	if err != nil {
		return err
	}
	end := context.AfterFunc(ctx, func() { _ = f.Close() })
	defer func() {
		if end() {
			_ = f.Close() // nothing was written to it
		}
	}()
	d.line.Back()
	again.Reset()
	var keys keyboard
	var text typed
	b := make([]byte, 24*64)
	for {
		if err := f.SetReadDeadline(time.Now().Add(lineQuiet)); err != nil {
			return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
		}
		n, err := f.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			text.drop()
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: the reader is gone: %v", room.ErrUnavailable, err)
		}
		in := b[:n]
		if d.keyboard {
			in = keys.typed(in)
		}
		for _, line := range text.add(in) {
			d.heard(line)
		}
	}
}

// heard tells all that listen about one read.
func (d *Driver) heard(line string) {
	secret, err := Decode(d.format, line, d.bits)
	if err != nil {
		d.line.Count("bad reads")
		return
	}
	d.line.Count("reads")
	d.reads.Heard(room.Attempt{Kiosk: d.kiosk, Form: d.form, Secret: secret})
}

// Decode gives what a line of a reader says as it is enrolled: of text the line
// itself, of bits and hex (of count bits) the card.
func Decode(format, line string, count int) (string, error) {
	var b Bits
	var err error
	switch format {
	case "bits":
		b, err = parseBits(line)
	case "hex":
		b, err = parseHex(line, count)
	default:
		return line, nil
	}
	if err != nil {
		return "", err
	}
	return Card(b)
}

// Close stops listening.
func (d *Driver) Close() error {
	d.stop()
	<-d.done
	return nil
}

// typed gathers characters to lines. Its zero value is empty.
type typed struct {
	b    strings.Builder
	over bool // the line is too long: it is dropped to its end
}

// add takes characters in and gives the lines that they end.
func (t *typed) add(in []byte) (lines []string) {
	for _, c := range in {
		switch {
		case c == '\r' || c == '\n' || c == '\t' || c == 0x03: // ETX ends a frame that STX began
			if line := t.b.String(); line != "" && !t.over {
				lines = append(lines, line)
			}
			t.drop()
		case c < ' ' || c > '~':
		case t.b.Len() == longest:
			t.over = true
		default:
			t.b.WriteByte(c)
		}
	}
	return lines
}

func (t *typed) drop() {
	t.b.Reset()
	t.over = false
}

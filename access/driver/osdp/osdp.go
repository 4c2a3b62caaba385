// Package osdp is the control panel of one OSDP 2.2 device (IEC 60839-11-5) on a
// serial line: a card reader with or without keypad, its LED and buzzer, and
// where it has them an output for the strike and inputs for the door.
//
// # Options
//
//	port       /dev/ttyUSB0    the RS-485 line; baud, parity, stop: 9600, none, 1
//	address    0               the device's, 0 to 126
//	key_file   reader.key      its own key, 32 hexadecimal digits, mode 0600; required
//	install_until 2026-11-22T18:00:00Z  until then, an hour at most, a device that
//	                           still has the published default key is given its own
//	kiosk      K1              where the reader is fitted; empty = its reads are not used
//	strike     output          is released by a timed command, so that the device
//	                           locks by itself when it hears nothing more
//	contact    input           active while the door is closed (invert_contact: open)
//	exit       input           active while the inner handle is used
//	timeout    200ms           for one reply, tried four times
//	poll       100ms           how often the device is asked
//	retry      100ms           the first wait before a device that is lost is tried again
//
// # What may be relied upon
//
//   - Nothing but the handshake is ever sent or taken in the clear, and the default
//     key is used for nothing but handing over the device's own.
//   - A frame that is replayed, changed or comes from another ends the channel; it
//     is made anew, and the door is locked meanwhile.
//
// # Limits
//
// One device a line. A PIN on the keypad ends with #; * begins it again, and so
// does a pause of ten seconds. Cards are told as in package wiegand.
//
// To try it without hardware: the tests' peripheral over a socat cable. The driver
// was tried by hand against libosdp 3.2.0 as the device too: handshake, handing
// over of the key, cards, LED, tone and timed output.
package osdp

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// none is the number of what is not wired.
const none = -1

// longestInstall bounds the install mode: somebody stands beside the device.
const longestInstall = time.Hour

// Driver is one device. Safe for concurrent use.
type Driver struct {
	kiosk                 string
	strike, contact, exit int
	contactClosed         bool // the level that means so
	poll                  time.Duration
	again                 device.Backoff
	panel                 *panel
	line                  *device.Line
	door                  *device.Doorway // nil without a strike
	reads                 device.Readings
	pin                   keypad
	exitUsed              bool

	stop context.CancelFunc
	done chan struct{}
}

// Open begins to reach for the device that options describe.
func Open(_ context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	serial := device.ReadSerial(o, 9600, "none")
	d := &Driver{
		kiosk: o.Text("kiosk", ""), poll: o.Duration("poll", 100*time.Millisecond), again: device.ReadBackoff(o),
		strike: o.Number("strike", none, 0, 255), contact: o.Number("contact", none, 0, 255), exit: o.Number("exit", none, 0, 255),
		contactClosed: !o.Bool("invert_contact", false), line: device.NewLine(log), done: make(chan struct{}),
	}
	d.panel = &panel{address: byte(o.Number("address", 0, 0, 126)), timeout: o.Duration("timeout", 200*time.Millisecond),
		install: installUntil(o), count: d.line.Count, dial: func() (port, error) { return serial.Open() }}
	if path := o.Need("key_file", "the file with the device's own key"); path != "" {
		key, err := readKey(path)
		if err != nil {
			o.Fail("key_file", "%v", err)
		}
		d.panel.key = key
	}
	if d.kiosk == "" && d.strike == none {
		o.Fail("kiosk", "give the kiosk that the reader belongs to, or the output of a strike")
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	devices := room.Devices{Diagnostics: d.line}
	if d.kiosk != "" {
		devices.Reader = &d.reads
	}
	if d.strike != none {
		d.door = device.NewDoorway(d.release)
		devices.Door = d.door
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	go d.run(ctx)
	return devices, d, nil
}

// installUntil reads the end of the install mode.
func installUntil(o *device.Options) func() bool {
	text := o.Text("install_until", "")
	if text == "" {
		return func() bool { return false }
	}
	end, err := time.Parse(time.RFC3339, text)
	if err != nil {
		o.Fail("install_until", "%q is not a time such as 2026-11-22T18:00:00Z", text)
	} else if time.Until(end) > longestInstall {
		o.Fail("install_until", "%s is more than %s ahead", text, longestInstall)
	}
	return func() bool { return time.Now().Before(end) }
}

// run keeps the channel and polls until ctx ends.
func (d *Driver) run(ctx context.Context) {
	defer close(d.done)
	for ctx.Err() == nil {
		err := d.panel.connect(ctx)
		if err == nil {
			d.again.Reset()
			err = d.serve(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		d.line.Lost(err)
		if d.door != nil {
			d.door.Fault("the door's controller does not answer: " + err.Error())
		}
		if !d.again.Wait(ctx) {
			return
		}
	}
}

// serve polls over a channel that stands until it breaks or ctx ends. A command
// that has begun is brought to its end: to break it off would end the channel, over
// which Close locks the door.
func (d *Driver) serve(ctx context.Context) error {
	whole := context.WithoutCancel(ctx)
	d.identify(whole)
	d.show(whole, red, 0)
	tick := time.NewTicker(d.poll)
	defer tick.Stop()
	for n := 0; ; n++ {
		ask := byte(cmdPoll)
		if max(d.contact, d.exit) != none && n%5 == 0 {
			ask = cmdInputs
		}
		reply, err := d.panel.do(whole, ask, nil)
		if err != nil && !refused(err) {
			return err
		}
		if n == 0 && d.door != nil {
			// The output may have been left on by whoever had the channel before.
			if err := d.door.Settle(whole); err != nil {
				return fmt.Errorf("lock the strike: %w", err)
			}
		}
		d.line.Back()
		d.tellDoor(ask, reply, err)
		if err == nil {
			d.take(reply)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// tellDoor tells the door whether contact and handle can be known: a device that
// does not tell its inputs is a fault of the door's.
func (d *Driver) tellDoor(ask byte, reply frame, err error) {
	last := max(d.contact, d.exit)
	switch {
	case d.door == nil:
	case last == none:
		d.door.Answered()
		d.door.Contact(false)
	case ask != cmdInputs:
	case err != nil || reply.code != replyInputs || last >= len(reply.data):
		d.door.Fault("the device does not tell the inputs of contact and exit; compare their numbers with its manual")
	default:
		d.door.Answered()
	}
}

// identify notes what the device says of itself.
func (d *Driver) identify(ctx context.Context) {
	reply, err := d.panel.do(ctx, cmdID, []byte{0})
	if err != nil || reply.code != replyID || len(reply.data) < 12 {
		return
	}
	b := reply.data
	d.line.Note("vendor", fmt.Sprintf("%02X%02X%02X", b[0], b[1], b[2]))
	d.line.Note("model", fmt.Sprintf("%d.%d", b[3], b[4]))
	d.line.Note("serial", fmt.Sprintf("%X", b[5:9]))
	d.line.Note("firmware", fmt.Sprintf("%d.%d.%d", b[9], b[10], b[11]))
}

// take takes in what the device has to tell.
func (d *Driver) take(reply frame) {
	switch reply.code {
	case replyInputs:
		d.inputs(reply.data)
	case replyRaw:
		if secret, err := card(reply.data); err == nil {
			d.heard(room.FormCard, secret)
		} else {
			d.line.Count("bad reads")
		}
	case replyKeypad:
		if len(reply.data) >= 2 && int(reply.data[1]) <= len(reply.data)-2 {
			for _, pin := range d.pin.press(reply.data[2:2+int(reply.data[1])], time.Now()) {
				d.heard(room.FormPIN, pin)
			}
		}
	}
}

func (d *Driver) heard(form room.CredentialForm, secret string) {
	d.line.Count("reads")
	if d.kiosk != "" {
		d.reads.Heard(room.Attempt{Kiosk: d.kiosk, Form: form, Secret: secret})
	}
}

// inputs tells the door what the inputs say.
func (d *Driver) inputs(levels []byte) {
	if d.door == nil {
		return
	}
	if d.exit != none && d.exit < len(levels) {
		used := levels[d.exit] != 0
		if used && !d.exitUsed {
			d.door.Exit() // before the contact: it explains the opening
		}
		d.exitUsed = used
	}
	if d.contact != none && d.contact < len(levels) {
		d.door.Contact((levels[d.contact] != 0) != d.contactClosed)
	}
}

// release is the strike's command: on for as long as the grant lasts, by the
// device's own clock.
func (d *Driver) release(ctx context.Context, release bool) error {
	const off, onForTheTime = 1, 5
	if !release {
		_, err := d.panel.do(ctx, cmdOutput, []byte{byte(d.strike), off, 0, 0})
		if err == nil {
			d.show(ctx, red, 0)
		}
		return err
	}
	end, _ := ctx.Deadline()
	tenths := max(1, min(math.MaxUint16, int(time.Until(end)/(100*time.Millisecond))))
	_, err := d.panel.do(ctx, cmdOutput, []byte{byte(d.strike), onForTheTime, byte(tenths), byte(tenths >> 8)})
	if err == nil {
		d.show(ctx, green, tenths)
	}
	return err
}

// Colours of a reader's LED.
const (
	red   = 1
	green = 2
)

// show lights the reader's LED: in a colour for so many tenths of a second with a
// short tone, or for good. A reader without one lets nobody wait.
func (d *Driver) show(ctx context.Context, colour byte, tenths int) {
	if tenths == 0 {
		const cancel, set = 1, 1
		_, _ = d.panel.do(ctx, cmdLED, []byte{0, 0, cancel, 0, 0, 0, 0, 0, 0, set, 1, 0, colour, 0})
		return
	}
	const set, tone = 2, 2
	_, _ = d.panel.do(ctx, cmdLED, []byte{0, 0, set, 1, 0, colour, 0, byte(tenths), byte(tenths >> 8), 0, 0, 0, 0, 0})
	_, _ = d.panel.do(ctx, cmdBuzzer, []byte{0, tone, 1, 1, 1})
}

// Close locks the door and ends the channel.
func (d *Driver) Close() error {
	d.stop()
	<-d.done
	var err error
	if d.door != nil {
		if err = d.door.Close(); err != nil {
			err = fmt.Errorf("the strike was not seen to lock: %w", err)
		}
	}
	d.panel.close()
	return err
}

// Package modbus drives relay modules and door controllers over Modbus TCP and
// RTU: a strike relay, the door's contact, its request to exit, a beacon, lamps
// at slots. Any module that follows the Modbus Application Protocol 1.1b3 will
// do; addresses are those of the protocol, from 0.
//
// # Options
//
//	address    10.0.0.9:502    of a TCP module, or
//	port       /dev/ttyUSB0    of an RTU line (RS-485), with
//	baud, parity, stop         19200, even, 1
//	unit       1               the module's number
//	timeout    500ms           for one reply
//	poll       100ms           how often inputs are read
//	retry      100ms           the first wait before a module that is lost is tried again
//	strike     coil            releases the strike while on; required
//	invert_strike  false       true for a magnet that holds while its coil is on
//	pulse      register        instead of holding the coil: tenths of a second are
//	                           written here and the module releases for so long;
//	                           strike then is not needed
//	contact    input           on while the door is closed (invert_contact: open)
//	exit       input           on while the inner handle is used
//	beacon     coil            on while the door may be opened
//	lights     A1=16,A2=17     coils of lamps at slots, on for every signal
//	lockers    L1=32,L2=33     coils of the locks of compartments, on for half a second
//	heartbeat  register        is counted up with every poll, for a module that
//	                           locks when it stops
//
// # Wiring and limits
//
// Exit is mechanical: the strike is in the outer lock only, and this driver can
// hold nobody in. The driver locks when the door opens, when the grant ends, when
// it stops, and whenever it finds the strike released without a grant. Nothing
// of that reaches a module whose line is cut while the strike is released: set
// the module's own time-out ("communication watchdog", "safe state") to 2 s or
// less, or use pulse. A door without a contact is told as closed for ever; the
// room then takes cameras' word for who went in.
//
// To try it without hardware: the tests' peers, testdata/peer.py (pymodbus) and
// testdata/peer.c (libmodbus). By hand: packroom doctor --device NAME.
package modbus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// none is the address of what is not wired.
const none = -1

// wiring is what is connected where.
type wiring struct {
	strike, pulse, beacon, heartbeat int
	contact, exit                    int
	strikeLocks, contactClosed       bool // the level that means so
	lights, lockers                  map[string]int
}

// lockerPulse is how long a compartment's lock is fed: its coil is not made for
// more, and its door springs open.
const lockerPulse = 500 * time.Millisecond

// Driver is one module. Safe for concurrent use.
type Driver struct {
	wiring
	poll   time.Duration
	again  device.Backoff
	client *Client
	line   *device.Line
	door   *device.Doorway // nil without strike and pulse

	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	lamps map[string]bool      // as they are lit
	fed   map[string]time.Time // locks of compartments that are on, and until when
}

var (
	_ room.Door   = (*device.Doorway)(nil)
	_ room.Lights = (*Driver)(nil)
)

// bank is a Driver as the lockers that it has.
type bank struct{ *Driver }

var _ room.Lockers = bank{}

// Open begins to reach for the module that options describe.
func Open(_ context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	d, err := read(device.Read(options))
	if err != nil {
		return room.Devices{}, nil, err
	}
	d.line = device.NewLine(log)
	d.client.Failed = func(err error) { d.line.Count(failure(err)) }
	devices := room.Devices{Diagnostics: d.line}
	if d.strike != none || d.pulse != none {
		d.door = device.NewDoorway(d.release)
		devices.Door = d.door
	}
	if len(d.lights) > 0 {
		devices.Lights = d
	}
	if len(d.lockers) > 0 {
		devices.Lockers = bank{d}
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop, d.done = stop, make(chan struct{})
	go d.run(ctx)
	return devices, d, nil
}

func read(o *device.Options) (*Driver, error) {
	timeout := o.Duration("timeout", 500*time.Millisecond)
	d := &Driver{poll: o.Duration("poll", 100*time.Millisecond), again: device.ReadBackoff(o), lamps: map[string]bool{}, fed: map[string]time.Time{}}
	d.client = &Client{Unit: byte(o.Number("unit", 1, 0, 255)), Timeout: timeout}
	if address := o.Text("address", ""); address != "" {
		if _, _, err := net.SplitHostPort(address); err != nil {
			o.Fail("address", "%q is not host:port", address)
		}
		d.client.frame = &tcp{}
		d.client.dial = func(ctx context.Context) (conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
	} else {
		serial := device.ReadSerial(o, 19200, "even")
		d.client.frame = newRTU(serial.Baud, timeout)
		d.client.dial = func(context.Context) (conn, error) { return serial.Open() }
	}
	place := func(key string) int { return o.Number(key, none, 0, math.MaxUint16) }
	d.wiring = wiring{
		strike: place("strike"), pulse: place("pulse"), beacon: place("beacon"), heartbeat: place("heartbeat"),
		contact: place("contact"), exit: place("exit"),
		strikeLocks: o.Bool("invert_strike", false), contactClosed: !o.Bool("invert_contact", false),
		lights: o.Numbers("lights", 0, math.MaxUint16), lockers: o.Numbers("lockers", 0, math.MaxUint16),
	}
	if d.strike != none && d.pulse != none {
		o.Fail("pulse", "give strike or pulse, not both")
	}
	if d.strike == none && d.pulse == none && len(d.lights) == 0 && len(d.lockers) == 0 {
		o.Fail("strike", "give the coil of the strike, or lights, or lockers")
	}
	taken := map[int]string{d.strike: "the strike", d.beacon: "the beacon"}
	for key, table := range map[string]map[string]int{"lights": d.lights, "lockers": d.lockers} {
		for _, slot := range slices.Sorted(maps.Keys(table)) {
			if by, twice := taken[table[slot]]; twice {
				o.Fail(key, "%s has the coil of %s", slot, by)
			}
			taken[table[slot]] = key[:len(key)-1] + " " + slot
		}
	}
	return d, o.Done()
}

// failure names a failed try for the counts on the manager's page.
func failure(err error) string {
	switch {
	case errors.Is(err, errStale):
		return "late or other replies"
	case errors.Is(err, errGarbled):
		return "garbled replies"
	case isTimeout(err):
		return "timeouts"
	}
	return "broken connections"
}

// release is the strike's command.
func (d *Driver) release(ctx context.Context, release bool) error {
	err := d.move(ctx, release)
	if err == nil && d.beacon != none {
		_ = d.client.WriteCoil(ctx, d.beacon, release) // a dark beacon keeps nobody out
	}
	return err
}

func (d *Driver) move(ctx context.Context, release bool) error {
	if d.pulse == none {
		return d.client.WriteCoil(ctx, d.strike, release != d.strikeLocks)
	}
	tenths := 0.0
	if end, ok := ctx.Deadline(); release && ok {
		tenths = math.Ceil(time.Until(end).Seconds() * 10)
	}
	return d.client.WriteRegister(ctx, d.pulse, uint16(max(0, min(tenths, math.MaxUint16))))
}

// run polls the module until ctx ends.
func (d *Driver) run(ctx context.Context) {
	defer close(d.done)
	exit, beats := false, uint16(0)
	tick := time.NewTicker(d.poll)
	defer tick.Stop()
	for {
		beats++
		err := d.look(ctx, &exit, beats)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			d.line.Lost(err)
			if d.door != nil {
				d.door.Fault("the door's controller does not answer: " + err.Error())
			}
			exit = false
			if !d.again.Wait(ctx) {
				return
			}
		default:
			d.again.Reset()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
}

// look reads the module once and tells what it says. exit is the handle's level
// before.
func (d *Driver) look(ctx context.Context, exit *bool, beats uint16) error {
	if d.heartbeat != none {
		if err := d.client.WriteRegister(ctx, d.heartbeat, beats); err != nil {
			return fmt.Errorf("write the heartbeat: %w", err)
		}
	}
	released, err := d.released(ctx)
	if err != nil {
		return err
	}
	closed, used := true, false
	if d.contact != none {
		level, err := d.client.ReadInputs(ctx, d.contact, 1)
		if err != nil {
			return fmt.Errorf("read the contact: %w", err)
		}
		closed = level[0] == d.contactClosed
	}
	if d.exit != none {
		level, err := d.client.ReadInputs(ctx, d.exit, 1)
		if err != nil {
			return fmt.Errorf("read the request to exit: %w", err)
		}
		used = level[0]
	}
	fresh := d.line.Back()
	if fresh {
		if err := d.relight(ctx); err != nil {
			return err
		}
	}
	if err := d.unfeed(ctx, fresh); err != nil {
		return err
	}
	if d.door == nil {
		return nil
	}
	if released && !d.door.Released() {
		if err := d.door.Settle(ctx); err != nil {
			return fmt.Errorf("lock a strike that is released without a grant: %w", err)
		}
	}
	d.door.Answered()
	if used && !*exit {
		d.door.Exit() // before the contact: it explains the opening
	}
	*exit = used
	d.door.Contact(!closed)
	return nil
}

// released reads the strike back.
func (d *Driver) released(ctx context.Context) (bool, error) {
	switch {
	case d.pulse != none:
		left, err := d.client.ReadHolding(ctx, d.pulse, 1)
		if err != nil {
			return false, fmt.Errorf("read the strike's time: %w", err)
		}
		return left[0] > 0, nil
	case d.strike != none:
		on, err := d.client.ReadCoils(ctx, d.strike, 1)
		if err != nil {
			return false, fmt.Errorf("read the strike: %w", err)
		}
		return on[0] != d.strikeLocks, nil
	}
	// No door: some coil is read to know that the module answers.
	coils := slices.Concat(slices.Collect(maps.Values(d.lights)), slices.Collect(maps.Values(d.lockers)))
	if _, err := d.client.ReadCoils(ctx, slices.Min(coils), 1); err != nil {
		return false, fmt.Errorf("read a coil: %w", err)
	}
	return false, nil
}

// Set implements room.Lights. Slots without a lamp here are passed over.
func (d *Driver) Set(ctx context.Context, bySlot map[string]room.Signal) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, slot := range slices.Sorted(maps.Keys(d.lights)) {
		on := bySlot[slot] != "" && bySlot[slot] != room.SignalOff
		if is, known := d.lamps[slot]; known && is == on {
			continue
		}
		delete(d.lamps, slot)
		if err := d.client.WriteCoil(ctx, d.lights[slot], on); err != nil {
			return fmt.Errorf("lamp of slot %s: %w", slot, err)
		}
		d.lamps[slot] = on
	}
	return nil
}

// relight writes the lamps again: a module that was away may have lost them.
func (d *Driver) relight(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for slot, on := range d.lamps {
		if err := d.client.WriteCoil(ctx, d.lights[slot], on); err != nil {
			return fmt.Errorf("lamp of slot %s: %w", slot, err)
		}
	}
	return nil
}

// Open implements room.Lockers.
func (b bank) Open(ctx context.Context, slot string, g room.Grant) error {
	coil, ok := b.lockers[slot]
	if !ok {
		return fmt.Errorf("locker %s: %w", slot, room.ErrNotFound)
	}
	ctx, cancel := context.WithDeadline(ctx, g.Expires)
	defer cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !g.Expires.After(time.Now()) {
		return fmt.Errorf("locker %s: %w: the grant expired", slot, room.ErrConflict)
	}
	err := b.client.WriteCoil(ctx, coil, true)
	b.fed[slot] = time.Now().Add(lockerPulse) // whatever comes of the command, it is switched off
	if err != nil {
		return fmt.Errorf("locker %s: %w", slot, err)
	}
	return nil
}

// unfeed switches the locks of compartments off that were fed long enough. After
// the line was lost nobody knows which are on: then it is all but those that were
// just opened.
func (d *Driver) unfeed(ctx context.Context, lost bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for slot, coil := range d.lockers {
		until, on := d.fed[slot]
		if on && time.Now().Before(until) || !on && !lost {
			continue
		}
		if err := d.client.WriteCoil(ctx, coil, false); err != nil {
			return fmt.Errorf("switch the lock of locker %s off: %w", slot, err)
		}
		delete(d.fed, slot)
	}
	return nil
}

// Close locks the door, darkens the lamps and ends the connection. Where the
// module does not answer the error says so: it is to lock by itself.
func (d *Driver) Close() error {
	d.stop()
	<-d.done
	var err error
	if d.door != nil {
		if err = d.door.Close(); err != nil {
			err = fmt.Errorf("the strike was not seen to lock: %w", err)
		}
	}
	d.mu.Lock()
	clear(d.fed) // what was just opened is switched off too
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if e := d.unfeed(ctx, true); e != nil {
		err = errors.Join(err, e)
	}
	_ = d.Set(ctx, nil) // lamps left on harm nobody
	return errors.Join(err, d.client.Close())
}

package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// Function codes of the Modbus Application Protocol 1.1b3.
const (
	readCoils      = 1
	readInputs     = 2
	readHolding    = 3
	readRegisters  = 4
	writeCoil      = 5
	writeRegister  = 6
	writeCoils     = 15
	writeRegisters = 16
)

// conn is a TCP connection or a serial port.
type conn interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
}

// errGarbled is a reply that cannot be trusted: the connection is begun anew.
var errGarbled = fmt.Errorf("%w: garbled reply", room.ErrUnavailable)

// framing carries requests and replies (function code and data) on one kind of
// line.
type framing interface {
	// send writes a request.
	send(c conn, unit byte, pdu []byte) error
	// receive reads the reply to the request sent last. Replies that are somebody
	// else's, or to an earlier request, are passed over and told to stale.
	receive(c conn, unit byte, request []byte, stale func()) ([]byte, error)
}

// tcp frames by the MBAP header, whose transaction number ties a reply to its
// request.
type tcp struct{ transaction uint16 }

const mbapLength = 7

func (t *tcp) send(c conn, unit byte, pdu []byte) error {
	t.transaction++
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil { // of the reply before
		return err
	}
	b := make([]byte, mbapLength, mbapLength+len(pdu))
	binary.BigEndian.PutUint16(b, t.transaction)
	binary.BigEndian.PutUint16(b[4:], uint16(1+len(pdu)))
	b[6] = unit
	_, err := c.Write(append(b, pdu...))
	return err
}

func (t *tcp) receive(c conn, unit byte, _ []byte, stale func()) ([]byte, error) {
	for {
		var h [mbapLength]byte
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return nil, err
		}
		n := int(binary.BigEndian.Uint16(h[4:]))
		if binary.BigEndian.Uint16(h[2:]) != 0 || n < 3 || n > 254 {
			return nil, fmt.Errorf("%w: header % x", errGarbled, h)
		}
		pdu := make([]byte, n-1)
		if _, err := io.ReadFull(c, pdu); err != nil {
			return nil, err
		}
		if binary.BigEndian.Uint16(h[:]) == t.transaction && h[6] == unit {
			return pdu, nil
		}
		stale()
	}
}

// rtu frames by length and checksum; it has nothing that ties a reply to its
// request, so that the line must be quiet before each.
type rtu struct {
	gap   time.Duration // 3.5 characters
	quiet time.Duration // how long a late reply is waited for after a failure
	dirty bool          // the last request had no good reply
}

func newRTU(baud int, timeout time.Duration) *rtu {
	gap := 1750 * time.Microsecond // the specification's, above 19,200 baud
	if baud <= 19200 {
		gap = time.Duration(3.5*11/float64(baud)*1e6) * time.Microsecond
	}
	return &rtu{gap: gap, quiet: timeout}
}

func (r *rtu) send(c conn, unit byte, pdu []byte) error {
	wait := r.gap
	if r.dirty {
		wait = r.quiet
	}
	if err := drain(c, wait); err != nil {
		return err
	}
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	r.dirty = true
	b := append([]byte{unit}, pdu...)
	_, err := c.Write(binary.LittleEndian.AppendUint16(b, crc(b)))
	return err
}

// drain reads until nothing comes for so long.
func drain(c conn, quiet time.Duration) error {
	var waste [256]byte
	for range 64 { // a line that never falls quiet is no line
		if err := c.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return err
		}
		_, err := c.Read(waste[:])
		if isTimeout(err) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the line is never quiet; is its speed right?", errGarbled)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func (r *rtu) receive(c conn, unit byte, request []byte, stale func()) ([]byte, error) {
	b := make([]byte, 3, 256)
	if _, err := io.ReadFull(c, b); err != nil {
		return nil, err
	}
	n := replyLength(request)
	if b[1]&0x80 != 0 {
		n = 2
	}
	b = b[:1+n+2]
	if _, err := io.ReadFull(c, b[3:]); err != nil {
		return nil, err
	}
	if crc(b[:1+n]) != binary.LittleEndian.Uint16(b[1+n:]) {
		return nil, fmt.Errorf("%w: %w", errGarbled, device.Garbled())
	}
	if b[0] != unit {
		stale()
		return nil, fmt.Errorf("%w: %w", errGarbled, room.Refuse(room.ErrUnavailable, "device_unit", "unit {is} answered for unit {asked}; two devices may have one number",
			"is", strconv.Itoa(int(b[0])), "asked", strconv.Itoa(int(unit))))
	}
	r.dirty = false
	return b[1 : 1+n], nil
}

// replyLength is how many bytes the good reply to a request has.
func replyLength(request []byte) int {
	switch n := int(binary.BigEndian.Uint16(request[3:])); request[0] {
	case readCoils, readInputs:
		return 2 + (n+7)/8
	case readHolding, readRegisters:
		return 2 + 2*n
	}
	return 5
}

// crc is Modbus's CRC-16: polynomial 0x8005 reflected, beginning with 0xFFFF.
func crc(b []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, c := range b {
		sum ^= uint16(c)
		for range 8 {
			odd := sum&1 != 0
			sum >>= 1
			if odd {
				sum ^= 0xA001
			}
		}
	}
	return sum
}

// Exception is a device's refusal of a request.
type Exception struct{ Function, Code byte }

// Error says what the code means and what to look at.
func (e *Exception) Error() string {
	text := map[byte]string{1: "it has no such function", 2: "it has no such address; compare the settings with its manual",
		3: "it does not take this value", 4: "it failed", 5: "it works on it", 6: "it is busy",
		10: "the gateway has no way to it", 11: "the device behind the gateway does not answer"}[e.Code]
	if text == "" {
		text = "it refused"
	}
	return fmt.Sprintf("function %d: %s (exception %d)", e.Function, text, e.Code)
}

// Unwrap makes it room.ErrUnavailable.
func (e *Exception) Unwrap() error { return room.ErrUnavailable }

// checkReply checks that a reply is one to request, in function and shape.
func checkReply(request, reply []byte) error {
	f := request[0]
	if len(reply) == 2 && reply[0] == f|0x80 {
		return &Exception{Function: f, Code: reply[1]}
	}
	if reply[0] != f {
		return fmt.Errorf("%w: function %d answered for function %d", errGarbled, reply[0], f)
	}
	if len(reply) != replyLength(request) {
		return fmt.Errorf("%w: %d bytes, want %d", errGarbled, len(reply), replyLength(request))
	}
	if f <= readRegisters {
		if int(reply[1]) != len(reply)-2 {
			return fmt.Errorf("%w: %d bytes announced, %d there", errGarbled, reply[1], len(reply)-2)
		}
	} else if string(reply[:5]) != string(request[:5]) {
		return fmt.Errorf("%w: it echoes another write", errGarbled)
	}
	return nil
}

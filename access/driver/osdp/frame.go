package osdp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

// Commands and replies of OSDP 2.2 (IEC 60839-11-5) that are used here.
const (
	cmdPoll   = 0x60
	cmdID     = 0x61
	cmdInputs = 0x65
	cmdOutput = 0x68
	cmdLED    = 0x69
	cmdBuzzer = 0x6A
	cmdKeySet = 0x75
	cmdChlng  = 0x76
	cmdSCrypt = 0x77

	replyAck     = 0x40
	replyNak     = 0x41
	replyID      = 0x45
	replyInputs  = 0x49
	replyOutputs = 0x4A
	replyRaw     = 0x50
	replyKeypad  = 0x53
	replyCCrypt  = 0x76
	replyRMACI   = 0x78
	replyBusy    = 0x79
)

// Security block types.
const (
	scs11 = 0x11 // challenge
	scs12 = 0x12
	scs13 = 0x13
	scs14 = 0x14
	scs15 = 0x15 // signed, from the panel
	scs16 = 0x16
	scs17 = 0x17 // signed and encrypted, from the panel
	scs18 = 0x18
)

const (
	startOfMessage = 0x53
	fromDevice     = 0x80 // bit of the address
	withCRC        = 0x04 // bits of the control byte
	withSecurity   = 0x08
	macLength      = 4
	longestFrame   = 1440
)

// errGarbled is a frame that cannot be trusted: it is passed over.
var errGarbled = fmt.Errorf("%w: garbled frame", room.ErrUnavailable)

// frame is one message on the line.
type frame struct {
	address  byte
	reply    bool
	sequence byte
	security []byte // block type and its data; nil = none
	code     byte
	data     []byte

	mac  []byte // first bytes of the MAC; nil where the block asks for none
	body []byte // what the MAC is over; of a frame that was read
}

// signed reports whether the security block asks for a MAC.
func (f frame) signed() bool { return len(f.security) > 0 && f.security[0] >= scs15 }

// head is the frame up to its data, with the final length in it.
func (f frame) head() []byte {
	address, control := f.address, f.sequence|withCRC
	if f.reply {
		address |= fromDevice
	}
	b := []byte{startOfMessage, address, 0, 0, control}
	if f.security != nil {
		b[4] |= withSecurity
		b = append(append(b, byte(len(f.security)+1)), f.security...)
	}
	b = append(append(b, f.code), f.data...)
	n := len(b) + 2
	if f.signed() {
		n += macLength
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(n))
	return b
}

// encode is the frame with its MAC and checksum.
func (f frame) encode() []byte {
	b := append(f.head(), f.mac...)
	return binary.LittleEndian.AppendUint16(b, crc(b))
}

// decode reads a whole frame.
func decode(b []byte) (frame, error) {
	if len(b) < 8 || b[0] != startOfMessage || int(binary.LittleEndian.Uint16(b[2:])) != len(b) {
		return frame{}, fmt.Errorf("%w: % x", errGarbled, b)
	}
	end := len(b) - 2
	if b[4]&withCRC == 0 || crc(b[:end]) != binary.LittleEndian.Uint16(b[end:]) {
		return frame{}, fmt.Errorf("%w: wrong checksum", errGarbled)
	}
	f := frame{address: b[1] &^ fromDevice, reply: b[1]&fromDevice != 0, sequence: b[4] & 3}
	at := 5
	if b[4]&withSecurity != 0 {
		n := int(b[5])
		if n < 2 || 5+n >= end {
			return frame{}, fmt.Errorf("%w: security block of %d bytes", errGarbled, n)
		}
		f.security = b[6 : 5+n]
		at += n
	}
	if f.signed() {
		end -= macLength
		if at >= end {
			return frame{}, fmt.Errorf("%w: too short for its MAC", errGarbled)
		}
		f.mac = b[end : end+macLength]
	}
	f.code, f.data, f.body = b[at], b[at+1:end], b[:end]
	return f, nil
}

// port is a serial port.
type port interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// reader takes frames out of a line that may carry anything. What does not begin
// a frame is passed over byte by byte, so that noise costs no more than itself.
type reader struct {
	p   port
	buf []byte
}

// next gives the next frame that is whole before end; garbled ones are told to
// garbled and passed over.
func (r *reader) next(end time.Time, garbled func()) (frame, error) {
	if err := r.p.SetReadDeadline(end); err != nil {
		return frame{}, err
	}
	var b [256]byte
	for {
		if i := slices.Index(r.buf, startOfMessage); i != 0 {
			if i < 0 {
				i = len(r.buf)
			}
			r.buf = r.buf[i:]
		}
		if len(r.buf) >= 4 {
			n := int(binary.LittleEndian.Uint16(r.buf[2:]))
			if n < 8 || n > longestFrame {
				r.buf = r.buf[1:]
				continue
			}
			if len(r.buf) >= n {
				f, err := decode(slices.Clone(r.buf[:n]))
				if err == nil {
					r.buf = r.buf[n:]
					return f, nil
				}
				garbled()
				r.buf = r.buf[1:]
				continue
			}
		}
		n, err := r.p.Read(b[:])
		if err != nil {
			return frame{}, err
		}
		r.buf = append(r.buf, b[:n]...)
	}
}

// flush forgets what came before the next command.
func (r *reader) flush() error {
	r.buf = nil
	if err := r.p.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return err
	}
	var b [256]byte
	for {
		if _, err := r.p.Read(b[:]); isTimeout(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// crc is OSDP's CRC-16: polynomial 0x1021, beginning with 0x1D0F.
func crc(b []byte) uint16 {
	sum := uint16(0x1D0F)
	for _, c := range b {
		sum ^= uint16(c) << 8
		for range 8 {
			high := sum&0x8000 != 0
			sum <<= 1
			if high {
				sum ^= 0x1021
			}
		}
	}
	return sum
}

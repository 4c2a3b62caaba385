package modbus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// The examples of the Modbus over Serial Line specification and its common
// test frames: address, function and data, then the checksum, low byte first.
func TestChecksum(t *testing.T) {
	for _, frame := range [][]byte{
		{0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCD},
		{0x11, 0x05, 0x00, 0xAC, 0xFF, 0x00, 0x4E, 0x8B},
		{0x02, 0x07, 0x41, 0x12},
	} {
		n := len(frame) - 2
		if got, want := crc(frame[:n]), binary.LittleEndian.Uint16(frame[n:]); got != want {
			t.Errorf("% x: %04x, want %04x", frame[:n], got, want)
		}
	}
}

// canned is a connection on which replies lie ready: each write takes one.
type canned struct {
	replies [][]byte
	in      bytes.Buffer
	sent    [][]byte
}

func (c *canned) Write(b []byte) (int, error) {
	c.sent = append(c.sent, bytes.Clone(b))
	if len(c.replies) > 0 {
		c.in.Write(c.replies[0])
		c.replies = c.replies[1:]
	}
	return len(b), nil
}

func (c *canned) Read(b []byte) (int, error) {
	if c.in.Len() == 0 {
		return 0, silence{}
	}
	return c.in.Read(b)
}

func (c *canned) Close() error                    { return nil }
func (c *canned) SetDeadline(time.Time) error     { return nil }
func (c *canned) SetReadDeadline(time.Time) error { return nil }

type silence struct{}

func (silence) Error() string { return "silence" }
func (silence) Timeout() bool { return true }

func over(f framing, c conn) *Client {
	return &Client{Unit: 1, Timeout: time.Second, frame: f, dial: func(context.Context) (conn, error) { return c, nil }}
}

func withCRC(b ...byte) []byte { return binary.LittleEndian.AppendUint16(b, crc(b)) }

// TestRepliesThatCannotBeTrusted: only a reply of the unit that was asked, to
// what was asked, unharmed, is taken. The request reads coil 5.
func TestRepliesThatCannotBeTrusted(t *testing.T) {
	newTCP := func() framing { return &tcp{} }
	newSerial := func() framing { return newRTU(115200, time.Millisecond) }
	good := []byte{0, 2, 0, 0, 0, 4, 1, 1, 1, 1}
	for name, tt := range map[string]struct {
		frame func() framing
		reply []byte
		want  error // nil = taken
	}{
		"TCP: good":                       {newTCP, []byte{0, 1, 0, 0, 0, 4, 1, 1, 1, 1}, nil},
		"TCP: a late one, then good":      {newTCP, []byte{0, 0, 0, 0, 0, 4, 1, 1, 1, 0, 0, 1, 0, 0, 0, 4, 1, 1, 1, 1}, nil},
		"TCP: another unit's, then good":  {newTCP, []byte{0, 1, 0, 0, 0, 4, 9, 1, 1, 0, 0, 1, 0, 0, 0, 4, 1, 1, 1, 1}, nil},
		"TCP: a late one only":            {newTCP, []byte{0, 9, 0, 0, 0, 4, 1, 1, 1, 1}, room.ErrUnavailable},
		"TCP: another protocol":           {newTCP, []byte{0, 1, 0, 7, 0, 4, 1, 1, 1, 1}, errGarbled},
		"TCP: a length that can't be":     {newTCP, []byte{0, 1, 0, 0, 255, 255, 1, 1, 1, 1}, errGarbled},
		"TCP: another function":           {newTCP, []byte{0, 1, 0, 0, 0, 4, 1, 2, 1, 1}, errGarbled},
		"TCP: too long":                   {newTCP, []byte{0, 1, 0, 0, 0, 5, 1, 1, 2, 1, 1}, errGarbled},
		"TCP: announces more than it has": {newTCP, []byte{0, 1, 0, 0, 0, 4, 1, 1, 2, 1}, errGarbled},
		"TCP: broken off":                 {newTCP, []byte{0, 1, 0, 0, 0, 4, 1, 1}, room.ErrUnavailable},
		"TCP: refused":                    {newTCP, []byte{0, 1, 0, 0, 0, 3, 1, 0x81, 2}, &Exception{Function: 1, Code: 2}},
		"RTU: good":                       {newSerial, withCRC(1, 1, 1, 1), nil},
		"RTU: refused":                    {newSerial, withCRC(1, 0x81, 2), &Exception{Function: 1, Code: 2}},
		"RTU: wrong checksum":             {newSerial, []byte{1, 1, 1, 1, 0, 0}, errGarbled},
		"RTU: another unit's":             {newSerial, withCRC(9, 1, 1, 1), errGarbled},
		"RTU: another function":           {newSerial, withCRC(1, 2, 1, 1), errGarbled},
		"RTU: broken off":                 {newSerial, []byte{1, 1, 1}, room.ErrUnavailable},
		"RTU: silence":                    {newSerial, nil, room.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			c := &canned{replies: [][]byte{tt.reply}}
			on, err := over(tt.frame(), c).try(t.Context(), request(readCoils, 5, 1))
			var refused, want *Exception
			switch {
			case tt.want == nil && (err != nil || !slices.Equal(on, []byte{1, 1, 1})):
				t.Errorf("got % x, %v", on, err)
			case errors.As(tt.want, &want) && (!errors.As(err, &refused) || *refused != *want):
				t.Errorf("got %v, want %v", err, want)
			case errors.Is(tt.want, errGarbled) && !errors.Is(err, errGarbled), tt.want != nil && err == nil:
				t.Errorf("got % x, %v, want %v", on, err, tt.want)
			}
		})
	}
	t.Run("a bad reply is asked for once more", func(t *testing.T) {
		c := &canned{replies: [][]byte{{0, 1, 0, 0, 0, 4, 1, 2, 1, 1}, good}}
		if on, err := over(&tcp{}, c).ReadCoils(t.Context(), 5, 1); err != nil || !on[0] {
			t.Errorf("got %v, %v", on, err)
		}
	})
	t.Run("an echo of another write is no yes", func(t *testing.T) {
		c := &canned{replies: [][]byte{{0, 1, 0, 0, 0, 6, 1, 5, 0, 7, 0xFF, 0}, {0, 2, 0, 0, 0, 6, 1, 5, 0, 5, 0, 0}}}
		if err := over(&tcp{}, c).WriteCoil(t.Context(), 5, true); !errors.Is(err, errGarbled) {
			t.Errorf("got %v", err)
		}
	})
}

// TestRequestsAreAsTheSpecificationHasThem takes the examples of the Modbus
// Application Protocol, chapter 6.
func TestRequestsAreAsTheSpecificationHasThem(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(k *Client) error
		want []byte
	}{
		"read coils":             {func(k *Client) error { _, err := k.ReadCoils(t.Context(), 0x13, 0x13); return err }, []byte{1, 0, 0x13, 0, 0x13}},
		"read inputs":            {func(k *Client) error { _, err := k.ReadInputs(t.Context(), 0xC4, 0x16); return err }, []byte{2, 0, 0xC4, 0, 0x16}},
		"read holding registers": {func(k *Client) error { _, err := k.ReadHolding(t.Context(), 0x6B, 3); return err }, []byte{3, 0, 0x6B, 0, 3}},
		"read input registers":   {func(k *Client) error { _, err := k.ReadRegisters(t.Context(), 8, 1); return err }, []byte{4, 0, 8, 0, 1}},
		"write a coil":           {func(k *Client) error { return k.WriteCoil(t.Context(), 0xAC, true) }, []byte{5, 0, 0xAC, 0xFF, 0}},
		"write a register":       {func(k *Client) error { return k.WriteRegister(t.Context(), 1, 3) }, []byte{6, 0, 1, 0, 3}},
		"write coils": {func(k *Client) error {
			return k.WriteCoils(t.Context(), 0x13, []bool{true, false, true, true, false, false, true, true, true, false})
		}, []byte{15, 0, 0x13, 0, 10, 2, 0xCD, 1}},
		"write registers": {func(k *Client) error { return k.WriteRegisters(t.Context(), 1, []uint16{10, 0x102}) }, []byte{16, 0, 1, 0, 2, 4, 0, 10, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &canned{}
			_ = tt.do(over(&tcp{}, c)) // nobody answers
			if want := append([]byte{0, 1, 0, 0, 0, byte(1 + len(tt.want)), 1}, tt.want...); !bytes.Equal(c.sent[0], want) {
				t.Errorf("sent % x, want % x", c.sent[0], want)
			}
		})
	}
}

// FuzzReply: whatever a line says, a reply is taken only where it is one.
func FuzzReply(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 4, 1, 1, 1, 1}, false)
	f.Add(withCRC(1, 1, 1, 1), true)
	f.Add(withCRC(1, 0x81, 2), true)
	f.Fuzz(func(t *testing.T, line []byte, serial bool) {
		var frame framing = &tcp{transaction: 1}
		if serial {
			frame = newRTU(115200, time.Millisecond)
		}
		pdu := request(readCoils, 5, 1)
		c := &canned{}
		c.in.Write(line)
		reply, err := frame.receive(c, 1, pdu, func() {})
		if err == nil {
			err = checkReply(pdu, reply)
		}
		if err == nil && (len(reply) != 3 || reply[0] != readCoils || reply[1] != 1) {
			t.Errorf("took % x", reply)
		}
		if err != nil && errors.Is(err, io.EOF) {
			t.Error("the end of the line came out of nowhere")
		}
	})
}

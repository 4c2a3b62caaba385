package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// Client speaks Modbus to one device. It connects when it is used and connects
// anew after any failure; a request is tried twice within its time. Every error
// is room.ErrUnavailable; a device's refusal is an *Exception. Safe for
// concurrent use, one request after another.
type Client struct {
	Unit    byte
	Timeout time.Duration // for one try
	Failed  func(error)   // learns every failed try; may be nil

	dial  func(ctx context.Context) (conn, error)
	frame framing

	mu sync.Mutex
	c  conn
}

// ReadCoils reads n outputs from an address (function 1).
func (k *Client) ReadCoils(ctx context.Context, address, n int) ([]bool, error) {
	return k.readBits(ctx, readCoils, address, n)
}

// ReadInputs reads n inputs from an address (function 2).
func (k *Client) ReadInputs(ctx context.Context, address, n int) ([]bool, error) {
	return k.readBits(ctx, readInputs, address, n)
}

// ReadHolding reads n holding registers from an address (function 3).
func (k *Client) ReadHolding(ctx context.Context, address, n int) ([]uint16, error) {
	return k.readWords(ctx, readHolding, address, n)
}

// ReadRegisters reads n input registers from an address (function 4).
func (k *Client) ReadRegisters(ctx context.Context, address, n int) ([]uint16, error) {
	return k.readWords(ctx, readRegisters, address, n)
}

// WriteCoil sets one output (function 5).
func (k *Client) WriteCoil(ctx context.Context, address int, on bool) error {
	value := 0
	if on {
		value = 0xFF00
	}
	_, err := k.do(ctx, request(writeCoil, address, value))
	return err
}

// WriteRegister sets one holding register (function 6).
func (k *Client) WriteRegister(ctx context.Context, address int, value uint16) error {
	_, err := k.do(ctx, request(writeRegister, address, int(value)))
	return err
}

// WriteCoils sets outputs from an address on (function 15).
func (k *Client) WriteCoils(ctx context.Context, address int, on []bool) error {
	pdu := request(writeCoils, address, len(on))
	packed := make([]byte, (len(on)+7)/8)
	for i, v := range on {
		if v {
			packed[i/8] |= 1 << (i % 8)
		}
	}
	_, err := k.do(ctx, append(append(pdu, byte(len(packed))), packed...))
	return err
}

// WriteRegisters sets holding registers from an address on (function 16).
func (k *Client) WriteRegisters(ctx context.Context, address int, values []uint16) error {
	pdu := append(request(writeRegisters, address, len(values)), byte(2*len(values)))
	for _, v := range values {
		pdu = binary.BigEndian.AppendUint16(pdu, v)
	}
	_, err := k.do(ctx, pdu)
	return err
}

func request(function byte, address, value int) []byte {
	b := binary.BigEndian.AppendUint16([]byte{function}, uint16(address))
	return binary.BigEndian.AppendUint16(b, uint16(value))
}

func (k *Client) readBits(ctx context.Context, function byte, address, n int) ([]bool, error) {
	reply, err := k.do(ctx, request(function, address, n))
	if err != nil {
		return nil, err
	}
	bits := make([]bool, n)
	for i := range bits {
		bits[i] = reply[2+i/8]>>(i%8)&1 != 0
	}
	return bits, nil
}

func (k *Client) readWords(ctx context.Context, function byte, address, n int) ([]uint16, error) {
	reply, err := k.do(ctx, request(function, address, n))
	if err != nil {
		return nil, err
	}
	words := make([]uint16, n)
	for i := range words {
		words[i] = binary.BigEndian.Uint16(reply[2+2*i:])
	}
	return words, nil
}

// tries is how often a request is made: one reply may be lost on a noisy line.
// What is written here is absolute, so that writing it again is harmless.
const tries = 2

func (k *Client) do(ctx context.Context, pdu []byte) (reply []byte, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for range tries {
		if ctx.Err() != nil {
			break
		}
		reply, err = k.try(ctx, pdu)
		var refused *Exception
		if err == nil || errors.As(err, &refused) {
			return reply, err
		}
		if k.Failed != nil {
			k.Failed(err)
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if !errors.Is(err, room.ErrUnavailable) {
		err = fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	return nil, err
}

// try makes one request; a connection that failed is not used again.
func (k *Client) try(ctx context.Context, pdu []byte) ([]byte, error) {
	if k.c == nil {
		ctx, cancel := context.WithTimeout(ctx, k.Timeout)
		defer cancel()
		c, err := k.dial(ctx)
		if err != nil {
			return nil, err
		}
		k.c = c
	}
	reply, err := k.exchange(ctx, pdu)
	var refused *Exception
	if err != nil && !errors.As(err, &refused) {
		k.drop(err)
	}
	return reply, err
}

func (k *Client) exchange(ctx context.Context, pdu []byte) ([]byte, error) {
	if err := k.frame.send(k.c, k.Unit, pdu); err != nil {
		return nil, err
	}
	end := time.Now().Add(k.Timeout)
	if last, ok := ctx.Deadline(); ok && last.Before(end) {
		end = last
	}
	if err := k.c.SetDeadline(end); err != nil {
		return nil, err
	}
	others := false
	reply, err := k.frame.receive(k.c, k.Unit, pdu, func() {
		others = true
		if k.Failed != nil {
			k.Failed(errStale)
		}
	})
	switch {
	case isTimeout(err) && others:
		return nil, fmt.Errorf("%w (%w)", device.Others(), err)
	case isTimeout(err):
		return nil, fmt.Errorf("%w (%w)", device.Silent(k.Timeout), err)
	case err != nil:
		return nil, err
	}
	return reply, checkReply(pdu, reply)
}

// errStale is a reply to an earlier request, or to somebody else's.
var errStale = errors.New("a late reply, or another's")

// drop ends a connection that failed. A serial port stays open after a failure
// that its line may have had: opening it again would not mend that, and what
// comes late is drained before the next request.
func (k *Client) drop(err error) {
	if _, serial := k.frame.(*rtu); serial && (isTimeout(err) || errors.Is(err, errGarbled)) {
		return
	}
	_ = k.c.Close() // it failed already
	k.c = nil
}

// Close ends the connection.
func (k *Client) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.c == nil {
		return nil
	}
	err := k.c.Close()
	k.c = nil
	return err
}

package osdp

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/packroom/packroom/access/driver/wiegand"
	"github.com/packroom/packroom/room"
)

// card reads the data of a RAW reply: reader, format, count of bits, and the
// bits, first bit highest.
func card(data []byte) (string, error) {
	if len(data) < 4 {
		return "", fmt.Errorf("card: %w", room.ErrInvalid)
	}
	count, body := int(binary.LittleEndian.Uint16(data[2:])), data[4:]
	if count == 0 || (count+7)/8 > len(body) {
		return "", fmt.Errorf("card of %d bits in %d bytes: %w", count, len(body), room.ErrInvalid)
	}
	if count > 64 {
		return fmt.Sprintf("%X", body[:(count+7)/8]), nil
	}
	b := wiegand.Bits{Count: count}
	for i := range count {
		b.Value = b.Value<<1 | uint64(body[i/8]>>(7-i%8)&1)
	}
	return wiegand.Card(b)
}

// Keys of a keypad that are no digits.
const (
	keyHash = 0x0D // # ends a PIN
	keyStar = 0x7F // * begins it again
)

const (
	longestPIN = 12
	keyPause   = 10 * time.Second
)

// keypad gathers digits to PINs. Its zero value is empty.
type keypad struct {
	digits []byte
	last   time.Time
}

// press takes keys in and gives the PINs that they end.
func (k *keypad) press(keys []byte, now time.Time) (pins []string) {
	if now.Sub(k.last) > keyPause {
		k.digits = nil
	}
	k.last = now
	for _, key := range keys {
		switch {
		case key == keyHash:
			if n := len(k.digits); n > 0 && n <= longestPIN {
				pins = append(pins, string(k.digits))
			}
			k.digits = nil
		case key == keyStar:
			k.digits = nil
		case key >= '0' && key <= '9' && len(k.digits) <= longestPIN:
			k.digits = append(k.digits, key)
		}
	}
	return pins
}

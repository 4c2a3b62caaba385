package wiegand

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/packroom/packroom/room"
)

// Bits are the bits of a card as a reader sends them, first bit first, right
// aligned in Value.
type Bits struct {
	Value uint64
	Count int // at most 64
}

// format is a layout with a facility code and a card number between two parity
// bits.
type format struct {
	name                    string
	count                   int
	facility, number        int // bits
	evenLeft, oddRight      int // how many bits each parity covers, its own with it
	facilityWide, numberWid int // decimal digits
}

// The formats of HID's published description of card data ("Understanding Card
// Data Formats"): the first parity bit makes the left half even, the last one
// the right half odd. In 37 bits the halves share the middle bit.
func formats() []format {
	return []format{
		{"H10301", 26, 8, 16, 13, 13, 3, 5},
		{"H10304", 37, 16, 19, 19, 19, 5, 6},
	}
}

// Card gives a card's number as it is enrolled: facility and number in decimal,
// each with leading zeros, as printed on the card (123-45678 in 26 bits,
// 12345-123456 in 37). Bits of another length are given as they are: their count
// and the bits in hexadecimal. A wrong parity is ErrInvalid: the card was read
// badly.
func Card(b Bits) (string, error) {
	if b.Count < 1 || b.Count > 64 {
		return "", fmt.Errorf("card of %d bits: %w", b.Count, room.ErrInvalid)
	}
	for _, f := range formats() {
		if f.count != b.Count {
			continue
		}
		left := b.Value >> (f.count - f.evenLeft) & (1<<f.evenLeft - 1)
		right := b.Value & (1<<f.oddRight - 1)
		if bits.OnesCount64(left)%2 != 0 || bits.OnesCount64(right)%2 != 1 {
			return "", fmt.Errorf("%s card: %w: wrong parity", f.name, room.ErrInvalid)
		}
		body := b.Value >> 1
		return fmt.Sprintf("%0*d-%0*d", f.facilityWide, body>>f.number&(1<<f.facility-1), f.numberWid, body&(1<<f.number-1)), nil
	}
	digits := (b.Count + 3) / 4
	return fmt.Sprintf("%02d%0*X", b.Count, digits, b.Value&(1<<b.Count-1)), nil
}

// parseBits reads "0110...".
func parseBits(s string) (Bits, error) {
	var b Bits
	for _, c := range s {
		if c != '0' && c != '1' || b.Count == 64 {
			return Bits{}, fmt.Errorf("%w: these are no card's bits", room.ErrInvalid)
		}
		b.Value, b.Count = b.Value<<1|uint64(c-'0'), b.Count+1
	}
	if b.Count == 0 {
		return Bits{}, fmt.Errorf("%w: no bits", room.ErrInvalid)
	}
	return b, nil
}

// parseHex reads bits in hexadecimal, right aligned, of a known count.
func parseHex(s string, count int) (Bits, error) {
	b := Bits{Count: count}
	if count < 1 || count > 64 {
		return Bits{}, fmt.Errorf("card of %d bits: %w", count, room.ErrInvalid)
	}
	for _, c := range strings.ToUpper(s) {
		digit := strings.IndexRune("0123456789ABCDEF", c)
		if digit < 0 || b.Value>>60 != 0 {
			return Bits{}, fmt.Errorf("%w: this is no card in hexadecimal", room.ErrInvalid)
		}
		b.Value = b.Value<<4 | uint64(digit)
	}
	if s == "" || count < 64 && b.Value>>count != 0 {
		return Bits{}, fmt.Errorf("%w: more than %d bits", room.ErrInvalid, count)
	}
	return b, nil
}

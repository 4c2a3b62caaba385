package wiegand

import (
	"encoding/binary"
	"unicode"
)

// eventSize is struct input_event of <linux/input.h> on 64-bit machines: two
// words of time, type, code, value.
const eventSize = 24

// Of <linux/input-event-codes.h>.
const (
	evKey         = 1
	keyLeftShift  = 42
	keyRightShift = 54
	keyDown       = 1
	keyUp         = 0
)

// keyRows are the keys from each code on, without shift and with it.
var keyRows = []struct {
	from           uint16
	plain, shifted string
}{
	{2, "1234567890-=", "!@#$%^&*()_+"},
	{15, "\tqwertyuiop[]\n", "\tQWERTYUIOP{}\n"},
	{30, "asdfghjkl;'`", `ASDFGHJKL:"~`},
	{43, `\zxcvbnm,./`, `|ZXCVBNM<>?`},
	{55, "*", "*"},
	{57, " ", " "},
	{71, "789-456+1230.", "789-456+1230."},
	{96, "\n", "\n"},
	{98, "/", "/"},
}

// keyboard turns input events into characters. Its zero value has no key down.
type keyboard struct {
	rest  []byte // the beginning of an event
	shift bool
}

// typed takes bytes of an event device in and gives what was typed.
func (k *keyboard) typed(in []byte) (out []byte) {
	in = append(k.rest, in...)
	for ; len(in) >= eventSize; in = in[eventSize:] {
		kind, code := binary.NativeEndian.Uint16(in[16:]), binary.NativeEndian.Uint16(in[18:])
		value := int32(binary.NativeEndian.Uint32(in[20:]))
		switch {
		case kind != evKey:
		case code == keyLeftShift || code == keyRightShift:
			k.shift = value != keyUp
		case value == keyDown:
			if c := k.character(code); c != 0 && c <= unicode.MaxASCII {
				out = append(out, c)
			}
		}
	}
	k.rest = append([]byte(nil), in...)
	return out
}

func (k *keyboard) character(code uint16) byte {
	for _, row := range keyRows {
		keys := row.plain
		if k.shift {
			keys = row.shifted
		}
		if code >= row.from && int(code-row.from) < len(keys) {
			return keys[code-row.from]
		}
	}
	return 0
}

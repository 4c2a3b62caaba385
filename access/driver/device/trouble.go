package device

import (
	"time"

	"github.com/packroom/packroom/room"
)

// Troubles that several drivers have, as the manager's page says them in its
// language. Each is ErrUnavailable.

// Silent is hardware that says nothing.
func Silent(within time.Duration) error {
	return room.Refuse(room.ErrUnavailable, "device_silent", "nothing came within {within}; is it plugged in, and are its number and the line's speed right?", "within", within.String())
}

// Garbled is hardware whose answers arrive spoilt.
func Garbled() error {
	return room.Refuse(room.ErrUnavailable, "device_garbled", "what came has a wrong checksum or length; look at the line's wires, ends and speed")
}

// Others is a line on which somebody else answers.
func Others() error {
	return room.Refuse(room.ErrUnavailable, "device_others", "only late, repeated or another's answers came; somebody may be on the line, or two devices have one number")
}

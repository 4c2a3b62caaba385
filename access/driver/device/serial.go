package device

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/packroom/packroom/room"
)

// Serial is how a serial port is set: eight data bits, raw, no flow control.
type Serial struct {
	Path   string // /dev/ttyUSB0; better a lasting name below /dev/serial/by-id
	Baud   int
	Parity string // none, even, odd
	Stop   int    // stop bits, 1 or 2
}

// ReadSerial takes a serial port's options: port, baud, parity, stop.
func ReadSerial(o *Options, baud int, parity string) Serial {
	return Serial{
		Path: o.Need("port", "the serial port, such as /dev/serial/by-id/usb-..."),
		Baud: o.Number("baud", baud, 1200, 921600), Parity: o.Choice("parity", parity, "none", "even", "odd"),
		Stop: o.Number("stop", 1, 1, 2),
	}
}

// Open opens the port for one owner. Reads and writes obey deadlines.
func (s Serial) Open() (*os.File, error) {
	f, err := os.OpenFile(s.Path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("serial port: %w: %v", room.ErrUnavailable, err)
	}
	raw, err := f.SyscallConn() // Fd would end the deadlines
	if err == nil {
		if e := raw.Control(func(fd uintptr) { err = s.set(int(fd)) }); e != nil {
			err = e
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("serial port %s: %w: %v", s.Path, room.ErrUnavailable, err)
	}
	return f, nil
}

func (s Serial) set(fd int) error {
	// BOTHER takes any speed, not only those that have a name.
	t := unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | unix.BOTHER, Ispeed: uint32(s.Baud), Ospeed: uint32(s.Baud)}
	t.Cc[unix.VMIN] = 1
	switch s.Parity {
	case "even":
		t.Cflag |= unix.PARENB
	case "odd":
		t.Cflag |= unix.PARENB | unix.PARODD
	}
	if s.Stop == 2 {
		t.Cflag |= unix.CSTOPB
	}
	if err := unix.IoctlSetTermios(fd, unix.TCSETS2, &t); err != nil {
		return fmt.Errorf("set its speed: %w", err)
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another program has it: %w", err)
	}
	return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIOFLUSH)
}

// Package driver knows every kind of door hardware: [Open] is the one list.
//
// A driver is a package below this one. It reconnects by itself, fails at start
// only where it is misconfigured, and passes the suite of package accesstest.
package driver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/packroom/packroom/access/driver/sim"
	"github.com/packroom/packroom/room"
)

// Config chooses a driver and sets it up.
type Config struct {
	Kind    string            // "sim", ...
	Options map[string]string // the driver's own words; unknown ones are refused
}

// factory opens the devices of one kind of hardware.
type factory func(ctx context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error)

// kinds is the one list.
func kinds() map[string]factory {
	return map[string]factory{
		"sim": sim.Open,
	}
}

// Kinds are the names of all drivers, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }

// Open opens the room's devices. It fails with ErrInvalid where cfg is wrong; a
// device that does not answer yet is no failure. Close the closer when done.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (room.Devices, io.Closer, error) {
	open, ok := kinds()[cfg.Kind]
	if !ok {
		return room.Devices{}, nil, fmt.Errorf("door driver %q: %w: there are %s", cfg.Kind, room.ErrInvalid, strings.Join(Kinds(), ", "))
	}
	d, c, err := open(ctx, cfg.Options, log.With("driver", cfg.Kind))
	if err != nil {
		return room.Devices{}, nil, fmt.Errorf("open driver %s: %w", cfg.Kind, err)
	}
	return d, c, nil
}

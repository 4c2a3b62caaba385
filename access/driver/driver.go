// Package driver knows every kind of hardware of a room and composes its devices
// from several: [Open] is the one list.
//
// # Settings
//
// The settings' devices are a list; each is one piece of hardware with a name of
// its own, its driver, what it serves in the room, and the driver's options:
//
//	devices:
//	  - {name: controller, driver: modbus, serves: [door],   options: {address: "10.0.0.9:502", strike: "0"}}
//	  - {name: shelves,    driver: wled,   serves: [lights], options: {url: "http://10.0.0.12", slots: "A1=0-29"}}
//	  - {name: card,       driver: osdp,   serves: [],       options: {port: /dev/ttyUSB0}}
//
// serves names some of [Roles]; empty is all that the driver has. One device
// serves the door, at most one the laser. Several may serve lights (each shows
// the slots it has and passes over the others), voice (all say the same) and
// reader (all are listened to) and lockers (each opens its own).
//
// # A new driver
//
// It is a package below this one with a test that calls accesstest.Run, and a
// line in kinds. Its Open
//
//   - fails with room.ErrInvalid where options are wrong, and never because the
//     hardware does not answer: it is reached for by itself, again and again;
//   - gives the devices that it has, and Diagnostics with one room.Diagnosis
//     whose Device, Driver and Serves it leaves empty;
//   - gives a closer that brings all to its safe state: door locked, laser dark.
//
// Package device has what drivers share: Options, Line (health, logged once when
// lost and once when back), Backoff, Doorway (the promises of room.Door), Serial.
package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/packroom/packroom/access/driver/artnet"
	"github.com/packroom/packroom/access/driver/audio"
	"github.com/packroom/packroom/access/driver/http"
	"github.com/packroom/packroom/access/driver/modbus"
	"github.com/packroom/packroom/access/driver/mqtt"
	"github.com/packroom/packroom/access/driver/osdp"
	"github.com/packroom/packroom/access/driver/sacn"
	"github.com/packroom/packroom/access/driver/sim"
	"github.com/packroom/packroom/access/driver/wiegand"
	"github.com/packroom/packroom/access/driver/wled"
	"github.com/packroom/packroom/room"
)

// Config is one piece of hardware.
type Config struct {
	Name    string            // one word, as people know it
	Driver  string            // one of Kinds
	Serves  []string          // some of Roles; empty = all that the driver has
	Options map[string]string // the driver's own words; unknown ones are refused
}

// factory opens the devices of one kind of hardware.
type factory func(ctx context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error)

// kinds is the one list.
func kinds() map[string]factory {
	return map[string]factory{
		"artnet":  artnet.Open,
		"audio":   audio.Open,
		"http":    http.Open,
		"modbus":  modbus.Open,
		"mqtt":    mqtt.Open,
		"osdp":    osdp.Open,
		"sacn":    sacn.Open,
		"sim":     sim.Open,
		"wiegand": wiegand.Open,
		"wled":    wled.Open,
	}
}

// Kinds are the names of all drivers, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }

// Roles are what a device may serve as.
func Roles() []string { return []string{"door", "lights", "laser", "voice", "reader", "lockers"} }

// Open opens the room's devices. It fails with ErrInvalid where a Config is
// wrong or no device serves the door; hardware that does not answer yet is no
// failure. Close the closer when done: it brings all to the safe state.
func Open(ctx context.Context, all []Config, log *slog.Logger) (room.Devices, io.Closer, error) {
	var c composed
	for _, cfg := range all {
		if err := c.add(ctx, cfg, log); err != nil {
			return room.Devices{}, nil, errors.Join(fmt.Errorf("device %s: %w", cfg.Name, err), c.Close())
		}
	}
	if c.door == nil {
		return room.Devices{}, nil, errors.Join(fmt.Errorf("no device serves the door: %w", room.ErrInvalid), c.Close())
	}
	return c.devices(), &c, nil
}

// OpenOne opens one device by itself, to try it by hand.
func OpenOne(ctx context.Context, cfg Config, log *slog.Logger) (room.Devices, io.Closer, error) {
	var c composed
	if err := c.add(ctx, cfg, log); err != nil {
		return room.Devices{}, nil, fmt.Errorf("device %s: %w", cfg.Name, err)
	}
	return c.devices(), &c, nil
}

// open opens cfg's hardware and checks that it has what it shall serve.
func open(ctx context.Context, cfg Config, log *slog.Logger) (d room.Devices, c io.Closer, serves []string, err error) {
	make, ok := kinds()[cfg.Driver]
	if !ok {
		return d, nil, nil, fmt.Errorf("driver %q: %w: there are %s", cfg.Driver, room.ErrInvalid, strings.Join(Kinds(), ", "))
	}
	for _, role := range cfg.Serves {
		if !slices.Contains(Roles(), role) {
			return d, nil, nil, fmt.Errorf("serves %q: %w: there are %s", role, room.ErrInvalid, strings.Join(Roles(), ", "))
		}
	}
	d, c, err = make(ctx, cfg.Options, log.With("device", cfg.Name, "driver", cfg.Driver))
	if err != nil {
		return d, nil, nil, fmt.Errorf("driver %s: %w", cfg.Driver, err)
	}
	has := roles(d)
	if len(cfg.Serves) == 0 {
		return d, c, has, nil
	}
	for _, role := range cfg.Serves {
		if !slices.Contains(has, role) {
			return d, nil, nil, errors.Join(fmt.Errorf("serves %q: %w: with these options its driver has %s",
				role, room.ErrInvalid, strings.Join(has, ", ")), c.Close())
		}
	}
	return d, c, cfg.Serves, nil
}

// roles is what d has.
func roles(d room.Devices) []string {
	var has []string
	for role, there := range map[string]bool{"door": d.Door != nil, "lights": d.Lights != nil, "laser": d.Laser != nil,
		"voice": d.Voice != nil, "reader": d.Reader != nil, "lockers": d.Lockers != nil} {
		if there {
			has = append(has, role)
		}
	}
	slices.Sort(has)
	return has
}

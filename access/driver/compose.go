package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"github.com/packroom/packroom/room"
)

// composed is one room's devices, of several pieces of hardware.
type composed struct {
	parts  []part
	door   room.Door
	laser  room.Laser
	lights manyLights
	voices manyVoices
	reader manyReaders
	banks  manyLockers
}

// part is one piece of hardware that was opened.
type part struct {
	cfg    Config
	serves []string
	diag   room.Diagnostics
	closer io.Closer
}

func (c *composed) add(ctx context.Context, cfg Config, log *slog.Logger) error {
	if slices.ContainsFunc(c.parts, func(p part) bool { return p.cfg.Name == cfg.Name }) {
		return fmt.Errorf("%w: two devices have this name", room.ErrInvalid)
	}
	d, closer, serves, err := open(ctx, cfg, log)
	if err != nil {
		return err
	}
	c.parts = append(c.parts, part{cfg: cfg, serves: serves, diag: d.Diagnostics, closer: closer})
	for _, role := range serves {
		switch {
		case role == "door" && c.door == nil:
			c.door = d.Door
		case role == "laser" && c.laser == nil:
			c.laser = d.Laser
		case role == "lights":
			c.lights = append(c.lights, d.Lights)
		case role == "voice":
			c.voices = append(c.voices, d.Voice)
		case role == "lockers":
			c.banks = append(c.banks, d.Lockers)
		case role == "reader":
			c.reader = append(c.reader, d.Reader)
		default:
			return fmt.Errorf("serves %q: %w: another device does already; say with serves which one shall", role, room.ErrInvalid)
		}
	}
	return nil
}

func (c *composed) devices() room.Devices {
	d := room.Devices{Door: c.door, Laser: c.laser, Diagnostics: c}
	if len(c.lights) > 0 {
		d.Lights = c.lights
	}
	if len(c.voices) > 0 {
		d.Voice = c.voices
	}
	if len(c.reader) > 0 {
		d.Reader = c.reader
	}
	if len(c.banks) > 0 {
		d.Lockers = c.banks
	}
	return d
}

// Close brings all hardware to its safe state, at once.
func (c *composed) Close() error {
	errs := make([]error, len(c.parts))
	var wg sync.WaitGroup
	for i, p := range c.parts {
		wg.Go(func() {
			if err := p.closer.Close(); err != nil {
				errs[i] = fmt.Errorf("device %s: %w", p.cfg.Name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Diagnose implements room.Diagnostics.
func (c *composed) Diagnose() []room.Diagnosis {
	var all []room.Diagnosis
	for _, p := range c.parts {
		if p.diag == nil {
			continue
		}
		for _, d := range p.diag.Diagnose() {
			d.Device, d.Driver, d.Serves = p.cfg.Name, p.cfg.Driver, p.serves
			all = append(all, d)
		}
	}
	return all
}

// manyLights shows the same on all; each passes over slots that it has not.
type manyLights []room.Lights

// Set implements room.Lights. One that does not answer does not keep the others
// waiting.
func (m manyLights) Set(ctx context.Context, bySlot map[string]room.Signal) error {
	return each(m, func(l room.Lights) error { return l.Set(ctx, bySlot) })
}

// manyVoices says the same everywhere.
type manyVoices []room.Voice

// Say implements room.Voice.
func (m manyVoices) Say(ctx context.Context, text, language string, urgent bool) error {
	return each(m, func(v room.Voice) error { return v.Say(ctx, text, language, urgent) })
}

// Rehearse implements room.Rehearser, for those voices that can.
func (m manyVoices) Rehearse(ctx context.Context, text, language string) error {
	return each(m, func(v room.Voice) error {
		if r, ok := v.(room.Rehearser); ok {
			return r.Rehearse(ctx, text, language)
		}
		return nil
	})
}

func each[T any](all []T, do func(T) error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, one := range all {
		wg.Go(func() { errs[i] = do(one) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// manyLockers are banks with compartments of their own each.
type manyLockers []room.Lockers

// Open implements room.Lockers: the bank that has the slot opens it.
func (m manyLockers) Open(ctx context.Context, slot string, g room.Grant) error {
	for _, bank := range m {
		if err := bank.Open(ctx, slot, g); !errors.Is(err, room.ErrNotFound) {
			return err
		}
	}
	return fmt.Errorf("locker %s: %w: no device has it", slot, room.ErrNotFound)
}

// manyReaders are all listened to.
type manyReaders []room.Reader

// Reads implements room.Reader.
func (m manyReaders) Reads(ctx context.Context) <-chan room.Attempt {
	out := make(chan room.Attempt)
	var wg sync.WaitGroup
	for _, r := range m {
		wg.Go(func() {
			for a := range r.Reads(ctx) {
				select {
				case out <- a:
				case <-ctx.Done():
				}
			}
		})
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}

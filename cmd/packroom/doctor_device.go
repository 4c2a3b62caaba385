package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
)

// byHand tries one device with somebody beside it: it asks before each thing that
// moves or lights, and waits for what the device tells.
type byHand struct {
	cfg     Config
	in      *bufio.Scanner
	out     io.Writer
	reach   time.Duration // how long the device is waited for
	listens time.Duration // how long what it tells is waited for
}

// tryDevice is "packroom doctor --device NAME".
func tryDevice(ctx context.Context, cfg Config, name string, in io.Reader, out io.Writer) error {
	h := &byHand{cfg: cfg, in: bufio.NewScanner(in), out: out, reach: 5 * time.Second, listens: 20 * time.Second}
	all := cfg.Drivers()
	i := slices.IndexFunc(all, func(d driver.Config) bool { return d.Name == name })
	if i < 0 {
		var names []string
		for _, d := range all {
			names = append(names, d.Name)
		}
		return fmt.Errorf("there is no device %q; the settings have %s", name, strings.Join(names, ", "))
	}
	if running(cfg) {
		return errors.New("packroom is running and has this device: stop it first, then try again")
	}
	return h.try(ctx, all[i])
}

func (h *byHand) say(format string, args ...any) { fmt.Fprintf(h.out, format+"\n", args...) }

// agreed asks; only a plain yes counts.
func (h *byHand) agreed(question string) bool {
	fmt.Fprintf(h.out, "%s [yes/no] ", question)
	return h.in.Scan() && strings.EqualFold(strings.TrimSpace(h.in.Text()), "yes")
}

func (h *byHand) try(ctx context.Context, cfg driver.Config) (err error) {
	devices, closer, err := driver.OpenOne(ctx, cfg, h.cfg.Logger("doctor"))
	if err != nil {
		return err
	}
	defer func() {
		if cerr := closer.Close(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("bring %s to its safe state: %w", cfg.Name, cerr))
			return
		}
		h.say("%s is in its safe state.", cfg.Name)
	}()
	h.wait(ctx, devices)
	for _, step := range []struct {
		fitted bool
		try    func(context.Context, room.Devices) error
	}{
		{devices.Door != nil, h.tryDoor}, {devices.Lights != nil, h.tryLights}, {devices.Laser != nil, h.tryLaser},
		{devices.Voice != nil, h.tryVoice}, {devices.Reader != nil, h.tryReader}, {devices.Lockers != nil, h.tryLockers},
	} {
		if !step.fitted {
			continue
		}
		if err := step.try(ctx, devices); err != nil {
			return fmt.Errorf("device %s: %w", cfg.Name, err)
		}
	}
	h.diagnosis(devices)
	return nil
}

// wait gives the device time to answer and says how it is.
func (h *byHand) wait(ctx context.Context, d room.Devices) {
	if d.Diagnostics == nil {
		return
	}
	for end := time.Now().Add(h.reach); time.Now().Before(end); {
		if slices.ContainsFunc(d.Diagnostics.Diagnose(), func(g room.Diagnosis) bool { return g.OK }) || waitABit(ctx, 50*time.Millisecond) != nil {
			break
		}
	}
	h.diagnosis(d)
}

func (h *byHand) diagnosis(d room.Devices) {
	if d.Diagnostics == nil {
		return
	}
	for _, g := range d.Diagnostics.Diagnose() {
		state := "it answers"
		if !g.OK {
			state = "it does not answer: " + g.Problem
		}
		h.say("%s (%s, serves %s): %s", g.Device, g.Driver, strings.Join(g.Serves, ", "), state)
		for _, fact := range sortedKeys(g.Facts) {
			h.say("  %s: %s", fact, g.Facts[fact])
		}
		for _, what := range sortedKeys(g.Counts) {
			h.say("  %s: %d", what, g.Counts[what])
		}
	}
}

func (h *byHand) tryDoor(ctx context.Context, d room.Devices) error {
	if !h.agreed("The strike will be released for 10 seconds: anybody can come in. Is somebody at the door?") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.listens)
	defer cancel()
	events := d.Door.Events(ctx)
	now := time.Now().UTC()
	g := room.Grant{ID: room.NewID(), Visit: "doctor", Door: h.cfg.Room.Door, Fence: 1, Issued: now, Expires: now.Add(room.GrantTTL)}
	if err := d.Door.Unlock(ctx, g); err != nil {
		return err
	}
	h.say("The strike is released. Open the door, close it, and use the handle inside; what it tells:")
	for e := range events {
		h.say("  %s %s %s", e.At.Local().Format(time.TimeOnly), e.Kind, e.Detail)
	}
	lock, cancelLock := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancelLock()
	if err := d.Door.Lock(lock); err != nil {
		return err
	}
	h.say("The strike is locked.")
	return nil
}

func (h *byHand) tryLights(ctx context.Context, d room.Devices) error {
	for {
		fmt.Fprint(h.out, "Which slot shall be lit? (empty = none) ")
		if !h.in.Scan() || strings.TrimSpace(h.in.Text()) == "" {
			return d.Lights.Set(ctx, nil)
		}
		slot := strings.TrimSpace(h.in.Text())
		if err := d.Lights.Set(ctx, map[string]room.Signal{slot: room.SignalHere}); err != nil {
			return err
		}
		h.say("Slot %s is lit, if this device has a light there.", slot)
	}
}

func (h *byHand) tryLaser(ctx context.Context, d room.Devices) error {
	if !h.agreed("The laser will shine straight ahead for 2 seconds. Is nobody in front of it?") {
		return nil
	}
	if err := d.Laser.Point(ctx, room.Aim{}, room.LaserTTL); err != nil {
		return err
	}
	if err := waitABit(ctx, room.LaserTTL); err != nil {
		return err
	}
	return d.Laser.Off(ctx)
}

func (h *byHand) tryVoice(ctx context.Context, d room.Devices) error {
	if !h.agreed("A sentence will be said. Shall it?") {
		return nil
	}
	return d.Voice.Say(ctx, "This is the package room.", "en", false)
}

func (h *byHand) tryReader(ctx context.Context, d room.Devices) error {
	if !h.agreed(fmt.Sprintf("Reads will be shown for %s. Show a card that may be seen, or type a PIN that is none. Ready?", h.listens)) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.listens)
	defer cancel()
	for a := range d.Reader.Reads(ctx) {
		h.say("  %s at kiosk %s: %q", a.Form, a.Kiosk, a.Secret)
	}
	return nil
}

func (h *byHand) tryLockers(ctx context.Context, d room.Devices) error {
	for {
		fmt.Fprint(h.out, "Which compartment shall open? (empty = none) ")
		if !h.in.Scan() || strings.TrimSpace(h.in.Text()) == "" {
			return nil
		}
		slot := strings.TrimSpace(h.in.Text())
		now := time.Now().UTC()
		g := room.Grant{ID: room.NewID(), Visit: "doctor", Door: room.LockersDoor, Fence: 1, Issued: now, Expires: now.Add(room.GrantTTL)}
		if err := d.Lockers.Open(ctx, slot, g); err != nil {
			return err
		}
		h.say("The lock of %s was let go for a moment.", slot)
	}
}

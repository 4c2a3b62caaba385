package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

var (
	_ room.Lights = (*lights)(nil)
	_ room.Reader = (*reader)(nil)
)

// lights are the slots' lights.
type lights Driver

// Set implements room.Lights.
func (l *lights) Set(ctx context.Context, bySlot map[string]room.Signal) error {
	d := (*Driver)(l)
	d.mu.Lock()
	d.shown = maps.Clone(bySlot)
	d.mu.Unlock()
	if !d.line.OK() {
		return fmt.Errorf("set lights: %w: %s", room.ErrUnavailable, d.line.Diagnose()[0].Problem)
	}
	if err := d.show(ctx); err != nil {
		return fmt.Errorf("set lights: %w", err)
	}
	return nil
}

// show sends every light what it is to show.
func (d *Driver) show(ctx context.Context) error {
	d.mu.Lock()
	var all []message
	for _, slot := range slices.Sorted(maps.Keys(d.lights)) {
		if c := d.lights[slot].config; c != nil {
			all = append(all, c.shows(d.shown[slot])...)
		}
	}
	d.mu.Unlock()
	var errs []error
	for _, m := range all {
		errs = append(errs, d.send(ctx, m.topic, 1, string(m.payload)))
	}
	return errors.Join(errs...)
}

// showAgain lets lights that were away show what they missed.
func (d *Driver) showAgain(ctx context.Context) {
	if err := d.show(ctx); err != nil {
		d.line.Lost(err)
	}
}

// shows are the messages that make a light show a signal.
func (c *config) shows(s room.Signal) []message {
	k := light.Of(s)
	on := k != light.Color{}
	if c.Schema == "json" {
		m := map[string]any{"state": "OFF"}
		if on {
			m = map[string]any{"state": "ON", "brightness": 255}
			if c.colored() {
				m["color"] = map[string]uint8{"r": k.R, "g": k.G, "b": k.B}
			}
			if e := c.effect(s); e != "" {
				m["effect"] = e
			}
		}
		b, err := json.Marshal(m)
		if err != nil {
			return nil // strings and numbers marshal
		}
		return []message{{c.CommandTopic, b}}
	}
	if !on {
		return []message{{c.CommandTopic, []byte(text(c.PayloadOff, "OFF"))}}
	}
	list := []message{{c.CommandTopic, []byte(text(c.PayloadOn, "ON"))}}
	if c.RGBTopic != "" {
		list = append(list, message{c.RGBTopic, fmt.Appendf(nil, "%d,%d,%d", k.R, k.G, k.B)})
	}
	if e := c.effect(s); e != "" && c.EffectTopic != "" {
		list = append(list, message{c.EffectTopic, []byte(e)})
	}
	return list
}

// colored reports whether a light of the JSON schema takes colours. One that
// does not say so takes them or passes over them.
func (c *config) colored() bool {
	return len(c.ColorModes) == 0 || slices.ContainsFunc(c.ColorModes, func(m string) bool { return slices.Contains([]string{"rgb", "rgbw", "rgbww", "hs", "xy"}, m) })
}

// effect is the effect that comes nearest to a signal's rhythm, of those that
// the light has; "" for none.
func (c *config) effect(s room.Signal) string {
	want := "none"
	switch s {
	case room.SignalSuggest:
		want = "breathe"
	case room.SignalWarn:
		want = "blink"
	}
	if slices.Contains(c.EffectList, want) {
		return want
	}
	return ""
}

package mqtt

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

// heard takes in what a thing said.
func (d *Driver) heard(t *thing, m message) {
	t.availability(m)
	if m.topic != t.config.StateTopic && m.topic != t.config.Topic {
		return
	}
	if t.config.Topic == m.topic {
		if tag, err := value(t.config.ValueTemplate, m.payload); err == nil && t == d.reader {
			d.read(tag)
		}
		return
	}
	v, err := value(text(nonEmpty(t.config.StateTemplate), t.config.ValueTemplate), m.payload)
	if err != nil {
		d.line.Count("messages not understood")
		return
	}
	switch t {
	case d.lock:
		d.said(v)
	case d.contact:
		switch v {
		case t.config.says(true):
			t.on, t.said = true, true
		case t.config.says(false):
			t.on, t.said = false, true
		default:
			d.line.Count("messages not understood")
		}
	case d.exit:
		on := v == t.config.says(true)
		if on && !t.on {
			d.door.Exit()
		}
		t.on, t.said = on, true
	}
}

func nonEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// said takes in what the lock says.
func (d *Driver) said(state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locked = state
	for _, w := range d.waiting {
		select {
		case w <- state:
		default:
		}
	}
}

// strike moves the lock and returns when the lock has said so.
func (d *Driver) strike(ctx context.Context, release bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d.mu.Lock()
	if d.client == nil {
		d.mu.Unlock()
		return fmt.Errorf("%w: the lock is not reached through the broker", room.ErrUnavailable)
	}
	c := d.lock.config // there is one where there is a client
	states := make(chan string, 16)
	d.waiting = append(d.waiting, states)
	already := d.locked
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.waiting = slices.DeleteFunc(d.waiting, func(w chan string) bool { return w == states })
	}()
	payload, qos := c.lockWith(), byte(1)
	if release {
		payload, qos = c.unlockWith(), 0 // nobody keeps it for later
	}
	if err := d.send(ctx, c.CommandTopic, qos, payload); err != nil {
		return err
	}
	if already == c.says(release) {
		return nil
	}
	for {
		select {
		case s := <-states:
			if s == c.says(release) {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("%w: the lock did not say %s within %s", room.ErrUnavailable, c.says(release), patience)
		}
	}
}

// read hands a tag to whoever listens.
func (d *Driver) read(tag string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for out := range d.reads {
		select {
		case out <- room.Attempt{Kiosk: d.kiosk, Form: room.FormCard, Secret: tag}:
		default: // nobody waits for an old card
		}
	}
}

// reader is the tag scanner.
type reader Driver

// Reads implements room.Reader.
func (r *reader) Reads(ctx context.Context) <-chan room.Attempt {
	d := (*Driver)(r)
	in, out := make(chan room.Attempt, 16), make(chan room.Attempt)
	d.mu.Lock()
	d.reads[in] = true
	d.mu.Unlock()
	go func() {
		defer close(out)
		defer func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			delete(d.reads, in)
		}()
		for {
			select {
			case <-ctx.Done():
				return
			case a := <-in:
				select {
				case out <- a:
				case <-ctx.Done():
					return
				case <-time.After(room.GrantTTL): // nobody takes it
				}
			}
		}
	}()
	return out
}

package mqtt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/packroom/packroom/room"
)

const (
	keepAlive = 5 * time.Second // the broker takes us for lost after one and a half of it
	patience  = 2 * time.Second // for one answer of the broker or of the lock
	announce  = 3 * time.Second // retained discovery messages come within it
)

// errAgain asks for a new connection at once: a thing was announced, and its
// topics and the last will belong to the connection.
var errAgain = errors.New("connect again for what was announced")

// message is what the broker delivered.
type message struct {
	topic   string
	payload []byte
}

// run holds a connection to the broker until ctx ends.
func (d *Driver) run(ctx context.Context) {
	defer close(d.done)
	for ctx.Err() == nil {
		err := d.connect(ctx, d.again.Reset)
		if errors.Is(err, errAgain) {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		d.lost(err)
		if !d.again.Wait(ctx) {
			return
		}
	}
}

func (d *Driver) lost(err error) {
	d.line.Lost(err)
	if d.door != nil {
		d.door.Fault(err.Error())
	}
}

// connect serves one connection until it breaks or ctx ends.
func (d *Driver) connect(ctx context.Context, reached func()) error {
	broke := make(chan error, 1)
	in := make(chan message, 64)
	over := make(chan struct{})
	defer close(over)
	options := *d.options
	options.SetConnectionLostHandler(func(_ paho.Client, err error) { broke <- err })
	options.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
		select {
		case in <- message{m.Topic(), m.Payload()}:
		case <-over:
		}
	})
	will := d.lock != nil && d.lock.ready()
	if will {
		options.SetBinaryWill(d.lock.config.CommandTopic, []byte(d.lock.config.lockWith()), 1, false)
	}
	c := paho.NewClient(&options)
	defer c.Disconnect(250)
	if err := await(c.Connect()); err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	d.said("") // what was missed is not known
	for _, t := range d.things {
		t.heard, t.said = map[string]bool{}, false
		if err := d.subscribe(c, append(t.topics(), d.announcement(t))...); err != nil {
			return err
		}
	}
	reached()
	if will || d.lock == nil {
		d.offer(c)
		defer d.offer(nil)
	}
	late := time.NewTimer(announce)
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-broke:
			return fmt.Errorf("the broker hung up: %w", err)
		case <-late.C:
			if err := d.missing(); err != nil {
				d.lost(err)
			}
		case m := <-in:
			if err := d.take(ctx, m); err != nil {
				return err
			}
		}
	}
}

// await waits for the broker.
func await(t paho.Token) error {
	if !t.WaitTimeout(2 * patience) {
		return fmt.Errorf("no answer within %s", 2*patience)
	}
	return t.Error()
}

func (d *Driver) subscribe(c paho.Client, topics ...string) error {
	for _, topic := range topics {
		if err := await(c.Subscribe(topic, 1, nil)); err != nil {
			return fmt.Errorf("subscribe to %s: %w", topic, err)
		}
	}
	return nil
}

// offer lets commands use the connection, or none.
func (d *Driver) offer(c paho.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.client = c
}

// missing is what was not announced, and where it was looked for.
func (d *Driver) missing() error {
	var names []string
	for _, t := range d.things {
		switch {
		case t.wrong != nil:
			names = append(names, fmt.Sprintf("%s: %v", t.topic, t.wrong))
		case !t.ready():
			names = append(names, fmt.Sprintf("%s is not announced at %s: check its name and that it is switched on", t.topic, d.announcement(t)))
		case t == d.contact && !t.said:
			names = append(names, fmt.Sprintf("%s has said nothing at %s: let its messages be retained", t.topic, t.config.StateTopic))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("%w: %s", room.ErrUnavailable, strings.Join(names, "; "))
}

// announcement is where a thing is announced.
func (d *Driver) announcement(t *thing) string { return d.discovery + "/" + t.topic + "/config" }

// take gives a message to whom it concerns.
func (d *Driver) take(ctx context.Context, m message) error {
	for _, t := range d.things {
		switch {
		case m.topic == d.announcement(t):
			d.mu.Lock()
			news := t.configure(m.payload)
			d.mu.Unlock()
			if news {
				return errAgain
			}
		case slices.Contains(t.topics(), m.topic):
			d.heard(t, m)
		}
	}
	d.judge(ctx)
	return nil
}

// judge keeps the health of the line up to what the things said.
func (d *Driver) judge(ctx context.Context) {
	for _, t := range d.things {
		if !t.ready() {
			return // it is told when it is late
		}
	}
	for _, t := range d.things {
		if away := t.away(); away != "" {
			err := fmt.Errorf("%w: %s", room.ErrUnavailable, away)
			if t == d.lock || t == d.contact {
				d.lost(err)
			} else {
				d.line.Lost(err)
			}
			return
		}
	}
	if d.contact != nil && !d.contact.said {
		return // what the door is, is not known yet
	}
	if news := d.line.Back(); news && len(d.lights) > 0 {
		d.showAgain(ctx)
	}
	if d.door != nil {
		d.door.Answered()
		d.door.Contact(d.contact.on)
	}
}

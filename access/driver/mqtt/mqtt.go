// Package mqtt uses the locks, door contacts, lights and card readers of a
// smart-building ecosystem through an MQTT broker. It finds them by the discovery
// messages that Home Assistant made common
// (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery).
//
// # Models
//
// What announces itself that way: Zigbee2MQTT, ESPHome, Tasmota, openHAB and
// Z-Wave JS gateways, and most bridges of building automation.
//
// # Options
//
//	broker         (required)     tcp://host:1883, or tls://host:8883
//	user           ""             empty = none
//	password_file  ""             file with the password, mode 0600
//	ca_file        ""             certificate of the broker's authority; empty = the system's
//	client_id      packroom       must differ from every other client's
//	discovery      homeassistant  the topic that discovery messages are below
//	lock           ""             the door's lock or switch
//	contact        ""             the binary_sensor of the door's contact: on = open
//	exit           ""             the binary_sensor of the inner handle, if there is one: on = used
//	lights         ""             the slots' lights: "A1=light/shelf_a1, A2=light/shelf_a2"
//	reader         ""             a tag scanner at the kiosk
//	kiosk          K1             where the scanner is
//	retry          100ms          the first wait before a broker that is lost is tried again
//
// A thing is given by its discovery topic between "homeassistant/" and "/config":
// lock/front_door, or binary_sensor/0x00158d/contact. A lock needs its contact.
// For something that does not announce itself, publish its configuration there
// once, retained.
//
// # Safety
//
// An unlock is sent without queueing (QoS 0) and never again; it succeeds when the
// lock has said that it is open. Locking is repeated until the lock has said it is
// locked. The broker is told (the last will) to lock the door when it loses this
// machine, which it notices at once, or after 8 s where the network falls silent.
// A lock that has a timer of its own is better still. Who may publish at the
// broker opens the door: give it passwords, TLS and access lists.
//
// # Limits
//
// Templates of the form {{ value }}, {{ value_json.a.b }} and {{ value_json['a'] }} are
// understood; others are refused with a message on the manager's page. Device-based
// discovery (one message for all entities) is not read. A light shows a signal's
// colour; its rhythm only where it offers the effects blink and breathe, since
// radio networks carry no more.
//
// # To try it without hardware
//
// Debian's mosquitto and mosquitto-clients:
//
//	mosquitto_pub -r -t homeassistant/lock/door/config -m '{"command_topic":"door/set","state_topic":"door"}'
package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// Driver is the things behind one broker. Safe for concurrent use.
type Driver struct {
	options   *paho.ClientOptions
	discovery string
	things    map[string]*thing // by their topic
	lock      *thing            // nil where there is none
	contact   *thing
	exit      *thing
	reader    *thing
	lights    map[string]*thing // by slot
	kiosk     string
	line      *device.Line
	again     device.Backoff
	door      *device.Doorway // nil without a lock
	stop      context.CancelFunc
	done      chan struct{}
	once      sync.Once
	ended     error

	mu      sync.Mutex
	client  paho.Client            // nil while there is no connection
	shown   map[string]room.Signal // what the lights are to show
	locked  string                 // what the lock said last
	waiting []chan string          // for what the lock says next
	reads   map[chan room.Attempt]bool
}

// Open makes the devices that options name.
func Open(ctx context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	d := &Driver{line: device.NewLine(log), again: device.ReadBackoff(o), options: readBroker(o), discovery: strings.Trim(o.Text("discovery", "homeassistant"), "/"),
		things: map[string]*thing{}, lights: map[string]*thing{}, kiosk: o.Text("kiosk", "K1"), done: make(chan struct{}),
		shown: map[string]room.Signal{}, reads: map[chan room.Attempt]bool{}}
	d.lock = d.thing(o, "lock", "lock", "switch")
	d.contact = d.thing(o, "contact", "binary_sensor")
	d.exit = d.thing(o, "exit", "binary_sensor")
	d.reader = d.thing(o, "reader", "tag")
	for one := range strings.SplitSeq(o.Text("lights", ""), ",") {
		slot, topic, _ := strings.Cut(one, "=")
		if slot = strings.TrimSpace(slot); slot != "" {
			if d.lights[slot] != nil {
				o.Fail("lights", "slot %s is there twice", slot)
			}
			d.lights[slot] = d.named(o, "lights", topic, "light", "switch")
		}
	}
	if (d.lock == nil) != (d.contact == nil) {
		o.Fail("contact", "a lock and its contact are given together")
	}
	if len(d.things) == 0 {
		o.Fail("lock", "neither a lock nor lights nor a reader are given: there is nothing to drive")
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	if len(d.lights) > 0 {
		d.line.Note("slots", strings.Join(slices.Sorted(maps.Keys(d.lights)), " "))
	}
	if d.lock != nil {
		d.door = device.NewDoorway(d.strike)
	}
	ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	go d.run(ctx)
	return d.devices(), d, nil
}

func (d *Driver) devices() room.Devices {
	all := room.Devices{Diagnostics: d.line}
	if d.door != nil {
		all.Door = d.door
	}
	if len(d.lights) > 0 {
		all.Lights = (*lights)(d)
	}
	if d.reader != nil {
		all.Reader = (*reader)(d)
	}
	return all
}

// thing takes an option that names one.
func (d *Driver) thing(o *device.Options, key string, kinds ...string) *thing {
	topic := o.Text(key, "")
	if topic == "" {
		return nil
	}
	return d.named(o, key, topic, kinds...)
}

func (d *Driver) named(o *device.Options, key, topic string, kinds ...string) *thing {
	topic = strings.TrimSpace(topic)
	parts := strings.Split(topic, "/")
	fits := len(parts) == 2 || len(parts) == 3
	for _, p := range parts {
		fits = fits && p != "" && !strings.ContainsAny(p, "+#")
	}
	known := false
	for _, k := range kinds {
		known = known || parts[0] == k
	}
	if !fits || !known {
		o.Fail(key, "%q: write its discovery topic without the ends, such as %s/front", topic, kinds[0])
	}
	if d.things[topic] != nil {
		o.Fail(key, "%s is given twice", topic)
	}
	t := &thing{topic: topic, kind: parts[0]}
	d.things[topic] = t
	return t
}

// readBroker takes the options of the connection.
func readBroker(o *device.Options) *paho.ClientOptions {
	c := paho.NewClientOptions().SetClientID(o.Text("client_id", "packroom")).SetCleanSession(true).SetUsername(o.Text("user", "")).
		SetAutoReconnect(false).SetConnectRetry(false). // a client that connects again sends again what was not acknowledged
		SetKeepAlive(keepAlive).SetPingTimeout(patience).SetConnectTimeout(patience).SetWriteTimeout(patience)
	broker := o.Need("broker", "its address, such as tcp://192.168.1.10:1883")
	u, err := url.Parse(broker)
	if err != nil || u.Scheme != "tcp" && u.Scheme != "tls" || u.Port() == "" || u.User != nil {
		o.Fail("broker", "%q is not like tcp://192.168.1.10:1883", broker)
		return c
	}
	c.AddBroker(broker)
	if file := o.Text("password_file", ""); file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			o.Fail("password_file", "%v", err)
		}
		c.SetPassword(strings.TrimSpace(string(b)))
	}
	if file := o.Text("ca_file", ""); file != "" {
		b, err := os.ReadFile(file)
		pool := x509.NewCertPool()
		if err == nil && !pool.AppendCertsFromPEM(b) {
			err = errors.New("there is no certificate in it")
		}
		if err != nil {
			o.Fail("ca_file", "%v", err)
		}
		c.SetTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	}
	return c
}

// Close locks the door, darkens the lights and leaves the broker.
func (d *Driver) Close() error {
	d.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var dark, locked error
		if len(d.lights) > 0 && d.connected() != nil {
			dark = (*lights)(d).Set(ctx, nil)
		}
		if d.door != nil {
			reached := d.connected() != nil
			if locked = d.door.Close(); !reached {
				locked = nil // the broker locks in our place: see the last will
			}
		}
		d.stop()
		<-d.done
		d.ended = errors.Join(dark, locked)
	})
	return d.ended
}

// connected is the client while there is a connection, or nil.
func (d *Driver) connected() paho.Client {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.client
}

// send publishes and waits until it was written, or with QoS 1 received.
func (d *Driver) send(ctx context.Context, topic string, qos byte, payload string) error {
	c := d.connected()
	if c == nil {
		return fmt.Errorf("%w: there is no connection to the broker", room.ErrUnavailable)
	}
	token := c.Publish(topic, qos, false, payload)
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			return fmt.Errorf("%w: publish: %v", room.ErrUnavailable, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: the broker did not take it: %v", room.ErrUnavailable, ctx.Err())
	}
}

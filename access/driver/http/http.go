// Package http drives a door by a relay with a web API, and tells other systems
// what the room does by signed webhooks.
//
// # Models
//
//	shelly2  Shelly relays of the second generation and later: Plus, Pro, Gen3, Gen4
//	shelly1  Shelly relays of the first generation: 1, 1L, 2.5, Uni
//	webhook  anything that takes an HTTP POST: a building's access control, a lighting
//	         server, a home-automation program
//
// # Options
//
//	model          (required)  one of the above
//	url            (required)  http://192.168.1.70; for webhook the whole address that is posted to
//	timeout        2s          for each request
//
// Of the relays:
//
//	relay          0           which relay holds the strike
//	contact        0           which input is the door's contact
//	contact_open   on          what that input is while the door is open: on or off
//	exit           -1          which input is the inner handle's contact; -1 = none
//	user           admin       as set in the device
//	password_file  ""          file with its password, mode 0600; empty = none is set
//	poll           100ms       how often the inputs are read
//
// Of the webhook:
//
//	secret_file    (required)  file with the shared secret, 24 bytes or more, mode 0600
//	state          ""          address that tells the door's state; without one there is no door
//	poll           1s          how often it is asked
//
// # Wiring
//
// The strike at the relay's normally-open contact, so that it is locked without
// power (fail secure; the inner handle opens mechanically). The door's contact at
// an input that is set to "switch", detached from the relay. Put the relay inside
// the room, and set a password: who reaches its web page opens the door.
//
// # Safety
//
// The relay is released with its own timer, set to the end of the grant, so that it
// locks by itself if this machine falls silent. A relay that is on though no
// grant is valid is switched off.
//
// # The webhook
//
// Each message is a POST of {"id","type","time","data"}, signed as
// https://www.standardwebhooks.com says: the header Webhook-Signature is "v1," and
// the base64 of HMAC-SHA256(secret, id "." timestamp "." body), with the headers
// Webhook-Id and Webhook-Timestamp (seconds). The secret is the file's content
// without white space at its ends; after "whsec_" it is base64. A receiver must
// check the signature and the time, and act once on an id. Types and their data:
//
//	door.unlock  {"grant","door","expires"}   again for 2 s, until it is answered or expires
//	door.lock    {}                           again until it is answered
//	lights.set   {"lights":{slot:signal}}     the whole picture, repeated by the room every 10 s
//	laser.point  {"aim":{...},"ttl_ms"}       the receiver keeps the dead-man time
//	laser.off    {}
//	voice.say    {"text","language","urgent"} again for 1 s
//
// The state is asked for with a GET, signed over an empty body, and answered with
// {"open":false,"exits":3}: exits counts uses of the inner handle.
//
// # Limits
//
// Inputs are polled: a use of the inner handle that is shorter than poll goes
// unseen, so use a handle contact that stays closed while it is pressed.
//
// # To try it without hardware
//
// The contract peers in this package's test answer as the makers' public
// documentation says.
package http

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// Open makes the devices that options name.
func Open(_ context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	model := o.Choice("model", "", "shelly1", "shelly2", "webhook")
	rest := device.ReadREST(o)
	line := device.NewLine(log)
	if model == "webhook" {
		return openWebhook(o, rest, line)
	}
	return openRelay(o, model, rest, line)
}

func openRelay(o *device.Options, model string, rest *device.REST, line *device.Line) (room.Devices, io.Closer, error) {
	r := newRelay(line)
	r.number = o.Number("relay", 0, 0, 15)
	r.contact = o.Number("contact", 0, 0, 15)
	r.openIs = o.Choice("contact_open", "on", "on", "off") == "on"
	r.exit = o.Number("exit", -1, -1, 15)
	r.poll = o.Duration("poll", 100*time.Millisecond)
	user, password := o.Text("user", "admin"), secretFile(o, "password_file", "")
	if r.exit == r.contact {
		o.Fail("exit", "input %d is the door's contact", r.exit)
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	r.rest = rest
	switch model {
	case "shelly1":
		r.api = newShelly1(rest, user, password)
	default:
		r.api = newShelly2(rest, user, password)
	}
	r.start()
	return room.Devices{Door: r.door, Diagnostics: line}, r, nil
}

// secretFile reads a secret; what, where given, says that it must be there.
func secretFile(o *device.Options, key, what string) string {
	path := o.Text(key, "")
	if path == "" {
		if what != "" {
			o.Fail(key, "give %s", what)
		}
		return ""
	}
	b, err := os.ReadFile(path)
	if err != nil {
		o.Fail(key, "%v", err)
	}
	return strings.TrimSpace(string(b))
}

// problem is a device's answer as people can act on it.
func problem(err error, code int, what string) error {
	if code == 401 || code == 403 {
		return fmt.Errorf("%s: %w: %w", what, room.Refuse(room.ErrUnavailable, "device_password", "it refuses the password: check the options user and password_file"), err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

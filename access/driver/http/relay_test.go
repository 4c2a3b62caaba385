package http

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/room"
)

// file writes a secret.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConformance(t *testing.T) {
	t.Parallel()
	all := map[string]func(*testing.T){}
	for model, serve := range relays {
		all[model] = func(t *testing.T) {
			accesstest.Run(t, func(t *testing.T) accesstest.Bench {
				g := newRig(t, serve)
				return relayBench(t, model, g, g.url, "10ms")
			})
		}
		all[model+" through a storm"] = func(t *testing.T) {
			g := newRig(t, serve)
			w := g.wire(t)
			accesstest.Survives(t, relayBench(t, model, g, "http://"+w.Near, "1ms"), w)
		}
	}
	accesstest.Beside(t, all)
}

// relays are the contract peers by their model.
var relays = map[string]func(*rig, *http.ServeMux){"shelly1": serveShelly1, "shelly2": serveShelly2}

func relayBench(t *testing.T, model string, g *rig, url, poll string) accesstest.Bench {
	var log accesstest.Log
	devices, closer, err := Open(t.Context(), map[string]string{"model": model, "url": url, "contact": "1", "exit": "0", "poll": poll,
		"password_file": file(t, g.password+"\n")}, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	b := doorBench(t, g, devices, &log)
	b.Close = closer.Close
	return b
}

// doorBench puts a door into a bench. Its driver polls, so that the rig waits
// with each movement until the driver has seen the one before.
func doorBench(t *testing.T, g *rig, devices room.Devices, log *accesstest.Log) accesstest.Bench {
	good := func() bool { return devices.Diagnostics.Diagnose()[0].OK }
	accesstest.Eventually(t, "the device is reached", good)
	return accesstest.Bench{
		Devices: devices, Log: log, Door: "main", Forgets: true,
		Released: g.released,
		Pull:     g.pull,
		Push:     func(t *testing.T) { accesstest.Leave(t, devices.Door, g.use, g.swing) },
		Prop:     func(t *testing.T, on bool) { accesstest.Prop(t, devices.Door, on, g.swing) },
		Break:    func(_ *testing.T, broken bool) { g.set(func() { g.broken = broken }) },
		Plug: func(t *testing.T, in bool) {
			g.set(func() { g.deaf = !in })
			accesstest.Eventually(t, "the line is noticed", func() bool { return good() == in })
		},
	}
}

func TestRefuses(t *testing.T) {
	with := func(more map[string]string) map[string]string {
		all := map[string]string{"model": "shelly2", "url": "http://127.0.0.1:1"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	hook := func(more map[string]string) map[string]string {
		all := map[string]string{"model": "webhook", "url": "http://127.0.0.1:1/hook", "secret_file": file(t, "0123456789abcdef0123456789")}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"no model":                       {"url": "http://127.0.0.1:1"},
		"no address":                     {"model": "shelly1"},
		"a password in the address":      with(map[string]string{"url": "http://admin:secret@127.0.0.1"}),
		"a password that cannot be read": with(map[string]string{"password_file": "/nonexistent"}),
		"one input for two things":       with(map[string]string{"contact": "1", "exit": "1"}),
		"a relay that is none":           with(map[string]string{"relay": "16"}),
		"a contact that is neither":      with(map[string]string{"contact_open": "maybe"}),
		"a webhook's word for a relay":   with(map[string]string{"state": "http://127.0.0.1:1"}),
		"a webhook without a secret":     {"model": "webhook", "url": "http://127.0.0.1:1"},
		"a secret that is too short":     hook(map[string]string{"secret_file": file(t, "0123456789abcdef")}),
		"a secret that is no base64":     hook(map[string]string{"secret_file": file(t, "whsec_?0123456789abcdef0123456789")}),
		"a state that is no address":     hook(map[string]string{"state": "door"}),
	})
}

func TestAWrongPasswordIsTold(t *testing.T) {
	for model, serve := range relays {
		g := newRig(t, serve)
		devices, closer, err := Open(t.Context(), map[string]string{"model": model, "url": g.url, "contact": "1", "poll": "10ms", "password_file": file(t, "a guess")}, new(accesstest.Log).Logger())
		if err != nil {
			t.Fatal(err)
		}
		defer closer.Close()
		accesstest.Eventually(t, model+" tells it", func() bool {
			d := devices.Diagnostics.Diagnose()[0]
			return !d.OK && takes(d.Problem, "check the options user and password_file", "401")
		})
		g2 := room.Grant{ID: "g", Door: "main", Fence: 1, Expires: time.Now().Add(time.Second)}
		if err := devices.Door.Unlock(t.Context(), g2); !errors.Is(err, room.ErrUnavailable) || g.released() {
			t.Errorf("%s: unlock with a wrong password: %v", model, err)
		}
	}
}

func TestARelayThatSomebodyElseSwitchedOnIsSwitchedOff(t *testing.T) {
	g := newRig(t, serveShelly2)
	devices, closer, err := Open(t.Context(), map[string]string{"model": "shelly2", "url": g.url, "contact": "1", "poll": "10ms", "password_file": file(t, g.password)}, new(accesstest.Log).Logger())
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	accesstest.Eventually(t, "the device is reached", func() bool { return devices.Diagnostics.Diagnose()[0].OK })
	g.set(func() { g.until = time.Now().Add(time.Hour) })
	accesstest.Eventually(t, "it is switched off", func() bool { return !g.released() })
	accesstest.Eventually(t, "it is counted", func() bool { return devices.Diagnostics.Diagnose()[0].Counts["switched off without a grant"] == 1 })
}

func TestDigestIsTheStandards(t *testing.T) {
	// RFC 7616, 3.9.1, with SHA-256.
	got := digest("Mufasa", "Circle of Life", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1, "GET", "/dir/index.html")
	if !takes(got, `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`, "nc=00000001") {
		t.Errorf("got %s", got)
	}
}

package mqtt

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/porttest"
)

// broker starts Debian's mosquitto and gives its port.
func broker(t *testing.T) int {
	t.Helper()
	port := porttest.Port(t)
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, "listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n", port), 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto" // not in everybody's path
	}
	cmd := exec.Command(path, "-c", conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start mosquitto (Debian's package of that name): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	accesstest.Eventually(t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return port
}

// house is a lock with its door, two lights and a tag scanner that speak to the
// broker as Zigbee2MQTT and ESPHome do.
type house struct {
	t      *testing.T
	broker string
	client paho.Client
	base   string // of all topics, so that one broker serves many tests

	mu       sync.Mutex
	unlocked bool
	open     bool
	propped  bool
	deaf     bool // the lock does what it is told and says nothing
	commands []string
	lights   map[string]room.Signal
}

func newHouse(t *testing.T, port int) *house {
	h := &house{t: t, broker: fmt.Sprintf("127.0.0.1:%d", port), base: room.NewID(), lights: map[string]room.Signal{}}
	options := paho.NewClientOptions().AddBroker("tcp://" + h.broker).SetClientID("house-" + h.base).SetOrderMatters(true)
	h.client = paho.NewClient(options)
	h.must(h.client.Connect())
	t.Cleanup(func() { h.client.Disconnect(100) })
	h.must(h.client.Subscribe(h.base+"/lock/set", 1, func(_ paho.Client, m paho.Message) { h.command(string(m.Payload())) }))
	h.must(h.client.Subscribe(h.base+"/shelf1/set", 1, func(_ paho.Client, m paho.Message) {
		var s struct {
			State string
			Color light.Color
		}
		if json.Unmarshal(m.Payload(), &s) == nil {
			h.light("A1", s.State == "ON", s.Color)
		}
	}))
	var on bool
	h.must(h.client.Subscribe(h.base+"/shelf2/#", 1, func(_ paho.Client, m paho.Message) {
		if strings.HasSuffix(m.Topic(), "/set") {
			on = string(m.Payload()) == "ON"
			h.light("D4", on, light.Color{})
			return
		}
		var c light.Color
		if _, err := fmt.Sscanf(string(m.Payload()), "%d,%d,%d", &c.R, &c.G, &c.B); err == nil {
			h.light("D4", on, c)
		}
	}))
	h.announce("lock/front", `{"~":"BASE/lock","cmd_t":"~/set","stat_t":"~/state","pl_lock":"LOCK","pl_unlk":"UNLOCK","avty_t":"~/available"}`)
	h.announce("binary_sensor/front/contact", `{"state_topic":"BASE/contact","value_template":"{{ value_json.contact }}","payload_on":false,"payload_off":true,
		"availability":[{"topic":"BASE/bridge","value_template":"{{ value_json['state'] }}"}]}`)
	h.announce("binary_sensor/front/handle", `{"state_topic":"BASE/handle"}`)
	h.announce("light/shelf1", `{"schema":"json","command_topic":"BASE/shelf1/set","state_topic":"BASE/shelf1","supported_color_modes":["rgb"],"effect_list":["blink","none"]}`)
	h.announce("light/shelf2", `{"command_topic":"BASE/shelf2/set","rgb_command_topic":"BASE/shelf2/rgb"}`)
	h.announce("tag/front", `{"topic":"BASE/tag","value_template":"{{ value_json.tag.uid }}"}`)
	h.say("bridge", `{"state":"online"}`)
	h.say("lock/available", "online")
	h.say("lock/state", "LOCKED")
	h.say("contact", `{"contact":true,"battery":97}`)
	return h
}

func (h *house) must(token paho.Token) {
	h.t.Helper()
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		h.t.Fatalf("the broker does not answer: %v", token.Error())
	}
}

func (h *house) announce(thing, config string) {
	h.t.Helper()
	h.must(h.client.Publish(h.base+"/discovery/"+thing+"/config", 1, true, strings.ReplaceAll(config, "BASE", h.base)))
}

// say publishes a state, retained.
func (h *house) say(topic, payload string) {
	h.t.Helper()
	h.must(h.client.Publish(h.base+"/"+topic, 1, true, payload))
}

// tell publishes a state from a handler, where waiting is not allowed.
func (h *house) tell(topic, payload string) { h.client.Publish(h.base+"/"+topic, 1, true, payload) }

func (h *house) command(payload string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commands = append(h.commands, payload)
	h.unlocked = payload == "UNLOCK"
	if !h.deaf {
		h.tell("lock/state", map[bool]string{true: "UNLOCKED", false: "LOCKED"}[h.unlocked])
	}
}

func (h *house) light(slot string, on bool, c light.Color) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.lights, slot)
	if s := light.Nearest(c); on && s != room.SignalOff {
		h.lights[slot] = s
	}
}

func (h *house) contact(open bool) { h.say("contact", fmt.Sprintf(`{"contact":%t}`, !open)) }

// pull opens the door from outside, if it can; it falls shut by itself.
func (h *house) pull(t *testing.T) bool {
	if !h.released() {
		return false
	}
	h.contact(true)
	accesstest.Eventually(t, "the lock locks behind who entered", func() bool { return !h.released() })
	h.contact(false)
	return true
}

func (h *house) released() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unlocked
}

func (h *house) push(*testing.T) {
	h.say("handle", "ON")
	h.contact(true)
	h.contact(false)
	h.say("handle", "OFF")
}

func (h *house) options(broker string) map[string]string {
	return map[string]string{"broker": "tcp://" + broker, "client_id": "packroom-" + h.base, "discovery": h.base + "/discovery", "lock": "lock/front",
		"contact": "binary_sensor/front/contact", "exit": "binary_sensor/front/handle", "lights": "A1=light/shelf1, D4=light/shelf2", "reader": "tag/front"}
}

// bench is a driver with a house, each at the end of its line to the broker.
func bench(t *testing.T, port int) (accesstest.Bench, *house) {
	h := newHouse(t, port)
	b, _ := h.bench(t, nil)
	return b, h
}

func (h *house) bench(t *testing.T, more map[string]string) (accesstest.Bench, *accesstest.Wire) {
	w := accesstest.TCPWire(t, h.broker)
	var log accesstest.Log
	options := h.options(w.Near)
	maps.Copy(options, more)
	devices, closer, err := Open(t.Context(), options, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	good := func() bool { return devices.Diagnostics.Diagnose()[0].OK }
	accesstest.Eventually(t, "all things are found", good)
	return accesstest.Bench{
		Devices: devices, Close: closer.Close, Log: &log, Door: "main", Watchdog: time.Second, Forgets: true,
		Released: h.released, Pull: h.pull, Push: h.push,
		Break: func(_ *testing.T, broken bool) {
			h.say("bridge", fmt.Sprintf(`{"state":%q}`, map[bool]string{true: "offline", false: "online"}[broken]))
		},
		Plug: func(t *testing.T, in bool) {
			w.Plug(in)
			accesstest.Eventually(t, "the line is noticed", func() bool { return good() == in })
		},
		Slots: []string{"A1", "D4"},
		Lit: func() map[string]room.Signal {
			h.mu.Lock()
			defer h.mu.Unlock()
			lit := map[string]room.Signal{}
			for slot, s := range h.lights {
				lit[slot] = s
			}
			return lit
		},
		Show: func(_ *testing.T, secret string) {
			h.must(h.client.Publish(h.base+"/tag", 1, false, fmt.Sprintf(`{"tag":{"uid":%q}}`, secret)))
		},
	}, w
}

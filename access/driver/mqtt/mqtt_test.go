package mqtt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/room"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	port := broker(t)
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		b, _ := bench(t, port)
		return b
	})
}

func TestAThousandDisconnectsAndGarbage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, broker(t))
	b, w := h.bench(t, map[string]string{"retry": "50us"})
	accesstest.Survives(t, b, w)
}

func TestRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{"broker": "tcp://127.0.0.1:1", "lights": "A1=light/a1"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"no broker":                       {"lights": "A1=light/a1"},
		"a broker without a port":         with(map[string]string{"broker": "tcp://127.0.0.1"}),
		"a broker of another kind":        with(map[string]string{"broker": "http://127.0.0.1:1883"}),
		"a password in the address":       with(map[string]string{"broker": "tcp://me:secret@127.0.0.1:1883"}),
		"a password that cannot be read":  with(map[string]string{"password_file": "/nonexistent/password"}),
		"a certificate that is none":      with(map[string]string{"ca_file": empty}),
		"nothing to drive":                {"broker": "tcp://127.0.0.1:1"},
		"a lock without its contact":      with(map[string]string{"lock": "lock/front"}),
		"a contact without its lock":      with(map[string]string{"contact": "binary_sensor/front"}),
		"a lock that is a light":          with(map[string]string{"lock": "light/front", "contact": "binary_sensor/front"}),
		"a slot twice":                    with(map[string]string{"lights": "A1=light/a1, A1=light/a2"}),
		"a light twice":                   with(map[string]string{"lights": "A1=light/a1, A2=light/a1"}),
		"a topic that is every topic":     with(map[string]string{"lights": "A1=light/#"}),
		"a whole topic instead of a name": with(map[string]string{"lights": "A1=homeassistant/light/a1/config"}),
		"an unknown word":                 with(map[string]string{"qos": "2"}),
	})
}

func grant(fence uint64) room.Grant {
	return room.Grant{ID: room.NewID(), Visit: "v1", Door: "main", Fence: fence, Issued: time.Now(), Expires: time.Now().Add(room.GrantTTL)}
}

func TestALockThatDoesNotAnswerIsNoUnlock(t *testing.T) {
	t.Parallel()
	b, h := bench(t, broker(t))
	h.mu.Lock()
	h.deaf = true
	h.mu.Unlock()
	if err := b.Devices.Door.Unlock(t.Context(), grant(1)); !errors.Is(err, room.ErrUnavailable) || !strings.Contains(err.Error(), "did not say UNLOCKED") {
		t.Errorf("got %v", err)
	}
	accesstest.Eventually(t, "the door is locked all the same", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return !h.unlocked && slices.Contains(h.commands, "LOCK")
	})
}

func TestTheBrokerLocksTheDoorWhenThisMachineIsLost(t *testing.T) {
	t.Parallel()
	b, h := bench(t, broker(t))
	if err := b.Devices.Door.Unlock(t.Context(), grant(1)); err != nil {
		t.Fatal(err)
	}
	b.Plug(t, false)
	accesstest.Eventually(t, "the door is locked", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return !h.unlocked
	})
}

func TestAThingThatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	port, all := broker(t), map[string]func(*testing.T){}
	for name, c := range map[string]struct {
		change func(h *house)
		want   string
	}{
		"not announced": {func(h *house) { h.announce("light/shelf2", "") }, "light/shelf2 is not announced at BASE/discovery/light/shelf2/config"},
		"a template that is not understood": {func(h *house) { h.announce("tag/front", `{"topic":"BASE/tag","value_template":"{{ value | upper }}"}`) },
			`tag/front: its template "{{ value | upper }}" is not understood`},
		"a lock that says nothing":    {func(h *house) { h.announce("lock/front", `{"command_topic":"BASE/lock/set"}`) }, "lock/front: its announcement has no state_topic"},
		"no JSON":                     {func(h *house) { h.announce("light/shelf1", "shelf") }, "light/shelf1: its announcement is no JSON"},
		"a lock without power":        {func(h *house) { h.say("lock/available", "offline") }, "lock/front says at BASE/lock/available that it is not there"},
		"a contact that says nothing": {func(h *house) { h.say("contact", "") }, "binary_sensor/front/contact has said nothing at BASE/contact"},
	} {
		all[name] = func(t *testing.T) {
			h := newHouse(t, port)
			c.change(h)
			devices, closer, err := Open(t.Context(), h.options(fmt.Sprintf("127.0.0.1:%d", port)), new(accesstest.Log).Logger())
			if err != nil {
				t.Fatal(err)
			}
			defer closer.Close()
			want := strings.ReplaceAll(c.want, "BASE", h.base)
			accesstest.Eventually(t, want, func() bool { return strings.Contains(devices.Diagnostics.Diagnose()[0].Problem, want) })
		}
	}
	accesstest.Beside(t, all)
}

func TestTemplates(t *testing.T) {
	for _, c := range []struct{ template, payload, want string }{
		{"", "ON", "ON"}, {"{{ value }}", "ON", "ON"}, {"{{value_json.a}}", `{"a":"x"}`, "x"},
		{`{{ value_json.a["b c"].d }}`, `{"a":{"b c":{"d":1.5}}}`, "1.5"}, {"{{ value_json['on'] }}", `{"on":true}`, "true"},
		{"{{ value_json.a }}", "no JSON", "!"}, {"{{ value_json.a }}", "{}", "!"}, {"{{ value_json.a.b }}", `{"a":1}`, "!"},
		{"{% if value %}x{% endif %}", "ON", "!"}, {"{{ value.a }}", `{"a":1}`, "!"}, {"{{ value_json.a | int }}", `{"a":1}`, "!"},
	} {
		got, err := value(c.template, []byte(c.payload))
		if err != nil {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%s of %s: %q (%v), want %q", c.template, c.payload, got, err, c.want)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("light", []byte(`{"~":"x","cmd_t":"~/set"}`), []byte(`{"a":1}`))
	f.Add("binary_sensor", []byte(`{"stat_t":"x","val_tpl":"{{ value_json.a }}"}`), []byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, kind string, announced, said []byte) {
		c, err := parseConfig(kind, announced)
		if err != nil {
			return
		}
		_, _ = value(c.ValueTemplate, said)
		c.shows(room.SignalWarn)
	})
}

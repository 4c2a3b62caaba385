package mqtt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// thing is an entity that was announced, or is waited for. It belongs to the
// goroutine of the connection; others read config with Driver.mu held.
type thing struct {
	topic  string // lock/front
	kind   string // lock
	config *config
	raw    []byte          // its announcement
	wrong  error           // what was wrong with its announcement
	heard  map[string]bool // by availability topic: is it there?
	said   bool            // its state is known
	on     bool            // a binary sensor's state
}

// config is a discovery message as far as it is used.
type config struct {
	StateTopic     string         `json:"state_topic"`
	CommandTopic   string         `json:"command_topic"`
	Topic          string         `json:"topic"` // of a tag scanner
	ValueTemplate  string         `json:"value_template"`
	StateTemplate  string         `json:"state_value_template"`
	Schema         string         `json:"schema"`
	RGBTopic       string         `json:"rgb_command_topic"`
	EffectTopic    string         `json:"effect_command_topic"`
	EffectList     []string       `json:"effect_list"`
	ColorModes     []string       `json:"supported_color_modes"`
	PayloadLock    any            `json:"payload_lock"`
	PayloadUnlock  any            `json:"payload_unlock"`
	StateLocked    any            `json:"state_locked"`
	StateUnlocked  any            `json:"state_unlocked"`
	PayloadOn      any            `json:"payload_on"`
	PayloadOff     any            `json:"payload_off"`
	StateOn        any            `json:"state_on"`
	StateOff       any            `json:"state_off"`
	Availability   []availability `json:"availability"`
	AvailableTopic string         `json:"availability_topic"`
	AvailableWith  any            `json:"payload_available"`

	kind string
}

type availability struct {
	Topic     string `json:"topic"`
	Available any    `json:"payload_available"`
	Template  string `json:"value_template"`
}

// short are the abbreviations of discovery messages that are used here.
var short = map[string]string{
	"stat_t": "state_topic", "cmd_t": "command_topic", "t": "topic", "val_tpl": "value_template", "stat_val_tpl": "state_value_template",
	"rgb_cmd_t": "rgb_command_topic", "fx_cmd_t": "effect_command_topic", "fx_list": "effect_list", "sup_clrm": "supported_color_modes",
	"pl_lock": "payload_lock", "pl_unlk": "payload_unlock", "stat_locked": "state_locked", "stat_unlocked": "state_unlocked",
	"pl_on": "payload_on", "pl_off": "payload_off", "stat_on": "state_on", "stat_off": "state_off",
	"avty": "availability", "avty_t": "availability_topic", "pl_avail": "payload_available",
}

// long writes out abbreviations and the base topic "~".
func long(v any, base string) any {
	switch v := v.(type) {
	case map[string]any:
		full := map[string]any{}
		for key, value := range v {
			full[cmp.Or(short[key], key)] = long(value, base)
		}
		return full
	case []any:
		for i := range v {
			v[i] = long(v[i], base)
		}
		return v
	case string:
		if rest, ok := strings.CutPrefix(v, "~"); ok && base != "" {
			return base + rest
		}
		if rest, ok := strings.CutSuffix(v, "~"); ok && base != "" {
			return rest + base
		}
	}
	return v
}

// configure takes an announcement; an empty one withdraws the thing. It reports
// whether that is news.
func (t *thing) configure(payload []byte) bool {
	if bytes.Equal(t.raw, payload) {
		return false
	}
	t.raw, t.config, t.wrong = bytes.Clone(payload), nil, nil
	if len(payload) == 0 {
		return true
	}
	c, err := parseConfig(t.kind, payload)
	if err != nil {
		t.wrong = err
		return true
	}
	t.config = c
	return true
}

func parseConfig(kind string, payload []byte) (*config, error) {
	var raw map[string]any
	if err := json.Unmarshal(payload, &raw); err != nil {
		return nil, fmt.Errorf("its announcement is no JSON: %v", err)
	}
	base, _ := raw["~"].(string)
	full, err := json.Marshal(long(raw, base))
	if err != nil {
		return nil, err
	}
	c := &config{kind: kind}
	if err := json.Unmarshal(full, c); err != nil {
		return nil, fmt.Errorf("its announcement: %v", err)
	}
	if c.AvailableTopic != "" {
		c.Availability = append(c.Availability, availability{Topic: c.AvailableTopic, Available: c.AvailableWith})
	}
	return c, c.check()
}

func (c *config) check() error {
	needs := map[string]map[string]string{
		"lock": {"state_topic": c.StateTopic, "command_topic": c.CommandTopic}, "switch": {"state_topic": c.StateTopic, "command_topic": c.CommandTopic},
		"light": {"command_topic": c.CommandTopic}, "binary_sensor": {"state_topic": c.StateTopic}, "tag": {"topic": c.Topic},
	}
	for key, value := range needs[c.kind] {
		if value == "" {
			return fmt.Errorf("its announcement has no %s", key)
		}
	}
	for _, tpl := range append([]string{c.ValueTemplate, c.StateTemplate}, templates(c.Availability)...) {
		if _, err := path(tpl); err != nil {
			return err
		}
	}
	return nil
}

func templates(all []availability) []string {
	list := make([]string, len(all))
	for i, a := range all {
		list[i] = a.Template
	}
	return list
}

func (t *thing) ready() bool { return t.config != nil }

// topics are those that tell about the thing.
func (t *thing) topics() []string {
	if t.config == nil {
		return nil
	}
	var list []string
	for _, topic := range []string{t.config.StateTopic, t.config.Topic} {
		if topic != "" && t.kind != "light" {
			list = append(list, topic)
		}
	}
	for _, a := range t.config.Availability {
		list = append(list, a.Topic)
	}
	return list
}

// away says that the thing is said to be off line; empty where it is not.
func (t *thing) away() string {
	for _, a := range t.config.Availability {
		if there, told := t.heard[a.Topic]; told && !there {
			return fmt.Sprintf("%s says at %s that it is not there: check its power and its radio", t.topic, a.Topic)
		}
	}
	return ""
}

// availability notes whether the thing is there.
func (t *thing) availability(m message) {
	for _, a := range t.config.Availability {
		if a.Topic == m.topic {
			v, err := value(a.Template, m.payload)
			t.heard[a.Topic] = err == nil && v == text(a.Available, "online")
		}
	}
}

// text is a payload as it is sent: JSON has strings, booleans and numbers there.
func text(v any, otherwise string) string {
	switch v := v.(type) {
	case nil:
		return otherwise
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return otherwise
	}
	return string(b)
}

func (c *config) lockWith() string {
	if c.kind == "switch" {
		return text(c.PayloadOff, "OFF")
	}
	return text(c.PayloadLock, "LOCK")
}

func (c *config) unlockWith() string {
	if c.kind == "switch" {
		return text(c.PayloadOn, "ON")
	}
	return text(c.PayloadUnlock, "UNLOCK")
}

// state is what the thing says, by the payload that the config names.
func (c *config) says(on bool) string {
	switch {
	case c.kind == "lock" && on:
		return text(c.StateUnlocked, "UNLOCKED")
	case c.kind == "lock":
		return text(c.StateLocked, "LOCKED")
	case on:
		return text(c.StateOn, text(c.PayloadOn, "ON"))
	}
	return text(c.StateOff, text(c.PayloadOff, "OFF"))
}

// simple are the templates that are understood: a value or a member of it.
var simple = regexp.MustCompile(`^\s*\{\{\s*value(_json)?((?:\.\w+|\[['"][^'"]+['"]\])*)\s*\}\}\s*$`)

// path is where a template finds its value; nil for the whole payload.
func path(template string) ([]string, error) {
	if template == "" {
		return nil, nil
	}
	m := simple.FindStringSubmatch(template)
	if m == nil || m[1] == "" && m[2] != "" {
		return nil, fmt.Errorf("its template %q is not understood: use {{ value }}, {{ value_json.name }} or {{ value_json['name'] }}", template)
	}
	return strings.FieldsFunc(m[2], func(r rune) bool { return strings.ContainsRune(`.[]'"`, r) }), nil
}

// value applies a template.
func value(template string, payload []byte) (string, error) {
	at, err := path(template)
	if err != nil {
		return "", err
	}
	if len(at) == 0 {
		return string(payload), nil
	}
	var v any
	if err := json.Unmarshal(payload, &v); err != nil {
		return "", fmt.Errorf("not JSON: %w", err)
	}
	for _, name := range at {
		m, _ := v.(map[string]any)
		inner, ok := m[name]
		if !ok {
			return "", fmt.Errorf("there is no %s in it", name)
		}
		v = inner
	}
	return text(v, ""), nil
}

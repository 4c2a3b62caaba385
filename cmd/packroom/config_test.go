package main

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

const shippedConfig = "../../deploy/packroom.yml"

func TestShippedConfigHoldsEveryKeyWithItsDefault(t *testing.T) {
	var shipped Config
	if err := readConfigFile(shippedConfig, &shipped); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaultConfig(), shipped); diff != "" {
		t.Errorf("deploy/packroom.yml differs from the defaults (-default +file):\n%s", diff)
	}

	b, err := os.ReadFile(shippedConfig)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	keysOfType(reflect.TypeFor[Config](), "", want)
	got := map[string]bool{}
	keysOfTree(tree, "", got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("keys of deploy/packroom.yml (-Config +file):\n%s", diff)
	}
}

func keysOfType(typ reflect.Type, prefix string, into map[string]bool) {
	for f := range typ.Fields() {
		key, ft := keyOf(f), f.Type
		if key == "-" {
			continue
		}
		if ft.Kind() == reflect.Slice {
			ft = ft.Elem()
		}
		into[prefix+key] = true
		if ft.Kind() == reflect.Struct {
			keysOfType(ft, prefix+key+".", into)
		}
	}
}

func keysOfTree(tree map[string]any, prefix string, into map[string]bool) {
	for key, v := range tree {
		into[prefix+key] = true
		switch v := v.(type) {
		case map[string]any:
			keysOfTree(v, prefix+key+".", into)
		case []any:
			for _, item := range v {
				if m, ok := item.(map[string]any); ok {
					keysOfTree(m, prefix+key+".", into)
				}
			}
		}
	}
}

func TestShippedConfigExplainsEveryKey(t *testing.T) {
	f, err := os.Open(shippedConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	keyLine := regexp.MustCompile(`^\s*(?:- )?([a-z_]+):(.*)$`)
	sc, before := bufio.NewScanner(f), ""
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		m := keyLine.FindStringSubmatch(line)
		if m != nil && m[2] != "" && !strings.Contains(m[2], " # ") && !strings.HasPrefix(strings.TrimSpace(before), "#") {
			t.Errorf("%s:%d: key %s has no comment", shippedConfig, n, m[1])
		}
		before = line
	}
}

func TestConfigFileAndEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "own.yml")
	write(t, file, `
property: {id: elm, name: Elm Court, timezone: Europe/Madrid}
cameras:
  - {id: north, url: "rtsp://10.0.0.2/main", slots: north.json}
retention: {labels: 48h}
`)
	cfg, rest, err := loadConfigFrom(
		[]string{"--config", file, "verify", "-data=" + dir, "--json", "--", "--data", "x"},
		[]string{"PACKROOM_WEB_PUBLIC_URL=https://elm.example", "PACKROOM_NATS_MAX_AGE=2h", "PACKROOM_NATS_MAX_MB=64",
			"PACKROOM_ROOM_KIOSKS=K1, K2", "PACKROOM_TEST_WHATEVER=1", "HOME=/root"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"verify", "--json", "--", "--data", "x"}, rest); diff != "" {
		t.Errorf("rest (-want +got):\n%s", diff)
	}
	want := defaultConfig()
	want.Property.ID, want.Property.Name, want.Property.Timezone = "elm", "Elm Court", "Europe/Madrid"
	want.Cameras = []CameraConfig{{ID: "north", URL: "rtsp://10.0.0.2/main", Slots: "north.json"}}
	want.Retention.Labels = 48 * time.Hour
	want.Web.PublicURL = "https://elm.example"
	want.NATS.MaxAge, want.NATS.MaxMB = 2*time.Hour, 64
	want.Room.Kiosks = []string{"K1", "K2"}
	want.Data, want.File = dir, file
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if got := cfg.Path(cfg.Cameras[0].Slots); got != filepath.Join(dir, "north.json") {
		t.Errorf("slots file = %s", got)
	}
}

func TestConfigRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, tc := range []struct {
		name, yml string
		env       []string
		args      []string
		want      string
	}{
		{name: "unknown key", yml: "web: {lisen: 0.0.0.0:80}", want: "lisen"},
		{name: "unknown section", yml: "kiosk: {}", want: "kiosk"},
		{name: "wrong type", yml: "smtp: {port: many}", want: "port"},
		{name: "duplicate camera", yml: "cameras: [{id: a, url: u, slots: s}, {id: a, url: u, slots: s}]", want: `"a" is used twice`},
		{name: "duplicate device", yml: "devices: [{name: a, driver: sim}, {name: a, driver: sim}]", want: `devices[1].name: "a" is used twice`},
		{name: "no such driver", yml: "devices: [{name: a, driver: telepathy}]", want: "devices[0].driver"},
		{name: "no such camera", yml: "room: {camera: cam9}", want: "room.camera"},
		{name: "inbox shorter than a signed code", yml: "nats: {max_age: 2h}\nretention: {inbox: 24h}", want: "retention.inbox"},
		{name: "bad identifier", yml: "room: {id: the room}", want: "room.id"},
		{name: "bad time zone", yml: "property: {timezone: Mars/Olympus}", want: "timezone"},
		{name: "bad address", yml: "ocr: {listen: '7043'}", want: "ocr.listen"},
		{name: "bad choice", yml: "smtp: {tls: maybe}", want: "smtp.tls"},
		{name: "no such service", yml: "up: {services: [doorbell]}", want: "doorbell"},
		{name: "inbox shorter than the stream", yml: "retention: {inbox: 48h}", want: "retention.inbox"},
		{name: "hung at once", yml: "up: {hung_after: 10ms}", want: "up.hung_after"},
		{name: "retention too short", yml: "retention: {clips: {incident: 1m}}", want: "retention.clips.incident"},
		{name: "unknown variable", env: []string{"PACKROOM_WEB_LISEN=:80"}, want: "PACKROOM_WEB_LISEN"},
		{name: "malformed variable", env: []string{"PACKROOM_SMTP_PORT=many"}, want: "PACKROOM_SMTP_PORT"},
		{name: "flag without value", args: []string{"--data"}, want: "--data needs a value"},
		{name: "no such file", args: []string{"--config", "/nonexistent.yml"}, want: "/nonexistent.yml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := tc.args
			if tc.yml != "" {
				file := filepath.Join(t.TempDir(), "c.yml")
				write(t, file, tc.yml)
				args = append(args, "--config", file)
			}
			_, _, err := loadConfigFrom(args, tc.env)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func TestDevicesNameTheSimulatedRoomOnlyForItsDriver(t *testing.T) {
	cfg := defaultConfig()
	if got := cfg.Drivers()[0].Options["url"]; got != cfg.Sim.URL {
		t.Errorf("sim url = %q, want %q", got, cfg.Sim.URL)
	}
	cfg.Data = "/var/lib/packroom"
	cfg.Devices = []DeviceConfig{{Name: "door", Driver: "osdp", Options: map[string]string{"port": "/dev/ttyUSB0", "key_file": "secrets/reader.key"}}}
	want := map[string]string{"port": "/dev/ttyUSB0", "key_file": "/var/lib/packroom/secrets/reader.key"}
	if diff := cmp.Diff(want, cfg.Drivers()[0].Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestARoomIsSimulatedWhereItsDoorIs(t *testing.T) {
	cfg := defaultConfig()
	if !cfg.Simulated() {
		t.Error("the shipped room is not simulated")
	}
	cfg.Devices = []DeviceConfig{{Name: "lamps", Driver: "sim", Serves: []string{"lights"}}, {Name: "door", Driver: "modbus"}}
	if cfg.Simulated() {
		t.Error("a room with a real door counts as simulated, so that its outbox would show PINs")
	}
}

func TestSecretsAreMadeOnceAndPrivate(t *testing.T) {
	cfg := defaultConfig()
	cfg.Data = t.TempDir()
	const processes = 8
	got := make(chan Secrets, processes)
	for range processes {
		go func() {
			s, err := cfg.Secrets()
			if err != nil {
				t.Error(err)
			}
			got <- s
		}()
	}
	first := <-got
	for range processes - 1 {
		if diff := cmp.Diff(first, <-got); diff != "" {
			t.Errorf("two processes have different secrets:\n%s", diff)
		}
	}
	if len(first.Pepper) != 32 || len(first.LinkKey) != 32 || len(first.SealKey) != 32 || len(first.BoxToken) != 64 {
		t.Errorf("secrets have the wrong sizes")
	}
	files, err := filepath.Glob(filepath.Join(cfg.Data, "secrets", "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("files = %v, %v; want 4", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", f, info.Mode(), err)
		}
	}
	write(t, files[0], "short")
	if _, err := cfg.Secrets(); err == nil {
		t.Error("a damaged secret was accepted")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCountsAsAParcelIsBounded(t *testing.T) {
	for want, change := range map[string]func(*DetectionConfig){
		"settle: 50ms is not":       func(c *DetectionConfig) { c.Settle = 50 * time.Millisecond },
		"smallest_parcel: 1 is not": func(c *DetectionConfig) { c.SmallestParcel = 1 },
		"largest_push: 40 is not":   func(c *DetectionConfig) { c.LargestPush = 40 },
		"linger: 1s is not":         func(c *DetectionConfig) { c.Linger = time.Second },
		"fps: 0 is not 1 to 30":     func(c *DetectionConfig) { c.FPS = 0 },
	} {
		cfg := defaultConfig()
		change(&cfg.Vision.Detection)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "vision.detection."+want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	// In the detector's own terms the defaults are the detector's own.
	d := defaultDetection().opencv()
	if got := d.SmallestArea; got < 0.00079 || got > 0.00081 || d.SmallestSide != 0.0125 {
		t.Errorf("the smallest parcel is %g of the width and %g of the area", d.SmallestSide, got)
	}
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
)

// Config is everything that can be set; deploy/packroom.yml explains each key.
// Its zero value is not usable: loadConfig begins with defaultConfig.
type Config struct {
	Property  room.Property   `yaml:"property"`
	Room      RoomConfig      `yaml:"room"`
	Cameras   []CameraConfig  `yaml:"cameras"`
	Devices   []DeviceConfig  `yaml:"devices"`
	NATS      NATSConfig      `yaml:"nats"`
	Postgres  PostgresConfig  `yaml:"postgres"`
	Up        UpConfig        `yaml:"up"`
	Vision    VisionConfig    `yaml:"vision"`
	OCR       OCRConfig       `yaml:"ocr"`
	Notify    NotifyConfig    `yaml:"notify"`
	Web       WebConfig       `yaml:"web"`
	Sim       SimConfig       `yaml:"sim"`
	SMTP      SMTPConfig      `yaml:"smtp"`
	SMS       SMSConfig       `yaml:"sms"`
	Retention RetentionConfig `yaml:"retention"`
	Log       LogConfig       `yaml:"log"`

	// Data is the absolute directory of everything that packroom writes (--data).
	Data string `yaml:"-"`
	// File is where the settings were read from; empty for the defaults.
	File string `yaml:"-"`
}

// RoomConfig is one package room and where its service listens.
type RoomConfig struct {
	ID     string   `yaml:"id"`
	Door   string   `yaml:"door"`
	Kiosks []string `yaml:"kiosks"`
	Listen string   `yaml:"listen"`
	URL    string   `yaml:"url"`

	Pickup       string   `yaml:"pickup"`         // what residents type: pin, unit_pin
	Camera       string   `yaml:"camera"`         // whose picture goes with each decision; empty = the first
	LaserCheck   string   `yaml:"laser_check"`    // time of day of the laser's check, as 03:30; empty = never
	LaserSlots   []string `yaml:"laser_slots"`    // that it is checked at; none = all
	EdgeKeysFile string   `yaml:"edge_keys_file"` // public keys of signed codes; empty = none are taken
}

// CameraConfig is one camera.
type CameraConfig struct {
	ID        string `yaml:"id"`
	URL       string `yaml:"url"`
	Substream string `yaml:"substream"` // empty = detection uses URL too
	Transcode bool   `yaml:"transcode"` // for cameras that send no H264, or B-frames
	Slots     string `yaml:"slots"`     // a slots file; see Config.Path; empty = the camera is watched and recorded only
	Laser     string `yaml:"laser"`     // a calibration; see Config.laserFile
}

// DeviceConfig is one piece of hardware of the room; see package access/driver.
type DeviceConfig struct {
	Name    string            `yaml:"name"`
	Driver  string            `yaml:"driver"`
	Serves  []string          `yaml:"serves"` // empty = all that the driver has
	Options map[string]string `yaml:"options"`
}

// NATSConfig says where the bus is.
type NATSConfig struct {
	URL       string        `yaml:"url"`    // empty = embedded, at Listen
	Listen    string        `yaml:"listen"` // of the embedded server
	CredsFile string        `yaml:"creds_file"`
	MaxAge    time.Duration `yaml:"max_age"`
	MaxMB     int64         `yaml:"max_mb"`
}

// PostgresConfig says where the database is.
type PostgresConfig struct {
	URL string `yaml:"url"` // empty = the private cluster under the data directory
}

// UpConfig is the supervisor of "packroom up".
type UpConfig struct {
	Listen    string        `yaml:"listen"`
	Services  []string      `yaml:"services"`
	HungAfter time.Duration `yaml:"hung_after"`
}

// VisionConfig is the vision service.
type VisionConfig struct {
	Listen    string   `yaml:"listen"`
	URL       string   `yaml:"url"`
	ICEListen string   `yaml:"ice_listen"`
	ICEHosts  []string `yaml:"ice_hosts"`

	ICEServers    []string `yaml:"ice_servers"`
	ICEUser       string   `yaml:"ice_user"`        // empty = passwords are made from the secret
	ICESecretFile string   `yaml:"ice_secret_file"` // see Config.Path

	Footage   FootageConfig   `yaml:"footage"`
	Detection DetectionConfig `yaml:"detection"`
}

// FootageConfig bounds the disk that footage takes.
type FootageConfig struct {
	MostGB int           `yaml:"most_gb"`
	FreeGB int           `yaml:"free_gb"`
	Least  time.Duration `yaml:"least"`
}

// OCRConfig is the label reading service.
type OCRConfig struct {
	Listen       string `yaml:"listen"`
	Workers      int    `yaml:"workers"`
	SecondReader bool   `yaml:"second_reader"`
}

// NotifyConfig is the message service.
type NotifyConfig struct {
	Listen string `yaml:"listen"`
}

// WebConfig is the web service.
type WebConfig struct {
	Listen    string `yaml:"listen"`
	PublicURL string `yaml:"public_url"`
}

// SimConfig is the simulated room.
type SimConfig struct {
	Listen     string `yaml:"listen"`
	URL        string `yaml:"url"`
	RTSPListen string `yaml:"rtsp_listen"`
	Seed       int64  `yaml:"seed"`
}

// SMTPConfig is the mail server; without a host, mail stays on the outbox page.
type SMTPConfig struct {
	Host         string `yaml:"host"`
	Port         int    `yaml:"port"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`
	TLS          string `yaml:"tls"` // starttls, implicit, none
}

// SMSConfig is the text message provider; without one, texts stay on the outbox page.
type SMSConfig struct {
	Provider   string `yaml:"provider"` // empty or twilio
	AccountSID string `yaml:"account_sid"`
	TokenFile  string `yaml:"token_file"`
	From       string `yaml:"from"`
	BaseURL    string `yaml:"base_url"`
}

// RetentionConfig says how long what is not the event log is kept.
type RetentionConfig struct {
	Pictures time.Duration `yaml:"pictures"`
	Labels   time.Duration `yaml:"labels"`
	Messages time.Duration `yaml:"messages"`
	Inbox    time.Duration `yaml:"inbox"`
	Clips    ClipRetention `yaml:"clips"`
}

// ClipRetention is how long clips are kept, by what they show.
type ClipRetention struct {
	Delivery time.Duration `yaml:"delivery"`
	Pickup   time.Duration `yaml:"pickup"`
	Incident time.Duration `yaml:"incident"`
	Other    time.Duration `yaml:"other"`
}

// LogConfig is how the services log.
type LogConfig struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// serviceNames are the services that "packroom up" can start, in the order in
// which they are shown.
var serviceNames = []string{"sim", "room", "vision", "ocr", "notify", "web"}

// defaultConfig is the simulated room with nothing external.
func defaultConfig() Config {
	return Config{
		Property: room.Property{
			ID: "demo", Name: "Larkspur Yards", Street: "2450 Tamberlyn Street", City: "Ashgrove", State: "OR",
			Zip: "97489", Timezone: "America/Los_Angeles",
		},
		Room: RoomConfig{ID: "main", Door: "main", Kiosks: []string{"K1"}, Pickup: string(room.FormPIN), LaserSlots: []string{},
			Listen: "127.0.0.1:7041", URL: "http://127.0.0.1:7041"},
		Cameras: []CameraConfig{
			{ID: "cam1", URL: "rtsp://127.0.0.1:7051/cam1", Slots: "sim/cam1.slots.json"},
			{ID: "cam2", URL: "rtsp://127.0.0.1:7051/cam2", Slots: "sim/cam2.slots.json"},
		},
		Devices: []DeviceConfig{{Name: "room", Driver: "sim", Serves: []string{}, Options: map[string]string{}}},
		NATS:    NATSConfig{Listen: "127.0.0.1:7040", MaxAge: 30 * 24 * time.Hour, MaxMB: 1024},
		Up:      UpConfig{Listen: "127.0.0.1:7049", Services: slices.Clone(serviceNames), HungAfter: 30 * time.Second},
		Vision: VisionConfig{Listen: "127.0.0.1:7042", URL: "http://127.0.0.1:7042",
			ICEListen: "0.0.0.0:7052", ICEHosts: []string{}, ICEServers: []string{},
			Footage:   FootageConfig{MostGB: 20, FreeGB: 1, Least: 12 * time.Hour},
			Detection: defaultDetection()},
		OCR:    OCRConfig{Listen: "127.0.0.1:7043", Workers: 1, SecondReader: true},
		Notify: NotifyConfig{Listen: "127.0.0.1:7044"},
		Web:    WebConfig{Listen: "0.0.0.0:7070", PublicURL: "http://localhost:7070"},
		Sim:    SimConfig{Listen: "127.0.0.1:7050", URL: "http://127.0.0.1:7050", RTSPListen: "127.0.0.1:7051", Seed: 1},
		SMTP:   SMTPConfig{Port: 587, From: "packages@packroom.local", TLS: "starttls"},
		SMS:    SMSConfig{BaseURL: "https://api.twilio.com"},
		Retention: RetentionConfig{
			Pictures: 90 * 24 * time.Hour, Labels: 30 * 24 * time.Hour,
			Messages: 90 * 24 * time.Hour, Inbox: 60 * 24 * time.Hour,
			Clips: ClipRetention{Delivery: 30 * 24 * time.Hour, Pickup: 30 * 24 * time.Hour,
				Incident: 90 * 24 * time.Hour, Other: 7 * 24 * time.Hour},
		},
		Log: LogConfig{Level: "info", Format: "text"},
	}
}

// loadConfig takes --config FILE and --data DIR out of args and reads the
// settings: defaults, then the file, then PACKROOM_* of the environment. rest is
// what else stood in args, in order.
func loadConfig(args []string) (cfg Config, rest []string, err error) {
	return loadConfigFrom(args, os.Environ())
}

func loadConfigFrom(args, environ []string) (cfg Config, rest []string, err error) {
	env := packroomEnv(environ)
	file, data := env["PACKROOM_CONFIG"], env["PACKROOM_DATA"]
	rest, err = takeFlags(args, map[string]*string{"config": &file, "data": &data})
	if err != nil {
		return Config{}, nil, err
	}
	cfg = defaultConfig()
	if file != "" {
		if err := readConfigFile(file, &cfg); err != nil {
			return Config{}, nil, err
		}
		if cfg.File, err = filepath.Abs(file); err != nil {
			return Config{}, nil, fmt.Errorf("settings %s: %w", file, err)
		}
	}
	if err := overrideFromEnv(&cfg, env); err != nil {
		return Config{}, nil, err
	}
	if data == "" {
		data = "var"
	}
	if cfg.Data, err = filepath.Abs(data); err != nil {
		return Config{}, nil, fmt.Errorf("data directory %s: %w", data, err)
	}
	if err := cfg.Validate(); err != nil {
		return Config{}, nil, fmt.Errorf("settings: %w", err)
	}
	return cfg, rest, nil
}

// takeFlags removes "--name VALUE" and "--name=VALUE" of the wanted names, with
// one dash or two, up to a "--".
func takeFlags(args []string, want map[string]*string) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(rest, args[i:]...), nil
		}
		word, isFlag := strings.CutPrefix(args[i], "-")
		word = strings.TrimPrefix(word, "-")
		name, value, hasValue := strings.Cut(word, "=")
		into := want[name]
		if !isFlag || into == nil {
			rest = append(rest, args[i])
			continue
		}
		if !hasValue {
			i++
			if i == len(args) {
				return nil, fmt.Errorf("--%s needs a value", name)
			}
			value = args[i]
		}
		*into = value
	}
	return rest, nil
}

func readConfigFile(file string, cfg *Config) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	err = yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(cfg)
	if err != nil && !errors.Is(err, io.EOF) { // EOF: only comments
		return fmt.Errorf("settings %s: %s", file, yaml.FormatError(err, false, true))
	}
	return nil
}

// Path resolves a path of the settings: a relative one lies in the data directory.
func (c Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.Data, p)
}

// Pictures is where the services share pictures; new ones are of shelves.
func (c Config) Pictures() room.PictureDirs {
	return room.PictureDirs{room.PictureDir(c.Path("pictures")), room.PictureDir(c.Path("labels")), c.Frames()}
}

// Frames is where a kiosk's photographs of one label lie until the best of them
// is chosen.
func (c Config) Frames() room.PictureDir { return room.PictureDir(c.Path("frames")) }

// framesKept is for how long: the reader's answer takes seconds.
const framesKept = time.Hour

// LabelPictures is Pictures for whom takes photographs of labels: those have a
// retention of their own.
func (c Config) LabelPictures() room.PictureDirs {
	p := c.Pictures()
	return room.PictureDirs{p[1], p[0]}
}

// NATSURL is where the bus answers: the external one, or the embedded one.
func (c Config) NATSURL() string {
	if c.NATS.URL != "" {
		return c.NATS.URL
	}
	return "nats://" + c.NATS.Listen
}

// busConfig is how a service of this room connects to the bus.
func (c Config) busConfig(service string, log *slog.Logger) bus.Config {
	return bus.Config{URL: c.NATSURL(), Name: service, Property: c.Property.ID, Room: c.Room.ID,
		CredsFile: c.Path(c.NATS.CredsFile), MaxAge: c.NATS.MaxAge, MaxBytes: c.NATS.MaxMB << 20, Log: log}
}

// postgresURLFile is where a running "packroom up" tells the private cluster's
// URL to tools started beside it.
const postgresURLFile = "postgres.url"

// PostgresURL is where the database answers: the external one, or the private
// one of a running "packroom up".
func (c Config) PostgresURL() (string, error) {
	if c.Postgres.URL != "" {
		return c.Postgres.URL, nil
	}
	b, err := os.ReadFile(c.Path(postgresURLFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no database: postgres.url is not set and no \"packroom up\" runs on %s", c.Data)
	}
	return strings.TrimSpace(string(b)), err
}

// Drivers are the room's devices, with the simulated room's address where that
// is the driver and none is given. Options that end in _file are paths as any.
func (c Config) Drivers() []driver.Config {
	var all []driver.Config
	for _, d := range c.Devices {
		options := map[string]string{}
		for key, v := range d.Options {
			if strings.HasSuffix(key, "_file") {
				v = c.Path(v)
			}
			options[key] = v
		}
		if d.Driver == "sim" && options["url"] == "" {
			options["url"] = c.Sim.URL
		}
		all = append(all, driver.Config{Name: d.Name, Driver: d.Driver, Serves: d.Serves, Options: options})
	}
	return all
}

// Simulated reports whether the room's door is the simulated one: nothing here
// is real then.
func (c Config) Simulated() bool {
	return slices.ContainsFunc(c.Devices, func(d DeviceConfig) bool {
		return d.Driver == "sim" && (len(d.Serves) == 0 || slices.Contains(d.Serves, "door"))
	})
}

// Logger makes the logger of one service, on standard error.
func (c Config) Logger(service string) *slog.Logger { return c.loggerTo(service, os.Stderr) }

func (c Config) loggerTo(service string, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log.Level)) // Validate has checked it
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, o)
	if c.Log.Format == "json" {
		h = slog.NewJSONHandler(w, o)
	}
	return slog.New(h).With("service", service)
}

var oneWord = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Validate reports the first thing wrong, by key.
func (c Config) Validate() error {
	if err := c.Property.Validate(); err != nil {
		return fmt.Errorf("property: %w", err)
	}
	if err := c.Vision.Detection.Validate(); err != nil {
		return fmt.Errorf("vision.detection.%w", err)
	}
	ids := map[string]string{"room.id": c.Room.ID, "room.door": c.Room.Door}
	for i, k := range c.Room.Kiosks {
		ids[fmt.Sprintf("room.kiosks[%d]", i)] = k
	}
	cameras := map[string]bool{}
	for i, cam := range c.Cameras {
		ids[fmt.Sprintf("cameras[%d].id", i)] = cam.ID
		if cameras[cam.ID] {
			return fmt.Errorf("cameras[%d].id: %q is used twice", i, cam.ID)
		}
		cameras[cam.ID] = true
		if cam.URL == "" {
			return fmt.Errorf("cameras[%d]: url must be given", i)
		}
	}
	devices := map[string]bool{}
	for i, d := range c.Devices {
		ids[fmt.Sprintf("devices[%d].name", i)] = d.Name
		if devices[d.Name] {
			return fmt.Errorf("devices[%d].name: %q is used twice", i, d.Name)
		}
		devices[d.Name] = true
		if !slices.Contains(driver.Kinds(), d.Driver) {
			return fmt.Errorf("devices[%d].driver: %q is none of %s", i, d.Driver, strings.Join(driver.Kinds(), ", "))
		}
	}
	for key, id := range ids {
		if !oneWord.MatchString(id) {
			return fmt.Errorf("%s: %q: use letters, digits, - and _ (at most 64)", key, id)
		}
	}
	if c.Room.Door == room.LockersDoor {
		return fmt.Errorf("room.door: %q is the name of the compartments; choose another", c.Room.Door)
	}
	if c.Room.Camera != "" && !cameras[c.Room.Camera] {
		return fmt.Errorf("room.camera: there is no camera %q", c.Room.Camera)
	}
	if err := c.laserSchedule(nil).Validate(); err != nil {
		return fmt.Errorf("room.laser_check: %q: write it as 03:30", c.Room.LaserCheck)
	}
	if len(c.Room.Kiosks) == 0 {
		return errors.New("room.kiosks: name one kiosk at least")
	}
	for key, addr := range c.listens() {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("%s: %q is not host:port", key, addr)
		}
	}
	for key, u := range map[string]string{"room.url": c.Room.URL, "vision.url": c.Vision.URL,
		"sim.url": c.Sim.URL, "web.public_url": c.Web.PublicURL, "sms.base_url": c.SMS.BaseURL} {
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			return fmt.Errorf("%s: %q is not an http or https address", key, u)
		}
	}
	return c.validateChoices()
}

func (c Config) validateChoices() error {
	for _, s := range c.Up.Services {
		if !slices.Contains(serviceNames, s) {
			return fmt.Errorf("up.services: no service %q; there are %s", s, strings.Join(serviceNames, ", "))
		}
	}
	for key, choice := range map[string]struct {
		is  string
		all []string
	}{
		"smtp.tls":     {c.SMTP.TLS, []string{"starttls", "implicit", "none"}},
		"sms.provider": {c.SMS.Provider, []string{"", "twilio"}},
		"room.pickup":  {c.Room.Pickup, []string{string(room.FormPIN), string(room.FormUnitPIN)}},
		"log.level":    {c.Log.Level, []string{"debug", "info", "warn", "error"}},
		"log.format":   {c.Log.Format, []string{"text", "json"}},
	} {
		if !slices.Contains(choice.all, choice.is) {
			return fmt.Errorf("%s: %q is none of %q", key, choice.is, choice.all)
		}
	}
	if c.SMTP.Port < 1 || c.SMTP.Port > 65535 {
		return fmt.Errorf("smtp.port: %d is not a port", c.SMTP.Port)
	}
	if c.Up.HungAfter < time.Second {
		return fmt.Errorf("up.hung_after: %s is under 1s", c.Up.HungAfter)
	}
	if c.OCR.Workers < 1 {
		return errors.New("ocr.workers: must be 1 or more")
	}
	if c.NATS.MaxMB < 16 || c.NATS.MaxAge < time.Hour {
		return errors.New("nats: max_mb must be 16 or more and max_age 1h or more")
	}
	if f := c.Vision.Footage; f.MostGB < 1 || f.FreeGB < 0 || f.Least < time.Minute {
		return errors.New("vision.footage: most_gb must be 1 or more, free_gb not negative and least 1m or more")
	}
	r := c.Retention
	for key, d := range map[string]time.Duration{"pictures": r.Pictures, "labels": r.Labels, "messages": r.Messages, "inbox": r.Inbox,
		"clips.delivery": r.Clips.Delivery, "clips.pickup": r.Clips.Pickup,
		"clips.incident": r.Clips.Incident, "clips.other": r.Clips.Other} {
		if d < time.Hour {
			return fmt.Errorf("retention.%s: %s is under 1h", key, d)
		}
	}
	if r.Inbox < access.MaxPass {
		return fmt.Errorf("retention.inbox: %s is under %s, for which a signed code may be valid: it could open twice", r.Inbox, access.MaxPass)
	}
	if r.Inbox < c.NATS.MaxAge {
		return fmt.Errorf("retention.inbox: %s is under nats.max_age, %s: what the stream still has could be taken in twice", r.Inbox, c.NATS.MaxAge)
	}
	return nil
}

// listens is every TCP address that a service of this machine listens on, by key.
func (c Config) listens() map[string]string {
	l := map[string]string{
		"room.listen": c.Room.Listen, "vision.listen": c.Vision.Listen, "ocr.listen": c.OCR.Listen,
		"notify.listen": c.Notify.Listen, "web.listen": c.Web.Listen, "sim.listen": c.Sim.Listen,
		"sim.rtsp_listen": c.Sim.RTSPListen, "up.listen": c.Up.Listen, "vision.ice_listen": c.Vision.ICEListen,
	}
	if c.NATS.URL == "" {
		l["nats.listen"] = c.NATS.Listen
	}
	return l
}

// listensUDP is every UDP address, by key.
func (c Config) listensUDP() map[string]string {
	return map[string]string{"vision.ice_listen": c.Vision.ICEListen}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

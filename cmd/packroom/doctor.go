package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/models"
)

func doctorCommand() subcommand {
	return subcommand{
		name:  "doctor",
		about: "check this machine: programs, ports, disk, servers",
		run:   func(ctx context.Context, args []string) error { return doctor(ctx, args, os.Stdout, os.Stderr) },
	}
}

const doctorHelp = `packroom doctor [--json] [--device NAME] [--config FILE] [--data DIR]

Checks that this machine has what packroom needs, and says what to do where it
has not. Exit status 1 where something needed is missing; what only tests and
builds need is told and does not count.

--device NAME tries one device of the settings by hand instead, while packroom
is stopped: it says whether the device answers and asks before each thing that
opens, shines or sounds.
`

// finding is one line of the doctor.
type finding struct {
	What     string `json:"what"`
	OK       bool   `json:"ok"`
	Needed   bool   `json:"needed"` // false: for tests or builds only
	Detail   string `json:"detail"`
	Todo     string `json:"todo,omitempty"`
	FoundFor string `json:"for,omitempty"` // "build", "tests"
}

func doctor(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, rest, err := loadConfig(args)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	device := flags.String("device", "", "")
	if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, doctorHelp)
		return nil
	} else if err != nil || flags.NArg() > 0 {
		fmt.Fprint(stderr, doctorHelp)
		return errUsage
	}
	if *device != "" {
		return tryDevice(ctx, cfg, *device, os.Stdin, stdout)
	}
	findings := examine(ctx, cfg)
	if *asJSON {
		err = json.NewEncoder(stdout).Encode(findings)
	} else {
		err = printFindings(stdout, findings)
	}
	if err != nil {
		return err
	}
	for _, f := range findings {
		if !f.OK && f.Needed {
			return exitError{1}
		}
	}
	return nil
}

func printFindings(w io.Writer, findings []finding) error {
	for _, f := range findings {
		sign := "ok     "
		if !f.OK {
			sign = "missing"
			if !f.Needed {
				sign = "absent " // and not needed
			}
		}
		text := f.Detail
		if f.FoundFor != "" {
			text += " (for " + f.FoundFor + ")"
		}
		if _, err := fmt.Fprintf(w, "%s  %-22s %s\n", sign, f.What, text); err != nil {
			return err
		}
		if !f.OK && f.Todo != "" {
			if _, err := fmt.Fprintf(w, "         %-22s -> %s\n", "", f.Todo); err != nil {
				return err
			}
		}
	}
	return nil
}

func examine(ctx context.Context, cfg Config) []finding {
	findings := []finding{debian()}
	for _, p := range programs(cfg) {
		findings = append(findings, p.find(ctx))
	}
	findings = append(findings, languages(), secondReader(), dataDirectory(cfg), diskSpace(cfg))
	findings = append(findings, ports(cfg)...)
	return append(findings, servers(ctx, cfg)...)
}

func debian() finding {
	f := finding{What: "system", Detail: "Debian 12", Todo: "packroom is built and tried on Debian 12; elsewhere install what deploy/setup.sh list names"}
	b, err := os.ReadFile("/etc/os-release")
	if name := regexp.MustCompile(`(?m)^PRETTY_NAME="?([^"\n]*)`).FindSubmatch(b); err == nil && name != nil {
		f.Detail = string(name[1])
	}
	f.OK = strings.Contains(string(b), "\nID=debian") && strings.Contains(string(b), `VERSION_ID="12"`)
	return f
}

// program is something that must be there to be run.
type program struct {
	what, path string
	args       []string // print its version
	version    string   // least one; empty = any
	forWhat    string   // empty = needed always
	todo       string
}

var versionNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)

func programs(cfg Config) []program {
	apt := func(names string) string {
		return "apt-get install --no-install-recommends " + names + ", or make setup"
	}
	all := []program{
		{"ffmpeg", "ffmpeg", []string{"-version"}, "5.1", "", apt("ffmpeg")},
		{"Tesseract", "tesseract", []string{"--version"}, "5.3", "", apt("tesseract-ocr")},
	}
	if cfg.Postgres.URL == "" {
		path := "postgres"
		if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); err == nil && len(found) > 0 {
			path = found[len(found)-1]
		}
		all = append(all, program{"PostgreSQL", path, []string{"--version"}, "15", "", apt("postgresql-15") + "; or name a server with postgres.url"})
	}
	return append(all,
		program{"espeak-ng", "espeak-ng", []string{"--version"}, "", "the simulated voice", apt("espeak-ng")},
		program{"Go", "go", []string{"version"}, "1.26", "build", "get it from https://go.dev/dl/"},
		program{"Node", "node", []string{"--version"}, "20.0", "build", "get it from https://nodejs.org/"},
		program{"C++ compiler", "g++", []string{"--version"}, "12", "build", apt("build-essential")},
		program{"OpenCV headers", "pkg-config", []string{"--modversion", "opencv4"}, "4.6", "build", apt("pkg-config libopencv-dev")},
		program{"Tesseract headers", "pkg-config", []string{"--modversion", "tesseract"}, "5.3", "build", apt("pkg-config libtesseract-dev libleptonica-dev")},
		program{"ZXing headers", "pkg-config", []string{"--modversion", "zxing"}, "1.4", "build", apt("pkg-config libzxing-dev")},
		program{"Chromium", "chromium", []string{"--version", "--no-sandbox"}, "", "tests", apt("chromium")},
	)
}

func (p program) find(ctx context.Context) finding {
	f := finding{What: p.what, Needed: p.forWhat == "", FoundFor: p.forWhat, Todo: p.todo}
	path, err := exec.LookPath(p.path)
	if err != nil {
		f.Detail = "not found"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, p.args...).CombinedOutput()
	if err != nil {
		f.Detail = "does not run: " + firstLine(string(out)+" "+err.Error())
		return f
	}
	have := versionNumber.FindString(string(out))
	f.Detail, f.OK = have+" at "+path, versionAtLeast(have, p.version)
	if !f.OK {
		f.Detail += "; " + p.version + " or newer is needed"
	}
	return f
}

// versionAtLeast compares dotted numbers.
func versionAtLeast(have, want string) bool {
	if want == "" {
		return true
	}
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i := range w {
		a := 0
		if i < len(h) {
			a, _ = strconv.Atoi(h[i])
		}
		b, _ := strconv.Atoi(w[i])
		if a != b {
			return a > b
		}
	}
	return true
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// languages checks the trained models that labels are read with.
func languages() finding {
	f := finding{What: "label languages", Needed: true, OK: true, Todo: "apt-get install tesseract-ocr-eng tesseract-ocr-spa, or make setup"}
	var words []string
	for _, m := range models.List() {
		_, err := models.Locate(m.Name, models.Dirs())
		switch {
		case m.Optional:
			continue
		case err == nil:
			words = append(words, m.Name)
		case errors.Is(err, models.ErrAltered):
			words = append(words, err.Error()+"; it works, but our figures were not measured with it")
		default:
			f.OK = false
			words = append(words, err.Error())
		}
	}
	f.Detail = strings.Join(words, ", ")
	return f
}

// secondReader checks the models that labels are read with where Tesseract does
// not settle whom they name.
func secondReader() finding {
	f := finding{What: "second label reader", OK: true, Detail: "PP-OCRv4", Todo: "deploy/setup.sh fetches it; without it Tesseract reads alone"}
	for _, m := range models.List() {
		if _, err := models.Locate(m.Name, models.Dirs()); m.Optional && err != nil {
			f.OK, f.Detail = false, err.Error()
		}
	}
	return f
}

func dataDirectory(cfg Config) finding {
	f := finding{What: "data directory", Needed: true, Detail: cfg.Data, Todo: "chown it to the user that runs packroom, or choose another with --data"}
	dir := cfg.Data
	for { // the nearest that exists
		if _, err := os.Stat(dir); err == nil || dir == "/" {
			break
		}
		dir = filepath.Dir(dir)
	}
	probe, err := os.MkdirTemp(dir, ".doctor-*")
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	_ = os.Remove(probe)
	f.OK = true
	if os.Geteuid() != 0 || cfg.Postgres.URL != "" {
		return f
	}
	for at := dir; at != "/"; at = filepath.Dir(at) { // as root, PostgreSQL runs as another user
		if info, err := os.Stat(at); err == nil && info.Mode().Perm()&0o001 == 0 {
			f.OK, f.Detail = false, at+" cannot be entered by the user postgres"
			f.Todo = "chmod o+x " + at + ", start as another user than root, or choose another directory with --data"
		}
	}
	return f
}

// diskNeeded is what the stream, the database and a month of pictures take.
const diskNeeded = 5 << 30

func diskSpace(cfg Config) finding {
	f := finding{What: "disk space", Needed: true, Todo: fmt.Sprintf("make room: %d GB are needed; nats.max_mb and retention set how much is kept", diskNeeded>>30)}
	var st syscall.Statfs_t
	dir := cfg.Data
	for syscall.Statfs(dir, &st) != nil && dir != "/" {
		dir = filepath.Dir(dir)
	}
	free := st.Bavail * uint64(st.Bsize)
	f.OK, f.Detail = free >= diskNeeded, fmt.Sprintf("%.1f GB free at %s", float64(free)/(1<<30), dir)
	return f
}

// ports checks that every address is free, unless packroom itself is there.
func ports(cfg Config) []finding {
	tcp, udp := cfg.listensHere()
	if running(cfg) {
		return []finding{{What: "ports", OK: true, Needed: true, Detail: "packroom is running on them"}}
	}
	var findings []finding
	look := func(network string, listens map[string]string) {
		for _, key := range sortedKeys(listens) {
			f := finding{What: key, Needed: true, OK: true, Detail: listens[key] + " is free"}
			if err := portFree(key, network, listens[key]); err != nil {
				f.OK = false
				f.Detail, f.Todo, _ = strings.Cut(strings.TrimPrefix(err.Error(), key+": "), "; ")
			}
			findings = append(findings, f)
		}
	}
	look("tcp", tcp)
	look("udp", udp)
	return findings
}

// running reports whether packroom up answers at its own address.
func running(cfg Config) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := httpCheck(cfg.Up.Listen)(ctx)
	return err == nil || strings.Contains(err.Error(), "services: ")
}

// servers asks those that the settings name.
func servers(ctx context.Context, cfg Config) []finding {
	var findings []finding
	if cfg.NATS.URL != "" {
		f := finding{What: "NATS", Needed: true, Detail: hostOf(cfg.NATS.URL), Todo: "start it, or correct nats.url"}
		f.OK = dial(ctx, &f, hostOf(cfg.NATS.URL), "4222")
		findings = append(findings, f)
	}
	if cfg.Postgres.URL != "" {
		findings = append(findings, databaseServer(ctx, cfg.Postgres.URL))
	}
	if cfg.SMTP.Host != "" {
		f := finding{What: "mail server", Needed: true, Todo: "correct smtp.host and smtp.port, or open the way to it"}
		f.OK = dial(ctx, &f, cfg.SMTP.Host, strconv.Itoa(cfg.SMTP.Port))
		findings = append(findings, f)
	}
	if cfg.SMS.Provider != "" {
		f := finding{What: "text messages", Needed: true, Todo: "correct sms.base_url, or open the way to it"}
		if u, err := url.Parse(cfg.SMS.BaseURL); err == nil {
			port := u.Port()
			if port == "" {
				port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
			}
			f.OK = dial(ctx, &f, u.Hostname(), port)
		}
		findings = append(findings, f)
	}
	return findings
}

func databaseServer(ctx context.Context, url string) finding {
	f := finding{What: "PostgreSQL server", Needed: true, Todo: "start it, or correct postgres.url; its user must own the database"}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		f.Detail = err.Error() // pgx leaves the password out
		return f
	}
	defer conn.Close(context.WithoutCancel(ctx)) // it was only asked
	version := conn.PgConn().ParameterStatus("server_version")
	f.OK, f.Detail = versionAtLeast(versionNumber.FindString(version), "15"), "version "+version
	if !f.OK {
		f.Todo = "15 or newer is needed"
	}
	return f
}

// dial reports whether somebody listens at host, which may name a port.
func dial(ctx context.Context, f *finding, host, port string) bool {
	addr := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		addr = net.JoinHostPort(host, port)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		f.Detail = err.Error()
		return false
	}
	_ = conn.Close()
	f.Detail = addr + " answers"
	return true
}

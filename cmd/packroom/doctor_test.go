package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room/bus/bustest"
	"github.com/packroom/packroom/room/porttest"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

// doctorSettings are settings on free ports.
func doctorSettings(t *testing.T, more string) (args []string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yml")
	text := fmt.Sprintf("up: {listen: %q, services: [room, web]}\nroom: {listen: %q}\nweb: {listen: %q}\n", porttest.Addr(t), porttest.Addr(t), porttest.Addr(t))
	if !strings.Contains(more, "nats:") {
		more += fmt.Sprintf("nats: {listen: %q}\n", porttest.Addr(t))
	}
	write(t, file, text+more)
	return []string{"--json", "--config", file, "--data", "/var/tmp"}
}

func examined(t *testing.T, args []string) (map[string]finding, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := doctor(t.Context(), args, &out, &errs)
	var all []finding
	if jerr := json.Unmarshal(out.Bytes(), &all); jerr != nil {
		t.Fatalf("%v, after %v: %s%s", jerr, err, out.Bytes(), errs.Bytes())
	}
	m := map[string]finding{}
	for _, f := range all {
		m[f.What] = f
		if !f.OK && f.Todo == "" {
			t.Errorf("%s is missing, and it is not said what to do", f.What)
		}
	}
	return m, err
}

func TestDoctorFindsAMachineWell(t *testing.T) {
	got, err := examined(t, doctorSettings(t, ""))
	for _, what := range []string{"ffmpeg", "Tesseract", "PostgreSQL", "Go", "Node", "C++ compiler", "OpenCV headers", "Tesseract headers", "ZXing headers", "Chromium", "label languages",
		"data directory", "room.listen", "web.listen", "nats.listen"} {
		if f, ok := got[what]; !ok || !f.OK {
			t.Errorf("%s: %+v", what, f)
		}
	}
	if err != nil {
		t.Errorf("doctor = %v, with %+v", err, got)
	}
	if _, ok := got["sim.listen"]; ok {
		t.Error("the port of a service that up does not start was looked at")
	}
}

func TestDoctorAsksTheServersOfTheSettings(t *testing.T) {
	closed := porttest.Addr(t)
	host, port, _ := net.SplitHostPort(closed)
	more := fmt.Sprintf("nats: {url: %q}\npostgres: {url: %q}\nsmtp: {host: %q, port: %s}\n", bustest.Start(t), postgrestest.URL(t), host, port)
	got, err := examined(t, doctorSettings(t, more))
	var exit exitError
	if !errors.As(err, &exit) || exit.status != 1 {
		t.Errorf("doctor = %v with a mail server that is away, want exit status 1", err)
	}
	for what, want := range map[string]bool{"NATS": true, "PostgreSQL server": true, "mail server": false} {
		if f, ok := got[what]; !ok || f.OK != want {
			t.Errorf("%s: %+v, want ok = %t", what, f, want)
		}
	}
	if _, ok := got["PostgreSQL"]; ok {
		t.Error("PostgreSQL's own programs were looked for, though the server is another one")
	}
}

func TestDoctorNamesATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got, err := examined(t, append(doctorSettings(t, ""), "--config", settingsWithWebAt(t, l.Addr().String())))
	if f := got["web.listen"]; f.OK || !strings.Contains(f.Detail, "taken by process") || !strings.Contains(f.Todo, "PACKROOM_WEB_LISTEN") {
		t.Errorf("web.listen: %+v", f)
	}
	if err == nil {
		t.Error("doctor succeeded")
	}
}

func settingsWithWebAt(t *testing.T, addr string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yml")
	write(t, file, fmt.Sprintf("up: {listen: %q, services: [web]}\nnats: {listen: %q}\nweb: {listen: %q}\n", porttest.Addr(t), porttest.Addr(t), addr))
	return file
}

func TestFindingsAreReadable(t *testing.T) {
	var out bytes.Buffer
	err := printFindings(&out, []finding{
		{What: "ffmpeg", OK: true, Needed: true, Detail: "5.1.9 at /usr/bin/ffmpeg"},
		{What: "Tesseract", Needed: true, Detail: "not found", Todo: "apt-get install tesseract-ocr"},
		{What: "Chromium", Detail: "not found", Todo: "apt-get install chromium", FoundFor: "tests"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `ok       ffmpeg                 5.1.9 at /usr/bin/ffmpeg
missing  Tesseract              not found
                                -> apt-get install tesseract-ocr
absent   Chromium               not found (for tests)
                                -> apt-get install chromium
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestVersionsAreCompared(t *testing.T) {
	for _, tc := range []struct {
		have, want string
		ok         bool
	}{
		{"5.1.9", "5.1", true}, {"5.1", "5.1.0", true}, {"4.9", "5.1", false}, {"15.20", "15", true}, {"9.6", "15", false},
		{"1.26", "1.26", true}, {"1.9", "1.26", false}, {"", "5", false}, {"", "", true},
	} {
		if got := versionAtLeast(tc.have, tc.want); got != tc.ok {
			t.Errorf("versionAtLeast(%q, %q) = %t, want %t", tc.have, tc.want, got, tc.ok)
		}
	}
}

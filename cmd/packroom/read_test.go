package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

// TestReadCommand reads photographs of our own bench, good and bad files mixed.
func TestReadCommand(t *testing.T) {
	t.Setenv(asPackroom, "1") // the reader is a process of this test
	dir := filepath.Join("testdata", "labels")
	var truth []struct {
		File, Carrier, Tracking, Decision string
		Residents                         []string
	}
	b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	whole, err := os.ReadFile(filepath.Join(dir, truth[0].File))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"truncated.jpg": whole[:len(whole)/2], "text.jpg": []byte("this is no picture"), "empty.jpg": nil,
		"large.jpg": append(append([]byte(nil), whole...), make([]byte, 40<<20)...),
	} {
		if err := os.WriteFile(filepath.Join(broken, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--json", "--roster", filepath.Join(dir, "roster.csv"), "--property", filepath.Join(dir, "property.json")}
	bad := map[string]string{
		filepath.Join(broken, "truncated.jpg"): "truncated", filepath.Join(broken, "text.jpg"): "not a picture",
		filepath.Join(broken, "empty.jpg"): "empty", filepath.Join(broken, "large.jpg"): "at most 30 MB",
		filepath.Join(broken, "nowhere.jpg"): "no such file", broken: "directory",
	}
	for name := range bad {
		args = append(args, name)
	}
	for _, c := range truth {
		args = append(args, filepath.Join(dir, c.File))
	}
	var out, errs bytes.Buffer
	err = runRead(context.Background(), args, &out, &errs)
	var exit exitError
	if !errors.As(err, &exit) || exit.status != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
	readings := map[string]room.Reading{}
	for line := range strings.Lines(out.String()) {
		var r room.Reading
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		readings[r.File] = r
	}
	for name, want := range bad {
		if got := readings[name].Error; !strings.Contains(got, want) {
			t.Errorf("%s: error %q, want it to say %q", name, got, want)
		}
	}
	for _, c := range truth {
		r := readings[filepath.Join(dir, c.File)]
		if r.Error != "" || string(r.Decision) != c.Decision {
			t.Errorf("%s: %s %s %s, want %s", c.File, r.Decision, r.Reason, r.Error, c.Decision)
			continue
		}
		if r.Carrier != c.Carrier || r.Tracking != c.Tracking {
			t.Errorf("%s: %s %s, want %s %s", c.File, r.Carrier, r.Tracking, c.Carrier, c.Tracking)
		}
		if len(c.Residents) > 0 && (len(r.Candidates) == 0 || r.Candidates[0].ResidentID != c.Residents[0]) {
			t.Errorf("%s: candidates %v, want %v first", c.File, r.Candidates, c.Residents)
		}
		if r.MS["total"] <= 0 || len(r.Appearance) == 0 {
			t.Errorf("%s: no times or no appearance", c.File)
		}
	}
}

func TestReadCommandRefusesABadRoster(t *testing.T) {
	roster := filepath.Join(t.TempDir(), "roster.csv")
	if err := os.WriteFile(roster, []byte("resident_id,first_name\nR1,Ann\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	err := runRead(context.Background(), []string{"--roster", roster, "x.jpg"}, &out, &errs)
	if err == nil || !strings.Contains(err.Error(), "missing columns: last_name") {
		t.Errorf("got %v", err)
	}
	if err := runRead(context.Background(), []string{"x.jpg"}, &out, &errs); !errors.Is(err, errUsage) {
		t.Errorf("without a roster: got %v, want the usage", err)
	}
}

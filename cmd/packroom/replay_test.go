package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packroom/packroom/vision"
)

// replayed runs the command and gives its exit status and what it said.
func replayed(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = w
	err = runReplay(context.Background(), args)
	os.Stderr = old
	if cerr := w.Close(); cerr != nil {
		t.Fatal(cerr)
	}
	b, rerr := io.ReadAll(r)
	if rerr != nil {
		t.Fatal(rerr)
	}
	var exit exitError
	switch {
	case err == nil:
		return 0, string(b)
	case errors.Is(err, errUsage):
		return 2, string(b)
	case errors.As(err, &exit):
		return exit.status, string(b)
	}
	return 1, string(b) + err.Error()
}

const footageDir = "../../vision/testdata/"

func TestReplayWritesThePublicFormat(t *testing.T) {
	out := filepath.Join(t.TempDir(), "moves.jsonl")
	status, said := replayed(t, "--slots", footageDir+"moves.slots.json", "--video", footageDir+"moves.mp4", "--out", out)
	if status != 0 {
		t.Fatalf("status %d: %s", status, said)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := lines[len(lines)-1]
	for _, want := range []string{"frames 115,", "video 22.8", "CPU decode ", "CPU detect ", "peak memory "} {
		if !strings.Contains(last, want) {
			t.Errorf("the last line %q lacks %q", last, want)
		}
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	time := 0.0
	for line := range strings.Lines(string(data)) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"type", "t_s", "at_s", "bbox", "slot", "confidence", "item"} {
			if _, ok := l[key]; !ok {
				t.Errorf("%s lacks %q", line, key)
			}
		}
		at, _ := l["t_s"].(float64)
		if at < time {
			t.Errorf("%.2f after %.2f", at, time)
		}
		time = at
		kinds = append(kinds, l["type"].(string)+" "+l["slot"].(string))
	}
	if got := strings.Join(kinds, ", "); got != "removed C3, placed A3, removed B2" {
		t.Errorf("changes: %s", got)
	}
}

func TestReplayTakesForAParcelWhatTheSettingsSay(t *testing.T) {
	config := filepath.Join(t.TempDir(), "packroom.yml")
	if err := os.WriteFile(config, []byte("vision: {detection: {smallest_parcel: 100}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "light.jsonl")
	args := []string{"--slots", footageDir + "moves.slots.json", "--video", footageDir + "moves.mp4", "--out", out, "--config", config}
	if status, said := replayed(t, args...); status != 0 {
		t.Fatalf("status %d: %s", status, said)
	}
	if data, err := os.ReadFile(out); err != nil || len(data) > 0 {
		t.Errorf("no parcel there is 100 pixels wide, but: %s, %v", data, err)
	}
	if err := os.WriteFile(config, []byte("vision: {detection: {settle: 1ms}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, said := replayed(t, args...); status == 0 || !strings.Contains(said, "settle") {
		t.Errorf("settings that are wrong: status %d, %s", status, said)
	}
}

func TestReplayNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := footageDir + "light.slots.json"
	video := footageDir + "light.mp4"
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"no flags", nil, "--slots FILE and --video FILE are needed"},
		{"no video file", []string{"--slots", good, "--video", dir + "/none.mp4"}, "none.mp4: no such file"},
		{"a video that is text", []string{"--slots", good, "--video", write("text.mp4", "hello, this is no video")}, "text.mp4: "},
		{"an empty video", []string{"--slots", good, "--video", write("empty.mp4", "")}, "video cannot be read"},
		{"no slots file", []string{"--slots", dir + "/none.json", "--video", video}, "none.json: no such file"},
		{"slots that are no JSON", []string{"--slots", write("bad.json", "{"), "--video", video}, "bad.json: slots file: unexpected EOF"},
		{"zero slots", []string{"--slots", write("zero.json", `{"camera":"cam1","width":640,"height":360,"slots":[]}`), "--video", video}, "zero.json: slots file: it has no slots"},
		{"a slot twice", []string{"--slots", write("twice.json", `{"camera":"cam1","width":640,"height":360,"slots":[{"id":"A1","polygon":[[0,0],[9,0],[9,9]]},{"id":"A1","polygon":[[0,0],[9,0],[9,9]]}]}`), "--video", video}, `slot 2: id "A1" is empty or used twice`},
		{"crossing polygon", []string{"--slots", write("cross.json", `{"camera":"cam1","width":640,"height":360,"slots":[{"id":"A1","polygon":[[0,0],[50,50],[50,0],[0,60]]}]}`), "--video", video}, "slot A1: its polygon crosses itself"},
		{"a polygon outside", []string{"--slots", write("outside.json", `{"camera":"cam1","width":640,"height":360,"slots":[{"id":"A1","polygon":[[700,0],[790,0],[790,90]]}]}`), "--video", video}, "slot A1: its polygon lies outside of the 640 x 360 picture"},
		{"a size that does not fit", []string{"--slots", write("square.json", `{"camera":"cam1","width":480,"height":480,"slots":[{"id":"A1","polygon":[[0,0],[90,0],[90,90]]}]}`), "--video", video}, "480 x 480, which does not fit a video of 640 x 360"},
	}
	for _, c := range cases {
		status, said := replayed(t, c.args...)
		if status != 2 || !strings.Contains(said, c.want) {
			t.Errorf("%s: status %d, said %q; want 2 and %q", c.name, status, said, c.want)
		}
	}
}

func TestReplayOfFootageThatEndsInTheMiddleGivesWhatCameBefore(t *testing.T) {
	data, err := os.ReadFile(footageDir + "moves.mkv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.mkv")
	if err := os.WriteFile(path, data[:len(data)*6/10], 0o600); err != nil {
		t.Fatal(err)
	}
	status, said := replayed(t, "--slots", footageDir+"moves.slots.json", "--video", path, "--out", filepath.Join(t.TempDir(), "out"))
	if status != 0 || !strings.Contains(said, "warning: ") {
		t.Errorf("status %d: %s", status, said)
	}
}

func TestReplayDrawsWhatWasSeen(t *testing.T) {
	film := filepath.Join(t.TempDir(), "seen.mp4")
	status, said := replayed(t, "--slots", footageDir+"moves.slots.json", "--video", footageDir+"moves.mp4", "--out", filepath.Join(t.TempDir(), "out"), "--annotate", film)
	if status != 0 {
		t.Fatalf("status %d: %s", status, said)
	}
	plain, drawn := framesOf(t, footageDir+"moves.mp4"), framesOf(t, film)
	// As long as the footage, as large as words need it, and other than it where
	// a slot's outline runs: on the left edge of A2.
	if last := drawn[len(drawn)-1].T.Seconds(); last < 22 || last > 24 || drawn[0].Width != 1280 {
		t.Fatalf("%d frames to %.1f s, %d wide", len(drawn), last, drawn[0].Width)
	}
	slots, err := readSlots(footageDir + "moves.slots.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slots.Slots {
		x, y := int(s.Polygon[0][0]), int(s.Polygon[0][1])
		was, is := plain[0].Pix[(y*640+x)*3:][:3], drawn[0].Pix[(2*y*1280+2*x)*3:][:3]
		if bluer := int(is[0]) - int(is[2]) - int(was[0]) + int(was[2]); bluer < 15 {
			t.Errorf("slot %s: the corner is %v before and %v after drawing", s.ID, was, is)
		}
	}
	if status, said := replayed(t, "--slots", footageDir+"moves.slots.json", "--video", footageDir+"moves.mp4", "--annotate", "/none/film.mp4"); status == 0 || !strings.Contains(said, "film") {
		t.Errorf("a film that cannot be written: status %d, %s", status, said)
	}
}

// framesOf decodes a video: all times, and the first frame's pixels.
func framesOf(t *testing.T, path string) (out []vision.Frame) {
	t.Helper()
	footage, err := vision.OpenFootage(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer footage.Close()
	for {
		f, err := footage.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(out) == 0 {
			f.Pix = append([]byte(nil), f.Pix...)
		} else {
			f.Pix = nil
		}
		out = append(out, f)
	}
}

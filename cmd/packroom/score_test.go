package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScoreTellsHowRightAndHowDear(t *testing.T) {
	t.Setenv(asPackroom, "1") // the child that replays is this test's program
	var out strings.Builder
	if err := runScore(context.Background(), []string{"--frames", "40", footageDir, filepath.Join(t.TempDir(), "none")}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"moves ", "light ", "F1", "latency", "slots", "false/h", "MOG2", "all                          2     0      0", "none: no clips with truth"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, out.String())
		}
	}
}

func TestScoreSaysWhatItCannotScore(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.truth.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"there is nothing to score": {filepath.Join(dir, "none")}, "has no footage beside it": {dir}} {
		var out strings.Builder
		if err := runScore(context.Background(), args, &out); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v, want %q", args, err, name)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// waitUntil polls until is, or fails the test after 2 minutes: machines of CI are
// slow. details are asked for what to tell then.
func waitUntil(t *testing.T, what string, is func() bool, details ...func() string) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			for _, d := range details {
				what += "\n" + d()
			}
			t.Fatalf("not so after 2 minutes: %s", what)
		}
	}
}

// passableDir is a directory of t's own that PostgreSQL's user may enter too.
func passableDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

package main

import (
	"testing"
	"time"
)

// waitUntil polls until is, or fails the test after 90 s: machines of CI are slow.
func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not so after 90 s: %s", what)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room/porttest"
)

func TestHealthzTellsWhatIsWrong(t *testing.T) {
	var database error
	srv := httptest.NewServer(opsMux(newRegistry(), map[string]check{
		"bus":      func(context.Context) error { return nil },
		"database": func(context.Context) error { return database },
	}))
	defer srv.Close()
	for _, tc := range []struct {
		err    error
		status int
		want   healthReport
	}{
		{nil, 200, healthReport{OK: true, Detail: map[string]string{"bus": "ok", "database": "ok"}}},
		{errors.New("gone"), 503, healthReport{OK: false, Detail: map[string]string{"bus": "ok", "database": "gone"}}},
	} {
		database = tc.err
		resp, err := http.Get(srv.URL + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		var got healthReport
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if diff := cmp.Diff(tc.want, got); diff != "" || resp.StatusCode != tc.status {
			t.Errorf("status %d, want %d; report (-want +got):\n%s", resp.StatusCode, tc.status, diff)
		}
	}
	resp, err := http.Get(srv.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(b), "process_cpu_seconds_total") {
		t.Errorf("metrics = %q, %v", b, err)
	}
}

func TestServeHTTPEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	addr := porttest.Addr(t)
	go func() { done <- serveHTTP(ctx, "web.listen", addr, http.NotFoundHandler()) }()
	waitUntil(t, "it serves", func() bool {
		resp, err := http.Get("http://" + addr)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("serveHTTP = %v", err)
	}
}

func TestTakenPortIsExplained(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	err = checkPorts(map[string]string{"web.listen": l.Addr().String(), "room.listen": "127.0.0.1:0"},
		map[string]string{"vision.ice_listen": u.LocalAddr().String()})
	if err == nil {
		t.Fatal("taken ports were not noticed")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 {
		t.Fatalf("error = %v, want a line for each of 2 ports", err)
	}
	for i, want := range [][]string{
		{l.Addr().String(), "web.listen", "PACKROOM_WEB_LISTEN", fmt.Sprintf("process %d", os.Getpid())},
		{u.LocalAddr().String(), "vision.ice_listen", "PACKROOM_VISION_ICE_LISTEN", fmt.Sprintf("process %d", os.Getpid())},
	} {
		for _, w := range want {
			if !strings.Contains(lines[i], w) {
				t.Errorf("%q does not say %q", lines[i], w)
			}
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// kind is a program that serves live view.
type kind struct {
	name, binary string
	start        func(ctx context.Context, binary, dir, camera string) (*server, error)
}

// server is one that runs and has its camera.
type server struct {
	url    string             // of its WHEP endpoint
	header func() http.Header // of every request
	pid    int
	stop   func() error
}

// kinds are those to be measured, ours first.
func (o options) kinds() (ks []kind) {
	for _, k := range []kind{
		{"packroom", o.packroom, startPackroom},
		{"mediamtx", o.peers["mediamtx"], startMediamtx},
		{"go2rtc", o.peers["go2rtc"], startGo2rtc},
		{"prototype", o.peers["prototype"], startPrototype},
	} {
		if k.binary != "" {
			ks = append(ks, k)
		}
	}
	return ks
}

// addresses gives so many free ones.
func addresses(n int) ([]string, error) {
	found := make([]string, n)
	for i := range found {
		var err error
		if found[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func writeConfig(dir, text string) (string, error) {
	file := filepath.Join(dir, "config.yml")
	return file, os.WriteFile(file, []byte(text), 0o644)
}

// startPackroom runs the vision service as "packroom up" does. The camera has no
// slots: it is decoded for snapshots, and not searched for parcels.
func startPackroom(ctx context.Context, binary, dir, camera string) (*server, error) {
	a, err := addresses(4)
	if err != nil {
		return nil, err
	}
	file, err := writeConfig(dir, fmt.Sprintf(`
up: {listen: %q, services: [vision]}
nats: {listen: %q}
vision: {listen: %q, url: "http://%s", ice_listen: %q}
cameras: [{id: cam1, url: %q}]
`, a[0], a[1], a[2], a[2], a[3], camera))
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, dir, binary, "up", "--config", file, "--data", filepath.Join(dir, "var"))
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + a[2] + "/whep/cam1", stop: p.stop}
	if err := p.until(ctx, "packroom has its camera", func() bool { return strings.Contains(get(ctx, "http://"+a[2]+"/healthz"), "1 of 1 up") }); err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(dir, "var", "secrets", "box-token"))
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	s.header = func() http.Header {
		t := room.SignViewer(strings.TrimSpace(string(token)), "livebench", "cam1", time.Now().Add(room.ViewerTTL))
		return http.Header{"Authorization": {"Bearer " + t}}
	}
	if s.pid, err = visionPID(ctx, a[0]); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return s, nil
}

// visionPID asks the supervisor.
func visionPID(ctx context.Context, up string) (int, error) {
	var services []struct {
		Name string
		PID  int
	}
	if err := json.Unmarshal([]byte(get(ctx, "http://"+up+"/status")), &services); err != nil {
		return 0, fmt.Errorf("status of packroom: %w", err)
	}
	for _, s := range services {
		if s.Name == "vision" {
			return s.PID, nil
		}
	}
	return 0, errors.New("packroom runs no vision service")
}

func startMediamtx(ctx context.Context, binary, dir, camera string) (*server, error) {
	a, err := addresses(2)
	if err != nil {
		return nil, err
	}
	file, err := writeConfig(dir, fmt.Sprintf(`
logLevel: warn
rtsp: no
rtmp: no
hls: no
srt: no
moq: no
webrtcAddress: %q
webrtcLocalUDPAddress: %q
paths: {cam: {source: %q, rtspTransport: tcp}}
`, a[0], a[1], camera))
	if err != nil {
		return nil, err
	}
	return startPeer(ctx, a[0], "/cam/whep", dir, binary, file)
}

func startGo2rtc(ctx context.Context, binary, dir, camera string) (*server, error) {
	a, err := addresses(2)
	if err != nil {
		return nil, err
	}
	file, err := writeConfig(dir, fmt.Sprintf(`
api: {listen: %q}
webrtc: {listen: %q}
rtsp: {listen: ""}
srtp: {listen: ""}
log: {level: warn}
streams: {cam: %q}
`, a[0], a[1], camera))
	if err != nil {
		return nil, err
	}
	return startPeer(ctx, a[0], "/api/webrtc?src=cam", dir, binary, "-config", file)
}

func startPrototype(ctx context.Context, binary, dir, camera string) (*server, error) {
	a, err := addresses(2)
	if err != nil {
		return nil, err
	}
	return startPeer(ctx, a[0], "/whep/cam", dir, binary, "-src", camera, "-listen", a[0], "-udp", a[1])
}

func startPeer(ctx context.Context, address, path, dir, binary string, args ...string) (*server, error) {
	p, err := startProcess(ctx, dir, binary, args...)
	if err != nil {
		return nil, err
	}
	if err := answers(ctx, address); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	select { // until it has the camera
	case <-ctx.Done():
	case <-time.After(3 * time.Second):
	}
	return &server{url: "http://" + address + path, header: func() http.Header { return nil }, pid: p.cmd.Process.Pid, stop: p.stop}, nil
}

// answers waits until somebody listens.
func answers(ctx context.Context, address string) error {
	for range 200 {
		c, err := net.DialTimeout("tcp4", address, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("nobody answers at %s", address)
}

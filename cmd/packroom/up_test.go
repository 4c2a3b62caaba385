package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/packroom/packroom/room/porttest"
)

// asPackroom makes this test binary behave as packroom: "up" starts its own
// executable for the services.
const asPackroom = "PACKROOM_TEST_AS_PACKROOM"

func TestMain(m *testing.M) {
	if os.Getenv(asPackroom) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := dispatch(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// testUp is a running "packroom up" with NATS, PostgreSQL and the simulated room.
type testUp struct {
	t      *testing.T
	dir    string
	status string
	cmd    *exec.Cmd
	out    *safeBuffer
	ended  chan error
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// upSettings writes settings with free ports for one run of up.
func upSettings(t *testing.T, dir string) (file, status string) {
	t.Helper()
	status = porttest.Addr(t)
	file = filepath.Join(dir, "test.yml")
	sim, rtsp := porttest.Addr(t), porttest.Addr(t)
	write(t, file, fmt.Sprintf(`
nats: {listen: %q}
up: {listen: %q, services: [sim], hung_after: 2s}
sim: {listen: %q, url: "http://%s", rtsp_listen: %q}
cameras: [{id: cam1, url: "rtsp://%s/cam1", slots: sim/cam1.slots.json}]
`, porttest.Addr(t), status, sim, sim, rtsp, rtsp))
	return file, status
}

func startUp(t *testing.T) *testUp {
	t.Helper()
	dir := passableDir(t)
	file, status := upSettings(t, dir)
	u := &testUp{t: t, dir: dir, status: status}
	u.start(file)
	t.Cleanup(func() {
		u.kill()
		if t.Failed() {
			t.Log(u.out.String())
		}
	})
	return u
}

func (u *testUp) start(file string) {
	u.t.Helper()
	u.out, u.ended = &safeBuffer{}, make(chan error, 1)
	u.cmd = exec.Command(os.Args[0], "up", "--config", file, "--data", filepath.Join(u.dir, "var"))
	u.cmd.Env = append(os.Environ(), asPackroom+"=1")
	u.cmd.Stdout, u.cmd.Stderr = u.out, u.out
	u.cmd.WaitDelay = 5 * time.Second
	if err := u.cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	cmd, ended := u.cmd, u.ended
	go func() { ended <- cmd.Wait() }()
}

func (u *testUp) kill() {
	_ = u.cmd.Process.Kill()
}

func (u *testUp) signal(s os.Signal) {
	u.t.Helper()
	if err := u.cmd.Process.Signal(s); err != nil {
		u.t.Fatal(err)
	}
}

func (u *testUp) wait(most time.Duration) error {
	u.t.Helper()
	select {
	case err := <-u.ended:
		return err
	case <-time.After(most):
		u.t.Fatalf("up did not end within %s", most)
		return nil
	}
}

func (u *testUp) rows() map[string]childStatus {
	resp, err := http.Get("http://" + u.status + "/status")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var rows []childStatus
	if json.NewDecoder(resp.Body).Decode(&rows) != nil {
		return nil
	}
	m := map[string]childStatus{}
	for _, r := range rows {
		m[r.Name] = r
	}
	return m
}

func (u *testUp) awaitRunning() map[string]childStatus {
	u.t.Helper()
	var rows map[string]childStatus
	waitUntil(u.t, "nats, postgres and sim are running", func() bool {
		rows = u.rows()
		return rows["nats"].State == stateRunning && rows["postgres"].State == stateRunning && rows["sim"].State == stateRunning
	})
	return rows
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) }

// zombie reports whether a process has ended and nobody has asked for its end,
// as happens to orphans in a container without an init.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(b), ") Z ")
}

func TestUpStartsRestartsAndStopsEverything(t *testing.T) {
	u := startUp(t)
	rows := u.awaitRunning()
	waitUntil(t, "the addresses are shown", func() bool { return strings.Contains(u.out.String(), "Ctrl-C stops everything") })
	for _, want := range []string{"/kiosk/K1", "/manager", "simulated room"} {
		if !strings.Contains(u.out.String(), want) {
			t.Errorf("%q is not shown", want)
		}
	}
	address, err := os.ReadFile(filepath.Join(u.dir, "var", postgresURLFile))
	if err != nil || !strings.HasPrefix(string(address), "postgres://") {
		t.Errorf("database address = %q, %v", address, err)
	}
	for _, name := range []string{"sim", "postgres"} {
		if err := syscall.Kill(rows[name].PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, name+" was started again", func() bool {
			r := u.rows()[name]
			return r.State == stateRunning && r.Restarts == 1 && r.PID != rows[name].PID
		})
	}
	sim := u.rows()["sim"].PID
	if err := syscall.Kill(sim, syscall.SIGSTOP); err != nil { // it hangs
		t.Fatal(err)
	}
	waitUntil(t, "a sim that hangs was started again", func() bool {
		r := u.rows()["sim"]
		return r.State == stateRunning && r.Restarts == 2 && r.PID != sim
	})
	if !strings.Contains(u.out.String(), "it hung and was killed") {
		t.Error("the log does not say why")
	}
	resp, err := http.Get("http://" + u.status + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(metrics), `packroom_service_restarts_total{name="sim"} 2`) {
		t.Errorf("metrics do not tell of the restarts: %v", err)
	}
	rows = u.awaitRunning()
	u.signal(syscall.SIGINT)
	if err := u.wait(12 * time.Second); err != nil {
		t.Errorf("up = %v after Ctrl-C", err)
	}
	for _, name := range []string{"sim", "postgres"} {
		if !gone(rows[name].PID) {
			t.Errorf("%s still runs", name)
		}
	}
	if _, err := os.Stat(filepath.Join(u.dir, "var", postgresURLFile)); err == nil {
		t.Error("the address of a stopped database is still there")
	}
}

func TestChildrenDieWithUpAndItStartsAgain(t *testing.T) {
	u := startUp(t)
	rows := u.awaitRunning()
	u.signal(syscall.SIGKILL)
	_ = u.wait(10 * time.Second) // "signal: killed"
	waitUntil(t, "the children are gone", func() bool { return gone(rows["sim"].PID) && gone(rows["postgres"].PID) })
	began := time.Now()
	u.start(filepath.Join(u.dir, "test.yml"))
	u.awaitRunning()
	t.Logf("running again after %s", time.Since(began))
	u.signal(syscall.SIGTERM)
	if err := u.wait(12 * time.Second); err != nil {
		t.Errorf("up = %v", err)
	}
}

func TestUpNamesATakenPort(t *testing.T) {
	dir := t.TempDir()
	file, status := upSettings(t, dir)
	l, err := net.Listen("tcp", status)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := exec.Command(os.Args[0], "up", "--config", file, "--data", filepath.Join(dir, "var"))
	cmd.Env = append(os.Environ(), asPackroom+"=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("up = %v, want exit status 1", err)
	}
	for _, want := range []string{status, "up.listen", fmt.Sprint("process ", os.Getpid())} {
		if !strings.Contains(string(out), want) {
			t.Errorf("output does not say %q:\n%s", want, out)
		}
	}
}

func TestChildLogKeepsWhatExplainsADeath(t *testing.T) {
	for _, tc := range []struct {
		name, in, why, dressed string
		json                   bool
	}{
		{"last line", "time=x level=INFO msg=hello\npackroom ocr: no such language\n", "packroom ocr: no such language", "ocr      | packroom ocr: no such language\n", false},
		{"panic", "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n", "panic: boom", "ocr      | goroutine 1 [running]:\n", false},
		{"JSON", `{"msg":"hello"}` + "\n", `{"msg":"hello"}`, `{"msg":"hello"}` + "\n", true},
		{"text among JSON", "fatal error: out of memory\n", "fatal error: out of memory", `"msg":"fatal error: out of memory","service":"ocr"}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			l := &childLog{name: "ocr", json: tc.json, out: &lineWriter{w: &out}}
			l.follow(io.NopCloser(strings.NewReader(tc.in)))
			if l.why() != tc.why {
				t.Errorf("why = %q, want %q", l.why(), tc.why)
			}
			if !strings.Contains(out.String(), tc.dressed) {
				t.Errorf("lines = %q, want %q in them", out.String(), tc.dressed)
			}
		})
	}
}

func TestUpListensOnlyForWhatItStarts(t *testing.T) {
	cfg := defaultConfig()
	cfg.Up.Services = []string{"room", "web"}
	tcp, udp := cfg.listensHere()
	want := []string{"nats.listen", "room.listen", "up.listen", "web.listen"}
	if got := sortedKeys(tcp); !slices.Equal(got, want) || len(udp) != 0 {
		t.Errorf("addresses = %v and %v, want %v and none", got, udp, want)
	}
}

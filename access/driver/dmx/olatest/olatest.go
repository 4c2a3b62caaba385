// Package olatest runs a real receiver of sACN and Art-Net for tests: OLA's
// daemon (Debian's package ola), whose HTTP interface reads a universe back.
package olatest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/packroom/packroom/access/driver/dmx"
)

// plugins are OLA's, all of which it would start otherwise.
var plugins = []string{"dummy", "artnet", "e131", "espnet", "gpio", "karate", "kinet", "milinst", "opendmx", "openpixelcontrol", "osc",
	"renard", "sandnet", "shownet", "spi", "stageprofi", "usbserial", "usbdmx", "pathport", "ftdidmx", "uartdmx"}

// patience is for a daemon that starts on a busy machine.
const patience = 15 * time.Second

// Config is a daemon with one plugin, which receives one universe.
type Config struct {
	Plugin    string // e131 or artnet
	Settings  string // lines for the plugin's configuration file
	Universe  int
	HTTP, RPC int // ports
}

// Daemon is a running olad.
type Daemon struct {
	url      string
	universe int
}

// Start starts olad until t ends.
func Start(t *testing.T, cfg Config) *Daemon {
	t.Helper()
	claim(t, cfg.Plugin)
	dir := t.TempDir()
	for _, p := range plugins {
		write(t, filepath.Join(dir, "ola-"+p+".conf"), fmt.Sprintf("enabled = %t\n%s\n", p == cfg.Plugin, cfg.Settings))
	}
	cmd := exec.Command("olad", "-c", dir, "-i", "127.0.0.1", "-p", fmt.Sprint(cfg.HTTP), "-r", fmt.Sprint(cfg.RPC), "-l", "1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 { // it refuses root
		const nobody = 65534
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		for path := dir; path != filepath.Dir(path) && path != os.TempDir(); path = filepath.Dir(path) {
			if err := os.Chmod(path, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start olad (Debian's package ola): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	d := &Daemon{url: fmt.Sprintf("http://127.0.0.1:%d", cfg.HTTP), universe: cfg.Universe}
	d.patch(t)
	return d
}

// claim waits until no other test on this machine has a daemon with that plugin:
// the ports of both protocols are fixed.
func claim(t *testing.T, plugin string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); ; <-tick.C {
		l, err := net.Listen("unix", "@packroom-test-olad-"+plugin) // gone with this process, however it ends
		if err == nil {
			t.Cleanup(func() { l.Close() })
			return
		}
		if time.Now().After(end) {
			t.Fatalf("another test keeps olad's %s: %v", plugin, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// patch connects the plugin's first input port to the universe.
func (d *Daemon) patch(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		if time.Now().After(end) {
			t.Fatal("olad has no input port for the universe")
		}
		var ports []struct{ ID string }
		if d.call("/json/get_ports", nil, &ports) != nil {
			continue
		}
		for _, p := range ports {
			if !strings.Contains(p.ID, "-I-") {
				continue
			}
			var done struct{ OK bool }
			form := url.Values{"id": {fmt.Sprint(d.universe)}, "name": {"test"}, "add_ports": {p.ID}}
			if err := d.call("/new_universe", form, &done); err == nil && done.OK {
				return
			}
		}
	}
}

// call asks olad's HTTP interface.
func (d *Daemon) call(path string, form url.Values, answer any) error {
	client := http.Client{Timeout: 2 * time.Second}
	var resp *http.Response
	var err error
	if form == nil {
		resp, err = client.Get(d.url + path)
	} else {
		resp, err = client.PostForm(d.url+path, form)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, answer)
}

// Frame is what the universe shows; channels that nobody sent are 0.
func (d *Daemon) Frame(t testing.TB) (f dmx.Frame) {
	t.Helper()
	var got struct{ DMX []int }
	if err := d.call(fmt.Sprintf("/get_dmx?u=%d", d.universe), nil, &got); err != nil {
		t.Fatalf("read universe %d: %v", d.universe, err)
	}
	for i, v := range got.DMX {
		f[i] = uint8(v)
	}
	return f
}

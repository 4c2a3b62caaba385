package modbus_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/packroom/packroom/access/accesstest"
)

// peer is a relay module by somebody else's Modbus library.
type peer struct {
	address string // of the line to it
	mu      sync.Mutex
	in      io.WriteCloser
	out     *bufio.Reader
}

// libmodbus is the program of the peer by that library, built once for all tests.
var libmodbus string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "modbus")
	if err != nil {
		panic(err)
	}
	libmodbus = filepath.Join(dir, "peer")
	if out, err := exec.Command("cc", "-o", libmodbus, "testdata/peer.c", "-lmodbus").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the libmodbus peer (apt-get install libmodbus-dev): %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// libraries are the peers' programs; each takes tcp, or rtu and a port.
func libraries() map[string][]string {
	return map[string][]string{"pymodbus": {"/usr/bin/python3", "testdata/peer.py"}, "libmodbus": {libmodbus}}
}

func startPeer(t *testing.T, program []string, args ...string) *peer {
	t.Helper()
	cmd := exec.Command(program[0], append(program[1:], args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start a Modbus peer (deploy/setup.sh test): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it ends by its closed input too
		_ = cmd.Wait()
	})
	p := &peer{in: in, out: bufio.NewReader(out)}
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the peer did not start: %v", err)
	}
	p.address = strings.TrimSpace(strings.TrimPrefix(line, "ready "))
	return p
}

// ask sends a line and gives the number that comes back.
func (p *peer) ask(t *testing.T, format string, args ...any) int {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Fscanln(p.out, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// module is a peer at the end of a line that the test can cut.
type module struct {
	peer  *peer
	wire  *accesstest.Wire
	reach map[string]string // options by which the driver reaches it
}

// modules lends modules to checks that run beside one another, and makes as many
// as are needed at once.
type modules struct {
	connect func() *module

	mu   sync.Mutex
	free []*module
}

func (m *modules) take(t *testing.T) *module {
	t.Helper()
	m.mu.Lock()
	var one *module
	if n := len(m.free); n > 0 {
		one, m.free = m.free[n-1], m.free[:n-1]
	}
	m.mu.Unlock()
	if one == nil {
		one = m.connect()
	}
	t.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.free = append(m.free, one)
	})
	return one
}

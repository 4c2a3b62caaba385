// Package porttest gives tests ports for processes that they start. A test that
// listens itself needs none of this: it listens on port 0 and hands the listener
// over.
package porttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
)

// Addr is 127.0.0.1 with a port as Port gives it.
func Addr(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(Port(t)))
}

// Port is a port, TCP and UDP, that nobody else gets while t runs: it lies
// outside the range from which the kernel takes ports for outgoing connections,
// and no other test of this repository is given it, in whatever process. Nobody
// listens on it yet.
func Port(t testing.TB) int {
	t.Helper()
	kernel, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range") // unreadable: Linux's default
	first, last := choice(string(kernel))
	for range 1000 {
		port := first + rand.IntN(last-first+1)
		claim, err := net.Listen("unix", claimName(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatalf("claim port %d: %v", port, err)
		}
		if !free(port) {
			claim.Close()
			continue
		}
		t.Cleanup(func() { claim.Close() })
		return port
	}
	t.Fatalf("1000 tries, and no port free from %d to %d", first, last)
	return 0
}

// claimName is a socket in the kernel's abstract namespace: who has it bound
// has the port, and its end releases it, however it ends. The end-to-end tests
// (web/ui/e2e/ports.mjs) use the same names, of full length, since Node pads
// shorter ones.
func claimName(port int) string {
	return fmt.Sprintf("@%-107s", fmt.Sprintf("packroom-test-port-%d", port))
}

// choice is the ports to choose from: those below the kernel's range, or above
// where it leaves too few, from 10000 on, where no service of this machine is
// expected. Where it leaves none at all the range is used too.
func choice(kernel string) (first, last int) {
	const lowest, highest, enough = 10000, 65535, 1000
	var from, to int
	if n, _ := fmt.Sscan(kernel, &from, &to); n != 2 {
		from, to = 32768, 60999
	}
	switch {
	case from-lowest >= enough:
		return lowest, from - 1
	case highest-to >= enough:
		return max(to+1, lowest), highest
	}
	return lowest, highest
}

// free reports whether a child could listen on the port of any address.
func free(port int) bool {
	addr := fmt.Sprintf(":%d", port)
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	return udp.Close() == nil
}

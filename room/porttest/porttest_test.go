package porttest

import (
	"fmt"
	"net"
	"testing"
)

func TestAPortIsOutsideTheKernelsRange(t *testing.T) {
	for kernel, want := range map[string][2]int{
		"32768\t60999\n": {10000, 32767},
		"15000 61000":    {10000, 14999},
		"10500 64000":    {64001, 65535},
		"1024 64000":     {64001, 65535},
		"1024 8000":      {10000, 65535},
		"1024\t65535\n":  {10000, 65535}, // nothing better is left
		"":               {10000, 32767},
		"none":           {10000, 32767},
	} {
		if first, last := choice(kernel); [2]int{first, last} != want {
			t.Errorf("range %q: ports from %d to %d, want %d", kernel, first, last, want)
		}
	}
}

func TestNoTwoTestsGetTheSamePort(t *testing.T) {
	got := map[int]bool{}
	for range 500 {
		got[Port(t)] = true
	}
	if len(got) != 500 {
		t.Errorf("500 calls gave %d ports", len(got))
	}
}

func TestAPortIsReleasedWithItsTest(t *testing.T) {
	var port int
	t.Run("holder", func(t *testing.T) {
		port = Port(t)
		if l, err := net.Listen("unix", claimName(port)); err == nil {
			l.Close()
			t.Errorf("port %d can be claimed twice", port)
		}
	})
	l, err := net.Listen("unix", claimName(port))
	if err != nil {
		t.Fatalf("port %d is claimed after its test: %v", port, err)
	}
	l.Close()
}

func TestATakenPortIsNotFree(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6", "udp4"} {
		port := Port(t)
		if !free(port) {
			t.Fatalf("port %d is not free", port)
		}
		var err error
		if network == "udp4" {
			var c net.PacketConn
			if c, err = net.ListenPacket(network, fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				defer c.Close()
			}
		} else {
			var l net.Listener
			if l, err = net.Listen(network, fmt.Sprintf("localhost:%d", port)); err == nil {
				defer l.Close()
			}
		}
		if err != nil {
			t.Logf("%s: %v", network, err) // no IPv6 on this machine
			continue
		}
		if free(port) {
			t.Errorf("%s port %d is listened on, and free", network, port)
		}
	}
}

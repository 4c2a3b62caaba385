package webrtc

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

// rtpOf is a packet of so many bytes as SRTP leaves it: the header in clear.
func rtpOf(ssrc uint32, n, size int) []byte {
	b := bytes.Repeat([]byte{byte(n)}, size)
	b[0], b[1] = 0x80, 96
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

func TestPacketsOfARunArriveOneByOneAndWhole(t *testing.T) {
	t.Parallel()
	for name, segment := range map[string]bool{"cut by the kernel": true, "one by one": false} {
		t.Run(name, func(t *testing.T) {
			sizes := []int{1200, 1200, 1200, 700, 1200, 300, 300, 900, 12}
			for range 120 { // longer than a run may be
				sizes = append(sizes, 1200)
			}
			from, to := udp(t), udp(t)
			b := newBatcher(from)
			if segment && !b.segment.Load() {
				t.Log("this kernel does not cut: the fallback is tried twice")
			}
			b.segment.Store(segment && b.segment.Load())
			b.join(7)
			for i, size := range sizes {
				if _, err := b.WriteTo(rtpOf(7, i, size), to.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.flush(7); err != nil {
				t.Fatal(err)
			}
			for i, size := range sizes {
				if got := receive(t, to); !bytes.Equal(got, rtpOf(7, i, size)) {
					t.Fatalf("datagram %d of %d bytes is not the one that was sent", i, len(got))
				}
			}
		})
	}
}

func TestWhatIsNoMediaOfAViewerIsSentAtOnce(t *testing.T) {
	t.Parallel()
	from, to := udp(t), udp(t)
	b := newBatcher(from)
	b.join(7)
	b.join(8)
	b.leave(8)
	rtcp := rtpOf(7, 1, 100)
	rtcp[1] = 200
	for name, p := range map[string][]byte{"RTCP": rtcp, "STUN": bytes.Repeat([]byte{0}, 60), "DTLS": bytes.Repeat([]byte{22}, 60),
		"unknown viewer": rtpOf(9, 1, 100), "viewer who left": rtpOf(8, 1, 100), "short": {0x80, 96, 0, 1}} {
		if _, err := b.WriteTo(p, to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, to); !bytes.Equal(got, p) {
			t.Errorf("%s: %d bytes came", name, len(got))
		}
	}
	if err := b.flush(8); err != nil {
		t.Error(err)
	}
}

func udp(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadBuffer(4 << 20)
	t.Cleanup(func() { c.Close() })
	return c
}

func receive(t *testing.T, c *net.UDPConn) []byte {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2000)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

func TestConfiguredHostsAreOfferedByUDPAndTCP(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	s, err := Listen(Config{Listen: "127.0.0.1:0", Hosts: []string{"192.0.2.7"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	answer := s.withHosts("v=0\r\na=candidate:1 1 udp 5 127.0.0.1 1 typ host\r\na=end-of-candidates\r\n")
	for _, want := range []string{"v=0\r\na=candidate:host0 1 udp 2130706431 192.0.2.7 ", "tcptype passive\r\na=candidate:1 "} {
		if !strings.Contains(answer, want) {
			t.Errorf("answer %q lacks %q", answer, want)
		}
	}
	if _, err := Listen(Config{Listen: "127.0.0.1:0", Hosts: []string{"no host"}, Log: log}); err == nil {
		t.Error("a host that is none was taken")
	}
	if _, err := Listen(Config{Listen: "nonsense", Log: log}); err == nil {
		t.Error("an address that is none was taken")
	}
}

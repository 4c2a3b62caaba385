//go:build !linux

package webrtc

import (
	"errors"
	"net"
	"net/netip"
)

func canSegment(*net.UDPConn) bool { return false }

func writeSegments(*net.UDPConn, []byte, int, netip.AddrPort) error { return errors.ErrUnsupported }

func refusesSegments(error) bool { return true }

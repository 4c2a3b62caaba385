package webrtc

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// canSegment reports whether the kernel knows UDP segmentation: Linux 4.18 does.
func canSegment(conn *net.UDPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var known error
	err = raw.Control(func(fd uintptr) {
		_, known = unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	})
	return err == nil && known == nil
}

// writeSegments sends buf as packets of size bytes, with one system call.
func writeSegments(conn *net.UDPConn, buf []byte, size int, to netip.AddrPort) error {
	var oob [24]byte // a control message of two bytes, aligned: unix.CmsgSpace(2)
	h := oob[:unix.CmsgSpace(2)]
	putCmsg(h, size)
	_, _, err := conn.WriteMsgUDPAddrPort(buf, h, to)
	return err
}

// putCmsg writes struct cmsghdr {size_t len; int level; int type} and the
// segment's size.
func putCmsg(h []byte, size int) {
	word := unix.CmsgLen(0) - 8 // of the length
	if word == 8 {
		binary.NativeEndian.PutUint64(h, uint64(unix.CmsgLen(2)))
	} else {
		binary.NativeEndian.PutUint32(h, uint32(unix.CmsgLen(2)))
	}
	binary.NativeEndian.PutUint32(h[word:], unix.IPPROTO_UDP)
	binary.NativeEndian.PutUint32(h[word+4:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(h[unix.CmsgLen(0):], uint16(size))
}

// refusesSegments tells a kernel or network card that can't from a moment's
// trouble.
func refusesSegments(err error) bool {
	return errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOPROTOOPT) || errors.Is(err, unix.EOPNOTSUPP)
}

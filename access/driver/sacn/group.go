package sacn

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// listenGroup receives what is sent to a multicast group, and nothing else.
// net.ListenMulticastUDP would bind to every address, and so take away what is
// sent to a receiver of sACN on this machine.
func listenGroup(ifi *net.Interface, group *net.UDPAddr) (net.Conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	f := os.NewFile(uintptr(fd), "group "+group.String())
	defer f.Close()
	join := &unix.IPMreqn{Multiaddr: [4]byte(group.IP.To4())}
	if ifi != nil {
		join.Ifindex = int32(ifi.Index)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return nil, fmt.Errorf("share port %d: %w", group.Port, err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: group.Port, Addr: join.Multiaddr}); err != nil {
		return nil, fmt.Errorf("listen at %s: %w", group, err)
	}
	if err := unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, join); err != nil {
		return nil, fmt.Errorf("join %s: %w", group.IP, err)
	}
	c, err := net.FileConn(f) // a descriptor of its own
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", group, err)
	}
	return c, nil
}

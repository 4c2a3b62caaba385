package device

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Address reads HOST or HOST:PORT as where datagrams go; nil where s is empty.
// The host is an IPv4 address, so that nothing waits for a name.
func Address(s string, otherwise int) (*net.UDPAddr, error) {
	if s == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, strconv.Itoa(otherwise)
	}
	ip := net.ParseIP(host).To4()
	n, err := strconv.ParseUint(port, 10, 16)
	if ip == nil || err != nil || n == 0 {
		return nil, fmt.Errorf("%q: write an address such as 192.168.1.50 or 192.168.1.50:%d", s, otherwise)
	}
	return &net.UDPAddr{IP: ip, Port: int(n)}, nil
}

// Interface finds a network interface by its address or name, and the address to
// send from; both nil where s is empty.
func Interface(s string) (local *net.UDPAddr, ifi *net.Interface, err error) {
	if s == "" {
		return nil, nil, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, nil, fmt.Errorf("list network interfaces: %w", err)
	}
	for i, one := range all {
		addrs, err := one.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && (one.Name == s || n.IP.String() == s) {
				return &net.UDPAddr{IP: n.IP.To4()}, &all[i], nil
			}
		}
	}
	return nil, nil, fmt.Errorf("%q is no network interface of this machine with an IPv4 address", s)
}

// Refused reports whether a datagram's receiver said that nobody listens there.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// portTaken explains why addr cannot be listened on, who has it and which
// setting changes it.
func portTaken(key, addr string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: listen on %s: %w", key, addr, err)
	}
	who, network := "", "tcp"
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		network = op.Net
	}
	if _, port, perr := net.SplitHostPort(addr); perr == nil {
		if n, perr := strconv.Atoi(port); perr == nil {
			who = portHolder(network, n)
		}
	}
	return fmt.Errorf("%s: port %s is taken%s; stop that, or choose another with %s in the settings or %s",
		key, addr, who, key, envName(key))
}

// portHolder says which process listens on a port of this machine, as far as
// /proc tells it to us: " by process 4242 (nginx)", or nothing.
func portHolder(network string, port int) string {
	inodes := map[string]bool{}
	for _, table := range []string{network, network + "6"} {
		addListeners(filepath.Join("/proc/net", table), port, inodes)
	}
	if len(inodes) == 0 {
		return ""
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // other users' are not shown to us
	for _, link := range links {
		to, err := os.Readlink(link)
		if err != nil || !inodes[to] {
			continue
		}
		dir := filepath.Dir(filepath.Dir(link))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		return fmt.Sprintf(" by process %s (%s)", filepath.Base(dir), strings.TrimSpace(string(name)))
	}
	return " by another user's process"
}

// addListeners reads a table as proc(5) describes it: the second column is the
// local address, the fourth the state (0A: listening, 07: a bound UDP socket),
// the tenth the socket's inode.
func addListeners(table string, port int, inodes map[string]bool) {
	f, err := os.Open(table)
	if err != nil {
		return
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		col := strings.Fields(sc.Text())
		if len(col) > 9 && strings.HasSuffix(col[1], suffix) && (col[3] == "0A" || col[3] == "07") {
			inodes["socket:["+col[9]+"]"] = true
		}
	}
}

// portFree is nil where addr can be listened on now.
func portFree(key, network, addr string) error {
	var c io.Closer
	var err error
	if network == "udp" {
		c, err = net.ListenPacket(network, addr)
	} else {
		c, err = net.Listen(network, addr)
	}
	if err != nil {
		return portTaken(key, addr, err)
	}
	return c.Close()
}

// checkPorts reports every address, by key, that is taken.
func checkPorts(tcp, udp map[string]string) error {
	var errs []error
	for _, key := range sortedKeys(tcp) {
		errs = append(errs, portFree(key, "tcp", tcp[key]))
	}
	for _, key := range sortedKeys(udp) {
		errs = append(errs, portFree(key, "udp", udp[key]))
	}
	return errors.Join(errs...)
}

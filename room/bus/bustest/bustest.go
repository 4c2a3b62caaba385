// Package bustest gives tests a real NATS server with JetStream.
package bustest

import (
	"net"
	"strconv"
	"testing"

	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/porttest"
)

// Start runs a server of its own for t, on a free port of loopback and a
// temporary directory, and returns its URL.
func Start(t testing.TB) string {
	t.Helper()
	return New(t).URL()
}

// Server is a server that a test can stop and start again.
type Server struct {
	t       testing.TB
	dir     string
	port    int
	running *bus.Embedded
}

// New starts a server for t.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), port: porttest.Port(t)} // its own also while it is stopped
	t.Cleanup(s.Stop)
	s.Start()
	return s
}

// URL stays the same over Stop and Start.
func (s *Server) URL() string {
	return "nats://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
}

// Start starts the server again, on the same port and directory.
func (s *Server) Start() {
	s.t.Helper()
	if s.running != nil {
		return
	}
	e, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: s.dir, Port: s.port})
	if err != nil {
		s.t.Fatal(err)
	}
	s.running = e
}

// Stop stops the server; its data stays.
func (s *Server) Stop() {
	if s.running == nil {
		return
	}
	s.running.Stop()
	s.running = nil
}

// Wipe starts over with no data, as after the loss of a disk. The server must be
// stopped.
func (s *Server) Wipe() {
	s.t.Helper()
	if s.running != nil {
		s.t.Fatal("bustest: Wipe of a running server")
	}
	s.dir = s.t.TempDir()
}

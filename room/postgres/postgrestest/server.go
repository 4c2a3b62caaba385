package postgrestest

import (
	"context"
	"os"
	"testing"

	"github.com/packroom/packroom/room/postgres"
)

// Server is a cluster that one test has for itself and may stop and start: for
// "the database is gone".
type Server struct {
	t       testing.TB
	dir     string
	private *postgres.Private
}

// NewServer starts one. It is removed at the end of t.
func NewServer(t testing.TB) *Server {
	t.Helper()
	dir, err := tempDir()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	s := &Server{t: t, dir: dir}
	t.Cleanup(func() {
		s.Stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	s.Start()
	return s
}

// URL stays the same over Stop and Start.
func (s *Server) URL() string { return s.private.URL() }

// Open opens a store on the server's database.
func (s *Server) Open() *postgres.Store {
	s.t.Helper()
	return open(s.t, s.URL())
}

// Start starts the server again; its data are as they were.
func (s *Server) Start() {
	s.t.Helper()
	p, err := start(s.dir)
	if err != nil {
		s.t.Fatalf("postgrestest: %v", err)
	}
	s.private = p
}

// Stop ends the server as a machine that shuts down does.
func (s *Server) Stop() {
	s.t.Helper()
	if s.private == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.private.Stop(ctx); err != nil {
		s.t.Errorf("postgrestest: %v", err)
	}
}

// Kill ends the server without warning, as kill -9 does.
func (s *Server) Kill() {
	s.t.Helper()
	p, err := os.FindProcess(s.private.PID())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		s.t.Fatalf("postgrestest: %v", err)
	}
	_ = s.private.Wait() // it was killed
}

package postgres_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

// BenchmarkCommit is one placement's transaction on a cluster that survives a
// power cut, as it runs in a building.
func BenchmarkCommit(b *testing.B) {
	p, err := postgres.StartPrivate(b.Context(), filepath.Join(openDir(b), "postgres"), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	s, err := postgres.Open(b.Context(), postgrestest.Config(p.URL()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	if _, err := s.Own(b.Context()); err != nil {
		b.Fatal(err)
	}
	c := fullCommit()
	c.Grants = nil
	for i := 0; b.Loop(); i++ {
		c.Inbox = fmt.Sprint("in", i)
		c.Events[0].ID, c.Events[1].ID = fmt.Sprint("a", i), fmt.Sprint("b", i)
		c.Messages = []room.Message{message(fmt.Sprint("m", i), secret)}
		if _, err := s.Commit(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

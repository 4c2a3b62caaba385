package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func TestProcessesThatStartAtOnceMigrateOnce(t *testing.T) {
	server := postgrestest.NewServer(t)
	if _, err := postgres.Audit(t.Context(), server.URL()); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("audit of an empty database: %v, want ErrNotFound", err)
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), postgrestest.Config(server.URL()))
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer s.Close()
			if _, err := s.Load(t.Context()); err != nil {
				t.Errorf("load: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	url := postgrestest.URL(t)
	sql(t, url, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)`)
	_, err := postgres.Open(t.Context(), postgrestest.Config(url))
	if err == nil || !strings.Contains(err.Error(), "use the newer program") {
		t.Errorf("open: %v, want it refused", err)
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func commitTwoEvents(t *testing.T, url string) {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgrestest.Config(url))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_, err = s.Commit(t.Context(), room.Commit{Events: []room.Event{
		{ID: "e1", Kind: room.EvDoorOpened, Time: at}, {ID: "e2", Kind: room.EvDoorClosed, Time: at}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAuditVerifySaysWhetherTheLogIsWhole(t *testing.T) {
	url := postgrestest.URL(t)
	commitTwoEvents(t, url)
	var out, help bytes.Buffer
	if err := audit(t.Context(), []string{"verify", "--url", url}, &out, &help); err != nil {
		t.Fatalf("audit: %v\n%s", err, &out)
	}
	if got := out.String(); !strings.HasPrefix(got, "demo/main: 2 events, all whole and in order; the last has hash ") {
		t.Errorf("it says %q", got)
	}

	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `ALTER TABLE events DISABLE TRIGGER ALL; UPDATE events SET slot = 'A1' WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	var status exitError
	if err := audit(t.Context(), []string{"verify", "--url=" + url}, &out, &help); !errors.As(err, &status) || status.status != 1 {
		t.Errorf("audit of an altered log: %v, want exit status 1", err)
	}
	if got := out.String(); !strings.HasPrefix(got, "demo/main: FAULT at event 2: altered: ") {
		t.Errorf("it says %q", got)
	}
}

func TestAuditVerifyStartsThePrivateDatabaseWhereItDoesNotRun(t *testing.T) {
	data, err := os.MkdirTemp("", "packroom-audit-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	var out, help bytes.Buffer
	args := []string{"verify", "--data", data}
	if err := audit(t.Context(), args, &out, &help); err == nil || !strings.Contains(err.Error(), "no database in "+filepath.Join(data, "postgres")) {
		t.Errorf("audit of nothing: %v", err)
	}
	p, err := postgres.StartPrivate(t.Context(), filepath.Join(data, "postgres"), nil, "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	commitTwoEvents(t, p.URL())

	if err := os.WriteFile(filepath.Join(data, postgresURLFile), []byte(p.URL()), 0o600); err != nil { // as up does
		t.Fatal(err)
	}
	if err := audit(t.Context(), args, &out, &help); err != nil {
		t.Errorf("audit beside a running one: %v", err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := audit(t.Context(), args, &out, &help); err != nil {
		t.Errorf("audit of a stopped one: %v", err)
	}
	if got := out.String(); strings.Count(got, "demo/main: 2 events, all whole") != 2 {
		t.Errorf("it says %q", got)
	}
	if p, err = postgres.StartPrivate(t.Context(), filepath.Join(data, "postgres"), nil, "fsync=off"); err != nil {
		t.Errorf("the database was left running: %v", err)
	} else if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAuditWithoutVerifyShowsHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"check"}, {"verify", "more"}, {"verify", "--nope"}} {
		var out, help bytes.Buffer
		if err := audit(t.Context(), args, &out, &help); !errors.Is(err, errUsage) || !strings.Contains(help.String(), "audit verify") {
			t.Errorf("audit %v: %v\n%s", args, err, &help)
		}
	}
}

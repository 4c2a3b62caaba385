// Package postgrestest gives tests a real PostgreSQL. One cluster serves a test
// binary; it starts with the first test that asks and is removed when the
// binary ends, however it ends. Each test has a database of its own, cloned from
// one that was migrated once.
package postgrestest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room/postgres"
)

// The room of New's store.
const (
	Property = "demo"
	Room     = "main"
)

const template = "packroom_template"

// patience is for a machine that builds and tests other things too.
const patience = 90 * time.Second

// Config is what New opens: SealKey is a fixed one.
func Config(url string) postgres.Config {
	return postgres.Config{URL: url, Property: Property, Room: Room, SealKey: bytes.Repeat([]byte{7}, 32)}
}

// New opens a store on t's own database. A second New of the same t is a second
// store on the same database, as another process would have.
func New(t testing.TB) *postgres.Store {
	t.Helper()
	return open(t, URL(t))
}

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := postgres.Open(ctx, Config(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// database is one test's.
type database struct{ name, url string }

var (
	databasesMu sync.Mutex
	databases   = map[testing.TB]database{}
)

// URL is the connection string of t's own database, which is migrated and
// empty. It is dropped at the end of t.
func URL(t testing.TB) string {
	t.Helper()
	databasesMu.Lock()
	defer databasesMu.Unlock()
	if d, ok := databases[t]; ok {
		return d.url
	}
	d, err := create()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	databases[t] = d
	t.Cleanup(func() {
		databasesMu.Lock()
		delete(databases, t)
		databasesMu.Unlock()
		if err := d.drop(); err != nil {
			t.Errorf("postgrestest: drop database: %v", err)
		}
	})
	return d.url
}

// shared is the test binary's one cluster.
var shared = sync.OnceValues(func() (*postgres.Private, error) {
	dir, err := tempDir()
	if err != nil {
		return nil, err
	}
	p, err := start(dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := removeAfterExit(dir, p.PID()); err != nil {
		return nil, err
	}
	return p, makeTemplate(p)
})

// start runs a cluster that is fast: it survives being killed, not a power cut.
func start(dir string) (*postgres.Private, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return postgres.StartPrivate(ctx, dir, nil, "fsync=off", "full_page_writes=off",
		"max_connections=400", "shared_buffers=32MB", "autovacuum=off", "max_wal_senders=0", "wal_level=minimal")
}

// tempDir is a directory that another user may walk through: as root the server
// runs as user postgres.
func tempDir() (string, error) {
	dir, err := os.MkdirTemp("", "packroom-pg-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// removeAfterExit leaves a process behind that waits for the end of this one,
// then for the server's, and removes dir. There is no hook at the end of a test
// binary, and none would run after a panic or a kill.
func removeAfterExit(dir string, pid int) error {
	const script = `read -r _; while [ -e "/proc/$2/cwd/." ]; do sleep 0.05; done; rm -rf -- "$1"`
	cmd := exec.Command("/bin/sh", "-c", script, "packroom-postgrestest", dir, fmt.Sprint(pid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if _, err := cmd.StdinPipe(); err != nil { // closed by the kernel when we end
		return err
	}
	return cmd.Start()
}

func makeTemplate(p *postgres.Private) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := admin(p, `CREATE DATABASE `+template); err != nil {
		return err
	}
	s, err := postgres.Open(ctx, Config(inDatabase(p.URL(), template)))
	if err != nil {
		return err
	}
	s.Close()
	return nil
}

var databaseCount atomic.Int64

// create clones the template.
func create() (d database, err error) {
	p, err := shared()
	if err != nil {
		return database{}, err
	}
	d.name = fmt.Sprintf("test_%d", databaseCount.Add(1))
	d.url = inDatabase(p.URL(), d.name)
	return d, admin(p, `CREATE DATABASE `+d.name+` TEMPLATE `+template)
}

func (d database) drop() error {
	p, err := shared()
	if err != nil {
		return err
	}
	return admin(p, `DROP DATABASE `+d.name+` WITH (FORCE)`)
}

func inDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // it is our own
	}
	u.Path = "/" + name
	return u.String()
}

// admin runs one statement outside of any test's database.
func admin(p *postgres.Private, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

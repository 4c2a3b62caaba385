package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Role and database of a private cluster.
const privateName = "packroom"

// Private is a PostgreSQL cluster of this program's own, run as its child: on a
// unix socket only, in one directory, gone with its parent.
type Private struct {
	url      string
	log      *slog.Logger
	layout   layout
	process  *os.Process
	tail     *logTail
	stopping atomic.Bool
	done     chan struct{} // closed when the server has exited
	err      error         // why; valid after done
}

// StartPrivate starts the cluster in dir, making it first where there is none,
// and returns when it answers. As root the server runs as the owner of its
// data, user postgres at first. ctx counts for the start only; Stop ends the
// server, and so does the end of this process, however it ends. Settings are
// additional ones of the server: "fsync=off". One process at a time runs a
// directory's cluster; a second is refused.
func StartPrivate(ctx context.Context, dir string, log *slog.Logger, settings ...string) (*Private, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l, err := lay(dir)
	if err != nil {
		return nil, fmt.Errorf("start private PostgreSQL: %w", err)
	}
	p, err := l.start(ctx, log, settings)
	if err != nil {
		l.release()
		return nil, fmt.Errorf("start private PostgreSQL: %w", err)
	}
	return p, nil
}

func (l layout) start(ctx context.Context, log *slog.Logger, settings []string) (*Private, error) {
	if err := l.prepare(ctx, log); err != nil {
		return nil, err
	}
	if err := l.endOrphan(ctx, log); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(orphanPatience)
	for {
		p, err := l.launch(log, settings)
		if err != nil {
			return nil, err
		}
		err = p.awaitReady(ctx)
		if err == nil {
			return p, nil
		}
		p.abandon()
		// The backends of a killed server take a moment to go.
		if !p.tail.says("pre-existing shared memory block", "postmaster.pid") || time.Now().After(deadline) {
			return nil, err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// launch starts the server process and hands it to a goroutine that waits for it.
func (l layout) launch(log *slog.Logger, settings []string) (*Private, error) {
	p := &Private{url: l.url(privateName), log: log, layout: l, done: make(chan struct{}), tail: newLogTail(log)}
	args := []string{"-D", l.data}
	for _, s := range append([]string{
		"listen_addresses=", "unix_socket_directories=" + l.socket, "unix_socket_permissions=0700",
		"hba_file=" + filepath.Join(l.data, "packroom_hba.conf"), "ident_file=" + filepath.Join(l.data, "packroom_ident.conf"),
		"logging_collector=off", "log_destination=stderr", "lc_messages=C",
		"log_line_prefix=", "log_min_messages=log", "log_checkpoints=off", // no rejected rows: they hold personal data
	}, settings...) {
		args = append(args, "-c", s)
	}
	cmd := exec.Command(filepath.Join(l.bin, "postgres"), args...)
	cmd.Dir, cmd.Env = l.data, l.environ()
	// A group of its own keeps the terminal's Ctrl-C away: up stops it last.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: l.credential}
	r, w, err := os.Pipe() // not a Writer: Wait would wait for the server's own children too
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the child ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = w.Close()
		started <- err
		if err != nil {
			return
		}
		err = cmd.Wait()
		select {
		case <-p.tail.done:
		case <-time.After(time.Second):
		}
		p.exited(err)
	}()
	if err := <-started; err != nil {
		_ = r.Close()
		return nil, l.explain(err)
	}
	p.tail.follow(r)
	p.process = cmd.Process
	return p, nil
}

func (p *Private) exited(err error) {
	switch {
	case p.stopping.Load():
	case err != nil:
		p.err = fmt.Errorf("private PostgreSQL ended: %w%s", err, p.tail.quote())
	default:
		p.err = fmt.Errorf("private PostgreSQL ended by itself%s", p.tail.quote())
	}
	close(p.done)
}

// awaitReady returns when the server takes connections and its database exists.
func (p *Private) awaitReady(ctx context.Context) error {
	for {
		err := p.createDatabase(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.err
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w: %w%s", ctx.Err(), err, p.tail.quote())
		default:
		}
		if kind := kindOf(err); kind == nil || strings.Contains(err.Error(), "SQLSTATE 28") {
			return err
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p *Private) createDatabase(ctx context.Context) error {
	cc, err := pgx.ParseConfig(p.layout.url("postgres"))
	if err != nil {
		return err
	}
	cc.ConnectTimeout = connectTimeout
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return err
	}
	defer closeConn(conn)
	var n int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_database WHERE datname = $1`, privateName).Scan(&n); err != nil || n > 0 {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+privateName)
	return err
}

// URL is the connection string of the cluster's database, for Config.URL.
func (p *Private) URL() string { return p.url }

// PID is the server's process ID.
func (p *Private) PID() int { return p.process.Pid }

// Wait blocks until the server has exited: nil after Stop, and otherwise an
// error that says why. Then StartPrivate may be called again.
func (p *Private) Wait() error {
	<-p.done
	p.layout.release()
	return p.err
}

// Stop ends the server: connections are cut, all that was committed is safe. If
// it has not ended when ctx ends, it is made to; the next start then recovers.
func (p *Private) Stop(ctx context.Context) error {
	p.stopping.Store(true)
	defer p.layout.release()
	for _, step := range []struct {
		signal  syscall.Signal
		timeout time.Duration
	}{{syscall.SIGINT, 30 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}} {
		if err := p.process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop private PostgreSQL: %w", err)
		}
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), step.timeout)
		if step.signal == syscall.SIGINT {
			cancel()
			wait, cancel = context.WithTimeout(ctx, step.timeout)
		}
		select {
		case <-p.done:
			cancel()
			return nil
		case <-wait.Done():
			cancel()
		}
	}
	return errors.New("stop private PostgreSQL: it does not end")
}

// abandon ends a server that did not become ready.
func (p *Private) abandon() {
	_ = p.process.Signal(syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		_ = p.process.Kill()
		<-p.done
	}
}

// url is the connection string of a database of the cluster.
func (l layout) url(database string) string {
	q := url.Values{"host": {l.socket}, "port": {"5432"}}
	return "postgres://" + privateName + "@/" + database + "?" + q.Encode()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/postgres"
)

func upCommand() subcommand {
	return subcommand{
		name:  "up",
		about: "everything on this machine: database, bus and all services",
		run:   func(ctx context.Context, args []string) error { return up(ctx, args, os.Stdout, os.Stderr) },
	}
}

const upHelp = `packroom up [--config FILE] [--data DIR]

Starts the embedded NATS and the private PostgreSQL, where the settings name no
external ones, and then the services of up.services, each a process of its own
that is started again when it dies. Ctrl-C stops all of it; a second one at once.
Everything it keeps lies in DIR (default: var).

deploy/packroom.yml explains the settings; "packroom doctor" checks the machine.
`

var _ process = (*postgres.Private)(nil)

// The stop of all, within 10 s together.
const (
	childGrace    = 4 * time.Second         // twice: the services, then the simulated room
	postgresGrace = 1500 * time.Millisecond // it ends in 0.2 s, and recovers where it was killed

	sameCtrlC = 300 * time.Millisecond
)

func up(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, rest, err := loadConfig(args)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, upHelp)
		return nil
	} else if err != nil || flags.NArg() > 0 {
		fmt.Fprint(stderr, upHelp)
		return errUsage
	}
	defer killAtSecondCtrlC(stderr)()

	lines := &lineWriter{w: stderr}
	u := &upRun{cfg: cfg, began: time.Now(), out: stdout, lines: lines, log: cfg.loggerTo("up", lines)}
	u.sup = newSupervisor(u.log)
	return u.run(ctx)
}

// killAtSecondCtrlC ends this process, and with it by the kernel all children,
// when it is told to end for the second time. One Ctrl-C may come as two
// signals, from the terminal and from a parent that passes it on.
func killAtSecondCtrlC(stderr io.Writer) (stop func()) {
	signals, over := make(chan os.Signal, 4), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for first := (time.Time{}); first.IsZero() || time.Since(first) < sameCtrlC; {
			select {
			case <-signals:
				if first.IsZero() {
					first = time.Now()
				}
			case <-over:
				return
			}
		}
		fmt.Fprintln(stderr, "packroom up: killed")
		os.Exit(130)
	}()
	return func() { signal.Stop(signals); close(over) }
}

// upRun is one run of "packroom up".
type upRun struct {
	cfg   Config
	began time.Time
	out   io.Writer // progress and addresses, for people
	lines *lineWriter
	log   *slog.Logger
	sup   *supervisor
}

func (u *upRun) run(ctx context.Context) error {
	if err := os.MkdirAll(u.cfg.Data, 0o755); err != nil { // PostgreSQL's user must pass
		return fmt.Errorf("data directory: %w", err)
	}
	if _, err := u.cfg.Secrets(); err != nil {
		return err
	}
	if err := u.awaitPorts(ctx); err != nil {
		return err
	}
	for _, name := range u.order() {
		u.sup.update(name, func(r *childStatus) { r.State = stateStarting })
	}
	statusCtx, stopStatus := context.WithCancel(context.WithoutCancel(ctx)) // until the end
	var status sync.WaitGroup
	status.Go(func() {
		if err := serveHTTP(statusCtx, "up.listen", u.cfg.Up.Listen, statusHandler(u.sup)); err != nil {
			u.log.Error("no status page", "error", err)
		}
	})
	defer status.Wait()
	defer stopStatus()

	stopNATS, err := u.startNATS()
	if err != nil {
		return err
	}
	defer stopNATS()
	postgresURL, stopPostgres, err := u.startPostgres(ctx)
	if err != nil {
		return err
	}
	defer stopPostgres()

	stopChildren := u.startChildren(postgresURL)
	if u.awaitHealthy(ctx) {
		u.say("everything is up after %s\n", seconds(time.Since(u.began)))
		u.printWelcome()
	}
	<-ctx.Done()
	u.say("stopping ...")
	began := time.Now()
	stopChildren()
	stopPostgres()
	stopNATS()
	u.say("stopped after %s", seconds(time.Since(began)))
	return nil
}

// order is the names of all that runs, as shown.
func (u *upRun) order() []string {
	var names []string
	if u.cfg.NATS.URL == "" {
		names = append(names, "nats")
	}
	if u.cfg.Postgres.URL == "" {
		names = append(names, "postgres")
	}
	return append(names, u.cfg.Up.Services...)
}

// say prints one line of progress.
func (u *upRun) say(format string, v ...any) { fmt.Fprintf(u.out, format+"\n", v...) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// awaitPorts checks that all addresses are free. Those of a run that was killed
// just now may take a moment.
func (u *upRun) awaitPorts(ctx context.Context) error {
	tcp, udp := u.cfg.listensHere()
	for deadline := time.Now().Add(2 * time.Second); ; {
		err := checkPorts(tcp, udp)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// listensHere are the addresses of what "packroom up" starts, by key.
func (c Config) listensHere() (tcp, udp map[string]string) {
	tcp, udp = c.listens(), c.listensUDP()
	for _, m := range []map[string]string{tcp, udp} {
		for key := range m {
			section, _, _ := strings.Cut(key, ".")
			if slices.Contains(serviceNames, section) && !slices.Contains(c.Up.Services, section) {
				delete(m, key)
			}
		}
	}
	return tcp, udp
}

func (u *upRun) startNATS() (stop func(), err error) {
	if u.cfg.NATS.URL != "" {
		u.say("NATS: the one at %s", hostOf(u.cfg.NATS.URL))
		return func() {}, nil
	}
	host, portText, err := net.SplitHostPort(u.cfg.NATS.Listen)
	if err != nil {
		return nil, fmt.Errorf("nats.listen: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("nats.listen: %w", err)
	}
	u.say("starting NATS ...")
	began := time.Now()
	e, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: u.cfg.Path("nats"), Host: host, Port: port, Log: u.cfg.loggerTo("nats", u.lines)})
	if err != nil {
		return nil, err
	}
	u.sup.update("nats", func(r *childStatus) { r.State, r.PID = stateRunning, os.Getpid() })
	u.say("  NATS is ready after %s", seconds(time.Since(began)))
	return sync.OnceFunc(func() {
		e.Stop()
		u.sup.update("nats", func(r *childStatus) { r.State, r.PID = stateStopped, 0 })
	}), nil
}

// startPostgres starts the private cluster and keeps it running; a first start
// that fails is an error at once.
func (u *upRun) startPostgres(ctx context.Context) (url string, stop func(), err error) {
	if u.cfg.Postgres.URL != "" {
		u.say("PostgreSQL: an external one")
		return u.cfg.Postgres.URL, func() {}, nil
	}
	dir, log := u.cfg.Path("postgres"), u.cfg.loggerTo("postgres", u.lines)
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		u.say("starting PostgreSQL for the first time, which takes a moment ...")
	} else {
		u.say("starting PostgreSQL ...")
	}
	began := time.Now()
	first, err := postgres.StartPrivate(ctx, dir, log)
	if err != nil {
		return "", nil, err
	}
	u.say("  PostgreSQL is ready after %s", seconds(time.Since(began)))
	url = first.URL()
	run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it stops after the services
	var running sync.WaitGroup
	running.Go(func() {
		u.sup.run(run, service{name: "postgres", grace: postgresGrace, start: func(ctx context.Context) (process, error) {
			if p := first; p != nil {
				first = nil
				return p, nil
			}
			return postgres.StartPrivate(ctx, dir, log)
		}})
	})
	stop = sync.OnceFunc(func() {
		_ = os.Remove(u.cfg.Path(postgresURLFile))
		cancel()
		running.Wait()
	})
	if err := os.WriteFile(u.cfg.Path(postgresURLFile), []byte(url+"\n"), 0o600); err != nil {
		stop()
		return "", nil, fmt.Errorf("tell the database's address: %w", err)
	}
	return url, stop, nil
}

// startChildren starts all services at once and keeps them running until stop.
// The simulated room is the hardware of the others: it stops last, so that they
// leave the door and the laser as they should.
func (u *upRun) startChildren(postgresURL string) (stop func()) {
	u.say("starting %s ...", strings.Join(u.cfg.Up.Services, ", "))
	env := childEnv(os.Environ(), postgresURL, u.cfg.NATSURL())
	var stops []func() // in order
	for _, hardware := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		for _, name := range u.cfg.Up.Services {
			if (name == "sim") == hardware {
				running.Go(func() { u.sup.run(ctx, u.child(name, env)) })
			}
		}
		stops = append(stops, func() { cancel(); running.Wait() })
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// child is one service as a process of its own.
func (u *upRun) child(name string, env []string) service {
	args := []string{name, "--data", u.cfg.Data}
	if u.cfg.File != "" {
		args = append(args, "--config", u.cfg.File)
	}
	out := &childLog{name: name, json: u.cfg.Log.Format == "json", out: u.lines}
	return service{name: name, grace: childGrace, health: httpCheck(u.cfg.listens()[name+".listen"]), hungAfter: u.cfg.Up.HungAfter,
		start: func(context.Context) (process, error) { return startChild(out, args, env) }}
}

// childEnv is this process's environment with the addresses of what it runs.
func childEnv(environ []string, postgresURL, natsURL string) []string {
	env := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		return strings.HasPrefix(kv, "PACKROOM_POSTGRES_URL=") || strings.HasPrefix(kv, "PACKROOM_NATS_URL=")
	})
	return append(env, "PACKROOM_POSTGRES_URL="+postgresURL, "PACKROOM_NATS_URL="+natsURL)
}

// awaitHealthy says which services have become healthy, and every 5 s what it
// still waits for. It reports whether all have before ctx ends.
func (u *upRun) awaitHealthy(ctx context.Context) bool {
	said := map[string]bool{}
	remind := time.NewTicker(5 * time.Second)
	defer remind.Stop()
	for {
		rows, changed := u.sup.status()
		for _, r := range rows {
			if r.State == stateRunning && !said[r.Name] && slices.Contains(u.cfg.Up.Services, r.Name) {
				said[r.Name] = true
				u.say("  %s is ready after %s", r.Name, seconds(time.Since(u.began)))
			}
		}
		if notRunning(rows) == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		case <-remind.C:
			u.say("  still waiting for %s", strings.Join(awaited(rows), ", "))
		}
	}
}

// awaited names the services that do not run yet, with what they say about it.
func awaited(rows []childStatus) (names []string) {
	for _, r := range rows {
		if r.State != stateRunning {
			names = append(names, r.Name+r.why())
		}
	}
	return names
}

// hostOf shows where a URL leads and none of its secrets.
func hostOf(raw string) string {
	raw = raw[strings.LastIndexByte(raw, '@')+1:]
	return strings.TrimPrefix(raw, "nats://")
}

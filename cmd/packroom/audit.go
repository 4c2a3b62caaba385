package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/packroom/packroom/room/postgres"
)

func auditCommand() subcommand {
	return subcommand{
		name:  "audit",
		about: "check that the event log, or exported footage, was not altered: audit verify|footage",
		run:   func(ctx context.Context, args []string) error { return audit(ctx, args, os.Stdout, os.Stderr) },
	}
}

const auditHelp = `packroom audit verify [--url URL] [--config FILE] [--data DIR]
packroom audit footage [--url URL] [--config FILE] [--data DIR] CERTIFICATE FILE

Walks along every room's event log and checks each row's hash, its link to the
row before and the end of the log. It prints a line a room and the hash of its
last event: keep that line elsewhere, and nobody can rewrite what is before it.
Exit status 1 where a row was altered, removed or reordered; the first is named.
With footage, it also checks that the exported FILE is what its CERTIFICATE says,
and that the event log has its checksum where the certificate says.

  --url URL      a PostgreSQL database; without it the one of the settings, or
                 the private one under the data directory, started for the
                 check where it does not run
`

func audit(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	url := flags.String("url", "", "")
	if len(args) == 0 || args[0] != "verify" && args[0] != "footage" {
		fmt.Fprint(stderr, auditHelp)
		return errUsage
	}
	cfg, rest, err := loadConfig(args[1:])
	if err != nil {
		return err
	}
	if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, auditHelp)
		return nil
	} else if err != nil || flags.NArg() != map[string]int{"verify": 0, "footage": 2}[args[0]] {
		fmt.Fprint(stderr, auditHelp)
		return errUsage
	}
	if *url == "" {
		found, stop, err := auditedDatabase(ctx, cfg)
		if err != nil {
			return err
		}
		defer stop()
		*url = found
	}
	if args[0] == "footage" {
		return auditFootage(ctx, *url, flags.Arg(0), flags.Arg(1), stdout)
	}
	reports, err := postgres.Audit(ctx, *url)
	if err != nil {
		return err
	}
	return printAudit(stdout, reports)
}

// printAudit prints a line a room; a fault makes the exit status 1.
func printAudit(w io.Writer, reports []postgres.AuditReport) error {
	var err error
	for _, r := range reports {
		if f := r.Fault; f != nil {
			fmt.Fprintf(w, "%s/%s: FAULT at event %d: %s: %s\n", r.Property, r.Room, f.Seq, f.Kind, f.Text)
			err = exitError{1}
			continue
		}
		fmt.Fprintf(w, "%s/%s: %d events, all whole and in order; the last has hash %s\n", r.Property, r.Room, r.Events, hex.EncodeToString(r.Head))
	}
	if len(reports) == 0 {
		fmt.Fprintln(w, "no room has been kept in this database yet")
	}
	return err
}

// auditedDatabase is the database of the settings. A private one that does not
// run is started; stop ends it.
func auditedDatabase(ctx context.Context, cfg Config) (url string, stop func(), err error) {
	dir := cfg.Path("postgres")
	if cfg.Postgres.URL != "" {
		return cfg.Postgres.URL, func() {}, nil
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "PG_VERSION")); err != nil {
		return "", nil, fmt.Errorf("no database in %s: name one with --url or --data", dir)
	}
	p, err := postgres.StartPrivate(ctx, dir, nil)
	if errors.Is(err, postgres.ErrRunning) {
		url, err := cfg.PostgresURL()
		return url, func() {}, err
	}
	if err != nil {
		return "", nil, err
	}
	return p.URL(), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = p.Stop(ctx) // it was only read
	}, nil
}

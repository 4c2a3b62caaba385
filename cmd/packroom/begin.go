package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/postgres"
)

// begun is what a service has when its own work begins. end releases it.
type begun struct {
	cfg     Config
	secrets Secrets
	log     *slog.Logger
	store   *postgres.Store // nil unless asked for
	bus     *bus.Bus        // nil unless asked for
}

// need is something that a service asks begin for.
type need int

const (
	needStore need = iota
	needBus
)

// begin reads settings and secrets and connects a service to what it needs. A
// database or bus that is away is waited for.
func begin(ctx context.Context, service string, args []string, needs ...need) (*begun, error) {
	cfg, rest, err := loadConfig(args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("unknown words %q", rest)
	}
	b := &begun{cfg: cfg, log: cfg.Logger(service)}
	if b.secrets, err = cfg.Secrets(); err != nil {
		return nil, err
	}
	for _, n := range needs {
		switch n {
		case needStore:
			b.store, err = openStore(ctx, cfg, b.secrets, b.log)
		case needBus:
			b.bus, err = bus.Connect(ctx, cfg.busConfig(service, b.log))
		}
		if err != nil {
			b.end()
			return nil, err
		}
	}
	return b, nil
}

func (b *begun) end() {
	if b.bus != nil {
		b.bus.Close()
	}
	if b.store != nil {
		b.store.Close()
	}
}

// openStore opens the database, and waits for it where it is away.
func openStore(ctx context.Context, cfg Config, secrets Secrets, log *slog.Logger) (*postgres.Store, error) {
	url, err := cfg.PostgresURL()
	if err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		store, err := postgres.Open(ctx, postgres.Config{URL: url, Property: cfg.Property.ID, Room: cfg.Room.ID, SealKey: secrets.SealKey, Log: log})
		if err == nil || !errors.Is(err, room.ErrUnavailable) {
			return store, err
		}
		if !told {
			log.Warn("the database is away; waiting for it", "error", err)
		}
		if err := waitABit(ctx, 500*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func waitABit(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// runTogether runs parts until one fails or ctx ends. A part that returns nil is
// done; the others go on. Ending because ctx did is no error.
func runTogether(ctx context.Context, parts ...func(context.Context) error) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		g.Go(func() error { return part(gctx) })
	}
	if err := g.Wait(); err != nil && !(errors.Is(err, context.Canceled) && ctx.Err() != nil) && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

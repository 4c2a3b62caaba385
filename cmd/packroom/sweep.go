package main

import (
	"context"
	"log/slog"
	"time"
)

// sweep removes things of one sort that are past their retention.
type sweep struct {
	what   string
	keep   time.Duration
	remove func(ctx context.Context, before time.Time) (int, error)
}

// sweepHourly sweeps at once and every hour, until ctx ends.
func sweepHourly(ctx context.Context, log *slog.Logger, sweeps ...sweep) error {
	for {
		for _, s := range sweeps {
			n, err := s.remove(ctx, time.Now().Add(-s.keep))
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				log.Error("what is past its retention stays for now", "what", s.what, "error", err)
			case n > 0:
				log.Info("what was past its retention is gone", "what", s.what, "count", n)
			}
		}
		if waitABit(ctx, time.Hour) != nil {
			return nil
		}
	}
}

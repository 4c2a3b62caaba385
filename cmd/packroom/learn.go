package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/packroom/packroom/room"
)

// learnReport shows where label readings and couriers' choices differ, of all
// that the room's log holds: the pairs of picture and choice stay as long as the
// log; the pictures as long as retention.labels says.
func learnReport(ctx context.Context, args []string, out io.Writer) error {
	cfg, rest, err := loadConfig(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("unknown words %q", rest)
	}
	secrets, err := cfg.Secrets()
	if err != nil {
		return err
	}
	url, stop, err := auditedDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	cfg.Postgres.URL = url
	store, err := openStore(ctx, cfg, secrets, cfg.Logger("read"))
	if err != nil {
		return err
	}
	defer store.Close()
	lessons, err := lessonsOf(ctx, store)
	if err != nil {
		return err
	}
	residents, err := store.Roster(ctx)
	if err != nil {
		return err
	}
	return printLessons(out, lessons, residents)
}

// eventSource is where the log is kept.
type eventSource interface {
	Events(ctx context.Context, f room.EventFilter) ([]room.Event, error)
}

// lesson is one label: what was read, and whom the courier chose.
type lesson struct {
	event  room.Event
	read   room.RegisteredData
	chosen string // ID; empty = nobody
}

// differs reports whether the courier chose another than the reading's first.
func (l lesson) differs() bool { return l.read.ReadResident != l.chosen }

// lessonsOf are the labels that were read and then registered, oldest first.
func lessonsOf(ctx context.Context, log eventSource) ([]lesson, error) {
	const page = 1000
	var out []lesson
	f := room.EventFilter{Kinds: []room.EventKind{room.EvParcelRegistered}, Limit: page}
	for {
		events, err := log.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			var d room.RegisteredData
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return nil, fmt.Errorf("event %d: %w", e.Seq, err)
			}
			if d.Decision != "" {
				out = append(out, lesson{e, d, e.Resident})
			}
			f.Before = e.Seq
		}
		if len(events) < page {
			slices.Reverse(out)
			return out, nil
		}
	}
}

// printLessons prints a line for each decision, and one for each label whose
// resident was chosen otherwise.
func printLessons(w io.Writer, lessons []lesson, residents []room.Resident) error {
	names := map[string]string{"": "nobody"}
	for _, r := range residents {
		names[r.ID] = r.Name() + ", " + r.Unit
	}
	name := func(id string) string { return cmp.Or(names[id], id) }
	fmt.Fprintf(w, "%d labels were read and then registered\n", len(lessons))
	for _, d := range []room.Decision{room.DecisionMatch, room.DecisionConfirm, room.DecisionNone} {
		n, same := 0, 0
		for _, l := range lessons {
			if l.read.Decision == d {
				n++
				if !l.differs() {
					same++
				}
			}
		}
		if n > 0 {
			fmt.Fprintf(w, "%-8s %5d, the courier chose the reading's first in %d (%.1f %%)\n", d, n, same, 100*float64(same)/float64(n))
		}
	}
	for _, l := range lessons {
		if !l.differs() {
			continue
		}
		picture := "no picture"
		if len(l.event.Pictures) > 0 && l.event.Pictures[0] != "" {
			picture = "picture " + l.event.Pictures[0]
		}
		_, err := fmt.Fprintf(w, "%s %s: read %q %q, %s %.3f; chosen: %s; %s\n", l.event.Time.UTC().Format("2006-01-02 15:04"), l.read.Decision,
			l.read.ReadRecipient, l.read.ReadUnit, name(l.read.ReadResident), l.read.ReadScore, name(l.chosen), picture)
		if err != nil {
			return err
		}
	}
	return nil
}

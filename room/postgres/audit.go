package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/packroom/packroom/room"
)

// AuditReport is what a walk along one room's event log found.
type AuditReport struct {
	Property string
	Room     string
	Events   int64       // rows found whole, from the first, up to Fault
	Head     []byte      // hash of the last of them; who keeps it elsewhere can prove later that nothing before it was rewritten
	Fault    *AuditFault // the first; nil = the log is whole
}

// FaultKind says what is wrong with a row of the event log.
type FaultKind string

// The kinds of fault.
const (
	FaultAltered   FaultKind = "altered"   // the row is not what was hashed
	FaultReplaced  FaultKind = "replaced"  // altered, with a fresh hash: the row after it disagrees
	FaultRemoved   FaultKind = "removed"   // the row is gone
	FaultReordered FaultKind = "reordered" // the row is whole, but another one's place in the log is its own
	FaultAdded     FaultKind = "added"     // the row lies beyond the head that the last commit left
)

// AuditFault is the first wrong row.
type AuditFault struct {
	Seq  int64
	Kind FaultKind
	Text string // what is wrong, for people
}

// Verify walks along this store's room.
func (s *Store) Verify(ctx context.Context) (AuditReport, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return AuditReport{}, mapErr("verify the event log", err)
	}
	defer conn.Release()
	var r AuditReport
	err = inSnapshot(ctx, conn.Conn(), func(tx pgx.Tx) (err error) {
		r, err = verify(ctx, tx, s.property, s.room)
		return err
	})
	return r, mapErr("verify the event log", err)
}

// Audit walks along the event log of every room in a database, which it only
// reads. It needs no key and no running service.
func Audit(ctx context.Context, url string) ([]AuditReport, error) {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("audit: read the URL: %w: %s", room.ErrInvalid, passwordless(err))
	}
	prepareConn(cc)
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return nil, mapErr("audit", err)
	}
	defer closeConn(conn)
	var all []AuditReport
	err = inSnapshot(ctx, conn, func(tx pgx.Tx) error {
		const chains = `SELECT property, room FROM rooms UNION SELECT property, room FROM events ORDER BY 1, 2`
		rows, err := tx.Query(ctx, chains)
		if err != nil {
			return err
		}
		type chain struct{ Property, Room string }
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[chain])
		if err != nil {
			return err
		}
		for _, c := range found {
			r, err := verify(ctx, tx, c.Property, c.Room)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	var pe *pgconn.PgError
	if errors.As(err, &pe) && pe.Code == "42P01" { // undefined_table
		return nil, fmt.Errorf("audit: %w: there is no event log in this database", room.ErrNotFound)
	}
	return all, mapErr("audit", err)
}

// AuditEvent gives the event at a place of a log, and what a walk along that log
// found: room.ErrNotFound where there is none.
func AuditEvent(ctx context.Context, url string, at room.Entry) (e room.Event, r AuditReport, err error) {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return e, r, fmt.Errorf("audit: read the URL: %w: %s", room.ErrInvalid, passwordless(err))
	}
	prepareConn(cc)
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return e, r, mapErr("audit", err)
	}
	defer closeConn(conn)
	err = inSnapshot(ctx, conn, func(tx pgx.Tx) error {
		const event = `SELECT ` + eventColumns + ` FROM events WHERE property = $1 AND room = $2 AND seq = $3`
		rows, err := tx.Query(ctx, event, at.Property, at.Room, at.Seq)
		if err != nil {
			return err
		}
		if e, err = pgx.CollectExactlyOneRow(rows, scanEvent); err != nil {
			return err
		}
		r, err = verify(ctx, tx, at.Property, at.Room)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = fmt.Errorf("event %d of %s/%s: %w", at.Seq, at.Property, at.Room, room.ErrNotFound)
	}
	return e, r, mapErr("audit", err)
}

func inSnapshot(ctx context.Context, conn *pgx.Conn, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}

// walk is one chain being verified.
type walk struct {
	tx             pgx.Tx
	property, room string
	report         AuditReport
	head           head
	headless       bool
}

func verify(ctx context.Context, tx pgx.Tx, property, roomID string) (AuditReport, error) {
	w := &walk{tx: tx, property: property, room: roomID, report: AuditReport{Property: property, Room: roomID}}
	const readHead = `SELECT seq, hash FROM rooms WHERE property = $1 AND room = $2`
	err := tx.QueryRow(ctx, readHead, property, roomID).Scan(&w.head.seq, &w.head.hash)
	if w.headless = errors.Is(err, pgx.ErrNoRows); err != nil && !w.headless {
		return AuditReport{}, err
	}
	var bad *room.Event
	err = w.each(ctx, func(e room.Event) bool {
		if !w.follows(e) {
			bad = &e
			return false
		}
		w.report.Events, w.report.Head = e.Seq, e.Hash
		return true
	})
	switch {
	case err != nil:
		return AuditReport{}, err
	case bad != nil:
		err = w.blame(ctx, *bad)
	default:
		w.compareHead()
	}
	return w.report, err
}

// each gives the rows in their order until f has seen enough.
func (w *walk) each(ctx context.Context, f func(room.Event) bool) error {
	const rows = `SELECT ` + eventColumns + ` FROM events WHERE property = $1 AND room = $2 ORDER BY seq`
	found, err := w.tx.Query(ctx, rows, w.property, w.room)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		e, err := scanEvent(found)
		if err != nil {
			return fmt.Errorf("event %d: %w", w.report.Events+1, err)
		}
		if !f(e) {
			return nil
		}
	}
	return found.Err()
}

// follows reports whether e is whole and the one after all before it.
func (w *walk) follows(e room.Event) bool {
	return e.Seq == w.report.Events+1 && bytes.Equal(e.Prev, w.report.Head) && bytes.Equal(e.Hash, room.ChainHash(e.Prev, e))
}

func (w *walk) fault(seq int64, kind FaultKind, text string, args ...any) {
	w.report.Fault = &AuditFault{Seq: seq, Kind: kind, Text: fmt.Sprintf(text, args...)}
}

// blame finds out what happened at e, the first row that does not follow.
func (w *walk) blame(ctx context.Context, e room.Event) error {
	want := w.report.Events + 1
	if bytes.Equal(e.Hash, room.ChainHash(e.Prev, e)) {
		switch {
		case e.Seq > want:
			w.fault(want, FaultRemoved, "event %d is missing: event %d is followed by event %d", want, want-1, e.Seq)
		case e.Seq < want:
			w.fault(e.Seq, FaultAdded, "there are two events %d", e.Seq)
		case want == 1:
			w.fault(1, FaultRemoved, "event 1 says that it follows another one: the beginning of the log is gone")
		default:
			w.fault(want-1, FaultReplaced, "event %d is not the one that event %d was chained to: it was rewritten with a new hash", want-1, e.Seq)
		}
		return nil
	}
	origin := w.origin(e)
	if origin == 0 {
		w.fault(e.Seq, FaultAltered, "event %d is not what was written: its content does not give its hash", e.Seq)
		return nil
	}
	// e is whole but renumbered. Whether the one that was here is elsewhere or
	// gone is the difference between reordered and removed.
	elsewhere := int64(0)
	err := w.each(ctx, func(o room.Event) bool {
		if o.Seq != want && wasNumbered(o, want) {
			elsewhere = o.Seq
		}
		return elsewhere == 0
	})
	if elsewhere != 0 {
		w.fault(want, FaultReordered, "event %d stands where event %d belongs, which stands at %d", origin, want, elsewhere)
	} else {
		w.fault(want, FaultRemoved, "event %d is gone, and event %d was renumbered into its place", want, origin)
	}
	return err
}

// origin is the number under which e was written; 0 = its content was altered.
func (w *walk) origin(e room.Event) int64 {
	for seq := int64(1); seq <= max(w.head.seq, e.Seq)+1; seq++ {
		if wasNumbered(e, seq) {
			return seq
		}
	}
	return 0
}

func wasNumbered(e room.Event, seq int64) bool {
	e.Seq = seq
	return bytes.Equal(e.Hash, room.ChainHash(e.Prev, e))
}

// compareHead checks the end of the log against what the last commit noted.
func (w *walk) compareHead() {
	last := w.report.Events
	switch {
	case w.headless:
		w.fault(max(last, 1), FaultRemoved, "the room's row, which keeps the end of the log, is gone: events after %d may be missing", last)
	case w.head.seq > last:
		w.fault(last+1, FaultRemoved, "events %d to %d are missing: the log ends too early", last+1, w.head.seq)
	case w.head.seq < last:
		w.fault(w.head.seq+1, FaultAdded, "the last commit ended with event %d: what follows was added later, or the room's row was altered", w.head.seq)
	case !bytes.Equal(w.head.hash, w.report.Head):
		w.fault(last, FaultReplaced, "event %d is not the one that the last commit wrote: it was rewritten with a new hash", last)
	}
}

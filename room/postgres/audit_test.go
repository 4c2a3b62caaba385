package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

// tenEvents writes a log of events 1 to 10.
func tenEvents(t *testing.T, s *postgres.Store) {
	t.Helper()
	for i := range 5 {
		a, b := event(fmt.Sprint("a", i), room.EvDoorOpened), event(fmt.Sprint("b", i), room.EvDoorClosed)
		a.Data = json.RawMessage(fmt.Sprintf(`{"n": %d}`, i))
		commit(t, s, room.Commit{Events: []room.Event{a, b}})
	}
}

func TestTheLogRefusesToBeChanged(t *testing.T) {
	s := postgrestest.New(t)
	tenEvents(t, s)
	for _, statement := range []string{
		`UPDATE events SET reason = 'x' WHERE seq = 3`,
		`DELETE FROM events WHERE seq = 3`,
		`TRUNCATE events CASCADE`,
		`DELETE FROM rooms`,
	} {
		conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), statement)
		_ = conn.Close(context.WithoutCancel(t.Context()))
		if pe, ok := err.(*pgconn.PgError); !ok || pe.Code != "23001" && pe.Code != "23503" {
			t.Errorf("%s: %v, want it refused", statement, err)
		}
	}
	if r, err := s.Verify(t.Context()); err != nil || r.Fault != nil || r.Events != 10 {
		t.Errorf("verify: %+v, %v", r, err)
	}
}

func TestVerifyFindsTheFirstWrongRow(t *testing.T) {
	cases := map[string]struct {
		statements []string
		rehash     int64 // this row gets a hash that fits its content
		seq        int64
		kind       postgres.FaultKind
		says       string
	}{
		"data altered":        {statements: []string{`UPDATE events SET data = '{"n":  1}' WHERE seq = 3`}, seq: 3, kind: postgres.FaultAltered},
		"a reason added":      {statements: []string{`UPDATE events SET reason = 'expired' WHERE seq = 6`}, seq: 6, kind: postgres.FaultAltered},
		"time moved by 1 µs":  {statements: []string{`UPDATE events SET time = time + interval '1 microsecond' WHERE seq = 10`}, seq: 10, kind: postgres.FaultAltered},
		"a picture exchanged": {statements: []string{`UPDATE events SET pictures = '{other}' WHERE seq = 1`}, seq: 1, kind: postgres.FaultAltered},
		"two altered":         {statements: []string{`UPDATE events SET "by" = 'me' WHERE seq IN (8, 4)`}, seq: 4, kind: postgres.FaultAltered},
		"hash altered":        {statements: []string{`UPDATE events SET hash = sha256('x') WHERE seq = 5`}, seq: 5, kind: postgres.FaultAltered},
		"prev altered":        {statements: []string{`UPDATE events SET prev = sha256('x') WHERE seq = 5`}, seq: 5, kind: postgres.FaultAltered},
		"altered and hashed anew": {statements: []string{`UPDATE events SET reason = 'x' WHERE seq = 5`}, rehash: 5,
			seq: 5, kind: postgres.FaultReplaced, says: "new hash"},
		"the last altered and hashed anew": {statements: []string{`UPDATE events SET reason = 'x' WHERE seq = 10`}, rehash: 10,
			seq: 10, kind: postgres.FaultReplaced, says: "last commit"},
		"the first removed":             {statements: []string{`DELETE FROM events WHERE seq = 1`}, seq: 1, kind: postgres.FaultRemoved},
		"one removed":                   {statements: []string{`DELETE FROM events WHERE seq = 4`}, seq: 4, kind: postgres.FaultRemoved, says: "event 4 is missing"},
		"three removed":                 {statements: []string{`DELETE FROM events WHERE seq IN (4, 5, 8)`}, seq: 4, kind: postgres.FaultRemoved},
		"the last removed":              {statements: []string{`DELETE FROM events WHERE seq = 10`}, seq: 10, kind: postgres.FaultRemoved, says: "ends too early"},
		"the tail removed":              {statements: []string{`DELETE FROM events WHERE seq > 6`}, seq: 7, kind: postgres.FaultRemoved, says: "7 to 10"},
		"all removed":                   {statements: []string{`DELETE FROM events`}, seq: 1, kind: postgres.FaultRemoved, says: "1 to 10"},
		"removed, gap closed":           {statements: []string{`DELETE FROM events WHERE seq = 4`, `UPDATE events SET seq = seq - 1000 WHERE seq > 4`, `UPDATE events SET seq = seq + 999 WHERE seq < 0`}, seq: 4, kind: postgres.FaultRemoved, says: "event 5 was renumbered"},
		"beginning removed, renumbered": {statements: []string{`DELETE FROM events WHERE seq < 3`, `UPDATE events SET seq = seq - 1000`, `UPDATE events SET seq = seq + 998`}, seq: 1, kind: postgres.FaultRemoved},
		"tail removed with the head":    {statements: []string{`DELETE FROM events WHERE seq > 6`, `DELETE FROM rooms`}, seq: 6, kind: postgres.FaultRemoved},
		"two neighbours exchanged": {statements: []string{`UPDATE events SET seq = 1000 WHERE seq = 4`, `UPDATE events SET seq = 4 WHERE seq = 5`, `UPDATE events SET seq = 5 WHERE seq = 1000`},
			seq: 4, kind: postgres.FaultReordered, says: "event 5 stands where event 4 belongs, which stands at 5"},
		"far ones exchanged": {statements: []string{`UPDATE events SET seq = 1000 WHERE seq = 2`, `UPDATE events SET seq = 2 WHERE seq = 9`, `UPDATE events SET seq = 9 WHERE seq = 1000`},
			seq: 2, kind: postgres.FaultReordered, says: "stands at 9"},
		"one moved to the end": {statements: []string{`UPDATE events SET seq = 11 WHERE seq = 4`}, seq: 4, kind: postgres.FaultRemoved},
		"one copied to the end": {statements: []string{`INSERT INTO events (property, room, seq, id, kind, time, visit, parcel, resident, courier, carrier, slot, camera, pictures, reason, "by", data, prev, hash) SELECT property, room, 11, 'copy', kind, time, visit, parcel, resident, courier, carrier, slot, camera, pictures, reason, "by", data, hash, hash FROM events WHERE seq = 10`}, rehash: 11,
			seq: 11, kind: postgres.FaultAdded},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := postgrestest.New(t), postgrestest.URL(t)
			tenEvents(t, s)
			sql(t, url, `ALTER TABLE events DROP CONSTRAINT events_seq_check, DROP CONSTRAINT events_check`)
			for _, statement := range tc.statements {
				sql(t, url, `ALTER TABLE events DISABLE TRIGGER ALL`)
				sql(t, url, `SET session_replication_role = replica; `+statement)
			}
			if tc.rehash > 0 {
				rehash(t, s, url, tc.rehash)
			}
			reports, err := postgres.Audit(t.Context(), url)
			if err != nil || len(reports) != 1 {
				t.Fatalf("audit: %v, %v", reports, err)
			}
			f := reports[0].Fault
			if f == nil {
				t.Fatal("nothing found")
			}
			if f.Seq != tc.seq || f.Kind != tc.kind || !strings.Contains(f.Text, tc.says) {
				t.Errorf("found %d %s: %s; want %d %s (%s)", f.Seq, f.Kind, f.Text, tc.seq, tc.kind, tc.says)
			}
			if own, err := s.Verify(t.Context()); err != nil || own.Fault == nil || *own.Fault != *f {
				t.Errorf("the store's own verify: %+v, %v", own.Fault, err)
			}
		})
	}
}

func rehash(t *testing.T, s *postgres.Store, url string, seq int64) {
	t.Helper()
	found, err := s.Events(t.Context(), room.EventFilter{After: seq - 1, Before: seq + 1})
	if err != nil || len(found) != 1 {
		t.Fatalf("event %d: %v, %v", seq, found, err)
	}
	sql(t, url, `UPDATE events SET hash = $2 WHERE seq = $1`, seq, room.ChainHash(found[0].Prev, found[0]))
}

func TestAuditWalksEveryRoomOfADatabase(t *testing.T) {
	s, url := postgrestest.New(t), postgrestest.URL(t)
	tenEvents(t, s)
	cfg := postgrestest.Config(url)
	cfg.Room = "annex"
	annex, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer annex.Close()
	last := commit(t, annex, room.Commit{Events: []room.Event{event("a0", room.EvDoorOpened)}}) // an ID of the other room's
	reports, err := postgres.Audit(t.Context(), url)
	if err != nil || len(reports) != 2 {
		t.Fatalf("audit: %+v, %v", reports, err)
	}
	if r := reports[0]; r.Room != "annex" || r.Events != 1 || string(r.Head) != string(last[0].Hash) || r.Fault != nil {
		t.Errorf("annex: %+v", r)
	}
	if r := reports[1]; r.Room != postgrestest.Room || r.Events != 10 || r.Fault != nil {
		t.Errorf("main: %+v", r)
	}
}

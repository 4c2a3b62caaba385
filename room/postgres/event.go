package postgres

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

const eventColumns = `seq, id, kind, time, property, room, visit, parcel, resident, courier, carrier, slot, camera,
	pictures, reason, "by", data, prev, hash`

// scanEvent reads a row of eventColumns exactly as it was hashed.
func scanEvent(row pgx.CollectableRow) (room.Event, error) {
	var e room.Event
	var data string
	err := row.Scan(&e.Seq, &e.ID, &e.Kind, &e.Time, &e.Property, &e.Room, &e.Visit, &e.Parcel, &e.Resident, &e.Courier,
		&e.Carrier, &e.Slot, &e.Camera, &e.Pictures, &e.Reason, &e.By, &data, &e.Prev, &e.Hash)
	e.Time = e.Time.UTC()
	if data != "" {
		e.Data = json.RawMessage(data)
	}
	if len(e.Pictures) == 0 {
		e.Pictures = nil
	}
	if len(e.Prev) == 0 {
		e.Prev = nil
	}
	return e, err
}

// Events gives the log's rows that f selects, newest first.
func (s *Store) Events(ctx context.Context, f room.EventFilter) ([]room.Event, error) {
	w := s.inRoom()
	w.andIf("parcel = ?", f.Parcel)
	w.andIf("resident = ?", f.Resident)
	w.andIf("courier = ?", f.Courier)
	w.andIf("carrier = ?", f.Carrier)
	w.andIf("visit = ?", f.Visit)
	w.andIf("slot = ?", f.Slot)
	w.between("time", f.From, f.To)
	if len(f.Kinds) > 0 {
		w.and("kind = ANY(?)", texts(f.Kinds))
	}
	if f.Before > 0 {
		w.and("seq < ?", f.Before)
	}
	if f.After > 0 {
		w.and("seq > ?", f.After)
	}
	for _, word := range strings.Fields(f.Query) {
		if err := s.andWord(ctx, w, clean(word)); err != nil {
			return nil, err
		}
	}
	return list(ctx, s, "list events", scanEvent, `SELECT `+eventColumns+` FROM events`+w.String()+
		` ORDER BY seq DESC LIMIT `+w.arg(limit(f.Limit, 100)), w.args...)
}

// findNouns gives the identities of all that a word of a search may mean, by
// noun. At most 5,000 of each: a word that means more selects nothing.
const findNouns = `
	(SELECT 'parcel', id FROM parcels WHERE property = $1 AND room = $2 AND search @@ search_query($3) LIMIT 5000)
	UNION ALL
	(SELECT 'visit', id FROM visits WHERE property = $1 AND room = $2 AND search @@ search_query($3) LIMIT 5000)
	UNION ALL
	(SELECT 'resident', id FROM residents WHERE property = $1 AND search @@ search_query($3) LIMIT 5000)
	UNION ALL
	(SELECT 'courier', id FROM couriers WHERE property = $1 AND search @@ search_query($3) LIMIT 5000)`

// andWord adds the condition that an event has to do with what word names, or
// carries it as kind, reason, carrier, author or slot.
func (s *Store) andWord(ctx context.Context, w *where, word string) error {
	type found struct{ Noun, ID string }
	all, err := list(ctx, s, "search events", pgx.RowToStructByPos[found], findNouns, s.property, s.room, word)
	if err != nil {
		return err
	}
	byNoun := map[string][]string{}
	for _, f := range all {
		byNoun[f.Noun] = append(byNoun[f.Noun], f.ID)
	}
	any := []string{"search @@ search_query(" + w.arg(word) + ")"} // every branch has an index
	for _, noun := range []string{"parcel", "visit", "resident", "courier"} {
		if ids := byNoun[noun]; len(ids) > 0 {
			any = append(any, noun+" = ANY("+w.arg(ids)+")")
		}
	}
	w.conds = append(w.conds, "("+strings.Join(any, " OR ")+")")
	return nil
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// Unpublished gives the oldest events that are not on the bus yet, in Seq order.
func (s *Store) Unpublished(ctx context.Context, n int) ([]room.Event, error) {
	const unpublished = `SELECT ` + eventColumns + ` FROM outbox JOIN events USING (property, room, seq)
		WHERE property = $1 AND room = $2 ORDER BY seq LIMIT $3`
	return list(ctx, s, "list unpublished events", scanEvent, unpublished, s.property, s.room, limit(n, 100))
}

// MarkPublished takes events out of the outbox. Repeating it is harmless.
func (s *Store) MarkPublished(ctx context.Context, seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	const published = `DELETE FROM outbox WHERE property = $1 AND room = $2 AND seq = ANY($3)`
	return s.exec(ctx, "mark events published", published, s.property, s.room, seqs)
}

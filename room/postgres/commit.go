package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

// Commit implements room.Store. A store that never owned the room may commit
// while nobody else owns it; that ends the epoch of whoever did.
func (s *Store) Commit(ctx context.Context, c room.Commit) ([]room.Event, error) {
	epoch, err := s.reign()
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	timeout := callTimeout + time.Duration(len(c.Residents)+len(c.Events))*time.Millisecond
	var events []room.Event
	err = s.inTx(ctx, "commit", timeout, func(ctx context.Context, tx pgx.Tx) error {
		h, err := s.lockHead(ctx, tx, epoch)
		if err != nil {
			return err
		}
		if err := s.receive(ctx, tx, c.Inbox); err != nil {
			return err
		}
		for _, once := range c.Once {
			if err := s.receive(ctx, tx, "once/"+once); errors.Is(err, room.ErrSeen) {
				return fmt.Errorf("%s: %w", once, room.ErrSpent)
			} else if err != nil {
				return err
			}
		}
		if events, err = s.chain(h, c.Events); err != nil {
			return err
		}
		b := &pgx.Batch{}
		if err := s.write(b, c); err != nil {
			return err
		}
		s.writeEvents(b, h, events)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// head is the end of a room's event log.
type head struct {
	epoch int64
	seq   int64
	hash  []byte
}

// lockHead locks the room's row, so that commits happen one after the other,
// and checks that this store may write. epoch 0 = it never owned the room.
func (s *Store) lockHead(ctx context.Context, tx pgx.Tx, epoch int64) (head, error) {
	if epoch == 0 {
		const free = `SELECT pg_advisory_xact_lock(` + roomLock + `)`
		if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '1s'`); err != nil {
			return head{}, err
		}
		if _, err := tx.Exec(ctx, free, s.property, s.room); err != nil {
			return head{}, fmt.Errorf("another process owns the room: %w", err)
		}
	}
	const lock = `SELECT epoch, seq, hash FROM rooms WHERE property = $1 AND room = $2 FOR UPDATE`
	var h head
	if err := tx.QueryRow(ctx, lock, s.property, s.room).Scan(&h.epoch, &h.seq, &h.hash); err != nil {
		return head{}, fmt.Errorf("lock the room: %w", err)
	}
	if h.seq == 0 {
		h.hash = nil
	}
	switch epoch {
	case h.epoch:
	case 0:
		h.epoch++
	default:
		return head{}, fmt.Errorf("%w: another process owns the room now", room.ErrConflict)
	}
	return h, nil
}

// receive notes an input's ID; one noted before is room.ErrSeen.
func (s *Store) receive(ctx context.Context, tx pgx.Tx, id string) error {
	if id == "" {
		return nil
	}
	const note = `INSERT INTO inbox (property, room, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	tag, err := tx.Exec(ctx, note, s.property, s.room, clean(id))
	if err != nil {
		return fmt.Errorf("note input: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("input %s: %w", id, room.ErrSeen)
	}
	return nil
}

// chain gives events their place after h.
func (s *Store) chain(h head, events []room.Event) ([]room.Event, error) {
	out := make([]room.Event, len(events))
	prev, seq := h.hash, h.seq
	for i, e := range events {
		if len(e.Data) > 0 && (!utf8.Valid(e.Data) || !json.Valid(e.Data)) {
			return nil, fmt.Errorf("event %s: %w: its data is not JSON", e.ID, room.ErrInvalid)
		}
		for _, p := range []*string{&e.ID, (*string)(&e.Kind), &e.Visit, &e.Parcel, &e.Resident, &e.Courier,
			&e.Carrier, &e.Slot, &e.Camera, &e.Reason, &e.By} {
			*p = clean(*p)
		}
		e.Pictures = slices.Clone(e.Pictures)
		for j := range e.Pictures {
			e.Pictures[j] = clean(e.Pictures[j])
		}
		e.Property, e.Room = s.property, s.room
		e.Time = e.Time.UTC().Truncate(time.Microsecond)
		seq++
		e.Seq, e.Prev = seq, prev
		e.Hash = room.ChainHash(prev, e)
		prev = e.Hash
		out[i] = e
	}
	return out, nil
}

const (
	insertEvent = `INSERT INTO events (property, room, seq, id, kind, time, visit, parcel, resident, courier,
		carrier, slot, camera, pictures, reason, "by", data, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
	queueEvent = `INSERT INTO outbox (property, room, seq) VALUES ($1, $2, $3)`
	moveHead   = `UPDATE rooms SET epoch = $3, seq = $4, hash = $5 WHERE property = $1 AND room = $2`
	wake       = `SELECT pg_notify($3, $1 || '/' || $2)`
)

// writeEvents adds the rows of the log, of its outbox and its new head.
func (s *Store) writeEvents(b *pgx.Batch, h head, events []room.Event) {
	for _, e := range events {
		b.Queue(insertEvent, s.property, s.room, e.Seq, e.ID, string(e.Kind), e.Time, e.Visit, e.Parcel, e.Resident,
			e.Courier, e.Carrier, e.Slot, e.Camera, notNil(e.Pictures), e.Reason, e.By, string(e.Data), notNil(e.Prev), e.Hash)
		b.Queue(queueEvent, s.property, s.room, e.Seq)
		h.seq, h.hash = e.Seq, e.Hash
	}
	b.Queue(moveHead, s.property, s.room, h.epoch, h.seq, notNil(h.hash))
	if len(events) > 0 {
		b.Queue(wake, s.property, s.room, eventsChannel)
	}
}

// notNil is s for a column that is NOT NULL.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

const (
	// Rows that are as they were are left alone: a roster comes whole every night.
	saveResidents = `INSERT INTO residents (property, id, first_name, last_name, unit, status, aliases, email, phone, language)
		SELECT $1, n.* FROM (
			SELECT coalesce(resident_id, '') AS id, coalesce(first_name, ''), coalesce(last_name, ''), coalesce(unit, ''), status,
				coalesce(aliases, '{}'), coalesce(email, ''), coalesce(phone, ''), coalesce(language, '')
			FROM jsonb_to_recordset($2::jsonb) AS r (resident_id text, first_name text, last_name text, unit text,
				status text, aliases text[], email text, phone text, language text)
			EXCEPT
			SELECT id, first_name, last_name, unit, status, aliases, email, phone, language FROM residents WHERE property = $1) AS n
		ON CONFLICT (property, id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
			unit = excluded.unit, status = excluded.status, aliases = excluded.aliases, email = excluded.email,
			phone = excluded.phone, language = excluded.language`
	saveCouriers = `INSERT INTO couriers (property, id, name, carrier, active)
		SELECT $1, coalesce(id, ''), coalesce(name, ''), coalesce(carrier, ''), coalesce(active, false)
		FROM jsonb_to_recordset($2::jsonb) AS c (id text, name text, carrier text, active boolean)
		ON CONFLICT (property, id) DO UPDATE SET name = excluded.name, carrier = excluded.carrier, active = excluded.active`
	// A credential that went through JSON has lost its hash: the stored one stays.
	saveCredential = `INSERT INTO credentials (property, id, kind, form, holder, hash, valid_from, valid_to, revoked, used, created, hours, label)
		VALUES ($1, $2, $3, $4, $5, coalesce(nullif($6::bytea, ''), (SELECT hash FROM credentials WHERE property = $1 AND id = $2)),
			$7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (property, id) DO UPDATE SET kind = excluded.kind, form = excluded.form, holder = excluded.holder,
			hash = excluded.hash, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
			revoked = excluded.revoked, used = excluded.used, created = excluded.created, hours = excluded.hours, label = excluded.label`
	dropItems = `DELETE FROM items WHERE property = $1 AND room = $2 AND id = ANY($3)`
	saveGrant = `INSERT INTO grants (property, room, id, visit, door, fence, issued, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	saveFence = `INSERT INTO fences (property, room, camera, fence) VALUES ($1, $2, $3, $4)
		ON CONFLICT (property, room, camera) DO UPDATE SET fence = greatest(fences.fence, excluded.fence)`
	saveMessage = `INSERT INTO messages (property, room, id, body, sealed) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
)

// saveBodies upserts rows of a noun's table; key is the field of its identity.
func saveBodies(table, key string) string {
	return `INSERT INTO ` + table + ` (property, room, id, body)
		SELECT $1, $2, coalesce(b ->> '` + key + `', ''), b FROM jsonb_array_elements($3::jsonb) AS b
		ON CONFLICT (property, room, id) DO UPDATE SET body = excluded.body`
}

// write adds all rows of c but its events. Items go before they come, and ended
// credentials before new ones, so that a successor may have the same hash.
func (s *Store) write(b *pgx.Batch, c room.Commit) error {
	if err := s.writePeople(b, c); err != nil {
		return err
	}
	if len(c.ItemsGone) > 0 {
		b.Queue(dropItems, s.property, s.room, cleanAll(c.ItemsGone))
	}
	err := firstError(
		queueBodies(s, b, "visits", "id", c.Visits, func(v room.Visit) string { return v.ID }),
		queueBodies(s, b, "parcels", "id", c.Parcels, func(p room.Parcel) string { return p.ID }),
		queueBodies(s, b, "items", "key", c.Items, func(i room.Item) string { return i.Key }),
		queueBodies(s, b, "incidents", "id", c.Incidents, func(i room.Incident) string { return i.ID }),
		queueBodies(s, b, "slots", "id", c.Slots, func(v room.Slot) string { return v.ID }),
		queueBodies(s, b, "clips", "id", c.Clips, func(v room.Clip) string { return v.ID }),
		queueBodies(s, b, "cameras", "camera", c.Cameras, func(h room.CameraHealth) string { return h.Camera }),
	)
	if err != nil {
		return err
	}
	for _, g := range c.Grants {
		b.Queue(saveGrant, s.property, s.room, clean(g.ID), clean(g.Visit), clean(g.Door), g.Fence, g.Issued, g.Expires)
	}
	for camera, fence := range c.Fences {
		b.Queue(saveFence, s.property, s.room, clean(camera), fence)
	}
	return s.writeMessages(b, c.Messages)
}

func (s *Store) writePeople(b *pgx.Batch, c room.Commit) error {
	if len(c.Residents) > 0 {
		all, err := bodies(c.Residents, func(r room.Resident) string { return r.ID })
		if err != nil {
			return err
		}
		b.Queue(saveResidents, s.property, all)
	}
	if len(c.Couriers) > 0 {
		all, err := bodies(c.Couriers, func(r room.Courier) string { return r.ID })
		if err != nil {
			return err
		}
		b.Queue(saveCouriers, s.property, all)
	}
	endedFirst := slices.Clone(c.Credentials)
	slices.SortStableFunc(endedFirst, func(a, b room.Credential) int { return endedRank(a) - endedRank(b) })
	for _, k := range endedFirst {
		b.Queue(saveCredential, s.property, clean(k.ID), string(k.Kind), string(k.Form), clean(k.Holder), k.Hash,
			orNull(k.ValidFrom), orNull(k.ValidTo), orNull(k.Revoked), orNull(k.Used), k.Created,
			notNil(k.Hours), clean(k.Label))
	}
	return nil
}

func endedRank(c room.Credential) int {
	if c.Revoked.IsZero() && c.Used.IsZero() {
		return 1
	}
	return 0
}

func (s *Store) writeMessages(b *pgx.Batch, messages []room.Message) error {
	for _, m := range messages {
		m.ID = clean(m.ID) // it is the seal's additional data
		sealed, err := s.seal(m)
		if err != nil {
			return err
		}
		body, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("encode message %s: %w", m.ID, err)
		}
		b.Queue(saveMessage, s.property, s.room, m.ID, string(withoutNUL(body)), sealed)
	}
	if len(messages) > 0 {
		b.Queue(wake, s.property, s.room, messagesChannel)
	}
	return nil
}

func queueBodies[T any](s *Store, b *pgx.Batch, table, key string, values []T, id func(T) string) error {
	if len(values) == 0 {
		return nil
	}
	all, err := bodies(values, id)
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	b.Queue(saveBodies(table, key), s.property, s.room, all)
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

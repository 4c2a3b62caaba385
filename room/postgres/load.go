package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

const (
	// The parcels of open visits and of items are read even if they are over.
	loadParcels = `SELECT body FROM parcels WHERE property = $1 AND room = $2 AND NOT over
		UNION ALL
		SELECT body FROM parcels WHERE property = $1 AND room = $2 AND over AND (visit IN (
				SELECT id FROM visits WHERE property = $1 AND room = $2 AND phase <> 'ended')
			OR id IN (SELECT parcel FROM items WHERE property = $1 AND room = $2 AND parcel IS NOT NULL)
			OR id IN (
				SELECT jsonb_array_elements_text(CASE WHEN jsonb_typeof(list) = 'array' THEN list ELSE '[]' END)
				FROM visits, unnest(ARRAY[body -> 'scanned', body -> 'placed', body -> 'collected',
					jsonb_path_query_array(body, '$.in_hand[*].parcel')]) AS list
				WHERE property = $1 AND room = $2 AND phase <> 'ended'))`
	loadVisits    = `SELECT body FROM visits WHERE property = $1 AND room = $2 AND phase <> 'ended'`
	loadIncidents = `SELECT body FROM incidents WHERE property = $1 AND room = $2 AND resolved IS NULL`
	loadItems     = `SELECT body FROM items WHERE property = $1 AND room = $2`
	loadSlots     = `SELECT body FROM slots WHERE property = $1 AND room = $2`
	loadCameras   = `SELECT body FROM cameras WHERE property = $1 AND room = $2`
	loadFences    = `SELECT camera, fence FROM fences WHERE property = $1 AND room = $2`
	loadGrant     = `SELECT id, visit, door, fence, issued, expires,
			(SELECT max(fence) FROM grants WHERE property = $1 AND room = $2) FROM grants
		WHERE property = $1 AND room = $2 AND door <> $3 ORDER BY fence DESC LIMIT 1`
	loadDoor = `SELECT kind, reason, time FROM events WHERE property = $1 AND room = $2 AND kind = ANY($3) ORDER BY seq DESC LIMIT 1`
)

// Load implements room.Store. Slots are as committed last: which exist is the
// configuration's matter. Presence and Prompts are empty. The door is as the
// log last told; its driver reports the present state anyway.
func (s *Store) Load(ctx context.Context) (room.State, error) {
	st := room.State{Property: s.property, Room: s.room, Presence: map[string]room.Presence{}}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		return firstError(
			loadMap(ctx, s, tx, &st.Parcels, loadParcels, func(p room.Parcel) string { return p.ID }),
			loadMap(ctx, s, tx, &st.Visits, loadVisits, func(v room.Visit) string { return v.ID }),
			loadMap(ctx, s, tx, &st.Incidents, loadIncidents, func(i room.Incident) string { return i.ID }),
			loadMap(ctx, s, tx, &st.Items, loadItems, func(i room.Item) string { return i.Key }),
			loadMap(ctx, s, tx, &st.Slots, loadSlots, func(v room.Slot) string { return v.ID }),
			loadMap(ctx, s, tx, &st.Cameras, loadCameras, func(h room.CameraHealth) string { return h.Camera }),
			s.loadFences(ctx, tx, &st),
			s.loadDoor(ctx, tx, &st),
		)
	})
	if err != nil {
		return room.State{}, mapErr("load the room", err)
	}
	return st, nil
}

func loadMap[T any](ctx context.Context, s *Store, tx pgx.Tx, into *map[string]T, sql string, key func(T) string) error {
	rows, err := tx.Query(ctx, sql, s.property, s.room)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, scanBody[T])
	if err != nil {
		return err
	}
	*into = make(map[string]T, len(all))
	for _, v := range all {
		(*into)[key(v)] = v
	}
	return nil
}

func (s *Store) loadFences(ctx context.Context, tx pgx.Tx, st *room.State) error {
	rows, err := tx.Query(ctx, loadFences, s.property, s.room)
	if err != nil {
		return err
	}
	st.Fences = map[string]uint64{}
	var camera string
	var fence uint64
	_, err = pgx.ForEachRow(rows, []any{&camera, &fence}, func() error {
		st.Fences[camera] = fence
		return nil
	})
	return err
}

func (s *Store) loadDoor(ctx context.Context, tx pgx.Tx, st *room.State) error {
	rows, err := tx.Query(ctx, loadGrant, s.property, s.room, room.LockersDoor)
	if err != nil {
		return err
	}
	var g room.Grant
	_, err = pgx.ForEachRow(rows, []any{&g.ID, &g.Visit, &g.Door, &g.Fence, &g.Issued, &g.Expires, &st.LastGrant}, func() error {
		g.Issued, g.Expires = g.Issued.UTC(), g.Expires.UTC()
		st.Door.Granted = g
		return nil
	})
	if err != nil {
		return fmt.Errorf("newest grant: %w", err)
	}
	err = s.lastDoorEvent(ctx, tx, func(kind room.EventKind, _ string, at time.Time) {
		st.Door.Open, st.Door.Since = kind == room.EvDoorOpened, at
	}, room.EvDoorOpened, room.EvDoorClosed)
	if err != nil {
		return err
	}
	return s.lastDoorEvent(ctx, tx, func(_ room.EventKind, reason string, _ time.Time) { st.Door.Fault = reason == "fault" }, room.EvDoorFault)
}

// lastDoorEvent tells the newest event of the kinds, if there is one.
func (s *Store) lastDoorEvent(ctx context.Context, tx pgx.Tx, tell func(kind room.EventKind, reason string, at time.Time), kinds ...room.EventKind) error {
	rows, err := tx.Query(ctx, loadDoor, s.property, s.room, kinds)
	if err != nil {
		return err
	}
	var kind room.EventKind
	var reason string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&kind, &reason, &at}, func() error {
		tell(kind, reason, at.UTC())
		return nil
	})
	return err
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

// Tallies counts what couriers scanned and left on slots in the visits that
// began in a span of time, by courier; those who skip most scans come first. A
// package that was taken along again does not count as left.
func (s *Store) Tallies(ctx context.Context, from, to time.Time) ([]room.CourierTally, error) {
	w := s.inRoom()
	w.and("kind = ?", string(room.VisitCourier))
	w.and("phase = ?", string(room.VisitEnded))
	w.between("started", from, to)
	const tallies = `SELECT coalesce(holder, '') AS courier, coalesce(carrier, ''), max(name), count(*), sum(scanned), sum(placed),
			sum(greatest(placed - scanned, 0)) AS unscanned, sum(greatest(scanned - placed, 0)),
			count(*) FILTER (WHERE scanned = 0 AND placed = 0), count(*) FILTER (WHERE placed > scanned)
		FROM (SELECT v.holder, v.carrier, coalesce(v.body ->> 'name', '') AS name,
				coalesce(jsonb_array_length(v.body -> 'scanned'), 0) AS scanned,
				(SELECT count(*) FROM jsonb_array_elements_text(v.body -> 'placed') AS left_there (id)
					LEFT JOIN parcels p ON p.property = v.property AND p.room = v.room AND p.id = left_there.id
					WHERE p.state IS DISTINCT FROM 'dropped') AS placed
			FROM (SELECT * FROM visits`
	return list(ctx, s, "tally visits", pgx.RowToStructByPos[room.CourierTally], tallies+w.String()+
		` AND body_time(body, 'entered') IS NOT NULL) AS v) AS each
		GROUP BY 1, 2 ORDER BY unscanned DESC, 4 DESC, 2, 1`, w.args...)
}

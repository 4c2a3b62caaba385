package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

// Parcels gives those that f selects, newest first.
func (s *Store) Parcels(ctx context.Context, f room.ParcelFilter) ([]room.Parcel, error) {
	w := s.inRoom()
	w.andIf("resident = ?", f.Resident)
	if len(f.States) > 0 {
		w.and("state = ANY(?)", texts(f.States))
	}
	if strings.TrimSpace(f.Query) != "" {
		w.and("search @@ search_query(?)", clean(f.Query))
	}
	w.between("came", f.From, f.To)
	return list(ctx, s, "list parcels", scanBody[room.Parcel], `SELECT body FROM parcels`+w.String()+
		` ORDER BY came DESC, id DESC LIMIT `+w.arg(limit(f.Limit, 100)), w.args...)
}

// Parcel finds one parcel: room.ErrNotFound.
func (s *Store) Parcel(ctx context.Context, id string) (room.Parcel, error) {
	const parcel = `SELECT body FROM parcels WHERE property = $1 AND room = $2 AND id = $3`
	return one(ctx, s, "parcel "+id, scanBody[room.Parcel], parcel, s.property, s.room, clean(id))
}

// FindTracking implements room.Store. Case, spaces and dashes don't count.
func (s *Store) FindTracking(ctx context.Context, tracking string) ([]room.Parcel, error) {
	const byTracking = `SELECT body FROM parcels WHERE property = $1 AND room = $2 AND tracking = squeeze($3) AND tracking <> ''
		ORDER BY came DESC, id DESC`
	return list(ctx, s, "find tracking number", scanBody[room.Parcel], byTracking, s.property, s.room, clean(tracking))
}

// PackagesHere counts the parcels of a resident that lie on a slot now.
func (s *Store) PackagesHere(ctx context.Context, resident string) (int, error) {
	const here = `SELECT count(*) FROM parcels WHERE property = $1 AND room = $2 AND resident = $3 AND state = 'stored'`
	return one(ctx, s, "count packages", pgx.RowTo[int], here, s.property, s.room, clean(resident))
}

// Incidents gives open and resolved ones, newest first.
func (s *Store) Incidents(ctx context.Context, n int) ([]room.Incident, error) {
	const incidents = `SELECT body FROM incidents WHERE property = $1 AND room = $2 ORDER BY opened DESC, id DESC LIMIT $3`
	return list(ctx, s, "list incidents", scanBody[room.Incident], incidents, s.property, s.room, limit(n, 100))
}

// Visits gives those that f selects, newest first.
func (s *Store) Visits(ctx context.Context, f room.VisitFilter) ([]room.Visit, error) {
	w := s.inRoom()
	w.andIf("kind = ?", string(f.Kind))
	w.andIf("holder = ?", f.Holder)
	w.andIf("carrier = ?", f.Carrier)
	w.between("started", f.From, f.To)
	return list(ctx, s, "list visits", scanBody[room.Visit], `SELECT body FROM visits`+w.String()+
		` ORDER BY started DESC, id DESC LIMIT `+w.arg(limit(f.Limit, 100)), w.args...)
}

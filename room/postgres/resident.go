package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

const residentColumns = `id, first_name, last_name, unit, status, aliases, email, phone, language`

func scanResident(row pgx.CollectableRow) (room.Resident, error) {
	var r room.Resident
	err := row.Scan(&r.ID, &r.FirstName, &r.LastName, &r.Unit, &r.Status, &r.Aliases, &r.Email, &r.Phone, &r.Language)
	if len(r.Aliases) == 0 {
		r.Aliases = nil
	}
	return r, err
}

// Resident implements room.Store.
func (s *Store) Resident(ctx context.Context, id string) (room.Resident, error) {
	const resident = `SELECT ` + residentColumns + ` FROM residents WHERE property = $1 AND id = $2`
	return one(ctx, s, "resident "+id, scanResident, resident, s.property, clean(id))
}

// Residents gives those that f selects, by name. Accents and case don't count.
func (s *Store) Residents(ctx context.Context, f room.ResidentFilter) ([]room.Resident, error) {
	w := &where{}
	w.and("property = ?", s.property)
	if len(f.Statuses) > 0 {
		w.and("status = ANY(?)", texts(f.Statuses))
	}
	if strings.TrimSpace(f.Query) != "" {
		w.and("search @@ search_query(?)", clean(f.Query))
	}
	return list(ctx, s, "search residents", scanResident, `SELECT `+residentColumns+` FROM residents`+w.String()+
		` ORDER BY last_name, first_name, id LIMIT `+w.arg(limit(f.Limit, 50))+` OFFSET `+w.arg(max(f.Offset, 0)), w.args...)
}

// Roster gives every resident, past ones too, by ID.
func (s *Store) Roster(ctx context.Context) ([]room.Resident, error) {
	const roster = `SELECT ` + residentColumns + ` FROM residents WHERE property = $1 ORDER BY id`
	return list(ctx, s, "read the roster", scanResident, roster, s.property)
}

const courierColumns = `id, name, carrier, active`

// Couriers gives every courier, inactive ones too, by carrier and name.
func (s *Store) Couriers(ctx context.Context) ([]room.Courier, error) {
	const couriers = `SELECT ` + courierColumns + ` FROM couriers WHERE property = $1 ORDER BY carrier, name, id`
	return list(ctx, s, "list couriers", pgx.RowToStructByPos[room.Courier], couriers, s.property)
}

// Courier finds one courier: room.ErrNotFound.
func (s *Store) Courier(ctx context.Context, id string) (room.Courier, error) {
	const courier = `SELECT ` + courierColumns + ` FROM couriers WHERE property = $1 AND id = $2`
	return one(ctx, s, "courier "+id, pgx.RowToStructByPos[room.Courier], courier, s.property, clean(id))
}

package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

const managerColumns = `m.id, m.email, m.name, m.role, m.password_hash, m.created`

func scanManager(row pgx.CollectableRow) (room.Manager, error) {
	var m room.Manager
	err := row.Scan(&m.ID, &m.Email, &m.Name, &m.Role, &m.PasswordHash, &m.Created)
	m.Created = m.Created.UTC()
	return m, err
}

// CreateManager adds an account; an e-mail address that has one is
// room.ErrConflict. No role is that of a manager.
func (s *Store) CreateManager(ctx context.Context, m room.Manager) error {
	const create = `INSERT INTO managers (property, id, email, name, role, password_hash, created) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	return s.exec(ctx, "create manager", create, s.property, clean(m.ID), clean(m.Email), clean(m.Name),
		string(cmp.Or(m.Role, room.RoleManager)), clean(m.PasswordHash), m.Created)
}

// SetRole changes what an account may do: room.ErrNotFound where there is none.
// The last supervisor stays one: room.ErrConflict.
func (s *Store) SetRole(ctx context.Context, id string, role room.Role) error {
	const set = `UPDATE managers SET role = $3 WHERE property = $1 AND id = $2`
	const lock = `SELECT count(*) FROM (SELECT FROM managers WHERE property = $1 AND role = 'supervisor' AND id <> $2 FOR UPDATE) others`
	return s.inTx(ctx, "set a role", callTimeout, func(ctx context.Context, tx pgx.Tx) error {
		var others int
		if err := tx.QueryRow(ctx, lock, s.property, clean(id)).Scan(&others); err != nil {
			return err
		}
		if others == 0 && !role.Supervises() {
			return room.Refuse(room.ErrConflict, "last_supervisor", "somebody must stay supervisor")
		}
		tag, err := tx.Exec(ctx, set, s.property, clean(id), string(role))
		if err == nil && tag.RowsAffected() == 0 {
			err = room.ErrNotFound
		}
		return err
	})
}

// Managers gives every account, by e-mail address.
func (s *Store) Managers(ctx context.Context) ([]room.Manager, error) {
	const managers = `SELECT ` + managerColumns + ` FROM managers m WHERE property = $1 ORDER BY lower(email)`
	return list(ctx, s, "list managers", scanManager, managers, s.property)
}

// ManagerByEmail finds an account, whatever the case: room.ErrNotFound.
func (s *Store) ManagerByEmail(ctx context.Context, email string) (room.Manager, error) {
	const byEmail = `SELECT ` + managerColumns + ` FROM managers m WHERE property = $1 AND lower(email) = lower($2)`
	return one(ctx, s, "find manager", scanManager, byEmail, s.property, clean(email))
}

// CreateSession lets the bearer of a token be manager until expires; only a
// hash of the token is kept. Sessions that are over are swept away.
func (s *Store) CreateSession(ctx context.Context, tokenHash []byte, managerID string, expires time.Time) error {
	const sweep = `DELETE FROM sessions WHERE property = $1 AND expires < now()`
	const create = `INSERT INTO sessions (property, hash, manager, expires) VALUES ($1, $2, $3, $4)`
	return s.inTx(ctx, "create session", callTimeout, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sweep, s.property); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, create, s.property, tokenHash, clean(managerID), expires)
		return err
	})
}

// SessionManager is whose session it is; unknown and expired ones are room.ErrNotFound.
func (s *Store) SessionManager(ctx context.Context, tokenHash []byte, now time.Time) (room.Manager, error) {
	const ofSession = `SELECT ` + managerColumns + ` FROM sessions s JOIN managers m ON m.property = s.property AND m.id = s.manager
		WHERE s.property = $1 AND s.hash = $2 AND s.expires > $3`
	return one(ctx, s, "find session", scanManager, ofSession, s.property, tokenHash, now)
}

// DeleteSession ends a session; one that does not exist is no error.
func (s *Store) DeleteSession(ctx context.Context, tokenHash []byte) error {
	const end = `DELETE FROM sessions WHERE property = $1 AND hash = $2`
	return s.exec(ctx, "end session", end, s.property, tokenHash)
}

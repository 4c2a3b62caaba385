package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

const credentialColumns = `id, kind, form, holder, hash, valid_from, valid_to, revoked, used, created, hours, label`

func scanCredential(row pgx.CollectableRow) (room.Credential, error) {
	var c room.Credential
	var from, to, revoked, used *time.Time
	err := row.Scan(&c.ID, &c.Kind, &c.Form, &c.Holder, &c.Hash, &from, &to, &revoked, &used, &c.Created, &c.Hours, &c.Label)
	if len(c.Hours) == 0 {
		c.Hours = nil
	}
	c.ValidFrom, c.ValidTo, c.Revoked, c.Used, c.Created = orZero(from), orZero(to), orZero(revoked), orZero(used), c.Created.UTC()
	return c, err
}

// Credentials gives those of a resident, courier or staff member, newest first,
// ended ones too.
func (s *Store) Credentials(ctx context.Context, holder string) ([]room.Credential, error) {
	const ofHolder = `SELECT ` + credentialColumns + ` FROM credentials WHERE property = $1 AND holder = $2 ORDER BY created DESC, id DESC`
	return list(ctx, s, "list credentials", scanCredential, ofHolder, s.property, clean(holder))
}

// CredentialsByHash gives the credentials with that keyed hash, newest first,
// ended ones too. At most one of them is neither revoked nor used.
func (s *Store) CredentialsByHash(ctx context.Context, hash []byte) ([]room.Credential, error) {
	const byHash = `SELECT ` + credentialColumns + ` FROM credentials WHERE property = $1 AND hash = $2 ORDER BY created DESC, id DESC`
	return list(ctx, s, "find credentials", scanCredential, byHash, s.property, hash)
}

// Throttle is how often key was tried wrongly; zero where it never was.
func (s *Store) Throttle(ctx context.Context, key string) (room.Throttle, error) {
	const throttle = `SELECT failures, until FROM throttles WHERE property = $1 AND key = $2`
	t, err := one(ctx, s, "read throttle", func(row pgx.CollectableRow) (room.Throttle, error) {
		var t room.Throttle
		var until *time.Time
		err := row.Scan(&t.Failures, &until)
		t.Until = orZero(until)
		return t, err
	}, throttle, s.property, clean(key))
	if errors.Is(err, room.ErrNotFound) {
		return room.Throttle{}, nil
	}
	return t, err
}

// SaveThrottle keeps t for key; the zero Throttle forgets it.
func (s *Store) SaveThrottle(ctx context.Context, key string, t room.Throttle) error {
	if t == (room.Throttle{}) {
		const forget = `DELETE FROM throttles WHERE property = $1 AND key = $2`
		return s.exec(ctx, "save throttle", forget, s.property, clean(key))
	}
	const save = `INSERT INTO throttles (property, key, failures, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (property, key) DO UPDATE SET failures = excluded.failures, until = excluded.until`
	return s.exec(ctx, "save throttle", save, s.property, clean(key), t.Failures, orNull(t.Until))
}

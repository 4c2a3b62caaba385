package postgres

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/packroom/packroom/room"
)

const (
	connectTimeout = 2 * time.Second
	callTimeout    = 5 * time.Second // of a call that reads or writes a few rows
)

// Config says which database and which room.
type Config struct {
	URL      string // postgres://user@host/database, see pgx; a password belongs into the environment or a passfile
	Property string
	Room     string
	SealKey  []byte // 16, 24 or 32 bytes; nil = this process handles no messages' secrets
	Log      *slog.Logger
}

// Validate reports the first thing wrong with c.
func (c Config) Validate() error {
	switch {
	case c.URL == "":
		return errors.New("postgres: the URL is empty")
	case c.Property == "":
		return errors.New("postgres: the property is empty")
	case c.Room == "":
		return errors.New("postgres: the room is empty")
	}
	if _, err := newSealer(c.SealKey); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

// Store keeps one room. Safe for concurrent use.
type Store struct {
	pool     *pgxpool.Pool
	property string
	room     string
	sealer   cipher.AEAD // nil: no key
	log      *slog.Logger

	life  context.Context // ends with Close
	close context.CancelFunc
	tasks sync.WaitGroup

	owning sync.Mutex                // one Own at a time
	owner  atomic.Pointer[ownership] // nil: never owned
}

var _ room.Store = (*Store)(nil)

// Open connects, brings the database's schema up to date and makes sure that
// the room's row exists. Close releases what it holds. A database that is away
// is room.ErrUnavailable: try again.
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the URL: %w: %s", room.ErrInvalid, passwordless(err))
	}
	prepareConn(pc.ConnConfig)
	pc.MaxConns = max(pc.MaxConns, 8)
	pc.PingTimeout = connectTimeout
	// A ping before each use finds the connections that a restart of the server
	// left dead; over a unix socket it costs 30 µs.
	pc.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }

	if err := migrate(ctx, pc.ConnConfig.Copy(), c.Log); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, mapErr("open", err)
	}
	sealer, _ := newSealer(c.SealKey) // Validate has tried it
	s := &Store{pool: pool, property: c.Property, room: c.Room, sealer: sealer, log: c.Log}
	s.life, s.close = context.WithCancel(context.Background())
	const addRoom = `INSERT INTO rooms (property, room) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	if err := s.exec(ctx, "open", addRoom, s.property, s.room); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// prepareConn sets what every connection of this package has in common.
func prepareConn(cc *pgx.ConnConfig) {
	cc.ConnectTimeout = connectTimeout
	cc.RuntimeParams["timezone"] = "UTC"
	if cc.RuntimeParams["application_name"] == "" {
		cc.RuntimeParams["application_name"] = "packroom"
	}
	// A frozen process must not hold the room's row for ever.
	cc.RuntimeParams["idle_in_transaction_session_timeout"] = "15s"
	cc.RuntimeParams["idle_session_timeout"] = "0" // owner and listeners are idle on purpose
}

// passwordless is err's text without the connection string, which may hold a password.
func passwordless(err error) string {
	var pe *pgconn.ParseConfigError
	if errors.As(err, &pe) && pe.Unwrap() != nil {
		return pe.Unwrap().Error()
	}
	return "it is not a connection string of PostgreSQL"
}

// Close gives up ownership, ends all wake-ups and closes the connections.
func (s *Store) Close() {
	s.close()
	s.tasks.Wait()
	s.pool.Close()
}

// Ping asks the database for a sign of life.
func (s *Store) Ping(ctx context.Context) error { return s.exec(ctx, "ping", `SELECT 1`) }

func (s *Store) exec(ctx context.Context, what, sql string, args ...any) error {
	_, err := s.affect(ctx, what, sql, args...)
	return err
}

// affect is exec that says how many rows there were.
func (s *Store) affect(ctx context.Context, what, sql string, args ...any) (rows int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	tag, err := s.pool.Exec(ctx, sql, args...)
	return int(tag.RowsAffected()), mapErr(what, err)
}

// list runs a query of many rows.
func list[T any](ctx context.Context, s *Store, what string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, mapErr(what, err)
	}
	all, err := pgx.CollectRows(rows, scan)
	return all, mapErr(what, err)
}

// one runs a query of one row; none is room.ErrNotFound.
func one[T any](ctx context.Context, s *Store, what string, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		var zero T
		return zero, mapErr(what, err)
	}
	v, err := pgx.CollectOneRow(rows, scan)
	return v, mapErr(what, err)
}

// inTx runs f in a read-write transaction.
func (s *Store) inTx(ctx context.Context, what string, timeout time.Duration, f func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return mapErr(what, pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return f(ctx, tx) }))
}

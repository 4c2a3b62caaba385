package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/packroom/packroom/room"
)

// mapErr says what was tried and makes err one of room's kinds. A nil err stays nil.
func mapErr(what string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		return fmt.Errorf("%s: %w: %w", what, kind, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// kindOf is room's kind of a database error; nil where there is none.
func kindOf(err error) error {
	var pe *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return room.ErrNotFound
	case errors.As(err, &pe):
		return kindOfCode(pe.Code)
	case errors.Is(err, context.Canceled):
		return nil // the caller's own wish
	case lostConnection(err):
		return room.ErrUnavailable
	}
	return nil
}

// kindOfCode sorts SQLSTATE codes (PostgreSQL 15, appendix A).
func kindOfCode(code string) error {
	switch code {
	case "23505", "55P03": // unique_violation, lock_not_available
		return room.ErrConflict
	case "23502", "23503", "23514": // not null, foreign key, check
		return room.ErrInvalid
	case "57014": // query_canceled
		return room.ErrUnavailable
	case "40001", "40P01", "25P03", "55006": // serialization, deadlock, idle too long, object in use
		return room.ErrUnavailable
	}
	switch code[:min(len(code), 2)] {
	case "08", "53", "57", "58": // connection, resources (disk full), operator (shutdown, starting up), system
		return room.ErrUnavailable
	case "22": // data that the database cannot hold
		return room.ErrInvalid
	case "28", "3D": // not let in, no such database: it may be on its way
		return room.ErrUnavailable
	}
	return nil
}

// lostConnection reports whether err says that the server cannot be reached or
// does not answer in time.
func lostConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	var errno syscall.Errno
	return errors.As(err, &connect) || errors.As(err, &network) || errors.As(err, &errno) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err)
}

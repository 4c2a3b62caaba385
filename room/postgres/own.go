package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

const (
	ownRetry = 200 * time.Millisecond // between two looks whether the room is free
	ownCheck = 2 * time.Second        // between two signs of life of an idle connection
)

// roomLock is the advisory lock of a room, $1 property and $2 room.
const roomLock = `hashtextextended('packroom room ' || $1::text || '/' || $2::text, 0)`

// ownership is one reign over the room: from Own until its connection dies,
// another Own or Close.
type ownership struct {
	epoch int64
	lost  chan struct{} // closed when it is over
	end   context.CancelFunc
	once  sync.Once
}

func (o *ownership) over() { o.once.Do(func() { close(o.lost) }) }

func (o *ownership) isOver() bool {
	select {
	case <-o.lost:
		return true
	default:
		return false
	}
}

// Own blocks until this process is the room's only writer, or ctx ends; lost is
// closed when it no longer is, after which every Commit fails until Own
// succeeds again. The end of ctx does not give the room up, Close does. Calling
// Own once more takes the room over from the call before, whose lost is closed.
func (s *Store) Own(ctx context.Context) (<-chan struct{}, error) {
	s.owning.Lock()
	defer s.owning.Unlock()
	if s.life.Err() != nil {
		return nil, fmt.Errorf("own the room: %w: the store is closed", room.ErrConflict)
	}
	if before := s.owner.Load(); before != nil {
		before.end()
		<-before.lost
	}
	conn, epoch, err := s.takeRoom(ctx)
	if err != nil {
		return nil, mapErr("own the room", err)
	}
	life, end := context.WithCancel(s.life)
	o := &ownership{epoch: epoch, lost: make(chan struct{}), end: end}
	s.owner.Store(o)
	s.tasks.Go(func() { s.guard(life, conn, o) })
	return o.lost, nil
}

// takeRoom waits for the room's lock on a connection of its own and begins a
// new epoch.
func (s *Store) takeRoom(ctx context.Context) (_ *pgx.Conn, epoch int64, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			closeConn(conn)
		}
	}()
	const try = `SELECT pg_try_advisory_lock(` + roomLock + `)`
	for waiting := false; ; waiting = true {
		var mine bool
		if err := conn.QueryRow(ctx, try, s.property, s.room).Scan(&mine); err != nil {
			return nil, 0, err
		}
		if mine {
			break
		}
		if !waiting {
			s.log.InfoContext(ctx, "another process owns the room: waiting")
		}
		select {
		case <-time.After(ownRetry):
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-s.life.Done():
			return nil, 0, errors.New("the store was closed")
		}
	}
	const begin = `UPDATE rooms SET epoch = epoch + 1 WHERE property = $1 AND room = $2 RETURNING epoch`
	err = conn.QueryRow(ctx, begin, s.property, s.room).Scan(&epoch)
	return conn, epoch, err
}

// guard watches the owner's connection until it dies or the ownership ends.
func (s *Store) guard(ctx context.Context, conn *pgx.Conn, o *ownership) {
	defer closeConn(conn)
	defer o.over() // before the lock is free
	for {
		_, err := awaitNotice(ctx, conn, "")
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.log.Warn("the room's ownership is lost", "error", err)
			return
		}
	}
}

// awaitNotice reads from an idle connection until a notification comes or, after
// a while, the server has proved that it still answers; mine says that one with
// that payload came. A dead server is noticed at once where its machine lives,
// within ownCheck + callTimeout otherwise.
func awaitNotice(ctx context.Context, conn *pgx.Conn, payload string) (mine bool, err error) {
	pause, cancel := context.WithTimeout(ctx, ownCheck)
	defer cancel()
	n, err := conn.WaitForNotification(pause)
	if err == nil {
		return n.Payload == payload, nil
	}
	if pause.Err() == nil || ctx.Err() != nil || conn.IsClosed() {
		return false, err
	}
	ping, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return false, conn.Ping(ping)
}

func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is given up either way
}

// reign is the epoch that commits of this store carry; 0 = it never owned the room.
func (s *Store) reign() (epoch int64, err error) {
	o := s.owner.Load()
	if o == nil {
		return 0, nil
	}
	if o.isOver() {
		return 0, fmt.Errorf("%w: this process no longer owns the room", room.ErrConflict)
	}
	return o.epoch, nil
}

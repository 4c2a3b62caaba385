package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channels of NOTIFY; the payload is property/room.
const (
	eventsChannel   = "packroom_events"
	messagesChannel = "packroom_messages"
)

const (
	listenRetry    = 100 * time.Millisecond // first wait for a lost database
	listenRetryMax = 5 * time.Second
)

// EventsCommitted wakes its receiver when there may be something to publish: at
// once, after each commit with events, and after a lost connection is back.
// Wake-ups that nobody took are joined. The channel is closed when ctx ends.
func (s *Store) EventsCommitted(ctx context.Context) <-chan struct{} {
	return s.wakeUps(ctx, eventsChannel)
}

// MessagesQueued wakes its receiver when there may be messages to plan, as
// EventsCommitted does. Deliveries that become due by time wake nobody.
func (s *Store) MessagesQueued(ctx context.Context) <-chan struct{} {
	return s.wakeUps(ctx, messagesChannel)
}

func (s *Store) wakeUps(ctx context.Context, channel string) <-chan struct{} {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	ch := make(chan struct{}, 1)
	s.tasks.Go(func() {
		defer close(ch)
		defer cancel()
		defer stop()
		s.keepListening(ctx, channel, ch)
	})
	return ch
}

func (s *Store) keepListening(ctx context.Context, channel string, ch chan<- struct{}) {
	wait := listenRetry
	for lost := false; ; lost = true {
		heard, err := s.listen(ctx, channel, ch)
		if ctx.Err() != nil {
			return
		}
		if heard {
			wait, lost = listenRetry, false
		}
		if !lost {
			s.log.Warn("wake-ups from the database are lost, trying again", "channel", channel, "error", err)
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, listenRetryMax)
		case <-ctx.Done():
			return
		}
	}
}

// listen forwards notifications until an error; heard says that it was
// connected.
func (s *Store) listen(ctx context.Context, channel string, ch chan<- struct{}) (heard bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	defer closeConn(conn)
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false, err
	}
	for {
		select {
		case ch <- struct{}{}:
		default:
		}
		for {
			mine, err := awaitNotice(ctx, conn, s.property+"/"+s.room)
			if err != nil {
				return true, err
			}
			if mine {
				break
			}
		}
	}
}

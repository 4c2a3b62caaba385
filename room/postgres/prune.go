package postgres

import (
	"context"
	"time"
)

// pruneAtOnce is how many rows one statement removes: it locks them for some
// milliseconds, and others get their turn.
const pruneAtOnce = 1000

// PruneInbox forgets inputs that were committed before a time, and says how many.
// One that came again after that would be taken for a new one: keep them for
// longer than the bus keeps its messages.
func (s *Store) PruneInbox(ctx context.Context, before time.Time) (int, error) {
	const prune = `DELETE FROM inbox WHERE (property, room, id) IN (
		SELECT property, room, id FROM inbox WHERE property = $1 AND room = $2 AND at < $3 LIMIT $4)`
	return s.prune(ctx, "prune inbox", prune, s.property, s.room, before)
}

// PruneMessages removes messages that were queued before a time, with their
// deliveries, and says how many. What is still to be sent stays.
func (s *Store) PruneMessages(ctx context.Context, before time.Time) (int, error) {
	const prune = `WITH old AS (
			SELECT property, room, id FROM messages m
			WHERE property = $1 AND room = $2 AND queued < $3 AND planned IS NOT NULL AND NOT EXISTS (
				SELECT FROM deliveries d WHERE (d.property, d.room, d.message) = (m.property, m.room, m.id) AND d.state IN ('queued', 'sending'))
			LIMIT $4 FOR UPDATE SKIP LOCKED),
		sent AS (DELETE FROM deliveries d USING old WHERE (d.property, d.room, d.message) = (old.property, old.room, old.id))
		DELETE FROM messages m USING old WHERE (m.property, m.room, m.id) = (old.property, old.room, old.id)`
	return s.prune(ctx, "prune messages", prune, s.property, s.room, before)
}

// PruneThrottles forgets wrong tries whose last wait ended before a time, and
// says of how many keys.
func (s *Store) PruneThrottles(ctx context.Context, before time.Time) (int, error) {
	const prune = `DELETE FROM throttles WHERE (property, key) IN (
		SELECT property, key FROM throttles WHERE property = $1 AND until < $2 LIMIT $3)`
	return s.prune(ctx, "prune throttles", prune, s.property, before)
}

// prune runs a statement whose last parameter is how many rows it removes at
// most, until it removes fewer.
func (s *Store) prune(ctx context.Context, what, sql string, args ...any) (all int, err error) {
	args = append(args, pruneAtOnce)
	for {
		n, err := s.affect(ctx, what, sql, args...)
		all += n
		if err != nil || n < pruneAtOnce {
			return all, err
		}
	}
}

package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
)

// Unplanned gives the oldest messages that are not deliveries yet, without
// their secrets.
func (s *Store) Unplanned(ctx context.Context, n int) ([]room.Message, error) {
	const unplanned = `SELECT body FROM messages WHERE property = $1 AND room = $2 AND planned IS NULL ORDER BY queued, id LIMIT $3`
	return list(ctx, s, "list unplanned messages", scanBody[room.Message], unplanned, s.property, s.room, limit(n, 100))
}

// wipe forgets the secret of message $3 once no delivery of it is left to send.
const wipe = `UPDATE messages SET sealed = NULL WHERE property = $1 AND room = $2 AND id = $3 AND sealed IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.property = $1 AND d.room = $2 AND d.message = $3 AND d.state IN ('queued', 'sending'))`

// Plan turns a message into deliveries, in one step and once: a second Plan of
// the same message changes nothing. No deliveries is a plan too.
func (s *Store) Plan(ctx context.Context, messageID string, ds []room.Delivery) error {
	const plan = `UPDATE messages SET planned = coalesce(planned, now()) WHERE property = $1 AND room = $2 AND id = $3
		RETURNING planned = now()` // now() is the transaction's time
	const add = `INSERT INTO deliveries (property, room, id, message, channel, recipient, state, tries, next, error, sent,
			subject, text, html, provider, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	messageID = clean(messageID)
	return s.inTx(ctx, "plan message "+messageID, callTimeout, func(ctx context.Context, tx pgx.Tx) error {
		var first bool
		if err := tx.QueryRow(ctx, plan, s.property, s.room, messageID).Scan(&first); err != nil || !first {
			return err
		}
		b := &pgx.Batch{}
		for _, d := range ds {
			if d.State == "" {
				d.State = room.DeliveryQueued
			}
			b.Queue(add, s.property, s.room, clean(d.ID), messageID, clean(d.Channel), clean(d.To), string(d.State), d.Tries,
				d.Next, clean(d.Error), orNull(d.Sent), clean(d.Subject), clean(d.Text), clean(d.HTML), clean(d.Provider), d.Created)
		}
		b.Queue(wipe, s.property, s.room, messageID)
		b.Queue(wake, s.property, s.room, messagesChannel)
		return tx.SendBatch(ctx, b).Close()
	})
}

const deliveryColumns = `d.id, d.message, d.channel, d.recipient, d.state, d.tries, d.next, d.error, d.sent, d.subject, d.text, d.html,
	d.provider, d.created`

// deliveryRow reads deliveryColumns.
type deliveryRow struct {
	room.Delivery
	sent *time.Time
}

func (r *deliveryRow) fields() []any {
	d := &r.Delivery
	return []any{&d.ID, &d.Message, &d.Channel, &d.To, &d.State, &d.Tries, &d.Next, &d.Error, &r.sent, &d.Subject, &d.Text,
		&d.HTML, &d.Provider, &d.Created}
}

func (r *deliveryRow) value() room.Delivery {
	r.Next, r.Sent, r.Created = r.Next.UTC(), orZero(r.sent), r.Created.UTC()
	return r.Delivery
}

// Deliveries gives the newest deliveries, for the outbox page.
func (s *Store) Deliveries(ctx context.Context, n int) ([]room.Delivery, error) {
	const deliveries = `SELECT ` + deliveryColumns + ` FROM deliveries d WHERE property = $1 AND room = $2
		ORDER BY created DESC, id DESC LIMIT $3`
	return list(ctx, s, "list deliveries", func(row pgx.CollectableRow) (room.Delivery, error) {
		var r deliveryRow
		err := row.Scan(r.fields()...)
		return r.value(), err
	}, deliveries, s.property, s.room, limit(n, 100))
}

// Claim takes deliveries that are due, and those whose worker has not finished
// them within its lease, for this worker alone until now + lease. A message
// whose secret cannot be unsealed is given up: its delivery becomes failed.
func (s *Store) Claim(ctx context.Context, now time.Time, lease time.Duration, n int) ([]room.Claim, error) {
	const claim = `WITH due AS (
			SELECT property, room, id FROM deliveries
			WHERE property = $1 AND room = $2 AND state IN ('queued', 'sending') AND next <= $3
			ORDER BY next, id LIMIT $5 FOR UPDATE SKIP LOCKED),
		taken AS (
			UPDATE deliveries d SET state = 'sending', tries = tries + 1, next = $4
			FROM due WHERE (d.property, d.room, d.id) = (due.property, due.room, due.id)
			RETURNING d.*)
		SELECT ` + deliveryColumns + `, m.body, m.sealed
		FROM taken d JOIN messages m ON (m.property, m.room, m.id) = (d.property, d.room, d.message)
		ORDER BY d.created, d.id`
	type taken struct {
		delivery     deliveryRow
		body, sealed []byte
	}
	all, err := list(ctx, s, "claim deliveries", func(row pgx.CollectableRow) (taken, error) {
		var t taken
		err := row.Scan(append(t.delivery.fields(), &t.body, &t.sealed)...)
		return t, err
	}, claim, s.property, s.room, now, now.Add(lease), limit(n, 10))
	if err != nil {
		return nil, err
	}
	claims := make([]room.Claim, 0, len(all))
	for _, t := range all {
		c := room.Claim{Delivery: t.delivery.value()}
		if err := json.Unmarshal(t.body, &c.Message); err != nil {
			return nil, fmt.Errorf("claim deliveries: message %s: %w", c.Delivery.Message, err)
		}
		if c.Message.Secret, err = s.unseal(c.Message.ID, t.sealed); err != nil {
			s.log.ErrorContext(ctx, "a message cannot be sent", "error", err)
			c.Delivery.State, c.Delivery.Error = room.DeliveryFailed, err.Error()
			if err := s.Finish(ctx, c.Delivery); err != nil {
				return nil, err
			}
			continue
		}
		claims = append(claims, c)
	}
	return claims, nil
}

// Renew keeps a claimed delivery for its worker until a later time. Where
// another worker has claimed it since, or it is finished, that is
// room.ErrConflict.
func (s *Store) Renew(ctx context.Context, d room.Delivery, until time.Time) error {
	const renew = `UPDATE deliveries SET next = $5 WHERE property = $1 AND room = $2 AND id = $3 AND state = 'sending' AND tries = $4`
	n, err := s.affect(ctx, "renew delivery "+d.ID, renew, s.property, s.room, clean(d.ID), d.Tries, until)
	if err == nil && n == 0 {
		err = fmt.Errorf("renew delivery %s: %w: it is no longer this worker's", d.ID, room.ErrConflict)
	}
	return err
}

// Finish writes what became of a claimed delivery: sent, failed, or queued for
// another try at Next. Where another worker has claimed it since, only sent
// counts; anything else is room.ErrConflict. When no delivery of the message is
// left to send, its secret is wiped.
func (s *Store) Finish(ctx context.Context, d room.Delivery) error {
	const lockMessage = `SELECT FROM messages m JOIN deliveries d ON (m.property, m.room, m.id) = (d.property, d.room, d.message)
		WHERE d.property = $1 AND d.room = $2 AND d.id = $3 FOR UPDATE OF m` // one Finish at a time sees which is the last
	const finish = `UPDATE deliveries SET state = $4, tries = greatest(tries, $5), next = $6, error = $7, sent = $8, subject = $9,
			text = $10, html = $11, provider = $12
		WHERE property = $1 AND room = $2 AND id = $3 AND ($4 = 'sent' OR (state <> 'sent' AND tries <= $5))
		RETURNING message`
	if d.State == room.DeliverySent && d.Sent.IsZero() {
		return fmt.Errorf("finish delivery %s: %w: sent, but not when", d.ID, room.ErrInvalid)
	}
	if d.State != room.DeliverySent {
		d.Sent = time.Time{}
	}
	return s.inTx(ctx, "finish delivery "+d.ID, callTimeout, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, lockMessage, s.property, s.room, clean(d.ID))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return room.ErrNotFound
		}
		var message string
		err = tx.QueryRow(ctx, finish, s.property, s.room, clean(d.ID), string(d.State), d.Tries, d.Next, clean(d.Error),
			orNull(d.Sent), clean(d.Subject), clean(d.Text), clean(d.HTML), clean(d.Provider)).Scan(&message)
		if err == pgx.ErrNoRows {
			return fmt.Errorf("%w: another worker has taken it", room.ErrConflict)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, wipe, s.property, s.room, message)
		return err
	})
}

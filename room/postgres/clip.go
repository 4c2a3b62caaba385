package postgres

import (
	"context"

	"github.com/packroom/packroom/room"
)

// EventClips gives the footage that is kept for an event, by camera; none where
// nothing was saved yet.
func (s *Store) EventClips(ctx context.Context, event string) ([]room.Clip, error) {
	const ofEvent = `SELECT body FROM clips WHERE property = $1 AND room = $2 AND body -> 'events' ? $3 ORDER BY camera, begins, id`
	return list(ctx, s, "list clips of an event", scanBody[room.Clip], ofEvent, s.property, s.room, clean(event))
}

// Clips gives the footage that is kept of a span of time, by its beginning.
func (s *Store) Clips(ctx context.Context, f room.ClipFilter) ([]room.Clip, error) {
	w := s.inRoom()
	w.andIf("camera = ?", f.Camera)
	if !f.To.IsZero() {
		w.and("begins < ?", f.To)
	}
	if !f.From.IsZero() {
		w.and("ends > ?", f.From)
	}
	return list(ctx, s, "list clips", scanBody[room.Clip], `SELECT body FROM clips`+w.String()+
		` ORDER BY begins, id LIMIT `+w.arg(limit(f.Limit, 100)), w.args...)
}

package vision

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/packroom/packroom/room"
)

// Keeping is for how long the footage around events is kept, by what they are.
type Keeping struct {
	Delivery time.Duration
	Pickup   time.Duration
	Incident time.Duration
}

// of gives the retention of a kind's footage; kinds that are not named have none.
func (k Keeping) of(kind room.EventKind) (keep time.Duration, ok bool) {
	switch kind {
	case room.EvParcelStored, room.EvParcelMoved, room.EvParcelUnidentified:
		return k.Delivery, true
	case room.EvParcelTaken, room.EvParcelCollected, room.EvParcelPutBack:
		return k.Pickup, true
	case room.EvParcelMissing, room.EvIncidentOpened, room.EvDoorFault, room.EvAccessDenied:
		return k.Incident, true
	case room.EvVisitEntered, room.EvVisitEnded, room.EvDoorOpened:
		return max(k.Delivery, k.Pickup), true
	}
	return 0, false
}

// eventSpan is what footage shows an event: from before it took place, which
// cameras know better than the log, to after it was decided.
func eventSpan(e room.Event) (from, to time.Time) {
	from, to = e.Time, e.Time
	var change struct {
		At time.Time `json:"at"`
	}
	if json.Unmarshal(e.Data, &change) == nil && !change.At.IsZero() && change.At.Before(from) {
		from = later(change.At, from.Add(-pinMost/2))
	}
	return from.Add(-PreRoll), to.Add(PostRoll)
}

// PinEvent keeps the footage around an event, of its camera or of all cameras
// where it names none. Events that need none, and those of which the ring can
// hold nothing any more, are passed over; the same event again changes nothing. A
// disk that refuses is room.ErrUnavailable: try again.
func (c *Clips) PinEvent(e room.Event, cameras []string, now time.Time) error {
	keep, ok := c.cfg.Keep.of(e.Kind)
	if !ok || now.Sub(e.Time) > c.cfg.RingAge {
		return nil
	}
	from, to := eventSpan(e)
	for _, camera := range cameras {
		if e.Camera != "" && e.Camera != camera {
			continue
		}
		_, err := c.ring(camera)
		if err == nil {
			_, err = c.Pin(PinRequest{Camera: camera, From: from, To: to, Event: e.ID, Keep: keep})
		}
		if err != nil && !errors.Is(err, room.ErrInvalid) {
			c.refuse()
			err = fmt.Errorf("%w: %v", room.ErrUnavailable, err)
		}
		if err != nil {
			return fmt.Errorf("keep the footage of event %s: %w", e.ID, err)
		}
	}
	return nil
}

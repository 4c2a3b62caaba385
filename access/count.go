package access

import (
	"context"
	"errors"
	"time"

	"github.com/packroom/packroom/room"
)

// buildingKey is the throttle that all kiosks share.
const buildingKey = "building"

// kioskKey is the throttle of a kiosk. Tries at couriers' PINs, which their
// length gives away, are counted apart: who guesses at one kind does not keep
// the people of the other waiting.
func kioskKey(a room.Attempt) string {
	key := "kiosk:" + a.Kiosk
	if form, text, ok := normalize(a.Form, a.Unit, a.Secret); ok && form == room.FormPIN && len(text) == courierDigits {
		key += ":courier"
	}
	return key
}

// counts are the two throttles of one attempt, as they stand before it.
type counts struct {
	store           Store
	key             string
	now             time.Time
	kiosk, building room.Throttle
}

// openCounts reads the throttles and refuses the attempt where one of them
// waits.
func (g *Gate) openCounts(ctx context.Context, a room.Attempt, now time.Time) (*counts, error) {
	c := &counts{store: g.cfg.Store, key: kioskKey(a), now: now}
	k, err := c.open(ctx, c.key, kioskLimit, &c.kiosk)
	if err != nil {
		return nil, err
	}
	b, err := c.open(ctx, buildingKey, buildingLimit, &c.building)
	if err != nil {
		return nil, err
	}
	if left := max(k, b); left > 0 {
		return nil, &room.Denial{Reason: reasonThrottled, RetryAfter: left}
	}
	return c, nil
}

// open reads one throttle. A wait that had to begin again, because the clock was
// set back, is saved: otherwise it would begin again with every look.
func (c *counts) open(ctx context.Context, key string, l limit, into *room.Throttle) (time.Duration, error) {
	was, err := c.store.Throttle(ctx, key)
	if err != nil && !errors.Is(err, room.ErrNotFound) {
		return 0, unavailable("read the throttle", err)
	}
	is, left := l.check(was, c.now)
	if left > 0 && !is.Until.Equal(was.Until) {
		if err := c.save(ctx, key, is); err != nil {
			return 0, err
		}
	}
	*into = is
	return left, nil
}

func (c *counts) save(ctx context.Context, key string, t room.Throttle) error {
	if err := c.store.SaveThrottle(ctx, key, t); err != nil {
		return unavailable("save the throttle", err)
	}
	return nil
}

// right ends the kiosk's count and lowers the building's.
func (c *counts) right(ctx context.Context) error {
	if c.kiosk.Failures > 0 {
		if err := c.save(ctx, c.key, room.Throttle{}); err != nil {
			return err
		}
	}
	if c.building.Failures > 0 {
		return c.save(ctx, buildingKey, buildingLimit.forgiven(c.building))
	}
	return nil
}

// wrong counts a try and says how long the next one must wait.
func (c *counts) wrong(ctx context.Context) (wait time.Duration, err error) {
	k, b := kioskLimit.failed(c.kiosk, c.now), buildingLimit.failed(c.building, c.now)
	if err := c.save(ctx, c.key, k); err != nil {
		return 0, err
	}
	return max(kioskLimit.wait(k.Failures), buildingLimit.wait(b.Failures)), c.save(ctx, buildingKey, b)
}

package notify

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/packroom/packroom/room"
)

// ErrRejected is a refusal that a retry cannot mend: no such mailbox, not a
// mobile number. The text is the receiver's.
var ErrRejected = errors.New("rejected")

const (
	retryFirst = 30 * time.Second
	retryMax   = time.Hour
	giveUp     = 24 * time.Hour // after the delivery was planned
)

// backoff is the wait after so many tries: 30 s, doubling to an hour.
func backoff(tries int) time.Duration {
	d := retryFirst
	for range tries - 1 {
		if d *= 2; d >= retryMax {
			return retryMax
		}
	}
	return d
}

// jitter moves d by up to a tenth either way, so that what failed together does
// not come back together.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// finished is the delivery after a try that ended with err (nil: handed over).
func finished(d room.Delivery, answer string, err error, now time.Time) room.Delivery {
	switch {
	case err == nil:
		d.State, d.Sent, d.Provider, d.Error = room.DeliverySent, now, answer, ""
	case errors.Is(err, ErrRejected):
		d.State, d.Error = room.DeliveryFailed, err.Error()
	case now.Sub(d.Created) >= giveUp:
		d.State, d.Error = room.DeliveryFailed, fmt.Sprintf("given up after %d tries: %v", d.Tries, err)
	default:
		d.State, d.Error, d.Next = room.DeliveryQueued, err.Error(), now.Add(jitter(backoff(d.Tries)))
	}
	return d
}

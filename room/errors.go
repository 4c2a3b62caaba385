package room

import (
	"errors"
	"fmt"
	"time"
)

// Kinds of error; test with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrDenied      = errors.New("denied")
	ErrInvalid     = errors.New("invalid")     // the caller must change something; the text says what
	ErrConflict    = errors.New("conflict")    // not possible in this state of things
	ErrUnavailable = errors.New("unavailable") // try again later
	ErrTooMany     = errors.New("too many tries")
)

// Denial is why somebody was not let in. It is ErrDenied, or ErrTooMany where
// RetryAfter is set.
type Denial struct {
	Reason     string        // unknown, expired, used, revoked, not_yet, outside_hours, inactive, throttled, nothing_here
	RetryAfter time.Duration // 0 = at once
}

// Error says the reason as a machine word; people see it from the locale files.
func (d *Denial) Error() string {
	if d.RetryAfter > 0 {
		return fmt.Sprintf("denied: %s, try again in %s", d.Reason, d.RetryAfter.Round(time.Second))
	}
	return "denied: " + d.Reason
}

// Is makes errors.Is(err, ErrDenied) and errors.Is(err, ErrTooMany) work.
func (d *Denial) Is(target error) bool {
	return target == ErrDenied || target == ErrTooMany && d.RetryAfter > 0
}

// ErrSpent is Store.Commit's answer where something in Commit.Once was used up
// before.
var ErrSpent = errors.New("used up before")

// ErrSeen is Store.Commit's answer to an input that was committed before.
var ErrSeen = errors.New("seen before")

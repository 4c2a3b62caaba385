package access

import (
	"time"

	"github.com/packroom/packroom/room"
)

// limit says how many wrong tries are free and how long the waits after them
// are.
type limit struct {
	free    int           // the wait begins with this many failures
	first   time.Duration // wait after the free ones; doubles with each further failure
	longest time.Duration
	quiet   time.Duration // failures are forgotten so long after the last wait's end
}

var (
	// kioskLimit is the contract for one kiosk, for couriers' PINs and all else
	// apart. At its slowest it leaves an attacker about 100 tries a day of each: for
	// one of 50 couriers' six-digit PINs, half a year of standing at the kiosk on
	// average.
	kioskLimit = limit{free: 5, first: 30 * time.Second, longest: 15 * time.Minute, quiet: time.Hour}
	// buildingLimit is for tries spread over kiosks, or mixed with right PINs.
	buildingLimit = limit{free: 30, first: time.Minute, longest: 15 * time.Minute, quiet: time.Hour}
)

// wait is how long nothing is looked at after so many failures.
func (l limit) wait(failures int) time.Duration {
	if failures < l.free {
		return 0
	}
	w := l.first
	for range failures - l.free {
		if w *= 2; w >= l.longest {
			return l.longest
		}
	}
	return w
}

// check tells how long to wait before the next try is looked at, 0 for none.
// The throttle it returns replaces t. Until never lies further ahead than one
// wait unless the clock was set back: then the wait begins again from now.
func (l limit) check(t room.Throttle, now time.Time) (room.Throttle, time.Duration) {
	if t.Failures > 0 && now.Sub(t.Until) > l.quiet {
		return room.Throttle{}, 0
	}
	w := l.wait(t.Failures)
	left := t.Until.Sub(now)
	if w == 0 || left <= 0 {
		return t, 0
	}
	if left > w {
		t.Until, left = now.Add(w), w
	}
	return t, left
}

// failed counts one wrong try. Until is now where there is no wait yet, so that
// quiet can be counted from it.
func (l limit) failed(t room.Throttle, now time.Time) room.Throttle {
	t.Failures++
	t.Until = now.Add(l.wait(t.Failures))
	return t
}

// forgiven takes one failure off.
func (l limit) forgiven(t room.Throttle) room.Throttle {
	t.Failures = max(0, t.Failures-1)
	return t
}

package room

import (
	"sync"
	"time"
)

// setBack is from how far apart wall clock and passed time are that somebody
// has set the clock; less is its daily correction, and followed.
const setBack = time.Second

// steadyClock gives the time of day and does not go back: where the system's
// clock is set back it stays ahead of it by as much, until that is set forward
// again. Visits, grants and waits then last as long as they should, and the
// event log stays in order.
func steadyClock() func() time.Time {
	begun := time.Now()
	return newSteadyClock(func() (time.Time, time.Duration) { return time.Now().Round(0), time.Since(begun) })
}

// newSteadyClock reads wall clock and time since the start together.
func newSteadyClock(read func() (wall time.Time, up time.Duration)) func() time.Time {
	var mu sync.Mutex
	var ahead time.Duration
	lastWall, lastUp := read()
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		wall, up := read()
		jump := wall.Sub(lastWall) - (up - lastUp)
		lastWall, lastUp = wall, up
		if jump < -setBack || jump > setBack {
			ahead = max(0, ahead-jump)
		}
		return wall.Add(ahead)
	}
}

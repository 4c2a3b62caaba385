// Package device is what drivers share: reading options, the health of a line to
// hardware, a door made of a strike and a contact, serial ports.
package device

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// Line is the health of one line to hardware. It logs once when the line is
// lost and once when it is back. Safe for concurrent use.
type Line struct {
	log *slog.Logger

	mu     sync.Mutex
	ok     bool
	heard  bool // it was ok or lost once
	text   string
	why    room.Refusal // in the text, where that is known
	since  time.Time
	counts map[string]int
	facts  map[string]string
}

// NewLine makes the health of a line that was not used yet.
func NewLine(log *slog.Logger) *Line {
	return &Line{log: log, text: "it was not reached yet", since: time.Now().UTC(), counts: map[string]int{}, facts: map[string]string{}}
}

// Lost notes that the hardware does not answer, and why. It reports whether that
// is news.
func (l *Line) Lost(err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.ok || !l.heard
	l.text, l.why = err.Error(), room.Refusal{}
	var why *room.Refusal
	if errors.As(err, &why) {
		l.why = *why
	}
	if news {
		l.ok, l.heard, l.since = false, true, time.Now().UTC()
		l.counts["lost"]++
		l.log.Warn("device does not answer, trying again", "error", err)
	}
	return news
}

// Back notes that the hardware answers. It reports whether that is news.
func (l *Line) Back() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	news, after := !l.ok, l.heard
	if news {
		l.ok, l.heard, l.text, l.why, l.since = true, true, "", room.Refusal{}, time.Now().UTC()
		if after {
			l.log.Info("device answers again")
		}
	}
	return news
}

// OK reports whether the hardware answered last.
func (l *Line) OK() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ok
}

// Count counts what is worth knowing: "timeouts", "wrong checksums".
func (l *Line) Count(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what]++
}

// Note keeps a fact for the manager's page: "firmware" is "1.2".
func (l *Line) Note(what, is string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.facts[what] = is
}

// Diagnose implements room.Diagnostics.
func (l *Line) Diagnose() []room.Diagnosis {
	l.mu.Lock()
	defer l.mu.Unlock()
	return []room.Diagnosis{{OK: l.ok, Problem: l.text, Code: l.why.Code, Values: l.why.Values, Since: l.since, Facts: maps.Clone(l.facts), Counts: maps.Clone(l.counts)}}
}

// Backoff is the growing wait between tries to reach hardware. The zero value
// begins with 100 ms and ends at 2 s.
type Backoff struct {
	First, Longest time.Duration
	next           time.Duration
}

// ReadBackoff takes the option retry: the first wait, of which the longest is
// twenty times.
func ReadBackoff(o *Options) Backoff {
	first := o.Duration("retry", 100*time.Millisecond)
	return Backoff{First: first, Longest: 20 * first}
}

// Wait waits before the next try, with jitter; false where ctx ended.
func (b *Backoff) Wait(ctx context.Context) bool {
	if b.First == 0 {
		b.First, b.Longest = 100*time.Millisecond, 2*time.Second
	}
	if b.next == 0 {
		b.next = b.First
	}
	t := time.NewTimer(b.next/2 + rand.N(b.next))
	defer t.Stop()
	b.next = min(2*b.next, b.Longest)
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Reset begins again with the first wait: the hardware answered.
func (b *Backoff) Reset() { b.next = 0 }

package room

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are times of the week, by the building's clock, at which a credential
// opens: some days, from a minute of the day to another.
type Hours struct {
	Days []string `json:"days,omitempty"` // mon, tue, ...; none = every day
	From string   `json:"from"`           // 07:00
	To   string   `json:"to"`             // 19:00, exclusive; not after From = into the next morning
}

// weekdays are the words of Hours.Days, by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Validate reports the first thing wrong with h.
func (h Hours) Validate() error {
	for _, d := range h.Days {
		if !slices.Contains(weekdays, d) {
			return fmt.Errorf("day %q: %w: use %s", d, ErrInvalid, strings.Join(weekdays, ", "))
		}
	}
	for _, c := range []string{h.From, h.To} {
		if _, err := minutes(c); err != nil {
			return fmt.Errorf("time %q: %w: write it as 07:00", c, ErrInvalid)
		}
	}
	return nil
}

// ParseHours reads hours as people write them: "mon,tue 07:00-19:00", or
// "07:00-19:00" for every day.
func ParseHours(text string) (Hours, error) {
	days, clocks, some := strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ")
	if !some {
		days, clocks = "", days
	}
	from, to, ok := strings.Cut(clocks, "-")
	if !ok {
		return Hours{}, fmt.Errorf("hours %q: %w: write them as mon,tue 07:00-19:00", text, ErrInvalid)
	}
	h := Hours{From: strings.TrimSpace(from), To: strings.TrimSpace(to)}
	if days != "" {
		h.Days = strings.Split(days, ",")
	}
	return h, h.Validate()
}

// Contain reports whether t lies in h; t is in the building's zone. What is not
// valid contains nothing.
func (h Hours) Contain(t time.Time) bool {
	from, err1 := minutes(h.From)
	to, err2 := minutes(h.To)
	if err1 != nil || err2 != nil {
		return false
	}
	now := t.Hour()*60 + t.Minute()
	on := func(day time.Weekday) bool { return len(h.Days) == 0 || slices.Contains(h.Days, weekdays[day]) }
	if from < to {
		return on(t.Weekday()) && from <= now && now < to
	}
	yesterday := (t.Weekday() + 6) % 7
	return on(t.Weekday()) && now >= from || on(yesterday) && now < to
}

// minutes since midnight of "07:00".
func minutes(clock string) (int, error) {
	t, err := time.Parse("15:04", clock)
	return t.Hour()*60 + t.Minute(), err
}

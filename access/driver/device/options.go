package device

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// Options reads a driver's options and gathers what is wrong with them, so that
// a driver asks for one after the other and looks at [Options.Done] once.
type Options struct {
	given map[string]string
	asked []string
	err   error // the first
}

// Read begins reading options.
func Read(options map[string]string) *Options { return &Options{given: options} }

// Fail notes what is wrong with the option key, unless something was wrong
// before.
func (o *Options) Fail(key, format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf("option %s: %w: %s", key, room.ErrInvalid, fmt.Sprintf(format, args...))
	}
}

// Text gives an option, or otherwise where it is absent.
func (o *Options) Text(key, otherwise string) string {
	o.asked = append(o.asked, key)
	if v, ok := o.given[key]; ok {
		return v
	}
	return otherwise
}

// Need gives an option that must be there; what says what it is.
func (o *Options) Need(key, what string) string {
	v := o.Text(key, "")
	if v == "" {
		o.Fail(key, "give %s", what)
	}
	return v
}

// Choice gives one of all.
func (o *Options) Choice(key, otherwise string, all ...string) string {
	v := o.Text(key, otherwise)
	if !slices.Contains(all, v) {
		o.Fail(key, "%q is none of %s", v, strings.Join(all, ", "))
	}
	return v
}

// Bool gives true or false.
func (o *Options) Bool(key string, otherwise bool) bool {
	return o.Choice(key, strconv.FormatBool(otherwise), "true", "false") == "true"
}

// Number gives a whole number within bounds; it may be written in hexadecimal.
func (o *Options) Number(key string, otherwise, least, most int) int {
	v, ok := o.given[key]
	o.asked = append(o.asked, key)
	if !ok {
		return otherwise
	}
	return o.number(key, v, least, most)
}

func (o *Options) number(key, v string, least, most int) int {
	n, err := strconv.ParseInt(strings.TrimSpace(v), 0, 64)
	if err != nil || n < int64(least) || n > int64(most) {
		o.Fail(key, "%q is not a whole number from %d to %d", v, least, most)
		return least
	}
	return int(n)
}

// Duration gives a positive time as "250ms".
func (o *Options) Duration(key string, otherwise time.Duration) time.Duration {
	v, ok := o.given[key]
	o.asked = append(o.asked, key)
	if !ok {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		o.Fail(key, "%q is not a time such as 250ms", v)
		return otherwise
	}
	return d
}

// Numbers gives a table of numbers within bounds: "A1=3, A2=4".
func (o *Options) Numbers(key string, least, most int) map[string]int {
	table := map[string]int{}
	for pair := range strings.SplitSeq(o.Text(key, ""), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, v, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if _, twice := table[name]; !ok || name == "" || twice {
			o.Fail(key, "%q: write NAME=NUMBER, each name once, separated by commas", strings.TrimSpace(pair))
			return table
		}
		table[name] = o.number(key, v, least, most)
	}
	return table
}

// Done is the first thing wrong, ErrInvalid; an option that nobody asked for is
// wrong too.
func (o *Options) Done() error {
	if o.err != nil {
		return o.err
	}
	unknown := make([]string, 0, len(o.given))
	for key := range o.given {
		if !slices.Contains(o.asked, key) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		o.Fail(unknown[0], "no such option; there are %s", strings.Join(o.asked, ", "))
	}
	return o.err
}

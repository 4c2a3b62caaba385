package dmx

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// span is a range of degrees.
type span struct{ from, to float64 }

func (s span) has(deg float64) bool { return deg >= min(s.from, s.to) && deg <= max(s.from, s.to) }

// share is how far deg lies in s, 0 to 65535.
func (s span) share(deg float64) uint16 {
	return uint16(math.Round(min(max((deg-s.from)/(s.to-s.from), 0), 1) * math.MaxUint16))
}

// swing is a movement that the head makes dark, in degrees.
const swing = 2

// head is a pan-tilt laser head.
type head struct {
	universe, channel int
	roles             []string // of its channels, in order
	pan, tilt         span
	keepOut           [][2]span
	settle            time.Duration

	mu     sync.Mutex
	aim    room.Aim
	aimed  bool      // aim is somewhere the head was sent to
	from   time.Time // lit from then
	expire time.Time // dark from then
}

func readHead(o *device.Options, least, most int) *head {
	at := o.Text("laser", "")
	h := &head{pan: readSpan(o, "laser_pan", "-270..270"), tilt: readSpan(o, "laser_tilt", "-135..135"),
		settle: o.Duration("laser_settle", 300*time.Millisecond)}
	roles := o.Text("laser_channels", "pan,pan_fine,tilt,tilt_fine,dimmer")
	for one := range fields(o.Text("laser_keep_out", "")) {
		pan, tilt, ok := strings.Cut(one, "/")
		a, err := parseSpan(pan)
		b, err2 := parseSpan(tilt)
		if !ok || err != nil || err2 != nil {
			o.Fail("laser_keep_out", "%q: write PAN..PAN/TILT..TILT in degrees, such as -10..10/-5..20", one)
		}
		h.keepOut = append(h.keepOut, [2]span{a, b})
	}
	if at == "" {
		return nil
	}
	var err error
	if h.universe, h.channel, err = readChannel(at, least, most); err != nil {
		o.Fail("laser", "%q: write UNIVERSE/CHANNEL, with a universe from %d to %d and a channel from 1 to 512", at, least, most)
	}
	for role := range fields(roles) {
		if n, err := strconv.Atoi(role); !slices.Contains([]string{"pan", "pan_fine", "tilt", "tilt_fine", "dimmer", "shutter"}, role) && (err != nil || n < 0 || n > 255) {
			o.Fail("laser_channels", "%q: use pan, pan_fine, tilt, tilt_fine, dimmer, shutter or a number from 0 to 255", role)
		}
		h.roles = append(h.roles, role)
	}
	for _, must := range []string{"pan", "tilt"} {
		if !slices.Contains(h.roles, must) {
			o.Fail("laser_channels", "there is no %s", must)
		}
	}
	if !slices.Contains(h.roles, "dimmer") && !slices.Contains(h.roles, "shutter") {
		o.Fail("laser_channels", "there is neither a dimmer nor a shutter: the laser could not be darkened")
	}
	if h.channel+len(h.roles)-1 > Channels {
		o.Fail("laser", "%q: its %d channels do not fit into the universe", at, len(h.roles))
	}
	return h
}

func readSpan(o *device.Options, key, otherwise string) span {
	text := o.Text(key, otherwise)
	s, err := parseSpan(text)
	if err != nil || s.from == s.to {
		o.Fail(key, "%q: write FROM..TO in degrees, such as %s", text, otherwise)
		return span{0, 1}
	}
	return s
}

func parseSpan(text string) (s span, err error) {
	a, b, _ := strings.Cut(strings.TrimSpace(text), "..")
	if s.from, err = strconv.ParseFloat(a, 64); err == nil {
		s.to, err = strconv.ParseFloat(b, 64)
	}
	return s, err
}

// point aims the head, dark while it swings. A forbidden or impossible aim is
// ErrInvalid, and the head is dark.
func (h *head) point(a room.Aim, ttl time.Duration, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.allows(a); err != nil {
		h.expire = time.Time{}
		return fmt.Errorf("pan %.1f, tilt %.1f: %w: %v", a.PanDeg, a.TiltDeg, room.ErrInvalid, err)
	}
	if !h.aimed || math.Hypot(a.PanDeg-h.aim.PanDeg, a.TiltDeg-h.aim.TiltDeg) > swing {
		h.from = now.Add(h.settle)
	}
	h.aim, h.aimed, h.expire = a, true, now.Add(ttl)
	return nil
}

func (h *head) allows(a room.Aim) error {
	if !h.pan.has(a.PanDeg) || !h.tilt.has(a.TiltDeg) {
		return fmt.Errorf("the head reaches pan %g to %g and tilt %g to %g", h.pan.from, h.pan.to, h.tilt.from, h.tilt.to)
	}
	for _, k := range h.keepOut {
		if k[0].has(a.PanDeg) && k[1].has(a.TiltDeg) {
			return fmt.Errorf("that is within the keep-out angles %g..%g/%g..%g", k[0].from, k[0].to, k[1].from, k[1].to)
		}
	}
	return nil
}

func (h *head) off() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expire = time.Time{}
}

// turn is the next moment after now at which the head lights up or goes dark.
func (h *head) turn(now time.Time) (at time.Time, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !now.Before(h.expire):
		return time.Time{}, false
	case now.Before(h.from):
		return h.from, true
	}
	return h.expire, true
}

// put writes the head's channels. It keeps its position while it is dark.
func (h *head) put(f *Frame, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.aimed {
		return
	}
	var lit uint8
	if !now.Before(h.from) && now.Before(h.expire) {
		lit = 255
	}
	pan, tilt := h.pan.share(h.aim.PanDeg), h.tilt.share(h.aim.TiltDeg)
	for i, role := range h.roles {
		at := &f[h.channel-1+i]
		switch role {
		case "pan":
			*at = uint8(pan >> 8)
		case "pan_fine":
			*at = uint8(pan)
		case "tilt":
			*at = uint8(tilt >> 8)
		case "tilt_fine":
			*at = uint8(tilt)
		case "dimmer", "shutter":
			*at = lit
		default:
			n, _ := strconv.Atoi(role) // checked when it was read
			*at = uint8(n)
		}
	}
}

// Package dmx plays a room's lights and its laser on DMX512 universes: what the
// drivers of sACN and Art-Net share. It says what goes on each channel and when;
// they bring it there.
//
// # Options of both
//
//	lights          ""         the slots that have a light and where: SLOT=UNIVERSE/CHANNELxLEDS,
//	                           "A1=1/1x30, A2=1/91x30"; without xLEDS it is one lamp
//	pixel           rgb        the channels of an LED: rgb, grb, bgr, rgbw, or dimmer for a lamp of one channel
//	brightness      60         percent; LEDs at 100 need a supply for it
//	laser           ""         the head's first channel, UNIVERSE/CHANNEL; none without
//	laser_channels  pan,pan_fine,tilt,tilt_fine,dimmer
//	                           what its channels are, in order; also shutter, and numbers for fixed values
//	laser_pan       -270..270  degrees at 0 and at 65535
//	laser_tilt      -135..135  degrees at 0 and at 65535
//	laser_keep_out  ""         angles that are never lit, PAN..PAN/TILT..TILT, several with commas:
//	                           the door, a window, a mirror, the height of eyes
//	laser_settle    300ms      the head is dark for so long after a swing of more than 2 degrees
//
// # Safety
//
// A lit head goes dark when nobody has pointed it for the time given with the
// command, at Off, before every swing, and at the end of the process. A process
// that is killed can send nothing: set the node to black on loss of data, and
// limit the head to class 2 in its hardware.
package dmx

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

// Channels of a universe (ANSI E1.11).
const Channels = 512

// Frame is what the channels of one universe show.
type Frame [Channels]uint8

// Patch is which channels do what.
type Patch struct {
	pixel      string
	brightness float64
	lamps      []lamp
	head       *head
	universes  []int // all, sorted
}

// lamp is the LEDs of a slot.
type lamp struct {
	slot     string
	universe int
	channel  int // first, from 1
	leds     int
}

// ReadPatch takes the options that are listed above. Universes lie within least
// and most.
func ReadPatch(o *device.Options, least, most int) Patch {
	p := Patch{
		pixel:      o.Choice("pixel", "rgb", "rgb", "grb", "bgr", "rgbw", "dimmer"),
		brightness: float64(o.Number("brightness", 60, 1, 100)) / 100,
	}
	for one := range fields(o.Text("lights", "")) {
		slot, at, ok := strings.Cut(one, "=")
		where, leds, many := strings.Cut(at, "x")
		l := lamp{slot: strings.TrimSpace(slot), leds: 1}
		var err error
		if l.universe, l.channel, err = readChannel(where, least, most); err == nil && many {
			l.leds, err = strconv.Atoi(strings.TrimSpace(leds))
		}
		switch {
		case !ok || err != nil || l.leds < 1:
			o.Fail("lights", "%q: write SLOT=UNIVERSE/CHANNELxLEDS, with a universe from %d to %d and a channel from 1 to 512", one, least, most)
		case l.channel-1+l.leds*p.width() > Channels:
			o.Fail("lights", "%q: %d LEDs need channels %d to %d and a universe has 512; put the slot into the next universe", one, l.leds, l.channel, l.channel-1+l.leds*p.width())
		}
		p.lamps = append(p.lamps, l)
	}
	p.head = readHead(o, least, most)
	slices.SortFunc(p.lamps, func(a, b lamp) int { return cmp.Or(a.universe-b.universe, a.channel-b.channel) })
	p.check(o)
	return p
}

// fields gives the parts between commas.
func fields(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

func readChannel(s string, least, most int) (universe, channel int, err error) {
	u, c, _ := strings.Cut(strings.TrimSpace(s), "/")
	if universe, err = strconv.Atoi(u); err == nil {
		channel, err = strconv.Atoi(c)
	}
	if err == nil && (universe < least || universe > most || channel < 1 || channel > Channels) {
		err = fmt.Errorf("%w: no channel %s", room.ErrInvalid, s)
	}
	return universe, channel, err
}

// check finds channels that are used twice.
func (p *Patch) check(o *device.Options) {
	owner := map[[2]int]string{}
	claim := func(option, who string, universe, first, count int) {
		for c := first; c < first+count; c++ {
			if other, taken := owner[[2]int{universe, c}]; taken {
				o.Fail(option, "%s and %s both use channel %d of universe %d", other, who, c, universe)
				return
			}
			owner[[2]int{universe, c}] = who
		}
		if !slices.Contains(p.universes, universe) {
			p.universes = append(p.universes, universe)
		}
	}
	for _, l := range p.lamps {
		claim("lights", "slot "+l.slot, l.universe, l.channel, l.leds*p.width())
	}
	if h := p.head; h != nil {
		claim("laser", "the laser", h.universe, h.channel, len(h.roles))
	}
	if len(p.universes) == 0 {
		o.Fail("lights", "neither lights nor a laser are given: there is nothing to drive")
	}
	if err := light.Check(p.spans()); err != nil {
		o.Fail("lights", "%v", err)
	}
	slices.Sort(p.universes)
}

// Universes are those that the patch uses, sorted.
func (p *Patch) Universes() []int { return slices.Clone(p.universes) }

// width is how many channels an LED has.
func (p *Patch) width() int {
	if p.pixel == "dimmer" {
		return 1
	}
	return len(p.pixel)
}

// spans are the lamps as strips: one a universe, LEDs in the order of channels.
func (p *Patch) spans() []light.Span {
	next := map[int]int{}
	spans := make([]light.Span, 0, len(p.lamps))
	for _, l := range p.lamps {
		spans = append(spans, light.Span{Slot: l.slot, Strip: l.universe, First: next[l.universe], Count: l.leds})
		next[l.universe] += l.leds
	}
	return spans
}

// put writes the LED of a strip to its channels.
func (p *Patch) put(frames map[int]*Frame, strip, led int, c light.Color) {
	for _, l := range p.lamps {
		if l.universe != strip {
			continue
		}
		if led >= l.leds {
			led -= l.leds
			continue
		}
		copy(frames[strip][l.channel-1+led*p.width():], p.bytes(c))
		return
	}
}

func (p *Patch) bytes(c light.Color) []uint8 {
	switch p.pixel {
	case "grb":
		return []uint8{c.G, c.R, c.B}
	case "bgr":
		return []uint8{c.B, c.G, c.R}
	case "rgbw":
		w := min(c.R, c.G, c.B)
		return []uint8{c.R - w, c.G - w, c.B - w, w}
	case "dimmer":
		return []uint8{max(c.R, c.G, c.B)}
	}
	return []uint8{c.R, c.G, c.B}
}

// dark are the frames of all universes with nothing lit.
func (p *Patch) dark() map[int]*Frame {
	frames := map[int]*Frame{}
	for _, u := range p.universes {
		frames[u] = &Frame{}
	}
	return frames
}

// compose gives the frames of a moment. moving is true while the next moment
// differs.
func (p *Patch) compose(painter *light.Painter, now time.Time) (frames map[int]*Frame, moving bool) {
	frames = p.dark()
	moving = painter.Paint(now, func(strip, led int, c light.Color) { p.put(frames, strip, led, c) })
	if p.head != nil {
		p.head.put(frames[p.head.universe], now)
	}
	return frames, moving
}

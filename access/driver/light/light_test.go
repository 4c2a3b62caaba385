package light

import (
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// strip paints one strip of n LEDs.
func strip(p *Painter, n int, now time.Time) (leds []Color, moving bool) {
	leds = make([]Color, n)
	moving = p.Paint(now, func(_, led int, c Color) { leds[led] = c })
	return leds, moving
}

var start = time.Unix(1_700_000_000, 0)

func TestALightRunsAlongTheShelfToTheSlot(t *testing.T) {
	p := NewPainter([]Span{{"A1", 0, 0, 20}, {"A2", 0, 20, 20}}, 1)
	p.Set(map[string]room.Signal{"A2": room.SignalHere}, start)
	last := -1
	for at := time.Duration(0); at < runIn; at += 40 * time.Millisecond {
		leds, moving := strip(p, 40, start.Add(at))
		if !moving {
			t.Fatalf("nothing moves after %s", at)
		}
		if leds[25] != Of(room.SignalHere) {
			t.Fatalf("the slot itself shows %v after %s", leds[25], at)
		}
		head := -1
		for i, c := range leds[:20] {
			if c == (Color{255, 255, 255}) {
				head = i
			}
		}
		if head < last {
			t.Errorf("after %s the light is at %d, before at %d", at, head, last)
		}
		last = head
	}
	if last < 18 {
		t.Errorf("the light ends at %d", last)
	}
	leds, moving := strip(p, 40, start.Add(runIn))
	if moving || leds[3] != (Color{}) || leds[20] != Of(room.SignalHere) || leds[39] != Of(room.SignalHere) {
		t.Errorf("then: moving %t, %v", moving, leds)
	}
	p.Set(map[string]room.Signal{"A2": room.SignalHere, "Z9": room.SignalHere}, start.Add(2*runIn))
	if _, moving := strip(p, 40, start.Add(2*runIn)); moving {
		t.Error("the light runs again though nothing is new")
	}
}

func TestARunningLightLeavesOtherSlotsAsTheyAre(t *testing.T) {
	p := NewPainter([]Span{{"A1", 0, 0, 20}, {"A2", 0, 20, 20}}, 1)
	p.Set(map[string]room.Signal{"A1": room.SignalWarn, "A2": room.SignalHere2}, start)
	for at := time.Duration(0); at < runIn; at += 40 * time.Millisecond {
		leds, _ := strip(p, 40, start.Add(at))
		for i, c := range leds[:20] {
			if c.B != 0 || c.G > Of(room.SignalWarn).G {
				t.Fatalf("LED %d of the warning shows %v", i, c)
			}
		}
	}
}

func TestNoSignalIsToldByItsColourAlone(t *testing.T) {
	rhythm := map[string]room.Signal{}
	for _, s := range []room.Signal{room.SignalHere, room.SignalHere2, room.SignalHere3, room.SignalHere4, room.SignalSuggest, room.SignalWarn} {
		levels, flashes, before := "", 0, 1.0
		for at := time.Duration(0); at < 12*time.Second; at += 20 * time.Millisecond {
			l := Level(s, start.Add(at))
			if l < 0 || l > 1 {
				t.Fatalf("%s is at level %g", s, l)
			}
			if before < 0.5 && l >= 0.5 {
				flashes++
			}
			before = l
			levels += string(rune('a' + int(l*20)))
		}
		if other, same := rhythm[levels]; same {
			t.Errorf("%s and %s have one rhythm", s, other)
		}
		rhythm[levels] = s
		if flashes > 2*12 {
			t.Errorf("%s flashes %d times in 12 s", s, flashes)
		}
		if Moves(s) != (s != room.SignalHere) {
			t.Errorf("%s moves: %t", s, Moves(s))
		}
	}
	if Of("a signal of tomorrow") != (Color{}) {
		t.Error("an unknown signal is lit")
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		spans []Span
		ok    bool
	}{
		"side by side":      {[]Span{{"A2", 0, 30, 30}, {"A1", 0, 0, 30}}, true},
		"on two strips":     {[]Span{{"A1", 0, 0, 30}, {"A2", 1, 0, 30}}, true},
		"overlapping":       {[]Span{{"A1", 0, 0, 31}, {"A2", 0, 30, 30}}, false},
		"a slot twice":      {[]Span{{"A1", 0, 0, 30}, {"A1", 0, 30, 30}}, false},
		"no slot":           {[]Span{{"", 0, 0, 30}}, false},
		"none":              {[]Span{{"A1", 0, 0, 0}}, false},
		"before the start":  {[]Span{{"A1", 0, -1, 3}}, false},
		"nothing to lay on": {nil, true},
	} {
		if err := Check(c.spans); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

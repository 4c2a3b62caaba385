package dmx

import (
	"errors"
	"testing"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

func patch(t *testing.T, options map[string]string) Patch {
	t.Helper()
	o := device.Read(options)
	p := ReadPatch(o, 0, 100)
	if err := o.Done(); err != nil {
		t.Fatal(err)
	}
	return p
}

var start = time.Unix(1_700_000_000, 0)

func TestPixelsOfAnyOrder(t *testing.T) {
	for pixel, want := range map[string]string{
		"rgb": "\x00\x28\xff\x00\x28\xff", "grb": "\x28\x00\xff\x28\x00\xff", "bgr": "\xff\x28\x00\xff\x28\x00",
		"rgbw": "\x00\x28\xff\x00\x00\x28\xff\x00", "dimmer": "\xff\xff",
	} {
		p := patch(t, map[string]string{"lights": "A1=3/10x2", "pixel": pixel, "brightness": "100"})
		frames := p.dark()
		for led := range 2 {
			p.put(frames, 3, led, light.Of(room.SignalSuggest))
		}
		if got := string(frames[3][9 : 9+len(want)]); got != want || frames[3][8] != 0 || frames[3][9+len(want)] != 0 {
			t.Errorf("%s: % x, want % x", pixel, got, want)
		}
	}
}

func TestTheHeadIsDarkUnlessItIsPointed(t *testing.T) {
	p := patch(t, map[string]string{"laser": "1/1", "laser_settle": "100ms", "laser_channels": "pan, pan_fine, tilt, tilt_fine, 7, dimmer"})
	h := p.head
	at := func(d time.Duration) (f Frame) {
		h.put(&f, start.Add(d))
		return f
	}
	lit := func(d time.Duration) bool { f := at(d); return f[5] != 0 }
	if at(0) != (Frame{}) {
		t.Error("the head moves before it was pointed")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.point(room.Aim{PanDeg: 0, TiltDeg: 67.5}, time.Second, start))
	if f := at(200 * time.Millisecond); f[0] != 0x80 || f[1] != 0 || f[2] != 0xbf || f[3] != 0xff || f[4] != 7 || f[5] != 255 {
		t.Errorf("pan 0, tilt 67.5: % x", f[:6])
	}
	if lit(50*time.Millisecond) || lit(time.Second) || !lit(999*time.Millisecond) {
		t.Error("it shines while it swings, or longer than it was pointed")
	}
	must(h.point(room.Aim{PanDeg: 1, TiltDeg: 67}, time.Second, start.Add(500*time.Millisecond)))
	if !lit(510 * time.Millisecond) {
		t.Error("a small movement makes it dark")
	}
	must(h.point(room.Aim{PanDeg: 9, TiltDeg: 67}, time.Second, start.Add(600*time.Millisecond)))
	if lit(650*time.Millisecond) || !lit(750*time.Millisecond) {
		t.Error("it shines while it swings")
	}
	if turn, ok := h.turn(start.Add(650 * time.Millisecond)); !ok || turn != start.Add(700*time.Millisecond) {
		t.Errorf("the next turn is %v", turn.Sub(start))
	}
	h.off()
	if lit(800 * time.Millisecond) {
		t.Error("it shines after Off")
	}
}

func TestKeepOutAnglesAreNeverLit(t *testing.T) {
	p := patch(t, map[string]string{"laser": "1/1", "laser_pan": "180..-180", "laser_tilt": "-90..0", "laser_keep_out": "-10..10/-20..0, 100..120/-90..0"})
	h := p.head
	for aim, ok := range map[room.Aim]bool{
		{PanDeg: 20, TiltDeg: -30}: true, {PanDeg: 0, TiltDeg: -30}: true, {PanDeg: 0, TiltDeg: -10}: false,
		{PanDeg: 110, TiltDeg: -40}: false, {PanDeg: 181, TiltDeg: -40}: false, {PanDeg: 0, TiltDeg: 1}: false,
	} {
		if err := h.point(room.Aim{PanDeg: 20, TiltDeg: -30}, time.Minute, start.Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		err := h.point(aim, time.Minute, start)
		if ok && err != nil || !ok && !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%+v: %v", aim, err)
		}
		var f Frame
		h.put(&f, start.Add(time.Second))
		if lit := f[4] != 0; lit != ok {
			t.Errorf("%+v: lit %t", aim, lit)
		}
	}
}

// Package wled drives LED strips on shelf edges behind a WLED controller, over its
// JSON API and its realtime UDP protocol: a stretch of the strip a slot.
//
// # Models
//
// Any controller with WLED 0.13 or newer (https://kno.wled.ge): ESP32 and ESP8266
// boards, QuinLED, Athom, Gledopto.
//
// # Options
//
//	url         (required)  the controller's address, http://192.168.1.60
//	slots       (required)  which LEDs, counted from 0, belong to which slot: "A1=0-29, A2=30-59"
//	mode        realtime    realtime: packroom paints every LED; json: WLED's own effects blink
//	brightness  60          percent
//	poll        5s          how often the controller is asked how it is
//	timeout     2s          for each request
//
// # Wiring
//
// One data line along the shelves; the strip's length is set in WLED's LED
// preferences, and a strip that is too short for the slots is refused.
//
// # Limits
//
// On silence the strip goes dark by itself after 5 s in realtime mode; in json
// mode WLED keeps what it shows. In json mode each slot is one of WLED's segments
// (16 on an ESP8266, 32 on an ESP32), no light runs along the shelf, and residents'
// rhythms are approximate. In realtime mode WLED takes up to 489 LEDs a packet;
// longer strips take several. One program at a time can paint in realtime:
// another one that does is shown as a problem, in realtime mode only where it was
// there first.
//
// # To try it without hardware
//
// There is no WLED for a PC; the contract peer in this package's test answers as
// its public documentation says. WLED itself also takes sACN and Art-Net: see
// those drivers.
package wled

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

var _ room.Lights = (*Driver)(nil)

// Driver is one controller. Safe for concurrent use.
type Driver struct {
	rest       *device.REST
	spans      []light.Span
	painter    *light.Painter
	brightness float64
	live       *live // nil in json mode
	line       *device.Line
	stop       context.CancelFunc
	work       sync.WaitGroup
	once       sync.Once
	ended      error

	mu     sync.Mutex // one request that changes something at a time
	shown  map[string]room.Signal
	primed bool // the controller shows our segments since it was reached last
}

// Open makes the lights that options name.
func Open(ctx context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	d := &Driver{rest: device.ReadREST(o), spans: readSlots(o), brightness: float64(o.Number("brightness", 60, 1, 100)) / 100,
		line: device.NewLine(log), shown: map[string]room.Signal{}}
	realtime := o.Choice("mode", "realtime", "realtime", "json") == "realtime"
	poll := o.Duration("poll", 5*time.Second)
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	d.painter = light.NewPainter(d.spans, d.brightness)
	d.line.Note("slots", light.Slots(d.spans))
	if realtime {
		d.live = newLive(d.painter, d.last()+1)
	}
	if err := d.reach(ctx); short(err) {
		d.rest.Close()
		return room.Devices{}, nil, fmt.Errorf("option slots: %w", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	d.work.Go(func() { d.watch(ctx, poll) })
	if realtime {
		d.work.Go(func() { d.live.play(ctx) })
	}
	return room.Devices{Lights: d, Diagnostics: d.line}, d, nil
}

// readSlots takes "A1=0-29, A2=30-59".
func readSlots(o *device.Options) []light.Span {
	var spans []light.Span
	for one := range strings.SplitSeq(o.Need("slots", `the LEDs of each slot, such as "A1=0-29, A2=30-59"`), ",") {
		slot, leds, _ := strings.Cut(one, "=")
		from, to, _ := strings.Cut(strings.TrimSpace(leds), "-")
		first, err := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err != nil || err2 != nil || last < first {
			o.Fail("slots", "%q: write SLOT=FIRST-LAST, counted from 0", strings.TrimSpace(one))
			return nil
		}
		spans = append(spans, light.Span{Slot: strings.TrimSpace(slot), First: int(first), Count: int(last-first) + 1})
	}
	if err := light.Check(spans); err != nil {
		o.Fail("slots", "%v", err)
	}
	return spans
}

// last is the last LED that belongs to a slot.
func (d *Driver) last() int {
	last := 0
	for _, s := range d.spans {
		last = max(last, s.First+s.Count-1)
	}
	return last
}

// Set implements room.Lights. Slots that have no light here are passed over.
func (d *Driver) Set(ctx context.Context, bySlot map[string]room.Signal) error {
	d.painter.Set(bySlot, time.Now())
	d.mu.Lock()
	d.shown = bySlot
	d.mu.Unlock()
	if d.live != nil {
		d.live.kick()
	}
	if err := d.reach(ctx); err != nil {
		return fmt.Errorf("set lights: %w", err)
	}
	if d.live == nil {
		if err := d.show(ctx); err != nil {
			return fmt.Errorf("set lights: %w", err)
		}
	}
	return nil
}

// watch asks the controller how it is, and shows again what it is to show when
// it is back.
func (d *Driver) watch(ctx context.Context, poll time.Duration) {
	t := time.NewTicker(poll)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		_ = d.reach(ctx) // the line keeps it
	}
}

// Close leaves the strip dark.
func (d *Driver) Close() error {
	d.once.Do(func() {
		d.stop()
		d.work.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		d.painter.Set(nil, time.Now())
		if d.live != nil {
			d.live.end()
		}
		if d.line.OK() {
			d.ended = d.rest.Call(ctx, http.MethodPost, "/json/state", state{Segments: d.blank()}, nil)
		}
		d.rest.Close()
	})
	return d.ended
}

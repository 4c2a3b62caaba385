package wled

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/light"
	"github.com/packroom/packroom/room"
)

// contractPeer is a controller of our own making that behaves as WLED's public
// documentation says: https://kno.wled.ge/interfaces/json-api/ and
// https://kno.wled.ge/interfaces/udp-realtime/. No WLED runs on a PC.
type contractPeer struct {
	url string
	udp *net.UDPConn

	mu       sync.Mutex
	deaf     bool
	leds     int
	on       bool
	live     string // somebody else paints from there
	segments map[int]segment
	pixels   map[int][3]byte
	until    time.Time // realtime is over then
}

func newPeer(t *testing.T, leds int) *contractPeer {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &contractPeer{udp: c, leds: leds, segments: map[int]segment{}, pixels: map[int][3]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /json/info", p.info)
	mux.HandleFunc("POST /json/state", p.state)
	s := httptest.NewServer(mux)
	p.url = s.URL
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.listen()
	}()
	t.Cleanup(func() { s.Close(); c.Close(); <-done })
	return p
}

// begin locks p; a deaf one hangs up.
func (p *contractPeer) begin() {
	p.mu.Lock()
	if p.deaf {
		p.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
}

func (p *contractPeer) info(w http.ResponseWriter, _ *http.Request) {
	p.begin()
	defer p.mu.Unlock()
	live := p.live != "" || time.Now().Before(p.until)
	_ = json.NewEncoder(w).Encode(map[string]any{"ver": "0.14.4", "name": "Shelves", "udpport": p.udp.LocalAddr().(*net.UDPAddr).Port, "live": live, "lip": p.live, "lm": "E1.31",
		"leds": map[string]any{"count": p.leds, "maxseg": 32, "fps": 40}, "brand": "WLED"})
}

func (p *contractPeer) state(w http.ResponseWriter, r *http.Request) {
	p.begin()
	defer p.mu.Unlock()
	var s state
	b, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(b, &s) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if s.On != nil {
		p.on = *s.On
	}
	for _, seg := range s.Segments {
		p.segments[seg.ID] = seg
		if seg.Stop == 0 {
			delete(p.segments, seg.ID)
		}
	}
	fmt.Fprint(w, `{"success":true}`)
}

func (p *contractPeer) listen() {
	buf := make([]byte, 1500)
	for {
		n, err := p.udp.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		if n >= 4 && buf[0] == 4 && !p.deaf {
			p.until = time.Now().Add(time.Duration(buf[1]) * time.Second)
			first := int(buf[2])<<8 | int(buf[3])
			for i := range (n - 4) / 3 {
				p.pixels[first+i] = [3]byte(buf[4+3*i:])
			}
		}
		p.mu.Unlock()
	}
}

// shows are the LEDs as people see them.
func (p *contractPeer) shows() map[int][3]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) {
		return maps.Clone(p.pixels)
	}
	leds := map[int][3]byte{}
	for _, s := range p.segments {
		for i := s.Start; i < s.Stop && p.on && s.On; i++ {
			leds[i] = [3]byte{byte(s.Colors[0][0]), byte(s.Colors[0][1]), byte(s.Colors[0][2])}
		}
	}
	return leds
}

func (p *contractPeer) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func TestConformance(t *testing.T) {
	for _, mode := range []string{"realtime", "json"} {
		t.Run(mode, func(t *testing.T) {
			accesstest.Run(t, func(t *testing.T) accesstest.Bench { return bench(t, mode) })
		})
	}
}

func bench(t *testing.T, mode string) accesstest.Bench {
	p := newPeer(t, 600)
	var log accesstest.Log
	devices, closer, err := Open(t.Context(), map[string]string{"url": p.url, "slots": "A1=0-29, D4=500-529", "mode": mode, "poll": "100ms"}, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	return accesstest.Bench{
		Devices: devices, Close: closer.Close, Log: &log, Slots: []string{"A1", "D4"},
		Lit: func() map[string]room.Signal {
			leds, lit := p.shows(), map[string]room.Signal{}
			for slot, led := range map[string]int{"A1": 29, "D4": 529} {
				if s := light.Nearest(light.Color{R: leds[led][0], G: leds[led][1], B: leds[led][2]}); s != room.SignalOff {
					lit[slot] = s
				}
			}
			return lit
		},
		Plug: func(_ *testing.T, in bool) { p.set(func() { p.deaf = !in }) },
	}
}

func TestRefuses(t *testing.T) {
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"no address":              {"slots": "A1=0-29"},
		"an address that is none": {"url": "wled.local", "slots": "A1=0-29"},
		"no slots":                {"url": "http://127.0.0.1:1"},
		"slots that are none":     {"url": "http://127.0.0.1:1", "slots": "A1=0..29"},
		"slots backwards":         {"url": "http://127.0.0.1:1", "slots": "A1=29-0"},
		"slots that overlap":      {"url": "http://127.0.0.1:1", "slots": "A1=0-29, A2=29-50"},
		"an unknown mode":         {"url": "http://127.0.0.1:1", "slots": "A1=0-29", "mode": "disco"},
		"a strip that is shorter": {"url": newPeer(t, 50).url, "slots": "A1=0-29, A2=30-59"},
	})
}

func TestAStripThatTurnsOutTooShortIsTold(t *testing.T) {
	p := newPeer(t, 50)
	p.deaf = true
	devices, closer, err := Open(t.Context(), map[string]string{"url": p.url, "slots": "A1=0-29, A2=30-59", "poll": "20ms"}, new(accesstest.Log).Logger())
	if err != nil {
		t.Fatalf("a controller that does not answer yet: %v", err)
	}
	defer closer.Close()
	accesstest.VisitGoesOn(t, devices, func() { p.set(func() { p.deaf = false }) }, "slot A2 ends at LED 59", "LED preferences")
	err = devices.Lights.Set(t.Context(), map[string]room.Signal{"A2": room.SignalHere})
	if !errors.Is(err, room.ErrUnavailable) || !strings.Contains(err.Error(), `slot A2 ends at LED 59 and the strip "Shelves" has LEDs 0 to 49`) {
		t.Errorf("got %v", err)
	}
	if d := devices.Diagnostics.Diagnose()[0]; d.OK || !strings.Contains(d.Problem, "LED preferences") {
		t.Errorf("the diagnosis is %+v", d)
	}
}

func TestAStripThatSomebodyElsePaintsIsTold(t *testing.T) {
	for _, mode := range []string{"realtime", "json"} {
		p := newPeer(t, 60)
		p.live = "10.0.0.9"
		devices, closer, err := Open(t.Context(), map[string]string{"url": p.url, "slots": "A1=0-29", "mode": mode, "poll": "20ms"}, new(accesstest.Log).Logger())
		if err != nil {
			t.Fatal(err)
		}
		defer closer.Close()
		if err := devices.Lights.Set(t.Context(), nil); !errors.Is(err, room.ErrUnavailable) || !strings.Contains(err.Error(), "painted by 10.0.0.9 (E1.31)") {
			t.Errorf("%s: %v", mode, err)
		}
		p.set(func() { p.live = "" })
		if err := devices.Lights.Set(t.Context(), nil); err != nil {
			t.Errorf("%s: when it has ended: %v", mode, err)
		}
	}
}

func TestAControllerThatWasWithoutPowerShowsAgainWhatItShould(t *testing.T) {
	for _, mode := range []string{"realtime", "json"} {
		b := bench(t, mode)
		want := map[string]room.Signal{"D4": room.SignalHere}
		if err := b.Devices.Lights.Set(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		b.Plug(t, false)
		accesstest.Eventually(t, "the cut is noticed", func() bool { return !b.Devices.Diagnostics.Diagnose()[0].OK })
		b.Plug(t, true)
		accesstest.Eventually(t, "it shows it again", func() bool { return maps.Equal(b.Lit(), want) })
	}
}

func TestStoppedTheStripIsDark(t *testing.T) {
	for _, mode := range []string{"realtime", "json"} {
		b := bench(t, mode)
		if err := b.Devices.Lights.Set(t.Context(), map[string]room.Signal{"A1": room.SignalHere}); err != nil {
			t.Fatal(err)
		}
		accesstest.Eventually(t, "it is lit", func() bool { return len(b.Lit()) == 1 })
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		accesstest.Eventually(t, "it is dark", func() bool { return len(b.Lit()) == 0 })
	}
}

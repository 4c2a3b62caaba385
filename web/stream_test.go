package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// page listens to a stream over real HTTP.
type page struct {
	t     *testing.T
	lines chan [2]string
}

func (h *house) listen(path string) *page {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ts := httptest.NewServer(h.server)
	running := make(chan struct{})
	go func() { defer close(running); _ = h.server.Run(ctx) }()
	req, _ := http.NewRequestWithContext(ctx, "GET", ts.URL+path, nil)
	for _, c := range h.cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("stream: %s %v", resp.Status, resp.Header)
	}
	p := &page{t: h.t, lines: make(chan [2]string, 100)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		s := bufio.NewScanner(resp.Body)
		name := ""
		for s.Scan() {
			if v, ok := strings.CutPrefix(s.Text(), "event: "); ok {
				name = v
			} else if v, ok := strings.CutPrefix(s.Text(), "data: "); ok {
				p.lines <- [2]string{name, v}
			}
		}
	}()
	h.t.Cleanup(func() {
		cancel()
		<-read
		<-running
		resp.Body.Close()
		ts.Close()
	})
	return p
}

func (p *page) next(name string) string {
	p.t.Helper()
	for {
		select {
		case l := <-p.lines:
			if l[0] == name {
				return l[1]
			}
		case <-time.After(10 * time.Second):
			p.t.Fatalf("no %q came", name)
		}
	}
}

func (p *page) nextView(t *testing.T) room.KioskView {
	t.Helper()
	var v room.KioskView
	if err := json.Unmarshal([]byte(p.next("view")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAKioskHearsOfAnEventAtOnce(t *testing.T) {
	h := open(t, func(c *Config) { c.PollInterval = time.Hour })
	p := h.listen("/api/kiosk/K1/events")
	if v := p.nextView(t); v.Visit != nil {
		t.Fatalf("first view %+v", v)
	}
	h.room.set(delivery())
	began := time.Now()
	h.events <- room.Event{Kind: room.EvVisitStarted}
	if v := p.nextView(t); v.Visit == nil || v.Visit.Credential != "" {
		t.Errorf("view %+v", v)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestAKioskPollsWhileTheBusIsAway(t *testing.T) {
	h := open(t, func(c *Config) {
		c.PollInterval = 5 * time.Millisecond
		c.Watch = func(context.Context, func(room.Event)) error { return room.ErrUnavailable }
	})
	p := h.listen("/api/kiosk/K1/events")
	p.nextView(t)
	h.room.set(delivery())
	if v := p.nextView(t); v.Visit == nil {
		t.Errorf("view %+v", v)
	}
}

func TestACommandOfThisServerIsSeenWithoutTheBus(t *testing.T) {
	h := open(t, func(c *Config) { c.PollInterval = time.Hour })
	p := h.listen("/api/kiosk/K1/events")
	p.nextView(t)
	h.room.set(delivery())
	h.want(h.ask("POST", "/api/kiosk/K1/start", map[string]string{"form": "pin", "secret": "482913"}), 200, "")
	if v := p.nextView(t); v.Visit == nil {
		t.Errorf("view %+v", v)
	}
}

func TestThePageIsToldWhyTheRoomDoesNotAnswerAndWhenItIsBack(t *testing.T) {
	h := open(t, func(c *Config) { c.PollInterval = 5 * time.Millisecond })
	h.room.err = room.ErrUnavailable
	p := h.listen("/api/kiosk/K1/events")
	var f failure
	if err := json.Unmarshal([]byte(p.next("trouble")), &f); err != nil || f.Kind != "unavailable" {
		t.Errorf("trouble %+v, %v", f, err)
	}
	h.room.mu.Lock()
	h.room.err = nil
	h.room.mu.Unlock()
	p.nextView(t)
}

func TestManagersGetTheRoomAndTheLog(t *testing.T) {
	h := open(t)
	h.signIn()
	p := h.listen("/api/manager/stream")
	p.next("view")
	for _, id := range []string{"e1", "e2", "e3"} {
		h.events <- room.Event{ID: id, Kind: room.EvParcelStored}
	}
	for _, id := range []string{"e1", "e2", "e3"} {
		var e room.Event
		if err := json.Unmarshal([]byte(p.next("log")), &e); err != nil || e.ID != id {
			t.Errorf("event %+v, want %s", e, id)
		}
	}
}

func TestASlowPageDelaysNobody(t *testing.T) {
	h := newHub()
	l, leave := h.listen()
	defer leave()
	for range 3 * eventBuffer {
		h.publish(room.Event{})
	}
	if len(l.events) != eventBuffer || len(l.wake) != 1 {
		t.Errorf("%d events, %d wake-ups", len(l.events), len(l.wake))
	}
	leave()
	if h.listeners() != 0 {
		t.Error("it is still counted")
	}
}

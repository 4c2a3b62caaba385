package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const (
	heartbeat   = 15 * time.Second // proxies and browsers notice a dead stream by its absence
	idlePoll    = 5                // PollIntervals between two looks at a kiosk where nobody is
	watchRetry  = time.Second
	eventBuffer = 64
)

// hub hands every event to every page that listens. A page that is too slow
// misses events but never a wake-up.
type hub struct {
	mu  sync.Mutex
	all map[*listener]bool
	up  atomic.Bool
}

type listener struct {
	events chan room.Event
	wake   chan struct{}
}

func newHub() *hub { return &hub{all: map[*listener]bool{}} }

func (h *hub) connected() bool { return h.up.Load() }

func (h *hub) listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.all)
}

func (h *hub) listen() (l *listener, leave func()) {
	l = &listener{events: make(chan room.Event, eventBuffer), wake: make(chan struct{}, 1)}
	h.mu.Lock()
	h.all[l] = true
	h.mu.Unlock()
	return l, func() {
		h.mu.Lock()
		delete(h.all, l)
		h.mu.Unlock()
	}
}

func (h *hub) publish(e room.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.all {
		select {
		case l.events <- e:
		default:
		}
		l.nudge()
	}
}

// nudge makes every page look at the room again: a command was carried out here,
// and its events may come later than its answer, or not at all.
func (h *hub) nudge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.all {
		l.nudge()
	}
}

func (l *listener) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// watch keeps a watch on the bus for as long as ctx lasts.
func (s *Server) watch(ctx context.Context) {
	for ctx.Err() == nil {
		s.hub.up.Store(true)
		err := s.cfg.Watch(ctx, s.hub.publish)
		if ctx.Err() != nil {
			return
		}
		if s.hub.up.Swap(false) {
			s.log.Warn("events do not arrive; pages poll", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchRetry):
		}
	}
}

// stream is one page's server-sent events.
type stream struct {
	c  echo.Context
	rc *http.ResponseController
}

func openStream(c echo.Context) (*stream, error) {
	st := &stream{c: c, rc: http.NewResponseController(c.Response().Writer)}
	_ = st.rc.SetWriteDeadline(time.Time{}) // the server's deadline is for answers, not for streams
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	return st, st.write(": packroom\nretry: 1000\n\n")
}

func (st *stream) write(text string) error {
	_ = st.rc.SetWriteDeadline(time.Now().Add(heartbeat))
	if _, err := st.c.Response().Write([]byte(text)); err != nil {
		return err
	}
	return st.rc.Flush()
}

func (st *stream) send(name string, data []byte) error {
	return st.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, data))
}

// follow pushes what view returns whenever an event came or, without one, when
// the poll interval has passed, but only if it changed since. An error of view
// is pushed as "trouble", so that the page can say so while it stays connected.
// view says whether a look every PollInterval is wanted or a rarer one will do.
func (s *Server) follow(c echo.Context, onEvent func(*stream, room.Event) error,
	view func(ctx context.Context) (data []byte, busy bool, err error)) error {
	l, leave := s.hub.listen()
	defer leave()
	st, err := openStream(c)
	if err != nil {
		return nil
	}
	ctx := c.Request().Context()
	var last []byte
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		busy, next, name := true, []byte(nil), "view"
		next, busy, err = view(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			_, f := describe(err)
			next, _ = json.Marshal(f)
			name, busy = "trouble", true
		}
		if !bytes.Equal(next, last) {
			if st.send(name, next) != nil {
				return nil
			}
			last = next
		}
		wait := s.cfg.PollInterval
		if !busy && s.hub.connected() {
			wait *= idlePoll
		}
		if !s.await(ctx, st, l, beat, wait, onEvent) {
			return nil
		}
	}
}

// await returns true when it is time to look at the view again, false when the
// page has gone.
func (s *Server) await(ctx context.Context, st *stream, l *listener, beat *time.Ticker, wait time.Duration,
	onEvent func(*stream, room.Event) error) bool {
	poll := time.NewTimer(wait)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-beat.C:
			if st.write("event: beat\ndata: {}\n\n") != nil {
				return false
			}
		case e := <-l.events:
			if onEvent != nil && onEvent(st, e) != nil {
				return false
			}
		case <-l.wake:
			return s.drain(st, l, onEvent)
		case <-poll.C:
			return true
		}
	}
}

// drain hands over the events that are already here, so that one look at the
// view serves them all.
func (s *Server) drain(st *stream, l *listener, onEvent func(*stream, room.Event) error) bool {
	for {
		select {
		case e := <-l.events:
			if onEvent != nil && onEvent(st, e) != nil {
				return false
			}
		default:
			return true
		}
	}
}

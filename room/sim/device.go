package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// DoorLine is a line of the door's event stream: an event with its number, or
// a beat without one.
type DoorLine struct {
	Seq   int64           `json:"seq"`
	Event *room.DoorEvent `json:"event,omitempty"`
}

// ReadLine is a line of the card reader's stream: what was read, or a beat.
type ReadLine struct {
	Attempt *room.Attempt `json:"attempt,omitempty"`
}

// PointRequest aims the laser.
type PointRequest struct {
	Aim   room.Aim `json:"aim"`
	TTLMS int64    `json:"ttl_ms"`
}

// SayRequest speaks.
type SayRequest struct {
	Text     string `json:"text"`
	Language string `json:"language"`
	Urgent   bool   `json:"urgent"`
}

// MaxLaserTTL bounds the dead-man time that the laser head accepts.
const MaxLaserTTL = 10 * time.Second

// routes is everything the simulated room answers to.
func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /device/door/unlock", handle(s.unlock))
	mux.HandleFunc("POST /device/door/lock", handle(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, s.lockDoor() }))
	mux.HandleFunc("GET /device/door/events", s.doorEvents)
	mux.HandleFunc("PUT /device/lights", handle(s.putLights))
	mux.HandleFunc("PUT /device/laser", handle(s.putLaser))
	mux.HandleFunc("DELETE /device/laser", handle(func(context.Context, struct{}) (struct{}, error) { s.point(nil, 0); return struct{}{}, nil }))
	mux.HandleFunc("POST /device/voice", handle(s.postVoice))
	mux.HandleFunc("GET /device/reader/events", s.readerEvents)
	mux.HandleFunc("POST /act", handle(func(ctx context.Context, a Action) (Result, error) { return s.Act(ctx, a) }))
	mux.HandleFunc("GET /state", handle(func(context.Context, struct{}) (State, error) { return s.State(), nil }))
	mux.HandleFunc("GET /slots/{camera}", s.getSlots)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /metrics", s.metrics)
	s.page(mux)
	return s.wired(mux)
}

// wired drops the devices' requests while their line is cut.
func (s *Sim) wired(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/device/") {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		line := s.line()
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			select {
			case <-line:
				cancel()
			case <-stop:
			}
		}()
		select {
		case <-line:
			panic(http.ErrAbortHandler) // hang up without an answer
		default:
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// maxBody bounds a request's body.
const maxBody = 1 << 20

// handle makes a handler of a function of its JSON body.
func handle[In, Out any](do func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if r.Method != http.MethodGet && r.Method != http.MethodDelete && r.ContentLength != 0 {
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
				fail(w, fmt.Errorf("read the request: %w: %v", room.ErrInvalid, err))
				return
			}
		}
		out, err := do(r.Context(), in)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // the client is gone: nobody to tell
	}
}

// fail answers with an error of the room's kinds.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, room.ErrInvalid):
		status = http.StatusBadRequest
	case errors.Is(err, room.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, room.ErrConflict):
		status = http.StatusConflict
	case errors.Is(err, room.ErrUnavailable):
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(room.FailureOf(err))
}

func (s *Sim) unlock(_ context.Context, g room.Grant) (struct{}, error) {
	if g.Door != "" && g.Door != s.door.name {
		return struct{}{}, fmt.Errorf("unlock door %s: %w: this is %s", g.Door, room.ErrNotFound, s.door.name)
	}
	if err := s.door.unlock(g); err != nil {
		return struct{}{}, err
	}
	s.changed()
	return struct{}{}, nil
}

func (s *Sim) lockDoor() error {
	s.door.lock()
	s.changed()
	return nil
}

// changed tells watchers of something outside the world's own lock.
func (w *World) changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.touch()
}

func (s *Sim) putLights(_ context.Context, in map[string]room.Signal) (struct{}, error) {
	lit := map[string]room.Signal{}
	for id, sig := range in {
		if s.layout.byID[id] == nil {
			continue // another device's light
		}
		switch sig {
		case room.SignalOff, "":
		case room.SignalHere, room.SignalHere2, room.SignalHere3, room.SignalHere4, room.SignalSuggest, room.SignalWarn:
			lit[id] = sig
		default:
			return struct{}{}, fmt.Errorf("light of slot %s: %w: no signal %q", id, room.ErrInvalid, sig)
		}
	}
	s.setLights(lit)
	return struct{}{}, nil
}

func (s *Sim) putLaser(_ context.Context, in PointRequest) (struct{}, error) {
	ttl := time.Duration(in.TTLMS) * time.Millisecond
	if ttl <= 0 || ttl > MaxLaserTTL {
		return struct{}{}, fmt.Errorf("point the laser: %w: ttl %s is not within 0 and %s", room.ErrInvalid, ttl, MaxLaserTTL)
	}
	if _, d, ok := s.layout.beam(in.Aim); !ok || d.Y < 0.2 || d.Z > 0 {
		return struct{}{}, fmt.Errorf("point the laser: %w: pan %.1f, tilt %.1f is outside the head's range", room.ErrInvalid, in.Aim.PanDeg, in.Aim.TiltDeg)
	}
	s.point(&in.Aim, ttl)
	return struct{}{}, nil
}

func (s *Sim) postVoice(_ context.Context, in SayRequest) (struct{}, error) {
	if in.Text == "" {
		return struct{}{}, fmt.Errorf("say: %w: no text", room.ErrInvalid)
	}
	s.say(Spoken{At: s.clock().UTC(), Text: in.Text, Language: in.Language, Urgent: in.Urgent})
	return struct{}{}, nil
}

// doorEvents streams DoorLines: what was missed after the event numbered
// ?after=, the present state, then what happens.
func (s *Sim) doorEvents(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil && r.URL.Query().Has("after") {
		fail(w, fmt.Errorf("door events: %w: after must be a number", room.ErrInvalid))
		return
	}
	send := lines(w)
	_ = s.door.listen(r.Context(), after, s.cfg.Beat, func(seq int64, e room.DoorEvent) error { // it ends with the line
		l := DoorLine{Seq: seq}
		if e.ID != "" {
			l.Event = &e
		}
		return send(l)
	})
}

func (s *Sim) readerEvents(w http.ResponseWriter, r *http.Request) {
	send := lines(w)
	if send(ReadLine{}) != nil {
		return
	}
	reads := s.reads(r.Context())
	t := time.NewTicker(s.cfg.Beat)
	defer t.Stop()
	for {
		var err error
		select {
		case a, ok := <-reads:
			if !ok {
				return
			}
			err = send(ReadLine{Attempt: &a})
		case <-t.C:
			err = send(ReadLine{})
		}
		if err != nil {
			return
		}
	}
}

// lines begins a stream of JSON lines, each sent at once.
func lines(w http.ResponseWriter) func(any) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	enc := json.NewEncoder(w)
	return func(v any) error {
		if err := rc.SetWriteDeadline(time.Now().Add(5 * time.Second)); err != nil {
			return err
		}
		if err := enc.Encode(v); err != nil {
			return err
		}
		return rc.Flush()
	}
}

func (s *Sim) getSlots(w http.ResponseWriter, r *http.Request) {
	for i := range s.cfg.Cameras {
		if cameraName(i) == r.PathValue("camera") {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(s.layout.slotsFile(i)) // the client is gone: nobody to tell
			return
		}
	}
	fail(w, fmt.Errorf("camera %q: %w", r.PathValue("camera"), room.ErrNotFound))
}

func (s *Sim) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	detail := map[string]any{"cameras": len(s.films), "seed": s.cfg.Seed}
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "detail": detail}) // the client is gone: nobody to tell
}

// metrics tells Prometheus about the room, in its text format.
func (s *Sim) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	st := s.State()
	lying := 0
	for _, slot := range st.Slots {
		lying += len(slot.Parcels)
	}
	gauge := func(name, help string, v int) {
		fmt.Fprintf(w, "# HELP packroom_sim_%[1]s %[2]s\n# TYPE packroom_sim_%[1]s gauge\npackroom_sim_%[1]s %[3]d\n", name, help, v)
	}
	gauge("people", "People in the simulated room.", len(st.People))
	gauge("parcels", "Parcels on the simulated shelves.", lying)
	gauge("unlocks", "How often the simulated strike acted.", st.Door.Unlocks)
	fmt.Fprint(w, "# HELP packroom_sim_frames_total Frames encoded.\n# TYPE packroom_sim_frames_total counter\n")
	for _, f := range s.films {
		fmt.Fprintf(w, "packroom_sim_frames_total{camera=%q} %d\n", f.name, f.frames.Load())
	}
	fmt.Fprint(w, "# HELP packroom_sim_viewers RTSP sessions that play.\n# TYPE packroom_sim_viewers gauge\n")
	for _, f := range s.films {
		fmt.Fprintf(w, "packroom_sim_viewers{camera=%q} %d\n", f.name, f.viewers.Load())
	}
}

package vision

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/packroom/packroom/room"
)

// Handler is the service's HTTP side. All but /healthz and /metrics asks for
// the box token as a bearer; WHEP takes a viewer's token too, and an open
// session is its own key.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /cameras", s.boxOnly(s.cameras))
	mux.HandleFunc("GET /snapshot/{file}", s.boxOnly(s.snapshot))
	mux.HandleFunc("POST /viewers/{camera}", s.boxOnly(s.newViewer))
	mux.HandleFunc("OPTIONS /whep/{camera}", s.viewersOnly(s.whepOptions))
	mux.HandleFunc("POST /whep/{camera}", s.viewersOnly(s.whepOffer))
	mux.HandleFunc("PATCH /whep/{camera}/{session}", s.whepTrickle)
	mux.HandleFunc("DELETE /whep/{camera}/{session}", s.whepEnd)
	mux.HandleFunc("GET /clip", s.boxOnly(s.exportClip))
	mux.HandleFunc("POST /clip", s.boxOnly(s.pinClip))
	mux.HandleFunc("GET /clips", s.boxOnly(s.listClips))
	mux.HandleFunc("GET /clip/about", s.boxOnly(s.describeClip))
	mux.HandleFunc("GET /footage", s.boxOnly(s.listFootage))
	mux.HandleFunc("GET /still", s.boxOnly(s.still))
	mux.HandleFunc("GET /holds", s.boxOnly(s.listHolds))
	mux.HandleFunc("POST /holds", s.boxOnly(s.hold))
	mux.HandleFunc("DELETE /holds/{id}", s.boxOnly(s.release))
	return mux
}

// bearer is the token that a request shows: in the Authorization header, or,
// for players that can't set one, as ?token=.
func bearer(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return r.URL.Query().Get("token")
}

func (s *Service) isBox(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(bearer(r)), []byte(s.cfg.Token)) == 1
}

func (s *Service) boxOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.isBox(r) {
			fail(w, http.StatusUnauthorized, &room.Denial{Reason: "unknown"})
			return
		}
		next(w, r)
	}
}

// viewersOnly lets the box in, and who holds a viewer's token of this camera.
func (s *Service) viewersOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.isBox(r) {
			if _, err := room.CheckViewer(s.cfg.Token, r.PathValue("camera"), bearer(r), time.Now()); err != nil {
				fail(w, http.StatusUnauthorized, err)
				return
			}
		}
		next(w, r)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the caller is gone if this fails
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(room.FailureOf(err))
}

// failBy chooses the status by the error's kind.
func failBy(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	for kind, code := range map[error]int{
		room.ErrNotFound: http.StatusNotFound, room.ErrInvalid: http.StatusBadRequest,
		room.ErrConflict: http.StatusConflict, room.ErrUnavailable: http.StatusServiceUnavailable,
	} {
		if errors.Is(err, kind) {
			status = code
		}
	}
	fail(w, status, err)
}

func (s *Service) healthz(w http.ResponseWriter, _ *http.Request) {
	up := 0
	for _, k := range s.workers {
		if k.camera.Status().Up {
			up++
		}
	}
	// A camera that is away is the room's concern and no fault of this process.
	detail := map[string]string{"cameras": fmt.Sprintf("%d of %d up", up, len(s.workers)), "unsent": strconv.Itoa(s.unsent.Len())}
	if h := s.clips.StorageHealth(time.Now()); !h.OK {
		detail["footage"] = h.Detail
	}
	answer(w, map[string]any{"ok": true, "detail": detail})
}

// CameraView is one camera for people.
type CameraView struct {
	ID      string            `json:"id"`
	Health  room.CameraHealth `json:"health"`
	Since   time.Time         `json:"since"` // of being up, or not
	Width   int               `json:"width"`
	Height  int               `json:"height"`
	FPS     float64           `json:"fps"`
	Sub     bool              `json:"sub"` // has a small stream
	Viewers int               `json:"viewers"`
	From    time.Time         `json:"from,omitzero"` // oldest footage
}

func (s *Service) cameras(w http.ResponseWriter, _ *http.Request) {
	now := time.Now().UTC()
	views := make([]CameraView, 0, len(s.workers))
	for _, k := range s.workers {
		st := k.status()
		views = append(views, CameraView{ID: k.cfg.ID, Health: k.health.word(k.cfg.ID, st, now), Since: st.Since,
			Width: st.Width, Height: st.Height, FPS: st.FPS,
			Sub: k.sub != nil, Viewers: s.live.Viewers(k.cfg.ID), From: s.clips.Oldest(k.cfg.ID)})
	}
	answer(w, views)
}

func (s *Service) worker(camera string) (*worker, error) {
	if w, ok := s.byID[camera]; ok {
		return w, nil
	}
	return nil, fmt.Errorf("camera %q: %w", camera, room.ErrNotFound)
}

func (s *Service) snapshot(w http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutSuffix(r.PathValue("file"), ".jpg")
	k, err := s.worker(id)
	if err != nil || !ok {
		failBy(w, errors.Join(err, room.ErrNotFound))
		return
	}
	img, at, ok := k.picture()
	if !ok {
		failBy(w, fmt.Errorf("camera %s: %w: no picture yet", id, room.ErrUnavailable))
		return
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		failBy(w, fmt.Errorf("camera %s: %w", id, err))
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Last-Modified", at.Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes())
}

// picture is the newest frame.
func (w *worker) picture() (img *image.RGBA, at time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.newest
	if !f.Valid() {
		return nil, time.Time{}, false
	}
	return f.rgba(), f.At, true
}

// rgba is the frame as Go's encoders take it.
func (f Frame) rgba() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for i, j := 0, 0; i < len(f.Pix); i, j = i+3, j+4 {
		img.Pix[j], img.Pix[j+1], img.Pix[j+2], img.Pix[j+3] = f.Pix[i+2], f.Pix[i+1], f.Pix[i], 0xff
	}
	return img
}

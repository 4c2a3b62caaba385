package vision

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/packroom/packroom/room"
)

// parseTime reads RFC 3339 or milliseconds since 1970.
func parseTime(s string) (time.Time, error) {
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q: %w: write it as 2026-01-31T12:00:00Z or as milliseconds since 1970", s, room.ErrInvalid)
	}
	return t.UTC(), nil
}

// exportClip gives GET /clip?camera=&from=&to= as MP4.
func (s *Service) exportClip(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, err := parseTime(q.Get("from"))
	if err != nil {
		failBy(w, err)
		return
	}
	to, err := parseTime(q.Get("to"))
	if err != nil {
		failBy(w, err)
		return
	}
	clip, err := s.clips.Export(q.Get("camera"), from, to)
	if err != nil {
		failBy(w, err)
		return
	}
	f, err := os.Open(clip.Path)
	if err != nil {
		failBy(w, fmt.Errorf("clip: %w", err))
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", fmt.Sprintf("%s-%s.mp4", clip.Camera, clip.Start.Format("20060102T150405Z"))))
	h.Set("ETag", strconv.Quote(clip.SHA256))
	h.Set("X-Clip-SHA256", clip.SHA256)
	h.Set("X-Clip-Start", clip.Start.Format(time.RFC3339Nano))
	h.Set("X-Clip-End", clip.End.Format(time.RFC3339Nano))
	if gaps, err := json.Marshal(clip.Gaps); err == nil {
		h.Set("X-Clip-Gaps", string(gaps))
	}
	http.ServeContent(w, r, "", time.Time{}, f)
}

// pinClip takes POST /clip with a PinRequest.
func (s *Service) pinClip(w http.ResponseWriter, r *http.Request) {
	var q PinRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&q); err != nil {
		failBy(w, fmt.Errorf("pin footage: %w: %v", room.ErrInvalid, err))
		return
	}
	p, err := s.clips.Pin(q)
	if err != nil {
		failBy(w, err)
		return
	}
	answer(w, p)
}

// listClips gives GET /clips?event=&camera=.
func (s *Service) listClips(w http.ResponseWriter, r *http.Request) {
	answer(w, s.clips.Pins(r.URL.Query().Get("event"), r.URL.Query().Get("camera")))
}

package vision

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
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

// span reads from and to of a query.
func span(q url.Values) (from, to time.Time, err error) {
	if from, err = parseTime(q.Get("from")); err != nil {
		return from, to, err
	}
	to, err = parseTime(q.Get("to"))
	return from, to, err
}

// exportClip gives GET /clip?camera=&from=&to= as MP4, faces covered unless
// &plain=1 is asked for.
func (s *Service) exportClip(w http.ResponseWriter, r *http.Request) {
	clip, err := s.footageOf(r)
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
	h.Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", fmt.Sprintf("%s-%s.mp4", clip.Camera, clip.From.Format("20060102T150405Z"))))
	h.Set("ETag", strconv.Quote(clip.SHA256))
	h.Set("X-Clip-SHA256", clip.SHA256)
	h.Set("X-Clip-Start", clip.Start.Format(time.RFC3339Nano))
	h.Set("X-Clip-End", clip.End.Format(time.RFC3339Nano))
	if gaps, err := json.Marshal(clip.Gaps); err == nil {
		h.Set("X-Clip-Gaps", string(gaps))
	}
	http.ServeContent(w, r, "", time.Time{}, f)
}

// describeClip gives GET /clip/about with the same query: what the file holds,
// and its checksum. It returns when the file is ready to be played.
func (s *Service) describeClip(w http.ResponseWriter, r *http.Request) {
	clip, err := s.footageOf(r)
	if err != nil {
		failBy(w, err)
		return
	}
	answer(w, room.Footage{Camera: clip.Camera, From: clip.From, To: clip.To, Plain: r.URL.Query().Get("plain") == "1",
		Start: clip.Start, End: clip.End, Gaps: clip.Gaps, SHA256: clip.SHA256, Bytes: clip.Bytes})
}

func (s *Service) footageOf(r *http.Request) (Clip, error) {
	q := r.URL.Query()
	from, to, err := span(q)
	if err != nil {
		return Clip{}, err
	}
	if q.Get("plain") == "1" {
		return s.clips.Export(q.Get("camera"), from, to)
	}
	return s.blur.Export(r.Context(), q.Get("camera"), from, to)
}

// still gives GET /still?camera=&at= as a small JPEG, faces covered.
func (s *Service) still(w http.ResponseWriter, r *http.Request) {
	at, err := parseTime(r.URL.Query().Get("at"))
	var b []byte
	if err == nil {
		b, err = s.blur.Still(r.Context(), r.URL.Query().Get("camera"), at)
	}
	if err != nil {
		failBy(w, err)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(b)
}

// FootageView is what is recorded of one camera in a span of time.
type FootageView struct {
	Camera string      `json:"camera"`
	Spans  []Span      `json:"spans"` // of which there is footage; what lies between is a gap
	Clips  []room.Clip `json:"clips"` // kept for events
	Holds  []room.Hold `json:"holds"`
}

const viewMost = 8 * 24 * time.Hour

// listFootage gives GET /footage?from=&to=: every camera with what is recorded.
func (s *Service) listFootage(w http.ResponseWriter, r *http.Request) {
	from, to, err := span(r.URL.Query())
	if err == nil && (!from.Before(to) || to.Sub(from) > viewMost) {
		err = fmt.Errorf("footage: %w: ask for up to %s, beginning before their end", room.ErrInvalid, viewMost)
	}
	if err != nil {
		failBy(w, err)
		return
	}
	answer(w, s.clips.View(from, to))
}

// View lists what is recorded of every camera between two times.
func (c *Clips) View(from, to time.Time) []FootageView {
	views, holds := []FootageView{}, c.Holds()
	for camera, r := range c.allRings() {
		v := FootageView{Camera: camera, Spans: []Span{}, Clips: []room.Clip{}, Holds: []room.Hold{}}
		spans := r.covered(from, to)
		for _, p := range c.Pins("", camera) {
			if !p.From.Before(to) || !p.To.After(from) {
				continue
			}
			v.Clips = append(v.Clips, p.word())
			if p.State == PinSaved {
				spans = append(spans, p.shown(from, to)...)
			}
		}
		v.Spans = append(v.Spans, joined(spans)...)
		for _, h := range holds {
			if h.Camera == camera && h.From.Before(to) && h.To.After(from) {
				v.Holds = append(v.Holds, h)
			}
		}
		views = append(views, v)
	}
	slices.SortFunc(views, func(a, b FootageView) int { return strings.Compare(a.Camera, b.Camera) })
	return views
}

// shown is what a saved clip covers of [from, to].
func (p Pin) shown(from, to time.Time) (spans []Span) {
	at := later(p.Start, from)
	for _, g := range append(slices.Clone(p.Gaps), Gap{From: earlier(p.End, to), To: to}) {
		if g.From.After(at) {
			spans = append(spans, Span{at, earlier(g.From, to)})
		}
		at = later(at, g.To)
	}
	return spans
}

// hold takes POST /holds with a room.Hold.
func (s *Service) hold(w http.ResponseWriter, r *http.Request) {
	var h room.Hold
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&h)
	if err != nil {
		err = fmt.Errorf("hold footage: %w: %v", room.ErrInvalid, err)
	} else {
		err = s.clips.Hold(h)
	}
	if err != nil {
		failBy(w, err)
		return
	}
	answer(w, h)
}

// listHolds gives GET /holds.
func (s *Service) listHolds(w http.ResponseWriter, _ *http.Request) { answer(w, s.clips.Holds()) }

// release takes DELETE /holds/{id}.
func (s *Service) release(w http.ResponseWriter, r *http.Request) {
	if err := s.clips.Release(r.PathValue("id")); err != nil {
		failBy(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
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

package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

// plainFor is how long footage may be looked at with its faces after the log has
// it: a player asks for it in pieces.
const plainFor = 15 * time.Minute

// visionTimeout bounds a question to the vision service: faces of some minutes
// are covered in that time on a slow machine.
const visionTimeout = 10 * time.Minute

// supervisorOnly lets supervisors through.
func (s *Server) supervisorOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !managerOf(c).Role.Supervises() {
			return room.Refuse(errForbidden, "supervisor_only", "only a supervisor may do that")
		}
		return next(c)
	}
}

// stretch is footage as a page names it.
type stretch struct {
	Camera string    `json:"camera"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Plain  bool      `json:"plain"`
	Reason string    `json:"reason"`
}

func (f stretch) query() url.Values {
	q := url.Values{"camera": {f.Camera}, "from": {stamp(f.From)}, "to": {stamp(f.To)}}
	if f.Plain {
		q.Set("plain", "1")
	}
	return q
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// pass proves that the log has this viewing: it is part of the address that the
// player asks.
func (s *Server) pass(manager string, f stretch, until int64) string {
	m := hmac.New(sha256.New, s.cfg.LinkKey)
	fmt.Fprintf(m, "plain-footage\n%s\n%q\n%d\n%d\n%d", manager, f.Camera, f.From.UnixNano(), f.To.UnixNano(), until)
	return strconv.FormatInt(until, 10) + "." + hex.EncodeToString(m.Sum(nil)[:20])
}

func (s *Server) holds(pass, manager string, f stretch) bool {
	until, _, _ := strings.Cut(pass, ".")
	n, err := strconv.ParseInt(until, 10, 64)
	return err == nil && s.cfg.Now().Unix() < n && hmac.Equal([]byte(pass), []byte(s.pass(manager, f, n)))
}

// asked reads footage from an address: ?camera=&from=&to=, and &pass= for that
// with its faces. Without a pass that holds, faces are covered.
func (s *Server) asked(c echo.Context) (f stretch, err error) {
	f.Camera = c.QueryParam("camera")
	if f.From, f.To, _, err = span(c); err != nil {
		return f, err
	}
	if pass := c.QueryParam("pass"); pass != "" {
		if !s.holds(pass, managerOf(c).ID, f) {
			return f, room.Refuse(errForbidden, "footage_pass", "the permission to see faces is over; ask for it again")
		}
		f.Plain = true
	}
	return f, nil
}

// clip sends footage between two times as MP4.
func (s *Server) clip(c echo.Context) error { return s.sendFootage(c, "clip") }

// clipAbout tells what the file of clip holds, and is answered when it can be
// played: covering faces takes a while.
func (s *Server) clipAbout(c echo.Context) error { return s.sendFootage(c, "clip", "about") }

func (s *Server) sendFootage(c echo.Context, path ...string) error {
	f, err := s.asked(c)
	if err != nil {
		return err
	}
	c.Request().URL.RawQuery = f.query().Encode()
	return s.forward(c, path...)
}

// footage lists what is recorded between two times, by camera.
func (s *Server) footage(c echo.Context) error { return s.forward(c, "footage") }

// still is a small picture of a moment with faces covered.
func (s *Server) still(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "private, max-age=600")
	return s.forward(c, "still")
}

// viewFootage writes down that a supervisor looks at footage with its faces, and
// gives the pass to it.
func (s *Server) viewFootage(c echo.Context) error {
	var f stretch
	if err := c.Bind(&f); err != nil {
		return err
	}
	r, err := s.cfg.Room.Do(c.Request().Context(), managerBy(c),
		room.ViewFootage{Footage: room.Footage{Camera: f.Camera, From: f.From, To: f.To, Plain: true}})
	if err != nil {
		return err
	}
	s.hub.nudge()
	return c.JSON(http.StatusOK, map[string]any{"entry": r.Entry,
		"pass": s.pass(managerOf(c).ID, f, s.cfg.Now().Add(plainFor).Unix())})
}

// CertificateKind is the Kind of a Certificate.
const CertificateKind = "packroom.footage.v1"

// Certificate says what a file of footage is, and where the event log has its
// checksum. Whoever holds it, the file and the log can prove that none was
// altered since: the log's hash chain up to the entry stands for all before it.
type Certificate struct {
	Kind     string       `json:"kind"` // CertificateKind
	Property string       `json:"property"`
	Footage  room.Footage `json:"footage"`
	By       string       `json:"by"`
	Entry    room.Entry   `json:"entry"`
	Verify   []string     `json:"verify"` // how, step by step
}

// exportFootage writes down that somebody takes footage away, and gives its
// certificate and the address of the file.
func (s *Server) exportFootage(c echo.Context) error {
	var f stretch
	if err := c.Bind(&f); err != nil {
		return err
	}
	m, ctx := managerOf(c), c.Request().Context()
	if f.Plain && !m.Role.Supervises() {
		return room.Refuse(errForbidden, "supervisor_only", "only a supervisor may do that")
	}
	var about room.Footage
	if err := s.askVision(ctx, http.MethodGet, "/clip/about?"+f.query().Encode(), nil, &about); err != nil {
		return err
	}
	r, err := s.cfg.Room.Do(ctx, managerBy(c), room.ExportFootage{Footage: about})
	if err != nil {
		return err
	}
	if r.Entry == nil {
		return fmt.Errorf("export footage: %w: the room service did not say where the log has it", room.ErrUnavailable)
	}
	s.hub.nudge()
	q := f.query()
	q.Del("plain")
	if f.Plain {
		q.Set("pass", s.pass(m.ID, f, s.cfg.Now().Add(plainFor).Unix()))
	}
	return c.JSON(http.StatusOK, map[string]any{"file": "/api/manager/clip?" + q.Encode(), "certificate": Certificate{
		Kind: CertificateKind, Property: s.cfg.Property.Name, Footage: about, By: m.Email, Entry: *r.Entry,
		Verify: []string{
			"packroom audit footage CERTIFICATE FILE does all of this:",
			"sha256sum of the file is footage.sha256",
			"the log's hash chain is whole up to entry.seq (packroom audit verify)",
			fmt.Sprintf("event %d of the log has entry.hash and, in its data, footage.sha256", r.Entry.Seq),
		},
	}})
}

// holdFootage keeps footage from being removed: on the disk first, then in the log.
func (s *Server) holdFootage(c echo.Context) error {
	var f stretch
	if err := c.Bind(&f); err != nil {
		return err
	}
	why, err := reason(f.Reason)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	h := room.Hold{ID: room.NewID(), Camera: f.Camera, From: f.From.UTC(), To: f.To.UTC(), Reason: why, By: managerOf(c).Email, Placed: s.cfg.Now()}
	if err := s.askVision(ctx, http.MethodPost, "/holds", h, nil); err != nil {
		return err
	}
	return s.order(c, room.HoldFootage{Hold: h})
}

// releaseFootage lifts a hold: in the log first, then on the disk.
func (s *Server) releaseFootage(c echo.Context) error {
	why, err := bindReason(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var all []room.Hold
	if err := s.askVision(ctx, http.MethodGet, "/holds", nil, &all); err != nil {
		return err
	}
	for _, h := range all {
		if h.ID != c.Param("id") {
			continue
		}
		h.Reason = why
		if _, err := s.cfg.Room.Do(ctx, managerBy(c), room.ReleaseFootage{Hold: h}); err != nil {
			return err
		}
		s.hub.nudge()
		if err := s.askVision(ctx, http.MethodDelete, "/holds/"+url.PathEscape(h.ID), nil, nil); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
	return fmt.Errorf("hold %q: %w", c.Param("id"), room.ErrNotFound)
}

// eventClips is the footage that was kept for an event, as the log has it.
func (s *Server) eventClips(c echo.Context) error {
	out, err := s.cfg.Store.EventClips(c.Request().Context(), c.Param("id"))
	return listed(c, out, err)
}

// askVision asks the vision service on our own behalf.
func (s *Server) askVision(ctx context.Context, method, path string, body, into any) error {
	if s.cfg.VisionURL == "" {
		return fmt.Errorf("cameras: %w: no vision service is configured", room.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, visionTimeout)
	defer cancel()
	sent, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("ask the cameras' service: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.cfg.VisionURL+path, bytes.NewReader(sent))
	if err != nil {
		return fmt.Errorf("ask the cameras' service: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.cfg.VisionToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the cameras' service: %w: %v", room.ErrUnavailable, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("ask the cameras' service: %w: %v", room.ErrUnavailable, err)
	}
	if resp.StatusCode >= 300 {
		var f room.Failure
		if json.Unmarshal(b, &f) != nil || f.Kind == "" {
			return fmt.Errorf("ask the cameras' service: %w: status %s", room.ErrUnavailable, resp.Status)
		}
		return f.Err()
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return errors.Join(room.ErrUnavailable, fmt.Errorf("the cameras' service: %w", err))
	}
	return nil
}

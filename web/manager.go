package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

func managerBy(c echo.Context) string { return "manager:" + managerOf(c).Email }

// roomFace is v without what a page has no use for. Slots keep their polygons:
// they are drawn over the live picture.
func roomFace(v room.RoomView) room.RoomView {
	v.Parcels = parcelFaces(v.Parcels)
	items := make([]room.Item, len(v.Items))
	for i, it := range v.Items {
		it.Appearance = nil
		items[i] = it
	}
	v.Items = items
	visits := make([]room.Visit, len(v.Visits))
	for i, x := range v.Visits {
		x.InHand = append([]room.HandItem(nil), x.InHand...)
		for j := range x.InHand {
			x.InHand[j].Appearance = nil
		}
		visits[i] = x
	}
	v.Visits = visits
	return v
}

func (s *Server) managerNow(c echo.Context) error {
	v, err := s.cfg.Room.Now(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, roomFace(v))
}

// managerStream pushes the room as "view" and each event of the log as "log".
func (s *Server) managerStream(c echo.Context) error {
	onEvent := func(st *stream, e room.Event) error {
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		return st.send("log", b)
	}
	return s.follow(c, onEvent, func(ctx context.Context) ([]byte, bool, error) {
		if _, err := s.who(c); err != nil {
			return nil, false, err // signed out meanwhile
		}
		v, err := s.cfg.Room.Now(ctx)
		if err != nil {
			return nil, true, err
		}
		v = roomFace(v)
		v.Now = v.Door.Since
		b, err := json.Marshal(v)
		return b, len(v.Visits) > 0 || v.Laser != nil && v.Laser.Running, err
	})
}

// order sends a manager's command and shows the room's answer.
func (s *Server) order(c echo.Context, cmd room.Command) error {
	r, err := s.cfg.Room.Do(c.Request().Context(), managerBy(c), cmd)
	s.hub.nudge()
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

// reason is a manager's reason, which the log keeps.
func reason(text string) (string, error) {
	text = shorten(strings.TrimSpace(text), 500)
	if len(text) < 3 {
		return "", room.Refuse(room.ErrInvalid, "reason_missing", "give a reason; the log keeps it")
	}
	return text, nil
}

// bindReason takes the reason from a request that says nothing else.
func bindReason(c echo.Context) (string, error) {
	var in struct{ Reason string }
	if err := c.Bind(&in); err != nil {
		return "", err
	}
	return reason(in.Reason)
}

func (s *Server) managerUnlock(c echo.Context) error {
	why, err := bindReason(c)
	if err != nil {
		return err
	}
	m := managerOf(c)
	return s.order(c, room.ManagerUnlock{Manager: m.Email, Shown: m.Name, Reason: why})
}

func (s *Server) managerParcels(c echo.Context) error {
	f := room.ParcelFilter{Resident: c.QueryParam("resident"), Query: shorten(c.QueryParam("q"), 100)}
	for _, st := range words(c.QueryParam("state")) {
		f.States = append(f.States, room.ParcelState(st))
	}
	var err error
	if f.From, f.To, f.Limit, err = span(c); err != nil {
		return err
	}
	out, err := s.cfg.Store.Parcels(c.Request().Context(), f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, parcelFaces(out))
}

// managerParcel is one parcel whole, with what OCR read.
func (s *Server) managerParcel(c echo.Context) error {
	p, err := s.cfg.Store.Parcel(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	p.Appearance = nil
	if p.Reading != nil {
		r := *p.Reading
		r.Appearance = nil
		p.Reading = &r
	}
	return c.JSON(http.StatusOK, p)
}

func (s *Server) managerResolveParcel(c echo.Context) error {
	var in struct{ Action, Resident, Reason string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	switch in.Action {
	case "assign", "returned", "held", "released", "collected", "missing":
	default:
		return fmt.Errorf("%w: no such action", room.ErrInvalid)
	}
	why, err := reason(in.Reason)
	if err != nil {
		return err
	}
	return s.order(c, room.ResolveParcel{Parcel: c.Param("id"), Action: in.Action, Resident: in.Resident, Reason: why})
}

// managerJoin says that the parcel in the address is the registered one given.
func (s *Server) managerJoin(c echo.Context) error {
	var in struct{ Registered, Reason string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	why, err := reason(in.Reason)
	if err != nil {
		return err
	}
	return s.order(c, room.JoinParcel{Unidentified: c.Param("id"), Registered: in.Registered, Reason: why})
}

func (s *Server) managerIncidents(c echo.Context) error {
	_, _, limit, err := span(c)
	if err != nil {
		return err
	}
	out, err := s.cfg.Store.Incidents(c.Request().Context(), limit)
	return listed(c, out, err)
}

func (s *Server) managerResolveIncident(c echo.Context) error {
	why, err := bindReason(c)
	if err != nil {
		return err
	}
	return s.order(c, room.ResolveIncident{Incident: c.Param("id"), Reason: why})
}

func (s *Server) managerVisits(c echo.Context) error {
	f := room.VisitFilter{Kind: room.VisitKind(c.QueryParam("kind")), Holder: c.QueryParam("holder"), Carrier: c.QueryParam("carrier")}
	var err error
	if f.From, f.To, f.Limit, err = span(c); err != nil {
		return err
	}
	out, err := s.cfg.Store.Visits(c.Request().Context(), f)
	return listed(c, out, err)
}

// managerTallies is who scanned and who skipped the scan, by courier.
func (s *Server) managerTallies(c echo.Context) error {
	from, to, _, err := span(c)
	if err != nil {
		return err
	}
	out, err := s.cfg.Store.Tallies(c.Request().Context(), from, to)
	return listed(c, out, err)
}

// managerEvents is a page of the log, newest first; "before" is the last Seq
// of the page shown.
func (s *Server) managerEvents(c echo.Context) error {
	f := room.EventFilter{
		Parcel: c.QueryParam("parcel"), Resident: c.QueryParam("resident"), Courier: c.QueryParam("courier"),
		Carrier: c.QueryParam("carrier"), Visit: c.QueryParam("visit"), Slot: c.QueryParam("slot"),
		Query: shorten(c.QueryParam("q"), 100),
	}
	for _, k := range words(c.QueryParam("kind")) {
		f.Kinds = append(f.Kinds, room.EventKind(k))
	}
	var err error
	if f.From, f.To, f.Limit, err = span(c); err != nil {
		return err
	}
	if v := c.QueryParam("before"); v != "" {
		if f.Before, err = strconv.ParseInt(v, 10, 64); err != nil || f.Before < 1 {
			return fmt.Errorf("%w: before is a position in the log", room.ErrInvalid)
		}
	}
	out, err := s.cfg.Store.Events(c.Request().Context(), f)
	return listed(c, out, err)
}

func (s *Server) managerPicture(c echo.Context) error {
	return s.picture(c, c.Param("ref"), managerBy(c))
}

func (s *Server) managerDeliveries(c echo.Context) error {
	_, _, limit, err := span(c)
	if err != nil {
		return err
	}
	out, err := s.cfg.Store.Deliveries(c.Request().Context(), limit)
	return listed(c, out, err)
}

// mailPolicy lets a stored mail show its own pictures and styles and nothing
// else: no script, no form, no address outside; and it may stand in our pages only.
const mailPolicy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"

// managerMail is one mail as its receiver saw it, secrets masked.
func (s *Server) managerMail(c echo.Context) error {
	all, err := s.cfg.Store.Deliveries(c.Request().Context(), 1000)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.ID == c.Param("id") && d.HTML != "" {
			c.Response().Header().Set("Content-Security-Policy", mailPolicy)
			return c.HTML(http.StatusOK, d.HTML)
		}
	}
	return fmt.Errorf("mail %q: %w", c.Param("id"), room.ErrNotFound)
}

// managerServices passes on the supervisor's word on its children; null where
// services run without one.
func (s *Server) managerServices(c echo.Context) error {
	if s.cfg.StatusURL == "" {
		return c.JSONBlob(http.StatusOK, []byte("null"))
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.StatusURL, nil)
	if err != nil {
		return fmt.Errorf("services: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("services: %w", room.ErrUnavailable)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || !json.Valid(b) {
		return fmt.Errorf("services: %w: the supervisor's answer is no JSON", room.ErrUnavailable)
	}
	return c.JSONBlob(http.StatusOK, b)
}

// span reads from, to (RFC 3339) and limit of a query.
func span(c echo.Context) (from, to time.Time, limit int, err error) {
	for name, into := range map[string]*time.Time{"from": &from, "to": &to} {
		if v := c.QueryParam(name); v != "" {
			if *into, err = time.Parse(time.RFC3339, v); err != nil {
				return from, to, 0, fmt.Errorf("%w: %s is a time as 2026-01-31T12:00:00Z", room.ErrInvalid, name)
			}
		}
	}
	if v := c.QueryParam("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > 1000 {
			return from, to, 0, fmt.Errorf("%w: limit is 1 to 1000", room.ErrInvalid)
		}
	}
	if limit == 0 {
		limit = 100
	}
	return from, to, limit, nil
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// listed answers with a list, which is never null, or with what went wrong.
func listed[T any](c echo.Context, out []T, err error) error {
	if err != nil {
		return err
	}
	if out == nil {
		out = []T{}
	}
	return c.JSON(http.StatusOK, out)
}

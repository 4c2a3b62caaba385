package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const (
	searchLimit = 8 // names a courier sees at once
	searchMin   = 2 // letters before a search answers
)

var kioskID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func by(kiosk string) string { return "kiosk:" + kiosk }

// kioskFace is v without what a kiosk has no use for: readings, appearances,
// contact data, camera geometry and the credential.
func kioskFace(v room.KioskView) room.KioskView {
	v.Parcels, v.Loose = parcelFaces(v.Parcels), parcelFaces(v.Loose)
	v.Slots = slotFaces(v.Slots)
	if v.Visit != nil {
		visit := *v.Visit
		visit.Credential, visit.Holder = "", ""
		visit.InHand = append([]room.HandItem(nil), visit.InHand...)
		for i := range visit.InHand {
			visit.InHand[i].Appearance = nil
		}
		v.Visit = &visit
	}
	if v.Prompts == nil {
		v.Prompts = []room.Prompt{}
	}
	return v
}

func parcelFaces(in []room.Parcel) []room.Parcel {
	out := make([]room.Parcel, len(in))
	for i, p := range in {
		p.Reading, p.Appearance, p.Recipient = nil, nil, nil
		out[i] = p
	}
	return out
}

func slotFaces(in []room.Slot) []room.Slot {
	out := make([]room.Slot, len(in))
	for i, s := range in {
		s.Polygon, s.Aim = nil, nil
		out[i] = s
	}
	return out
}

func (s *Server) kioskView(c echo.Context) error {
	v, err := s.cfg.Room.Kiosk(c.Request().Context(), c.Param("kiosk"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, kioskFace(v))
}

func (s *Server) kioskEvents(c echo.Context) error {
	kiosk := c.Param("kiosk")
	return s.follow(c, nil, func(ctx context.Context) ([]byte, bool, error) {
		v, err := s.cfg.Room.Kiosk(ctx, kiosk)
		if err != nil {
			return nil, true, err
		}
		busy := v.Visit != nil
		v = kioskFace(v)
		v.Now = v.Door.Since // the clock alone is no news
		b, err := json.Marshal(v)
		return b, busy, err
	})
}

// kioskStart shows a credential: PIN, QR text or what a reader typed.
func (s *Server) kioskStart(c echo.Context) error {
	var in struct {
		Form   room.CredentialForm `json:"form"`
		Unit   string              `json:"unit"`
		Secret string              `json:"secret"`
	}
	if err := c.Bind(&in); err != nil {
		return err
	}
	switch in.Form {
	case room.FormPIN, room.FormUnitPIN, room.FormQR, room.FormCard:
	default:
		return fmt.Errorf("%w: form must be pin, unit_pin, qr or card", room.ErrInvalid)
	}
	if in.Secret = strings.TrimSpace(in.Secret); in.Secret == "" || len(in.Secret) > 256 {
		return room.Refuse(room.ErrInvalid, "nothing_shown", "nothing was shown")
	}
	kiosk := c.Param("kiosk")
	return s.command(c, kiosk, room.StartVisit{Attempt: room.Attempt{Kiosk: kiosk, Form: in.Form, Unit: shorten(strings.TrimSpace(in.Unit), 40), Secret: in.Secret}})
}

// visit is the kiosk's open visit. A page that still shows an older one gets
// ErrConflict in place of acting in somebody else's.
func (s *Server) visit(c echo.Context, shown string, kinds ...room.VisitKind) (room.KioskView, error) {
	v, err := s.cfg.Room.Kiosk(c.Request().Context(), c.Param("kiosk"))
	if err != nil {
		return v, err
	}
	if v.Visit == nil || shown != "" && v.Visit.ID != shown {
		return v, room.Refuse(room.ErrConflict, "visit_over", "that visit is over")
	}
	for _, k := range kinds {
		if v.Visit.Kind == k {
			return v, nil
		}
	}
	if len(kinds) > 0 {
		return v, room.Refuse(errForbidden, "not_courier", "only for deliveries")
	}
	return v, nil
}

func (s *Server) command(c echo.Context, kiosk string, cmd room.Command) error {
	r, err := s.cfg.Room.Do(c.Request().Context(), by(kiosk), cmd)
	s.hub.nudge()
	if err != nil {
		return err
	}
	if r.Visit != nil {
		v := kioskFace(room.KioskView{Visit: r.Visit})
		r.Visit = v.Visit
	}
	if r.Parcel != nil {
		r.Parcel = &parcelFaces([]room.Parcel{*r.Parcel})[0]
	}
	return c.JSON(http.StatusOK, r)
}

func (s *Server) kioskRegister(c echo.Context) error {
	var in struct {
		Visit      string `json:"visit"`
		Resident   string `json:"resident"`
		Carrier    string `json:"carrier"`
		Tracking   string `json:"tracking"`
		LabelPhoto string `json:"label_photo"`
		Size       string `json:"size"`
		Again      bool   `json:"again"`
	}
	if err := c.Bind(&in); err != nil {
		return err
	}
	v, err := s.visit(c, in.Visit, room.VisitCourier)
	if err != nil {
		return err
	}
	if in.Resident != "" {
		r, err := s.cfg.Store.Resident(c.Request().Context(), in.Resident)
		if err != nil {
			return err
		}
		if !r.Receives() {
			return room.Refuse(room.ErrConflict, "not_accepted", "packages for this resident are not accepted")
		}
	}
	return s.command(c, v.Kiosk, room.RegisterParcel{
		Visit: v.Visit.ID, Resident: in.Resident, Carrier: shorten(in.Carrier, 40), Tracking: shorten(in.Tracking, 64),
		LabelPhoto: in.LabelPhoto, Reading: s.reading(c.Request().Context(), in.LabelPhoto), Size: shorten(in.Size, 16), Again: in.Again,
	})
}

// step is what a page sends with one step of a visit.
type step struct{ Visit, Parcel, Slot, Unidentified, Registered string }

// inVisit carries out a step of the kiosk's open visit, of these kinds or any.
func (s *Server) inVisit(command func(visit string, in step) room.Command, kinds ...room.VisitKind) echo.HandlerFunc {
	return func(c echo.Context) error {
		var in step
		if err := c.Bind(&in); err != nil {
			return err
		}
		v, err := s.visit(c, in.Visit, kinds...)
		if err != nil {
			return err
		}
		return s.command(c, v.Kiosk, command(v.Visit.ID, in))
	}
}

func drop(visit string, in step) room.Command {
	return room.DropParcel{Visit: visit, Parcel: in.Parcel}
}

func openDoor(visit string, _ step) room.Command { return room.OpenDoor{Visit: visit} }

func leadTo(visit string, in step) room.Command {
	return room.LeadTo{Visit: visit, Parcels: []string{in.Parcel}}
}

func place(visit string, in step) room.Command {
	return room.ConfirmPlacement{Visit: visit, Parcel: in.Parcel, Slot: in.Slot}
}

func join(visit string, in step) room.Command {
	return room.JoinParcel{Visit: visit, Unidentified: in.Unidentified, Registered: in.Registered}
}

func endVisit(visit string, _ step) room.Command { return room.EndVisit{Visit: visit} }

// neighbour is a resident as a courier sees one.
type neighbour struct {
	ID   string `json:"resident_id"`
	Name string `json:"name"`
	Unit string `json:"unit"`
}

// kioskResidents lets a courier whose visit is open look for a name or a unit.
func (s *Server) kioskResidents(c echo.Context) error {
	if _, err := s.visit(c, c.QueryParam("visit"), room.VisitCourier); err != nil {
		return err
	}
	q := shorten(strings.TrimSpace(c.QueryParam("q")), 60)
	if utf8.RuneCountInString(q) < searchMin {
		return room.Refuse(room.ErrInvalid, "search_short", "type at least {count} letters", "count", strconv.Itoa(searchMin))
	}
	found, err := s.cfg.Store.Residents(c.Request().Context(), room.ResidentFilter{
		Query: q, Statuses: []room.ResidentStatus{room.ResidentCurrent, room.ResidentNotice}, Limit: searchLimit,
	})
	if err != nil {
		return err
	}
	out := make([]neighbour, 0, searchLimit)
	for _, r := range found[:min(len(found), searchLimit)] {
		out = append(out, neighbour{r.ID, r.Name(), r.Unit})
	}
	return c.JSON(http.StatusOK, out)
}

// kioskPicture shows a picture only while the kiosk's own view names it, or to
// the visit that took it.
func (s *Server) kioskPicture(c echo.Context) error {
	v, err := s.visit(c, "")
	if err != nil {
		return err
	}
	ref := c.Param("ref")
	if t, known := s.readings.get(ref); known && t.visit == v.Visit.ID {
		return s.picture(c, ref, by(v.Kiosk))
	}
	for _, list := range [][]room.Parcel{v.Parcels, v.Loose} {
		for _, p := range list {
			if ref == p.Photo || ref == p.LabelPhoto {
				return s.picture(c, ref, by(v.Kiosk))
			}
		}
	}
	return fmt.Errorf("picture: %w", room.ErrNotFound)
}

// shorten cuts s to at most n bytes without breaking a letter.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

package web

import (
	"fmt"
	"net/http"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const rosterLimit = 32 << 20

var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

func (s *Server) managerResidents(c echo.Context) error {
	f := room.ResidentFilter{Query: shorten(c.QueryParam("q"), 100)}
	for _, st := range words(c.QueryParam("status")) {
		f.Statuses = append(f.Statuses, room.ResidentStatus(st))
	}
	var err error
	if _, _, f.Limit, err = span(c); err != nil {
		return err
	}
	if v := c.QueryParam("offset"); v != "" {
		if f.Offset, err = strconv.Atoi(v); err != nil || f.Offset < 0 {
			return fmt.Errorf("%w: offset is 0 or more", room.ErrInvalid)
		}
	}
	out, err := s.cfg.Store.Residents(c.Request().Context(), f)
	return listed(c, out, err)
}

func (s *Server) managerResident(c echo.Context) error {
	r, err := s.cfg.Store.Resident(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func checkResident(r *room.Resident) error {
	for _, f := range []*string{&r.ID, &r.FirstName, &r.LastName, &r.Unit, &r.Email, &r.Phone, &r.Language} {
		*f = shorten(strings.TrimSpace(*f), 200)
	}
	switch r.Status {
	case room.ResidentFuture, room.ResidentCurrent, room.ResidentNotice, room.ResidentPast:
	default:
		return fmt.Errorf("%w: status is future, current, notice or past", room.ErrInvalid)
	}
	if r.Name() == "" || r.Unit == "" {
		return room.Refuse(room.ErrInvalid, "resident_incomplete", "a resident has a name and a unit")
	}
	if r.Email != "" {
		if a, err := mail.ParseAddress(r.Email); err != nil || a.Address != r.Email {
			return noEmail()
		}
	}
	if r.Phone != "" && !phoneNumber.MatchString(r.Phone) {
		return room.Refuse(room.ErrInvalid, "phone_wrong", "a phone number is written as +15035550100")
	}
	if r.ID == "" {
		r.ID = room.NewID()
	}
	return nil
}

func (s *Server) managerSaveResident(c echo.Context) error {
	var r room.Resident
	if err := c.Bind(&r); err != nil {
		return err
	}
	if err := checkResident(&r); err != nil {
		return err
	}
	return s.order(c, room.SaveResident{Resident: r})
}

// managerImport reads roster.csv, as the body or a form's file. A file with
// anything wrong changes nothing, and the answer lists the lines. With
// complete=1 residents that it does not name become past; with check=1 it is
// read and counted only.
func (s *Server) managerImport(c echo.Context) error {
	if err := refuseLarge(c, rosterLimit); err != nil {
		return err
	}
	file, err := uploaded(c.Request())
	if err != nil {
		return err
	}
	residents, err := s.cfg.ReadRoster(file)
	if err != nil {
		return err
	}
	if c.QueryParam("check") == "1" {
		return c.JSON(http.StatusOK, room.Reply{Saved: len(residents)})
	}
	return s.order(c, room.ImportRoster{Residents: residents, Complete: c.QueryParam("complete") == "1"})
}

// managerImportCredentials reads a credentials file as managerImport does a
// roster. Whether a PIN is in use is the room's to say.
func (s *Server) managerImportCredentials(c echo.Context) error {
	if err := refuseLarge(c, rosterLimit); err != nil {
		return err
	}
	file, err := uploaded(c.Request())
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(s.cfg.Property.Timezone)
	if err != nil {
		return fmt.Errorf("the building's zone: %w", err)
	}
	all, err := room.ReadCredentials(file, zone)
	if err != nil {
		return err
	}
	return s.order(c, room.ImportCredentials{Credentials: all, Check: c.QueryParam("check") == "1"})
}

func (s *Server) managerCouriers(c echo.Context) error {
	out, err := s.cfg.Store.Couriers(c.Request().Context())
	return listed(c, out, err)
}

func (s *Server) managerSaveCourier(c echo.Context) error {
	var in room.Courier
	if err := c.Bind(&in); err != nil {
		return err
	}
	in.Name, in.Carrier = shorten(strings.TrimSpace(in.Name), 80), shorten(strings.TrimSpace(in.Carrier), 40)
	if in.Name == "" || in.Carrier == "" {
		return room.Refuse(room.ErrInvalid, "courier_incomplete", "a courier has a name and a carrier")
	}
	if in.ID == "" {
		in.ID = room.NewID()
	}
	return s.order(c, room.SaveCourier{Courier: in})
}

func (s *Server) managerCredentials(c echo.Context) error {
	out, err := s.cfg.Store.Credentials(c.Request().Context(), c.Param("holder"))
	return listed(c, out, err)
}

// managerIssue makes a PIN and QR, or enrols a card or a PIN that was chosen. The
// answer shows the secret this once.
func (s *Server) managerIssue(c echo.Context) error {
	var in struct {
		Kind      room.CredentialKind `json:"kind"`
		Card      string              `json:"card"`
		PIN       string              `json:"pin"`
		ValidFrom time.Time           `json:"valid_from"`
		ValidTo   time.Time           `json:"valid_to"`
		Hours     []room.Hours        `json:"hours"`
		Label     string              `json:"label"`
	}
	if err := c.Bind(&in); err != nil {
		return err
	}
	switch in.Kind {
	case room.CredentialPickup, room.CredentialStanding, room.CredentialPass, room.CredentialCourier, room.CredentialStaff:
	default:
		return fmt.Errorf("%w: kind is pickup, standing, pass, courier or staff", room.ErrInvalid)
	}
	if !in.ValidTo.IsZero() && !in.ValidTo.After(s.cfg.Now()) {
		return room.Refuse(room.ErrInvalid, "date_over", "that date is over")
	}
	return s.order(c, room.IssueCredential{Kind: in.Kind, Holder: c.Param("holder"), Card: strings.TrimSpace(in.Card), PIN: strings.TrimSpace(in.PIN),
		ValidFrom: in.ValidFrom, ValidTo: in.ValidTo, Hours: in.Hours, Label: strings.TrimSpace(in.Label)})
}

func (s *Server) managerRevoke(c echo.Context) error {
	return s.order(c, room.RevokeCredential{Holder: c.Param("holder"), Credential: c.Param("id")})
}

package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const residentHistory = 30 * 24 * time.Hour

// residentFace is a resident's page: nothing in it opens a door.
type residentFace struct {
	Name     string           `json:"name"`
	Unit     string           `json:"unit"`
	Language string           `json:"language,omitempty"`
	Property string           `json:"property"`
	Timezone string           `json:"timezone"`
	Here     []residentParcel `json:"here"`
	Past     []residentParcel `json:"past"` // of the last 30 days
	Slots    []room.Slot      `json:"slots"`
	MapKnown bool             `json:"map_known"` // false while the room does not answer
}

type residentParcel struct {
	ID       string           `json:"id"`
	State    room.ParcelState `json:"state"`
	Carrier  string           `json:"carrier,omitempty"`
	Tracking string           `json:"tracking,omitempty"`
	Slot     string           `json:"slot,omitempty"`
	Photo    string           `json:"photo,omitempty"`
	Size     string           `json:"size,omitempty"`
	Stored   time.Time        `json:"stored,omitzero"`
	Ended    time.Time        `json:"ended,omitzero"`
}

// residentOnly opens the link and keeps whose it is.
func (s *Server) residentOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := room.OpenLink(s.cfg.LinkKey, c.Param("token"), s.cfg.Now())
		if err != nil {
			return room.Refuse(errForbidden, "link_over", "this link is not valid any more; the newest message has a new one")
		}
		c.Set("resident", id)
		return next(c)
	}
}

func (s *Server) residentParcels(ctx context.Context, id string) (here, past []room.Parcel, err error) {
	here, err = s.cfg.Store.Parcels(ctx, room.ParcelFilter{Resident: id, Limit: 200,
		States: []room.ParcelState{room.ParcelStored, room.ParcelHeld}})
	if err != nil {
		return nil, nil, err
	}
	past, err = s.cfg.Store.Parcels(ctx, room.ParcelFilter{Resident: id, Limit: 200, From: s.cfg.Now().Add(-residentHistory),
		States: []room.ParcelState{room.ParcelCollected, room.ParcelReturned, room.ParcelExpired, room.ParcelMissing}})
	return here, past, err
}

func (s *Server) residentFace(ctx context.Context, id string) (residentFace, error) {
	r, err := s.cfg.Store.Resident(ctx, id)
	if err != nil {
		return residentFace{}, err
	}
	here, past, err := s.residentParcels(ctx, id)
	if err != nil {
		return residentFace{}, err
	}
	f := residentFace{Name: r.FirstName, Unit: r.Unit, Language: r.Language, Property: s.cfg.Property.Name,
		Timezone: s.cfg.Property.Timezone, Here: residentFaces(here), Past: residentFaces(past), Slots: []room.Slot{}}
	if now, err := s.cfg.Room.Now(ctx); err == nil {
		f.Slots, f.MapKnown = slotFaces(now.Slots), true
		for i := range f.Slots {
			f.Slots[i].Fullness = 0 // how full the room is concerns nobody outside it
		}
	}
	return f, nil
}

func residentFaces(in []room.Parcel) []residentParcel {
	out := make([]residentParcel, len(in))
	for i, p := range in {
		out[i] = residentParcel{p.ID, p.State, p.Carrier, p.Tracking, p.Slot, p.Photo, p.Size, p.Stored, p.Ended}
		if p.State != room.ParcelStored {
			out[i].Slot = ""
		}
	}
	return out
}

func (s *Server) residentView(c echo.Context) error {
	f, err := s.residentFace(c.Request().Context(), c.Get("resident").(string))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}

func (s *Server) residentEvents(c echo.Context) error {
	id := c.Get("resident").(string)
	return s.follow(c, nil, func(ctx context.Context) ([]byte, bool, error) {
		f, err := s.residentFace(ctx, id)
		if err != nil {
			return nil, false, err
		}
		b, err := json.Marshal(f)
		return b, false, err
	})
}

// residentPicture shows pictures of their own packages only.
func (s *Server) residentPicture(c echo.Context) error {
	id, ref := c.Get("resident").(string), c.Param("ref")
	here, past, err := s.residentParcels(c.Request().Context(), id)
	if err != nil {
		return err
	}
	for _, list := range [][]room.Parcel{here, past} {
		for _, p := range list {
			if p.Photo == ref {
				return s.picture(c, ref, "resident:"+id)
			}
		}
	}
	return fmt.Errorf("picture: %w", room.ErrNotFound)
}

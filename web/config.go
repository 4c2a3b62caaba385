package web

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"time"

	"github.com/packroom/packroom/room"
)

// Room executes commands and gives views: a *room.Client. Safe for concurrent use.
type Room interface {
	Do(ctx context.Context, by string, cmd room.Command) (room.Reply, error)
	Kiosk(ctx context.Context, kiosk string) (room.KioskView, error)
	Now(ctx context.Context) (room.RoomView, error)
}

// Records are what the pages read of the past. Safe for concurrent use; every
// method fails with room.ErrUnavailable while the database is away.
type Records interface {
	Events(ctx context.Context, f room.EventFilter) ([]room.Event, error)
	Parcels(ctx context.Context, f room.ParcelFilter) ([]room.Parcel, error)
	Parcel(ctx context.Context, id string) (room.Parcel, error)
	Visits(ctx context.Context, f room.VisitFilter) ([]room.Visit, error)
	Incidents(ctx context.Context, limit int) ([]room.Incident, error)
	Deliveries(ctx context.Context, limit int) ([]room.Delivery, error)
	Tallies(ctx context.Context, from, to time.Time) ([]room.CourierTally, error)
	EventClips(ctx context.Context, event string) ([]room.Clip, error)
}

// People are who lives here, who delivers, and with which credentials.
type People interface {
	Resident(ctx context.Context, id string) (room.Resident, error)
	Residents(ctx context.Context, f room.ResidentFilter) ([]room.Resident, error)
	Couriers(ctx context.Context) ([]room.Courier, error)
	Credentials(ctx context.Context, holder string) ([]room.Credential, error)
}

// Accounts keeps managers, their sessions and the count of wrong passwords.
type Accounts interface {
	CreateManager(ctx context.Context, m room.Manager) error
	SetRole(ctx context.Context, id string, role room.Role) error
	Managers(ctx context.Context) ([]room.Manager, error)
	ManagerByEmail(ctx context.Context, email string) (room.Manager, error)
	CreateSession(ctx context.Context, tokenHash []byte, managerID string, expires time.Time) error
	SessionManager(ctx context.Context, tokenHash []byte, now time.Time) (room.Manager, error)
	DeleteSession(ctx context.Context, tokenHash []byte) error
	Throttle(ctx context.Context, key string) (room.Throttle, error)
	SaveThrottle(ctx context.Context, key string, t room.Throttle) error
}

// Store is all that web reads and writes in the database by itself; everything
// about the room goes through Room.
type Store interface {
	Records
	People
	Accounts
}

// Bootstrap is a first manager's account, made at start where there is none.
type Bootstrap struct {
	Email, Name, Password string
}

// Config wires a Server.
type Config struct {
	Room     Room
	Store    Store
	Pictures room.Pictures
	Frames   room.Pictures // photographs of a label until the best of them is chosen; nil = Pictures
	Property room.Property

	// ReadLabel asks an OCR worker; room.ErrUnavailable where none answers.
	ReadLabel func(ctx context.Context, r room.ReadRequest) (room.Reading, error)
	// Recognize says which carrier's tracking number a scanned barcode is. nil
	// keeps every barcode as it is, with no carrier.
	Recognize func(barcode string) (carrier, tracking string, ok bool)
	// Watch calls fn with every new event until ctx ends or the bus is lost.
	Watch func(ctx context.Context, fn func(room.Event)) error
	// ReadRoster reads an uploaded roster; nil is room.ReadRoster.
	ReadRoster func(r io.Reader) ([]room.Resident, error)

	LinkKey       []byte    // signs resident links, kiosk links and kiosk devices
	DeviceFile    string    // where enrolled kiosks are kept; empty = in memory
	TrustLoopback bool      // kiosks on this machine need no enrolment
	Bootstrap     Bootstrap // zero = the first account is made on the setup page
	PublicURL     string    // how phones reach this server, for kiosk links; empty = as the request came
	VisionURL     string    // http://127.0.0.1:7042; empty = no live pictures
	VisionToken   string    // shared secret of the box
	StatusURL     string    // the supervisor's status of services; empty = none
	SessionTTL    time.Duration
	PollInterval  time.Duration // how often an open visit's view is asked for where no event tells
	Now           func() time.Time
	Log           *slog.Logger
	Pages         fs.FS // the built pages; nil = those embedded
}

// Validate reports the first thing missing in c and fills defaults in.
func (c *Config) Validate() error {
	switch {
	case c.Room == nil || c.Store == nil || c.Pictures == nil:
		return errors.New("web: room, store and pictures are needed")
	case c.ReadLabel == nil || c.Watch == nil:
		return errors.New("web: a label reader and a watch on events are needed")
	case len(c.LinkKey) < 16:
		return errors.New("web: the link key is shorter than 16 bytes")
	}
	for _, u := range []string{c.VisionURL, c.StatusURL, c.PublicURL} {
		if _, err := url.Parse(u); err != nil {
			return errors.New("web: address " + u + " is not a URL")
		}
	}
	if c.Frames == nil {
		c.Frames = c.Pictures
	}
	if c.ReadRoster == nil {
		c.ReadRoster = room.ReadRoster
	}
	if c.SessionTTL == 0 {
		c.SessionTTL = 12 * time.Hour
	}
	if c.PollInterval == 0 {
		c.PollInterval = 2 * time.Second
	}
	if c.Now == nil {
		c.Now = func() time.Time { return time.Now().UTC() }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

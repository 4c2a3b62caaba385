package room

import "time"

// EventFilter selects rows of the event log; zero fields select all.
type EventFilter struct {
	Parcel, Resident, Courier, Carrier, Visit, Slot string
	Kinds                                           []EventKind
	Query                                           string // words looked for in names, tracking numbers, reasons
	From, To                                        time.Time
	Before, After                                   int64 // by Seq, exclusive
	Limit                                           int   // 0 = 100, at most 1000
}

// ParcelFilter selects parcels; zero fields select all.
type ParcelFilter struct {
	Resident string
	States   []ParcelState
	Query    string // words looked for in name, unit, tracking number, slot
	From, To time.Time
	Limit    int // 0 = 100, at most 1000
}

// ResidentFilter selects residents; zero fields select all.
type ResidentFilter struct {
	Query    string // every word must begin a name, an alias or be the unit
	Statuses []ResidentStatus
	Limit    int // 0 = 50, at most 1000
	Offset   int
}

// VisitFilter selects visits, newest first; zero fields select all.
type VisitFilter struct {
	Kind     VisitKind
	Holder   string
	Carrier  string
	From, To time.Time
	Limit    int // 0 = 100, at most 1000
}

// ClipFilter selects footage that is kept, oldest first; zero fields select all.
type ClipFilter struct {
	Camera   string
	From, To time.Time // what touches them
	Limit    int       // 0 = 100, at most 1000
}

// CourierTally is what one courier's finished visits of a span of time come to.
// Visits in which nobody went in don't count.
type CourierTally struct {
	Courier   string `json:"courier"`
	Carrier   string `json:"carrier"`
	Name      string `json:"name"`
	Visits    int    `json:"visits"`
	Scanned   int    `json:"scanned"`   // labels
	Placed    int    `json:"placed"`    // packages left on a slot
	Unscanned int    `json:"unscanned"` // packages more than labels, visit by visit: the scan was skipped
	Unplaced  int    `json:"unplaced"`  // labels more than packages, visit by visit
	Empty     int    `json:"empty"`     // visits with neither
	Skipping  int    `json:"skipping"`  // visits with anything unscanned
}

// Role is what a manager may do besides the daily work.
type Role string

// The roles.
const (
	RoleManager    Role = "manager"    // sees footage with its faces made unrecognizable
	RoleSupervisor Role = "supervisor" // sees it as recorded, holds it, and says who may do what
)

// Supervises reports whether a role has the rights of a supervisor.
func (r Role) Supervises() bool { return r == RoleSupervisor }

// Manager is somebody who may sign in to the manager's page.
type Manager struct {
	ID           string    `json:"id"`
	Email        string    `json:"email"`
	Name         string    `json:"name"`
	Role         Role      `json:"role"`
	PasswordHash string    `json:"-"` // Argon2id, PHC string
	Created      time.Time `json:"created"`
}

// Throttle counts wrong tries at one kiosk, credential or building.
type Throttle struct {
	Failures int       // in a row
	Until    time.Time // no try is looked at before this
}

// Claim is one delivery that a worker has taken, with its message.
type Claim struct {
	Delivery Delivery
	Message  Message // with its Secret
}

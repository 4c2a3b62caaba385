package room

import (
	"context"
	"time"
)

// Store keeps a room's state and its event log. Every method is safe for
// concurrent use and fails with ErrUnavailable while the database is away; it
// recovers by itself.
type Store interface {
	// Own blocks until this process is the room's only writer; lost is closed
	// when it no longer is.
	Own(ctx context.Context) (lost <-chan struct{}, err error)
	// Load reads everything that is not over: see State.
	Load(ctx context.Context) (State, error)
	// Commit writes one outcome in one transaction: rows, events with their
	// chain hashes (it fills Seq, Prev and Hash), outbox, messages, inbox. It
	// returns ErrSeen, and writes nothing, where Inbox was committed before, and
	// ErrSpent where one of Once was.
	Commit(ctx context.Context, c Commit) ([]Event, error)
	// Resident finds one resident: ErrNotFound.
	Resident(ctx context.Context, id string) (Resident, error)
	// FindTracking gives the parcels, ended or not, registered here with that
	// tracking number, newest first.
	FindTracking(ctx context.Context, tracking string) ([]Parcel, error)
	// Courier finds one courier: ErrNotFound.
	Courier(ctx context.Context, id string) (Courier, error)
	// Credentials lists what a holder has, ended ones too.
	Credentials(ctx context.Context, holder string) ([]Credential, error)
	// Roster lists every resident, past ones too.
	Roster(ctx context.Context) ([]Resident, error)
}

// Commit is all that one Decide leads to in the database.
type Commit struct {
	Inbox       string   // the input's ID; empty for none
	Once        []string // what is used up by this and can be no second time
	Events      []Event
	Parcels     []Parcel // whole new values, by ID
	Visits      []Visit
	Incidents   []Incident
	Items       []Item
	ItemsGone   []string // keys
	Slots       []Slot
	Grants      []Grant
	Credentials []Credential // new, or changed by ID
	Messages    []Message    // Secret is sealed by the store
	Residents   []Resident
	Couriers    []Courier
	Cameras     []CameraHealth
	Clips       []Clip            // new, or changed by ID
	Fences      map[string]uint64 // newest lease revision by camera
}

// Authority decides about credentials: package access.
type Authority interface {
	// Identify checks an attempt and counts it. A refusal is a *Denial.
	Identify(ctx context.Context, a Attempt) (Identity, error)
	// Issue makes a new credential and its clear text; the caller commits it.
	Issue(kind CredentialKind, holder string, forms []CredentialForm, validTo time.Time) ([]Credential, Secret, error)
	// Enroll makes a credential of a secret that somebody chose or a card that
	// exists. ErrConflict where it is in use, ErrInvalid where it is too weak.
	Enroll(ctx context.Context, kind CredentialKind, holder string, form CredentialForm, secret string) (Credential, error)
	// Withdraw gives back what was made and is not committed: it is in use no more.
	Withdraw(made []Credential)
}

// Door is one door's strike and contact. Exit is never its business: inside,
// a door opens mechanically.
type Door interface {
	// Unlock lets the door be opened once from outside until g expires. It
	// returns when the strike has acted, or an error. A grant that is expired or
	// whose Fence is not above the last one accepted is refused with ErrConflict.
	Unlock(ctx context.Context, g Grant) error
	// Lock ends an unlock early.
	Lock(ctx context.Context) error
	// Events reports what the door does until ctx ends, beginning with its
	// present state. The channel is closed at the end.
	Events(ctx context.Context) <-chan DoorEvent
}

// DoorEventKind says what a door reported.
type DoorEventKind string

// What doors report.
const (
	DoorOpened   DoorEventKind = "opened"
	DoorClosed   DoorEventKind = "closed"
	DoorExit     DoorEventKind = "exit"  // request to exit: the inner handle was used
	DoorFaulty   DoorEventKind = "fault" // contact or strike does not answer
	DoorAnswered DoorEventKind = "ok"    // after a fault
)

// DoorEvent is one report of a door.
type DoorEvent struct {
	ID     string        `json:"id"`
	Door   string        `json:"door"`
	Kind   DoorEventKind `json:"kind"`
	Detail string        `json:"detail,omitempty"`
	At     time.Time     `json:"at"`
}

// Lights shows signals at slots. Set is idempotent and gives the whole picture:
// a slot that is absent is off.
type Lights interface {
	Set(ctx context.Context, bySlot map[string]Signal) error
}

// Laser is a class 2 laser head. It goes dark by itself ttl after the last
// Point, and at Off at once.
type Laser interface {
	Point(ctx context.Context, a Aim, ttl time.Duration) error
	Off(ctx context.Context) error
}

// Voice speaks in the room. Say returns when the text was accepted, not when it
// was spoken; an urgent text interrupts.
type Voice interface {
	Say(ctx context.Context, text, language string, urgent bool) error
}

// Rehearser is a Voice that can make itself ready for a sentence before it is to
// be said. It returns when it is ready.
type Rehearser interface {
	Rehearse(ctx context.Context, text, language string) error
}

// Reader delivers what a card or barcode reader at a kiosk read.
type Reader interface {
	Reads(ctx context.Context) <-chan Attempt
}

// Lockers are compartments with a lock each. Open releases a slot's for a moment
// and returns when it has acted. It fails with ErrNotFound for a slot that is
// none of these, and with ErrConflict for a grant that is expired.
type Lockers interface {
	Open(ctx context.Context, slot string, g Grant) error
}

// Diagnosis is what is known of one device's hardware: the manager's page shows
// it.
type Diagnosis struct {
	Device  string            `json:"device"` // its name in the settings
	Driver  string            `json:"driver"`
	Serves  []string          `json:"serves"` // door, lights, laser, voice, reader, lockers
	OK      bool              `json:"ok"`
	Problem string            `json:"problem,omitempty"` // what is wrong, and what to do where that is known
	Code    string            `json:"code,omitempty"`    // of a Refusal in it, with its values: the page has it in each language
	Values  map[string]string `json:"values,omitempty"`
	Since   time.Time         `json:"since,omitzero"`   // it is so
	Facts   map[string]string `json:"facts,omitempty"`  // model, versions, ...
	Counts  map[string]int    `json:"counts,omitempty"` // of errors, reads, ...
}

// Diagnostics tells how devices are. It answers at once, from what is known, and
// is safe for concurrent use.
type Diagnostics interface {
	Diagnose() []Diagnosis
}

// Devices are the things of one room. Any but Door may be nil: not fitted.
type Devices struct {
	Door        Door
	Lights      Lights
	Laser       Laser
	Voice       Voice
	Reader      Reader
	Lockers     Lockers
	Diagnostics Diagnostics
}

// Phrases turns prompts into sentences.
type Phrases interface {
	Say(p Prompt) (text, language string)
}

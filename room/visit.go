package room

import "time"

// VisitKind says who is visiting.
type VisitKind string

// The kinds of visit.
const (
	VisitCourier  VisitKind = "courier"
	VisitResident VisitKind = "resident"
	VisitStaff    VisitKind = "staff"
)

// VisitPhase is how far a visit is.
type VisitPhase string

// The phases of a visit.
const (
	VisitGranted VisitPhase = "granted" // identified; the door was not opened yet
	VisitInside  VisitPhase = "inside"  // the door was opened
	VisitEnded   VisitPhase = "ended"
)

// Visit runs from a grant to the door closing behind the last person.
type Visit struct {
	ID       string     `json:"id"`
	Kind     VisitKind  `json:"kind"`
	Phase    VisitPhase `json:"phase"`
	Kiosk    string     `json:"kiosk"`
	Holder   string     `json:"holder"` // resident, courier or staff ID
	Name     string     `json:"name"`
	Unit     string     `json:"unit,omitempty"`
	Carrier  string     `json:"carrier,omitempty"`
	Language string     `json:"language,omitempty"`

	Credential string    `json:"credential"`
	Started    time.Time `json:"started"`
	Identified time.Time `json:"identified"`        // last time that its holder stood at the kiosk
	Unlocked   time.Time `json:"unlocked,omitzero"` // last unlock
	Entered    time.Time `json:"entered,omitzero"`
	Leaving    time.Time `json:"leaving,omitzero"` // the door was opened from inside
	Ended      time.Time `json:"ended,omitzero"`
	EndReason  string    `json:"end_reason,omitempty"` // left, done, timeout, superseded
	Touched    time.Time `json:"touched"`              // last sign of life

	Scanned   []string   `json:"scanned,omitempty"`   // parcel IDs, in order
	Placed    []string   `json:"placed,omitempty"`    // parcel IDs seen on a slot in this visit
	Collected []string   `json:"collected,omitempty"` // parcel IDs
	InHand    []HandItem `json:"in_hand,omitempty"`   // taken from a slot in this visit and not put back, not (or not rightly) collected
	Warned    []string   `json:"warned,omitempty"`    // prompts already said, by key
	Barred    bool       `json:"barred,omitempty"`    // its credential was taken away: it opens no door any more
	Light     Signal     `json:"light,omitempty"`     // of those who are led in this visit: each visitor's is another
	Led       []string   `json:"led,omitempty"`       // parcel IDs that were asked for; empty = all of a resident's
}

// HandItem is a parcel that somebody in the room has taken from its slot.
type HandItem struct {
	Parcel     string      `json:"parcel"`
	ItemKey    string      `json:"item_key"` // vision recognises a thing that is put down again
	FromSlot   string      `json:"from_slot"`
	State      ParcelState `json:"state"` // before it was taken
	Appearance []float32   `json:"appearance,omitempty"`
	At         time.Time   `json:"at"`
}

// GrantTTL is how long an unlock command stays valid: a late one is refused.
const GrantTTL = 10 * time.Second

// LockersDoor is the Door of grants that open compartments; the room's own door
// never has this name.
const LockersDoor = "lockers"

// Grant permits one visit to open one door until it expires. It is committed
// before the unlock command leaves.
type Grant struct {
	ID      string    `json:"id"`
	Visit   string    `json:"visit"`
	Door    string    `json:"door"`
	Fence   uint64    `json:"fence"` // rises with every grant of a door; drivers refuse an older one
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

package room

import "strings"

// ResidentStatus says whether a person lives in the building now.
type ResidentStatus string

// The statuses of a resident.
const (
	ResidentFuture  ResidentStatus = "future"
	ResidentCurrent ResidentStatus = "current"
	ResidentNotice  ResidentStatus = "notice" // will move out; still receives
	ResidentPast    ResidentStatus = "past"
)

// Resident is a person who lives, lived or will live in a unit.
type Resident struct {
	ID        string         `json:"resident_id"`
	FirstName string         `json:"first_name"`
	LastName  string         `json:"last_name"`
	Unit      string         `json:"unit"`
	Status    ResidentStatus `json:"status"`
	Aliases   []string       `json:"aliases,omitempty"` // other names on labels: maiden name, business
	Email     string         `json:"email,omitempty"`
	Phone     string         `json:"phone,omitempty"`    // E.164, as +15035550100
	Language  string         `json:"language,omitempty"` // BCP 47: en, es
}

// Name is the full name as shown to people.
func (r Resident) Name() string { return strings.TrimSpace(r.FirstName + " " + r.LastName) }

// Receives reports whether parcels for r are accepted.
func (r Resident) Receives() bool {
	return r.Status == ResidentCurrent || r.Status == ResidentNotice
}

// Courier is a person who delivers for a carrier, with a credential of their own.
type Courier struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Carrier string `json:"carrier"` // UPS, USPS, FedEx, Amazon, DHL, ...
	Active  bool   `json:"active"`
}

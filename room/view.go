package room

import "time"

// KioskView is all that a kiosk shows: after a reload it goes on from here.
type KioskView struct {
	Kiosk   string         `json:"kiosk"`
	Visit   *Visit         `json:"visit,omitempty"` // the open visit, nil when idle
	Parcels []Parcel       `json:"parcels"`         // courier: scanned or placed in this visit; resident: theirs, here or taken in this visit
	Loose   []Parcel       `json:"loose"`           // placed in this visit and not identified, with candidates
	Suggest []string       `json:"suggest,omitempty"`
	Slots   []Slot         `json:"slots"`
	Guide   Guide          `json:"guide"`
	Prompts []Prompt       `json:"prompts"` // newest last, of this visit, at most 8
	Door    DoorView       `json:"door"`
	Cameras []CameraHealth `json:"cameras"`
	Pickup  CredentialForm `json:"pickup"` // what residents are asked for first: pin, unit_pin
	Now     time.Time      `json:"now"`
}

// DoorView is the door's state for people.
type DoorView struct {
	State string    `json:"state"` // locked, unlocked, open, fault
	Phase DoorPhase `json:"phase"` // the same in more words
	Since time.Time `json:"since"`
}

// RoomView is all that is in the room now: the manager's first page.
type RoomView struct {
	Parcels   []Parcel       `json:"parcels"` // not ended
	Visits    []Visit        `json:"visits"`  // open
	Incidents []Incident     `json:"incidents"`
	Slots     []Slot         `json:"slots"`
	Items     []Item         `json:"items"`
	Guide     Guide          `json:"guide"`
	Door      DoorView       `json:"door"`
	Cameras   []CameraHealth `json:"cameras"`
	Devices   []Diagnosis    `json:"devices"`
	Laser     *LaserRun      `json:"laser,omitempty"` // its last calibration or check
	People    bool           `json:"people"`
	Now       time.Time      `json:"now"`
}

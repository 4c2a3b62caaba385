package room

import "time"

// CredentialKind says what a credential is for.
type CredentialKind string

// The kinds of credential.
const (
	CredentialPickup   CredentialKind = "pickup"   // a resident's, for the packages that are here
	CredentialStanding CredentialKind = "standing" // a resident's own, for as long as they live here
	CredentialPass     CredentialKind = "pass"     // for one visit of somebody whom a resident sends
	CredentialCourier  CredentialKind = "courier"
	CredentialStaff    CredentialKind = "staff"
)

// CredentialForm is how a credential is shown.
type CredentialForm string

// The forms of a credential.
const (
	FormPIN     CredentialForm = "pin"      // digits typed at the kiosk
	FormUnitPIN CredentialForm = "unit_pin" // a unit, and fewer digits that are that unit's only
	FormQR      CredentialForm = "qr"       // 128 random bits, as text in a QR code
	FormCard    CredentialForm = "card"     // the number that a reader types
)

// Credential is something that identifies its holder at a kiosk. Only a keyed
// hash of its secret is kept.
type Credential struct {
	ID        string         `json:"id"`
	Kind      CredentialKind `json:"kind"`
	Form      CredentialForm `json:"form"`
	Holder    string         `json:"holder"` // resident, courier or staff ID
	Hash      []byte         `json:"-"`      // HMAC-SHA-256 of the normalized secret
	ValidFrom time.Time      `json:"valid_from,omitzero"`
	ValidTo   time.Time      `json:"valid_to,omitzero"`
	Revoked   time.Time      `json:"revoked,omitzero"`
	Used      time.Time      `json:"used,omitzero"` // pickup: when its packages were collected; pass: when it let somebody in
	Created   time.Time      `json:"created"`
	Hours     []Hours        `json:"hours,omitempty"` // none = at any time
	Label     string         `json:"label,omitempty"` // who carries it, where that is not its holder
}

// Attempt is somebody showing a credential at a kiosk.
type Attempt struct {
	Kiosk  string         `json:"kiosk"`
	Form   CredentialForm `json:"form"`
	Unit   string         `json:"unit,omitempty"` // of a unit_pin, as it was typed
	Secret string         `json:"secret"`
}

// Identity is who an accepted credential belongs to.
type Identity struct {
	Kind       VisitKind `json:"kind"`
	Holder     string    `json:"holder"`
	Name       string    `json:"name"`
	Unit       string    `json:"unit,omitempty"`
	Carrier    string    `json:"carrier,omitempty"`
	Language   string    `json:"language,omitempty"`
	Credential string    `json:"credential"`

	// Once names what this entry uses up: it is committed with the grant, and a
	// second commit of it is refused. Empty = nothing.
	Once string `json:"once,omitempty"`
}

// Secret is a credential's clear text, known only when it is made.
type Secret struct {
	PIN  string `json:"pin,omitempty"`
	Unit string `json:"unit,omitempty"` // to be typed before the PIN; empty = the PIN is enough
	QR   string `json:"qr,omitempty"`
}

package room

import "time"

// IncidentKind names a broken rule.
type IncidentKind string

// The kinds of incident.
const (
	IncidentUnscannedPlacement   IncidentKind = "unscanned_placement"    // placed, no label
	IncidentScanWithoutPlacement IncidentKind = "scan_without_placement" // label, never placed
	IncidentWrongParcel          IncidentKind = "wrong_parcel"           // somebody else's was taken
	IncidentMissing              IncidentKind = "missing"                // gone with no visit
	IncidentDoorForced           IncidentKind = "door_forced"
	IncidentDoorHeld             IncidentKind = "door_held"
	IncidentDoorFault            IncidentKind = "door_fault" // reports neither open nor closed
	IncidentEmptyDelivery        IncidentKind = "entry_without_delivery"
	IncidentCameraLost           IncidentKind = "camera_lost"
	IncidentGuessing             IncidentKind = "guessing"    // wrong PINs until the kiosk waits
	IncidentPassback             IncidentKind = "passback"    // let in again though never seen to leave
	IncidentLaserOff             IncidentKind = "laser_off"   // its dot is not where the calibration says: it stays dark
	IncidentFootageLow           IncidentKind = "footage_low" // the disk is too small for the footage that is wanted
)

// Incident is a broken rule with its evidence.
type Incident struct {
	ID       string       `json:"id"`
	Kind     IncidentKind `json:"kind"`
	Visit    string       `json:"visit,omitempty"`
	Parcel   string       `json:"parcel,omitempty"`
	Slot     string       `json:"slot,omitempty"`
	Camera   string       `json:"camera,omitempty"`
	Kiosk    string       `json:"kiosk,omitempty"` // where it was tried
	Carrier  string       `json:"carrier,omitempty"`
	Pictures []string     `json:"pictures,omitempty"`
	Opened   time.Time    `json:"opened"`
	Resolved time.Time    `json:"resolved,omitzero"`
	By       string       `json:"by,omitempty"` // "itself" or a manager's name
	Reason   string       `json:"reason,omitempty"`
}

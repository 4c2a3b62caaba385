package room

import (
	"encoding/json"
	"fmt"
	"time"
)

// Command is something a person asks of the room, at a kiosk or on the
// manager's page. Commands are sent by name with Client and executed once by
// their ID.
type Command interface {
	// Name is the command's word on the wire: "visit.start".
	Name() string
}

// Envelope is a command on its way: id, expiry and sender.
type Envelope struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Expires time.Time       `json:"expires"` // refused and recorded when later than this
	By      string          `json:"by"`      // kiosk:K1, manager:ann@example.com, replay
	Data    json.RawMessage `json:"data"`
}

// The commands.
type (
	// StartVisit shows a credential. Residents' doors unlock at once; couriers
	// scan first.
	StartVisit struct{ Attempt }
	// RegisterParcel confirms whose parcel a label is.
	RegisterParcel struct {
		Visit      string   `json:"visit"`
		Resident   string   `json:"resident"` // Resident.ID; empty = unknown, an unidentified package will be placed
		Carrier    string   `json:"carrier"`
		Tracking   string   `json:"tracking"`
		LabelPhoto string   `json:"label_photo"`
		Reading    *Reading `json:"reading"`
		Size       string   `json:"size,omitempty"`  // small, medium, large, oversize
		Again      bool     `json:"again,omitempty"` // the same tracking number once more, on purpose
	}
	// DropParcel takes back a label scanned by mistake.
	DropParcel struct {
		Visit  string `json:"visit"`
		Parcel string `json:"parcel"`
	}
	// LeadTo leads a visit to these parcels, in this order, by voice, light and
	// laser, whatever the room has. None: to all that are the resident's.
	LeadTo struct {
		Visit   string   `json:"visit"`
		Parcels []string `json:"parcels"`
	}
	// OpenDoor unlocks for a visit.
	OpenDoor struct {
		Visit string `json:"visit"`
	}
	// ConfirmPlacement says by hand where a parcel was put, for when no camera sees it.
	ConfirmPlacement struct {
		Visit  string `json:"visit"`
		Parcel string `json:"parcel"`
		Slot   string `json:"slot"`
	}
	// JoinParcel says which registered parcel an unidentified one is: the
	// courier's or the manager's choice.
	JoinParcel struct {
		Visit        string `json:"visit,omitempty"`
		Unidentified string `json:"unidentified"`
		Registered   string `json:"registered"`
		Reason       string `json:"reason,omitempty"` // a manager's; the log keeps it
		By           string `json:"-"`                // filled in by Service: who sent it
	}
	// EndVisit says "I'm done" at the kiosk.
	EndVisit struct {
		Visit string `json:"visit"`
	}
	// ResolveParcel is a manager's decision about a parcel.
	ResolveParcel struct {
		Parcel   string `json:"parcel"`
		Action   string `json:"action"`             // assign, returned, held, released, collected, missing
		Resident string `json:"resident,omitempty"` // assign
		Reason   string `json:"reason"`
	}
	// ResolveIncident closes an incident.
	ResolveIncident struct {
		Incident string `json:"incident"`
		Reason   string `json:"reason"`
	}
	// ManagerUnlock opens the door for a manager, who becomes a staff visit.
	ManagerUnlock struct {
		Manager string `json:"manager"`         // who, as the log names them
		Shown   string `json:"shown,omitempty"` // the name for people; empty = Manager
		Reason  string `json:"reason"`
	}
	// ImportRoster replaces or adds residents; those absent become past where
	// Complete is set.
	ImportRoster struct {
		Residents []Resident `json:"residents"`
		Complete  bool       `json:"complete"`
	}
	// SaveResident adds or changes one resident.
	SaveResident struct {
		Resident Resident `json:"resident"`
	}
	// SaveCourier adds or changes a courier.
	SaveCourier struct {
		Courier Courier `json:"courier"`
	}
	// IssueCredential makes a new PIN (and QR) for a courier or staff member, or
	// a resident; the answer shows it once. Card enrols a card instead, PIN one
	// that was chosen; either is refused where it is in use.
	IssueCredential struct {
		Kind      CredentialKind `json:"kind"`
		Holder    string         `json:"holder"`
		Card      string         `json:"card,omitempty"`
		PIN       string         `json:"pin,omitempty"`
		ValidFrom time.Time      `json:"valid_from,omitzero"`
		ValidTo   time.Time      `json:"valid_to,omitzero"`
		Hours     []Hours        `json:"hours,omitempty"`
		Label     string         `json:"label,omitempty"` // of a pass: who comes
	}
	// RevokeCredential ends a credential at once.
	RevokeCredential struct {
		Holder     string `json:"holder"`
		Credential string `json:"credential"`
	}
)

// Name implements Command.
func (StartVisit) Name() string { return "visit.start" }

// Name implements Command.
func (RegisterParcel) Name() string { return "parcel.register" }

// Name implements Command.
func (DropParcel) Name() string { return "parcel.drop" }

// Name implements Command.
func (LeadTo) Name() string { return "guide.lead" }

// Name implements Command.
func (OpenDoor) Name() string { return "door.open" }

// Name implements Command.
func (ConfirmPlacement) Name() string { return "parcel.place" }

// Name implements Command.
func (JoinParcel) Name() string { return "parcel.join" }

// Name implements Command.
func (EndVisit) Name() string { return "visit.end" }

// Name implements Command.
func (ResolveParcel) Name() string { return "parcel.resolve" }

// Name implements Command.
func (ResolveIncident) Name() string { return "incident.resolve" }

// Name implements Command.
func (ManagerUnlock) Name() string { return "door.unlock" }

// Name implements Command.
func (ImportRoster) Name() string { return "roster.import" }

// Name implements Command.
func (SaveResident) Name() string { return "resident.save" }

// Name implements Command.
func (SaveCourier) Name() string { return "courier.save" }

// Name implements Command.
func (IssueCredential) Name() string { return "credential.issue" }

// Name implements Command.
func (RevokeCredential) Name() string { return "credential.revoke" }

// DecodeCommand reads an envelope's command; unknown names and malformed data
// are ErrInvalid.
func DecodeCommand(e Envelope) (Command, error) {
	switch e.Name {
	case "visit.start":
		return decodeAs[StartVisit](e)
	case "parcel.register":
		return decodeAs[RegisterParcel](e)
	case "parcel.drop":
		return decodeAs[DropParcel](e)
	case "guide.lead":
		return decodeAs[LeadTo](e)
	case "laser.check":
		return decodeAs[CheckLaser](e)
	case "laser.calibrate":
		return decodeAs[CalibrateLaser](e)
	case "laser.try":
		return decodeAs[TryLaser](e)
	case "laser.stop":
		return decodeAs[StopLaser](e)
	case "laser.keep":
		return decodeAs[KeepLaser](e)
	case "door.open":
		return decodeAs[OpenDoor](e)
	case "parcel.place":
		return decodeAs[ConfirmPlacement](e)
	case "parcel.join":
		return decodeAs[JoinParcel](e)
	case "visit.end":
		return decodeAs[EndVisit](e)
	case "parcel.resolve":
		return decodeAs[ResolveParcel](e)
	case "incident.resolve":
		return decodeAs[ResolveIncident](e)
	case "door.unlock":
		return decodeAs[ManagerUnlock](e)
	case "roster.import":
		return decodeAs[ImportRoster](e)
	case "resident.save":
		return decodeAs[SaveResident](e)
	case "courier.save":
		return decodeAs[SaveCourier](e)
	case "credential.import":
		return decodeAs[ImportCredentials](e)
	case "credential.issue":
		return decodeAs[IssueCredential](e)
	case "credential.revoke":
		return decodeAs[RevokeCredential](e)
	case "footage.view":
		return decodeAs[ViewFootage](e)
	case "footage.export":
		return decodeAs[ExportFootage](e)
	case "footage.hold":
		return decodeAs[HoldFootage](e)
	case "footage.release":
		return decodeAs[ReleaseFootage](e)
	}
	return nil, fmt.Errorf("command %q: %w: no such command", e.Name, ErrInvalid)
}

func decodeAs[C Command](e Envelope) (Command, error) {
	var c C
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return nil, fmt.Errorf("command %s: %w: %v", e.Name, ErrInvalid, err)
	}
	return c, nil
}

// Entry is a place in the event log. Its hash stands for all that is before it.
type Entry struct {
	Property string    `json:"property"`
	Room     string    `json:"room"`
	Seq      int64     `json:"seq"`
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Hash     []byte    `json:"hash"`
}

// Reply is the room's answer to a command.
type Reply struct {
	Visit    *Visit   `json:"visit,omitempty"`
	Parcel   *Parcel  `json:"parcel,omitempty"`
	Suggest  []string `json:"suggest,omitempty"` // slots that fit, best first
	Secret   *Secret  `json:"secret,omitempty"`  // shown once
	Saved    int      `json:"saved,omitempty"`
	Warnings []string `json:"warnings,omitempty"` // locale keys: already_scanned, ...
	Entry    *Entry   `json:"entry,omitempty"`    // where the log has it
}

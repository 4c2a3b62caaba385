package room

// DeniedData is the Data of EvAccessDenied.
type DeniedData struct {
	Kiosk        string         `json:"kiosk"`
	Form         CredentialForm `json:"form"`
	RetryAfterMS int64          `json:"retry_after_ms"`
}

// RefusedUnlockData is the Data of EvDoorRefused.
type RefusedUnlockData struct {
	Grant  string `json:"grant"`  // its ID
	Detail string `json:"detail"` // the door's answer
}

// RegisteredData is the Data of EvParcelRegistered: what was chosen, and beside
// it what OCR read.
type RegisteredData struct {
	Tracking      string   `json:"tracking"`
	Size          string   `json:"size"`
	Suggested     string   `json:"suggested"` // slot
	Decision      Decision `json:"decision,omitempty"`
	ReadRecipient string   `json:"read_recipient,omitempty"`
	ReadUnit      string   `json:"read_unit,omitempty"`
	ReadResident  string   `json:"read_resident,omitempty"` // ID of the best candidate
	ReadScore     float64  `json:"read_score,omitempty"`
}

// StoredData is the Data of EvParcelStored and EvParcelUnidentified: the change
// that vision saw, or what made it known otherwise.
type StoredData struct {
	*Change
	ByHand bool   `json:"by_hand,omitempty"` // confirmed at the kiosk, no camera saw it
	Was    string `json:"was,omitempty"`     // ID of the unidentified parcel that it proved to be
}

// IdentifiedData is the Data of EvParcelIdentified.
type IdentifiedData struct {
	Was        string  `json:"was"`        // ID of the unidentified parcel
	Confidence float64 `json:"confidence"` // 0..1
	Reason     string  `json:"reason,omitempty"`
}

// ResolvedData is the Data of EvParcelResolved.
type ResolvedData struct {
	Reason string `json:"reason"` // as the manager wrote it
}

// RosterData is the Data of EvRosterImported.
type RosterData struct {
	Residents int `json:"residents"` // rows of the file
	NowPast   int `json:"now_past"`  // residents who were not in it
}

// ResidentData is the Data of EvResidentSaved.
type ResidentData struct {
	Status ResidentStatus `json:"status"`
	Unit   string         `json:"unit"`
}

// CourierData is the Data of EvCourierSaved.
type CourierData struct {
	Active bool `json:"active"`
}

// LaserData is the Data of EvLaserCalibrated.
type LaserData struct {
	ResidualPX float64 `json:"residual_px"`
	MM         float64 `json:"mm,omitempty"` // the same on the shelf
	Used       int     `json:"used"`         // points
	Outliers   int     `json:"outliers,omitempty"`
}

// PicturedData is the Data of EvAccessPictured.
type PicturedData struct {
	Decision string    `json:"decision"` // ID of the event that it shows
	Kind     EventKind `json:"kind"`     // of that event
}

// NewData makes what the Data of events of kind k decodes into; nil: they have
// none. Data changes by adding optional fields; anything else is a new kind, ".v2".
func (k EventKind) NewData() any {
	switch k {
	case EvVisitStarted, EvVisitEnded:
		return new(Visit)
	case EvAccessDenied:
		return new(DeniedData)
	case EvDoorUnlocked, EvDoorLocked:
		return new(Grant)
	case EvAccessPictured:
		return new(PicturedData)
	case EvDoorRefused:
		return new(RefusedUnlockData)
	case EvDoorClosed, EvDoorFault:
		return new(DoorEvent)
	case EvParcelRegistered:
		return new(RegisteredData)
	case EvParcelStored, EvParcelUnidentified:
		return new(StoredData)
	case EvParcelMoved, EvParcelTaken, EvParcelPutBack, EvParcelCollected:
		return new(Change)
	case EvParcelIdentified:
		return new(IdentifiedData)
	case EvParcelResolved:
		return new(ResolvedData)
	case EvIncidentOpened, EvIncidentResolved:
		return new(Incident)
	case EvPromptSpoken:
		return new(Prompt)
	case EvCameraLost, EvCameraBack:
		return new(CameraHealth)
	case EvCredentialIssued:
		return new([]Credential)
	case EvCredentialRevoked:
		return new(Credential)
	case EvRosterImported:
		return new(RosterData)
	case EvResidentSaved:
		return new(ResidentData)
	case EvCourierSaved:
		return new(CourierData)
	case EvLaserCalibrated:
		return new(LaserData)
	case EvClipSaved:
		return new(Clip)
	case EvClipViewed, EvClipExported:
		return new(Footage)
	case EvClipHeld, EvClipReleased:
		return new(Hold)
	}
	return nil
}

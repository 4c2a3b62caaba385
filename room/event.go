package room

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"
)

// EventKind names what happened, with the version of its data: "parcel.stored.v1".
// Noun and verb are the last two tokens of its bus subject.
type EventKind string

// The kinds of event.
const (
	EvVisitStarted       EventKind = "visit.started.v1"
	EvVisitEntered       EventKind = "visit.entered.v1"
	EvVisitLeaving       EventKind = "visit.leaving.v1"
	EvVisitEnded         EventKind = "visit.ended.v1"
	EvAccessDenied       EventKind = "access.denied.v1"
	EvDoorUnlocked       EventKind = "door.unlocked.v1" // granted; the command follows
	EvDoorRefused        EventKind = "door.refused.v1"  // the command failed or was late
	EvDoorOpened         EventKind = "door.opened.v1"
	EvDoorClosed         EventKind = "door.closed.v1"
	EvDoorFault          EventKind = "door.fault.v1"
	EvDoorLocked         EventKind = "door.locked.v1"     // a grant ended and nobody had opened
	EvAccessPictured     EventKind = "access.pictured.v1" // a camera's picture of a decision, right after it
	EvParcelRegistered   EventKind = "parcel.registered.v1"
	EvParcelStored       EventKind = "parcel.stored.v1"
	EvParcelMoved        EventKind = "parcel.moved.v1"
	EvParcelUnidentified EventKind = "parcel.unidentified.v1"
	EvParcelIdentified   EventKind = "parcel.identified.v1"
	EvParcelTaken        EventKind = "parcel.taken.v1" // off its slot, not (yet) rightly collected
	EvParcelPutBack      EventKind = "parcel.putback.v1"
	EvParcelCollected    EventKind = "parcel.collected.v1"
	EvParcelMissing      EventKind = "parcel.missing.v1"
	EvParcelResolved     EventKind = "parcel.resolved.v1" // by a manager: held, returned, collected by staff
	EvParcelDropped      EventKind = "parcel.dropped.v1"
	EvIncidentOpened     EventKind = "incident.opened.v1"
	EvIncidentResolved   EventKind = "incident.resolved.v1"
	EvGuideStepped       EventKind = "guide.stepped.v1"
	EvPromptSpoken       EventKind = "prompt.spoken.v1"
	EvCameraLost         EventKind = "camera.lost.v1"
	EvCameraBack         EventKind = "camera.back.v1"
	EvCredentialIssued   EventKind = "credential.issued.v1"
	EvCredentialRevoked  EventKind = "credential.revoked.v1"
	EvRosterImported     EventKind = "roster.imported.v1"
	EvResidentSaved      EventKind = "resident.saved.v1"
	EvCourierSaved       EventKind = "courier.saved.v1"
	EvClipSaved          EventKind = "clip.saved.v1"    // kept for events, with its checksum
	EvClipViewed         EventKind = "clip.viewed.v1"   // by a person, faces included
	EvClipExported       EventKind = "clip.exported.v1" // taken away by a person
	EvClipHeld           EventKind = "clip.held.v1"     // not to be removed
	EvClipReleased       EventKind = "clip.released.v1"
	EvLaserCalibrated    EventKind = "laser.calibrated.v1"
)

// Event is one row of the event log: what happened, once, for ever. The log is
// a hash chain; see ChainHash.
type Event struct {
	Seq      int64           `json:"seq"` // position in the log, from 1 without gaps; given by Store
	ID       string          `json:"id"`
	Kind     EventKind       `json:"kind"`
	Time     time.Time       `json:"time"` // UTC, microseconds
	Property string          `json:"property"`
	Room     string          `json:"room"`
	Visit    string          `json:"visit,omitempty"`
	Parcel   string          `json:"parcel,omitempty"`
	Resident string          `json:"resident,omitempty"`
	Courier  string          `json:"courier,omitempty"`
	Carrier  string          `json:"carrier,omitempty"`
	Slot     string          `json:"slot,omitempty"`
	Camera   string          `json:"camera,omitempty"`
	Pictures []string        `json:"pictures,omitempty"`
	Reason   string          `json:"reason,omitempty"` // machine word: wrong_pin, expired, ...
	By       string          `json:"by,omitempty"`     // who caused it, where a person did
	Data     json.RawMessage `json:"data,omitempty"`   // kind's own payload
	Prev     []byte          `json:"prev,omitempty"`   // Hash of the row before; empty for the first
	Hash     []byte          `json:"hash,omitempty"`
}

// ChainHash is the SHA-256 over prev and every field of e but Prev and Hash,
// each with its length before it, so that no two rows share an encoding. Data
// must be stored byte for byte (text, not jsonb).
func ChainHash(prev []byte, e Event) []byte {
	h := sha256.New()
	put := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	num := func(v int64) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(v))
		put(n[:])
	}
	put(prev)
	num(e.Seq)
	num(e.Time.UnixMicro())
	for _, s := range []string{e.ID, string(e.Kind), e.Property, e.Room, e.Visit, e.Parcel, e.Resident,
		e.Courier, e.Carrier, e.Slot, e.Camera, e.Reason, e.By} {
		put([]byte(s))
	}
	num(int64(len(e.Pictures)))
	for _, p := range e.Pictures {
		put([]byte(p))
	}
	put(e.Data)
	return h.Sum(nil)
}

package bus

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/packroom/packroom/room"
)

// Names on the server.
const (
	// StreamName is the stream that keeps every subject under "packroom.".
	StreamName = "ROOM"
	// LeaseBucket is the KV bucket of camera leases; its keys are
	// PROPERTY.ROOM.CAMERA.
	LeaseBucket = "LEASES"

	streamSubjects = "packroom.>"
	readerGroup    = "ocr"
)

// Carriage says how a subject is carried.
type Carriage string

// The carriages.
const (
	Stream  Carriage = "stream"  // kept by the stream ROOM, at least once
	Request Carriage = "request" // NATS micro service, answered or ErrUnavailable
)

// Route is one row of the contract: a subject, what it carries, who sends it
// and who listens.
type Route struct {
	Subject  string         // PROPERTY and ROOM stand for the room's
	Kind     room.EventKind // of the payload's "kind"; empty for requests
	Payload  reflect.Type   // events: of the whole message; facts: of its "data"; requests: of the request
	Data     reflect.Type   // events: of the "data" in it; nil = none
	Answer   reflect.Type   // requests only
	Carriage Carriage
	From, To []string // services
}

// Kinds of facts. Their message is a Fact.
const (
	KindChange   room.EventKind = "change.seen.v1"
	KindPresence room.EventKind = "presence.seen.v1"
	KindHealth   room.EventKind = "health.seen.v1"
	KindFootage  room.EventKind = "footage.saved.v1"
	KindStorage  room.EventKind = "storage.seen.v1"
	KindDead     room.EventKind = "dead.letter.v1"
)

// Routes is THE table of the bus. A payload changes by adding optional fields;
// anything else is a new kind, ".v2". One example of each lies in testdata and
// is frozen once released.
func Routes() []Route {
	facts := []Route{
		fact(KindChange, reflect.TypeFor[room.Change]()),
		fact(KindPresence, reflect.TypeFor[room.Presence]()),
		fact(KindHealth, reflect.TypeFor[room.CameraHealth]()),
		fact(KindFootage, reflect.TypeFor[room.Clip]()),
		fact(KindStorage, reflect.TypeFor[room.StorageHealth]()),
	}
	others := []Route{
		{Subject: "packroom.PROPERTY.ROOM.dead.letter", Kind: KindDead, Payload: reflect.TypeFor[DeadLetter](),
			Carriage: Stream, From: []string{"room"}, To: []string{"people"}},
		{Subject: "ask.packroom.PROPERTY.ROOM.label.read", Payload: reflect.TypeFor[room.ReadRequest](),
			Answer: reflect.TypeFor[room.Reading](), Carriage: Request, From: []string{"web"}, To: []string{"ocr"}},
	}
	return slices.Concat(facts, events, others)
}

// events are published by the room service through the outbox, after their
// commit. Web shows them live; vision keeps the footage around them.
var events = []Route{
	event(room.EvVisitStarted),
	event(room.EvVisitEntered),
	event(room.EvVisitLeaving),
	event(room.EvVisitEnded),
	event(room.EvAccessDenied),
	event(room.EvDoorUnlocked),
	event(room.EvDoorRefused),
	event(room.EvDoorOpened),
	event(room.EvDoorClosed),
	event(room.EvDoorFault),
	event(room.EvDoorLocked),
	event(room.EvAccessPictured),
	event(room.EvParcelRegistered),
	event(room.EvParcelStored),
	event(room.EvParcelMoved),
	event(room.EvParcelUnidentified),
	event(room.EvParcelIdentified),
	event(room.EvParcelTaken),
	event(room.EvParcelPutBack),
	event(room.EvParcelCollected),
	event(room.EvParcelMissing),
	event(room.EvParcelResolved),
	event(room.EvParcelDropped),
	event(room.EvIncidentOpened),
	event(room.EvIncidentResolved),
	event(room.EvGuideStepped),
	event(room.EvPromptSpoken),
	event(room.EvCameraLost),
	event(room.EvCameraBack),
	event(room.EvCredentialIssued),
	event(room.EvCredentialRevoked),
	event(room.EvRosterImported),
	event(room.EvResidentSaved),
	event(room.EvCourierSaved),
	event(room.EvClipSaved),
	event(room.EvClipViewed),
	event(room.EvClipExported),
	event(room.EvClipHeld),
	event(room.EvClipReleased),
	event(room.EvLaserCalibrated),
}

func event(kind room.EventKind) Route {
	var data reflect.Type
	if v := kind.NewData(); v != nil {
		data = reflect.TypeOf(v).Elem()
	}
	return Route{Subject: pattern(kind), Kind: kind, Payload: reflect.TypeFor[room.Event](), Data: data,
		Carriage: Stream, From: []string{"room"}, To: []string{"web", "vision"}}
}

func fact(kind room.EventKind, data reflect.Type) Route {
	return Route{Subject: pattern(kind), Kind: kind, Payload: data,
		Carriage: Stream, From: []string{"vision"}, To: []string{"room"}}
}

func pattern(kind room.EventKind) string {
	s, err := subject("PROPERTY", "ROOM", kind)
	if err != nil {
		panic(err) // a row of the table is wrong
	}
	return s
}

var kindForm = regexp.MustCompile(`^([a-z]+)\.([a-z]+)\.v[0-9]+$`)

// subject is where a kind of message of one room is published:
// packroom.<property>.<room>.<noun>.<verb>.
func subject(property, roomID string, kind room.EventKind) (string, error) {
	m := kindForm.FindStringSubmatch(string(kind))
	if m == nil {
		return "", fmt.Errorf("kind %q: %w: want noun.verb.vN", kind, room.ErrInvalid)
	}
	return strings.Join([]string{"packroom", property, roomID, m[1], m[2]}, "."), nil
}

// readSubject is where one room's label readers are asked.
func readSubject(property, roomID string) string {
	return strings.Join([]string{"ask", "packroom", property, roomID, "label", "read"}, ".")
}

// subjectsTo are the subjects of one room's stream that a service listens to,
// by noun.
func subjectsTo(service, property, roomID string) []string {
	var all []string
	for _, r := range Routes() {
		if r.Carriage != Stream || !slices.Contains(r.To, service) {
			continue
		}
		noun, _, _ := strings.Cut(string(r.Kind), ".")
		if s := strings.Join([]string{"packroom", property, roomID, noun, "*"}, "."); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

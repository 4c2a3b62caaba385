package room

import (
	"maps"
	"time"
)

// State is everything about a room that is not over. It is a value: Decide
// works on a copy whose maps are its own.
type State struct {
	Property  string
	Room      string
	Slots     map[string]Slot
	Parcels   map[string]Parcel   // not ended, and those of open visits
	Visits    map[string]Visit    // open
	Recent    []Visit             // ended within Rules.LateChange, newest last; not kept over a restart
	Incidents map[string]Incident // open
	Items     map[string]Item     // by key: what is on the slots
	Cameras   map[string]CameraHealth
	Presence  map[string]Presence
	Fences    map[string]uint64 // newest lease revision by camera
	Door      DoorState
	LastGrant uint64 // fence of the newest grant
	Prompts   []Prompt
}

// DoorState is what is known of the room's door.
type DoorState struct {
	ID      string // as grants name it
	Open    bool
	Fault   bool
	Since   time.Time
	Granted Grant     // newest
	Forced  bool      // it was opened without a grant and not from inside
	Relock  bool      // that Granted ended unused was told
	ExitAt  time.Time // last request to exit
}

// Clone copies the state deep enough for Decide to change it.
func (s State) Clone() State {
	s.Slots = cloneMap(s.Slots)
	s.Parcels = cloneMap(s.Parcels)
	s.Visits = cloneMap(s.Visits)
	s.Incidents = cloneMap(s.Incidents)
	s.Items = cloneMap(s.Items)
	s.Cameras = cloneMap(s.Cameras)
	s.Presence = cloneMap(s.Presence)
	s.Fences = cloneMap(s.Fences)
	s.Recent = append([]Visit(nil), s.Recent...)
	s.Prompts = append([]Prompt(nil), s.Prompts...)
	return s
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Input is something that Decide answers: a fact that a device reported, or a
// command with what had to be looked up for it.
type Input interface{ isInput() }

// The inputs that are not facts or commands by themselves.
type (
	// Identified is a StartVisit whose credential was accepted.
	Identified struct {
		Kiosk    string
		Identity Identity
	}
	// Refused is a StartVisit that was not.
	Refused struct {
		Kiosk  string
		Form   CredentialForm
		Denial Denial
	}
	// Registration is a RegisterParcel with its resident, and the parcels that
	// came here before with the same tracking number.
	Registration struct {
		RegisterParcel
		Resident Resident // zero for an unknown one
		Earlier  []Parcel
	}
	// Resolution is a ResolveParcel with its resident (assign) and parcel.
	Resolution struct {
		ResolveParcel
		Resident Resident
		By       string
	}
	// Settled is a ResolveIncident and who did it.
	Settled struct {
		ResolveIncident
		By string
	}
	// StaffEntry is a ManagerUnlock.
	StaffEntry struct {
		ManagerUnlock
		Kiosk string
	}
	// UnlockFailed is the door's answer to an unlock that did not work.
	UnlockFailed struct {
		Grant  Grant
		Detail string
	}
	// Barring is that a credential, or all of a holder, opens nothing any more.
	Barring struct {
		Holder     string
		Credential string // empty = all of the holder
	}
	// Tick is time going by; the service sends it twice a second.
	Tick struct{}
)

func (Identified) isInput()       {}
func (Refused) isInput()          {}
func (Registration) isInput()     {}
func (Resolution) isInput()       {}
func (Settled) isInput()          {}
func (StaffEntry) isInput()       {}
func (UnlockFailed) isInput()     {}
func (Barring) isInput()          {}
func (Tick) isInput()             {}
func (DropParcel) isInput()       {}
func (LeadTo) isInput()           {}
func (OpenDoor) isInput()         {}
func (ConfirmPlacement) isInput() {}
func (JoinParcel) isInput()       {}
func (EndVisit) isInput()         {}
func (Change) isInput()           {}
func (Presence) isInput()         {}
func (CameraHealth) isInput()     {}
func (DoorEvent) isInput()        {}

// Rules are the times and thresholds that decisions use.
type Rules struct {
	HeldOpen    time.Duration // door open for longer is an incident
	SettleAfter time.Duration // from the door closing on an empty room to the visit's end: vision's last word arrives
	EmptyEnds   time.Duration // room seen empty, door closed, nobody seen leaving: the visit ends
	GoneFor     time.Duration // the inner handle was used, the door closed: the visit ends although a camera still sees somebody
	VisitLimit  time.Duration // with no sign of life a visit ends
	ScanLimit   time.Duration // a visit that never opened the door ends
	LateChange  time.Duration // a change is laid to a visit that ended no longer ago
	JoinAt      float64       // probability from which a placement is joined to a label without asking
}

// DefaultRules suit a room of one door.
var DefaultRules = Rules{
	HeldOpen:    60 * time.Second,
	SettleAfter: 2 * time.Second,
	EmptyEnds:   30 * time.Second,
	GoneFor:     2 * time.Minute,
	VisitLimit:  30 * time.Minute,
	ScanLimit:   15 * time.Minute,
	LateChange:  time.Minute,
	JoinAt:      0.8,
}

// Env is what Decide may know of the world: the time, new identifiers, rules.
type Env struct {
	Now   time.Time
	NewID func() string
	Rules Rules
}

// Outcome is what follows from an input: the new state, what must be committed
// before anything acts on it, and what then is to be done.
type Outcome struct {
	State   State
	Commit  Commit
	Reply   Reply
	Unlock  *Grant   // unlock the door with this grant
	Lock    bool     // end the unlock that stands
	Lockers []string // slots of lockers to open, by Opens
	Opens   Grant    // that they are opened by; committed as any
	Speak   []Prompt // say these, in order
	Spent   []string // residents whose pickup credentials are used up
	pass    string   // ID of the credential that this entry uses up; empty = none
	pickup  []int    // indexes into Commit.Messages that need a new pickup credential
}

// Quiet reports whether nothing worth committing happened.
func (o Outcome) Quiet() bool {
	c := o.Commit
	return len(c.Events) == 0 && len(c.Parcels) == 0 && len(c.Visits) == 0 && len(c.Incidents) == 0 &&
		len(c.Items) == 0 && len(c.ItemsGone) == 0 && len(c.Slots) == 0 && len(c.Cameras) == 0 && len(c.Fences) == 0
}

// Decide answers an input. It is pure but for env.NewID. Errors are of the
// kinds ErrInvalid, ErrConflict and ErrNotFound, and then nothing changes.
func Decide(s State, env Env, in Input) (Outcome, error) {
	d := &decision{Env: env, o: Outcome{State: s.Clone()}}
	d.s = &d.o.State
	var err error
	switch in := in.(type) {
	case Identified:
		d.identified(in)
	case Refused:
		d.refused(in)
	case StaffEntry:
		d.staffEntry(in)
	case Registration:
		err = d.register(in)
	case DropParcel:
		err = d.drop(in)
	case LeadTo:
		err = d.lead(in)
	case CheckLaser:
		err = d.checkLaser(in)
	case OpenDoor:
		err = d.openDoor(in)
	case ConfirmPlacement:
		err = d.confirmPlacement(in)
	case JoinParcel:
		err = d.join(in)
	case EndVisit:
		err = d.done(in)
	case Resolution:
		err = d.resolve(in)
	case Settled:
		err = d.settle(in)
	case Change:
		d.change(in)
	case Presence:
		d.presence(in)
	case CameraHealth:
		d.camera(in)
	case Clip:
		d.clip(in)
	case StorageHealth:
		d.storage(in)
	case DoorEvent:
		d.door(in)
	case UnlockFailed:
		d.unlockFailed(in)
	case Barring:
		d.bar(in)
	case Tick:
		d.tick()
	default:
		err = fmt.Errorf("decide: %w: no rule for %T", ErrInvalid, in)
	}
	if err != nil {
		return Outcome{State: s}, err
	}
	return d.o, nil
}

// decision is one Decide under way: s points at the outcome's own state.
type decision struct {
	Env
	s *State
	o Outcome
}

// event adds a row to the event log. Time, place and ID are filled in.
func (d *decision) event(e Event, data any) Event {
	e.ID, e.Time = d.NewID(), d.Now.UTC().Truncate(time.Microsecond)
	e.Property, e.Room = d.s.Property, d.s.Room
	if data != nil {
		e.Data, _ = json.Marshal(data) // our own structs always marshal
	}
	e.Pictures = slices.DeleteFunc(slices.Clone(e.Pictures), func(p string) bool { return p == "" })
	d.o.Commit.Events = append(d.o.Commit.Events, e)
	return e
}

// putParcel keeps p in the state and has it written. Ended parcels stay in the
// state while a visit refers to them; see forget.
func (d *decision) putParcel(p Parcel) {
	d.s.Parcels[p.ID] = p
	upsert(&d.o.Commit.Parcels, p, func(q Parcel) bool { return q.ID == p.ID })
}

func (d *decision) putVisit(v Visit) {
	d.s.Visits[v.ID] = v
	upsert(&d.o.Commit.Visits, v, func(w Visit) bool { return w.ID == v.ID })
}

func (d *decision) putItem(i Item) {
	d.s.Items[i.Key] = i
	upsert(&d.o.Commit.Items, i, func(j Item) bool { return j.Key == i.Key })
	d.o.Commit.ItemsGone = slices.DeleteFunc(d.o.Commit.ItemsGone, func(k string) bool { return k == i.Key })
}

func (d *decision) dropItem(key string) {
	if _, ok := d.s.Items[key]; !ok {
		return
	}
	delete(d.s.Items, key)
	d.o.Commit.Items = slices.DeleteFunc(d.o.Commit.Items, func(j Item) bool { return j.Key == key })
	d.o.Commit.ItemsGone = append(d.o.Commit.ItemsGone, key)
}

func upsert[T any](list *[]T, v T, same func(T) bool) {
	if i := slices.IndexFunc(*list, same); i >= 0 {
		(*list)[i] = v
		return
	}
	*list = append(*list, v)
}

// openIncident opens an incident unless one of its kind is open for the same
// parcel, visit and camera.
func (d *decision) openIncident(i Incident) {
	for _, j := range d.s.Incidents {
		if j.Kind == i.Kind && j.Parcel == i.Parcel && j.Visit == i.Visit && j.Camera == i.Camera && j.Kiosk == i.Kiosk {
			return
		}
	}
	i.ID, i.Opened = d.NewID(), d.Now.UTC()
	i.Pictures = slices.DeleteFunc(slices.Clone(i.Pictures), func(p string) bool { return p == "" })
	if v, ok := d.s.Visits[i.Visit]; ok {
		i.Carrier = v.Carrier
	}
	d.s.Incidents[i.ID] = i
	upsert(&d.o.Commit.Incidents, i, func(j Incident) bool { return j.ID == i.ID })
	d.event(Event{Kind: EvIncidentOpened, Visit: i.Visit, Parcel: i.Parcel, Slot: i.Slot, Camera: i.Camera,
		Carrier: i.Carrier, Pictures: i.Pictures, Reason: string(i.Kind)}, i)
}

// closeIncidents resolves the open incidents that match.
func (d *decision) closeIncidents(by, reason string, match func(Incident) bool) {
	for _, id := range sortedKeys(d.s.Incidents) {
		i := d.s.Incidents[id]
		if !match(i) {
			continue
		}
		i.Resolved, i.By, i.Reason = d.Now.UTC(), by, reason
		delete(d.s.Incidents, id)
		upsert(&d.o.Commit.Incidents, i, func(j Incident) bool { return j.ID == id })
		d.event(Event{Kind: EvIncidentResolved, Visit: i.Visit, Parcel: i.Parcel, Slot: i.Slot, Camera: i.Camera,
			Carrier: i.Carrier, Reason: string(i.Kind), By: by}, i)
	}
}

// say has a prompt spoken in the room and shown at the visit's kiosk. Warnings
// are logged too: that somebody was told is evidence.
func (d *decision) say(v Visit, key string, urgent bool, values map[string]string) {
	p := Prompt{Visit: v.ID, Key: key, Language: v.Language, Values: values, Urgent: urgent, At: d.Now.UTC()}
	d.o.Speak = append(d.o.Speak, p)
	d.s.Prompts = append(d.s.Prompts, p)
	if len(d.s.Prompts) > 32 {
		d.s.Prompts = slices.Clone(d.s.Prompts[len(d.s.Prompts)-32:])
	}
	if urgent {
		d.event(Event{Kind: EvPromptSpoken, Visit: v.ID, Carrier: v.Carrier, Slot: values["slot"], Reason: key}, p)
	}
}

// tell queues a message to a resident and, for MessageStored, a new pickup
// credential with it.
func (d *decision) tell(kind MessageKind, r Resident, p Parcel, others []Parcel, cause Event) {
	d.o.Commit.Messages = append(d.o.Commit.Messages, Message{
		ID: cause.ID + "-" + string(kind), Kind: kind, Event: cause.ID, Resident: r, Parcel: p, Others: others, Queued: d.Now.UTC(),
	})
	if kind == MessageStored {
		d.o.pickup = append(d.o.pickup, len(d.o.Commit.Messages)-1)
	}
}

// visit gives an open visit by ID.
func (d *decision) visit(id string) (Visit, error) {
	v, ok := d.s.Visits[id]
	if !ok {
		return Visit{}, fmt.Errorf("visit %q: %w", id, Refuse(ErrConflict, "visit_over", "it has ended"))
	}
	return v, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

package room

import "time"

// DoorPhase is a state of the door's machine:
//
//	phase     begins when                          ends by itself              rows of the log
//	locked    a grant ends, a door stays closed                                door.locked where the grant was not used
//	unlocked  a grant is committed                 locked, after GrantTTL      door.unlocked
//	open      it opens by a grant or from inside   held, after Rules.HeldOpen  door.opened, with exit as its reason from inside
//	held      it stays open                                                    incident door_held, ended by closing
//	forced    it opens otherwise                   held                        door.opened (forced), incident door_forced
//	closed    it closes                            locked, after SettleAfter   door.closed
//	fault     contact or strike do not answer                                  door.fault, incident door_fault
//
// Whether somebody may leave is no matter of any of them: inside, the door opens
// mechanically.
type DoorPhase string

// The phases of a door.
const (
	DoorPhaseLocked   DoorPhase = "locked"
	DoorPhaseUnlocked DoorPhase = "unlocked"
	DoorPhaseOpen     DoorPhase = "open"
	DoorPhaseHeld     DoorPhase = "held"
	DoorPhaseForced   DoorPhase = "forced"
	DoorPhaseClosed   DoorPhase = "closed"
	DoorPhaseFault    DoorPhase = "fault"
)

// doorPhase is the door's phase at a time.
func (s State) doorPhase(now time.Time, r Rules) DoorPhase {
	st := s.Door
	switch {
	case st.Fault:
		return DoorPhaseFault
	case st.Open && now.Sub(st.Since) > r.HeldOpen:
		return DoorPhaseHeld
	case st.Open && st.Forced:
		return DoorPhaseForced
	case st.Open:
		return DoorPhaseOpen
	case st.Granted.Visit != "" && now.Before(st.Granted.Expires):
		return DoorPhaseUnlocked
	case !st.Since.IsZero() && now.Sub(st.Since) < r.SettleAfter:
		return DoorPhaseClosed
	}
	return DoorPhaseLocked
}

// doorTick lets time do its work on the door.
func (d *decision) doorTick(now time.Time) {
	st := &d.s.Door
	if st.Open && now.Sub(st.Since) > d.Rules.HeldOpen {
		d.heldOpen()
	}
	// A contact may report late; and what ended long ago was told before a restart.
	if ago := now.Sub(st.Granted.Expires); st.Granted.Visit != "" && !st.Relock && !st.Open && ago > exitMemory && ago < seenInside {
		st.Relock = true
		e := Event{Kind: EvDoorLocked, Visit: st.Granted.Visit, Reason: "unused"}
		if v, ok := d.s.Visits[st.Granted.Visit]; ok {
			if v.Phase == VisitInside && v.Entered.After(st.Granted.Issued) {
				return // cameras saw them go in
			}
			e = d.visitEvent(EvDoorLocked, v)
			e.Reason = "unused"
		}
		d.event(e, st.Granted)
	}
}

// exitMemory is how long a use of the inner handle explains an opening door.
const exitMemory = 10 * time.Second

// seenInside is how long after an unlock people or changes in the room prove
// that somebody went in although the door contact said nothing.
const seenInside = 2 * time.Minute

// door takes in one report of the door.
func (d *decision) door(e DoorEvent) {
	st := &d.s.Door
	at := e.At.UTC()
	switch e.Kind {
	case DoorExit:
		st.ExitAt = at
		for _, v := range d.inside() {
			d.leaving(v)
		}
	case DoorOpened:
		d.answered(e) // a driver that was started anew begins with this
		if st.Open {
			return
		}
		st.Open, st.Since = true, at
		d.opened(at)
	case DoorClosed:
		d.answered(e)
		if !st.Open && !st.Since.IsZero() {
			return
		}
		wasOpen := st.Open
		st.Open, st.Since, st.ExitAt, st.Forced = false, at, time.Time{}, false
		if wasOpen {
			d.event(Event{Kind: EvDoorClosed}, e)
		}
		d.closeIncidents("itself", "closed", func(i Incident) bool { return i.Kind == IncidentDoorHeld })
	case DoorFaulty:
		if !st.Fault {
			st.Fault = true
			d.event(Event{Kind: EvDoorFault, Reason: "fault"}, e)
			d.openIncident(Incident{Kind: IncidentDoorFault})
		}
	case DoorAnswered:
		d.answered(e)
	}
}

// answered ends a fault: contact and strike answer again.
func (d *decision) answered(e DoorEvent) {
	if d.s.Door.Fault {
		d.s.Door.Fault = false
		d.event(Event{Kind: EvDoorFault, Reason: "ok"}, e)
		d.closeIncidents("itself", "answers again", func(i Incident) bool { return i.Kind == IncidentDoorFault && i.Visit == "" })
	}
}

// opened decides what an opening door means: somebody who was granted entry,
// somebody leaving, or force.
func (d *decision) opened(at time.Time) {
	st := &d.s.Door
	leaving := !st.ExitAt.IsZero() && at.Sub(st.ExitAt) < exitMemory && st.ExitAt.After(st.Granted.Issued)
	v, granted := d.s.Visits[st.Granted.Visit]
	// A contact may report late: the grant's lifetime counts to the moment the door opened.
	granted = granted && !leaving && at.Before(st.Granted.Expires.Add(exitMemory))
	switch {
	case granted:
		d.event(d.visitEvent(EvDoorOpened, v), nil)
		st.Granted.Visit = "" // one entry a grant
		v.Leaving = time.Time{}
		d.putVisit(v)
		d.enter(v, "door")
	case leaving || len(d.inside()) > 0:
		d.event(Event{Kind: EvDoorOpened, Reason: "exit"}, nil)
		for _, v := range d.inside() {
			d.leaving(v)
		}
	default:
		st.Forced = true
		d.event(Event{Kind: EvDoorOpened, Reason: "forced"}, nil)
		d.openIncident(Incident{Kind: IncidentDoorForced})
	}
}

func (d *decision) heldOpen() {
	before := len(d.o.Commit.Incidents)
	d.openIncident(Incident{Kind: IncidentDoorHeld})
	if len(d.o.Commit.Incidents) == before {
		return
	}
	for _, v := range d.inside() {
		d.say(v, "prompt.door_held", true, nil)
	}
}

// inside lists the visits whose people are in the room.
func (d *decision) inside() []Visit {
	var list []Visit
	for _, id := range sortedKeys(d.s.Visits) {
		if v := d.s.Visits[id]; v.Phase == VisitInside {
			list = append(list, v)
		}
	}
	return list
}

// proveInside lets a visit in whose door contact said nothing.
func (d *decision) proveInside() {
	if len(d.inside()) > 0 {
		return
	}
	for _, id := range sortedKeys(d.s.Visits) {
		v := d.s.Visits[id]
		if v.Phase == VisitGranted && !v.Unlocked.IsZero() && d.Now.Sub(v.Unlocked) < seenInside && d.s.Door.Granted.Visit == v.ID {
			d.enter(v, "seen_inside")
			d.openIncident(Incident{Kind: IncidentDoorFault, Visit: v.ID})
			return
		}
	}
}

// presence takes in vision's word on people.
func (d *decision) presence(p Presence) {
	old := d.s.Presence[p.Camera]
	switch {
	case p.People:
		p.EmptySince = time.Time{}
	case !old.EmptySince.IsZero():
		p.EmptySince = old.EmptySince
	default:
		p.EmptySince = p.At.UTC()
	}
	d.s.Presence[p.Camera] = p
	for slot, full := range p.Fullness {
		if s, ok := d.s.Slots[slot]; ok {
			s.Fullness = full
			d.s.Slots[slot] = s // not written: vision says it again after a restart
		}
	}
	if !p.People || !d.s.Cameras[p.Camera].OK {
		return
	}
	// A closed door that stays closed while somebody is seen: the contact is silent.
	if !d.s.Door.Open && d.Now.Sub(d.s.Door.Since) > 5*time.Second {
		d.proveInside()
	}
	for _, v := range d.inside() {
		v.Touched = d.Now.UTC()
		d.s.Visits[v.ID] = v // a sign of life is not worth a row
	}
}

// camera takes in a camera's health.
func (d *decision) camera(h CameraHealth) {
	old, known := d.s.Cameras[h.Camera]
	if known && old.OK == h.OK && old.Problem == h.Problem {
		return
	}
	d.s.Cameras[h.Camera] = h
	d.o.Commit.Cameras = append(d.o.Commit.Cameras, h)
	switch {
	case !h.OK:
		d.event(Event{Kind: EvCameraLost, Camera: h.Camera, Reason: h.Problem}, h)
		d.openIncident(Incident{Kind: IncidentCameraLost, Camera: h.Camera})
	case known:
		d.event(Event{Kind: EvCameraBack, Camera: h.Camera}, h)
		d.closeIncidents("itself", "back", func(i Incident) bool { return i.Kind == IncidentCameraLost && i.Camera == h.Camera })
	}
}

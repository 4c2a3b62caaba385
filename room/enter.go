package room

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// identified starts a visit, or goes on with the one that its holder has open.
// A resident's door unlocks at once; a courier scans first.
func (d *decision) identified(in Identified) {
	v, again := d.openVisitOf(in.Identity)
	if !again {
		d.supersede(in.Kiosk)
		id := in.Identity
		v = Visit{
			ID: d.NewID(), Kind: id.Kind, Phase: VisitGranted, Kiosk: in.Kiosk, Holder: id.Holder, Name: id.Name, Unit: id.Unit,
			Carrier: id.Carrier, Language: id.Language, Credential: id.Credential, Started: d.Now.UTC(),
		}
		if v.Kind == VisitResident {
			v.Light = d.s.freeSignal()
		}
		d.event(d.visitEvent(EvVisitStarted, v), v)
	}
	if id := in.Identity; id.Once != "" && (!again || v.Credential != id.Credential) {
		d.o.Commit.Once, d.o.pass = []string{id.Once}, id.Credential
		v.Credential = id.Credential
	}
	v.Kiosk, v.Touched, v.Identified, v.Barred = in.Kiosk, d.Now.UTC(), d.Now.UTC(), false
	d.putVisit(v)
	if v.Kind == VisitCourier {
		if !again {
			d.say(v, "prompt.welcome_courier", false, map[string]string{"name": v.Name})
		}
	} else {
		d.unlock(&v, d.again(v, "identified"))
	}
	d.reply(v)
}

// staffEntry lets a manager in, or opens again for one whose visit is open.
func (d *decision) staffEntry(in StaffEntry) {
	now := d.Now.UTC()
	v, again := d.openVisitOf(Identity{Kind: VisitStaff, Holder: in.Manager})
	if !again {
		v = Visit{ID: d.NewID(), Kind: VisitStaff, Phase: VisitGranted, Kiosk: in.Kiosk, Holder: in.Manager,
			Name: cmp.Or(in.Shown, in.Manager), Started: now, Identified: now}
		e := d.visitEvent(EvVisitStarted, v)
		e.Reason, e.By = in.Reason, in.Manager
		d.event(e, v)
	}
	v.Touched = now
	d.putVisit(v)
	d.unlock(&v, in.Reason)
	d.reply(v)
}

func (d *decision) openVisitOf(id Identity) (Visit, bool) {
	for _, k := range sortedKeys(d.s.Visits) {
		if v := d.s.Visits[k]; v.Kind == id.Kind && v.Holder == id.Holder {
			return v, true
		}
	}
	return Visit{}, false
}

// supersede ends the visits at a kiosk that never reached the door: the next
// person stands there now.
func (d *decision) supersede(kiosk string) {
	for _, k := range sortedKeys(d.s.Visits) {
		if v := d.s.Visits[k]; v.Kiosk == kiosk && v.Phase == VisitGranted {
			d.endVisit(v, "superseded")
		}
	}
}

func (d *decision) refused(in Refused) {
	d.event(Event{Kind: EvAccessDenied, Reason: in.Denial.Reason}, DeniedData{
		Kiosk: in.Kiosk, Form: in.Form, RetryAfterMS: in.Denial.RetryAfter.Milliseconds(),
	})
	if in.Denial.Reason == "unknown" && in.Denial.RetryAfter > 0 {
		d.openIncident(Incident{Kind: IncidentGuessing, Kiosk: in.Kiosk})
	}
}

func (d *decision) openDoor(in OpenDoor) error {
	v, err := d.visit(in.Visit)
	if err != nil {
		return err
	}
	if v.Barred {
		return fmt.Errorf("open the door: %w", Refuse(ErrConflict, "revoked", "this PIN or card was taken away; please call the building’s staff"))
	}
	d.unlock(&v, d.again(v, "asked"))
	d.reply(v)
	return nil
}

// bar ends at once what a credential that was taken away has begun: visits at
// the kiosk are over, and those whose people are inside open no door again. Out
// they always come.
func (d *decision) bar(in Barring) {
	for _, id := range sortedKeys(d.s.Visits) {
		v := d.s.Visits[id]
		if v.Holder != in.Holder || in.Credential != "" && v.Credential != in.Credential {
			continue
		}
		v.Barred = true
		if d.s.Door.Granted.Visit == v.ID {
			d.s.Door.Granted.Visit = ""
			d.o.Lock = true
		}
		d.putVisit(v)
		if v.Phase == VisitGranted {
			d.endVisit(v, "revoked")
		}
	}
}

// again is the reason of an unlock, which is passback where nobody of v was seen
// to leave since they went in. It is told, and the door opens all the same: it
// may be the contact that is wrong, and somebody may need help inside.
func (d *decision) again(v Visit, reason string) string {
	if v.Phase != VisitInside || !v.Leaving.IsZero() {
		return reason
	}
	d.openIncident(Incident{Kind: IncidentPassback, Visit: v.ID})
	return "passback"
}

// unlock grants v one opening of the door. The grant is committed with this
// outcome; the command leaves afterwards.
func (d *decision) unlock(v *Visit, reason string) {
	d.s.LastGrant++
	g := Grant{ID: d.NewID(), Visit: v.ID, Door: d.s.Door.ID, Fence: d.s.LastGrant, Issued: d.Now.UTC(), Expires: d.Now.UTC().Add(GrantTTL)}
	d.s.Door.Granted, d.s.Door.Relock = g, false
	d.o.Commit.Grants = append(d.o.Commit.Grants, g)
	d.o.Unlock = &g
	v.Unlocked, v.Touched = d.Now.UTC(), d.Now.UTC()
	d.putVisit(*v)
	e := d.visitEvent(EvDoorUnlocked, *v)
	e.Reason = reason
	d.event(e, g)
}

func (d *decision) unlockFailed(in UnlockFailed) {
	e := Event{Kind: EvDoorRefused, Visit: in.Grant.Visit, Reason: "no_answer"}
	d.event(e, RefusedUnlockData{Grant: in.Grant.ID, Detail: in.Detail})
	d.openIncident(Incident{Kind: IncidentDoorFault, Visit: in.Grant.Visit})
}

// done is "I'm done" at the kiosk. A visit whose people are still in the room
// ends when they have left.
func (d *decision) done(in EndVisit) error {
	v, err := d.visit(in.Visit)
	if err != nil {
		return err
	}
	d.o.Reply.Warnings = d.warnings(v)
	d.warnLeaving(&v)
	if v.Leaving.IsZero() {
		v.Leaving = d.Now.UTC()
	}
	d.putVisit(v)
	if v.Phase == VisitGranted || !d.s.Door.Open && !d.anybody() {
		d.endVisit(v, "done")
	}
	d.reply(v)
	return nil
}

// enter marks that somebody went in.
func (d *decision) enter(v Visit, reason string) Visit {
	if v.Phase != VisitGranted {
		return v
	}
	v.Phase, v.Entered, v.Touched = VisitInside, d.Now.UTC(), d.Now.UTC()
	d.putVisit(v)
	e := d.visitEvent(EvVisitEntered, v)
	e.Reason = reason
	d.event(e, nil)
	switch v.Kind {
	case VisitCourier:
		if len(d.pending(v)) > 0 {
			d.say(v, "prompt.put_anywhere", false, nil)
		}
	case VisitResident:
		d.sayTake(v, "prompt.take")
	}
	d.openLockers(v)
	return v
}

// openLockers opens the compartments that somebody who has just come in needs:
// a resident's with their packages, a courier's that were suggested.
func (d *decision) openLockers(v Visit) {
	var slots []string
	add := func(slot string) {
		if d.s.Slots[slot].Kind == SlotLocker && !slices.Contains(slots, slot) {
			slots = append(slots, slot)
		}
	}
	switch v.Kind {
	case VisitCourier:
		for _, p := range d.pending(v) {
			add(p.Suggested)
		}
	case VisitResident:
		for _, p := range d.waitingFor(v.Holder) {
			add(p.Slot)
		}
	}
	if len(slots) == 0 {
		return
	}
	d.s.LastGrant++
	g := Grant{ID: d.NewID(), Visit: v.ID, Door: LockersDoor, Fence: d.s.LastGrant, Issued: d.Now.UTC(), Expires: d.Now.UTC().Add(GrantTTL)}
	d.o.Commit.Grants = append(d.o.Commit.Grants, g)
	d.o.Lockers, d.o.Opens = slots, g
	for _, slot := range slots {
		e := d.visitEvent(EvGuideStepped, v)
		e.Slot, e.Reason = slot, "locker"
		d.event(e, nil)
	}
}

// leaving marks that the people of v are on their way out, and tells them what
// is left open.
func (d *decision) leaving(v Visit) {
	d.warnLeaving(&v)
	if v.Leaving.IsZero() {
		v.Leaving, v.Touched = d.Now.UTC(), d.Now.UTC()
		d.event(d.visitEvent(EvVisitLeaving, v), nil)
	}
	d.putVisit(v)
}

// warnings names what is open in a visit, as locale keys.
func (d *decision) warnings(v Visit) []string {
	var w []string
	if v.Kind == VisitCourier && v.Phase == VisitInside && len(d.pending(v)) > 0 {
		w = append(w, "not_placed")
	}
	if len(d.looseOf(v)) > 0 {
		w = append(w, "unscanned")
	}
	if v.Kind == VisitResident && len(d.waitingFor(v.Holder)) > 0 {
		w = append(w, "left_behind")
	}
	return w
}

// warnLeaving says what is open, once for each state of things.
func (d *decision) warnLeaving(v *Visit) {
	once := func(key string, urgent bool, values map[string]string) {
		mark := key + "/" + values["count"] + "/" + values["slot"]
		if !slices.Contains(v.Warned, mark) {
			v.Warned = append(slices.Clone(v.Warned), mark)
			d.say(*v, key, urgent, values)
		}
	}
	for _, w := range d.warnings(*v) {
		switch w {
		case "not_placed":
			once("prompt.not_placed", true, map[string]string{"count": strconv.Itoa(len(d.pending(*v)))})
		case "unscanned":
			loose := d.looseOf(*v)
			once("prompt.unscanned", true, map[string]string{"slot": loose[0].Slot, "count": strconv.Itoa(len(loose))})
		case "left_behind":
			here := d.waitingFor(v.Holder)
			once("prompt.left_behind", false, map[string]string{"count": strconv.Itoa(len(here)), "slot": here[0].Slot})
		}
	}
	for _, h := range v.InHand {
		if v.Kind == VisitResident && !slices.Contains(v.Collected, h.Parcel) {
			once("prompt.wrong_parcel", true, map[string]string{"slot": h.FromSlot})
		}
	}
}

// endVisit closes a visit and draws the conclusions.
func (d *decision) endVisit(v Visit, reason string) {
	v.Phase, v.Ended, v.EndReason = VisitEnded, d.Now.UTC(), reason
	e := d.event(d.visitEvent(EvVisitEnded, v), v)
	d.closeIncidents("itself", "left", func(i Incident) bool { return i.Kind == IncidentPassback && i.Visit == v.ID })
	d.endInHand(&v)
	switch v.Kind {
	case VisitCourier:
		for _, p := range d.pending(v) {
			if v.Entered.IsZero() {
				d.dropParcel(p, "never entered")
				continue
			}
			d.openIncident(Incident{Kind: IncidentScanWithoutPlacement, Visit: v.ID, Parcel: p.ID, Pictures: []string{p.LabelPhoto}})
		}
		if !v.Entered.IsZero() && len(v.Scanned) == 0 && len(v.Placed) == 0 {
			d.openIncident(Incident{Kind: IncidentEmptyDelivery, Visit: v.ID})
		}
	case VisitResident:
		d.confirmCollected(v, e)
	}
	d.putVisit(v)
	delete(d.s.Visits, v.ID)
	d.s.Recent = append(d.s.Recent, v)
	d.s.Prompts = slices.DeleteFunc(slices.Clone(d.s.Prompts), func(p Prompt) bool { return p.Visit == v.ID })
	d.forget()
}

// endInHand decides about what was taken from a slot and left the room with
// this visit.
func (d *decision) endInHand(v *Visit) {
	for _, h := range v.InHand {
		p, ok := d.s.Parcels[h.Parcel]
		if !ok || slices.Contains(v.Collected, h.Parcel) {
			continue
		}
		switch {
		case v.Kind == VisitStaff:
			p.State, p.Note = ParcelHeld, "taken by "+v.Name
			d.putParcel(p)
			d.event(Event{Kind: EvParcelResolved, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Reason: string(ParcelHeld), By: v.Name}, nil)
		case v.Kind == VisitCourier && p.State == ParcelUnidentified && p.Visit == v.ID:
			d.dropParcel(p, "taken along again")
			d.closeIncidents("itself", "taken along again", func(i Incident) bool { return i.Parcel == p.ID })
		default:
			d.missing(p, v.ID, h.FromSlot, nil)
		}
	}
}

// missing marks a parcel as gone without right.
func (d *decision) missing(p Parcel, visit, from string, pictures []string) {
	p.State, p.Slot, p.ItemKey = ParcelMissing, "", ""
	if len(pictures) == 0 {
		pictures = []string{p.Photo}
	}
	d.putParcel(p)
	d.event(Event{Kind: EvParcelMissing, Visit: visit, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Slot: from, Pictures: pictures}, nil)
	d.openIncident(Incident{Kind: IncidentMissing, Visit: visit, Parcel: p.ID, Slot: from, Pictures: pictures})
}

// confirmCollected sends one message for all that a resident took, and ends
// their pickup credentials when nothing of theirs is left.
func (d *decision) confirmCollected(v Visit, cause Event) {
	var took []Parcel
	for _, id := range v.Collected {
		if p, ok := d.s.Parcels[id]; ok {
			took = append(took, p)
		}
	}
	if len(took) == 0 {
		return
	}
	if r := took[0].Recipient; r != nil {
		d.tell(MessageCollected, *r, took[0], took[1:], cause)
	}
	if len(d.waitingFor(v.Holder)) == 0 {
		d.o.Spent = append(d.o.Spent, v.Holder)
	}
}

// forget drops from the state what has ended and no open visit refers to.
func (d *decision) forget() {
	used := map[string]bool{}
	for _, v := range d.s.Visits {
		for _, list := range [][]string{v.Scanned, v.Placed, v.Collected} {
			for _, id := range list {
				used[id] = true
			}
		}
		for _, h := range v.InHand {
			used[h.Parcel] = true
		}
	}
	for _, i := range d.s.Items {
		used[i.Parcel] = true // a thing on the shelf keeps its record, whatever was said of it
	}
	for _, v := range d.s.Recent {
		for _, id := range v.Collected {
			used[id] = true
		}
	}
	for id, p := range d.s.Parcels {
		if p.State.Ended() && !used[id] {
			delete(d.s.Parcels, id)
		}
	}
}

// tick lets time do its work.
func (d *decision) tick() {
	now := d.Now.UTC()
	old := len(d.s.Recent)
	d.s.Recent = slices.DeleteFunc(d.s.Recent, func(v Visit) bool { return now.Sub(v.Ended) > d.Rules.LateChange })
	if len(d.s.Recent) != old {
		d.forget()
	}
	d.doorTick(now)
	for _, id := range sortedKeys(d.s.Visits) {
		v := d.s.Visits[id]
		if why := d.overBecause(v, now); why != "" {
			if why == "left" {
				d.warnLeaving(&v)
			}
			d.endVisit(v, why)
		}
	}
}

// overBecause says why a visit is over, or nothing while it is not.
func (d *decision) overBecause(v Visit, now time.Time) string {
	switch {
	case v.Phase == VisitGranted:
		if now.Sub(v.Touched) > d.Rules.ScanLimit {
			return "timeout"
		}
		return ""
	case now.Sub(v.Touched) > d.Rules.VisitLimit && !d.anybody():
		return "timeout"
	case d.s.Door.Open && !d.s.Door.Fault:
		return ""
	case d.anybody():
		if !v.Leaving.IsZero() && now.Sub(later(d.s.Door.Since, v.Leaving)) >= d.Rules.GoneFor {
			return "left"
		}
		return ""
	}
	quiet := later(d.s.Door.Since, d.emptySince())
	if !v.Leaving.IsZero() && now.Sub(later(quiet, v.Leaving)) >= d.Rules.SettleAfter {
		return "left"
	}
	if d.sighted() && now.Sub(later(quiet, v.Entered)) >= d.Rules.EmptyEnds {
		return "left"
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// anybody reports whether a trusted camera sees somebody.
func (d *decision) anybody() bool {
	for id, p := range d.s.Presence {
		if p.People && d.s.Cameras[id].OK {
			return true
		}
	}
	return false
}

// sighted reports whether any camera can be trusted to see people.
func (d *decision) sighted() bool {
	for id := range d.s.Presence {
		if d.s.Cameras[id].OK {
			return true
		}
	}
	return false
}

// emptySince is when the last camera saw the last person go.
func (d *decision) emptySince() time.Time {
	var t time.Time
	for _, p := range d.s.Presence {
		if !p.People {
			t = later(t, p.EmptySince)
		}
	}
	return t
}

func (d *decision) visitEvent(kind EventKind, v Visit) Event {
	e := Event{Kind: kind, Visit: v.ID, Carrier: v.Carrier}
	switch v.Kind {
	case VisitCourier:
		e.Courier = v.Holder
	case VisitResident:
		e.Resident = v.Holder
	case VisitStaff:
		e.By = v.Name
	}
	return e
}

// reply shows v as it is after this decision.
func (d *decision) reply(v Visit) {
	for _, w := range d.o.Commit.Visits {
		if w.ID == v.ID {
			v = w
		}
	}
	d.o.Reply.Visit = &v
}

// waitingFor lists a resident's parcels on the shelves, in the order in which
// the guide leads to them: nearest shelf label first.
func (d *decision) waitingFor(resident string) []Parcel { return d.s.waitingFor(resident) }

func (s State) waitingFor(resident string) []Parcel {
	var here []Parcel
	for _, p := range s.Parcels {
		if p.Resident == resident && resident != "" && p.State == ParcelStored && p.Slot != "" {
			here = append(here, p)
		}
	}
	slices.SortFunc(here, func(a, b Parcel) int {
		if a.Slot != b.Slot {
			return cmp.Compare(a.Slot, b.Slot)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return here
}

// pending lists a courier's registered parcels that no slot was seen for, in
// the order of scanning.
func (d *decision) pending(v Visit) []Parcel {
	var list []Parcel
	for _, id := range v.Scanned {
		if p, ok := d.s.Parcels[id]; ok && p.State == ParcelRegistered {
			list = append(list, p)
		}
	}
	return list
}

// looseOf lists what was placed in a visit and nobody knows whose it is.
func (d *decision) looseOf(v Visit) []Parcel {
	var list []Parcel
	for _, id := range v.Placed {
		if p, ok := d.s.Parcels[id]; ok && p.State == ParcelUnidentified && p.Slot != "" && p.LabelPhoto == "" {
			list = append(list, p)
		}
	}
	return list
}

// notInVisit is the error for a parcel that is not the visit's.
func notInVisit(parcel string) error {
	return fmt.Errorf("package %q: %w", parcel, Refuse(ErrInvalid, "not_in_visit", "it does not belong to this visit"))
}

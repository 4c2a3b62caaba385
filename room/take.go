package room

import (
	"slices"
	"time"
)

// removed finds out who took an item and whether it is theirs.
func (d *decision) removed(c Change, item Item) {
	d.dropItem(item.Key)
	p, ok := d.s.Parcels[item.Parcel]
	if !ok || p.State.Ended() || p.State == ParcelHeld && p.Slot == "" {
		d.forget()
		return
	}
	pictures := []string{item.Crop, c.Before, c.After}
	p.Slot, p.ItemKey = "", ""
	v, ok := d.taker(c, p)
	if !ok {
		d.missing(p, "", item.Slot, pictures)
		return
	}
	v.Touched = d.Now.UTC()
	v.InHand = append(slices.Clone(v.InHand), HandItem{Parcel: p.ID, ItemKey: item.Key, FromSlot: item.Slot, State: p.State, Appearance: item.Appearance, At: c.At.UTC()})
	if v.Kind == VisitResident && p.Resident == v.Holder {
		d.collect(v, p, item, pictures, c)
		return
	}
	d.putParcel(p)
	d.keepVisit(v)
	d.event(Event{Kind: EvParcelTaken, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Slot: item.Slot, Pictures: pictures}, c)
	switch {
	case v.Kind == VisitResident:
		d.openIncident(Incident{Kind: IncidentWrongParcel, Visit: v.ID, Parcel: p.ID, Slot: item.Slot, Camera: c.Camera, Pictures: pictures})
		d.say(v, "prompt.wrong_parcel", true, map[string]string{"slot": item.Slot})
	case slices.Contains(v.Led, p.ID):
		d.sayTake(v, "prompt.taken_next")
	}
	if v.Phase == VisitEnded { // late news: they are gone with it
		d.endInHand(&v)
	}
}

// taker is the visit that a removal belongs to: the resident whose parcel it
// is, then whoever is inside, then whoever has just left.
func (d *decision) taker(c Change, p Parcel) (Visit, bool) {
	inside := d.inside()
	for _, v := range inside {
		if v.Kind == VisitResident && v.Holder == p.Resident {
			return v, true
		}
	}
	slices.SortStableFunc(inside, func(a, b Visit) int { return b.Entered.Compare(a.Entered) })
	if len(inside) > 0 {
		return inside[0], true
	}
	return d.recent(c)
}

// collect hands a parcel to its resident and leads on to the next.
func (d *decision) collect(v Visit, p Parcel, item Item, pictures []string, c Change) {
	p.State, p.Ended = ParcelCollected, d.Now.UTC()
	d.putParcel(p)
	v.Collected = append(slices.Clone(v.Collected), p.ID)
	d.keepVisit(v)
	e := d.event(Event{Kind: EvParcelCollected, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Slot: item.Slot, Pictures: pictures}, c)
	d.closeIncidents("itself", "collected", func(i Incident) bool { return i.Parcel == p.ID })
	if v.Phase == VisitEnded {
		d.confirmCollected(v, e)
		return
	}
	d.sayTake(v, "prompt.taken_next")
}

// putBack finds what somebody inside has in hand and has now put on a slot:
// the thing that vision recognises, or else the one that looks most alike. While
// a courier has new packages to place, looks must speak for it clearly.
func (d *decision) putBack(c Change) (Visit, HandItem, bool) {
	const alike = 0.8 // two crops of one thing by one camera; different boxes stay below it on our rendered rooms
	expected := false
	for _, v := range d.inside() {
		expected = expected || len(d.pending(v)) > 0
	}
	var best HandItem
	var owner Visit
	score := -1.0
	for _, v := range d.inside() {
		for _, h := range v.InHand {
			if h.ItemKey == c.Key() {
				return v, h, true
			}
			like := Likeness(h.Appearance, c.Appearance)
			unknown := len(h.Appearance) == 0 || len(c.Appearance) == 0
			if expected && (unknown || like < alike) || !unknown && like < alike/2 {
				continue
			}
			if h.FromSlot == c.Slot {
				like += 0.1
			}
			if like > score {
				best, owner, score = h, v, like
			}
		}
	}
	return owner, best, score >= 0
}

// returned puts a parcel from a hand back on the record.
func (d *decision) returned(v Visit, h HandItem, c Change) {
	v.InHand = slices.DeleteFunc(slices.Clone(v.InHand), func(o HandItem) bool { return o.Parcel == h.Parcel })
	mine := slices.Contains(v.Collected, h.Parcel)
	v.Collected = slices.DeleteFunc(slices.Clone(v.Collected), func(id string) bool { return id == h.Parcel })
	d.putVisit(v)
	p := d.s.Parcels[h.Parcel]
	p.State, p.Slot, p.ItemKey, p.Photo = h.State, c.Slot, c.Key(), c.Crop
	p.Ended = time.Time{}
	d.putParcel(p)
	d.putItem(c.item(p.ID))
	d.event(Event{Kind: EvParcelPutBack, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Slot: p.Slot,
		Pictures: []string{c.Crop, c.After, c.Before}, Reason: "from_" + h.FromSlot}, c)
	d.closeIncidents("itself", "put back", func(i Incident) bool { return i.Parcel == p.ID && i.Kind == IncidentWrongParcel })
	if v.Kind == VisitResident && !mine {
		d.say(v, "prompt.put_back_thanks", false, map[string]string{"slot": c.Slot})
		if len(d.s.ledTo(v)) > 0 {
			d.sayTake(v, "prompt.take")
		}
	}
}

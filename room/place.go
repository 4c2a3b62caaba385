package room

import (
	"slices"
	"strconv"
)

// change takes in what vision saw. A change from a worker that lost its lease
// is refused.
func (d *decision) change(c Change) {
	if c.Fence < d.s.Fences[c.Camera] {
		return
	}
	if c.Fence > d.s.Fences[c.Camera] {
		d.s.Fences[c.Camera] = c.Fence
		d.o.Commit.Fences = map[string]uint64{c.Camera: c.Fence}
	}
	d.proveInside()
	item, known := d.s.Items[c.Key()]
	switch {
	case c.Kind == ChangePlaced && !known:
		d.placed(c)
	case c.Kind == ChangeRemoved && known:
		d.removed(c, item)
	case known: // moved, or placed once more: where it is now is what counts
		d.movedTo(c, item)
	case c.Kind == ChangeMoved:
		d.placed(c)
	}
}

func (c Change) item(parcel string) Item {
	return Item{Key: c.Key(), Camera: c.Camera, Slot: c.Slot, BBox: c.BBox, Crop: c.Crop, Appearance: c.Appearance, Parcel: parcel, Since: c.At.UTC()}
}

// placed finds out what came to lie on a slot.
func (d *decision) placed(c Change) {
	if v, h, ok := d.putBack(c); ok {
		d.returned(v, h, c)
		return
	}
	if p, ok := d.byHand(c); ok {
		p.ItemKey, p.Photo = c.Key(), c.Crop
		d.putParcel(p)
		d.putItem(c.item(p.ID))
		return
	}
	v, ok := d.placer(c)
	if !ok {
		d.unidentified(Visit{}, c, d.unplaced())
		return
	}
	v.Touched = d.Now.UTC()
	j := Associate(d.pending(v), c, d.Rules.JoinAt)
	if j.Parcel != "" {
		d.store(v, d.s.Parcels[j.Parcel], c, j.Confidence)
		d.eliminate(v.ID)
		return
	}
	d.unidentified(v, c, j.Candidates)
}

// unplaced lists the labels that were scanned in visits now over and never seen
// on a slot: what turns up with nobody there may be one of them.
func (d *decision) unplaced() []string {
	var ids []string
	for _, id := range sortedKeys(d.s.Parcels) {
		p := d.s.Parcels[id]
		if _, open := d.s.Visits[p.Visit]; p.State == ParcelRegistered && !open {
			ids = append(ids, id)
		}
	}
	return ids
}

// placer is the visit that a placement belongs to: a courier who has labels
// waiting, then any courier, then whoever is inside, then whoever has just left.
func (d *decision) placer(c Change) (Visit, bool) {
	inside := d.inside()
	slices.SortStableFunc(inside, func(a, b Visit) int { return b.Entered.Compare(a.Entered) })
	rank := func(v Visit) int {
		switch {
		case v.Kind == VisitCourier && len(d.pending(v)) > 0:
			return 0
		case v.Kind == VisitCourier:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(inside, func(a, b Visit) int { return rank(a) - rank(b) })
	if len(inside) > 0 {
		return inside[0], true
	}
	return d.recent(c)
}

// recent is the visit that had just ended when c took place.
func (d *decision) recent(c Change) (Visit, bool) {
	for i := len(d.s.Recent) - 1; i >= 0; i-- {
		v := d.s.Recent[i]
		if !v.Entered.IsZero() && !c.At.Before(v.Entered) && !c.At.After(v.Ended) {
			return v, true
		}
	}
	return Visit{}, false
}

// keepVisit writes a visit whether it is open or has just ended.
func (d *decision) keepVisit(v Visit) {
	if v.Phase != VisitEnded {
		d.putVisit(v)
		return
	}
	for i, w := range d.s.Recent {
		if w.ID == v.ID {
			d.s.Recent[i] = v
		}
	}
	upsert(&d.o.Commit.Visits, v, func(w Visit) bool { return w.ID == v.ID })
}

// store joins a registered parcel with what was placed.
func (d *decision) store(v Visit, p Parcel, c Change, confidence float64) {
	p.Slot, p.ItemKey, p.Photo, p.Confidence = c.Slot, c.Key(), c.Crop, min(confidence, c.Confidence)
	p.Stored = d.Now.UTC()
	if p.Resident == "" {
		p.State = ParcelUnidentified
	} else {
		p.State = ParcelStored
	}
	d.putParcel(p)
	d.putItem(c.item(p.ID))
	if v.ID != "" {
		v.Placed = append(slices.Clone(v.Placed), p.ID)
		d.keepVisit(v)
	}
	d.storedEvent(v, p, []string{c.Crop, c.After, c.Before}, StoredData{Change: &c})
}

// storedEvent logs that a parcel is on its slot, tells its resident and the
// courier.
func (d *decision) storedEvent(v Visit, p Parcel, pictures []string, data StoredData) {
	kind := EvParcelStored
	if p.Resident == "" {
		kind = EvParcelUnidentified
	}
	e := d.event(Event{Kind: kind, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Courier: p.Courier, Carrier: p.Carrier,
		Slot: p.Slot, Pictures: pictures}, data)
	if p.Resident != "" && p.Recipient != nil {
		d.tell(MessageStored, *p.Recipient, p, nil, e)
	}
	if v.ID != "" {
		d.say(v, "prompt.placed", false, map[string]string{"slot": p.Slot, "name": p.Name, "unit": p.Unit})
	}
}

// unidentified records a package that nobody showed a label of, or that may be
// one of several.
func (d *decision) unidentified(v Visit, c Change, candidates []string) {
	p := Parcel{
		ID: d.NewID(), State: ParcelUnidentified, Visit: v.ID, Carrier: v.Carrier, Slot: c.Slot, ItemKey: c.Key(), Photo: c.Crop,
		Candidates: candidates, Confidence: c.Confidence, Stored: d.Now.UTC(), Appearance: c.Appearance,
	}
	if v.Kind == VisitCourier {
		p.Courier = v.Holder
	}
	d.putParcel(p)
	d.putItem(c.item(p.ID))
	pictures := []string{c.Crop, c.After, c.Before}
	d.event(Event{Kind: EvParcelUnidentified, Visit: v.ID, Parcel: p.ID, Courier: p.Courier, Carrier: p.Carrier, Slot: p.Slot, Pictures: pictures}, c)
	if v.ID != "" {
		v.Placed = append(slices.Clone(v.Placed), p.ID)
		d.keepVisit(v)
	}
	if len(candidates) > 0 && v.ID != "" {
		d.say(v, "prompt.which", false, map[string]string{"slot": c.Slot})
		return
	}
	d.openIncident(Incident{Kind: IncidentUnscannedPlacement, Visit: v.ID, Parcel: p.ID, Slot: p.Slot, Camera: c.Camera, Pictures: pictures})
	if v.ID != "" {
		d.say(v, "prompt.unscanned", true, map[string]string{"slot": c.Slot, "count": strconv.Itoa(len(d.looseOf(v)))})
	}
}

// eliminate joins loose placements to labels where only one pairing is left:
// a label that was joined is no candidate any more.
func (d *decision) eliminate(visit string) {
	for again := true; again; {
		again = false
		v, ok := d.s.Visits[visit]
		if !ok {
			return
		}
		loose := d.looseOf(v)
		for _, p := range loose {
			if len(p.Candidates) == 0 {
				continue
			}
			left := slices.DeleteFunc(slices.Clone(p.Candidates), func(id string) bool {
				return d.s.Parcels[id].State != ParcelRegistered
			})
			if len(left) == len(p.Candidates) && len(left) > 1 {
				continue
			}
			p.Candidates = left
			d.putParcel(p)
			if len(left) == 1 && d.soleClaim(loose, p.ID, left[0]) {
				_ = d.merge(p, d.s.Parcels[left[0]], 0.85, "") // both were just looked up
				again = true
				break
			}
		}
	}
}

// soleClaim reports whether no other loose placement may be the registered one.
func (d *decision) soleClaim(loose []Parcel, self, registered string) bool {
	for _, q := range loose {
		if q.ID != self && slices.Contains(q.Candidates, registered) {
			return false
		}
	}
	return true
}

// byHand finds a parcel that was confirmed by hand at this slot while no camera
// saw it.
func (d *decision) byHand(c Change) (Parcel, bool) {
	for _, id := range sortedKeys(d.s.Parcels) {
		if p := d.s.Parcels[id]; p.State == ParcelStored && p.Slot == c.Slot && p.ItemKey == "" {
			return p, true
		}
	}
	return Parcel{}, false
}

// movedTo follows an item to another place.
func (d *decision) movedTo(c Change, item Item) {
	from := item.Slot
	next := c.item(item.Parcel)
	next.Since = item.Since
	d.putItem(next)
	p, ok := d.s.Parcels[item.Parcel]
	if !ok || from == c.Slot {
		return
	}
	p.Slot = c.Slot
	if c.Crop != "" {
		p.Photo = c.Crop
	}
	d.putParcel(p)
	v, _ := d.placer(c)
	d.event(Event{Kind: EvParcelMoved, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Slot: p.Slot,
		Pictures: []string{c.Crop, c.After, c.Before}, Reason: "from_" + from}, c)
	d.follow(p)
}

package room

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// register makes a parcel of a confirmed label.
func (d *decision) register(in Registration) error {
	v, err := d.visit(in.Visit)
	if err != nil {
		return err
	}
	if v.Kind != VisitCourier {
		return fmt.Errorf("register a package: %w", Refuse(ErrConflict, "not_courier", "this is no courier's visit"))
	}
	if in.RegisterParcel.Resident != "" && !in.Resident.Receives() {
		return fmt.Errorf("register a package: %w", Refuse(ErrConflict, "not_receiving",
			"{name} does not live here now ({status}); choose another resident or \"unknown\"", "name", in.Resident.Name(), "status", string(in.Resident.Status)))
	}
	if p, ok := d.scannedBefore(in); ok && !in.Again {
		d.o.Reply = Reply{Visit: &v, Parcel: &p, Warnings: []string{"already_scanned"}}
		return nil
	}
	p := Parcel{
		ID: d.NewID(), State: ParcelRegistered, Carrier: in.Carrier, Tracking: normalTracking(in.Tracking), Courier: v.Holder, Visit: v.ID,
		LabelPhoto: in.LabelPhoto, Reading: in.Reading, Size: in.Size, Registered: d.Now.UTC(),
	}
	if p.Carrier == "" {
		p.Carrier = v.Carrier
	}
	if in.Reading != nil {
		p.Appearance = in.Reading.Appearance
	}
	if in.Resident.ID != "" {
		r := in.Resident
		p.Resident, p.Name, p.Unit, p.Recipient = r.ID, r.Name(), r.Unit, &r
	}
	suggest := d.s.Suggest(p.Size, p.Resident)
	if len(suggest) > 0 {
		p.Suggested = suggest[0]
	}
	d.putParcel(p)
	v.Scanned, v.Touched = append(slices.Clone(v.Scanned), p.ID), d.Now.UTC()
	d.putVisit(v)
	d.event(Event{Kind: EvParcelRegistered, Visit: v.ID, Parcel: p.ID, Resident: p.Resident, Courier: v.Holder, Carrier: p.Carrier,
		Slot: p.Suggested, Pictures: []string{p.LabelPhoto}}, registeredData(p))
	d.o.Reply = Reply{Visit: &v, Parcel: &p, Suggest: suggest}
	return nil
}

// registeredData is what the log keeps of a reading: what was read and what was
// chosen, without the whole text of the label.
func registeredData(p Parcel) RegisteredData {
	data := RegisteredData{Tracking: p.Tracking, Size: p.Size, Suggested: p.Suggested}
	if r := p.Reading; r != nil {
		data.Decision, data.ReadRecipient, data.ReadUnit = r.Decision, r.Recipient, r.Unit
		if len(r.Candidates) > 0 {
			data.ReadResident, data.ReadScore = r.Candidates[0].ResidentID, r.Candidates[0].Score
		}
	}
	return data
}

// scannedBefore finds an earlier parcel with the same tracking number that is
// still in play: in this visit, or on a shelf.
func (d *decision) scannedBefore(in Registration) (Parcel, bool) {
	number := normalTracking(in.Tracking)
	if number == "" {
		return Parcel{}, false
	}
	for _, id := range sortedKeys(d.s.Parcels) {
		if p := d.s.Parcels[id]; p.Tracking == number && !p.State.Ended() {
			return p, true
		}
	}
	for _, p := range in.Earlier {
		if p.State == ParcelStored || p.State == ParcelHeld {
			return p, true
		}
	}
	return Parcel{}, false
}

// normalTracking drops spaces and dashes, as labels group digits for people.
func normalTracking(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(s)))
}

// drop takes a label back.
func (d *decision) drop(in DropParcel) error {
	v, err := d.visit(in.Visit)
	if err != nil {
		return err
	}
	p, ok := d.s.Parcels[in.Parcel]
	if !ok || !slices.Contains(v.Scanned, in.Parcel) {
		return notInVisit(in.Parcel)
	}
	if p.State != ParcelRegistered {
		return fmt.Errorf("undo a scan: %w", Refuse(ErrConflict, "placed_already", "the package is on slot {slot} already", "slot", p.Slot))
	}
	d.dropParcel(p, "undone")
	v.Scanned = slices.DeleteFunc(slices.Clone(v.Scanned), func(id string) bool { return id == p.ID })
	v.Touched = d.Now.UTC()
	d.putVisit(v)
	d.eliminate(v.ID)
	d.reply(v)
	return nil
}

func (d *decision) dropParcel(p Parcel, reason string) {
	p.State, p.Ended, p.Note = ParcelDropped, d.Now.UTC(), reason
	d.putParcel(p)
	d.event(Event{Kind: EvParcelDropped, Visit: p.Visit, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Reason: strings.ReplaceAll(reason, " ", "_")}, nil)
}

// confirmPlacement stores a parcel on somebody's word.
func (d *decision) confirmPlacement(in ConfirmPlacement) error {
	v, err := d.visit(in.Visit)
	if err != nil {
		return err
	}
	p, ok := d.s.Parcels[in.Parcel]
	if !ok || !slices.Contains(v.Scanned, in.Parcel) {
		return notInVisit(in.Parcel)
	}
	if p.State != ParcelRegistered {
		return fmt.Errorf("confirm a placement: %w", Refuse(ErrConflict, "placed_already", "the package is on slot {slot} already", "slot", p.Slot))
	}
	if _, ok := d.s.Slots[in.Slot]; !ok {
		return fmt.Errorf("confirm a placement: %w", Refuse(ErrInvalid, "no_slot", "there is no slot {slot}", "slot", in.Slot))
	}
	v = d.enter(v, "by_hand")
	// What cameras saw there in this visit and could not name is this parcel.
	if loose := slices.DeleteFunc(d.looseOf(v), func(q Parcel) bool { return q.Slot != in.Slot }); len(loose) == 1 {
		if err := d.merge(loose[0], p, 0.9, "kiosk"); err != nil {
			return err
		}
		d.eliminate(v.ID)
		d.reply(d.s.Visits[v.ID])
		return nil
	}
	p.Slot, p.Photo, p.Confidence, p.Note, p.Stored = in.Slot, p.LabelPhoto, 0.5, "by hand", d.Now.UTC()
	p.State = ParcelStored
	if p.Resident == "" {
		p.State = ParcelUnidentified
	}
	d.putParcel(p)
	v.Placed, v.Touched = append(slices.Clone(v.Placed), p.ID), d.Now.UTC()
	d.putVisit(v)
	d.storedEvent(v, p, []string{p.LabelPhoto}, StoredData{ByHand: true})
	d.eliminate(v.ID)
	d.reply(d.s.Visits[v.ID])
	return nil
}

// join carries out somebody's choice of label for a loose placement.
func (d *decision) join(in JoinParcel) error {
	loose, ok := d.s.Parcels[in.Unidentified]
	if !ok || loose.State != ParcelUnidentified {
		return fmt.Errorf("join %q: %w", in.Unidentified, Refuse(ErrConflict, "not_unidentified", "the package is not waiting to be identified any more"))
	}
	reg, ok := d.s.Parcels[in.Registered]
	if !ok || reg.State != ParcelRegistered {
		return fmt.Errorf("join %q: %w", in.Registered, Refuse(ErrConflict, "no_label_waits", "that label does not wait for its package any more"))
	}
	if in.Visit != "" && reg.Visit != in.Visit {
		return notInVisit(in.Registered)
	}
	by := cmp.Or(in.By, "manager")
	if in.Visit != "" {
		by = "kiosk"
	}
	reg.Note = cmp.Or(in.Reason, reg.Note)
	if err := d.merge(loose, reg, 1, by); err != nil {
		return err
	}
	d.eliminate(loose.Visit)
	if v, ok := d.s.Visits[loose.Visit]; ok {
		d.reply(v)
	}
	return nil
}

// merge makes a loose placement and a registered parcel one record: the
// registered one's, at the loose one's place.
func (d *decision) merge(loose, reg Parcel, confidence float64, by string) error {
	if loose.Slot == "" {
		return fmt.Errorf("join: %w", Refuse(ErrConflict, "in_hand", "the package is in somebody's hands"))
	}
	reg.Slot, reg.ItemKey, reg.Photo, reg.Confidence, reg.Stored = loose.Slot, loose.ItemKey, loose.Photo, confidence, loose.Stored
	reg.State = ParcelStored
	if reg.Resident == "" {
		reg.State = ParcelUnidentified
	}
	d.putParcel(reg)
	if i, ok := d.s.Items[loose.ItemKey]; ok {
		i.Parcel = reg.ID
		d.putItem(i)
	}
	loose.State, loose.MergedInto, loose.Ended = ParcelMerged, reg.ID, d.Now.UTC()
	loose.Slot, loose.ItemKey = "", ""
	d.putParcel(loose)
	v := d.s.Visits[loose.Visit]
	if v.ID != "" {
		v.Placed = append(slices.DeleteFunc(slices.Clone(v.Placed), func(id string) bool { return id == loose.ID }), reg.ID)
		d.putVisit(v)
	}
	d.event(Event{Kind: EvParcelIdentified, Visit: loose.Visit, Parcel: reg.ID, Resident: reg.Resident, Courier: reg.Courier, Carrier: reg.Carrier,
		Slot: reg.Slot, Pictures: []string{reg.Photo}, By: by}, IdentifiedData{Was: loose.ID, Confidence: confidence, Reason: reg.Note})
	d.storedEvent(v, reg, []string{reg.Photo}, StoredData{Was: loose.ID})
	closer := by
	if closer == "" {
		closer = "itself"
	}
	d.closeIncidents(closer, "identified", func(i Incident) bool {
		return i.Parcel == loose.ID || i.Parcel == reg.ID && i.Kind == IncidentScanWithoutPlacement
	})
	return nil
}

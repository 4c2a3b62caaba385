package room

import (
	"fmt"
	"strings"
)

// resolve carries out a manager's decision about a parcel.
func (d *decision) resolve(in Resolution) error {
	p, ok := d.s.Parcels[in.Parcel]
	if !ok {
		return fmt.Errorf("resolve %q: %w", in.Parcel, Refuse(ErrNotFound, "parcel_gone", "the package is not here any more"))
	}
	if strings.TrimSpace(in.Reason) == "" {
		return fmt.Errorf("resolve: %w", noReason())
	}
	wasStored := p.State == ParcelStored
	switch in.Action {
	case "assign":
		if !in.Resident.Receives() {
			return fmt.Errorf("assign: %w", Refuse(ErrInvalid, "choose_resident", "choose a resident who lives here now"))
		}
		r := in.Resident
		p.Resident, p.Name, p.Unit, p.Recipient, p.Candidates = r.ID, r.Name(), r.Unit, &r, nil
		if p.State == ParcelUnidentified && p.Slot != "" {
			p.State, p.Confidence = ParcelStored, 1
		}
	case "returned":
		p.State = ParcelReturned
	case "held":
		p.State = ParcelHeld
	case "released":
		if p.State != ParcelHeld || p.Slot == "" {
			return fmt.Errorf("release: %w", Refuse(ErrConflict, "not_held", "the package is not held on a slot"))
		}
		p.State = ParcelStored
		if p.Resident == "" {
			p.State = ParcelUnidentified
		}
	case "collected":
		p.State = ParcelCollected
	case "missing":
		p.State = ParcelMissing
	default:
		return fmt.Errorf("resolve: %w: action %q; use assign, returned, held, released, collected or missing", ErrInvalid, in.Action)
	}
	if p.State.Ended() {
		p.Ended = d.Now.UTC()
	}
	p.Note = in.Reason
	d.putParcel(p)
	e := d.event(Event{Kind: EvParcelResolved, Parcel: p.ID, Resident: p.Resident, Carrier: p.Carrier, Slot: p.Slot, Reason: in.Action, By: in.By},
		ResolvedData{in.Reason})
	if p.State == ParcelStored && !wasStored || in.Action == "assign" && p.State == ParcelStored {
		d.tell(MessageStored, *p.Recipient, p, nil, e)
	}
	d.closeIncidents(in.By, in.Reason, func(i Incident) bool { return i.Parcel == p.ID })
	d.o.Reply.Parcel = &p
	d.forget()
	return nil
}

// settle closes one incident with a reason.
func (d *decision) settle(in Settled) error {
	if _, ok := d.s.Incidents[in.Incident]; !ok {
		return fmt.Errorf("incident %q: %w", in.Incident, Refuse(ErrConflict, "incident_closed", "it is closed already"))
	}
	if strings.TrimSpace(in.Reason) == "" {
		return fmt.Errorf("close an incident: %w", noReason())
	}
	d.closeIncidents(in.By, in.Reason, func(i Incident) bool { return i.ID == in.Incident })
	return nil
}

func noReason() error {
	return Refuse(ErrInvalid, "reason_missing", "give a reason; the log keeps it")
}

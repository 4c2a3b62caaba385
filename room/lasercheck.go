package room

import (
	"fmt"
	"math"
	"strconv"
)

// CheckLaser tells where a camera saw the laser's dot while the head pointed at
// the middle of a slot: a spot check of the calibration.
type CheckLaser struct {
	Slot string `json:"slot"`
	At   Point  `json:"at"` // in pixels of the slots file's size

	Unseen bool `json:"unseen,omitempty"` // at this slot and everywhere else
}

// Name implements Command.
func (CheckLaser) Name() string { return "laser.check" }

func (CheckLaser) isInput() {}

// checkLaser darkens the laser in a camera's picture whose dot is off by more
// than LaserLimitMM, until a later check is good or a manager closes the
// incident.
func (d *decision) checkLaser(in CheckLaser) error {
	slot, ok := d.s.Slots[in.Slot]
	if !ok || slot.Aim == nil {
		return fmt.Errorf("check the laser at slot %q: %w: it has no laser", in.Slot, ErrNotFound)
	}
	if in.Unseen { // it may shine where nobody looks
		d.openIncident(Incident{Kind: IncidentLaserOff, Camera: slot.Camera, Slot: slot.ID, Reason: "its dot was not seen"})
		return nil
	}
	mm, err := slot.MissMM(in.At)
	if err != nil {
		return fmt.Errorf("check the laser at slot %s: %w", in.Slot, err)
	}
	reason := "off by " + strconv.Itoa(int(math.Round(mm))) + " mm"
	if mm > LaserLimitMM {
		d.openIncident(Incident{Kind: IncidentLaserOff, Camera: slot.Camera, Slot: slot.ID, Reason: reason})
		return nil
	}
	d.closeIncidents("itself", reason, func(i Incident) bool { return i.Kind == IncidentLaserOff && i.Camera == slot.Camera })
	return nil
}

// MissMM is how far p lies from the slot's middle, in millimetres along the
// shelf.
func (s Slot) MissMM(p Point) (float64, error) {
	b := s.Bounds()
	if s.WidthMM <= 0 || b[2] <= 0 {
		return 0, fmt.Errorf("%w: give the slot's width_mm in the slots file, so that pixels have a size", ErrInvalid)
	}
	c := b.Center()
	return math.Hypot(p[0]-c[0], p[1]-c[1]) * float64(s.WidthMM) / b[2], nil
}

// laserOff reports whether the laser is off its mark in a camera's picture.
func (s State) laserOff(camera string) bool {
	for _, i := range s.Incidents {
		if i.Kind == IncidentLaserOff && i.Camera == camera {
			return true
		}
	}
	return false
}

package room

import (
	"context"
	"errors"
	"slices"
	"time"
)

// LaserSchedule is when the laser is checked by itself.
type LaserSchedule struct {
	At    string         // by the building's clock, as 03:30; empty = never
	Zone  *time.Location // nil = UTC
	Slots []string       // whose fronts are flat, so that the dot lies where the calibration says; none = all
}

// Validate reports the first thing wrong with l.
func (l LaserSchedule) Validate() error {
	if l.At == "" {
		return nil
	}
	_, err := minutes(l.At)
	return err
}

// next is the first time of the check after now.
func (l LaserSchedule) next(now time.Time) time.Time {
	zone := l.Zone
	if zone == nil {
		zone = time.UTC
	}
	at, _ := minutes(l.At) // see Validate
	local := now.In(zone)
	t := time.Date(local.Year(), local.Month(), local.Day(), at/60, at%60, 0, 0, zone)
	if !t.After(now) {
		t = time.Date(local.Year(), local.Month(), local.Day()+1, at/60, at%60, 0, 0, zone)
	}
	return t
}

// Somebody may be in the room at the time of the check: it is put off, but not for
// ever.
const (
	laserPutOff  = 10 * time.Minute
	laserPutOffs = 18
)

// checkLaserDaily has the laser checked once a day, in the picture of each camera
// that it is calibrated in. What comes of it is the same as of a manager's check.
func (s *Service) checkLaserDaily(ctx context.Context) {
	plan := s.cfg.LaserCheck
	if plan.At == "" || s.dev.Laser == nil {
		return
	}
	for {
		now := s.cfg.Now()
		if !pause(ctx, plan.next(now).Sub(now)) {
			return
		}
		for _, camera := range s.laserCameras(plan.Slots) {
			s.checkLaserIn(ctx, camera, plan.Slots)
		}
	}
}

// laserCameras are those with slots, among some or all, that the laser reaches.
func (s *Service) laserCameras(among []string) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, slot := range s.state.slotList() {
		if slot.Aim != nil && (len(among) == 0 || slices.Contains(among, slot.ID)) && !slices.Contains(list, slot.Camera) {
			list = append(list, slot.Camera)
		}
	}
	return list
}

// checkLaserIn is one camera's check, from its begin to its end.
func (s *Service) checkLaserIn(ctx context.Context, camera string, slots []string) {
	var err error
	for range laserPutOffs {
		if _, err = s.tryLaser(TryLaser{Camera: camera, Slots: slots}); !errors.Is(err, ErrConflict) {
			break
		}
		if !pause(ctx, laserPutOff) {
			return
		}
	}
	if err != nil {
		s.log.Warn("the laser was not checked", "camera", camera, "error", err)
		return
	}
	for s.measuring() {
		if !pause(ctx, time.Second) {
			return
		}
	}
}

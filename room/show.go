package room

import (
	"context"
	"fmt"
	"maps"
	"time"
)

func (s *Service) wakeGuide() {
	select {
	case s.guided <- struct{}{}:
	default:
	}
}

// showGuide sets lights and laser from the state: at once when it changes, the
// laser again within its dead-man time, the lights every ten seconds.
func (s *Service) showGuide(ctx context.Context) {
	var lit map[string]Signal
	var litAt time.Time
	pointing := false
	beat := time.NewTicker(LaserTTL / 2)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			s.darken()
			return
		case <-s.guided:
		case <-beat.C:
		}
		s.mu.Lock()
		g := s.state.Guide()
		s.mu.Unlock()
		if s.dev.Lights != nil && (!maps.Equal(lit, g.Lights) || time.Since(litAt) > 10*time.Second) {
			if s.try(ctx, "lights", func(ctx context.Context) error { return s.dev.Lights.Set(ctx, g.Lights) }) {
				lit, litAt = maps.Clone(g.Lights), time.Now()
			}
		}
		if s.dev.Laser == nil || s.measuring() {
			continue
		}
		if g.Target != nil && g.Target.Aim != nil {
			pointing = true
			s.try(ctx, "laser", func(ctx context.Context) error { return s.dev.Laser.Point(ctx, *g.Target.Aim, LaserTTL) })
		} else if pointing {
			pointing = !s.try(ctx, "laser", s.dev.Laser.Off)
		}
	}
}

// darken is the guide's safe state.
func (s *Service) darken() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.dev.Laser != nil {
		_ = s.dev.Laser.Off(ctx) // it goes dark by itself too
	}
	if s.dev.Lights != nil {
		_ = s.dev.Lights.Set(ctx, nil)
	}
}

// try gives a device one second; that it fails is logged by its driver.
func (s *Service) try(ctx context.Context, what string, do func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := do(ctx); err != nil {
		s.log.Debug("a device did not answer", "device", what, "error", err)
		return false
	}
	return true
}

// speak says the prompts in the room, one after the other.
func (s *Service) speak(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-s.speech:
			if s.dev.Voice == nil || s.words == nil || time.Since(p.At) > 15*time.Second {
				continue
			}
			text, language := s.words.Say(p)
			s.try(ctx, "voice", func(ctx context.Context) error { return s.dev.Voice.Say(ctx, text, language, p.Urgent) })
		}
	}
}

// errNotRead is the answer while the state was not read yet: an empty room
// would be a lie.
var errNotRead = fmt.Errorf("the room's state is being read: %w", ErrUnavailable)

// Kiosk is what a kiosk should show now: the open visit of whoever stood before
// it last.
func (s *Service) Kiosk(kiosk string) (KioskView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Parcels == nil {
		return KioskView{}, errNotRead
	}
	return s.kiosk(kiosk), nil
}

func (s *Service) kiosk(kiosk string) KioskView {
	st := s.state
	view := KioskView{Kiosk: kiosk, Parcels: []Parcel{}, Loose: []Parcel{}, Prompts: []Prompt{}, Slots: st.slotList(), Guide: st.Guide(),
		Door: st.doorView(s.cfg.Now().UTC(), s.cfg.Rules), Cameras: st.cameraList(), Pickup: s.cfg.PickupForm, Now: s.cfg.Now().UTC()}
	var visit *Visit
	for _, id := range sortedKeys(st.Visits) {
		if v := st.Visits[id]; v.Kiosk == kiosk && (visit == nil || v.Identified.After(visit.Identified)) {
			visit = &v
		}
	}
	if visit == nil {
		return view
	}
	view.Visit = visit
	for _, p := range st.Prompts {
		if p.Visit == visit.ID {
			view.Prompts = append(view.Prompts, p)
		}
	}
	view.Prompts = view.Prompts[max(0, len(view.Prompts)-8):]
	d := decision{s: &st}
	if visit.Kind != VisitCourier {
		view.Parcels = append(view.Parcels, st.waitingFor(visit.Holder)...)
		for _, id := range visit.Collected {
			view.Parcels = append(view.Parcels, st.Parcels[id])
		}
		return view
	}
	seen := map[string]bool{}
	for _, list := range [][]string{visit.Scanned, visit.Placed} {
		for _, id := range list {
			if p, ok := st.Parcels[id]; ok && !seen[id] && p.LabelPhoto+p.Tracking+p.Name != "" {
				view.Parcels = append(view.Parcels, p)
				seen[id] = true
			}
		}
	}
	view.Loose = append(view.Loose, d.looseOf(*visit)...)
	if n := len(d.pending(*visit)); n > 0 {
		if p := d.pending(*visit)[n-1]; p.Suggested != "" {
			view.Suggest = []string{p.Suggested}
		}
	}
	return view
}

// View is all that is in the room now.
func (s *Service) View() (RoomView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	if st.Parcels == nil {
		return RoomView{}, errNotRead
	}
	v := RoomView{Parcels: []Parcel{}, Visits: []Visit{}, Incidents: []Incident{}, Items: []Item{}, Slots: st.slotList(), Guide: st.Guide(),
		Door: st.doorView(s.cfg.Now().UTC(), s.cfg.Rules), Cameras: st.cameraList(), Now: s.cfg.Now().UTC()}
	for _, id := range sortedKeys(st.Parcels) {
		if p := st.Parcels[id]; !p.State.Ended() {
			v.Parcels = append(v.Parcels, p)
		}
	}
	for _, id := range sortedKeys(st.Visits) {
		v.Visits = append(v.Visits, st.Visits[id])
	}
	for _, id := range sortedKeys(st.Incidents) {
		v.Incidents = append(v.Incidents, st.Incidents[id])
	}
	for _, id := range sortedKeys(st.Items) {
		v.Items = append(v.Items, st.Items[id])
	}
	v.Laser = s.LaserRun()
	for _, p := range st.Presence {
		v.People = v.People || p.People
	}
	v.Devices = []Diagnosis{}
	if s.dev.Diagnostics != nil {
		v.Devices = append(v.Devices, s.dev.Diagnostics.Diagnose()...)
	}
	return v, nil
}

func (s State) slotList() []Slot {
	list := []Slot{}
	for _, id := range sortedKeys(s.Slots) {
		list = append(list, s.Slots[id])
	}
	return list
}

func (s State) cameraList() []CameraHealth {
	list := []CameraHealth{}
	for _, id := range sortedKeys(s.Cameras) {
		list = append(list, s.Cameras[id])
	}
	return list
}

// doorView is the door for people: its phase, and the phase in four words.
func (s State) doorView(now time.Time, r Rules) DoorView {
	v := DoorView{Phase: s.doorPhase(now, r), Since: s.Door.Since}
	switch v.Phase {
	case DoorPhaseHeld, DoorPhaseForced:
		v.State = "open"
	case DoorPhaseClosed:
		v.State = "locked"
	default:
		v.State = string(v.Phase)
	}
	if v.Phase == DoorPhaseUnlocked {
		v.Since = s.Door.Granted.Issued
	}
	return v
}

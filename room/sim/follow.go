package sim

import (
	"context"
	"slices"
	"time"
)

// Follow makes people act out a day in a live room, once Run runs. Pauses
// before a person's first action are speed times shorter than in the script;
// people move as they always do. The shelves are empty at first, whatever lay on
// them before: the same day is the same again.
func (s *Sim) Follow(d Day, speed float64) {
	s.World.mu.Lock()
	s.rests, s.parcels = nil, 0
	s.World.mu.Unlock()
	s.script, s.speed = &d, max(speed, 1)
}

// follow acts the day out until it is over or ctx ends.
func (s *Sim) follow(ctx context.Context) {
	people := map[string][]Scripted{}
	var order []string
	for _, a := range s.script.Actions {
		if _, ok := people[a.Person]; !ok {
			order = append(order, a.Person)
		}
		people[a.Person] = append(people[a.Person], a)
	}
	slices.SortStableFunc(order, func(a, b string) int { return int(people[a][0].At - people[b][0].At) })
	over := map[string]chan struct{}{}
	for _, who := range order {
		over[who] = make(chan struct{})
	}
	began := time.Now()
	for _, who := range order {
		go func() {
			defer close(over[who])
			for _, other := range order { // however short pauses are, nobody comes before whom the script has gone by then
				if as := people[other]; as[len(as)-1].At < people[who][0].At {
					<-over[other]
				}
			}
			s.followOne(ctx, who, people[who], began)
		}()
	}
	for _, who := range order {
		<-over[who]
	}
	if ctx.Err() == nil {
		s.cfg.Log.Info("the scripted day is over")
	}
}

// followOne acts out one person's part.
func (s *Sim) followOne(ctx context.Context, who string, as []Scripted, began time.Time) {
	shown := false // something at the kiosk: the platform opens the door, or does not
	for i, a := range as {
		due := began.Add(time.Duration(float64(a.At) / s.speed))
		if i > 0 && a.At-as[i-1].At < 2*time.Minute { // within a visit, pauses are those of people
			due = time.Now().Add(min(a.At-as[i-1].At, 2*time.Second))
		}
		if !pause(ctx, time.Until(due)) {
			return
		}
		switch a.Do {
		case "scan": // at the kiosk, which no simulated person can touch
			continue
		case "card", "qr", "pin":
			shown = true
		case "enter":
			if !shown {
				s.door.key()
			} else if !s.waitForDoor(ctx) {
				s.cfg.Log.Info("the door stayed locked for a scripted person", "person", who)
				return
			}
		case "place":
			if s.holds(who) {
				a.Size, a.Parcel = "", ""
			}
		}
		if _, err := s.Act(ctx, a.Action); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("a scripted action was not possible", "person", who, "action", a.Do, "error", err)
		}
	}
}

// waitForDoor waits until the door is unlocked or open.
func (s *Sim) waitForDoor(ctx context.Context) bool {
	for range 120 {
		if s.door.canEnter() {
			return true
		}
		if !pause(ctx, 250*time.Millisecond) {
			return false
		}
	}
	return false
}

// pause waits; false where ctx ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

// NewVisits makes up two hours before one camera in which somebody comes every few
// minutes and takes nothing: they look, reach into slots, stand about, come in
// pairs, and are guided by a slot's light. Lamps are switched for them, then dusk
// falls, and in the night they switch a lamp on. Ten minutes of deliveries come
// before, a quarter of an hour in which things are taken and moved after: whoever
// watches must not have lost what lies where. Same seed, same hours.
func NewVisits(seed uint64) Day {
	g := &visitMaker{dayMaker: dayMaker{day: Day{Seed: seed}, free: map[string]float64{}, rng: newRand(seed, 0x715)}}
	for _, p := range newLayout(seed, 1, 1280, 720).places {
		g.slots = append(g.slots, p)
		g.free[p.id] = p.x1 - p.x0
	}
	g.deliver("morning", 20*time.Second, 5)
	g.deliver("noon", 5*time.Minute, 3)
	const dusk, night, end = 50 * time.Minute, 80 * time.Minute, 102 * time.Minute
	for at := 10 * time.Minute; at < end-3*time.Minute; {
		at = g.visit(at, at < dusk || at > night, map[bool]float64{false: 0.5, true: 0.25}[at > night]) + g.between(time.Minute, 4*time.Minute)
	}
	g.lamp(dusk, 1, 0)
	g.lamp(dusk+time.Second, 0.25, night-dusk-time.Minute)
	g.lamp(end, 0.9, 0)
	g.collect(end + time.Minute)
	slices.SortStableFunc(g.day.Actions, func(a, b Scripted) int { return int(a.At - b.At) })
	return g.day
}

// visitMaker keeps what a made up day keeps, and counts its visitors.
type visitMaker struct {
	dayMaker
	visitors int
}

func (g *visitMaker) lamp(at time.Duration, level float64, over time.Duration) {
	g.add(at, Action{Do: "lamp", Level: &level, Over: over}, nil)
}

// deliver brings n parcels, none scanned.
func (g *visitMaker) deliver(who string, at time.Duration, n int) {
	g.add(at, Action{Do: "enter", Person: who}, nil)
	for range n {
		size := []Size{SizeEnvelope, SizeSmall, SizeSmall, SizeMedium, SizeMedium, SizeLarge}[g.rng.IntN(6)]
		if slot := g.room(size); slot != "" {
			g.parcel++
			at += 12 * time.Second
			l := delivered{parcel: fmt.Sprintf("parcel%d", g.parcel), slot: slot, at: at}
			g.add(at, Action{Do: "place", Person: who, Parcel: l.parcel, Size: string(size), Slot: slot}, nil)
			g.left = append(g.left, l)
		}
	}
	g.add(at+12*time.Second, Action{Do: "leave", Person: who}, nil)
}

// visit lets one or two come, look and go, and gives the time when they have left.
// Where lamps are switched they are brightened for them, and dimmed to dim after.
func (g *visitMaker) visit(at time.Duration, switched bool, dim float64) (left time.Duration) {
	guided := g.slots[g.rng.IntN(len(g.slots))].id
	if switched && g.rng.IntN(3) > 0 {
		g.lamp(at+g.between(0, 6*time.Second), 1, 0)
	}
	if g.rng.IntN(3) == 0 {
		g.add(at+2*time.Second, Action{Do: "light", Slot: guided, State: string(room.SignalHere)}, nil)
	}
	left = g.wander(at)
	if g.rng.IntN(4) == 0 {
		left = max(left, g.wander(at+g.between(3*time.Second, 15*time.Second)))
	}
	g.add(left, Action{Do: "light", Slot: guided, State: string(room.SignalOff)}, nil)
	if switched { // sometimes while they are there
		g.lamp(left+g.between(0, 40*time.Second)-10*time.Second, dim, 0)
	}
	return left + 15*time.Second
}

// wander lets somebody come, stand, reach into some slots and leave, about then.
func (g *visitMaker) wander(at time.Duration) time.Duration {
	g.visitors++
	who := fmt.Sprintf("visitor%d", g.visitors)
	g.add(at, Action{Do: "enter", Person: who}, nil)
	if g.rng.IntN(3) == 0 {
		at += g.between(20*time.Second, 70*time.Second)
	}
	for range g.rng.IntN(4) {
		at += 9 * time.Second
		g.add(at, Action{Do: "look", Person: who, Slot: g.slots[g.rng.IntN(len(g.slots))].id}, nil)
		if g.rng.IntN(4) == 0 {
			at += g.between(20*time.Second, 60*time.Second)
		}
	}
	at += 9 * time.Second
	g.add(at, Action{Do: "leave", Person: who}, nil)
	return at
}

// collect lets residents take some of what lies there, and one move something.
func (g *visitMaker) collect(at time.Duration) {
	for n, d := range g.left {
		who := fmt.Sprintf("resident%d", n+1)
		do := Action{Do: "take", Person: who, Parcel: d.parcel}
		switch n % 4 {
		case 1:
			do = Action{Do: "move", Person: who, Parcel: d.parcel, To: g.room(SizeMedium)}
		case 3:
			continue // stays for the night
		}
		if do.Do == "move" && do.To == "" {
			continue
		}
		g.add(at, Action{Do: "enter", Person: who}, nil)
		g.add(at+5*time.Second, do, nil)
		g.add(at+14*time.Second, Action{Do: "leave", Person: who}, nil)
		at += g.between(90*time.Second, 150*time.Second)
	}
}

package sim

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/packroom/packroom/room"
)

// Day is a script: who does what, and when. Same seed, same day.
//
// As a file it is YAML:
//
//	seed: 7
//	actions:
//	  - {at: 30s, do: scan, person: ups, scan: {carrier: UPS, tracking: 1Z..., resident: R-104}}
//	  - {at: 45s, do: enter, person: ups}
//	  - {at: 50s, do: place, person: ups, parcel: a, size: M, slot: A2}
//	  - {at: 60s, do: leave, person: ups}
//	  - {at: 2h, do: enter, person: ann, form: pin}
//
// Every field of [Action] may stand there. A person's actions follow one
// another: one that is due while the last is going on waits for it. A parcel's
// name serves to take or move that one later.
type Day struct {
	Seed    uint64     `yaml:"seed"`
	Actions []Scripted `yaml:"actions"`
}

// Scripted is one line of a day.
type Scripted struct {
	At     time.Duration `yaml:"at"` // since the day's begin
	Action `yaml:",inline"`
	Scan   *Scan `yaml:"scan,omitempty"` // scan: what the kiosk is shown
}

// Scan is a label shown at the kiosk; a parcel placed without one was not scanned.
type Scan struct {
	Carrier  string `yaml:"carrier" json:"carrier"`
	Tracking string `yaml:"tracking" json:"tracking"`
	Resident string `yaml:"resident" json:"resident"`
	Parcel   string `yaml:"parcel" json:"parcel"`
}

// ReadDay reads and checks a day file.
func ReadDay(r io.Reader) (Day, error) {
	var d Day
	if err := yaml.NewDecoder(r, yaml.Strict()).Decode(&d); err != nil {
		if errors.Is(err, io.EOF) {
			return Day{}, errors.New("day file: it is empty")
		}
		return Day{}, fmt.Errorf("day file: %s", yaml.FormatError(err, false, true))
	}
	if err := d.Validate(); err != nil {
		return Day{}, fmt.Errorf("day file: %w", err)
	}
	return d, nil
}

var timedActions = []string{"scan", "enter", "place", "take", "move", "look", "leave", "prop", "release", "card", "qr", "pin", "lamp", "light", "camera", "contact", "devices"}

// Validate reports the first thing wrong with d.
func (d Day) Validate() error {
	if len(d.Actions) == 0 {
		return errors.New("no actions")
	}
	last := time.Duration(0)
	for i, a := range d.Actions {
		switch {
		case a.At < last:
			return fmt.Errorf("action %d (%s): at %s is before the one above", i+1, a.Do, a.At)
		case !slices.Contains(timedActions, a.Do):
			return fmt.Errorf("action %d: %q is not an action", i+1, a.Do)
		case a.Do == "scan" && a.Scan == nil:
			return fmt.Errorf("action %d: scan what?", i+1)
		case a.Person == "" && slices.Contains([]string{"enter", "place", "take", "move", "look", "leave"}, a.Do):
			return fmt.Errorf("action %d (%s): name the person", i+1, a.Do)
		}
		last = a.At
	}
	return nil
}

// NewDay makes up a day of twelve hours: couriers who scan, one or two who
// don't, residents who come for theirs, somebody who moves another's parcel or
// takes the wrong one and puts it back, a door propped for a while, dusk.
func NewDay(seed uint64) Day {
	g := &dayMaker{day: Day{Seed: seed}, free: map[string]float64{}}
	g.rng = newRand(seed, 0xda7)
	l := newLayout(1, 2, 1280, 720)
	for _, p := range l.places {
		g.slots = append(g.slots, p)
		g.free[p.id] = p.x1 - p.x0
	}
	carriers := []string{"UPS", "USPS", "FedEx", "Amazon", "DHL", "Amazon", "UPS"}
	at := time.Duration(0)
	for i, c := range carriers[:4+g.rng.IntN(4)] {
		at += g.between(20*time.Minute, 90*time.Minute)
		g.courier(i+1, c, at)
	}
	for i := range g.left {
		g.left[i].stays = g.rng.IntN(5) == 0 // its resident comes tomorrow
	}
	for n, d := range g.left {
		if !d.stays {
			g.resident(n+1, d)
		}
	}
	dusk := 10 * time.Hour
	level := 0.55
	g.add(dusk, Action{Do: "lamp", Level: &level}, nil)
	slices.SortStableFunc(g.day.Actions, func(a, b Scripted) int { return int(a.At - b.At) })
	return g.day
}

// dayMaker keeps what lies where while a day is made up.
type dayMaker struct {
	day    Day
	rng    interface{ IntN(int) int }
	slots  []*place
	free   map[string]float64
	left   []delivered
	parcel int
}

type delivered struct {
	parcel, resident, slot string
	at                     time.Duration
	stays                  bool
}

func (g *dayMaker) between(a, b time.Duration) time.Duration {
	return a + time.Duration(g.rng.IntN(int((b-a)/time.Second)))*time.Second
}

func (g *dayMaker) add(at time.Duration, a Action, s *Scan) {
	g.day.Actions = append(g.day.Actions, Scripted{At: at, Action: a, Scan: s})
}

// courier brings some parcels; not every courier scans each.
func (g *dayMaker) courier(n int, carrier string, at time.Duration) {
	who := fmt.Sprintf("courier%d-%s", n, carrier)
	skipsAll := g.rng.IntN(5) == 0
	type load struct {
		name, slot string
		size       Size
	}
	var loads []load
	for range 1 + g.rng.IntN(4) {
		size := []Size{SizeEnvelope, SizeSmall, SizeSmall, SizeMedium, SizeMedium, SizeLarge, SizeXL}[g.rng.IntN(7)]
		slot := g.room(size)
		if slot == "" {
			continue
		}
		g.parcel++
		l := load{fmt.Sprintf("parcel%d", g.parcel), slot, size}
		resident := fmt.Sprintf("resident%d", 1+g.rng.IntN(12))
		if !skipsAll && g.rng.IntN(9) > 0 {
			g.add(at, Action{Do: "scan", Person: who}, &Scan{Carrier: carrier, Tracking: fmt.Sprintf("%s%09d", carrier[:2], g.rng.IntN(1e9)), Resident: resident, Parcel: l.name})
			at += 8 * time.Second
		}
		loads = append(loads, l)
		g.left = append(g.left, delivered{parcel: l.name, resident: resident, slot: slot, at: at})
	}
	g.add(at, Action{Do: "enter", Person: who}, nil)
	props := g.rng.IntN(6) == 0
	if props {
		g.add(at+time.Second, Action{Do: "prop"}, nil)
	}
	for _, l := range loads {
		at += 9 * time.Second
		g.add(at, Action{Do: "place", Person: who, Parcel: l.name, Size: string(l.size), Slot: l.slot}, nil)
	}
	if props {
		g.add(at+4*time.Second, Action{Do: "release"}, nil)
	}
	g.add(at+9*time.Second, Action{Do: "leave", Person: who}, nil)
}

// room finds a slot with space for a size, and takes the space.
func (g *dayMaker) room(size Size) string {
	need := sizeMetres[size].X*1.1 + 0.06
	for range 40 {
		p := g.slots[g.rng.IntN(len(g.slots))]
		fits := p.kind == room.SlotShelf && size != SizeXL || p.kind == room.SlotFloor && size == SizeXL || p.kind == room.SlotBin && size == SizeEnvelope
		if fits && g.free[p.id] > need {
			g.free[p.id] -= need
			return p.id
		}
	}
	return ""
}

// resident comes for a parcel; now and then with a mistake.
func (g *dayMaker) resident(n int, d delivered) {
	who := fmt.Sprintf("visit%d-%s", n, d.resident)
	at := d.at + g.between(30*time.Minute, 5*time.Hour)
	at += time.Duration(n) * 90 * time.Second // seldom two at once
	g.add(at, Action{Do: "enter", Person: who}, nil)
	at += 4 * time.Second
	if other, ok := g.another(d, at); ok && g.rng.IntN(6) == 0 {
		// somebody else's, and back
		g.add(at, Action{Do: "take", Person: who, Parcel: other.parcel}, nil)
		g.add(at+6*time.Second, Action{Do: "place", Person: who, Slot: other.slot}, nil)
		at += 14 * time.Second
	}
	g.add(at, Action{Do: "take", Person: who, Parcel: d.parcel}, nil)
	g.add(at+6*time.Second, Action{Do: "leave", Person: who}, nil)
}

// another is somebody else's parcel that lies there for the whole day.
func (g *dayMaker) another(d delivered, at time.Duration) (delivered, bool) {
	for _, o := range g.left {
		if o.stays && o.resident != d.resident && o.at < at-time.Minute {
			return o, true
		}
	}
	return delivered{}, false
}

package room

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the stories with what happens now")

// TestStories plays testdata/*.story. A line is something that happens; the
// lines after it that begin with an arrow are what follows. See teller.play for
// the words.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".story"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s goes otherwise now (go test ./room -update, then read the difference):\n%s", file, firstDifference(string(want), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			end := min(i+6, len(g))
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, w[i], strings.Join(g[min(i, end):end], "\n+ "))
		}
	}
	return "+ " + strings.Join(g[len(w):], "\n+ ")
}

// teller plays one story.
type teller struct {
	t         *testing.T
	state     State
	now       time.Time
	ids       int
	residents map[string]Resident
	parcels   map[string]string // tracking or item name -> parcel ID
	visit     string
	lights    string
	out       *bytes.Buffer
}

func tell(t *testing.T, story string) string {
	s := &teller{
		t:     t,
		state: State{Property: "p", Room: "r", Slots: map[string]Slot{}}.Clone(), now: time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC),
		residents: map[string]Resident{}, parcels: map[string]string{}, out: &bytes.Buffer{},
	}
	for _, line := range strings.Split(strings.TrimRight(story, "\n"), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "→") {
			continue
		}
		fmt.Fprintln(s.out, line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			if err := s.play(words); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
	}
	return s.out.String()
}

// play carries out one line.
func (s *teller) play(w []string) error {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	switch w[0] {
	case "slot": // slot A1 shelf 900 [cam2]
		mm, _ := strconv.Atoi(arg(3))
		s.state.Slots[w[1]] = Slot{ID: w[1], Kind: SlotKind(w[2]), HeightMM: mm, WidthMM: 1000, Camera: cmp.Or(arg(4), "cam1"),
			Polygon: []Point{{0, 0}, {100, 0}, {100, 50}, {0, 50}}, Aim: &[4]Aim{{0, 0}, {10, 0}, {10, 5}, {0, 5}}}
	case "resident": // resident R1 Ann Lee 4B [status]
		r := Resident{ID: w[1], FirstName: w[2], LastName: w[3], Unit: w[4], Status: ResidentCurrent}
		if arg(5) != "" {
			r.Status = ResidentStatus(arg(5))
		}
		s.residents[r.ID] = r
	case "wait": // wait 5s
		d, err := time.ParseDuration(w[1])
		if err != nil {
			return err
		}
		for end := s.now.Add(d); s.now.Before(end); {
			s.now = s.now.Add(500 * time.Millisecond)
			s.do(Tick{})
		}
	case "identified": // identified courier C1 UPS | identified resident R1
		id := Identity{Kind: VisitKind(w[1]), Holder: w[2], Name: w[2], Carrier: arg(3), Credential: "cred"}
		s.do(Identified{Kiosk: "K1", Identity: id})
	case "refused": // refused unknown [30s]
		wait, _ := time.ParseDuration(arg(2))
		s.do(Refused{Kiosk: "K1", Form: FormPIN, Denial: Denial{Reason: w[1], RetryAfter: wait}})
	case "manager": // manager ann unlocks
		s.do(StaffEntry{ManagerUnlock{Manager: w[1], Reason: "inspection"}, "K1"})
	case "scan": // scan T1 for R1 [again]
		s.do(Registration{RegisterParcel: RegisterParcel{Visit: s.visit, Resident: strings.ReplaceAll(w[3], "nobody", ""), Tracking: w[1],
			LabelPhoto: "photo-" + w[1], Again: arg(4) == "again", Reading: &Reading{Appearance: look(arg(5))}}, Resident: s.residents[w[3]]})
	case "undo":
		s.do(DropParcel{s.visit, s.parcels[w[1]]})
	case "lead": // lead to T1 i2: whoever stood at the kiosk last
		var list []string
		for _, name := range w[2:] {
			list = append(list, s.parcels[name])
		}
		s.do(LeadTo{s.visit, list})
	case "dot": // dot for A1 at 50 25
		x, _ := strconv.ParseFloat(arg(4), 64)
		y, _ := strconv.ParseFloat(arg(5), 64)
		s.do(CheckLaser{Slot: w[2], At: Point{x, y}})
	case "map": // map A1 0 25 50 20
		slot := s.state.Slots[w[1]]
		for i := range slot.Map {
			slot.Map[i], _ = strconv.ParseFloat(arg(2+i), 64)
		}
		s.state.Slots[w[1]] = slot
	case "revoke": // revoke cred of C1
		s.do(Barring{Holder: w[3], Credential: w[1]})
	case "open":
		s.do(OpenDoor{s.visit})
	case "done":
		s.do(EndVisit{s.visit})
	case "door": // door opened|closed|exit|fault|ok
		s.do(DoorEvent{Kind: DoorEventKind(w[1]), At: s.now})
	case "unlock-failed":
		s.do(UnlockFailed{Grant: s.state.Door.Granted, Detail: "timeout"})
	case "placed": // placed i1 on A1 [red]
		s.do(s.seen(ChangePlaced, w[1], w[3], arg(4)))
	case "removed": // removed i1 [from A1]
		s.do(s.seen(ChangeRemoved, w[1], arg(3), ""))
	case "moved": // moved i1 to B1
		s.do(s.seen(ChangeMoved, w[1], w[3], ""))
	case "stale":
		c := s.seen(ChangePlaced, w[1], w[3], "")
		c.Fence = 0
		s.do(c)
	case "by-hand": // by-hand T1 on A1
		s.do(ConfirmPlacement{s.visit, s.parcels[w[1]], w[3]})
	case "join": // join i1 with T1
		s.do(JoinParcel{Visit: s.visit, Unidentified: s.parcels[w[1]], Registered: s.parcels[w[3]]})
	case "resolve": // resolve T1 held [R1]
		s.do(Resolution{ResolveParcel{Parcel: s.parcels[w[1]], Action: w[2], Reason: "said so"}, s.residents[arg(3)], "ann"})
	case "people": // people seen [A1 ...] | people gone
		s.do(Presence{Camera: "cam1", People: w[1] == "seen", Slots: w[2:], At: s.now})
	case "camera": // camera ok | camera lost
		s.do(CameraHealth{Camera: "cam1", OK: w[1] == "ok", Problem: strings.ReplaceAll(w[1], "ok", ""), At: s.now})
	default:
		return fmt.Errorf("no such word: %s", w[0])
	}
	return nil
}

func (s *teller) seen(kind ChangeKind, item, slot, colour string) Change {
	return Change{ID: item, Kind: kind, Camera: "cam1", Item: item, Slot: slot, BBox: Rect{10, 10, 20, 20}, Confidence: 0.95, At: s.now, Seen: s.now,
		Crop: "crop-" + item, Appearance: look(colour), Fence: 1}
}

// look gives each colour an appearance of its own.
func look(colour string) []float32 {
	i := strings.Index("red  blue green", colour)
	if colour == "" || i < 0 {
		return nil
	}
	v := make([]float32, 3)
	v[i/5] = 1
	return v
}

func (s *teller) do(in Input) {
	env := Env{Now: s.now, Rules: DefaultRules, NewID: func() string { s.ids++; return fmt.Sprintf("%03d", s.ids) }}
	o, err := Decide(s.state, env, in)
	if err != nil {
		fmt.Fprintf(s.out, "    → refused: %v\n", err)
		return
	}
	s.state = o.State
	for _, p := range o.Commit.Parcels {
		if p.Tracking != "" && s.parcels[p.Tracking] == "" {
			s.parcels[p.Tracking] = p.ID
		}
		if _, item, ok := strings.Cut(p.ItemKey, "/"); ok {
			s.parcels[item] = p.ID
		}
	}
	if o.Reply.Visit != nil {
		s.visit = o.Reply.Visit.ID
	}
	for _, e := range o.Commit.Events {
		if err := dataFits(e); err != nil {
			s.t.Error(err)
		}
		fmt.Fprintf(s.out, "    → %s%s\n", strings.TrimSuffix(string(e.Kind), ".v1"), s.details(e))
	}
	if o.Unlock != nil {
		fmt.Fprintf(s.out, "    → unlocks, fence %d\n", o.Unlock.Fence)
	}
	for _, p := range o.Speak {
		fmt.Fprintf(s.out, "    → says %s%s\n", strings.TrimPrefix(p.Key, "prompt."), pairs(p.Values))
	}
	for _, m := range o.Commit.Messages {
		fmt.Fprintf(s.out, "    → tells %s: %s %s\n", m.Resident.ID, m.Kind, s.name(m.Parcel.ID))
	}
	if len(o.Lockers) > 0 {
		fmt.Fprintf(s.out, "    → opens %s, fence %d\n", strings.Join(o.Lockers, " "), o.Opens.Fence)
	}
	if o.Lock {
		fmt.Fprintln(s.out, "    → locks")
	}
	if len(o.Spent) > 0 {
		fmt.Fprintf(s.out, "    → ends the PINs of %s\n", strings.Join(o.Spent, " "))
	}
	if len(o.Reply.Warnings) > 0 {
		fmt.Fprintf(s.out, "    → warns %s\n", strings.Join(o.Reply.Warnings, " "))
	}
	if g := s.guide(); g != s.lights {
		fmt.Fprintf(s.out, "    → shows %s\n", g)
		s.lights = g
	}
}

func (s *teller) guide() string {
	g := s.state.Guide()
	var on []string
	for slot, signal := range g.Lights {
		on = append(on, slot+"="+string(signal))
	}
	sort.Strings(on)
	if g.Target != nil && g.Target.Aim != nil {
		on = append(on, fmt.Sprintf("laser on %s at %.1f/%.1f", g.Target.Slot, g.Target.Aim.PanDeg, g.Target.Aim.TiltDeg))
	}
	if len(on) == 0 {
		return "nothing"
	}
	return strings.Join(on, " ")
}

func (s *teller) details(e Event) string {
	var b strings.Builder
	if e.Parcel != "" {
		b.WriteString(" " + s.name(e.Parcel))
	}
	if e.Slot != "" {
		b.WriteString(" slot " + e.Slot)
	}
	if e.Resident != "" {
		b.WriteString(" of " + e.Resident)
	}
	if e.Reason != "" {
		b.WriteString(" (" + e.Reason + ")")
	}
	if e.By != "" {
		b.WriteString(" by " + e.By)
	}
	return b.String()
}

func (s *teller) name(parcel string) string {
	var names []string
	for name, id := range s.parcels {
		if id == parcel {
			names = append(names, name)
		}
	}
	sort.Strings(names) // T1 before i1
	best := ""
	if len(names) > 0 {
		best = names[0]
	}
	if best == "" {
		return "#" + parcel
	}
	return best
}

func pairs(m map[string]string) string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	s := ""
	for _, k := range keys {
		if m[k] != "" || k != "bay" && k != "side" { // of which there is one only
			s += " " + k + "=" + m[k]
		}
	}
	return s
}

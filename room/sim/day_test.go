package sim

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
)

var begin = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func play(t *testing.T, d Day) Played {
	t.Helper()
	p, err := PlayDay(d, begin)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheSameSeedGivesTheSameDay(t *testing.T) {
	a, b := play(t, NewDay(7)), play(t, NewDay(7))
	if diff := cmp.Diff(a.Facts, b.Facts); diff != "" {
		t.Errorf("two plays of seed 7 differ: %s", diff)
	}
	if cmp.Equal(NewDay(7), NewDay(8)) {
		t.Error("seeds 7 and 8 give the same day")
	}
}

func TestGeneratedDaysCanBePlayed(t *testing.T) {
	unscanned, moves := 0, 0
	for seed := uint64(1); seed <= 6; seed++ {
		d := NewDay(seed)
		p := play(t, d)
		for _, s := range p.Skipped {
			t.Errorf("seed %d: skipped %s", seed, s)
		}
		lies := map[string]string{}
		scanned := map[string]bool{}
		last := time.Duration(0)
		for _, f := range p.Facts {
			if f.At < last {
				t.Fatalf("seed %d: facts are not in order at %s", seed, f.At)
			}
			last = f.At
			if f.Scan != nil {
				scanned[f.Scan.Parcel] = true
			}
			c := f.Change
			if c == nil {
				continue
			}
			if c.BBox[2] < 5 || c.BBox[3] < 5 {
				t.Errorf("seed %d: change %s shows nowhere: %v", seed, c.ID, c.BBox)
			}
			parcel := strings.Split(c.Item, ".")[0]
			switch c.Kind {
			case room.ChangePlaced:
				if lies[parcel] != "" {
					t.Errorf("seed %d: %s placed twice", seed, parcel)
				}
				if !scanned[parcel] {
					unscanned++
				}
				lies[parcel] = c.Slot
			case room.ChangeRemoved:
				if lies[parcel] != c.Slot {
					t.Errorf("seed %d: %s removed from %s, lay on %q", seed, parcel, c.Slot, lies[parcel])
				}
				delete(lies, parcel)
			case room.ChangeMoved:
				moves++
			}
		}
		for _, s := range p.State.Slots {
			for _, q := range s.Parcels {
				if lies[q.ID] != s.ID {
					t.Errorf("seed %d: %s lies on %s, facts say %q", seed, q.ID, s.ID, lies[q.ID])
				}
				delete(lies, q.ID)
			}
		}
		if len(lies) > 0 {
			t.Errorf("seed %d: facts know parcels that lie nowhere: %v", seed, lies)
		}
	}
	if unscanned == 0 {
		t.Error("in six days every carrier scanned everything")
	}
}

func TestADoorOpensAndClosesForEachVisit(t *testing.T) {
	p := play(t, NewDay(3))
	open := false
	entered := 0
	for _, f := range p.Facts {
		if f.Door == nil {
			continue
		}
		switch f.Door.Kind {
		case room.DoorOpened:
			if open {
				t.Errorf("%s: opened while open", f.At)
			}
			open = true
			entered++
		case room.DoorClosed:
			if !open {
				t.Errorf("%s: closed while closed", f.At)
			}
			open = false
		}
	}
	if open || entered == 0 {
		t.Errorf("at the day's end open is %v after %d openings", open, entered)
	}
}

func TestADayFileIsRead(t *testing.T) {
	d, err := ReadDay(strings.NewReader(`
seed: 7
actions:
  - {at: 10s, do: scan, person: ups, scan: {carrier: UPS, tracking: "1Z1", resident: R-104, parcel: a}}
  - {at: 30s, do: enter, person: ups}
  - {at: 31s, do: place, person: ups, parcel: a, size: M, slot: A2}
  - {at: 40s, do: leave, person: ups}
  - {at: 1h, do: enter, person: ann}
  - {at: 1h, do: move, person: ann, parcel: a, to: B2}
  - {at: 1h0m20s, do: leave, person: ann}
  - {at: 2h, do: lamp, level: 0.4}
`))
	if err != nil {
		t.Fatal(err)
	}
	p := play(t, d)
	var got []string
	for _, f := range p.Facts {
		switch {
		case f.Change != nil:
			got = append(got, string(f.Change.Kind)+" "+f.Change.FromSlot+f.Change.Slot)
		case f.Door != nil:
			got = append(got, string(f.Door.Kind))
		case f.Scan != nil:
			got = append(got, "scan "+f.Scan.Resident)
		}
	}
	want := []string{"scan R-104", "opened", "closed", "placed A2", "exit", "opened", "closed", "opened", "closed", "moved A2B2", "exit", "opened", "closed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p.State.Lamp != 0.4 || len(p.Skipped) > 0 {
		t.Errorf("lamp %g, skipped %v", p.State.Lamp, p.Skipped)
	}
}

func TestTheExampleDayCanBePlayed(t *testing.T) {
	f, err := os.Open("testdata/day.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadDay(f)
	if err != nil {
		t.Fatal(err)
	}
	p := play(t, d)
	lies := map[string]string{}
	for _, s := range p.State.Slots {
		for _, q := range s.Parcels {
			lies[q.ID] = s.ID
		}
	}
	want := map[string]string{"shoes": "D2", "forgotten": "A3", "envelope": "E1", "crate": "F1"}
	if diff := cmp.Diff(want, lies); diff != "" || len(p.Skipped) > 0 {
		t.Errorf("at the day's end: %s; skipped %v", diff, p.Skipped)
	}
}

func TestABadDayFileSaysWhatIsWrong(t *testing.T) {
	for name, text := range map[string]string{
		"is empty":                "",
		"not an action":           "actions: [{at: 1s, do: dance}]",
		"before the one above":    "actions: [{at: 2s, do: prop}, {at: 1s, do: prop}]",
		"name the person":         "actions: [{at: 2s, do: enter}]",
		"scan what":               "actions: [{at: 2s, do: scan}]",
		"no actions":              "seed: 3",
		"unknown field \"slots\"": "actions: [{at: 2s, do: enter, person: a, slots: A1}]",
	} {
		_, err := ReadDay(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: got %v, want %q", text, err, name)
		}
	}
}

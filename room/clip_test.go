package room

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func footageRoom(t *testing.T) (*memory, *Service) {
	t.Helper()
	m := newMemory()
	return m, testRoom(m, newPanel())
}

func TestASavedClipIsARowOfTheLogOnce(t *testing.T) {
	m, s := footageRoom(t)
	at := time.Now().UTC().Truncate(time.Second)
	clip := Clip{ID: "k1", Camera: "cam1", Events: []string{"e1", "e2"}, From: at, To: at.Add(15 * time.Second), SHA256: "ab", Until: at.Add(time.Hour)}
	for range 2 { // delivered twice
		if err := s.Fact(t.Context(), "k1.2", clip); err != nil {
			t.Fatal(err)
		}
	}
	rows := m.events(EvClipSaved)
	if len(rows) != 1 || rows[0].Camera != "cam1" || rows[0].Reason != "" {
		t.Fatalf("rows %+v", rows)
	}
	var said Clip
	if err := json.Unmarshal(rows[0].Data, &said); err != nil || said.SHA256 != "ab" || len(said.Events) != 2 {
		t.Errorf("the log keeps %+v, %v", said, err)
	}
	if last := m.commits[len(m.commits)-1]; len(last.Clips) != 1 || last.Clips[0].ID != "k1" {
		t.Errorf("the clip is not in the commit of its row: %+v", last.Clips)
	}
	for reason, c := range map[string]Clip{
		"no_footage": {ID: "k2", Camera: "cam1", Events: []string{"e3"}, From: at, To: at.Add(time.Second), Gaps: []Gap{{at, at.Add(time.Second)}}},
		"gaps":       {ID: "k3", Camera: "cam1", Events: []string{"e4"}, From: at, To: at.Add(time.Second), SHA256: "cd", Gaps: []Gap{{at, at.Add(time.Second)}}},
	} {
		if err := s.Fact(t.Context(), c.ID, c); err != nil {
			t.Fatal(err)
		}
		rows := m.events(EvClipSaved)
		if got := rows[len(rows)-1].Reason; got != reason {
			t.Errorf("reason %q, not %q", got, reason)
		}
	}
}

func TestADiskThatIsTooSmallIsOneIncidentThatEndsByItself(t *testing.T) {
	m, s := footageRoom(t)
	for _, h := range []StorageHealth{{OK: true}, {Problem: "low"}, {Problem: "full"}, {OK: true}, {OK: true}} {
		if err := s.Fact(t.Context(), NewID(), h); err != nil {
			t.Fatal(err)
		}
	}
	opened, resolved := m.events(EvIncidentOpened), m.events(EvIncidentResolved)
	if len(opened) != 1 || opened[0].Reason != string(IncidentFootageLow) || len(resolved) != 1 {
		t.Errorf("opened %+v, resolved %+v", opened, resolved)
	}
}

func TestWhatPeopleDoWithFootageIsInTheLogWithItsPlace(t *testing.T) {
	m, s := footageRoom(t)
	at := time.Now().UTC()
	whole := Footage{Camera: "cam1", From: at, To: at.Add(time.Minute), Plain: true, SHA256: "ab"}
	hold := Hold{ID: "h1", Camera: "cam1", From: at, To: at.Add(time.Minute), Reason: "asked for"}
	for kind, c := range map[EventKind]Command{
		EvClipViewed: ViewFootage{whole}, EvClipExported: ExportFootage{whole}, EvClipHeld: HoldFootage{hold}, EvClipReleased: ReleaseFootage{hold},
	} {
		r := do(t, s, c)
		rows := m.events(kind)
		if len(rows) != 1 || rows[0].By != "K1" || r.Entry == nil || r.Entry.ID != rows[0].ID {
			t.Errorf("%s: entry %+v, rows %+v", c.Name(), r.Entry, rows)
		}
		if err := dataFits(rows[0]); err != nil {
			t.Error(err)
		}
	}
	unproven, wrong, silent := whole, whole, hold
	unproven.SHA256, wrong.To, silent.Reason = "", at.Add(-time.Second), " "
	for name, c := range map[string]Command{
		"an export without its checksum": ExportFootage{unproven}, "a stretch that ends before it begins": ViewFootage{wrong},
		"a hold without a reason": HoldFootage{silent},
	} {
		if _, err := s.call(t.Context(), c); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func commit(t *testing.T, s *postgres.Store, c room.Commit) []room.Event {
	t.Helper()
	events, err := s.Commit(t.Context(), c)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	return events
}

func event(id string, kind room.EventKind) room.Event {
	return room.Event{ID: id, Kind: kind, Time: noon, Data: json.RawMessage(`{"n":  1}`)}
}

var ann = room.Resident{ID: "r1", FirstName: "Ann", LastName: "O'Brien", Unit: "12B", Status: room.ResidentCurrent,
	Aliases: []string{"Müller"}, Email: "ann@example.com", Phone: "+15035550100", Language: "en"}

// fullCommit is one of everything but messages and credentials, with references that hold.
func fullCommit() room.Commit {
	visit := room.Visit{ID: "v1", Kind: room.VisitCourier, Phase: room.VisitInside, Kiosk: "K1", Holder: "c1", Name: "Bo",
		Carrier: "UPS", Credential: "k1", Started: at(0), Entered: at(1), Touched: at(2), Scanned: []string{"p1", "p3"},
		InHand: []room.HandItem{{Parcel: "p4", FromSlot: "A1", State: room.ParcelStored, Appearance: []float32{0.1, 0.7}, At: at(1)}}}
	return room.Commit{
		Inbox: "in1",
		Events: []room.Event{
			{ID: "e1", Kind: room.EvVisitStarted, Time: noon.Add(789 * time.Nanosecond), Visit: "v1", Courier: "c1", Carrier: "UPS", By: "kiosk:K1"},
			{ID: "e2", Kind: room.EvParcelStored, Time: at(1), Visit: "v1", Parcel: "p1", Resident: "r1", Slot: "B3",
				Camera: "cam1", Pictures: []string{"aa", "bb"}, Reason: "seen", Data: json.RawMessage(`{"b":2, "a":"\u0000<é>"}`)},
		},
		Residents: []room.Resident{ann},
		Couriers:  []room.Courier{{ID: "c1", Name: "Bo", Carrier: "UPS", Active: true}},
		Visits:    []room.Visit{visit, {ID: "v0", Kind: room.VisitResident, Phase: room.VisitEnded, Started: at(-90), Ended: at(-80), Touched: at(-80)}},
		Parcels: []room.Parcel{
			{ID: "p1", State: room.ParcelStored, Resident: "r1", Name: "Ann O'Brien", Unit: "12B", Carrier: "UPS", Tracking: "1Z 999 AA1",
				Visit: "v1", Slot: "B3", Registered: at(0), Stored: at(1), Appearance: []float32{0.25, 1e-7},
				Reading: &room.Reading{Carrier: "UPS", Lines: []room.TextLine{{Text: "ANN", Confidence: 0.93, BBox: room.Rect{1, 2, 3.5, 4}}}}},
			{ID: "p2", State: room.ParcelCollected, Visit: "v0", Registered: at(-200), Ended: at(-85)},
			{ID: "p3", State: room.ParcelDropped, Registered: at(0), Ended: at(1)},
			{ID: "p4", State: room.ParcelReturned, Registered: at(-100), Ended: at(1)},
			{ID: "p5", State: room.ParcelMerged, Visit: "v1", MergedInto: "p1", Stored: at(1)},
		},
		Incidents: []room.Incident{
			{ID: "i1", Kind: room.IncidentWrongParcel, Visit: "v1", Parcel: "p4", Opened: at(1)},
			{ID: "i0", Kind: room.IncidentDoorHeld, Opened: at(-90), Resolved: at(-80), By: "itself"},
		},
		Items:   []room.Item{{Key: "cam1/i3", Camera: "cam1", Slot: "B3", BBox: room.Rect{1, 2, 3, 4}, Parcel: "p1", Since: at(1)}},
		Slots:   []room.Slot{{ID: "B3", Kind: room.SlotShelf, Camera: "cam1", Fullness: 0.4}},
		Grants:  []room.Grant{{ID: "g1", Visit: "v1", Door: "main", Fence: 1, Issued: at(0), Expires: at(0).Add(room.GrantTTL)}},
		Cameras: []room.CameraHealth{{Camera: "cam1", OK: false, Problem: "lost", At: at(0)}},
		Fences:  map[string]uint64{"cam1": 7},
	}
}

func TestWhatIsCommittedIsLoadedAgain(t *testing.T) {
	s := postgrestest.New(t)
	c := fullCommit()
	commit(t, s, c)
	commit(t, s, room.Commit{
		Events: []room.Event{{ID: "e3", Kind: room.EvDoorOpened, Time: at(3)}},
		Grants: []room.Grant{{ID: "g2", Visit: "v1", Door: "main", Fence: 2, Issued: at(1), Expires: at(2)}},
		Fences: map[string]uint64{"cam1": 5, "cam2": 1}, // an older revision does not count
	})

	again := postgrestest.New(t) // a process that was started later
	got, err := again.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := room.State{
		Property: postgrestest.Property, Room: postgrestest.Room,
		Slots:     map[string]room.Slot{"B3": c.Slots[0]},
		Parcels:   map[string]room.Parcel{"p1": c.Parcels[0], "p3": c.Parcels[2], "p4": c.Parcels[3], "p5": c.Parcels[4]},
		Visits:    map[string]room.Visit{"v1": c.Visits[0]},
		Incidents: map[string]room.Incident{"i1": c.Incidents[0]},
		Items:     map[string]room.Item{"cam1/i3": c.Items[0]},
		Cameras:   map[string]room.CameraHealth{"cam1": c.Cameras[0]},
		Presence:  map[string]room.Presence{},
		Fences:    map[string]uint64{"cam1": 7, "cam2": 1},
		LastGrant: 2,
		Door: room.DoorState{Open: true, Since: at(3),
			Granted: room.Grant{ID: "g2", Visit: "v1", Door: "main", Fence: 2, Issued: at(1), Expires: at(2)}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("state (-want +got):\n%s", d)
	}
}

func TestAnEmptyRoomLoadsWithMapsThatCanBeWritten(t *testing.T) {
	got, err := postgrestest.New(t).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := room.State{Property: postgrestest.Property, Room: postgrestest.Room}.Clone()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("state (-want +got):\n%s", d)
	}
	if got.Slots == nil || got.Parcels == nil || got.Visits == nil || got.Incidents == nil || got.Items == nil ||
		got.Cameras == nil || got.Presence == nil || got.Fences == nil {
		t.Error("a map is nil")
	}
}

func TestParcelsThatAreOverAreThoseOfTheDomain(t *testing.T) {
	s := postgrestest.New(t)
	all := []room.ParcelState{room.ParcelRegistered, room.ParcelStored, room.ParcelUnidentified, room.ParcelCollected,
		room.ParcelMissing, room.ParcelHeld, room.ParcelReturned, room.ParcelExpired, room.ParcelMerged, room.ParcelDropped}
	var c room.Commit
	for _, state := range all {
		c.Parcels = append(c.Parcels, room.Parcel{ID: string(state), State: state, Registered: noon})
	}
	commit(t, s, c)
	st, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range all {
		if _, loaded := st.Parcels[string(state)]; loaded == state.Ended() {
			t.Errorf("a %s parcel: loaded %t, ended %t", state, loaded, state.Ended())
		}
	}
}

func TestEventsAreChainedAndReadAsTheyWereWritten(t *testing.T) {
	s := postgrestest.New(t)
	first := commit(t, s, fullCommit())
	second := commit(t, s, room.Commit{Events: []room.Event{event("e3", room.EvDoorOpened)}})
	all := append(first, second...)
	var prev []byte
	for i, e := range all {
		if e.Seq != int64(i+1) || !cmp.Equal(e.Prev, prev) || !cmp.Equal(e.Hash, room.ChainHash(prev, e)) {
			t.Errorf("event %d is not chained: %+v", i+1, e)
		}
		prev = e.Hash
	}
	got, err := s.Events(t.Context(), room.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []room.Event{all[2], all[1], all[0]}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	unpublished, err := s.Unpublished(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all[:2], unpublished); d != "" {
		t.Errorf("unpublished (-want +got):\n%s", d)
	}
	for range 2 { // the relay may repeat itself
		if err := s.MarkPublished(t.Context(), []int64{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	if unpublished, err = s.Unpublished(t.Context(), 10); err != nil || len(unpublished) != 1 || unpublished[0].Seq != 3 {
		t.Errorf("unpublished after marking = %v, %v; want event 3", unpublished, err)
	}
}

func TestASecondArrivalOfAnInputChangesNothing(t *testing.T) {
	s := postgrestest.New(t)
	c := fullCommit()
	commit(t, s, c)
	c.Parcels[0].Slot = "C9"
	c.Events[0].ID, c.Events[1].ID = "e8", "e9"
	if _, err := s.Commit(t.Context(), c); !errors.Is(err, room.ErrSeen) {
		t.Fatalf("second commit: %v, want ErrSeen", err)
	}
	p, err := s.Parcel(t.Context(), "p1")
	if err != nil || p.Slot != "B3" {
		t.Errorf("parcel lies at %q (%v), want B3", p.Slot, err)
	}
	if events, err := s.Events(t.Context(), room.EventFilter{}); err != nil || len(events) != 2 {
		t.Errorf("%d events (%v), want 2", len(events), err)
	}
}

func TestACommitThatFailsWritesNothing(t *testing.T) {
	cases := map[string]struct {
		change func(c *room.Commit)
		kind   error
	}{
		"a parcel in no known state":        {func(c *room.Commit) { c.Parcels[0].State = "lost" }, room.ErrInvalid},
		"a parcel of nobody here":           {func(c *room.Commit) { c.Parcels[0].Resident = "r9" }, room.ErrInvalid},
		"a parcel without ID":               {func(c *room.Commit) { c.Parcels[0].ID = "" }, room.ErrInvalid},
		"a visit in no known phase":         {func(c *room.Commit) { c.Visits[0].Phase = "" }, room.ErrInvalid},
		"a visit that never started":        {func(c *room.Commit) { c.Visits[0].Started = time.Time{} }, room.ErrInvalid},
		"an incident of no known kind":      {func(c *room.Commit) { c.Incidents[0].Kind = "bad_luck" }, room.ErrInvalid},
		"a grant of no visit":               {func(c *room.Commit) { c.Grants[0].Visit = "v9" }, room.ErrInvalid},
		"a grant that expires at once":      {func(c *room.Commit) { c.Grants[0].Expires = c.Grants[0].Issued }, room.ErrInvalid},
		"an item that is no parcel":         {func(c *room.Commit) { c.Items[0].Parcel = "p9" }, room.ErrInvalid},
		"a resident of no known status":     {func(c *room.Commit) { c.Residents[0].Status = "gone" }, room.ErrInvalid},
		"an event's data that is not JSON":  {func(c *room.Commit) { c.Events[1].Data = json.RawMessage(`{`) }, room.ErrInvalid},
		"an event that was written already": {func(c *room.Commit) { c.Events[1].ID = "e1" }, room.ErrConflict},
		"an event of no kind":               {func(c *room.Commit) { c.Events[1].Kind = "stored" }, room.ErrInvalid},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := postgrestest.New(t)
			c := fullCommit()
			tc.change(&c)
			if _, err := s.Commit(t.Context(), c); !errors.Is(err, tc.kind) {
				t.Fatalf("commit: %v, want %v", err, tc.kind)
			}
			st, err := s.Load(t.Context())
			if err != nil || len(st.Parcels)+len(st.Visits)+len(st.Items)+len(st.Fences) > 0 {
				t.Errorf("something was written: %+v, %v", st, err)
			}
			if events, err := s.Events(t.Context(), room.EventFilter{}); err != nil || len(events) > 0 {
				t.Errorf("%d events were written (%v)", len(events), err)
			}
			commit(t, s, fullCommit()) // the inbox was not written either
		})
	}
}

func TestAGrantNeverReusesAFence(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, fullCommit())
	_, err := s.Commit(t.Context(), room.Commit{Grants: []room.Grant{{ID: "g2", Visit: "v1", Door: "main", Fence: 1, Issued: at(1), Expires: at(2)}}})
	if !errors.Is(err, room.ErrConflict) {
		t.Errorf("commit: %v, want ErrConflict", err)
	}
}

func TestTextThatPostgresCannotHoldIsCleaned(t *testing.T) {
	s := postgrestest.New(t)
	c := room.Commit{
		Inbox:     "in\x00",
		Residents: []room.Resident{{ID: "r1", FirstName: "A\x00nn", Status: room.ResidentCurrent}},
		Parcels: []room.Parcel{{ID: "p1", State: room.ParcelUnidentified, Stored: noon, Note: "a\x00b\\u0000",
			Reading: &room.Reading{Recipient: "bad \xff byte"}}},
		Events: []room.Event{{ID: "e1", Kind: room.EvParcelStored, Time: noon, Reason: "a\x00b\xff", Pictures: []string{"\x00"}}},
	}
	events := commit(t, s, c)
	if got := events[0].Reason; got != "ab\uFFFD" {
		t.Errorf("reason %q", got)
	}
	p, err := s.Parcel(t.Context(), "p1")
	if err != nil || p.Note != `ab\u0000` || p.Reading.Recipient != "bad \uFFFD byte" {
		t.Errorf("note %q, recipient %q, %v", p.Note, p.Reading.Recipient, err)
	}
	if r, err := s.Verify(t.Context()); err != nil || r.Fault != nil {
		t.Errorf("verify: %+v, %v", r.Fault, err)
	}
}

func TestCommitsAtTheSameTimeMakeOneChainWithoutGaps(t *testing.T) {
	s := postgrestest.New(t)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 10 {
				id := fmt.Sprintf("e%d-%d", worker, i)
				if _, err := s.Commit(t.Context(), room.Commit{Inbox: id, Events: []room.Event{event(id, room.EvDoorClosed)}}); err != nil {
					t.Errorf("commit: %v", err)
				}
			}
		})
	}
	wg.Wait()
	r, err := s.Verify(t.Context())
	if err != nil || r.Fault != nil || r.Events != 80 {
		t.Errorf("verify: %d events, %+v, %v; want 80", r.Events, r.Fault, err)
	}
}

func TestARosterOf20000IsImportedInSecondsAndSearchedInMilliseconds(t *testing.T) {
	s := postgrestest.New(t)
	firsts := []string{"Ann", "José", "Wei", "Olga", "Søren", "Mary-Jane", "D'Angelo", "Zoë"}
	roster := make([]room.Resident, 20000)
	for i := range roster {
		roster[i] = room.Resident{ID: fmt.Sprintf("r%05d", i), FirstName: firsts[i%len(firsts)], LastName: fmt.Sprintf("Family%04d", i/4),
			Unit: fmt.Sprintf("%d%c", i/4, 'A'+i%4), Status: room.ResidentCurrent, Aliases: []string{fmt.Sprintf("Biz%d LLC", i)}}
	}
	start := time.Now()
	commit(t, s, room.Commit{Residents: roster, Events: []room.Event{event("e1", room.EvRosterImported)}})
	imported := time.Since(start)
	start = time.Now()
	commit(t, s, room.Commit{Residents: roster})
	t.Logf("import of 20,000: %v, again: %v", imported, time.Since(start))
	if imported > 15*time.Second {
		t.Errorf("the import took %v", imported)
	}
	for _, query := range []string{"jose family1234", "biz777", "4999d", "wei", "mar fam"} {
		const times = 20
		start = time.Now()
		for range times {
			if found, err := s.Residents(t.Context(), room.ResidentFilter{Query: query}); err != nil || len(found) == 0 {
				t.Fatalf("search %q: %d found, %v", query, len(found), err)
			}
		}
		each := time.Since(start) / times
		t.Logf("search %q: %v", query, each)
		if each > 250*time.Millisecond { // loose, for a busy machine
			t.Errorf("search %q took %v", query, each)
		}
	}
	all, err := s.Roster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(roster, all); d != "" {
		t.Errorf("roster (-want +got):\n%s", strings.Join(strings.SplitN(d, "\n", 20), "\n"))
	}
}

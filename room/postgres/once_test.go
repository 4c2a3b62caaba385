package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func TestWhatIsUsedUpIsRefusedASecondTime(t *testing.T) {
	s := postgrestest.New(t)
	entry := func(id string) room.Commit {
		return room.Commit{Once: []string{"pass-1"}, Events: []room.Event{{ID: id, Kind: room.EvVisitStarted, Time: time.Now()}}}
	}
	if _, err := s.Commit(t.Context(), entry("e1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), entry("e2")); !errors.Is(err, room.ErrSpent) {
		t.Errorf("got %v, want ErrSpent", err)
	}
	if events, err := s.Events(t.Context(), room.EventFilter{}); err != nil || len(events) != 1 {
		t.Errorf("%d events, %v: the refused commit wrote something", len(events), err)
	}
}

func TestACredentialKeepsItsHoursAndLabel(t *testing.T) {
	s := postgrestest.New(t)
	want := room.Credential{ID: "k1", Kind: room.CredentialPass, Form: room.FormPIN, Holder: "r1", Hash: make([]byte, 32),
		Created: time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC), Label: "Bo, her brother",
		Hours: []room.Hours{{Days: []string{"mon", "tue"}, From: "07:00", To: "19:00"}}}
	if _, err := s.Commit(t.Context(), room.Commit{Credentials: []room.Credential{want}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Credentials(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]room.Credential{want}, got); d != "" {
		t.Error(d)
	}
}

func TestADoorThatAnsweredAgainIsNotLoadedAsFaulty(t *testing.T) {
	s := postgrestest.New(t)
	at := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	log := func(kind room.EventKind, reason string, after time.Duration) {
		t.Helper()
		e := room.Event{ID: room.NewID(), Kind: kind, Reason: reason, Time: at.Add(after)}
		if _, err := s.Commit(t.Context(), room.Commit{Events: []room.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	load := func() room.DoorState {
		t.Helper()
		st, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return st.Door
	}
	log(room.EvDoorOpened, "", 0)
	log(room.EvDoorFault, "fault", time.Second)
	if d := load(); !d.Fault || !d.Open || !d.Since.Equal(at) {
		t.Errorf("a door that fell silent while open: %+v", d)
	}
	log(room.EvDoorFault, "ok", 2*time.Second)
	if d := load(); d.Fault || !d.Open {
		t.Errorf("after it answered: %+v", d)
	}
}

func TestALockersGrantIsNotTheDoors(t *testing.T) {
	s := postgrestest.New(t)
	at := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	grant := func(id, door string, fence uint64) room.Grant {
		return room.Grant{ID: id, Visit: "v1", Door: door, Fence: fence, Issued: at, Expires: at.Add(room.GrantTTL)}
	}
	_, err := s.Commit(t.Context(), room.Commit{
		Visits: []room.Visit{{ID: "v1", Kind: room.VisitResident, Phase: room.VisitInside, Started: at}},
		Grants: []room.Grant{grant("g1", "main", 1), grant("g2", room.LockersDoor, 2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if st, err := s.Load(t.Context()); err != nil || st.Door.Granted.ID != "g1" || st.LastGrant != 2 {
		t.Errorf("loaded %+v, last grant %d, %v", st.Door.Granted, st.LastGrant, err)
	}
}

package postgres_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func ids[T any](all []T, id func(T) string) []string {
	out := []string{}
	for _, v := range all {
		out = append(out, id(v))
	}
	return out
}

func TestResidentsAreFoundByTheBeginningsOfTheirNamesAndTheirUnit(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, room.Commit{Residents: []room.Resident{
		ann,
		{ID: "r2", FirstName: "José María", LastName: "Núñez", Unit: "12", Status: room.ResidentPast},
		{ID: "r3", FirstName: "Mary-Jane", LastName: "Smith", Unit: "PH 2", Status: room.ResidentNotice, Aliases: []string{"MJ Books LLC", "Ångström"}},
		{ID: "r4", FirstName: "Straße", LastName: "", Unit: "", Status: room.ResidentFuture},
	}})
	cases := []struct {
		filter room.ResidentFilter
		want   []string
	}{
		{room.ResidentFilter{}, []string{"r4", "r2", "r1", "r3"}}, // by last name
		{room.ResidentFilter{Query: "ann"}, []string{"r1"}},
		{room.ResidentFilter{Query: "AN obr"}, []string{"r1"}},
		{room.ResidentFilter{Query: "o'br"}, []string{"r1"}},
		{room.ResidentFilter{Query: "brien"}, []string{"r1"}},
		{room.ResidentFilter{Query: "rien"}, []string{}},
		{room.ResidentFilter{Query: "nunez jose"}, []string{"r2"}},
		{room.ResidentFilter{Query: "NÚÑEZ"}, []string{"r2"}},
		{room.ResidentFilter{Query: "muller"}, []string{"r1"}},
		{room.ResidentFilter{Query: "ang boo"}, []string{"r3"}},
		{room.ResidentFilter{Query: "maryj"}, []string{"r3"}},
		{room.ResidentFilter{Query: "jane"}, []string{"r3"}},
		{room.ResidentFilter{Query: "12"}, []string{"r2"}}, // the unit, not its beginning
		{room.ResidentFilter{Query: "12-b"}, []string{"r1"}},
		{room.ResidentFilter{Query: "ph2"}, []string{"r3"}},
		{room.ResidentFilter{Query: "smith ph 2"}, []string{"r3"}},
		{room.ResidentFilter{Query: "ann 12"}, []string{}},
		{room.ResidentFilter{Query: "straß"}, []string{"r4"}},
		{room.ResidentFilter{Query: `'; DROP TABLE residents -- \`}, []string{}},
		{room.ResidentFilter{Query: "' | !& :*"}, []string{}},
		{room.ResidentFilter{Query: "a\x00nn"}, []string{"r1"}},
		{room.ResidentFilter{Statuses: []room.ResidentStatus{room.ResidentCurrent, room.ResidentNotice}}, []string{"r1", "r3"}},
		{room.ResidentFilter{Limit: 2, Offset: 1}, []string{"r2", "r1"}},
	}
	for _, tc := range cases {
		got, err := s.Residents(t.Context(), tc.filter)
		if err != nil {
			t.Errorf("%+v: %v", tc.filter, err)
		}
		if d := cmp.Diff(tc.want, ids(got, func(r room.Resident) string { return r.ID })); d != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.filter, d)
		}
	}
	if r, err := s.Resident(t.Context(), "r1"); err != nil || !cmp.Equal(r, ann) {
		t.Errorf("r1 = %+v, %v", r, err)
	}
	if _, err := s.Resident(t.Context(), "r9"); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("r9: %v, want ErrNotFound", err)
	}
	changed := ann
	changed.Unit = "7A"
	commit(t, s, room.Commit{Residents: []room.Resident{changed}})
	if got, err := s.Residents(t.Context(), room.ResidentFilter{Query: "12b"}); err != nil || len(got) > 0 {
		t.Errorf("found by the old unit: %v, %v", got, err)
	}
}

func TestParcelsAreFound(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, fullCommit())
	commit(t, s, room.Commit{Parcels: []room.Parcel{
		{ID: "p6", State: room.ParcelStored, Resident: "r1", Name: "Ann O'Brien", Tracking: "9400 1", Slot: "B4", Registered: at(5)},
		{ID: "p7", State: room.ParcelHeld, Resident: "r1", Tracking: "1Z999AA1", Registered: at(6)},
	}})
	cases := []struct {
		filter room.ParcelFilter
		want   []string
	}{
		{room.ParcelFilter{}, []string{"p7", "p6", "p5", "p3", "p1", "p4", "p2"}},
		{room.ParcelFilter{Resident: "r1"}, []string{"p7", "p6", "p1"}},
		{room.ParcelFilter{States: []room.ParcelState{room.ParcelStored}}, []string{"p6", "p1"}},
		{room.ParcelFilter{Query: "b3"}, []string{"p1"}},
		{room.ParcelFilter{Query: "b9"}, []string{}},
		{room.ParcelFilter{Query: "obrien"}, []string{"p6", "p1"}},
		{room.ParcelFilter{Query: "1z-999"}, []string{"p7", "p1"}},
		{room.ParcelFilter{Query: "9aa1 ann"}, []string{"p1"}}, // the number's end
		{room.ParcelFilter{From: at(0), To: at(6)}, []string{"p6", "p5", "p3", "p1"}},
		{room.ParcelFilter{Limit: 1}, []string{"p7"}},
	}
	for _, tc := range cases {
		got, err := s.Parcels(t.Context(), tc.filter)
		if err != nil {
			t.Errorf("%+v: %v", tc.filter, err)
		}
		if d := cmp.Diff(tc.want, ids(got, func(p room.Parcel) string { return p.ID })); d != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.filter, d)
		}
	}
	found, err := s.FindTracking(t.Context(), "1z999-aa1")
	if d := cmp.Diff([]string{"p7", "p1"}, ids(found, func(p room.Parcel) string { return p.ID })); d != "" || err != nil {
		t.Errorf("tracking (-want +got): %v\n%s", err, d)
	}
	if found, err = s.FindTracking(t.Context(), " "); err != nil || len(found) > 0 {
		t.Errorf("no number found %v, %v", found, err)
	}
	if n, err := s.PackagesHere(t.Context(), "r1"); err != nil || n != 2 {
		t.Errorf("%d packages here (%v), want 2", n, err)
	}
	if _, err := s.Parcel(t.Context(), "p99"); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("p99: %v, want ErrNotFound", err)
	}
}

func TestVisitsAndIncidentsAreListedNewestFirst(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, fullCommit())
	for want, f := range map[string]room.VisitFilter{
		"v1,v0": {}, "v0": {Kind: room.VisitResident}, "v1": {Carrier: "UPS", Holder: "c1", From: at(-1), To: at(1)}, "": {Holder: "c2"},
	} {
		got, err := s.Visits(t.Context(), f)
		if joined := joinIDs(ids(got, func(v room.Visit) string { return v.ID })); err != nil || joined != want {
			t.Errorf("%+v: %s, %v; want %s", f, joined, err, want)
		}
	}
	got, err := s.Incidents(t.Context(), 10)
	if joined := joinIDs(ids(got, func(i room.Incident) string { return i.ID })); err != nil || joined != "i1,i0" {
		t.Errorf("incidents: %s, %v", joined, err)
	}
}

func joinIDs(all []string) string { return strings.Join(all, ",") }

func TestEventsAreFiltered(t *testing.T) {
	s := postgrestest.New(t)
	c := fullCommit()
	c.Events = append(c.Events,
		room.Event{ID: "e3", Kind: room.EvAccessDenied, Time: at(2), Reason: "wrong_pin", By: "kiosk:K1"},
		room.Event{ID: "e4", Kind: room.EvParcelResolved, Time: at(3), Parcel: "p2", By: "manager:eve@example.com", Slot: "C1"})
	commit(t, s, c)
	cases := []struct {
		filter room.EventFilter
		want   string
	}{
		{room.EventFilter{}, "e4,e3,e2,e1"},
		{room.EventFilter{Parcel: "p1"}, "e2"},
		{room.EventFilter{Resident: "r1"}, "e2"},
		{room.EventFilter{Courier: "c1"}, "e1"},
		{room.EventFilter{Carrier: "UPS"}, "e1"},
		{room.EventFilter{Visit: "v1"}, "e2,e1"},
		{room.EventFilter{Slot: "C1"}, "e4"},
		{room.EventFilter{Kinds: []room.EventKind{room.EvVisitStarted, room.EvAccessDenied}}, "e3,e1"},
		{room.EventFilter{From: at(1), To: at(3)}, "e3,e2"},
		{room.EventFilter{Before: 4, Limit: 2}, "e3,e2"},
		{room.EventFilter{After: 2}, "e4,e3"},
		{room.EventFilter{Query: "obrien"}, "e2"},
		{room.EventFilter{Query: "aa1"}, "e2"},       // the end of a tracking number
		{room.EventFilter{Query: "bo"}, "e2,e1"},     // the courier's name, and their visit
		{room.EventFilter{Query: "bo obrien"}, "e2"}, // every word
		{room.EventFilter{Query: "wrong"}, "e3"},
		{room.EventFilter{Query: "eve@"}, "e4"},
		{room.EventFilter{Query: "wrong_pin"}, "e3"},
		{room.EventFilter{Query: "c1 resolved"}, "e4"},
		{room.EventFilter{Query: "%"}, ""},
		{room.EventFilter{Query: "nobody"}, ""},
	}
	for _, tc := range cases {
		got, err := s.Events(t.Context(), tc.filter)
		if joined := joinIDs(ids(got, func(e room.Event) string { return e.ID })); err != nil || joined != tc.want {
			t.Errorf("%+v: %s, %v; want %s", tc.filter, joined, err, tc.want)
		}
	}
}

func credential(id string, hash byte) room.Credential {
	return room.Credential{ID: id, Kind: room.CredentialCourier, Form: room.FormPIN, Holder: "c1", Hash: bytes.Repeat([]byte{hash}, 32), Created: noon}
}

func TestAHashBelongsToOneUsableCredential(t *testing.T) {
	s := postgrestest.New(t)
	first := credential("k1", 1)
	first.ValidFrom, first.ValidTo = at(0), at(60)
	commit(t, s, room.Commit{Credentials: []room.Credential{first, credential("k2", 2)}})
	if _, err := s.Commit(t.Context(), room.Commit{Credentials: []room.Credential{credential("k3", 1)}}); !errors.Is(err, room.ErrConflict) {
		t.Fatalf("the same hash twice: %v, want ErrConflict", err)
	}
	got, err := s.CredentialsByHash(t.Context(), first.Hash)
	if d := cmp.Diff([]room.Credential{first}, got); d != "" || err != nil {
		t.Errorf("by hash (-want +got): %v\n%s", err, d)
	}
	first.Revoked = at(5)
	next := credential("k3", 1)
	next.Created = at(5)
	withoutHash := first // as it comes back from a page
	withoutHash.Hash = nil
	commit(t, s, room.Commit{Credentials: []room.Credential{next, withoutHash}})
	got, err = s.CredentialsByHash(t.Context(), first.Hash)
	if d := cmp.Diff([]room.Credential{next, first}, got); d != "" || err != nil {
		t.Errorf("by hash, newest first (-want +got): %v\n%s", err, d)
	}
	got, err = s.Credentials(t.Context(), "c1")
	if d := cmp.Diff([]string{"k3", "k2", "k1"}, ids(got, func(c room.Credential) string { return c.ID })); d != "" || err != nil {
		t.Errorf("of the holder (-want +got): %v\n%s", err, d)
	}
	bad := credential("k4", 4)
	bad.Hash = nil
	if _, err := s.Commit(t.Context(), room.Commit{Credentials: []room.Credential{bad}}); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("a credential without hash: %v, want ErrInvalid", err)
	}
}

func TestThrottlesSurviveARestart(t *testing.T) {
	s := postgrestest.New(t)
	if got, err := s.Throttle(t.Context(), "kiosk:K1"); err != nil || got != (room.Throttle{}) {
		t.Errorf("never tried: %+v, %v", got, err)
	}
	for _, want := range []room.Throttle{{Failures: 1}, {Failures: 5, Until: at(1)}, {Failures: 6, Until: at(3)}} {
		if err := s.SaveThrottle(t.Context(), "kiosk:K1", want); err != nil {
			t.Fatal(err)
		}
		if got, err := postgrestest.New(t).Throttle(t.Context(), "kiosk:K1"); err != nil || got != want {
			t.Errorf("throttle = %+v, %v; want %+v", got, err, want)
		}
	}
	if err := s.SaveThrottle(t.Context(), "kiosk:K1", room.Throttle{}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Throttle(t.Context(), "kiosk:K1"); err != nil || got != (room.Throttle{}) {
		t.Errorf("forgiven: %+v, %v", got, err)
	}
}

func TestCouriers(t *testing.T) {
	s := postgrestest.New(t)
	bo, al := room.Courier{ID: "c1", Name: "Bo", Carrier: "UPS", Active: true}, room.Courier{ID: "c2", Name: "Al", Carrier: "UPS"}
	commit(t, s, room.Commit{Couriers: []room.Courier{bo, al}})
	bo.Active = false
	commit(t, s, room.Commit{Couriers: []room.Courier{bo}})
	got, err := s.Couriers(t.Context())
	if d := cmp.Diff([]room.Courier{al, bo}, got); d != "" || err != nil {
		t.Errorf("couriers (-want +got): %v\n%s", err, d)
	}
	if one, err := s.Courier(t.Context(), "c1"); err != nil || one != bo {
		t.Errorf("c1 = %+v, %v", one, err)
	}
	if _, err := s.Courier(t.Context(), "c9"); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("c9: %v, want ErrNotFound", err)
	}
}

func TestManagersSignInAndOut(t *testing.T) {
	s := postgrestest.New(t)
	eve := room.Manager{ID: "m1", Email: "Eve@example.com", Name: "Eve", Role: room.RoleManager, PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$AA$AA", Created: noon}
	if err := s.CreateManager(t.Context(), eve); err != nil {
		t.Fatal(err)
	}
	twice := eve
	twice.ID, twice.Email = "m2", "eve@EXAMPLE.com"
	if err := s.CreateManager(t.Context(), twice); !errors.Is(err, room.ErrConflict) {
		t.Errorf("the same address twice: %v, want ErrConflict", err)
	}
	clear := room.Manager{ID: "m3", Email: "x@example.com", PasswordHash: "hunter2", Created: noon}
	if err := s.CreateManager(t.Context(), clear); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("a password that is not hashed: %v, want ErrInvalid", err)
	}
	if got, err := s.ManagerByEmail(t.Context(), "eve@example.com"); err != nil || got != eve {
		t.Errorf("by e-mail: %+v, %v", got, err)
	}
	if got, err := s.Managers(t.Context()); err != nil || !slices.Equal(got, []room.Manager{eve}) {
		t.Errorf("managers: %+v, %v", got, err)
	}

	now := time.Now().UTC()
	token, old := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	create := func(hash []byte, manager string, expires time.Time) error {
		return s.CreateSession(t.Context(), hash, manager, expires)
	}
	if err := errors.Join(create(old, "m1", now.Add(-time.Minute)), create(token, "m1", now.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if err := create(bytes.Repeat([]byte{3}, 32), "m9", now.Add(time.Hour)); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("a session of nobody: %v, want ErrInvalid", err)
	}
	session := func(hash []byte, at time.Time) (room.Manager, error) { return s.SessionManager(t.Context(), hash, at) }
	if got, err := session(token, now); err != nil || got != eve {
		t.Errorf("session: %+v, %v", got, err)
	}
	if _, err := session(token, now.Add(2*time.Hour)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("expired: %v, want ErrNotFound", err)
	}
	if _, err := session(old, now.Add(-time.Hour)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("swept: %v, want ErrNotFound", err)
	}
	for range 2 {
		if err := s.DeleteSession(t.Context(), token); err != nil {
			t.Errorf("sign out: %v", err)
		}
	}
	if _, err := session(token, now); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("signed out: %v, want ErrNotFound", err)
	}
}

func TestRoomsOfOneDatabaseDoNotSeeEachOther(t *testing.T) {
	s := postgrestest.New(t)
	cfg := postgrestest.Config(postgrestest.URL(t))
	cfg.Property, cfg.Room = "other", "main"
	other, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	own(t, s)
	own(t, other) // each has its own owner
	commit(t, s, fullCommit())
	commit(t, other, fullCommit()) // the same identities
	commit(t, other, room.Commit{ItemsGone: []string{"cam1/i3"}})
	st, err := s.Load(t.Context())
	if err != nil || len(st.Items) != 1 {
		t.Errorf("items: %v, %v", st.Items, err)
	}
	if err := other.MarkPublished(t.Context(), []int64{1, 2}); err != nil {
		t.Fatal(err)
	}
	if events, err := s.Unpublished(t.Context(), 10); err != nil || len(events) != 2 {
		t.Errorf("unpublished: %d, %v; want 2", len(events), err)
	}
}

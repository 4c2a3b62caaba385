package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

var _ access.Store = (*postgres.Store)(nil)

func gateOn(t testing.TB, s access.Store, now func() time.Time) *access.Gate {
	t.Helper()
	g, err := access.NewGate(access.Config{Pepper: bytes.Repeat([]byte("p"), 32), Store: s, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// residentWithPackage commits a resident whose package is here, with a PIN.
func residentWithPackage(t testing.TB, s *postgres.Store, g *access.Gate) room.Secret {
	t.Helper()
	creds, secret, err := g.Issue(room.CredentialPickup, "r1", []room.CredentialForm{room.FormPIN, room.FormQR}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Commit(t.Context(), room.Commit{
		Residents:   []room.Resident{{ID: "r1", FirstName: "Ana", LastName: "Ruiz", Unit: "4B", Status: room.ResidentCurrent, Language: "es"}},
		Parcels:     []room.Parcel{{ID: "p1", State: room.ParcelStored, Resident: "r1", Slot: "B3", Registered: time.Now(), Stored: time.Now()}},
		Credentials: creds,
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func tryCredential(t *testing.T, g *access.Gate, form room.CredentialForm, secret string) (room.Identity, *room.Denial) {
	t.Helper()
	who, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: form, Secret: secret})
	var d *room.Denial
	if err != nil && !errors.As(err, &d) {
		t.Fatal(err)
	}
	return who, d
}

func TestGateOnPostgres(t *testing.T) {
	s := postgrestest.New(t)
	g := gateOn(t, s, time.Now)
	secret := residentWithPackage(t, s, g)
	for form, text := range map[room.CredentialForm]string{room.FormPIN: secret.PIN, room.FormQR: secret.QR} {
		who, d := tryCredential(t, g, form, text)
		if d != nil || who.Holder != "r1" || who.Name != "Ana Ruiz" || who.Unit != "4B" || who.Language != "es" || who.Kind != room.VisitResident {
			t.Errorf("%s: %+v, %v", form, who, d)
		}
	}
	if _, err := g.Enroll(t.Context(), room.CredentialCourier, "c1", room.FormPIN, secret.PIN); !errors.Is(err, room.ErrConflict) {
		t.Errorf("a PIN in use was enrolled: %v", err)
	}
	creds, err := s.Credentials(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range creds {
		creds[i].Used = time.Now()
	}
	if _, err := s.Commit(t.Context(), room.Commit{Credentials: creds}); err != nil {
		t.Fatal(err)
	}
	if _, d := tryCredential(t, g, room.FormPIN, secret.PIN); d == nil || d.Reason != "used" {
		t.Errorf("used PIN: %v", d)
	}
}

func TestAResidentIsSentAUnitAndSixDigitsWhereTheBuildingWantsThat(t *testing.T) {
	s := postgrestest.New(t)
	g := gateOn(t, s, time.Now)
	residentWithPackage(t, s, g)
	service := room.NewService(room.Config{Property: postgrestest.Property, Room: postgrestest.Room, Kiosk: "K1", PickupForm: room.FormUnitPIN}, s, g, room.Devices{}, nil)
	r, err := service.Do(t.Context(), room.Envelope{Name: "credential.issue", By: "manager:ann@example.com", Data: []byte(`{"kind":"pickup","holder":"r1"}`)})
	if err != nil || r.Secret == nil || len(r.Secret.PIN) != 6 || r.Secret.Unit != "4B" {
		t.Fatalf("got %+v, %v", r.Secret, err)
	}
	who, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormUnitPIN, Unit: "apt 4b", Secret: r.Secret.PIN})
	if err != nil || who.Holder != "r1" {
		t.Errorf("with its unit: %+v, %v", who, err)
	}
	if _, d := tryCredential(t, g, room.FormPIN, r.Secret.PIN); d == nil || d.Reason != "unknown" {
		t.Errorf("without it: %v", d)
	}
	kept, err := s.Credentials(t.Context(), "r1")
	if err != nil || !slices.ContainsFunc(kept, func(c room.Credential) bool { return c.Form == room.FormUnitPIN }) {
		t.Errorf("kept: %+v, %v", kept, err)
	}
}

func TestAPINInUseIsRefusedToASecondHolder(t *testing.T) {
	s := postgrestest.New(t)
	service := room.NewService(room.Config{Property: postgrestest.Property, Room: postgrestest.Room, Kiosk: "K1"}, s, gateOn(t, s, time.Now), room.Devices{}, nil)
	issue := func(holder string) error {
		data := fmt.Sprintf(`{"kind":"courier","holder":%q,"pin":"739104","hours":[{"days":["mon"],"from":"07:00","to":"19:00"}]}`, holder)
		_, err := service.Do(t.Context(), room.Envelope{Name: "credential.issue", By: "manager:ann@example.com", Data: []byte(data)})
		return err
	}
	if err := issue("c1"); err != nil {
		t.Fatal(err)
	}
	if err := issue("c2"); !errors.Is(err, room.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	kept, err := s.Credentials(t.Context(), "c1")
	if err != nil || len(kept) != 1 || len(kept[0].Hours) != 1 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if none, err := s.Credentials(t.Context(), "c2"); err != nil || len(none) != 0 {
		t.Errorf("the second holder has %+v, %v", none, err)
	}
}

func TestAFileOfCredentialsThatHasAPINInUseIsRefusedByLineAndTakenWhenCorrected(t *testing.T) {
	s := postgrestest.New(t)
	g := gateOn(t, s, time.Now)
	service := room.NewService(room.Config{Property: postgrestest.Property, Room: postgrestest.Room, Kiosk: "K1"}, s, g, room.Devices{}, nil)
	send := func(pins ...string) error {
		c := room.ImportCredentials{}
		for i, pin := range pins {
			c.Credentials = append(c.Credentials, room.NewCredential{Line: i + 2, Kind: room.CredentialCourier, Name: fmt.Sprintf("Courier %d", i), Carrier: "UPS", PIN: pin})
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = service.Do(t.Context(), room.Envelope{Name: c.Name(), By: "manager:ann@example.com", Data: data})
		return err
	}
	if err := send("739104", "639104"); err != nil {
		t.Fatal(err)
	}
	var wrong *room.RosterError
	if err := send("829104", "639104", "112233"); !errors.As(err, &wrong) || len(wrong.Problems) != 1 || wrong.Problems[0].Line != 3 || wrong.Problems[0].Code != "credential_in_use" {
		t.Fatalf("got %v", err)
	}
	if all, err := s.Couriers(t.Context()); err != nil || len(all) != 2 {
		t.Fatalf("of a file that was refused there are %+v, %v", all, err)
	}
	if err := send("829104", "629104", "112233"); err != nil {
		t.Fatalf("corrected: %v", err)
	}
	who, d := tryCredential(t, g, room.FormPIN, "112233")
	if d != nil || who.Kind != room.VisitCourier || who.Name != "Courier 2" || who.Carrier != "UPS" {
		t.Errorf("%+v, %v", who, d)
	}
}

func TestWrongTriesAreCountedInPostgresAcrossRestarts(t *testing.T) {
	s := postgrestest.New(t)
	now := time.Now()
	clock := func() time.Time { return now }
	g := gateOn(t, s, clock)
	secret := residentWithPackage(t, s, g)
	for i := range 5 {
		if _, d := tryCredential(t, gateOn(t, s, clock), room.FormPIN, fmt.Sprintf("9183746%d", i)); d == nil || d.Reason != "unknown" {
			t.Fatalf("try %d: %v", i+1, d)
		}
	}
	g = gateOn(t, postgrestest.New(t), clock) // another process
	if _, d := tryCredential(t, g, room.FormPIN, secret.PIN); d == nil || d.Reason != "throttled" || d.RetryAfter.Round(time.Second) != 30*time.Second {
		t.Fatalf("the right PIN too early: %v", d)
	}
	now = now.Add(-time.Hour)
	if _, d := tryCredential(t, g, room.FormPIN, secret.PIN); d == nil || d.RetryAfter.Round(time.Second) != 30*time.Second {
		t.Fatalf("clock set back: %v", d)
	}
	now = now.Add(31 * time.Second)
	if who, d := tryCredential(t, g, room.FormPIN, secret.PIN); d != nil || who.Holder != "r1" {
		t.Fatalf("after the wait: %v", d)
	}
	if th, err := s.Throttle(t.Context(), "kiosk:K1"); err != nil || th.Failures != 0 {
		t.Errorf("%+v, %v", th, err)
	}
}

func TestWrongTriesAtOnceAreAllCounted(t *testing.T) {
	s := postgrestest.New(t)
	g := gateOn(t, s, time.Now)
	var mu sync.Mutex
	reasons := map[string]int{}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			_, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: fmt.Sprintf("918374%02d", i)})
			var d *room.Denial
			if !errors.As(err, &d) {
				t.Errorf("%v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			reasons[d.Reason]++
		})
	}
	wg.Wait()
	if reasons["unknown"] != 5 || reasons["throttled"] != 35 {
		t.Errorf("%v", reasons)
	}
}

func TestGateSaysSoWhilePostgresIsAway(t *testing.T) {
	s := postgrestest.New(t)
	g := gateOn(t, s, time.Now)
	secret := residentWithPackage(t, s, g)
	s.Close()
	_, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: secret.PIN})
	if !errors.Is(err, room.ErrUnavailable) || errors.Is(err, room.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

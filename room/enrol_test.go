package room

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const enrolHead = "kind,holder,name,carrier,pin,card,valid_from,valid_to,hours\n"

func TestReadCredentials(t *testing.T) {
	zone := time.FixedZone("PST", -8*3600)
	in := enrolHead + "courier,,Ana Ruiz,UPS,739104,,2026-01-31,2026-02-01,\"mon,tue 07:00-19:00; 22:00-02:00\"\n\nSTAFF,ann@example.com,,,,04A1B2C3,,,\nstanding,R1,,,73910482,,,,\n"
	got, err := ReadCredentials(strings.NewReader(in), zone)
	if err != nil {
		t.Fatal(err)
	}
	want := []NewCredential{
		{Line: 2, Kind: CredentialCourier, Name: "Ana Ruiz", Carrier: "UPS", PIN: "739104", ValidFrom: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC),
			ValidTo: time.Date(2026, 2, 2, 8, 0, 0, 0, time.UTC), Hours: []Hours{{Days: []string{"mon", "tue"}, From: "07:00", To: "19:00"}, {From: "22:00", To: "02:00"}}},
		{Line: 4, Kind: CredentialStaff, Holder: "ann@example.com", Card: "04A1B2C3"},
		{Line: 5, Kind: CredentialStanding, Holder: "R1", PIN: "73910482"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReadCredentialsSaysWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"missing columns":         {"kind,pin\ncourier,739104\n", "line 1: missing columns: holder, name, carrier, card"},
		"another encoding":        {enrolHead + "courier,,Mu\xf1oz,UPS,739104,,,,\n", "line 2: byte 0xF1 at character 12 is not UTF-8"},
		"UTF-16":                  {"\xff\xfek\x00", "the file is UTF-16"},
		"nobody":                  {enrolHead, "line 1: there is nobody"},
		"an unknown kind":         {enrolHead + "pickup,R1,,,73910482,,,,\n", `line 2, column kind: "pickup" is none of courier, staff, standing`},
		"a courier without name":  {enrolHead + "courier,,,UPS,739104,,,,\n", "line 2, column name: a courier has a name and a carrier"},
		"staff without a holder":  {enrolHead + "staff,,Ann,,73910482,,,,\n", "line 2, column holder: empty"},
		"nothing to enrol":        {enrolHead + "staff,ann,,,,,,,\n", "line 2, column pin: neither a PIN nor a card"},
		"a day of another order":  {enrolHead + "staff,ann,,,73910482,,31.01.2026,,\n", `line 2, column valid_from: "31.01.2026" is not a day`},
		"an end before its begin": {enrolHead + "staff,ann,,,73910482,,2026-02-01,2026-01-01,\n", "line 2, column valid_to: it ends before"},
		"hours of nothing":        {enrolHead + "staff,ann,,,73910482,,,,monday 7-19\n", `line 2, column hours: "monday 7-19" is not like`},
	} {
		_, err := ReadCredentials(strings.NewReader(tt.in), time.UTC)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// clerk refuses what is in use and counts what is reserved.
type clerk struct {
	doorman
	reserved map[string]bool
}

func (c *clerk) Enroll(_ context.Context, kind CredentialKind, holder string, form CredentialForm, secret string) (Credential, error) {
	if c.reserved[secret] || secret == "111111" {
		return Credential{}, Refuse(ErrConflict, "credential_in_use", "it is in use")
	}
	c.reserved[secret] = true
	return Credential{ID: NewID(), Kind: kind, Form: form, Holder: holder, Hash: []byte(secret)}, nil
}

func (c *clerk) Withdraw(made []Credential) {
	for _, k := range made {
		delete(c.reserved, string(k.Hash))
	}
}

func TestAFileOfCredentialsIsImportedWholeOrNotAtAll(t *testing.T) {
	m := newMemory()
	m.residents["R1"], m.residents["R2"] = Resident{ID: "R1", LastName: "Lee", Status: ResidentCurrent}, Resident{ID: "R2", LastName: "Moss", Status: ResidentPast}
	gate := &clerk{reserved: map[string]bool{}}
	s := testRoom(m, newPanel())
	s.gate = gate
	good := []NewCredential{{Line: 2, Kind: CredentialCourier, Name: "Ana", Carrier: "UPS", PIN: "739104"},
		{Line: 3, Kind: CredentialCourier, Name: "Ana", Carrier: "UPS", Card: "04A1B2"}, {Line: 4, Kind: CredentialStanding, Holder: "R1", PIN: "73910482"}}
	bad := append(append([]NewCredential{}, good...),
		NewCredential{Line: 5, Kind: CredentialCourier, Name: "Lou", Carrier: "DHL", PIN: "111111"},
		NewCredential{Line: 6, Kind: CredentialCourier, Name: "Lou", Carrier: "DHL", PIN: "739104"},
		NewCredential{Line: 7, Kind: CredentialStanding, Holder: "R9", PIN: "83910482"},
		NewCredential{Line: 8, Kind: CredentialStanding, Holder: "R2", PIN: "93910482"},
		NewCredential{Line: 9, Kind: CredentialCourier, Holder: "C9", PIN: "639104"})
	_, err := s.call(t.Context(), ImportCredentials{Credentials: bad})
	var wrong *RosterError
	if !errors.As(err, &wrong) || !errors.Is(err, ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	want := "credentials: line 5, column pin: it is in use\nline 6, column pin: it is in use\nline 7, column holder: nobody has the ID \"R9\"\n" +
		"line 8, column holder: Moss does not live here now (past)\nline 9, column holder: nobody has the ID \"C9\""
	if d := cmp.Diff(want, wrong.Error()); d != "" {
		t.Error(d)
	}
	if len(m.commits) != 0 || len(gate.reserved) != 0 {
		t.Fatalf("%d commits, reserved: %v", len(m.commits), gate.reserved)
	}
	if r := do(t, s, ImportCredentials{Credentials: good, Check: true}); r.Saved != 3 || len(m.commits) != 0 || len(gate.reserved) != 0 {
		t.Fatalf("a check: %+v, %d commits, reserved: %v", r, len(m.commits), gate.reserved)
	}
	if r := do(t, s, ImportCredentials{Credentials: good}); r.Saved != 3 || len(m.commits) != 1 {
		t.Fatalf("%+v, %d commits", r, len(m.commits))
	}
	c := m.commits[0]
	if len(c.Couriers) != 1 || len(c.Credentials) != 3 || c.Credentials[0].Holder != c.Couriers[0].ID || len(m.events(EvCredentialIssued)) != 3 || len(m.events(EvCourierSaved)) != 1 {
		t.Errorf("committed %+v", c)
	}
}

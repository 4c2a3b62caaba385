package room

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NewCredential is one line of a credentials file: a PIN that was chosen, or a
// card that exists, of somebody who comes often.
type NewCredential struct {
	Line      int            `json:"line"`
	Kind      CredentialKind `json:"kind"`             // courier, staff, standing
	Holder    string         `json:"holder,omitempty"` // their ID; empty = a courier who is not known yet
	Name      string         `json:"name,omitempty"`   // of that courier
	Carrier   string         `json:"carrier,omitempty"`
	PIN       string         `json:"pin,omitempty"`
	Card      string         `json:"card,omitempty"`
	ValidFrom time.Time      `json:"valid_from,omitzero"`
	ValidTo   time.Time      `json:"valid_to,omitzero"`
	Hours     []Hours        `json:"hours,omitempty"`
}

// ImportCredentials enrols a file's credentials, all or none. Check says only
// whether it could.
type ImportCredentials struct {
	Credentials []NewCredential `json:"credentials"`
	Check       bool            `json:"check,omitempty"`
}

// Name implements Command.
func (ImportCredentials) Name() string { return "credential.import" }

// maxNewCredentials bounds one file: each is looked up while the sender waits.
const maxNewCredentials = 5000

var (
	credentialColumns  = []string{"kind", "holder", "name", "carrier", "pin", "card"}
	credentialOptional = []string{"valid_from", "valid_to", "hours"}
	enrolled           = []CredentialKind{CredentialCourier, CredentialStaff, CredentialStanding}
)

// ReadCredentials reads a credentials file: CSV in UTF-8 as [ReadRoster] takes it,
// with the columns kind (courier, staff, standing), holder (an ID), name and
// carrier (of a courier without one), pin, card, and where wanted valid_from and
// valid_to (2026-01-31, both whole days of zone) and hours (mon,tue 07:00-19:00;
// sat 08:00-12:00). A file with anything wrong in it is refused whole by a
// *RosterError.
func ReadCredentials(r io.Reader, zone *time.Location) ([]NewCredential, error) {
	bad := &RosterError{File: "credentials"}
	records, err := readTable(r, credentialColumns, credentialOptional, bad)
	if err != nil {
		return nil, err
	}
	var out []NewCredential
	for _, rec := range records {
		out = append(out, readCredential(rec, zone, bad))
	}
	switch {
	case len(bad.Problems) == 0 && len(out) == 0:
		bad.add(1, "", "enrol_nobody", "there is nobody below the header")
	case len(out) > maxNewCredentials:
		bad.add(1, "", "enrol_many", "more than {max} lines", "max", strconv.Itoa(maxNewCredentials))
	}
	if err := bad.or(); err != nil {
		return nil, err
	}
	return out, nil
}

func readCredential(rec record, zone *time.Location, bad *RosterError) NewCredential {
	get, line := rec.get, rec.line
	c := NewCredential{Line: line, Kind: CredentialKind(strings.ToLower(get("kind"))), Holder: get("holder"), Name: get("name"), Carrier: get("carrier"),
		PIN: get("pin"), Card: get("card")}
	if !slices.Contains(enrolled, c.Kind) {
		bad.add(line, "kind", "enrol_kind", "{value} is none of courier, staff, standing", "value", strconv.Quote(string(c.Kind)))
	}
	switch {
	case c.Holder != "":
	case c.Kind != CredentialCourier:
		bad.add(line, "holder", "roster_blank", "empty")
	case c.Name == "" || c.Carrier == "":
		bad.add(line, "name", "courier_incomplete", "a courier has a name and a carrier")
	}
	if c.PIN == "" && c.Card == "" {
		bad.add(line, "pin", "enrol_nothing", "neither a PIN nor a card")
	}
	c.ValidFrom = readDay(rec, "valid_from", zone, 0, bad)
	c.ValidTo = readDay(rec, "valid_to", zone, 1, bad)
	if !c.ValidTo.IsZero() && !c.ValidTo.After(c.ValidFrom) {
		bad.add(line, "valid_to", "enrol_days", "it ends before it begins")
	}
	for part := range strings.SplitSeq(get("hours"), ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		h, err := ParseHours(part)
		if err != nil {
			bad.add(line, "hours", "enrol_hours", "{value} is not like mon,tue 07:00-19:00", "value", strconv.Quote(part))
		}
		c.Hours = append(c.Hours, h)
	}
	return c
}

// readDay is the begin of a day, or of the one after it; zero where none is given.
func readDay(rec record, column string, zone *time.Location, after int, bad *RosterError) time.Time {
	text := rec.get(column)
	if text == "" {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		bad.add(rec.line, column, "enrol_day", "{value} is not a day such as 2026-01-31", "value", strconv.Quote(text))
		return time.Time{}
	}
	return day.AddDate(0, 0, after).UTC()
}

// importCredentials enrols all of a file or nothing of it, and says what is wrong
// line by line.
func (s *Service) importCredentials(ctx context.Context, inbox, by string, c ImportCredentials) (Reply, error) {
	m := &enrolment{service: s, bad: &RosterError{File: "credentials"}, couriers: map[string]Courier{}}
	done := false
	defer func() {
		if !done {
			s.gate.Withdraw(m.credentials)
		}
	}()
	for _, n := range c.Credentials {
		if err := m.take(ctx, n); err != nil {
			return Reply{}, fmt.Errorf("import credentials, line %d: %w", n.Line, err)
		}
	}
	if err := m.bad.or(); err != nil {
		return Reply{}, err
	}
	if c.Check {
		return Reply{Saved: len(m.credentials)}, nil
	}
	done = true // what becomes of a commit may not be known
	_, err := s.commitRows(ctx, m.commit(inbox, by))
	return Reply{Saved: len(m.credentials)}, err
}

// enrolment is a credentials file on its way into the database.
type enrolment struct {
	service     *Service
	bad         *RosterError
	couriers    map[string]Courier // new ones, by name and carrier
	credentials []Credential
}

// take enrols one line's PIN and card. Its error means that nothing can be said
// of the line; what is wrong with it is in bad.
func (m *enrolment) take(ctx context.Context, n NewCredential) error {
	holder, err := m.holder(ctx, n)
	if err := m.refused(n.Line, "holder", err); err != nil || holder == "" {
		return err
	}
	for _, one := range []struct {
		form           CredentialForm
		column, secret string
	}{{FormPIN, "pin", n.PIN}, {FormCard, "card", n.Card}} {
		if one.secret == "" {
			continue
		}
		k, err := m.service.gate.Enroll(ctx, n.Kind, holder, one.form, one.secret)
		if err != nil {
			if err := m.refused(n.Line, one.column, err); err != nil {
				return err
			}
			continue
		}
		k.ValidFrom, k.ValidTo, k.Hours = n.ValidFrom, n.ValidTo, n.Hours
		m.credentials = append(m.credentials, k)
	}
	return nil
}

// refused notes why a line cannot be taken; an error that is not the line's is
// given back.
func (m *enrolment) refused(line int, column string, err error) error {
	var r *Refusal
	switch {
	case err == nil:
	case errors.As(err, &r):
		m.bad.put(RosterProblem{Line: line, Column: column, Text: r.Text, Code: r.Code, Values: r.Values})
	case errors.Is(err, ErrInvalid):
		m.bad.put(RosterProblem{Line: line, Column: column, Text: err.Error()})
	default:
		return err
	}
	return nil
}

// holder is whose a line's credential is.
func (m *enrolment) holder(ctx context.Context, n NewCredential) (string, error) {
	switch {
	case n.Kind == CredentialCourier && n.Holder == "":
		key := n.Name + "\n" + n.Carrier
		c, ok := m.couriers[key]
		if !ok {
			c = Courier{ID: "C" + strings.ToUpper(NewID()[18:]), Name: n.Name, Carrier: n.Carrier, Active: true}
			m.couriers[key] = c
		}
		return c.ID, nil
	case n.Kind == CredentialCourier:
		_, err := m.service.store.Courier(ctx, n.Holder)
		return n.Holder, unknownHolder(err, n.Holder)
	case n.Kind == CredentialStanding:
		r, err := m.service.store.Resident(ctx, n.Holder)
		if err == nil && !r.Receives() {
			err = Refuse(ErrConflict, "not_receiving", "{name} does not live here now ({status})", "name", r.Name(), "status", string(r.Status))
		}
		return n.Holder, unknownHolder(err, n.Holder)
	}
	return n.Holder, nil // staff are no list of this database
}

func unknownHolder(err error, holder string) error {
	if errors.Is(err, ErrNotFound) {
		return Refuse(ErrInvalid, "enrol_holder", "nobody has the ID {value}", "value", strconv.Quote(holder))
	}
	return err
}

// commit is the whole file as one transaction, with a row of the log for each.
func (m *enrolment) commit(inbox, by string) Commit {
	s := m.service
	d := decision{Env: Env{Now: s.cfg.Now(), NewID: NewID}, s: &State{Property: s.cfg.Property, Room: s.cfg.Room}}
	out := Commit{Inbox: inbox, Credentials: m.credentials}
	for _, key := range sortedKeys(m.couriers) {
		c := m.couriers[key]
		out.Couriers = append(out.Couriers, c)
		d.event(Event{Kind: EvCourierSaved, Courier: c.ID, Carrier: c.Carrier, By: by}, CourierData{c.Active})
	}
	for _, k := range m.credentials {
		e := Event{Kind: EvCredentialIssued, By: by}
		holderOf(&e, k.Kind, k.Holder)
		d.event(e, []Credential{k})
	}
	out.Events = d.o.Commit.Events
	return out
}

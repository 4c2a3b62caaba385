package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Do executes one command of a person, once by its ID. One that would open the
// door and is late or repeated does nothing and is recorded.
func (s *Service) Do(ctx context.Context, e Envelope) (Reply, error) {
	r, err := s.carryOut(ctx, e)
	if err != nil {
		s.recordStale(ctx, e, err)
	}
	return r, err
}

func (s *Service) carryOut(ctx context.Context, e Envelope) (Reply, error) {
	c, err := DecodeCommand(e)
	if err != nil {
		return Reply{}, err
	}
	if late := time.Since(e.Expires); !e.Expires.IsZero() && late > 0 { // by the clock that its sender read
		return Reply{}, fmt.Errorf("command %s: %w", e.Name, Refuse(ErrConflict, codeLate, "it came {late} too late", "late", late.Round(time.Millisecond).String()))
	}
	inbox := ""
	if e.ID != "" {
		inbox = "cmd/" + e.ID
	}
	switch c := c.(type) {
	case StartVisit:
		return s.StartVisit(ctx, e.ID, c.Attempt)
	case RegisterParcel:
		return s.register(ctx, inbox, c)
	case ResolveParcel:
		return s.resolve(ctx, inbox, e.By, c)
	case ResolveIncident:
		return s.reply(ctx, inbox, Settled{c, person(e.By)})
	case ManagerUnlock:
		if strings.TrimSpace(c.Reason) == "" {
			return Reply{}, fmt.Errorf("open the door: %w", noReason())
		}
		return s.reply(ctx, inbox, StaffEntry{c, s.cfg.Kiosk})
	case JoinParcel:
		c.By = person(e.By)
		return s.reply(ctx, inbox, c)
	case ImportRoster:
		return s.importRoster(ctx, inbox, person(e.By), c)
	case SaveResident:
		return s.saveResident(ctx, inbox, person(e.By), c.Resident)
	case SaveCourier:
		return s.saveCourier(ctx, inbox, person(e.By), c.Courier)
	case IssueCredential:
		return s.issue(ctx, inbox, person(e.By), c)
	case ImportCredentials:
		return s.importCredentials(ctx, inbox, person(e.By), c)
	case RevokeCredential:
		return s.revoke(ctx, inbox, person(e.By), c)
	case CalibrateLaser:
		return s.calibrateLaser(c)
	case TryLaser:
		return s.tryLaser(c)
	case StopLaser:
		return s.stopLaser()
	case KeepLaser:
		return s.keepLaser(ctx, inbox, person(e.By))
	case ViewFootage, ExportFootage, HoldFootage, ReleaseFootage:
		return s.footage(ctx, inbox, person(e.By), c)
	default:
		in, ok := c.(Input)
		if !ok {
			return Reply{}, fmt.Errorf("command %s: %w: nothing carries it out", e.Name, ErrInvalid)
		}
		return s.reply(ctx, inbox, in)
	}
}

// person is who stands behind "manager:ann@example.com".
func person(by string) string {
	if _, name, ok := strings.Cut(by, ":"); ok {
		return name
	}
	return by
}

func (s *Service) reply(ctx context.Context, inbox string, in Input) (Reply, error) {
	o, err := s.apply(ctx, inbox, in)
	if errors.Is(err, ErrSeen) {
		return Reply{}, fmt.Errorf("command: %w", Refuse(ErrConflict, codeRepeated, "it was carried out before"))
	}
	return o.Reply, err
}

// StartVisit answers a credential shown at a kiosk. A refusal is a *Denial and
// a row in the event log.
func (s *Service) StartVisit(ctx context.Context, id string, a Attempt) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	identity, err := s.gate.Identify(ctx, a)
	var denial *Denial
	if errors.As(err, &denial) {
		return Reply{}, s.deny(ctx, a, denial)
	}
	if err != nil {
		return Reply{}, fmt.Errorf("check the credential: %w", err)
	}
	inbox := ""
	if id != "" {
		inbox = "cmd/" + id
	}
	r, err := s.reply(ctx, inbox, Identified{Kiosk: a.Kiosk, Identity: identity})
	if errors.Is(err, ErrSpent) {
		return Reply{}, s.deny(ctx, a, &Denial{Reason: "used"})
	}
	return r, err
}

// deny records a refusal and gives it back.
func (s *Service) deny(ctx context.Context, a Attempt, denial *Denial) error {
	if _, err := s.apply(ctx, "", Refused{Kiosk: a.Kiosk, Form: a.Form, Denial: *denial}); err != nil {
		s.log.Error("a refusal was not recorded", "error", err)
	}
	return denial
}

func (s *Service) register(ctx context.Context, inbox string, c RegisterParcel) (Reply, error) {
	in := Registration{RegisterParcel: c}
	var err error
	if c.Resident != "" {
		if in.Resident, err = s.store.Resident(ctx, c.Resident); err != nil {
			return Reply{}, fmt.Errorf("register a package: %w", err)
		}
	}
	if n := normalTracking(c.Tracking); n != "" {
		if in.Earlier, err = s.store.FindTracking(ctx, n); err != nil {
			return Reply{}, fmt.Errorf("register a package: %w", err)
		}
	}
	return s.reply(ctx, inbox, in)
}

func (s *Service) resolve(ctx context.Context, inbox, by string, c ResolveParcel) (Reply, error) {
	in := Resolution{ResolveParcel: c, By: person(by)}
	if c.Action == "assign" {
		var err error
		if in.Resident, err = s.store.Resident(ctx, c.Resident); err != nil {
			return Reply{}, fmt.Errorf("assign: %w", err)
		}
	}
	return s.reply(ctx, inbox, in)
}

// write commits rows that are no matter of Decide, with one event.
func (s *Service) write(ctx context.Context, e Event, data any, c Commit) error {
	_, err := s.record(ctx, e, data, c)
	return err
}

// record is write, and tells where the log has the event.
func (s *Service) record(ctx context.Context, e Event, data any, c Commit) (Entry, error) {
	d := decision{Env: Env{Now: s.cfg.Now(), NewID: NewID}, s: &State{Property: s.cfg.Property, Room: s.cfg.Room}}
	d.event(e, data)
	c.Events = d.o.Commit.Events
	return s.commitRows(ctx, c)
}

// commitRows commits what is no matter of Decide, and tells where the log has the
// last of its events.
func (s *Service) commitRows(ctx context.Context, c Commit) (Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second) // 20,000 residents at once
	defer cancel()
	events, err := s.store.Commit(ctx, c)
	if errors.Is(err, ErrSeen) {
		return Entry{}, fmt.Errorf("command: %w", Refuse(ErrConflict, codeRepeated, "it was carried out before"))
	}
	if errors.Is(err, ErrUnavailable) {
		s.loaded = false
	}
	if err != nil || len(events) == 0 {
		return Entry{}, err
	}
	last := events[len(events)-1]
	return Entry{Property: last.Property, Room: last.Room, Seq: last.Seq, ID: last.ID, Time: last.Time, Hash: last.Hash}, nil
}

// footage writes down what a person does with footage, and tells where.
func (s *Service) footage(ctx context.Context, inbox, by string, c Command) (Reply, error) {
	e, data, err := footageEvent(c, by)
	if err != nil {
		return Reply{}, err
	}
	at, err := s.record(ctx, e, data, Commit{Inbox: inbox})
	if err != nil {
		return Reply{}, err
	}
	return Reply{Entry: &at}, nil
}

func (s *Service) importRoster(ctx context.Context, inbox, by string, c ImportRoster) (Reply, error) {
	rows := c.Residents
	gone := 0
	if c.Complete {
		old, err := s.store.Roster(ctx)
		if err != nil {
			return Reply{}, fmt.Errorf("import the roster: %w", err)
		}
		named := map[string]bool{}
		for _, r := range rows {
			named[r.ID] = true
		}
		for _, r := range old {
			if !named[r.ID] && r.Status != ResidentPast {
				r.Status = ResidentPast
				rows = append(rows, r)
				gone++
			}
		}
	}
	err := s.write(ctx, Event{Kind: EvRosterImported, By: by}, RosterData{Residents: len(c.Residents), NowPast: gone}, Commit{Inbox: inbox, Residents: rows})
	return Reply{Saved: len(c.Residents)}, err
}

func (s *Service) saveResident(ctx context.Context, inbox, by string, r Resident) (Reply, error) {
	if r.ID == "" {
		r.ID = "R" + strings.ToUpper(NewID()[18:])
	}
	if r.Name() == "" || r.Unit == "" {
		return Reply{}, fmt.Errorf("save a resident: %w", Refuse(ErrInvalid, "resident_incomplete", "a resident has a name and a unit"))
	}
	if !slices.Contains([]ResidentStatus{ResidentFuture, ResidentCurrent, ResidentNotice, ResidentPast}, r.Status) {
		return Reply{}, fmt.Errorf("save a resident: %w", Refuse(ErrInvalid, "resident_status", "{value} is none of future, current, notice, past", "value", strconv.Quote(string(r.Status))))
	}
	err := s.write(ctx, Event{Kind: EvResidentSaved, Resident: r.ID, By: by}, ResidentData{Status: r.Status, Unit: r.Unit}, Commit{Inbox: inbox, Residents: []Resident{r}})
	return Reply{Saved: 1}, err
}

func (s *Service) saveCourier(ctx context.Context, inbox, by string, c Courier) (Reply, error) {
	if c.ID == "" {
		c.ID = "C" + strings.ToUpper(NewID()[18:])
	}
	if strings.TrimSpace(c.Name) == "" || strings.TrimSpace(c.Carrier) == "" {
		return Reply{}, fmt.Errorf("save a courier: %w", Refuse(ErrInvalid, "courier_incomplete", "a courier has a name and a carrier"))
	}
	err := s.write(ctx, Event{Kind: EvCourierSaved, Courier: c.ID, Carrier: c.Carrier, By: by}, CourierData{c.Active}, Commit{Inbox: inbox, Couriers: []Courier{c}})
	if err == nil && !c.Active {
		_, err = s.apply(ctx, "", Barring{Holder: c.ID})
	}
	return Reply{Saved: 1}, err
}

// issue makes a credential; the clear text is in the answer and nowhere else. A
// card or a PIN that somebody chose is refused where it is in use.
func (s *Service) issue(ctx context.Context, inbox, by string, c IssueCredential) (Reply, error) {
	for _, h := range c.Hours {
		if err := h.Validate(); err != nil {
			return Reply{}, fmt.Errorf("issue a credential: %w", err)
		}
	}
	creds, secret, err := s.makeCredentials(ctx, c)
	if err != nil {
		return Reply{}, fmt.Errorf("issue a credential: %w", err)
	}
	for i := range creds {
		creds[i].Hours, creds[i].Label, creds[i].ValidFrom = c.Hours, c.Label, c.ValidFrom
		if !c.ValidTo.IsZero() {
			creds[i].ValidTo = c.ValidTo
		}
	}
	e := Event{Kind: EvCredentialIssued, By: by}
	holderOf(&e, c.Kind, c.Holder)
	if err := s.write(ctx, e, creds, Commit{Inbox: inbox, Credentials: creds}); err != nil {
		return Reply{}, err
	}
	return Reply{Secret: &secret, Saved: len(creds)}, nil
}

func (s *Service) makeCredentials(ctx context.Context, c IssueCredential) (creds []Credential, secret Secret, err error) {
	forms := []CredentialForm{FormPIN, FormQR}
	switch c.Kind {
	case CredentialPass:
		forms = forms[:1] // of two forms each would open once
	case CredentialPickup:
		forms[0] = s.cfg.PickupForm
	}
	form, chosen := FormCard, c.Card
	if c.PIN != "" {
		form, chosen = FormPIN, c.PIN
	}
	if chosen == "" {
		return s.gate.Issue(c.Kind, c.Holder, forms, c.ValidTo)
	}
	one, err := s.gate.Enroll(ctx, c.Kind, c.Holder, form, chosen)
	return []Credential{one}, secret, err
}

func (s *Service) revoke(ctx context.Context, inbox, by string, c RevokeCredential) (Reply, error) {
	creds, err := s.store.Credentials(ctx, c.Holder)
	if err != nil {
		return Reply{}, fmt.Errorf("revoke: %w", err)
	}
	i := slices.IndexFunc(creds, func(k Credential) bool { return k.ID == c.Credential })
	if i < 0 {
		return Reply{}, fmt.Errorf("revoke: credential %q of %q: %w", c.Credential, c.Holder, ErrNotFound)
	}
	k := creds[i]
	if !k.Revoked.IsZero() {
		return Reply{}, nil
	}
	k.Revoked = s.cfg.Now().UTC()
	e := Event{Kind: EvCredentialRevoked, By: by}
	holderOf(&e, k.Kind, k.Holder)
	if err := s.write(ctx, e, k, Commit{Inbox: inbox, Credentials: []Credential{k}}); err != nil {
		return Reply{}, err
	}
	_, err = s.apply(ctx, "", Barring{Holder: k.Holder, Credential: k.ID})
	return Reply{Saved: 1}, err
}

func holderOf(e *Event, kind CredentialKind, holder string) {
	switch kind {
	case CredentialPickup, CredentialStanding, CredentialPass:
		e.Resident = holder
	case CredentialCourier:
		e.Courier = holder
	}
}

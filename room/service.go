package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Config describes one room to its Service.
type Config struct {
	Property string
	Room     string
	Door     string // as grants name it
	Kiosk    string // where a manager's entry is shown
	Slots    []Slot // from the slots files
	Rules    Rules  // zero = DefaultRules
	Log      *slog.Logger
	Now      func() time.Time // nil = the system's clock, kept from going back

	// Languages that prompts are rehearsed in; nil: English and Spanish.
	Languages []string
	// PickupFor is how long a resident's PIN and QR stay valid.
	PickupFor time.Duration // zero = 30 days
	// PickupForm is what residents type: FormPIN, or FormUnitPIN. What was sent in
	// the other form stays valid. Zero = FormPIN.
	PickupForm CredentialForm
	// Picture, where set, takes a picture of the door's outside and gives its
	// camera and its reference into Pictures.
	Picture func(ctx context.Context) (camera, ref string, err error)
	// LaserRig, where filled, lets the laser be calibrated from the manager's page.
	LaserRig LaserRig
	// LaserCheck is when the laser is checked without anybody asking.
	LaserCheck LaserSchedule
	// Unlocked, where set, learns how long each unlock took from its grant to the
	// strike's answer.
	Unlocked func(time.Duration)
}

// commitTimeout bounds one transaction: a door decision that takes longer is a no.
const commitTimeout = 5 * time.Second

// Service runs one room: it is the single writer of its state. Its methods are
// safe for concurrent use and block until what they report is committed.
type Service struct {
	cfg    Config
	store  Store
	gate   Authority
	dev    Devices
	words  Phrases
	log    *slog.Logger
	guided chan struct{} // wakes the guide
	speech chan Prompt

	decisions chan Event // that wait for their picture
	bench     laserBench

	mu     sync.Mutex
	state  State
	loaded bool // false: state must be read from Store before use
}

// NewService makes the service of one room; Run starts it.
func NewService(cfg Config, store Store, gate Authority, dev Devices, words Phrases) *Service {
	if cfg.Rules == (Rules{}) {
		cfg.Rules = DefaultRules
	}
	if cfg.Now == nil {
		cfg.Now = steadyClock()
	}
	if cfg.Languages == nil {
		cfg.Languages = defaultLanguages()
	}
	if cfg.PickupFor == 0 {
		cfg.PickupFor = 30 * 24 * time.Hour
	}
	if cfg.PickupForm == "" {
		cfg.PickupForm = FormPIN
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{cfg: cfg, store: store, gate: gate, dev: dev, words: words, log: cfg.Log,
		guided: make(chan struct{}, 1), speech: make(chan Prompt, 16), decisions: make(chan Event, 16), bench: laserBench{work: make(chan laserWork, 1)}}
}

// Run owns the room until ctx ends or another process takes it over. It follows
// the door and the readers, lets time pass, and shows the guide.
func (s *Service) Run(ctx context.Context) error {
	lost, err := s.own(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := s.reload(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for _, work := range []func(context.Context){s.followDoor, s.followReader, s.passTime, s.showGuide, s.speak, s.rehearse, s.takePictures, s.serveLaser, s.checkLaserDaily} {
		wg.Go(func() { work(ctx) })
	}
	defer wg.Wait()
	defer cancel()
	select {
	case <-ctx.Done():
		return nil
	case <-lost:
		return fmt.Errorf("room %s: %w: the database session that owned it is gone", s.cfg.Room, ErrUnavailable)
	}
}

// own waits for the room, through a database that is away too.
func (s *Service) own(ctx context.Context) (<-chan struct{}, error) {
	for {
		lost, err := s.store.Own(ctx)
		if err == nil {
			return lost, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, ErrUnavailable) {
			return nil, fmt.Errorf("own room %s: %w", s.cfg.Room, err)
		}
		if !pause(ctx, 500*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

// reload reads the state from the database.
func (s *Service) reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(ctx)
}

func (s *Service) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	st, err := s.store.Load(ctx)
	if err != nil {
		return fmt.Errorf("read the room's state: %w", err)
	}
	st = st.Clone()
	st.Property, st.Room, st.Door.ID = s.cfg.Property, s.cfg.Room, s.cfg.Door
	st.Slots = map[string]Slot{}
	for _, slot := range s.cfg.Slots {
		st.Slots[slot.ID] = slot
	}
	// What devices said since stays true; the database does not keep it.
	if old := s.state; old.Presence != nil {
		st.Presence, st.Prompts, st.Recent = old.Presence, old.Prompts, old.Recent
		st.Door = newerDoor(old.Door, st.Door)
	} else if st.Door.Since.After(st.Door.Granted.Issued) {
		st.Door.Granted.Visit = "" // the door moved since: used, as far as a restart can tell
	}
	s.state, s.loaded = st, true
	return nil
}

// newerDoor is what is known of the door after reading the state again: the
// database is ahead where a commit's answer was lost.
func newerDoor(known, read DoorState) DoorState {
	d := known
	if d.Granted.ID != read.Granted.ID {
		d.Granted, d.Relock = read.Granted, false
	}
	if !read.Since.Before(known.Since) { // what is known was read or committed before
		d.Open, d.Since = read.Open, read.Since
		if d.Open && !read.Since.Before(d.Granted.Issued) {
			d.Granted.Visit = "" // one entry a grant
		}
	}
	return d
}

// apply decides about one input, commits and acts. inbox makes it happen once.
func (s *Service) apply(ctx context.Context, inbox string, in Input) (Outcome, error) {
	o, err := s.decide(ctx, inbox, in)
	if err != nil {
		return o, err
	}
	s.wakeGuide()
	s.picture(o.Commit.Events)
	for _, p := range o.Speak {
		select {
		case s.speech <- p:
		default: // sixteen sentences behind: what would be said now is no longer true
		}
	}
	if o.Unlock != nil {
		if err := s.unlock(ctx, *o.Unlock); err != nil {
			return o, err
		}
	}
	s.openLockers(ctx, o.Lockers, o.Opens)
	if o.Lock {
		if err := s.dev.Door.Lock(ctx); err != nil {
			s.log.Error("the door did not lock early; it does when its grant ends", "error", err)
		}
	}
	return o, nil
}

// decide is the only place where the state changes.
func (s *Service) decide(ctx context.Context, inbox string, in Input) (Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout) // a caller who goes away must not tear a commit
	defer cancel()
	if !s.loaded {
		if err := s.load(ctx); err != nil {
			return Outcome{}, err
		}
	}
	o, err := Decide(s.state, Env{Now: s.cfg.Now().UTC(), NewID: NewID, Rules: s.cfg.Rules}, in)
	if err != nil {
		return o, err
	}
	o.Commit.Inbox = inbox
	if !o.Quiet() || inbox != "" && o.Commit.worthInbox(in) {
		if err := s.addCredentials(ctx, &o); err != nil {
			return o, err
		}
		if _, err := s.store.Commit(ctx, o.Commit); errors.Is(err, ErrSeen) || errors.Is(err, ErrSpent) {
			return Outcome{State: s.state}, err
		} else if err != nil {
			s.loaded = false // whether it was written is not known
			return o, fmt.Errorf("%w: commit: %v", ErrUnavailable, err)
		}
	}
	s.state = o.State
	return o, nil
}

// worthInbox reports whether an input that changed nothing must be remembered:
// word on presence and health need not be.
func (c Commit) worthInbox(in Input) bool {
	switch in.(type) {
	case Presence, CameraHealth, StorageHealth, Tick:
		return false
	}
	return true
}

// addCredentials makes the PINs that messages carry and ends those used up, in
// the same transaction.
func (s *Service) addCredentials(ctx context.Context, o *Outcome) error {
	for i := range o.Commit.Messages {
		m := &o.Commit.Messages[i]
		if r, err := s.store.Resident(ctx, m.Resident.ID); err == nil {
			m.Resident = r // their address may be newer than the parcel's record
		}
	}
	now := s.cfg.Now().UTC()
	for _, i := range o.pickup {
		m := &o.Commit.Messages[i]
		creds, secret, err := s.gate.Issue(CredentialPickup, m.Resident.ID, []CredentialForm{s.cfg.PickupForm, FormQR}, now.Add(s.cfg.PickupFor))
		if err != nil {
			return fmt.Errorf("make a pickup PIN: %w", err)
		}
		m.Secret = secret
		o.Commit.Credentials = append(o.Commit.Credentials, creds...)
	}
	if o.pass != "" {
		if err := s.endPass(ctx, o, now); err != nil {
			return err
		}
	}
	for _, holder := range o.Spent {
		creds, err := s.store.Credentials(ctx, holder)
		if err != nil {
			return fmt.Errorf("end pickup PINs: %w", err)
		}
		for _, c := range creds {
			if c.Kind == CredentialPickup && c.Used.IsZero() && c.Revoked.IsZero() {
				c.Used = now
				o.Commit.Credentials = append(o.Commit.Credentials, c)
			}
		}
	}
	return nil
}

// endPass marks a pass as used, in the transaction of the grant that it is used
// up by. A signed code has no row to mark.
func (s *Service) endPass(ctx context.Context, o *Outcome, now time.Time) error {
	creds, err := s.store.Credentials(ctx, o.Reply.Visit.Holder)
	if err != nil {
		return fmt.Errorf("end a pass: %w", err)
	}
	for _, c := range creds {
		if c.ID == o.pass && c.Used.IsZero() {
			c.Used = now
			o.Commit.Credentials = append(o.Commit.Credentials, c)
		}
	}
	return nil
}

// openLockers opens compartments by a committed grant; one that does not open is
// told by its driver, and the visit goes on.
func (s *Service) openLockers(ctx context.Context, slots []string, g Grant) {
	if s.dev.Lockers == nil {
		return
	}
	for _, slot := range slots {
		s.try(ctx, "locker "+slot, func(ctx context.Context) error { return s.dev.Lockers.Open(ctx, slot, g) })
	}
}

// unlock sends the command of a committed grant. It is tried once: a late
// unlock is worse than none.
func (s *Service) unlock(ctx context.Context, g Grant) error {
	ctx, cancel := context.WithDeadline(ctx, g.Expires)
	defer cancel()
	err := s.dev.Door.Unlock(ctx, g)
	if err == nil {
		if s.cfg.Unlocked != nil {
			s.cfg.Unlocked(s.cfg.Now().Sub(g.Issued))
		}
		return nil
	}
	s.log.Error("the door did not unlock", "grant", g.ID, "visit", g.Visit, "error", err)
	if _, e := s.decide(context.WithoutCancel(ctx), "", UnlockFailed{Grant: g, Detail: err.Error()}); e != nil {
		s.log.Error("recording it failed", "error", e)
	}
	return fmt.Errorf("unlock the door: %w: it does not answer; please call the building's staff", ErrUnavailable)
}

// Fact takes in what vision reported; id makes it happen once. An error means:
// deliver it again.
func (s *Service) Fact(ctx context.Context, id string, fact Input) error {
	_, err := s.apply(ctx, id, fact)
	if errors.Is(err, ErrSeen) {
		return nil
	}
	return err
}

// followDoor takes in what the door reports, in order; nothing is lost while
// the database is away.
func (s *Service) followDoor(ctx context.Context) {
	for e := range s.dev.Door.Events(ctx) {
		s.insist(ctx, "door", func() error {
			_, err := s.apply(ctx, "", e)
			return err
		})
	}
}

// followReader starts visits for cards and codes that a reader delivers.
func (s *Service) followReader(ctx context.Context) {
	if s.dev.Reader == nil {
		return
	}
	for a := range s.dev.Reader.Reads(ctx) {
		if _, err := s.StartVisit(ctx, NewID(), a); err != nil && !errors.Is(err, ErrDenied) {
			s.log.Warn("a card was read but not answered", "kiosk", a.Kiosk, "error", err)
		}
	}
}

// insist repeats work while the database is away.
func (s *Service) insist(ctx context.Context, what string, work func() error) {
	told := false
	for {
		err := work()
		if !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			if err != nil && ctx.Err() == nil {
				s.log.Error("an input was refused", "from", what, "error", err)
			}
			return
		}
		if !told {
			s.log.Warn("an input waits for the database", "from", what, "error", err)
			told = true
		}
		if !pause(ctx, 300*time.Millisecond) {
			return
		}
	}
}

// passTime lets Decide see the clock twice a second.
func (s *Service) passTime(ctx context.Context) {
	for pause(ctx, 500*time.Millisecond) {
		if _, err := s.apply(ctx, "", Tick{}); err != nil && !errors.Is(err, ErrUnavailable) {
			s.log.Error("the clock's tick was refused", "error", err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

package access

import (
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// Store is what the gate must know and remember. Every method is safe for
// concurrent use.
type Store interface {
	// CredentialsByHash gives every credential with that hash, newest first,
	// ended ones too.
	CredentialsByHash(ctx context.Context, hash []byte) ([]room.Credential, error)
	// Throttle gives the zero value for an unknown key.
	Throttle(ctx context.Context, key string) (room.Throttle, error)
	SaveThrottle(ctx context.Context, key string, t room.Throttle) error
	Resident(ctx context.Context, id string) (room.Resident, error)
	Courier(ctx context.Context, id string) (room.Courier, error)
	Managers(ctx context.Context) ([]room.Manager, error)
	// PackagesHere is how many packages of a resident are in the room.
	PackagesHere(ctx context.Context, resident string) (int, error)
	// Visits gives the holder's, newest first, open ones too.
	Visits(ctx context.Context, f room.VisitFilter) ([]room.Visit, error)
}

// Config is what a gate is made of.
type Config struct {
	Pepper []byte           // key of the secrets' hashes, 32 bytes or more
	Store  Store            // required
	Now    func() time.Time // nil = time.Now
	Log    *slog.Logger     // nil = slog.Default
	Step   time.Duration    // answers come at multiples of it; 0 = 15 ms, negative = at once
	Zone   *time.Location   // of the building's clock, for hours; nil = UTC
	Room   string           // that signed codes of an edge are for
	Edges  EdgeKeys         // whose signed codes are taken; nil = none
}

// Validate reports the first thing wrong with c.
func (c Config) Validate() error {
	if len(c.Pepper) < 32 {
		return fmt.Errorf("access: the pepper has %d bytes, 32 are needed", len(c.Pepper))
	}
	if c.Store == nil {
		return errors.New("access: no store")
	}
	return nil
}

// storeTimeout bounds the store's part in one decision: somebody stands at the
// kiosk.
const storeTimeout = 4 * time.Second

// Gate recognises and makes credentials. Safe for concurrent use; attempts are
// looked at one after another, so that none escapes the count.
type Gate struct {
	cfg  Config
	turn chan struct{} // holds one token: whose turn it is

	mu     sync.Mutex
	issued map[string]time.Time // hashes made a moment ago and perhaps not committed yet
}

var _ room.Authority = (*Gate)(nil)

// NewGate makes a gate.
func NewGate(cfg Config) (*Gate, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Step == 0 {
		cfg.Step = 15 * time.Millisecond
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Gate{cfg: cfg, turn: make(chan struct{}, 1), issued: map[string]time.Time{}}, nil
}

// Identify implements room.Authority. A refusal is a *room.Denial; a store that
// does not answer is room.ErrUnavailable; a malformed request (no kiosk, no
// secret, an unknown form) is room.ErrInvalid and is not counted.
func (g *Gate) Identify(ctx context.Context, a room.Attempt) (room.Identity, error) {
	if err := checkAttempt(a); err != nil {
		return room.Identity{}, err
	}
	began := time.Now()
	who, err := g.identify(ctx, a)
	g.holdBack(ctx, began)
	return who, err
}

func checkAttempt(a room.Attempt) error {
	if a.Kiosk == "" || len(a.Kiosk) > 64 {
		return fmt.Errorf("identify: kiosk %.70q: %w", a.Kiosk, room.ErrInvalid)
	}
	if a.Secret == "" {
		return fmt.Errorf("identify: nothing was shown: %w", room.ErrInvalid)
	}
	switch a.Form {
	case room.FormPIN, room.FormUnitPIN, room.FormQR, room.FormCard:
		return nil
	}
	return fmt.Errorf("identify: form %.20q: %w", a.Form, room.ErrInvalid)
}

// holdBack waits for the next multiple of Step since began.
func (g *Gate) holdBack(ctx context.Context, began time.Time) {
	if g.cfg.Step < 0 {
		return
	}
	t := time.NewTimer(g.cfg.Step - time.Since(began)%g.cfg.Step)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (g *Gate) identify(ctx context.Context, a room.Attempt) (room.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return room.Identity{}, unavailable("wait for the turn", ctx.Err())
	}
	c, err := g.openCounts(ctx, a, g.cfg.Now().UTC())
	if err != nil {
		return room.Identity{}, err
	}
	who, err := g.recognise(ctx, a, c.now)
	var denied *room.Denial
	switch {
	case err == nil:
		err = c.right(ctx)
	case errors.As(err, &denied) && denied.Reason == reasonUnknown:
		wait, cerr := c.wrong(ctx)
		if err = (&room.Denial{Reason: reasonUnknown, RetryAfter: wait}); cerr != nil {
			err = cerr // what was not counted is not answered
		}
	}
	if err != nil {
		return room.Identity{}, err
	}
	return who, nil
}

// The reasons of a denial; see room.Denial.
const (
	reasonUnknown     = "unknown"
	reasonExpired     = "expired"
	reasonUsed        = "used"
	reasonRevoked     = "revoked"
	reasonNotYet      = "not_yet"
	reasonHours       = "outside_hours"
	reasonInactive    = "inactive"
	reasonThrottled   = "throttled"
	reasonNothingHere = "nothing_here"
)

func denied(reason string) error { return &room.Denial{Reason: reason} }

// recognise looks the attempt up. It counts nothing.
func (g *Gate) recognise(ctx context.Context, a room.Attempt, now time.Time) (room.Identity, error) {
	form, secret, ok := normalize(a.Form, a.Unit, a.Secret)
	if !ok {
		return room.Identity{}, denied(reasonUnknown)
	}
	if isEdge(secret) {
		return g.recogniseEdge(ctx, secret, now)
	}
	hash := hashSecret(g.cfg.Pepper, form, secret)
	all, err := g.cfg.Store.CredentialsByHash(ctx, hash)
	if err != nil {
		return room.Identity{}, unavailable("look up the credential", err)
	}
	var best *room.Credential
	for _, c := range all {
		if !hmac.Equal(c.Hash, hash) || c.Form != form {
			continue
		}
		if best == nil || g.standing(*best, now) != "" && g.standing(c, now) == "" {
			best = &c
		}
	}
	if best == nil {
		return room.Identity{}, denied(reasonUnknown)
	}
	why := g.standing(*best, now)
	if why == reasonUsed {
		again, err := g.mayReenter(ctx, *best, now)
		if err != nil {
			return room.Identity{}, err
		}
		if again {
			why = ""
		}
	}
	if why != "" {
		return room.Identity{}, denied(why)
	}
	return g.holder(ctx, *best, now)
}

// standing is why c is not valid now, or empty.
func (g *Gate) standing(c room.Credential, now time.Time) string {
	local := now.In(g.cfg.Zone)
	switch {
	case !c.Revoked.IsZero():
		return reasonRevoked
	case !c.Used.IsZero():
		return reasonUsed
	case !c.ValidTo.IsZero() && !now.Before(c.ValidTo):
		return reasonExpired
	case now.Before(c.ValidFrom):
		return reasonNotYet
	case len(c.Hours) > 0 && !slices.ContainsFunc(c.Hours, func(h room.Hours) bool { return h.Contain(local) }):
		return reasonHours
	}
	return ""
}

// reentryGrace is how long after a resident's visit they may come in again with
// what was used up by it: keys are forgotten on shelves.
const reentryGrace = 15 * time.Minute

// mayReenter reports whether c, which is used up, still belongs to a visit that
// is open or, but for a pass, ended a moment ago: it opened that visit, or was used
// up in it, as the PIN is of what a QR code has fetched.
func (g *Gate) mayReenter(ctx context.Context, c room.Credential, now time.Time) (bool, error) {
	v, ok, err := g.lastVisit(ctx, c.Holder)
	if err != nil || !ok || v.Credential != c.ID && !usedUpIn(v, c) {
		return false, err
	}
	return v.Ended.IsZero() || c.Kind == room.CredentialPickup && justLeft(v, now), nil
}

// usedUpIn reports whether c is a pickup's whose packages were taken in v, the last
// visit.
func usedUpIn(v room.Visit, c room.Credential) bool {
	return c.Kind == room.CredentialPickup && !c.Used.Before(v.Started)
}

func (g *Gate) lastVisit(ctx context.Context, resident string) (room.Visit, bool, error) {
	last, err := g.cfg.Store.Visits(ctx, room.VisitFilter{Kind: room.VisitResident, Holder: resident, Limit: 1})
	if err != nil {
		return room.Visit{}, false, unavailable("look up the last visit", err)
	}
	if len(last) == 0 {
		return room.Visit{}, false, nil
	}
	return last[0], true, nil
}

// justLeft reports whether v's people were in the room a moment ago. A visit that
// ended in the future is none: the clock was set back since.
func justLeft(v room.Visit, now time.Time) bool {
	ago := now.Sub(v.Ended)
	return !v.Entered.IsZero() && !v.Ended.IsZero() && ago >= 0 && ago < reentryGrace
}

// holder says who c belongs to, where that person may come in.
func (g *Gate) holder(ctx context.Context, c room.Credential, now time.Time) (room.Identity, error) {
	who := room.Identity{Holder: c.Holder, Credential: c.ID}
	switch c.Kind {
	case room.CredentialPickup, room.CredentialStanding, room.CredentialPass:
		if err := g.resident(ctx, &who); err != nil {
			return who, err
		}
		if err := g.somethingHere(ctx, c.Holder, now); err != nil {
			return who, err
		}
		if c.Kind == room.CredentialPass {
			who.Name, who.Once = cmp.Or(c.Label, who.Name), c.ID
		}
	case room.CredentialCourier:
		return who, g.courier(ctx, &who)
	case room.CredentialStaff:
		ms, err := g.cfg.Store.Managers(ctx)
		if err != nil {
			return who, unavailable("look up staff", err)
		}
		who.Kind, who.Name = room.VisitStaff, c.Holder
		for _, m := range ms {
			if m.ID == c.Holder || m.Email == c.Holder {
				who.Name = m.Name
			}
		}
	default:
		return who, denied(reasonUnknown)
	}
	return who, nil
}

// resident fills in who holds a resident's credential, if they live here.
func (g *Gate) resident(ctx context.Context, who *room.Identity) error {
	r, err := g.cfg.Store.Resident(ctx, who.Holder)
	if err != nil {
		return holderError("resident", err)
	}
	if !r.Receives() {
		return denied(reasonInactive)
	}
	who.Kind, who.Name, who.Unit, who.Language = room.VisitResident, r.Name(), r.Unit, r.Language
	return nil
}

// somethingHere is nil where a package waits for the resident, or they have just
// left.
func (g *Gate) somethingHere(ctx context.Context, resident string, now time.Time) error {
	n, err := g.cfg.Store.PackagesHere(ctx, resident)
	if err != nil {
		return unavailable("count packages", err)
	}
	if n > 0 {
		return nil
	}
	v, ok, err := g.lastVisit(ctx, resident)
	if err != nil {
		return err
	}
	if ok && (justLeft(v, now) || v.Phase == room.VisitInside) {
		return nil
	}
	return denied(reasonNothingHere)
}

// courier fills in who holds a courier's credential, unless switched off.
func (g *Gate) courier(ctx context.Context, who *room.Identity) error {
	c, err := g.cfg.Store.Courier(ctx, who.Holder)
	if err != nil {
		return holderError("courier", err)
	}
	if !c.Active {
		return denied(reasonInactive)
	}
	who.Kind, who.Name, who.Carrier = room.VisitCourier, c.Name, c.Carrier
	return nil
}

// holderError is a denial where the holder is gone from the books.
func holderError(what string, err error) error {
	if errors.Is(err, room.ErrNotFound) {
		return denied(reasonInactive)
	}
	return unavailable("look up the "+what, err)
}

func unavailable(what string, err error) error {
	if errors.Is(err, room.ErrUnavailable) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, room.ErrUnavailable, err)
}

package access

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/packroom/packroom/room"
)

// issuedFor is how long a secret that was made counts as in use without being
// found in the store: its commit may still be on the way.
const issuedFor = 10 * time.Minute

// Issue implements room.Authority: one credential a form, PIN and QR. The clear
// text is in the answer and nowhere else. It asks the store whether a PIN is in
// use, and fails with room.ErrUnavailable where that cannot be asked. A PIN that
// was ever known here is not given again while the store remembers it.
func (g *Gate) Issue(kind room.CredentialKind, holder string, forms []room.CredentialForm, validTo time.Time) ([]room.Credential, room.Secret, error) {
	now := g.cfg.Now().UTC()
	if err := checkNew(kind, holder); err != nil {
		return nil, room.Secret{}, err
	}
	if len(forms) == 0 {
		return nil, room.Secret{}, fmt.Errorf("issue credential: no form: %w", room.ErrInvalid)
	}
	if !validTo.IsZero() && !validTo.After(now) {
		return nil, room.Secret{}, fmt.Errorf("issue credential until %s: %w", validTo.UTC().Format(time.RFC3339), room.Refuse(room.ErrInvalid, "date_over", "that date is over"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	var all []room.Credential
	var clear room.Secret
	for _, form := range forms {
		unit := ""
		if form == room.FormUnitPIN {
			var err error
			if form, unit, err = g.locate(ctx, kind, holder); err != nil {
				return nil, room.Secret{}, err
			}
		}
		secret, hash, err := g.unusedSecret(ctx, kind, form, unit, now)
		if err != nil {
			return nil, room.Secret{}, err
		}
		c := newCredential(kind, holder, form, hash, now)
		c.ValidTo = validTo
		all = append(all, c)
		if form == room.FormQR {
			clear.QR = secret
		} else {
			clear.PIN, clear.Unit = secret, unit
		}
	}
	return all, clear, nil
}

// locate gives the unit that a resident types before their PIN. Who has none that
// can be typed gets a PIN that is enough by itself.
func (g *Gate) locate(ctx context.Context, kind room.CredentialKind, holder string) (room.CredentialForm, string, error) {
	if kind != room.CredentialPickup {
		return "", "", fmt.Errorf("issue credential: a unit goes with a pickup's PIN only: %w", room.ErrInvalid)
	}
	r, err := g.cfg.Store.Resident(ctx, holder)
	if err != nil && !errors.Is(err, room.ErrNotFound) {
		return "", "", unavailable("issue credential", err)
	}
	if foldUnit(r.Unit) == "" {
		return room.FormPIN, "", nil
	}
	return room.FormUnitPIN, r.Unit, nil
}

// drawsMax is how many PINs are drawn before the space counts as full. With
// half of it in use, all would be taken once in 2^200.
const drawsMax = 200

func (g *Gate) unusedSecret(ctx context.Context, kind room.CredentialKind, form room.CredentialForm, unit string, now time.Time) (secret string, hash []byte, err error) {
	for range drawsMax {
		switch form {
		case room.FormPIN:
			secret = randomPIN(pinDigits(kind))
		case room.FormUnitPIN:
			secret = randomPIN(unitDigits)
		case room.FormQR:
			secret = randomQR()
		default:
			return "", nil, fmt.Errorf("issue credential: a %s cannot be made, only enrolled: %w", form, room.ErrInvalid)
		}
		_, text, _ := normalize(form, unit, secret)
		hash = hashSecret(g.cfg.Pepper, form, text)
		known, err := g.cfg.Store.CredentialsByHash(ctx, hash)
		if err != nil {
			return "", nil, unavailable("issue credential", err)
		}
		if len(known) == 0 && g.reserve(hash, now) {
			return secret, hash, nil
		}
	}
	return "", nil, fmt.Errorf("issue credential: %w", room.Refuse(room.ErrConflict, "no_free_pin", "no free PIN was found"))
}

// reserve takes a hash for issuedFor; false where it is taken.
func (g *Gate) reserve(hash []byte, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for h, at := range g.issued {
		if age := now.Sub(at); age > issuedFor || age < -issuedFor {
			delete(g.issued, h)
		}
	}
	if _, taken := g.issued[string(hash)]; taken {
		return false
	}
	g.issued[string(hash)] = now
	return true
}

// Enroll implements room.Authority. A PIN must have the digits of its kind or
// more and not be weak; a card number 6 to 32 digits, decimal or hexadecimal; a
// QR code cannot be chosen.
func (g *Gate) Enroll(ctx context.Context, kind room.CredentialKind, holder string, form room.CredentialForm, secret string) (room.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	now := g.cfg.Now().UTC()
	if err := checkNew(kind, holder); err != nil {
		return room.Credential{}, err
	}
	is, text, ok := normalize(form, "", secret)
	switch {
	case is == room.FormQR || is == room.FormUnitPIN:
		return room.Credential{}, fmt.Errorf("enroll credential: a %s is made, not chosen: %w", is, room.ErrInvalid)
	case !ok && form == room.FormCard:
		return room.Credential{}, fmt.Errorf("enroll credential: %w", room.Refuse(room.ErrInvalid, "card_number", "a card number has 6 to 32 digits, decimal or hexadecimal"))
	case !ok || form == room.FormPIN && len(text) < pinDigits(kind):
		return room.Credential{}, fmt.Errorf("enroll credential: %w", room.Refuse(room.ErrInvalid, "pin_digits",
			"a PIN of this kind has {least} to {most} digits", "least", strconv.Itoa(pinDigits(kind)), "most", strconv.Itoa(maxDigits)))
	case form == room.FormPIN && WeakPIN(text):
		return room.Credential{}, fmt.Errorf("enroll credential: %w", room.Refuse(room.ErrInvalid, "pin_weak", "this PIN is too easy to guess"))
	}
	hash := hashSecret(g.cfg.Pepper, form, text)
	known, err := g.cfg.Store.CredentialsByHash(ctx, hash)
	if err != nil {
		return room.Credential{}, unavailable("enroll credential", err)
	}
	for _, c := range known {
		if c.Revoked.IsZero() && c.Used.IsZero() { // one that has only expired still holds it: a clock may be wrong
			return room.Credential{}, inUse()
		}
	}
	if !g.reserve(hash, now) {
		return room.Credential{}, inUse()
	}
	return newCredential(kind, holder, form, hash, now), nil
}

// Withdraw implements room.Authority.
func (g *Gate) Withdraw(made []room.Credential) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range made {
		delete(g.issued, string(c.Hash))
	}
}

func inUse() error {
	return fmt.Errorf("enroll credential: %w", room.Refuse(room.ErrConflict, "credential_in_use", "it is in use; revoke it there first"))
}

func checkNew(kind room.CredentialKind, holder string) error {
	if pinDigits(kind) == 0 {
		return fmt.Errorf("new credential: kind %q: %w", kind, room.ErrInvalid)
	}
	if holder == "" {
		return fmt.Errorf("new credential: no holder: %w", room.ErrInvalid)
	}
	return nil
}

func newCredential(kind room.CredentialKind, holder string, form room.CredentialForm, hash []byte, now time.Time) room.Credential {
	// ValidFrom stays zero: with the time of making, a clock that is set back
	// would turn a good code into one that is not valid yet.
	return room.Credential{ID: room.NewID(), Kind: kind, Form: form, Holder: holder, Hash: hash, Created: now}
}

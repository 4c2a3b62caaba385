package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/packroom/packroom/room"
)

func TestIssueMakesWhatItsKindNeeds(t *testing.T) {
	for kind, digits := range map[room.CredentialKind]int{room.CredentialPickup: 8, room.CredentialCourier: 6, room.CredentialStaff: 8} {
		m, c := newMemory(), newClock()
		g := newGate(t, m, c)
		end := c.now().Add(time.Hour)
		cs, s, err := g.Issue(kind, "h", []room.CredentialForm{room.FormPIN, room.FormQR}, end)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.PIN) != digits || WeakPIN(s.PIN) || strings.Trim(s.PIN, "0123456789") != "" {
			t.Errorf("%s: PIN %q", kind, s.PIN)
		}
		if !strings.HasPrefix(s.QR, QRPrefix) || len(s.QR) != len(QRPrefix)+26 {
			t.Errorf("%s: QR %q", kind, s.QR)
		}
		if len(cs) != 2 || cs[0].Form != room.FormPIN || cs[1].Form != room.FormQR {
			t.Fatalf("%s: %+v", kind, cs)
		}
		for _, c := range cs {
			if c.ID == "" || c.Holder != "h" || c.Kind != kind || !c.ValidTo.Equal(end) || len(c.Hash) != 32 {
				t.Errorf("%s: %+v", kind, c)
			}
			if strings.Contains(fmt.Sprintf("%s", c.Hash), s.PIN) {
				t.Errorf("%s: the clear text is kept", kind)
			}
		}
	}
}

func TestIssueRefusesWhatCannotBe(t *testing.T) {
	g := newGate(t, newMemory(), newClock())
	pinOnly := []room.CredentialForm{room.FormPIN}
	for name, err := range map[string]error{
		"unknown kind": second(g.Issue("ghost", "h", pinOnly, time.Time{})),
		"no holder":    second(g.Issue(room.CredentialPickup, "", pinOnly, time.Time{})),
		"no form":      second(g.Issue(room.CredentialPickup, "h", nil, time.Time{})),
		"a card":       second(g.Issue(room.CredentialPickup, "h", []room.CredentialForm{room.FormCard}, time.Time{})),
		"ended":        second(g.Issue(room.CredentialPickup, "h", pinOnly, newClock().now())),
	} {
		if !errors.Is(err, room.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ []room.Credential, _ room.Secret, err error) error { return err }

func TestEnroll(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	taken, err := g.Enroll(t.Context(), room.CredentialStaff, "m1", room.FormPIN, "7302 9461")
	if err != nil {
		t.Fatal(err)
	}
	m.add(taken)
	ended, err := g.Enroll(t.Context(), room.CredentialCourier, "c1", room.FormCard, "0A0B0C0D")
	if err != nil {
		t.Fatal(err)
	}
	ended.Revoked = c.now()
	expired, err := g.Enroll(t.Context(), room.CredentialCourier, "c1", room.FormCard, "0E0E0E0E")
	if err != nil {
		t.Fatal(err)
	}
	expired.ValidTo = c.now()
	m.add(ended, expired)
	c.add(issuedFor + time.Second)
	g = newGate(t, m, c)
	for name, tt := range map[string]struct {
		kind   room.CredentialKind
		form   room.CredentialForm
		secret string
		want   error
	}{
		"a PIN in use":                  {room.CredentialCourier, room.FormPIN, "73029461", room.ErrConflict},
		"a card that has only expired":  {room.CredentialCourier, room.FormCard, "0E0E0E0E", room.ErrConflict},
		"a run":                         {room.CredentialStaff, room.FormPIN, "12345678", room.ErrInvalid},
		"one digit":                     {room.CredentialStaff, room.FormPIN, "77777777", room.ErrInvalid},
		"a birthday":                    {room.CredentialStaff, room.FormPIN, "19840612", room.ErrInvalid},
		"too short for its kind":        {room.CredentialStaff, room.FormPIN, "730294", room.ErrInvalid},
		"letters":                       {room.CredentialStaff, room.FormPIN, "73o29461", room.ErrInvalid},
		"a card of three bytes at most": {room.CredentialCourier, room.FormCard, "0A:0B", room.ErrInvalid},
		"a chosen QR":                   {room.CredentialCourier, room.FormQR, "PR1:ABC", room.ErrInvalid},
		"a QR as a card":                {room.CredentialCourier, room.FormCard, "PR1:ABC", room.ErrInvalid},
		"a longer PIN":                  {room.CredentialCourier, room.FormPIN, "8305917", nil},
		"a card that was given back":    {room.CredentialCourier, room.FormCard, "0a-0b-0c-0d", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := g.Enroll(t.Context(), tt.kind, "h", tt.form, tt.secret)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWeakPIN(t *testing.T) {
	for _, weak := range []string{"11111111", "12345678", "87654321", "23456789", "78901234", "12341234", "12121212",
		"13579135", "00000012", "112211", "123456", "654321", "123123", "19991231", "12311999", "31121999", "12345699", "90123456", "999999", "020202"} {
		if !WeakPIN(weak) {
			t.Errorf("%s passes", weak)
		}
	}
	for _, good := range []string{"73029461", "804317", "19384756", "50293847"} {
		if WeakPIN(good) {
			t.Errorf("%s refused", good)
		}
	}
}

// What is refused must not make the rest guessable: under 4 % of all PINs.
func TestFewPINsAreWeak(t *testing.T) {
	for _, digits := range []int{6, 8} {
		const tries = 200_000
		weak := 0
		for i := range tries {
			n := i
			if digits == 8 {
				n = i * 500
			} else {
				n = i * 5
			}
			if WeakPIN(fmt.Sprintf("%0*d", digits, n)) {
				weak++
			}
		}
		if share := float64(weak) / tries; share > 0.04 {
			t.Errorf("%d digits: %.1f %% are weak", digits, share*100)
		}
	}
}

func TestRandomPINsUseEveryDigitEverywhere(t *testing.T) {
	const n = 20_000
	var seen [8][10]int
	for range n {
		for i, d := range randomPIN(8) {
			seen[i][d-'0']++
		}
	}
	for i := range seen {
		for d, count := range seen[i] {
			if count < n/10*85/100 || count > n/10*115/100 { // 6.7 standard deviations
				t.Errorf("digit %d at place %d: %d times of %d", d, i, count, n)
			}
		}
	}
}

// crowded says of every PIN but the free ones that it is in use.
type crowded struct {
	*memory
	free map[string]bool // by hash
}

func (s *crowded) CredentialsByHash(_ context.Context, hash []byte) ([]room.Credential, error) {
	if s.free[string(hash)] {
		return nil, nil
	}
	return []room.Credential{{Hash: hash, Form: room.FormPIN}}, nil
}

func TestIssueNeverGivesAPINInUse(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, c := newMemory(), newClock()
		g := newGate(t, m, c)
		seen := map[string]bool{}
		kinds := rapid.SampledFrom([]room.CredentialKind{room.CredentialPickup, room.CredentialCourier, room.CredentialStaff})
		for i := range rapid.IntRange(1, 60).Draw(rt, "n") {
			cs, s, err := g.Issue(kinds.Draw(rt, "kind"), fmt.Sprint(i), []room.CredentialForm{room.FormPIN, room.FormQR}, time.Time{})
			if err != nil {
				rt.Fatal(err)
			}
			for _, secret := range []string{s.PIN, s.QR} {
				if seen[secret] {
					rt.Fatalf("%s was given twice", secret)
				}
				seen[secret] = true
			}
			if rapid.Bool().Draw(rt, "committed") {
				m.add(cs...)
			}
			if _, err := g.Enroll(t.Context(), room.CredentialCourier, "x", room.FormPIN, s.PIN); !errors.Is(err, room.ErrConflict) && !(errors.Is(err, room.ErrInvalid) && len(s.PIN) < courierDigits) {
				rt.Fatalf("%s could be enrolled again: %v", s.PIN, err)
			}
		}
	})
}

func TestIssueFindsTheFreePINsOfACrowdedBuilding(t *testing.T) {
	c := newClock()
	s := &crowded{memory: newMemory(), free: map[string]bool{}}
	const all, every = 1_000_000, 20
	for n := 7; n < all; n += every {
		s.free[string(hashSecret(pepper, room.FormPIN, fmt.Sprintf("%06d", n)))] = true
	}
	taken := all - all/every
	g := newGate(t, s, c)
	for range 50 {
		cs, _, err := g.Issue(room.CredentialCourier, "c", []room.CredentialForm{room.FormPIN}, time.Time{})
		if err != nil {
			t.Fatalf("with %d PINs taken: %v", taken, err)
		}
		if !s.free[string(cs[0].Hash)] {
			t.Fatal("a PIN in use was given")
		}
	}
}

func TestIssueTwiceAtOnceGivesTwoPINs(t *testing.T) {
	g := newGate(t, newMemory(), newClock())
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				_, s, err := g.Issue(room.CredentialCourier, "c", []room.CredentialForm{room.FormPIN}, time.Time{})
				mu.Lock()
				if err != nil || seen[s.PIN] {
					t.Errorf("%s: %v", s.PIN, err)
				}
				seen[s.PIN] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

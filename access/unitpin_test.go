package access

import (
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// unitPIN is what r1, of unit 4B, is sent where residents type their unit first.
func unitPIN(t *testing.T) (g *Gate, m *memory, c *clock, secret room.Secret) {
	t.Helper()
	m, c = newMemory(), newClock()
	g = newGate(t, m, c)
	people(t, g, m)
	cs, secret, err := g.Issue(room.CredentialPickup, "r1", []room.CredentialForm{room.FormUnitPIN, room.FormQR}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(secret.PIN) != 6 || secret.Unit != m.residents["r1"].Unit || secret.QR == "" || len(cs) != 2 || cs[0].Form != room.FormUnitPIN {
		t.Fatalf("got %+v and %+v", secret, cs)
	}
	m.add(cs...)
	return g, m, c, secret
}

func TestAUnitsPINOpensWithItsUnitOnly(t *testing.T) {
	g, m, c, s := unitPIN(t)
	attempt := func(form room.CredentialForm, unit, secret string) string {
		who, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: form, Unit: unit, Secret: secret})
		c.add(time.Hour) // wrong tries are not what this is about
		if err == nil && who.Holder != "r1" {
			t.Errorf("%q %q is %+v", unit, secret, who)
		}
		return reason(err)
	}
	unit := m.residents["r1"].Unit
	for _, typed := range []string{unit, " " + unit + " ", "Apt. " + unit, "#" + unit, "0" + unit} {
		if why := attempt(room.FormUnitPIN, typed, s.PIN[:3]+" "+s.PIN[3:]); why != "" {
			t.Errorf("%q: %s", typed, why)
		}
	}
	for _, typed := range []string{"", "Apt", "9Z", unit + "1"} {
		if why := attempt(room.FormUnitPIN, typed, s.PIN); why != "unknown" {
			t.Errorf("%q: %q, want unknown", typed, why)
		}
	}
	if why := attempt(room.FormPIN, "", s.PIN); why != "unknown" {
		t.Errorf("without its unit: %q", why)
	}
	if why := attempt(room.FormUnitPIN, unit, s.QR); why != "" {
		t.Errorf("its QR code, scanned where a PIN is typed: %s", why)
	}
}

func TestAPINThatNeedsNoUnitMayFollowOne(t *testing.T) {
	g, m, _, _ := unitPIN(t)
	cs, s, err := g.Issue(room.CredentialStanding, "r1", []room.CredentialForm{room.FormPIN}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	m.add(cs...)
	if _, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormUnitPIN, Unit: "4B", Secret: s.PIN}); err != nil {
		t.Error(err)
	}
}

func TestGuessingWithAUnitIsThrottledTheSame(t *testing.T) {
	g, m, _, s := unitPIN(t)
	unit := m.residents["r1"].Unit
	for i, wrong := range []string{"918273", "928374", "938475", "948576", "958677"} {
		if wrong == s.PIN {
			wrong = "968778"
		}
		_, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormUnitPIN, Unit: unit, Secret: wrong})
		if reason(err) != "unknown" {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	right := room.Attempt{Kiosk: "K1", Form: room.FormUnitPIN, Unit: unit, Secret: s.PIN}
	if _, err := g.Identify(t.Context(), right); reason(err) != "throttled" {
		t.Errorf("the right one after five wrong: %v", err)
	}
	if _, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K1", Form: room.FormQR, Secret: s.QR}); reason(err) != "throttled" {
		t.Errorf("another form after five wrong: %v", err)
	}
}

func TestTheSamePINInTwoUnitsIsTwoSecrets(t *testing.T) {
	hash := func(unit, pin string) string {
		_, text, ok := normalize(room.FormUnitPIN, unit, pin)
		if !ok {
			t.Fatalf("%q %q is refused", unit, pin)
		}
		return string(hashSecret(make([]byte, 32), room.FormUnitPIN, text))
	}
	if hash("4B", "482915") == hash("4C", "482915") {
		t.Error("another unit's resident comes in")
	}
	if hash("Apt 4-b", "482 915") != hash("04B", "482915") {
		t.Error("one unit is written in two ways")
	}
}

func TestAUnitThatCannotBeTypedGetsALongPIN(t *testing.T) {
	g, m, _, _ := unitPIN(t)
	m.residents["r9"] = room.Resident{ID: "r9", LastName: "Moss", Unit: "—", Status: room.ResidentCurrent}
	for _, holder := range []string{"r9", "nobody"} {
		cs, s, err := g.Issue(room.CredentialPickup, holder, []room.CredentialForm{room.FormUnitPIN}, time.Time{})
		if err != nil || len(s.PIN) != 8 || s.Unit != "" || cs[0].Form != room.FormPIN {
			t.Errorf("%s: %+v, %+v, %v", holder, s, cs, err)
		}
	}
}

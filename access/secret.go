package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/packroom/packroom/room"
)

// QRPrefix begins the text of every QR credential, so that what a scanner types
// is recognised for what it is. Text and prefix use QR's alphanumeric set, which
// keeps the code small.
const QRPrefix = "PR1:"

// Lengths of PINs in digits. Residents' and staff's are long because they open
// the door without anybody asking further; couriers type theirs all day.
const (
	pickupDigits  = 8
	unitDigits    = 6 // after a unit, which makes up for the other two
	courierDigits = 6
	staffDigits   = 8
	maxDigits     = 12
	maxSecret     = 512 // of anything shown; a signed code is the longest
)

// pinDigits is the number of digits of a PIN made for that kind, and the least
// of a chosen one. 0 for an unknown kind.
func pinDigits(k room.CredentialKind) int {
	switch k {
	case room.CredentialPickup, room.CredentialStanding, room.CredentialPass:
		return pickupDigits
	case room.CredentialCourier:
		return courierDigits
	case room.CredentialStaff:
		return staffDigits
	}
	return 0
}

// randomPIN draws uniformly among the PINs of n digits that are not weak.
func randomPIN(n int) string {
	bound := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	for {
		v, err := rand.Int(rand.Reader, bound)
		if err != nil { // the system's randomness is gone: nothing sensible can follow
			panic(fmt.Sprintf("access: random PIN: %v", err))
		}
		if pin := fmt.Sprintf("%0*d", n, v); !WeakPIN(pin) {
			return pin
		}
	}
}

// randomQR is QRPrefix and 128 random bits.
func randomQR() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return QRPrefix + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
}

// WeakPIN reports whether pin is among those that people try first: fewer than
// three different digits, one block repeated (12341234), steps of one size
// (12345678, 86420864), a run up or down through all digits but two, or a date
// (19840612, 12061984, 06121984).
func WeakPIN(pin string) bool {
	var different uint16 // a bit a digit
	for _, d := range pin {
		different |= 1 << ((d - '0') & 15)
	}
	return bits.OnesCount16(different) < 3 || repeats(pin) || longestRun(pin) >= max(4, len(pin)-2) || isDate(pin)
}

func repeats(pin string) bool {
	for n := 1; n <= len(pin)/2; n++ {
		if len(pin)%n == 0 && strings.Repeat(pin[:n], len(pin)/n) == pin {
			return true
		}
	}
	return false
}

// longestRun is the most digits in a row that follow each other by one same
// step, modulo ten.
func longestRun(pin string) int {
	longest, run, last := 1, 1, -1
	for i := 1; i < len(pin); i++ {
		step := (int(pin[i]) - int(pin[i-1]) + 10) % 10
		if step == last {
			run++
		} else {
			run, last = 2, step
		}
		longest = max(longest, run)
	}
	return longest
}

func isDate(pin string) bool {
	if len(pin) != 8 {
		return false
	}
	for _, layout := range []string{"20060102", "01022006", "02012006"} {
		if t, err := time.Parse(layout, pin); err == nil && t.Year() >= 1900 && t.Year() < 2100 {
			return true
		}
	}
	return false
}

// normalize brings what was typed, scanned or read into the one shape that is
// hashed, and says which form it really is: a scanner's read with QRPrefix is a
// QR code wherever it was typed, and a PIN that is too long for a unit's stands
// for itself. ok is false where it cannot be a credential of that form at all.
func normalize(form room.CredentialForm, unit, secret string) (f room.CredentialForm, s string, ok bool) {
	if len(secret) > maxSecret || len(unit) > maxSecret {
		return form, "", false
	}
	text := strings.ToUpper(strings.TrimSpace(secret))
	if strings.HasPrefix(text, QRPrefix) || isEdge(text) {
		return room.FormQR, text, true
	}
	switch form {
	case room.FormUnitPIN:
		if text = without(text, " -."); len(text) != unitDigits {
			return normalize(room.FormPIN, "", text)
		}
		unit = foldUnit(unit)
		return form, unit + "/" + text, unit != "" && only(text, "0123456789")
	case room.FormPIN:
		text = without(text, " -.")
		return form, text, len(text) >= 4 && len(text) <= maxDigits && only(text, "0123456789")
	case room.FormCard:
		// Readers that type put sentinels (";", "%", "?") around the number and
		// colons or dashes between its bytes.
		text = without(text, " -:.;%?+=")
		return form, text, len(text) >= 6 && len(text) <= 32 && only(text, "0123456789ABCDEF")
	}
	return form, text, false // a QR code of somebody else's
}

func without(s, chars string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(chars, r) {
			return -1
		}
		return r
	}, s)
}

// unitWords stand before the number on doors and in addresses.
var unitWords = []string{"APARTMENT", "APT", "UNIT", "SUITE", "STE", "NO", "APARTAMENTO", "APTO", "DEPARTAMENTO", "DEPTO", "PISO"}

// foldUnit makes "Apt. 04-b" and "4B" the same: letters and digits count, the
// words and zeros before them do not. Empty where nothing is left.
func foldUnit(unit string) string {
	words := strings.FieldsFunc(strings.ToUpper(unit), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for len(words) > 1 && slices.Contains(unitWords, words[0]) {
		words = words[1:]
	}
	return strings.TrimLeft(strings.Join(words, ""), "0")
}

func only(s, chars string) bool { return strings.Trim(s, chars) == "" }

// hashSecret is what is kept of a normalized secret.
func hashSecret(pepper []byte, form room.CredentialForm, normalized string) []byte {
	m := hmac.New(sha256.New, pepper)
	m.Write([]byte("credential\n" + string(form) + "\n" + normalized))
	return m.Sum(nil)
}

package ocr

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// special are letters that do not come apart into a base letter and a mark.
var special = strings.NewReplacer("ß", "SS", "ẞ", "SS", "æ", "AE", "Æ", "AE", "œ", "OE", "Œ", "OE", "ø", "O", "Ø", "O",
	"ł", "L", "Ł", "L", "đ", "D", "Đ", "D", "ð", "D", "Ð", "D", "þ", "TH", "Þ", "TH", "ı", "I", "’", "'", "‘", "'", "`", "'")

// fold makes s capitals without diacritics. Other characters stay.
func fold(s string) string {
	s = norm.NFD.String(special.Replace(s))
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, s)
}

// words splits folded text into runs of letters and digits; an apostrophe or a
// hyphen inside a word joins ("O'BRIEN" is OBRIEN, "SOO-AH" is SOOAH).
func words(s string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	rs := []rune(fold(s))
	for i, r := range rs {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case (r == '\'' || r == '-') && i > 0 && i+1 < len(rs) && unicode.IsLetter(rs[i-1]) && unicode.IsLetter(rs[i+1]):
		default:
			flush()
		}
	}
	flush()
	return out
}

// normUnit is a unit as compared: capitals and digits, without hyphens, signs
// and leading zeros.
func normUnit(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, fold(s))
	return strings.TrimLeft(s, "0")
}

package notify

import (
	"strings"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// The GSM 7-bit default alphabet and its extension (3GPP TS 23.038, 6.2.1). A
// text in them has 160 characters, or 153 a segment; in UCS-2 70, or 67.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "^{}\\[~]|€"
)

var plainPunctuation = strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`, "–", "-", "—", "-", "…", "...", "•", "*", "\u00a0", " ")

// toGSM writes s in the GSM alphabet where only accents and typographic marks
// stand in the way ("está" becomes "esta"): a third of the price. Text in
// another script is left as it is.
func toGSM(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(plainPunctuation.Replace(s)) {
		switch {
		case strings.ContainsRune(gsmBasic, r), strings.ContainsRune(gsmExtension, r):
			b.WriteRune(r)
		default:
			base := []rune(norm.NFD.String(string(r)))[0]
			if !strings.ContainsRune(gsmBasic, base) {
				return s
			}
			b.WriteRune(base)
		}
	}
	return b.String()
}

// segments is how many parts a text message is sent in.
func segments(s string) int {
	septets, gsm := 0, true
	for _, r := range s {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			septets++
		case strings.ContainsRune(gsmExtension, r):
			septets += 2
		default:
			gsm = false
		}
	}
	if gsm {
		return parts(septets, 160, 153)
	}
	return parts(len(utf16.Encode([]rune(s))), 70, 67)
}

func parts(n, single, several int) int {
	if n <= single {
		return 1
	}
	return (n + several - 1) / several
}

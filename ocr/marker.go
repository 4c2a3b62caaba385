package ocr

import "strings"

// senderWords and recipientWords are the long words among the marks of sender and
// recipient, which are known even where a letter was misread. What is the
// sender's must never pass for the recipient's.
var (
	senderWords = strings.Fields(`SHIPPER SENDER REMITENTE EXPEDITEUR EXPEDITOR ABSENDER AVSENDER AVSANDARE NADAWCA GONDEREN
		ODESILATEL AFZENDER MITTENTE LAHETTAJA`)
	recipientWords = strings.Fields(`RECIPIENT CONSIGNEE DESTINATARIO DESTINATAIRE EMPFANGER MOTTAGARE MOTTAKER ODBIORCA MODTAGER
		GEADRESSEERDE PRIJEMCE VASTAANOTTAJA`)
)

// misread is the beginning of a line that is one of words but for a letter or two;
// empty where it is none. A line that goes on right after the word without a
// space or a colon is something else.
func misread(text string, words []string) string {
	const perLetter, more = 0.14, 0.1
	end := strings.IndexFunc(text, func(r rune) bool { return r == ' ' || r == ':' })
	if end < 0 {
		end = len(text)
	}
	word := text[:end]
	for _, w := range words {
		limit := perLetter*float64(len(w)) + more
		if len(word) >= 6 && distance(word, w, limit) <= limit {
			return text[:end+len(text[end:])-len(strings.TrimLeft(text[end:], " :;."))]
		}
	}
	return ""
}

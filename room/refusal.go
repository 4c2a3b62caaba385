package room

import "strings"

// Refusal is an error that the person before a page must know of: they change
// something, or it is not possible now. Its code names the text that the pages
// have in each language, "error.CODE" in web/ui/src/locale.
type Refusal struct {
	Kind   error             // ErrInvalid, ErrConflict, ...
	Code   string            // card_in_use
	Values map[string]string // fill the text's blanks, by name
	Text   string            // the text in English, filled
}

// Refuse makes a Refusal. text has its blanks as {name}; values are names and
// values in turn.
func Refuse(kind error, code, text string, values ...string) error {
	r := &Refusal{Kind: kind, Code: code}
	r.Text, r.Values = fill(text, values)
	return r
}

// Error implements error.
func (r *Refusal) Error() string { return r.Kind.Error() + ": " + r.Text }

// Unwrap makes errors.Is find the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// fill puts values, names and values in turn, into the blanks of a text.
func fill(text string, values []string) (filled string, byName map[string]string) {
	if len(values) == 0 {
		return text, nil
	}
	byName = map[string]string{}
	var pairs []string
	for i := 0; i+1 < len(values); i += 2 {
		byName[values[i]] = values[i+1]
		pairs = append(pairs, "{"+values[i]+"}", values[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text), byName
}

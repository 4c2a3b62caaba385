package ocr

import (
	"strings"

	"github.com/packroom/packroom/room"
)

// suffixes are the usual abbreviations of streets and directions.
var suffixes = map[string]string{
	"ST": "STREET", "AVE": "AVENUE", "AV": "AVENUE", "RD": "ROAD", "DR": "DRIVE", "LN": "LANE", "BLVD": "BOULEVARD",
	"CT": "COURT", "PL": "PLACE", "PKWY": "PARKWAY", "HWY": "HIGHWAY", "TER": "TERRACE", "CIR": "CIRCLE", "SQ": "SQUARE",
	"N": "NORTH", "S": "SOUTH", "E": "EAST", "W": "WEST", "NE": "NORTHEAST", "NW": "NORTHWEST", "SE": "SOUTHEAST", "SW": "SOUTHWEST",
	"WY": "WAY", "TRL": "TRAIL", "ALY": "ALLEY",
}

// ordinals are numbered streets in words.
var ordinals = map[string]string{"FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH",
	"SEVENTH": "7TH", "EIGHTH": "8TH", "NINTH": "9TH", "TENTH": "10TH"}

// streetWord is a word of a street's name as it is compared: written out,
// numbered streets in figures.
func streetWord(w string) string {
	if long := suffixes[w]; long != "" {
		return long
	}
	if n := ordinals[w]; n != "" {
		return n
	}
	return w
}

// streetName is the words of a street's name in one.
func streetName(ws []string) string {
	var b strings.Builder
	for _, w := range ws {
		b.WriteString(streetWord(w))
	}
	return b.String()
}

// figures are the digits in a street's name: those of a numbered street are its
// name, and one wrong is another street.
func figures(name string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, name)
}

// own0 is the property's house number.
func own0(property room.Property) string {
	if ws := words(property.Street); len(ws) > 0 {
		return ws[0]
	}
	return ""
}

// ownStreet is the name of the property's street without what streets are called
// ("AVENUE"), unless that leaves too little to know it by.
func ownStreet(property room.Property) string {
	own := words(property.Street)
	if len(own) < 2 {
		return ""
	}
	last := len(own)
	if suffixes[own[last-1]] != "" || isSuffix(own[last-1]) {
		last--
	}
	if name := streetName(own[1:last]); len(name) >= 5 {
		return name
	}
	return streetName(own[1:])
}

// isSuffix reports whether a word is what streets are called, written out.
func isSuffix(w string) bool {
	for _, long := range suffixes {
		if w == long {
			return true
		}
	}
	return false
}

// namesStreet reports whether a line has the property's street in it.
func namesStreet(text string, property room.Property) bool {
	want := ownStreet(property)
	if len(want) < 5 {
		return false
	}
	return hasName(words(text), want, 1.3, 0.8)
}

// hasName reports whether one word, or several in one, is a name but for the
// differences that are allowed to one and to several.
func hasName(ws []string, want string, one, several float64) bool {
	for i := range ws {
		limit := one
		for n := 1; n <= 4 && i+n <= len(ws); n++ {
			got := streetName(ws[i : i+n])
			if want != "" && figures(got) == figures(want) && distance(got, want, limit) <= limit {
				return true
			}
			limit = several
		}
	}
	return false
}

// otherKind reports whether a street has the name of the property's but is
// another: "MAIN AVENUE" is not "MAIN STREET".
func otherKind(street string, property room.Property) bool {
	own := words(property.Street)
	if len(own) < 3 || !isSuffix(streetWord(own[len(own)-1])) {
		return false
	}
	name, kind := streetName(own[1:len(own)-1]), streetWord(own[len(own)-1])
	ws := words(street)
	for n := 1; n < len(ws) && n <= len(own); n++ {
		if next := streetWord(ws[n]); streetName(ws[:n]) == name {
			return next != kind && isSuffix(next) && len(ws[n]) > 1
		}
	}
	return false
}

func looksRoad(s string) bool {
	for _, w := range words(s) {
		if suffixes[w] != "" && len(w) > 1 {
			return true
		}
		for _, long := range suffixes {
			if len(long) > 3 && distance(w, long, 0.7) <= 0.7 {
				return true
			}
		}
	}
	return false
}

var toDigits = strings.NewReplacer("O", "0", "Q", "0", "I", "1", "L", "1", "S", "5", "B", "8", "Z", "2", "U", "0", "D", "0", "G", "6")

// cityWhere says whether a city line is the property's.
func cityWhere(text, zip string, property room.Property) Where {
	if property.Zip == "" {
		return Unclear
	}
	own := property.Zip[:min(5, len(property.Zip))]
	same := 0
	zip = toDigits.Replace(zip)
	for i := range min(len(zip), len(own)) {
		if zip[i] == own[i] {
			same++
		}
	}
	city := hasName(words(text), streetName(words(property.City)), 1.2, 1.2)
	switch {
	case same == 5, same >= 3 && city:
		return Own
	case city:
		return Unclear
	case same >= 4:
		return Unclear
	}
	return Elsewhere
}

// streetWhere says whether a house number and street are the property's.
func streetWhere(number, street string, confidence float64, property room.Property) Where {
	const certain = 0.92 // a digit read so is that digit
	own := words(property.Street)
	if len(own) < 2 {
		return Unclear
	}
	want := streetName(own[1:])
	best := likestStreet(words(street), want, streetName(own[1:len(own)-1]), len(own))
	close := best <= float64(len(want))*0.18+0.2
	plain := toDigits.Replace(number)
	switch {
	case close && plain == own[0]:
		return Own
	case close && len(plain) < len(own[0]) && strings.HasSuffix(own[0], plain):
		return Unclear // its first digits are covered
	case close && digits(number) && len(number) == len(own[0]) && onlyConfused(number, own[0]) && confidence < certain:
		return Unclear
	case close && digits(number):
		return Elsewhere
	case close:
		return Unclear
	case best <= float64(len(want))*0.3 && plain == own[0]:
		return Unclear
	}
	if digits(number) && looksRoad(street) {
		return Elsewhere
	}
	return Unclear
}

// likestStreet is how much the words that fit best differ from a street's name:
// from the whole, or from the bare name, since "STREET" may be cut off or glued to
// what follows.
func likestStreet(ws []string, whole, bare string, most int) float64 {
	best := 99.0
	consider := func(got, want string, share, more float64) {
		limit := float64(len(want)) * share
		if d := distance(got, want, limit); want != "" && figures(got) == figures(want) && d <= limit {
			best = min(best, d+more)
		}
	}
	for n := 1; n <= min(len(ws), most+1); n++ {
		got := streetName(ws[:n])
		consider(got, whole, 0.3, 0)
		consider(got, bare, 0.25, 0.1)
	}
	return best
}

// contradicts reports whether a number as read has a digit that the own number
// has not in that place.
func contradicts(read, own string) bool {
	if len(read) != len(own) {
		return true
	}
	for i := range len(own) {
		if digits(read[i:i+1]) && read[i] != own[i] {
			return true
		}
	}
	return false
}

// onlyConfused reports whether two numbers differ only in digits that are read
// for each other.
func onlyConfused(a, b string) bool {
	cost := 0.0
	for i := range len(a) {
		cost += substitution(a[i], b[i])
	}
	return cost <= 0.3
}

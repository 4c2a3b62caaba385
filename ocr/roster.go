package ocr

import (
	"sort"
	"strings"

	"github.com/packroom/packroom/room"
)

// Roster is an index of a building's residents for matching. It is never
// changed once built, and so safe for concurrent use.
type Roster struct {
	people []person
	byUnit map[string][]int32
	grams  map[[3]byte][]int32
	units  []string
}

// person is a resident with the names that labels may carry.
type person struct {
	room.Resident
	unit  string
	forms []form
}

// form is one name in parts. A business has last only.
type form struct {
	first []string // what may stand for the given name: itself, then nicknames
	last  string
	alias bool
	whole bool // business: last is all of it
}

// NewRoster indexes residents.
func NewRoster(residents []room.Resident) *Roster {
	r := &Roster{byUnit: map[string][]int32{}, grams: map[[3]byte][]int32{}}
	r.people = make([]person, 0, len(residents))
	for _, res := range residents {
		i := int32(len(r.people))
		p := person{Resident: res, unit: normUnit(res.Unit)}
		p.forms = append(p.forms, nameForm(words(res.FirstName), words(res.LastName)))
		for _, a := range res.Aliases {
			p.forms = append(p.forms, aliasForm(a, p.forms[0]))
		}
		r.people = append(r.people, p)
		if len(r.byUnit[p.unit]) == 0 && p.unit != "" {
			r.units = append(r.units, p.unit)
		}
		r.byUnit[p.unit] = append(r.byUnit[p.unit], i)
		seen := map[[3]byte]bool{}
		for _, f := range p.forms {
			for _, part := range append([]string{f.last}, f.first[:min(1, len(f.first))]...) {
				for _, g := range gramsOf(part) {
					if !seen[g] {
						seen[g] = true
						r.grams[g] = append(r.grams[g], i)
					}
				}
			}
		}
	}
	sort.Strings(r.units)
	return r
}

// Len is how many residents the roster has.
func (r *Roster) Len() int { return len(r.people) }

func nameForm(first, last []string) form {
	f := form{last: strings.Join(last, "")}
	if given := strings.Join(first, ""); given != "" {
		f.first = append(f.first, given)
		if len(first) > 1 && len(first[0]) >= 3 {
			f.first = append(f.first, first[0]) // the second given name is often left out
		}
		for _, g := range first[:1] {
			f.first = append(f.first, nicknamesOf[g]...)
		}
	}
	if f.last == "" && len(f.first) > 0 {
		f.last, f.first, f.whole = f.first[0], nil, true
	}
	return f
}

// aliasForm splits an alias: two words that share a name with the resident are a
// person's name, anything else is a business.
func aliasForm(alias string, main form) form {
	ws := words(alias)
	if len(ws) >= 2 && len(ws) <= 4 {
		last := ws[len(ws)-1]
		first := strings.Join(ws[:len(ws)-1], "")
		given := ""
		if len(main.first) > 0 {
			given = main.first[0]
		}
		if last == main.last || first == given || ws[0] == given {
			f := nameForm(ws[:len(ws)-1], ws[len(ws)-1:])
			f.alias = true
			return f
		}
	}
	return form{last: strings.Join(ws, ""), alias: true, whole: true}
}

func gramsOf(s string) [][3]byte {
	s = "^" + s
	var out [][3]byte
	for i := 0; i+3 <= len(s) && i < 40; i++ {
		out = append(out, [3]byte{s[i], s[i+1], s[i+2]})
	}
	return out
}

// near gives the residents that may be meant by a text or a unit: all of the
// unit, and those whose names share most letter triples with the text.
func (r *Roster) near(texts []string, unit string) []int32 {
	const most = 60
	seen := map[int32]bool{}
	var out []int32
	add := func(i int32) {
		if !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	if unit != "" {
		for _, u := range r.likeUnits(unit) {
			for _, i := range r.byUnit[u] {
				add(i)
			}
		}
	}
	counts := make([]uint8, len(r.people))
	var touched []int32
	for _, t := range texts {
		touched = touched[:0]
		ws := nameWords(t)
		if len(ws) > 8 {
			ws = ws[:8]
		}
		grams := map[[3]byte]bool{}
		for i, w := range ws {
			for _, g := range gramsOf(w) {
				grams[g] = true
			}
			if i > 0 {
				for _, g := range gramsOf(ws[i-1] + w) {
					grams[g] = true
				}
			}
		}
		for _, g := range r.rarest(grams) {
			for _, i := range r.grams[g] {
				if counts[i] == 0 {
					touched = append(touched, i)
				}
				if counts[i] < 255 {
					counts[i]++
				}
			}
		}
		var hist [256]int
		for _, i := range touched {
			hist[counts[i]]++
		}
		floor, n := 255, 0
		for floor > 1 && n+hist[floor] <= most {
			n += hist[floor]
			floor--
		}
		for _, i := range touched {
			if int(counts[i]) > floor {
				add(i)
			}
			counts[i] = 0
		}
	}
	return out
}

// rarest orders letter triples by how many residents have them and leaves out
// the commonest, which tell least, once the work is bounded.
func (r *Roster) rarest(grams map[[3]byte]bool) [][3]byte {
	const work = 20_000
	list := make([][3]byte, 0, len(grams))
	for g := range grams {
		if len(r.grams[g]) > 0 {
			list = append(list, g)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := len(r.grams[list[i]]), len(r.grams[list[j]])
		return a < b || a == b && string(list[i][:]) < string(list[j][:])
	})
	sum := 0
	for i, g := range list {
		if sum += len(r.grams[g]); sum > work && i > 0 {
			return list[:i]
		}
	}
	return list
}

// likeUnits are the roster's units that a printed unit may be, itself first.
func (r *Roster) likeUnits(unit string) []string {
	var out []string
	if len(r.byUnit[unit]) > 0 {
		out = append(out, unit)
	}
	for _, u := range r.units {
		if u != unit && unitDistance(unit, u) <= 0.5 {
			out = append(out, u)
		}
	}
	return out
}

// unitDistance weighs the difference between two units: below 0.5 a reading
// error may explain it.
func unitDistance(a, b string) float64 {
	if a == b {
		return 0
	}
	if len(a) != len(b) {
		return 1
	}
	sum := 0.0
	for i := range len(a) {
		c := substitution(a[i], b[i])
		if digits(a[i:i+1]) == digits(b[i:i+1]) && c > 0 {
			c += 0.3 // a digit for a digit: the reader had the choice
		}
		sum += c
	}
	return min(sum, 1)
}

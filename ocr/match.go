package ocr

import (
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/packroom/packroom/room"
)

// Match is who a label names and what may be done with it.
type Match struct {
	Decision   room.Decision
	Reason     string
	Candidates []room.Candidate // best first, at most 5
}

// how well one part of a name fits
type fit int

const (
	fitNone   fit = iota
	fitLikely     // reading errors may explain the difference, or it is cut off
	fitShort      // an initial
	fitNick       // a nickname
	fitSure
)

// hit is one resident's agreement with one printed name.
type hit struct {
	who         int32
	first, last fit
	cost        float64 // weighted letters of difference
	nick        bool
	form        int
	line        int
	extra       int // letters of name-like words left over
	outside     int // of these, such as are no middle name: before or behind the two
	care        bool
	unit        unitFit
	p           float64
}

type unitFit int

const (
	unitAbsent unitFit = iota
	unitSame
	unitNear // a reading error away
	unitOther
)

// minCandidate is the score below which a resident is no candidate.
const minCandidate = 0.25

// Match decides whom a block names. It is pure; 20,000 residents take a few
// milliseconds.
func (r *Roster) Match(b Block) Match {
	if len(r.people) == 0 {
		return Match{Decision: room.DecisionNone, Reason: "not_here"}
	}
	names := splitNames(b.Names)
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.Text
	}
	var hits []hit
	for _, i := range r.near(texts, b.Unit) {
		p := &r.people[i]
		var best hit
		found := false
		for li, n := range names {
			for fi, f := range p.forms {
				h, ok := compare(n, f)
				if !ok {
					continue
				}
				h.who, h.form, h.line, h.care = i, fi, li, n.Care
				h.unit = r.unitFit(b.Unit, p.unit)
				h.p = probability(h)
				if !found || h.p > best.p {
					best, found = h, true
				}
			}
		}
		if found && best.p >= 0.05 {
			hits = append(hits, best)
		}
	}
	sort.SliceStable(hits, func(i, j int) bool {
		if hits[i].p != hits[j].p {
			return hits[i].p > hits[j].p
		}
		return hits[i].line < hits[j].line
	})
	m := r.decide(b, hits)
	calibrate(m.Candidates, m.Decision)
	return m
}

func (r *Roster) unitFit(printed, own string) unitFit {
	switch {
	case printed == "":
		return unitAbsent
	case printed == own:
		return unitSame
	case unitDistance(printed, own) <= 0.5:
		return unitNear
	case len(r.byUnit[printed]) == 0 && len(printed) == len(own) && len(own) > 2 && diff(printed, own) == 1:
		return unitNear // no such unit here, and one character away
	}
	return unitOther
}

// probability is how well a hit fits, 0..1, before others are weighed. What it
// is worth is measured by calibration_test.go; see calibrate.
func probability(h hit) float64 {
	var name float64
	switch {
	case h.last == fitSure && h.first == fitSure:
		name = 0.99
	case h.last == fitSure && h.first == fitNick:
		name = 0.96
	case h.last == fitSure && h.first == fitShort:
		name = 0.85
	case h.last == fitSure && h.first == fitLikely, h.last == fitLikely && h.first == fitSure:
		name = 0.8
	case h.last == fitLikely && (h.first == fitNick || h.first == fitLikely):
		name = 0.6
	case h.last == fitSure:
		name = 0.4 // surname alone
	case h.last == fitLikely && h.first == fitShort:
		name = 0.4
	case h.first == fitSure:
		name = 0.12
	case h.last == fitLikely:
		name = 0.2
	case h.first >= fitLikely:
		name = 0.06
	}
	name -= 0.03 * h.cost
	if h.extra > 2 {
		name -= 0.04
	}
	switch h.unit {
	case unitSame:
		return min(name+(1-name)*0.6, 0.999)
	case unitNear:
		return name + (1-name)*0.2
	case unitAbsent:
		return name * 0.9
	}
	return name * 0.72
}

// decide is the clerk's judgement over the hits, best first.
func (r *Roster) decide(b Block, hits []hit) Match {
	var m Match
	for _, h := range hits {
		if h.p < minCandidate || len(m.Candidates) == 5 {
			break
		}
		p := r.people[h.who]
		m.Candidates = append(m.Candidates, room.Candidate{ResidentID: p.ID, Name: p.Name(), Unit: p.Unit, Score: math.Round(h.p*1000) / 1000})
	}
	if len(hits) == 0 || hits[0].p < 0.3 {
		m.Decision, m.Reason = room.DecisionNone, "not_here"
		return m
	}
	top := hits[0]
	who := r.people[top.who]
	full := top.last == fitSure && (top.first == fitSure || top.first == fitNick)
	// same name and place but another person: nobody here
	if top.last == fitNone || (top.last == fitLikely && top.first == fitNone && top.unit != unitSame) {
		m.Decision, m.Reason = room.DecisionNone, "not_here"
		return m
	}
	if b.Where == Elsewhere {
		m.Decision, m.Reason = room.DecisionNone, "other_address"
		return m
	}
	rivals := 0
	pastRival := false
	for _, h := range hits[1:] {
		if h.p > top.p-0.12 && h.line == top.line || h.line != top.line && h.p >= top.p-0.02 && h.unit != top.unit {
			if r.people[h.who].Status == room.ResidentPast {
				pastRival = true
				continue
			}
			rivals++
		}
	}
	switch who.Status {
	case room.ResidentPast:
		if rivals == 0 && (top.unit == unitSame || top.unit == unitAbsent) && full {
			m.Decision, m.Reason = room.DecisionNone, "past_resident"
			return m
		}
		m.Decision, m.Reason = room.DecisionConfirm, "past_resident"
		return m
	case room.ResidentFuture:
		m.Decision, m.Reason = room.DecisionConfirm, "future_resident"
		return m
	}
	m.Decision, m.Reason = room.DecisionConfirm, "ambiguous"
	if rivals > 0 || pastRival || b.Doubt || b.Rivalled || b.Where == Unclear && (b.Street != "" || b.City != "") && top.unit != unitSame {
		return m
	}
	business := r.people[top.who].forms[top.form].whole
	switch {
	case top.unit == unitSame && full && top.outside <= 2:
		m.Decision, m.Reason = room.DecisionMatch, ""
	case top.unit == unitSame && top.last == fitSure && top.first == fitShort && top.cost < 0.3 && top.extra <= 2:
		m.Decision, m.Reason = room.DecisionMatch, ""
	case top.unit == unitAbsent && full && top.first == fitSure && !top.nick && top.cost < 0.5 && top.extra <= 2:
		m.Decision, m.Reason = room.DecisionMatch, ""
	case top.unit == unitNear && full && !top.nick && top.cost < 0.3 && top.extra <= 2:
		m.Decision, m.Reason = room.DecisionMatch, ""
	case business && top.unit != unitOther && top.last == fitSure && top.extra <= 6:
		m.Decision, m.Reason = room.DecisionMatch, ""
	}
	if top.p < 0.3 {
		m.Decision, m.Reason = room.DecisionNone, "not_here"
	}
	return m
}

// splitNames takes lines apart that name several people.
func splitNames(names []Name) []Name {
	var out []Name
	for _, n := range names {
		text := fold(n.Text)
		for _, sep := range []string{" & ", " AND ", " + ", " Y ", " / ", " OR "} {
			if strings.Contains(text, sep) {
				out = append(out, n) // a business may have it in its name
				break
			}
		}
		for _, sep := range []string{" & ", " AND ", " + ", " Y ", " / ", " OR "} {
			text = strings.ReplaceAll(text, sep, "\n")
		}
		for part := range strings.SplitSeq(text, "\n") {
			if len(words(part)) > 0 {
				out = append(out, Name{Text: part, Confidence: n.Confidence, Care: n.Care})
			}
		}
		if len(out) > 16 {
			break
		}
	}
	return out
}

// nameWords are the words of a line that names somebody: a digit inside a word
// is a letter misread.
func nameWords(text string) []string {
	ws := strings.Fields(fold(text))
	for i, w := range ws {
		n := 0
		for _, c := range w {
			if c >= 'A' && c <= 'Z' {
				n++
			}
		}
		if n >= 2 && n >= countDigits(w) {
			ws[i] = toLetters.Replace(w)
		}
	}
	return slices.DeleteFunc(words(strings.Join(ws, " ")), func(w string) bool { return titles[w] })
}

// titles stand before and behind names and are none.
var titles = wordSet(`MR MRS MS MISS MX DR PROF SR SRA SRTA JR II III ESQ PHD MD HERR FRAU MME MLLE SENOR SENORA`)

func wordSet(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

var toLetters = strings.NewReplacer("0", "O", "1", "I", "5", "S", "8", "B", "2", "Z", "6", "G", "|", "I", "$", "S", "(", "C", "€", "C")

// compare measures how well a printed name fits one form of a resident's.
func compare(n Name, f form) (hit, bool) {
	ws := nameWords(n.Text)
	if len(ws) == 0 || len(ws) > 12 {
		return hit{}, false
	}
	strict := strictness(n.Confidence)
	if f.whole {
		return compareWhole(ws, f.last, strict)
	}
	best := hit{p: -1}
	found := false
	for i := range ws {
		for k := 1; k <= 3 && i+k <= len(ws); k++ { // "de la Cruz"
			last := strings.Join(ws[i:i+k], "")
			lf, lc := fitPart(last, f.last, strict, i+k == len(ws))
			if lf == fitNone && k > 1 {
				continue
			}
			h := hit{last: lf, cost: lc}
			used := map[int]bool{}
			if lf != fitNone {
				for j := i; j < i+k; j++ {
					used[j] = true
				}
			}
			fitFirst(&h, ws, used, f, strict)
			h.p = probability(h)
			if lf == fitNone && h.first == fitNone {
				continue
			}
			if !found || h.p > best.p || h.p == best.p && h.extra < best.extra {
				best, found = h, true
			}
		}
	}
	if g, ok := compareGlued(ws, f, strict); ok && (!found || g.p > best.p) {
		best, found = g, true
	}
	return best, found
}

// strictness is how much more a difference counts where the reader was sure of
// what it read: there, what differs differs.
func strictness(confidence float64) float64 {
	switch {
	case confidence > 0.92:
		return 2.2
	case confidence > 0.86:
		return 2
	}
	return 1
}

// fitFirst looks for the given name among the words not used yet.
func fitFirst(h *hit, ws []string, used map[int]bool, f form, strict float64) {
	at, size, bestCost := -1, 0, 99.0
	for i := range ws {
		for k := 1; k <= 3 && i+k <= len(ws); k++ {
			free := true
			for j := i; j < i+k; j++ {
				free = free && !used[j]
			}
			if !free {
				break
			}
			w := strings.Join(ws[i:i+k], "")
			for fi, g := range f.first {
				ft, c := fitPart(w, g, strict, false)
				if ft == fitSure && fi > 0 {
					ft = fitNick
				}
				if ft > h.first && ft != fitShort || ft == h.first && c < bestCost && ft != fitNone {
					h.first, at, size, bestCost = ft, i, k, c
					h.nick = fi > 0
				}
			}
		}
		if !used[i] && len(ws[i]) == 1 && h.first < fitShort && len(f.first) > 0 && substitution(ws[i][0], f.first[0][0]) <= 0 {
			h.first, at, size, bestCost = fitShort, i, 1, 0
		}
	}
	if at >= 0 {
		h.cost += bestCost
		for j := at; j < at+size; j++ {
			used[j] = true
		}
	}
	h.extra, h.outside = leftOver(ws, used)
	if f.alias && f.last == "" {
		h.last = fitNone
	}
}

// leftOver counts the letters of words that no part of a name was found in: all,
// and those that do not stand between its parts.
func leftOver(ws []string, used map[int]bool) (all, outside int) {
	from, to := len(ws), -1
	for i := range used {
		from, to = min(from, i), max(to, i)
	}
	for i, w := range ws {
		if used[i] || len(w) < 3 || countDigits(w) > 0 {
			continue
		}
		all += len(w)
		if i < from || i > to {
			outside += len(w)
		}
	}
	return all, outside
}

// fitPart compares one printed word with one part of a name.
func fitPart(printed, name string, strict float64, end bool) (fit, float64) {
	if printed == "" || name == "" {
		return fitNone, 0
	}
	if printed == name {
		return fitSure, 0
	}
	n := float64(len(name))
	if end && len(printed) >= 4 && len(printed) < len(name) && len(name) >= 8 {
		// cut off at the end of the line
		if d := distance(printed, name[:len(printed)], 0.5) * strict; d <= 0.3 && float64(len(printed)) >= 0.55*n {
			return fitLikely, d + 0.5
		}
	}
	limit := max(0.3*n, 0.6)
	d := distance(printed, name, limit) * strict
	switch {
	case len(name) <= 2:
		return fitNone, d
	case d <= 0.45+0.02*n && (len(name) > 3 || d <= 0.2):
		return fitSure, d
	case d <= 0.2*n+0.1 && d <= 1.8 && len(name) >= 4:
		return fitLikely, d
	}
	return fitNone, d
}

// compareWhole compares a business name with the start of a line's words.
func compareWhole(ws []string, name string, strict float64) (hit, bool) {
	best := hit{}
	found := false
	for i := range min(len(ws), 3) {
		joined := ""
		for k := i; k < len(ws); k++ {
			joined += ws[k]
			if len(joined) > len(name)+6 {
				break
			}
			d := distance(joined, name, 0.2*float64(len(name))) * strict
			if d > 0.14*float64(len(name)) || len(name) < 5 {
				continue
			}
			h := hit{first: fitSure, last: fitSure, cost: d}
			if d > 0.09*float64(len(name)) {
				h.last = fitLikely
			}
			for j, w := range ws {
				if (j < i || j > k) && len(w) >= 3 && countDigits(w) == 0 {
					h.extra += len(w)
				}
			}
			h.outside = h.extra
			h.p = probability(h)
			if !found || h.p > best.p {
				best, found = h, true
			}
		}
	}
	return best, found
}

// compareGlued finds names whose words ran together, or were cut off, in
// reading.
func compareGlued(ws []string, f form, strict float64) (hit, bool) {
	if len(f.first) == 0 {
		return hit{}, false
	}
	joined := strings.Join(ws, "")
	full := f.first[0] + f.last
	n := float64(len(full))
	if len(full) < 8 || len(joined) > len(full)+4 {
		return hit{}, false
	}
	if len(joined) >= 14 && len(joined) < len(full) && len(joined) > len(f.first[0])+3 {
		if d := distance(joined, full[:len(joined)], 1.5) * strict; d <= 0.8 {
			h := hit{first: fitSure, last: fitSure, cost: d + 0.2}
			h.p = probability(h)
			return h, true
		}
	}
	d := distance(joined, full, 0.2*n) * strict
	if d > 0.5+0.005*n { // no looser than for the parts
		return hit{}, false
	}
	h := hit{first: fitSure, last: fitSure, cost: d}
	h.p = probability(h)
	return h, true
}

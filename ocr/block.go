package ocr

import (
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/packroom/packroom/room"
)

// blocks finds the addresses of a label, the recipient's first.
func blocks(ls []folded, property room.Property) []Block {
	var out []Block
	build := func(anchor int) {
		members := climb(ls, anchor)
		out = append(out, makeBlock(ls, members, property))
	}
	// from each city line upward, the property's own first
	for _, want := range []Where{Own, Unclear, Elsewhere} {
		for i := range ls {
			if ls[i].isZip && ls[i].zip == want && !ls[i].used {
				build(i)
			}
		}
	}
	for i := range ls {
		if ls[i].isRoad && !ls[i].used && (ls[i].street != Unclear || looksRoad(ls[i].rest)) {
			build(i)
		}
	}
	if len(out) == 0 {
		// no address at all: what follows a "to", else everything that may be a name
		out = append(out, loose(ls, property))
	}
	given := markBeside(out, ls)
	for i, l := range ls {
		if l.to && !given[i] && l.Confidence > 0.7 {
			if b, ok := below(ls, i); ok {
				out = append(out, b)
			}
		}
	}
	rank(out)
	return out
}

// climb collects the lines of an address: its last line and those above it in
// the same column.
func climb(ls []folded, last int) []int {
	members := []int{last}
	ls[last].used = true
	cur := ls[last]
	x0, x1 := cur.X, cur.X+cur.W
	road, named := cur.isRoad, false // a street, and then somebody above it
	// anything to the right or left on the very same row belongs to its line
	for len(members) < 8 {
		best, at := math.Inf(1), -1
		barrier := math.Inf(1)
		for i := range ls {
			l := ls[i]
			if l.isZip && i != last && l.Y+l.H/2 < cur.Y+cur.H/2 && min(x1, l.X+l.W) > max(x0, l.X) {
				barrier = min(barrier, cur.Y+cur.H/2-(l.Y+l.H/2))
			}
		}
		for i := range ls {
			l := ls[i]
			if l.used || l.isZip {
				continue
			}
			dy := cur.Y + cur.H/2 - (l.Y + l.H/2)
			c := max(cur.cap(), l.cap())
			reach := 3.2
			if math.Abs(l.X-x0) < 0.6*c && l.cap() < 1.4*cur.cap() {
				reach = 4.6 // one column: the space between may be wide
			}
			if dy < 0.5*c || dy > reach*c || dy > barrier {
				continue
			}
			mark := (l.to || l.from) && strings.TrimSpace(l.rest) == ""
			if !mark && (l.cap() > 2*cur.cap() || cur.cap() > 1.9*l.cap()) {
				continue
			}
			overlap := min(x1, l.X+l.W) - max(x0, l.X)
			left := math.Abs(l.X - x0)
			if overlap < 0.3*min(l.W, x1-x0) && left > 3*c {
				continue
			}
			if left > 9*c && math.Abs(l.X+l.W/2-(x0+x1)/2) > 4*c {
				continue
			}
			cost := dy + 0.35*min(left, 12*c)
			if cost < best {
				best, at = cost, i
			}
		}
		if at < 0 {
			break
		}
		l := ls[at]
		if l.noise && !l.to || l.isRoad && named {
			break // the next street up is another address's
		}
		road, named = road || l.isRoad, named || road && !l.isRoad
		ls[at].used = true
		if (l.to || l.from) && strings.TrimSpace(l.rest) == "" {
			members = append(members, at)
			break
		}
		members = append(members, at)
		x0, x1 = min(x0, l.X), max(x1, l.X+l.W)
		if (l.to || l.from) && !(strings.HasPrefix(l.text, "TO ") && shipAbove(ls, l)) {
			break
		}
		cur = l
	}
	// the order printed
	for i, j := 0, len(members)-1; i < j; i, j = i+1, j-1 {
		members[i], members[j] = members[j], members[i]
	}
	return members
}

// shipAbove reports whether the mark of a line is the lower half of "SHIP / TO".
func shipAbove(ls []folded, l folded) bool {
	for _, o := range ls {
		dy := l.Y + l.H/2 - (o.Y + o.H/2)
		if o.to && !o.used && reShipHead.MatchString(o.text) && dy > 0.5*l.cap() && dy < 3*l.cap() && math.Abs(o.X-l.X) < l.cap() {
			return true
		}
	}
	return false
}

func makeBlock(ls []folded, members []int, property room.Property) Block {
	var b Block
	n := 0
	seenRoad := false
	for _, i := range members {
		l := ls[i]
		b.cap += l.cap()
		n++
		if len(b.rows) == 0 {
			b.y, b.first = l.Y, l.Printed
		}
		b.rows = append(b.rows, l.Printed)
		b.To, b.named, b.From = b.To || l.to, b.named || l.named, b.From || l.from && !l.to
		text := l.rest
		if l.isZip && !(l.isRoad && l.street == Own) {
			b.City = text
			continue
		}
		unit, as, without := cutUnit(text, l.isRoad)
		if unit != "" && b.Unit == "" {
			b.Unit, b.UnitAs, b.UnitBy = unit, as, l.Confidence
		}
		if l.isRoad && !seenRoad {
			b.Street, seenRoad = text, true
			if l.isZip {
				b.City = text
			}
			continue
		}
		if seenRoad {
			if unit == "" && b.Unit == "" && reBare.MatchString(strings.TrimSpace(text)) {
				b.Unit, b.UnitAs, b.UnitBy = normUnit(text), strings.TrimSpace(text), l.Confidence
			}
			continue
		}
		addNames(&b, without, l.Confidence)
	}
	b.cap /= float64(max(n, 1))
	// where it goes: street and city together
	var street, city Where
	proof := false // something on it names this building
	hasStreet := false
	for _, i := range members {
		if ls[i].isRoad {
			hasStreet = true
			if street != Own {
				street = ls[i].street
			}
		}
		if ls[i].isZip {
			city = ls[i].zip
		}
	}
	for _, i := range members {
		l := ls[i]
		b.Doubt = b.Doubt || l.isRoad && l.doubt
		proof = proof || l.isRoad && l.street == Own || l.isRoad && namesStreet(l.rest, property) || l.isZip && l.zip == Own
	}
	b.Doubt = b.Doubt || property.Street != "" && (!proof || !hasStreet && unreadStreet(ls, members))
	b.Doubt = b.Doubt || street == Own && city == Elsewhere // lines of two addresses
	switch {
	case street == Own && city != Elsewhere, city == Own && street == Own:
		b.Where = Own
	case street == Elsewhere:
		b.Where = Elsewhere
	case city == Elsewhere && street != Own:
		b.Where = Elsewhere
	case city == Own && !hasStreet:
		b.Where = Unclear
	default:
		b.Where = Unclear
	}
	if property.Street == "" {
		b.Where = Unclear
	}
	switch {
	case b.Where == Own:
		b.Score += 1.5
	case b.Where == Unclear && city == Own:
		b.Score += 0.8
	}
	return b
}

// unreadStreet reports whether a line of an address begins with a number, as
// streets do, but names none that could be told from the property's.
func unreadStreet(ls []folded, members []int) bool {
	return slices.ContainsFunc(members, func(i int) bool {
		_, _, text := cutUnit(ls[i].rest, false)
		return !ls[i].isZip && reNumbered.MatchString(text)
	})
}

// reNumbered is a number before a word.
var reNumbered = regexp.MustCompile(`^\W*[0-9][0-9OISBZ]{0,5}\W+.*[A-Z]{3}`)

// markBeside gives every "to" and "from" that stands alone to the block that
// begins nearest below or to the right of it.
func markBeside(bs []Block, ls []folded) (given map[int]bool) {
	given = map[int]bool{}
	for k, l := range ls {
		if !(l.to || l.from) || len(strings.TrimSpace(l.rest)) > 2 {
			given[k] = true
			continue
		}
		best, at := math.Inf(1), -1
		for i, b := range bs {
			top := b.first
			if top.Text == l.Text && top.Y == l.Y {
				at, given[k] = -1, true
				break // it is the block's own first line, counted already
			}
			c := max(l.cap(), top.cap())
			dy := top.Y + top.H/2 - (l.Y + l.H/2)
			left := l.X+l.W <= top.X+c && top.X-(l.X+l.W) < 8*c && math.Abs(dy) < 1.6*c
			above := dy > 0 && dy < 3.5*c && math.Abs(l.X-top.X) < 5*c
			if !left && !above {
				continue
			}
			if d := math.Abs(dy); d < best {
				best, at = d, i
			}
		}
		if at >= 0 && !bs[at].To && !bs[at].From {
			bs[at].To, bs[at].named, bs[at].From = l.to, l.named, l.from && !l.to
			given[k] = true
		}
	}
	return given
}

// rank scores blocks against each other and sorts them.
func rank(bs []Block) {
	if len(bs) == 0 {
		return
	}
	caps := make([]float64, len(bs))
	for i, b := range bs {
		caps[i] = b.cap
		if b.To {
			bs[i].Score += 3
		}
		if b.named {
			bs[i].Score++
		}
		if b.From {
			bs[i].Score -= 3
			bs[i].Doubt = bs[i].Doubt || !b.To // the sender's own
		}
	}
	sort.Float64s(caps)
	largest := caps[len(caps)-1]
	lowest := math.Inf(-1)
	for _, b := range bs {
		lowest = max(lowest, b.y)
	}
	for i := range bs {
		b := &bs[i]
		if len(bs) > 1 {
			b.Score += 3 * (b.cap/max(largest, 1) - 0.8)
			if b.y == lowest {
				b.Score += 0.3
			}
		}
		if len(b.Names) == 0 {
			b.Score -= 1.5
		}
		if b.City == "" && b.Street == "" {
			b.Score--
		}
	}
	sort.SliceStable(bs, func(i, j int) bool { return bs[i].Score > bs[j].Score })
	top := &bs[0]
	for _, b := range bs[1:] {
		// an address elsewhere that looks more like the recipient's: a return label
		if b.From || top.To || len(b.rows) < 2 || b.Street == "" && b.City == "" || len(b.Names) == 0 {
			continue
		}
		if b.cap > 1.12*top.cap || b.cap > 0.92*top.cap && top.y < b.y {
			top.Rivalled = true
		}
	}
}

// below makes a block of what stands under a mark for the recipient or beside it, where no
// address was found there: a name alone.
func below(ls []folded, mark int) (Block, bool) {
	m := ls[mark]
	b := Block{To: true, named: m.named, y: m.Y, Doubt: true}
	last := m
	for i, l := range ls {
		c := max(last.cap(), l.cap())
		dy := l.Y + l.H/2 - (last.Y + last.H/2)
		if i == mark || l.used || l.noise || l.to || l.from || dy > 3*c || l.X < m.X-4*c || l.X > m.X+14*c || len(b.rows) == 4 {
			continue
		}
		if dy < 0.5*c && (len(b.rows) > 0 || dy < -0.7*c || l.X < m.X+m.W) { // beside the mark, or below the last
			continue
		}
		addNames(&b, l.rest, l.Confidence)
		b.rows = append(b.rows, l.Printed)
		b.cap += l.cap()
		last = l
	}
	if len(b.Names) == 0 {
		return b, false
	}
	b.first = b.rows[0]
	b.cap /= float64(len(b.rows))
	return b, true
}

// loose makes a block of lines where no address was found.
func loose(ls []folded, property room.Property) Block {
	b := Block{Doubt: property.Street != ""}
	after := -1
	for i, l := range ls {
		if l.to {
			after = i
			b.To = true
			break
		}
	}
	for i, l := range ls {
		if l.noise || l.from || after >= 0 && i < after {
			continue
		}
		if after >= 0 && i > after {
			// below the mark or beside it, in its column
			m := ls[after]
			c := max(m.cap(), l.cap())
			if l.X+l.W < m.X-c || l.X > m.X+18*c || l.Y-m.Y > 9*c {
				continue
			}
		}
		unit, as, without := cutUnit(l.rest, false)
		if unit != "" && b.Unit == "" {
			b.Unit, b.UnitAs, b.UnitBy = unit, as, l.Confidence
		}
		addNames(&b, without, l.Confidence)
		if len(b.Names) >= 8 {
			break
		}
	}
	return b
}

// cutUnit takes a unit out of a line. as is how it was printed, rest the line
// without it.
func cutUnit(text string, road bool) (unit, as, rest string) {
	text = reApart.ReplaceAllString(text, "APARTMENT")
	if !strings.ContainsAny(text, "([") {
		text = reBracket.ReplaceAllString(text, "${1}J$2")
	}
	if all := reUnit.FindAllStringSubmatchIndex(text, -1); all != nil {
		for k := len(all) - 1; k >= 0; k-- {
			m := all[k]
			u := normUnit(text[m[4]:m[5]])
			if u == "" || !strings.ContainsAny(u, "0123456789OISBZ") || len(u) > 5 {
				continue
			}
			return u, strings.TrimSpace(text[m[2]:m[5]]), strings.TrimSpace(text[:m[0]] + " " + text[m[1]:])
		}
	}
	if road {
		ws := strings.Fields(text)
		if len(ws) >= 4 {
			if m := reTail.FindStringSubmatch(text); m != nil {
				if u := normUnit(m[1]); u != "" && !strings.HasPrefix(text, m[1]) {
					return u, m[1], strings.TrimSuffix(text, m[1])
				}
			}
		}
	}
	return "", "", text
}

// reBracket is a J behind figures that is read as a bracket.
var reBracket = regexp.MustCompile(`([0-9])[\])](\W|$)`)

// reEdge is what the frame around an address is read as, before its first word.
var reEdge = regexp.MustCompile(`^\s*[|1!\[\]\\/{}]+\s+`)

// addNames adds what a line may name to a block.
func addNames(b *Block, text string, confidence float64) {
	care := false
	if at := reCare.FindStringIndex(text); at != nil {
		before := strings.TrimSpace(text[:at[0]])
		if before != "" {
			addNames(b, before, confidence)
		}
		text, care = text[at[1]:], true
	}
	if at := reAttn.FindStringIndex(text); at != nil {
		before := strings.TrimSpace(text[:at[0]])
		if before != "" {
			addNames(b, before, confidence)
		}
		text = text[at[1]:]
	}
	text = reEdge.ReplaceAllString(text, "")
	letters := 0
	for _, w := range words(text) {
		if !digits(w) {
			letters += len(w)
		}
	}
	if letters < 3 || len(b.Names) >= 8 {
		return
	}
	b.Names = append(b.Names, Name{Text: strings.Trim(text, " ,.;:|-_'\""), Confidence: confidence, Care: care})
}

package ocr

import (
	"math"
	"regexp"
	"strings"

	"github.com/packroom/packroom/room"
)

// conclude makes one reading of all labels in a photograph.
func (r *Reader) conclude(photo Photo, seen []labelSeen) room.Reading {
	reading := room.Reading{
		Barcodes: []room.Barcode{}, Lines: []room.TextLine{}, Candidates: []room.Candidate{}, Decision: room.DecisionNone,
	}
	good := 0
	var codes []Code
	for _, s := range seen {
		good += s.good
		codes = append(codes, s.codes...)
		for i, l := range s.lines {
			reading.Lines = append(reading.Lines, room.TextLine{Text: l.Text, Confidence: round(l.Confidence), BBox: roundRect(s.boxes[i])})
		}
	}
	for _, c := range codes {
		reading.Barcodes = append(reading.Barcodes, room.Barcode{Format: c.Format, Text: c.Text})
	}
	main := -1
	for i, s := range seen {
		if len(s.block.Names) == 0 && s.block.Street == "" {
			continue
		}
		if main < 0 || better(s, seen[main]) {
			main = i
		}
	}
	var words []string
	carrier := ""
	for i, s := range seen {
		words = append(words, s.parsed.Numbers...)
		if carrier == "" || i == main && s.parsed.Carrier != "" {
			carrier = s.parsed.Carrier
		}
	}
	reading.Carrier, reading.Tracking = trackingOf(codes, words, carrier)
	if main < 0 {
		reading.Reason = whyNothing(photo, good, len(codes))
		return reading
	}
	s := seen[main]
	if len(s.block.Names) > 0 {
		reading.Recipient = s.block.Names[0].Text
	}
	reading.Unit = s.block.Unit
	reading.Decision, reading.Reason = s.match.Decision, s.match.Reason
	if s.match.Candidates != nil {
		reading.Candidates = s.match.Candidates
	}
	if reading.Decision == room.DecisionNone && len(reading.Candidates) == 0 && (good < fewLetters || s.block.Street == "" && s.block.City == "") {
		reading.Reason = whyNothing(photo, good, len(codes))
	}
	for _, other := range s.others {
		if reading.Decision == room.DecisionNone || len(s.match.Candidates) == 0 || other.Decision == room.DecisionNone {
			continue
		}
		if other.Candidates[0].ResidentID != s.match.Candidates[0].ResidentID {
			reading.Decision, reading.Reason = room.DecisionConfirm, "two_labels"
			reading.Candidates = merge(reading.Candidates, other.Candidates)
		}
	}
	for i, o := range seen {
		if i != main {
			weighBeside(&reading, s, o)
		}
	}
	return reading
}

// weighBeside takes a further label into account: a second parcel, or the
// recipient's address beside the sender's on an envelope.
func weighBeside(reading *room.Reading, s, o labelSeen) {
	if reading.Decision == room.DecisionNone {
		return
	}
	if o.match.Decision == room.DecisionNone || len(o.match.Candidates) == 0 {
		if reading.Decision == room.DecisionMatch && o.larger(s, 1.2) && len(o.lines) >= 3 {
			reading.Decision, reading.Reason = room.DecisionConfirm, "two_labels" // the larger one may be the recipient's, and was not read
		}
		return
	}
	same := len(s.match.Candidates) > 0 && o.match.Candidates[0].ResidentID == s.match.Candidates[0].ResidentID
	if same || s.larger(o, 1.35) && len(o.codes) == 0 && s.alongside(o) {
		return // the sender's, in smaller print
	}
	reading.Decision, reading.Reason = room.DecisionConfirm, "two_labels"
	reading.Candidates = merge(reading.Candidates, o.match.Candidates)
}

// larger reports whether s is printed so many times larger than o.
func (s labelSeen) larger(o labelSeen, times float64) bool {
	return o.label.lettersPX() > 0 && s.label.lettersPX() > times*o.label.lettersPX()
}

// alongside reports whether two labels are printed in one direction, as on one
// parcel.
func (s labelSeen) alongside(o labelSeen) bool {
	const apart = 5 * math.Pi / 180
	direction := func(l labelSeen) float64 {
		return math.Atan2(l.label.ToPhoto[3], l.label.ToPhoto[0]) + float64(l.turn)*math.Pi/2
	}
	d := math.Remainder(direction(s)-direction(o), 2*math.Pi)
	return math.Abs(d) < apart
}

// better reports whether a's recipient is the likelier one.
func better(a, b labelSeen) bool {
	rank := func(s labelSeen) float64 {
		v := s.label.Ink
		switch s.match.Decision {
		case room.DecisionMatch:
			v += 3
		case room.DecisionConfirm:
			v += 2
		}
		if s.block.Where == Own {
			v++
		}
		return v + 0.2*s.block.Score
	}
	return rank(a) > rank(b)
}

// merge puts two shortlists together, the best of each first.
func merge(a, b []room.Candidate) []room.Candidate {
	var out []room.Candidate
	seen := map[string]bool{}
	for i := range max(len(a), len(b)) {
		for _, list := range [][]room.Candidate{a, b} {
			if i < len(list) && !seen[list[i].ResidentID] && len(out) < 5 {
				seen[list[i].ResidentID] = true
				out = append(out, list[i])
			}
		}
	}
	for i := 1; i < len(out); i++ { // scores stay in order
		out[i].Score = min(out[i].Score, out[i-1].Score)
	}
	return out
}

// trackingOf chooses the tracking number: of barcodes first, then of text. The
// carrier comes from a number that only one carrier has, from words, from a
// number that several have.
func trackingOf(codes []Code, text []string, word string) (carrier, tracking string) {
	type option struct {
		number, carrier string
		rank            int
	}
	var best option
	consider := func(s string, rank int) {
		for _, n := range codeNumbers(s) {
			t := parseOnLabel(n, rank > 7)
			o := option{number: t.Normalized, rank: rank}
			switch {
			case t.Valid:
				if rank < 8 && t.strong && unmistakable(o.number) {
					o.rank += 3 // nothing else comes out like that by chance
				}
				o.carrier = t.Carrier
				for _, c := range t.Carriers {
					if c == word {
						o.carrier = c
					}
				}
				if t.strong {
					o.rank += 4
				} else if len(t.Carrier) > 0 && rank > 7 && !ParseTrack(n).Valid && (word == "" || word == t.Carrier) {
					o.rank += 2
				} else if word == "" || o.carrier != word {
					o.carrier = "" // a weak form alone names no carrier
					o.rank++
				} else {
					o.rank += 2
				}
				if word != "" && o.carrier == word {
					o.rank += 3
				}
				if strings.HasPrefix(o.number, "1Z") {
					o.rank += 2 // UPS labels carry the last mile's number too
				}
			case rank <= 7 && impossible(o.number):
				continue
			case reAny.MatchString(n) && !reNot.MatchString(n) && !reRouting.MatchString(n):
			default:
				continue
			}
			if strings.HasPrefix(o.number, "JJD") || strings.HasPrefix(o.number, "JD") {
				o.rank -= 7 // a piece: the waybill is the number people know
			}
			if o.rank > best.rank {
				best = o
			}
		}
	}
	for _, c := range codes {
		if n, who := carrierCode(c, word); n != "" {
			best = option{n, who, 20}
			continue
		}
		consider(c.Text, 8)
	}
	for i, n := range text {
		if i < 4 {
			consider(n, 3-min(i, 2))
		}
	}
	carrier = best.carrier
	if word != "" && (carrier == "" || best.rank < 12) {
		carrier = word
	}
	return carrier, bareNumber(best.number)
}

// unmistakable reports whether a number is so long, or has letters so placed, that
// it comes out with its check digit right hardly ever by chance.
func unmistakable(n string) bool { return len(n) >= 15 || len(n) >= 10 && !digits(n) }

// bareNumber is the number that a carrier is asked about: DPD's parcel, without
// the postcode, the service and the check characters around it.
func bareNumber(n string) string {
	t := ParseTrack(n)
	switch {
	case !t.Valid || t.Carrier != "DPD":
		return n
	case len(n) == 28:
		return n[7:21]
	}
	return n[:14]
}

var (
	reParcelUK = regexp.MustCompile(`^A[A-Z]{1,2}[0-9][0-9A-Z]{2,4}[0-9]{17}$`)
	reGLS      = regexp.MustCompile(`^A[A-Z]{2}[0-9]{4}[A-Z]{2}[0-9]{4}.{20}([A-Z0-9]{8})`)
)

// carrierCode takes the number out of codes that have more in them, in a form of
// one carrier's own.
func carrierCode(c Code, word string) (number, carrier string) {
	switch {
	case reParcelUK.MatchString(c.Text) && len(c.Text) >= 23 && len(c.Text) <= 25:
		return c.Text[len(c.Text)-17 : len(c.Text)-3], "DHL" // A, postcode, number, piece
	case c.Format == "DataMatrix" && reGLS.MatchString(c.Text):
		return reGLS.FindStringSubmatch(c.Text)[1], "GLS"
	case c.Format == "ITF" && len(c.Text) == 12 && (word == "GLS" || word == "") && glsCheck(c.Text):
		return c.Text[:11], "GLS" // the last is a check digit
	}
	return "", ""
}

// glsCheck is GLS' check digit: GS1's, of a sum that is one more in the countries
// that joined later.
func glsCheck(s string) bool {
	if !digits(s) {
		return false
	}
	last := s[len(s)-1]
	return gs1(s) || gs1(s[:len(s)-1]+string('0'+(last-'0'+1)%10))
}

// impossible reports whether a number read as text has a form whose check digit
// is wrong: no number is better than a wrong one.
func impossible(n string) bool {
	return strings.HasPrefix(n, "1Z") || len(n) >= 20 && len(n) <= 26 && digits(n) && n[0] == '9'
}

// codeNumbers are what of a barcode's text may be a tracking number.
func codeNumbers(s string) []string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[)>") {
		return messageNumbers(s)
	}
	if i := strings.LastIndexAny(s, "/="); i >= 0 && strings.Contains(s, "://") {
		return []string{s[i+1:]}
	}
	if strings.ContainsAny(s, ",|") {
		var out []string
		for p := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '|' }) {
			out = append(out, p)
		}
		return out
	}
	return []string{squeeze(strings.ReplaceAll(s, "<GS>", ""))}
}

// messageNumbers takes tracking numbers out of an ANSI MH10.8.3 message, as UPS
// and FedEx print it in MaxiCode and PDF417.
func messageNumbers(s string) []string {
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == 0x1d || r == 0x1e || r == 0x04 })
	var out []string
	for _, f := range fields {
		if ParseTrack(f).strong {
			out = append(out, f)
		}
	}
	return out
}

func round(v float64) float64 { return float64(int(v*1000+0.5)) / 1000 }

func roundRect(r room.Rect) room.Rect {
	for i := range r {
		r[i] = float64(int(r[i]*10+0.5)) / 10
	}
	return r
}

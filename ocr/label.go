package ocr

import (
	"math"
	"regexp"
	"sort"
	"strings"

	"github.com/packroom/packroom/room"
)

// Printed is one line as read from an upright label; positions are the label's
// own pixels.
type Printed struct {
	Text       string
	Confidence float64 // 0..1
	X, Y, W, H float64
	CapPX      float64 // height of its capitals; 0 = H
	Slope      float64 // rise of y along x
}

func (p Printed) cap() float64 {
	if p.CapPX > 0 {
		return p.CapPX
	}
	return max(p.H, 1)
}

// Where says whether an address is the property's own.
type Where int

// The kinds of address.
const (
	Unclear Where = iota // no address, or not readable enough to tell
	Own
	Elsewhere
)

// Block is one address on a label.
type Block struct {
	Names    []Name // in the order printed; care-of and attention lines too
	Unit     string // normalized; empty where none was read
	UnitAs   string // as printed
	UnitBy   float64
	Street   string
	City     string
	Where    Where
	Score    float64 // how much speaks for it being where the parcel goes; above 0 it is
	Doubt    bool    // its number may be another building's
	Rivalled bool    // another address could as well be the recipient's
	To       bool    // marked as where it goes
	named    bool    // marked by a word for the recipient
	From     bool    // marked as where it comes from
	cap      float64
	y        float64
	first    Printed   // topmost line
	rows     []Printed // all its lines, in the order printed
}

// Name is one line that may name a person or a business.
type Name struct {
	Text       string
	Confidence float64
	Care       bool // after "c/o": the person who takes it
}

// Parsed is what a label says, as far as text goes.
type Parsed struct {
	Blocks  []Block  // the recipient's first
	Marks   []string // signature, perishable, return, hold
	Carrier string
	Numbers []string // runs that may be tracking numbers, likeliest first
}

var (
	reZip    = regexp.MustCompile(`(?:^|[\s,.])([A-Z][A-Z01]|[A-Z]\.[A-Z]\.)[\s,.]*([0-9OQISBZL]{5}|[0-9]{2} [0-9]{3}|[0-9]{3} [0-9]{2})[0-9]?(?:\s*-\s*[0-9OQISBZL]{4})?\b`) // a digit may be read twice
	rePost   = regexp.MustCompile(`^\W*(?:[A-Z]{1,2}[\s-]+)?(?:[0-9]{4,5}|[0-9]{3} [0-9]{2}|[0-9]{2}-[0-9]{3})\s+[A-Z]{3,}|^\W*[A-Z]{2}-[0-9]{4,5}\W*$|\b[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}\W*$|\b[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]\W*$`)
	reStreet = regexp.MustCompile(`^\W*([0-9OQISBZLU]{1,6}[A-Z]?)\s+((?:[NSEW]\.?\s+)?(?:[A-Z][A-Z'.\-]*|[0-9]{1,3}(?:ST|ND|RD|TH)\b)(?:\s+[0-9]{0,3}[A-Z'.\-]+)*)`)
	reGlued  = regexp.MustCompile(`^(\W*[0-9]{2,6})([A-Z]{4,})`) // a house number that its street stuck to
	// a house number that fell apart in reading: "81 8 QUILLBACK AVE"
	reApartNumber = regexp.MustCompile(`^\W*((?:[0-9]{1,5}|[OQISBZLU])(?:[ .,']+(?:[0-9]{1,5}|[OQISBZLU]))*)[.,']*\s+([A-Z][A-Z'.\-]{2,}.*)`)
	reTo          = regexp.MustCompile(`^\W*(SHIP\s*TO|DELIVER\s*TO|SEND\s*TO|RECIPIENT|REC[IL]P[IL]ENT|CONSIGNEE|DELIVERY ADDRESS|DESTINATARIO|ENTREGAR A|ENVIAR A|PARA|DESTINATAIRE|EMPFANGER|TILL|MOTTAGARE|MOTTAKER|ODBIORCA|ALICI|PRIJEMCE|GEADRESSEERDE|MODTAGER|VASTAANOTTAJA|CIMZETT|PRIJEMCA|AN|TO|T0)\b\s*[:;.]?\s*`)
	reCountry     = regexp.MustCompile(`^\W*[A-Z]{1,2}[\s-]+`)
	reNamed       = regexp.MustCompile(`^\W*(RECIPIENT|REC[IL]P[IL]ENT|CONSIGNEE|DESTINATARIO|DESTINATAIRE|EMPFANGER|MOTTAGARE|MOTTAKER|ODBIORCA|ALICI|MODTAGER|GEADRESSEERDE|PRIJEMCE|VASTAANOTTAJA)\b`)
	reFrom        = regexp.MustCompile(`^\W*(SHIP\s*FROM|SHIPPER|SENDER|FROM|FR0M|REMITENTE|REMITE|DE|EXPEDITEUR|ABSENDER|FRAN|AVSENDER|AVSANDARE|NADAWCA|GONDEREN|ODESILATEL|AFZENDER|RETURN ADDRESS|RETURN TO|IF UNDELIVERED|VON)\b\s*[:;.]?\s*`)
	reShipHead    = regexp.MustCompile(`^\W*S[HU][I1L]P[\s_:.]+`)
	reShipTwo     = regexp.MustCompile(`^\W*SH[IL1]P\W*$`)
	reCare        = regexp.MustCompile(`\b(?:C\s*/\s*[O0]|CARE OF|C/0|A LA ATENCION DE)\b[\s:.]*`)
	reAttn        = regexp.MustCompile(`\b(?:ATTN|ATTENTION|ATIN|ATT|A/A)\b[\s:.]+`)
	reNoise       = regexp.MustCompile(`^\W*DATE\b|\bDATE(?::|\W*[0-9])|\b(TRACK|TRK|REF|WT|LBS?|ACTWGT|CAD|BILL(?:ING| TO| SENDER|:)|PO:|PRIORITY|GROUND|EXPRESS|MAIL|ECOMM|PARCEL|ORDER|SERVICE|WEIGHT|WAYBILL|ROUTING|POSTAGE|USPS|UPS|FEDEX|ONTRAC|GLS|INV|DEPT:|SHIPMENT|CONTENTS|STANDARD|ACCOUNT|PHONE|TEL|ZONE|SORT)\b`)
	reUnit        = regexp.MustCompile(`(?:^|[\s,.;])((?:APARTMENT|APARTAMENTO|DEPARTAMENTO|APT|APTO|APPT|UNIT|UNLT|UN1T|SUITE|STE|DPTO|DEPTO|ROOM|RM|FLAT|NO|N0|NUM|NUMERO|LOT|PH|BOX)\b[\s.:,]*#?|#|№)\s*[.:]?\s*([0-9A-Z]{1,4}(?:\s*-\s*[0-9A-Z]{1,3})?)\b`)
	reApart       = regexp.MustCompile(`\b(APART\s?MENT|A\s?PARTMENT|APARTMEN T|APARIMENT|APARTMENI|APARTHENT|APARTM[EF]NT)\b`)
	reTail        = regexp.MustCompile(`[\s,]([0-9]{1,4}-?[A-Z]?|[A-Z]-?[0-9]{1,4}|PH-?[0-9A-Z]{0,2})$`)
	reBare        = regexp.MustCompile(`^([0-9]{1,4}-?[A-Z]|[A-Z]-?[0-9]{1,4}|[0-9]{1,2}-[0-9A-Z]{1,3}|[0-9]{2,4})$`)
)

// maxLines bounds the work on a label full of noise.
const maxLines = 120

// Parse understands the lines of one upright label: which address is the
// recipient's, who is named there, which unit. It is pure.
func Parse(lines []Printed, property room.Property) Parsed {
	if len(lines) > maxLines {
		lines = lines[:maxLines]
	}
	ls := make([]folded, 0, len(lines))
	for _, l := range lines {
		if len(l.Text) > 200 {
			l.Text = strings.ToValidUTF8(l.Text[:200], "")
		}
		ls = append(ls, classify(l, property))
	}
	sort.SliceStable(ls, func(i, j int) bool { return ls[i].Y+ls[i].H/2 < ls[j].Y+ls[j].H/2 })
	if whole := rows(ls); len(whole) < len(ls) {
		for i := range whole {
			whole[i] = classify(whole[i].Printed, property)
		}
		ls = whole
	}
	foreign(ls, property)
	p := Parsed{Marks: marks(ls), Carrier: carrierWord(ls)}
	p.Blocks = blocks(ls, property)
	p.Numbers = numbers(ls, p.Blocks)
	return p
}

// rows joins parts of one printed line that were found apart: a covered letter
// or a wide space between two words.
func rows(ls []folded) []folded {
	out := append([]folded(nil), ls...)
	for again := true; again; {
		again = false
		for i := 0; i < len(out) && !again; i++ {
			for j := range out {
				if i == j {
					continue
				}
				a, b := out[i].Printed, out[j].Printed
				c := max(a.cap(), b.cap())
				space := b.X - (a.X + a.W)
				if b.X < a.X || space > 2.6*c || space < -0.8*c {
					continue
				}
				if a.cap() > 1.5*b.cap() || b.cap() > 1.5*a.cap() || math.Abs(a.Y+a.H/2-b.Y-b.H/2) > 0.65*c {
					continue
				}
				joined := a
				joined.Text = a.Text + " " + b.Text
				na, nb := float64(len(a.Text)), float64(len(b.Text))
				joined.Confidence = (a.Confidence*na + b.Confidence*nb) / max(na+nb, 1)
				y0, y1 := min(a.Y, b.Y), max(a.Y+a.H, b.Y+b.H)
				joined.W, joined.Y, joined.H = max(a.X+a.W, b.X+b.W)-a.X, y0, y1-y0
				joined.CapPX = c
				out[i].Printed = joined
				out[i].text = ""
				out = append(out[:j], out[j+1:]...)
				again = true
				break
			}
		}
	}
	return out
}

// folded is a line with what it is.
type folded struct {
	Printed
	text    string // folded
	rest    string // folded, without a leading marker
	zip     Where  // Unclear = no city line
	isZip   bool
	street  Where
	isRoad  bool
	number  string
	doubt   bool // the number could be another building's
	to      bool
	named   bool // by a word that means the recipient, not a direction
	from    bool
	noise   bool
	used    bool
	cityIdx int
}

func classify(l Printed, property room.Property) folded {
	f := folded{Printed: l, text: strings.Join(strings.Fields(fold(l.Text)), " ")}
	f.rest = f.text
	if m := reFrom.FindString(f.text); m != "" {
		f.from, f.rest = true, f.text[len(m):]
	} else if m := misread(f.text, senderWords); m != "" {
		f.from, f.rest = true, f.text[len(m):]
	} else if m := misread(f.text, recipientWords); m != "" {
		f.to, f.named, f.rest = true, true, f.text[len(m):]
	} else if m := reTo.FindString(f.text); m != "" {
		f.to, f.named, f.rest = true, reNamed.MatchString(f.text), f.text[len(m):]
	} else if reShipTwo.MatchString(f.text) {
		f.to, f.rest = true, ""
	}
	if m := reShipHead.FindString(f.rest); m != "" && !f.to {
		f.to, f.rest = true, f.rest[len(m):]
	}
	if f.rest == "TO" || f.rest == "TO:" {
		f.rest = ""
	}
	if m := reZip.FindStringSubmatch(f.rest); m != nil && !strings.ContainsAny(m[1], "01") {
		f.isZip, f.zip = true, cityWhere(f.rest, strings.ReplaceAll(m[2], " ", ""), property)
	}
	if !f.isZip {
		f.rest = reGlued.ReplaceAllString(f.rest, "$1 $2")
	}
	if m := reStreet.FindStringSubmatch(f.rest); m != nil && !f.isZip || m != nil && property.Street != "" && f.isZip {
		f.street, f.isRoad = streetWhere(m[1], m[2], f.Confidence, property), true
		f.number = m[1]
		other := f.street == Own && otherKind(m[2], property)
		if other {
			f.street = Unclear
		}
		f.doubt = other || f.street == Unclear && !(namesStreet(f.rest, property) && (strings.HasSuffix(own0(property), toDigits.Replace(m[1])) || !digits(m[1]) && !contradicts(m[1], own0(property))))
		if f.street == Unclear && !looksRoad(m[2]) && !namesStreet(f.rest, property) {
			f.isRoad = false
		}
	}
	if m := reApartNumber.FindStringSubmatch(f.rest); !f.isRoad && (namesStreet(f.rest, property) || m != nil && !f.isZip && looksRoad(m[2])) {
		f.isRoad = true // its number fell apart, is covered or could not be read
		if m != nil {
			f.number = squeeze(m[1])
			f.street = streetWhere(f.number, m[2], f.Confidence, property)
			f.doubt = f.street == Unclear
		}
	}
	f.noise = reNoise.MatchString(f.text) && f.street != Own && !f.isZip
	return f
}

// foreign marks the lines that end an address elsewhere in the world, where no
// line of this label looks like one of the United States or like the property's
// own: postcodes of other countries look like house numbers of this one.
func foreign(ls []folded, property room.Property) {
	for _, l := range ls {
		if l.isZip || l.street == Own || namesStreet(l.rest, property) {
			return
		}
	}
	for i := range ls {
		l := &ls[i]
		if !rePost.MatchString(l.rest) || looksRoad(reCountry.ReplaceAllString(l.rest, "")) {
			continue
		}
		l.isZip, l.zip, l.isRoad, l.street, l.noise = true, Unclear, false, Unclear, false
		if property.Zip != "" {
			l.zip = Elsewhere
		}
	}
}

func marks(ls []folded) []string {
	found := map[string]bool{}
	for _, l := range ls {
		for word, mark := range map[string]string{"SIGNATURE": "signature", "PERISHABLE": "perishable", "KEEP COLD": "perishable",
			"REFRIGERATE": "perishable", "RETURN LABEL": "return", "RETURNS": "return", "HOLD FOR": "hold", "HOLD AT": "hold"} {
			if strings.Contains(l.text, word) {
				found[mark] = true
			}
		}
	}
	out := make([]string, 0, len(found))
	for m := range found {
		out = append(out, m)
	}
	sort.Strings(out)
	return out
}

// carrierPatterns are what only one carrier's labels say.
var carrierPatterns = []struct {
	carrier string
	re      *regexp.Regexp
}{
	{"FedEx", regexp.MustCompile(`\bF\s?[EF]D\s?EX|\bTRK ?#|\bFEDX\b`)},
	{"UPS", regexp.MustCompile(`\bUPS\b|\bU P S\b`)},
	{"USPS", regexp.MustCompile(`\bUSPS\b|PRIORITY MAIL|US POSTAGE|GROUND ADVANTAGE`)},
	{"OnTrac", regexp.MustCompile(`\b[O0]N ?TRAC\b`)},
	{"LaserShip", regexp.MustCompile(`LASERSHIP`)},
	{"DHL", regexp.MustCompile(`\bDHL\b|EXPRESS WORLDWIDE`)},
	{"GLS", regexp.MustCompile(`\bGLS\b`)},
	{"SpeedX", regexp.MustCompile(`SPEED ?X\b`)},
	{"UniUni", regexp.MustCompile(`UNIUNI`)},
	{"Amazon", regexp.MustCompile(`\bAMZL\b|\bAMAZON\b|\bTBA\s?\d{9}`)},
	{"DPD", regexp.MustCompile(`\bDPD\b`)},
	{"Canada Post", regexp.MustCompile(`CANADA POST`)},
	{"Purolator", regexp.MustCompile(`PUROLATOR`)},
	{"Royal Mail", regexp.MustCompile(`ROYAL MAIL`)},
	{"Veho", regexp.MustCompile(`\bVEHO\b`)},
	{"GOFO", regexp.MustCompile(`\bGOFO\b`)},
	{"Spee-Dee", regexp.MustCompile(`SPEE-?DEE`)},
	{"YunExpress", regexp.MustCompile(`YUNEXPRESS`)},
}

// carrierWord is the carrier that most lines speak of, the surest first.
func carrierWord(ls []folded) string {
	best, votes := "", 0
	for _, p := range carrierPatterns {
		n := 0
		for _, l := range ls {
			if p.re.MatchString(l.text) {
				n++
			}
		}
		if n > votes {
			best, votes = p.carrier, n
		}
	}
	return best
}

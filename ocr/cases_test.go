package ocr_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/packroom/packroom/room"
)

// A labelCase is what a label says and what a careful clerk makes of it.
type labelCase struct {
	kind  string
	print printout
	want  room.Decision   // empty = match or confirm may both be right
	who   map[string]bool // residents that the label names
}

// renderProperties are the buildings whose labels are drawn.
var renderProperties = []room.Property{
	{Name: "Harbor Row", Street: "318 Quillback Avenue", City: "Port Ellery", State: "WA", Zip: "98377", Timezone: "America/Los_Angeles"},
	{Name: "Pier Row", Street: "1400 NE 42nd Street", City: "Portsmouth", State: "VA", Zip: "23704", Timezone: "America/New_York"},
	{Name: "The Quay", Street: "88 Old Quarry Road", City: "St. Albans", State: "VT", Zip: "05478", Timezone: "America/New_York"},
}

// abbreviated are the ways in which senders write what streets are called.
var abbreviated = map[string][]string{"Avenue": {"Ave", "Avenue", "Ave."}, "Street": {"St", "Street", "St."}, "Road": {"Rd", "Road", "Rd."}}

// streetOf is the property's street as one of its senders writes it.
func streetOf(r *rand.Rand, p room.Property) string {
	ws := strings.Fields(p.Street)
	kind := abbreviated[ws[len(ws)-1]]
	ws[len(ws)-1] = kind[r.IntN(len(kind))]
	if ws[1] == "NE" {
		ws[1] = []string{"NE", "N.E.", "Northeast"}[r.IntN(3)]
	}
	return strings.Join(ws, " ")
}

// otherNumber is a house number that is nearly another.
func otherNumber(r *rand.Rand, number string) string {
	b := []byte(number)
	at := r.IntN(len(b))
	switch r.IntN(3) {
	case 0:
		return number + "0"
	case 1:
		if at > 0 && b[at] != b[at-1] && b[at] != '0' {
			b[at], b[at-1] = b[at-1], b[at]
			return string(b)
		}
	}
	b[at] = '1' + (b[at]-'0'+byte(r.IntN(8)))%9 // never itself
	return string(b)
}

var (
	givenNames = strings.Fields(`Amelia Bruno Carmen Dario Elena Felix Gloria Hassan Irene Jonas Keiko Lorenzo Miriam Nadia Omar Paula
		Quincy Renata Stefan Tamara Ulrich Valentina Wanda Xavier Yolanda Zeno Margaret Robert William Elizabeth James Katherine José Zoë
		Anaïs Björn Chidi Daniel Danielle Eric Erica Frances Francis Ingrid Jean Joan Marie Mario Maria Marian Noor Oscar Priya Rafael Sunil Wei`)
	familyNames = strings.Fields(`Abernathy Bianchi Calloway Delacroix Eberhardt Fontaine Granger Hollister Ivanov Jamison Kellerman
		Lindgren Moreau Nakagawa Ostrowski Pemberton Quigley Ramires Ramirez Stanton Staunton Takeda Ulbricht Vandermeer Whitfield Yamada Zeller Hansen Jansen Peña
		O'Hara Núñez García-Ruiz Müller Nguyen Kim Lee Li Wu Olsen Olson Carver Carter Barnes Byrne Brandt Brandl Marsh March Okafor Petrov Rao Sato Silva`)
	shortNames = map[string]string{"Margaret": "Peggy", "Robert": "Bob", "William": "Bill", "Elizabeth": "Liz", "James": "Jim", "Katherine": "Kate", "Daniel": "Dan"}
	businesses = strings.Fields(`Lantern Copper Willow Harbor Juniper Meadow Granite Saffron Tidewater Bramble`)
	trades     = []string{"Studio LLC", "& Co", "Design", "Legal PLLC", "Ceramics", "Consulting Inc"}
)

// renderRoster is a building full of invented people, with namesakes,
// room-mates, couples, businesses and people who have left or will come.
func renderRoster(r *rand.Rand, n int) []room.Resident {
	var out []room.Resident
	for i := range n {
		unit := fmt.Sprintf("%d%02d", 1+i/2%20, 1+i/40)
		if i/2%3 == 0 {
			unit = fmt.Sprintf("%d%c", 1+i/2%25, 'A'+i/50%14)
		}
		status := room.ResidentCurrent
		switch r.IntN(24) {
		case 0:
			status = room.ResidentPast
		case 1:
			status = room.ResidentFuture
		case 2:
			status = room.ResidentNotice
		}
		res := room.Resident{ID: fmt.Sprintf("R%04d", i), FirstName: givenNames[r.IntN(len(givenNames))],
			LastName: familyNames[r.IntN(len(familyNames))], Unit: unit, Status: status}
		if i%2 == 1 && r.IntN(3) == 0 {
			res.LastName = out[i-1].LastName // a couple
		}
		if r.IntN(12) == 0 {
			res.Aliases = []string{businesses[r.IntN(len(businesses))] + fmt.Sprintf(" %c%c ", 'A'+i%26, 'A'+i/26%26) + trades[r.IntN(len(trades))]}
		}
		out = append(out, res)
	}
	return out
}

// caseKinds are drawn at random, each as often as it stands here.
var caseKinds = strings.Fields(`plain plain plain plain plain plain neighbour neighbour nickname initial transposed business careof roommates nounit nounit
	stranger stranger othernumber othernumber otherstreet lookalike lookalike otherfirst otherunit return relative nameless`)

func makeCase(r *rand.Rand, p room.Property, roster []room.Resident) labelCase {
	c := labelCase{kind: caseKinds[r.IntN(len(caseKinds))]}
	res := roster[r.IntN(len(roster))]
	first, last := res.FirstName, res.LastName
	name, unit, street, city := first+" "+last, res.Unit, streetOf(r, p), p.City+" "+p.State+" "+p.Zip
	c.who = map[string]bool{res.ID: true}
	c.want = map[room.ResidentStatus]room.Decision{room.ResidentPast: room.DecisionNone, room.ResidentFuture: room.DecisionConfirm}[res.Status]
	if c.want == "" {
		c.want = room.DecisionMatch
	}
	nobody := func() { c.want, c.who = room.DecisionNone, map[string]bool{} }
	same := func(fits func(room.Resident) bool) {
		c.want, c.who = "", map[string]bool{}
		for _, o := range roster {
			if o.Receives() && fits(o) {
				c.who[o.ID] = true
			}
		}
	}
	var extra string
	switch c.kind {
	case "nickname":
		if short := shortNames[first]; short != "" {
			name = short + " " + last
		}
	case "initial":
		name = first[:1] + ". " + last
		same(func(o room.Resident) bool {
			return o.LastName == last && o.Unit == unit && o.FirstName[:1] == first[:1]
		})
	case "transposed":
		name = last + ", " + first
	case "business":
		if len(res.Aliases) > 0 {
			name = res.Aliases[0]
		}
	case "careof":
		name, extra = "Theobald Kirchweger", "c/o "+name
	case "roommates":
		for _, o := range roster {
			if o.Unit == unit && o.ID != res.ID && o.Status == res.Status {
				name += " & " + o.Name()
				c.who[o.ID] = true
				break
			}
		}
	case "nounit":
		unit = ""
		same(func(o room.Resident) bool { return o.Name() == name })
	case "stranger":
		name = []string{"Theobald Kirchweger", "Sunniva Aldecott", "Marlowe Fitch", "Ottoline Vasquez-Thorne"}[r.IntN(4)]
		nobody()
	case "othernumber":
		number, name, _ := strings.Cut(street, " ")
		street = otherNumber(r, number) + " " + name
		nobody()
	case "otherstreet":
		street, city = "318 "+[]string{"Quiet Lane", "Quill Court", "Bayview Avenue"}[r.IntN(3)], []string{city, "Salem OR 97301"}[r.IntN(2)]
		nobody()
	case "lookalike":
		letters := []rune(last)
		at := max(len(letters)-1-r.IntN(2), 1)
		letters[at] = rune("bcdfgkmptvw"[r.IntN(11)])
		letters[at-1] = rune("zjxwkvbdfqp"[r.IntN(11)])
		name = first + " " + string(letters)
		nobody()
		for _, o := range roster {
			c.who[o.ID] = o.LastName == string(letters) && o.FirstName == first
			if c.who[o.ID] {
				c.want = ""
			}
		}
	case "otherfirst":
		name = []string{"Cosima", "Leopold", "Winifred", "Barnaby"}[r.IntN(4)] + " " + last
		same(func(o room.Resident) bool { return o.LastName == last && o.Unit == unit })
		c.want = room.DecisionConfirm
	case "otherunit":
		unit = roster[r.IntN(len(roster))].Unit
		same(func(o room.Resident) bool { return o.Name() == name })
	case "relative":
		name = []string{"Cosima", "Leopold"}[r.IntN(2)] + " " + familyNames[r.IntN(len(familyNames))]
		same(func(o room.Resident) bool { return o.Unit == unit && strings.HasSuffix(name, " "+o.LastName) })
		if len(c.who) == 0 {
			nobody()
		} else {
			c.want = room.DecisionConfirm
		}
	case "nameless":
		name = "Resident"
		nobody()
	case "return":
		nobody()
	}
	if r.IntN(2) == 0 {
		name, street, city, extra = strings.ToUpper(name), strings.ToUpper(street), strings.ToUpper(city), strings.ToUpper(extra)
	}
	c.print.to = []string{name}
	if extra != "" {
		c.print.to = append(c.print.to, extra)
	}
	c.print.to = append(c.print.to, placed(r, unit, street)...)
	c.print.to = append(c.print.to, city)
	c.print.from = []string{"Copper Kettle Goods", "77 Mill Race", "Tulsa OK 74103"}
	c.print.mark = []string{"SHIP TO:", "TO:", "Deliver to:", "PARA:", "Ship To", "Destinataire :", "Empfänger", ""}[r.IntN(8)]
	if c.kind == "neighbour" { // sends to somebody of the same house
		from := roster[r.IntN(len(roster))]
		c.print.from = append(append([]string{from.Name()}, placed(r, from.Unit, streetOf(r, p))...), p.City+" "+p.State+" "+p.Zip)
	} else if c.kind == "return" {
		c.print.to, c.print.from = []string{"COPPER KETTLE RETURNS", "77 MILL RACE", "TULSA OK 74103"}, c.print.to
	} else if r.IntN(12) == 0 {
		c.print.from = nil
	}
	switch r.IntN(5) {
	case 0:
		c.print.code, c.print.text = "1ZECA5940398436395", "1Z ECA 594 03 9843 6395"
		c.print.service = "UPS GROUND"
	case 1:
		c.print.code, c.print.text = "4209837795055116205"+"91", "9505 5116 2059 1"
		c.print.service = "USPS PRIORITY MAIL"
	case 2:
		c.print.code, c.print.text = "TBA650413818300", "TBA650413818300"
	case 3:
		c.print.code, c.print.text = "CN8036778878", "CN8036778878"
	}
	return c
}

// placed are the lines of unit and street, in one of the ways people write them.
func placed(r *rand.Rand, unit, street string) []string {
	if unit == "" {
		return []string{street}
	}
	as := fmt.Sprintf([]string{"Apt %s", "APT %s", "#%s", "Unit %s", "# %s", "Ste %s", "APARTMENT %s", "No. %s", "Apt. #%s"}[r.IntN(9)], unit)
	switch r.IntN(4) {
	case 0, 1:
		return []string{street + " " + as}
	case 2:
		return []string{as, street}
	}
	return []string{street, as}
}

package ocr

import (
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

var testProperty = room.Property{ID: "p", Name: "Larkspur Yards", Street: "2450 Tamberlyn Street", City: "Ashgrove", State: "OR", Zip: "97489", Timezone: "UTC"}

// printed sets lines below each other, 10 pixels of capital each. A line that
// begins with "|" stands in a second column; "~" makes it small.
func printed(text string) []Printed {
	var out []Printed
	y := 0.0
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		p := Printed{Confidence: 0.95, X: 50, H: 12, CapPX: 10}
		if strings.HasPrefix(line, "|") {
			line, p.X = line[1:], 700
		}
		if strings.HasPrefix(line, "~") {
			line, p.CapPX, p.H = line[1:], 6, 7
		}
		y += 1.5 * p.CapPX
		if line == "" {
			y += 30
			continue
		}
		p.Y, p.Text, p.W = y, line, float64(len(line))*p.CapPX*0.75
		out = append(out, p)
	}
	return out
}

func TestParseFindsTheRecipient(t *testing.T) {
	tests := []struct {
		name, text   string
		who, unit    string
		where        Where
		doubt, rival bool
	}{
		{name: "plain", text: "ANA KIM\nAPT 4B\n2450 TAMBERLYN ST\nASHGROVE OR 97489", who: "ANA KIM", unit: "4B", where: Own},
		{name: "unit on the street's line", text: "Ana Kim\n2450 Tamberlyn Street, Apartment 7H\nAshgrove, OR 97489", who: "ANA KIM", unit: "7H", where: Own},
		{name: "unit on the name's line", text: "ANA KIM APT 205\n2450 TAMBERLYN ST\nASHGROVE OR 97489", who: "ANA KIM", unit: "205", where: Own},
		{name: "number sign", text: "Ana Kim\n2450 Tamberlyn Street\n#1909\nAshgrove OR 97489", who: "ANA KIM", unit: "1909", where: Own},
		{name: "hyphen in the unit", text: "Ana Kim\n2450 Tamberlyn St Unit 3-09\nAshgrove OR 97489", who: "ANA KIM", unit: "309", where: Own},
		{name: "bare unit at the street's end", text: "Ana Kim\n2450 Tamberlyn St 4B\nAshgrove OR 97489", who: "ANA KIM", unit: "4B", where: Own},
		{name: "marker before the name", text: "TO ANA KIM\n2450 TAMBERLYN ST NO. 12\nASHGROVE OR 97489", who: "ANA KIM", unit: "12", where: Own},
		{name: "marker above", text: "SHIP TO:\nAna Kim\n2450 Tamberlyn St Ste 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Own},
		{name: "Spanish", text: "PARA:\nAna Kim\n2450 Tamberlyn St Depto 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Own},
		{name: "care of", text: "Bo Vale\nc/o Ana Kim\n2450 Tamberlyn St #3\nAshgrove OR 97489", who: "BO VALE", unit: "3", where: Own},
		{name: "reading errors in the street", text: "Ana Kim\n2450 TAMBERIYN STREET APT 3\nASHGR0VE OR 97489", who: "ANA KIM", unit: "3", where: Own},
		{name: "sender above", text: "~FROM: Oak Goods\n~27 Wharf Lane\n~Ontario CA 91761\n\nAna Kim\n2450 Tamberlyn St #3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Own},
		{name: "another house number", text: "Ana Kim\n2540 Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Elsewhere},
		{name: "same number, another street", text: "Ana Kim\n2450 Quarry Lane APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Elsewhere},
		{name: "another city", text: "Ana Kim\n905 Depot Ave\nEdison NJ 08837", who: "ANA KIM", where: Elsewhere, doubt: true},
		{name: "return label", text: "~FROM:\n~Ana Kim\n~2450 Tamberlyn St #3\n~Ashgrove OR 97489\n\nTO:\nOAK GOODS RETURNS\n905 DEPOT AVE\nEDISON NJ 08837", who: "OAK GOODS RETURNS", where: Elsewhere, doubt: true},
		{name: "return label without marks", text: "~Ana Kim\n~2450 Tamberlyn St #3\n~Ashgrove OR 97489\n\nOAK GOODS RETURNS\n905 DEPOT AVE\nEDISON NJ 08837", who: "OAK GOODS RETURNS", where: Elsewhere},
		{name: "two addresses of one size", text: "Ana Kim\n2450 Tamberlyn St #3\nAshgrove OR 97489\n\nOAK GOODS RETURNS\n905 DEPOT AVE\nEDISON NJ 08837", who: "ANA KIM", unit: "3", where: Own, rival: true},
		{name: "number covered", text: "Ana Kim\n50 Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Unclear},
		{name: "a digit of the number misread", text: "Ana Kim\n24S0 Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Own},
		{name: "a digit that is another", text: "Ana Kim\n25UO Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Unclear, doubt: true},
		{name: "return label, its street no street and its zip misread", text: "~FROM:\n~Ana Kim\n~2450 Tamberlyn St #3\n~Ashgrove OR 97489\n\nDeliver to:\nOAK GOODS RETURNS\n77 MILL RACE\nTULSA OK 741O6E3", who: "OAK GOODS RETURNS", where: Unclear, doubt: true},
		{name: "sender and recipient run into one", text: "Ana Kim\n2450 Tamberlyn St #3\nAshgrove OR 9748?\nOAK GOODS RETURNS\n77 MILL RACE\nTULSA OK 74103", who: "ANA KIM", unit: "3", where: Unclear, doubt: true},
		{name: "another number, fallen apart", text: "Ana Kim\n25 40 Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Elsewhere},
		{name: "another number, stuck to its street", text: "Ana Kim\n2540Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Elsewhere},
		{name: "the number, fallen apart", text: "Ana Kim\n24 50 Tamberlyn Street APT 3\nAshgrove OR 97489", who: "ANA KIM", unit: "3", where: Own},
		{name: "a given name that is a word of carriers' too", text: "BILL DATE\n2450 TAMBERLYN ST #3\nASHGROVE OR 97489", who: "BILL DATE", unit: "3", where: Own},
		{name: "nothing but a name", text: "Ana Kim", who: "ANA KIM", where: Unclear, doubt: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Parse(printed(tt.text), testProperty)
			if len(p.Blocks) == 0 || len(p.Blocks[0].Names) == 0 {
				t.Fatalf("no recipient: %+v", p.Blocks)
			}
			b := p.Blocks[0]
			if b.Names[0].Text != tt.who || b.Unit != tt.unit || b.Where != tt.where {
				t.Errorf("got %q %q %d, want %q %q %d", b.Names[0].Text, b.Unit, b.Where, tt.who, tt.unit, tt.where)
			}
			if b.Where != Elsewhere && b.Doubt != tt.doubt || b.Rivalled != tt.rival {
				t.Errorf("doubt %v, rivalled %v; want %v, %v", b.Doubt, b.Rivalled, tt.doubt, tt.rival)
			}
		})
	}
}

func TestParseKnowsThePropertysStreet(t *testing.T) {
	numbered := room.Property{Street: "300 NE 42nd Street", City: "Port Ellery", State: "VA", Zip: "23704"}
	broad := room.Property{Street: "88 Harbor Pl", City: "St. Albans", State: "VT", Zip: "05478"}
	fifth := room.Property{Street: "712 Fifth Avenue", City: "New York", State: "NY", Zip: "10019"}
	for _, tt := range []struct {
		street, city string
		property     room.Property
		where        Where
		doubt        bool
	}{
		{"300 NE 42ND ST APT 5D", "PORT ELLERY VA 23704", numbered, Own, false},
		{"300 Northeast 42nd Street, # 5D", "Port Ellery, VA 23704", numbered, Own, false},
		{"300 N.E. 42nd St. Apartment 5D", "Port Ellery VA 23 704-8856", numbered, Own, false},
		{"300 NE 43RD ST APT 5D", "PORT ELLERY VA 23704", numbered, Elsewhere, false},
		{"300 NE 42ND AVE APT 5D", "PORT ELLERY VA 23704", numbered, Unclear, true},
		{"308 NE 42ND ST APT 5D", "PORT ELLERY VA 23704", numbered, Elsewhere, false},
		{"88 HARBOR PLACE # 5D", "ST ALBANS VT 05478", broad, Own, false},
		{"88 HARBOR PL # 5D", "ST. ALBANS VT 054?8", broad, Own, false},
		{"88 Harbor Court # 5D", "St. Albans VT 05478", broad, Unclear, true},
		{"712 5th Ave Apt 5D", "New York, NY 10019", fifth, Own, false},
		{"712 FIFTH AVENUE APT 5D", "NEW YORK NY 10019", fifth, Own, false},
		{"712 6th Ave Apt 5D", "New York, NY 10019", fifth, Elsewhere, false},
	} {
		b := Parse(printed("ANA KIM\n"+tt.street+"\n"+tt.city), tt.property).Blocks[0]
		if b.Where != tt.where || b.Where != Elsewhere && b.Doubt != tt.doubt || b.Unit != "5D" {
			t.Errorf("%s: %d, doubt %v, unit %q; want %d, %v", tt.street, b.Where, b.Doubt, b.Unit, tt.where, tt.doubt)
		}
	}
}

// A sender who lives here too must not become the recipient, whatever was
// misread of the lines between.
func TestParseKeepsTwoAddressesOfThisBuildingApart(t *testing.T) {
	for name, text := range map[string]string{
		"a postcode fell apart":    "~Expeéditeur :\n~Bo Vale\n~2450 Tamberlyn St Apt 8H\n~Ashgrove OR 97 489\n\nDestnataire\nAna Kim\n2450 Tamberlyn St Apt 3\nAshgrove OR 97489",
		"a city line was not read": "~Absencler\n~Bo Vale\n~2450 Tamberlyn St Apt 8H\nAna Kim\n2450 Tamberlyn St Apt 3\nAshgrove OR 97489",
	} {
		p := Parse(printed(text), testProperty)
		b := p.Blocks[0]
		if len(b.Names) != 1 || b.Names[0].Text != "ANA KIM" || b.Unit != "3" || b.Where != Own {
			t.Errorf("%s: %+v %q", name, b.Names, b.Unit)
		}
		for _, o := range p.Blocks[1:] {
			if !o.From {
				t.Errorf("%s: the sender is not known as one: %+v", name, o)
			}
		}
	}
}

// A parcel for the same name and unit in another house of this street or town is
// not ours, however the number came apart in reading.
func TestParseDoubtsAStreetThatItCannotTell(t *testing.T) {
	for _, tt := range []struct {
		street string
		where  Where
		doubt  bool
	}{
		{"3 1 8 Quill Court", Elsewhere, false},
		{"31 8 QUILL COURT", Elsewhere, false},
		{"318 Qu111 Crt", Unclear, true},
		{"24 50 Tamberlyn St", Own, false},
		{"2 4 5 0 TAMBERLYN ST", Own, false},
		{"2460 Tamberlyn St", Elsewhere, false},
	} {
		b := Parse(printed("Ana Kim\n"+tt.street+"\nApt 4B\nAshgrove OR 97489"), testProperty).Blocks[0]
		if b.Where != tt.where || tt.where != Elsewhere && b.Doubt != tt.doubt || b.Unit != "4B" {
			t.Errorf("%s: %d, doubt %v, unit %q", tt.street, b.Where, b.Doubt, b.Unit)
		}
	}
}

func TestParseUnitsAsTheyAreMisread(t *testing.T) {
	for printedAs, unit := range map[string]string{"No. 25]": "25J", "APT 12]": "12J", "Ste 4)": "4J", "Unit 7-04": "704", "#1002": "1002"} {
		if b := Parse(printed("Ana Kim\n2450 Tamberlyn St\n"+printedAs+"\nAshgrove OR 97489"), testProperty).Blocks[0]; b.Unit != unit {
			t.Errorf("%s: %q, want %q", printedAs, b.Unit, unit)
		}
	}
}

func TestParseCareOf(t *testing.T) {
	b := Parse(printed("Bo Vale\nc/o Ana Kim\n2450 Tamberlyn St #3\nAshgrove OR 97489"), testProperty).Blocks[0]
	if len(b.Names) != 2 || !b.Names[1].Care || b.Names[1].Text != "ANA KIM" {
		t.Errorf("got %+v", b.Names)
	}
}

func TestParseNumbersAndCarrier(t *testing.T) {
	tests := []struct{ text, carrier, number string }{
		{"UPS GROUND\nTRACKING #: 1Z 5R8 939 03 5756 7127", "UPS", "1Z5R89390357567127"},
		{"UPS GROUND\nTRACKING #: 1Z 5R8 939 O3 5756 7I27", "UPS", "1Z5R89390357567127"},
		{"USPS TRACKING # EP\n9400 1112 0620 6406 2607 87\nOrder 238-5422515-0698099", "USPS", "9400111206206406260787"},
		{"FedEx\nTRK# 9865 7878 8855\nREF: 42189698", "FedEx", "986578788855"},
		{"AMZL US\nTBA650413818300", "Amazon", "TBA650413818300"},
		{"Ref 1: 681747623\nOrder 225-8505291-2673991", "", ""},
		{"DPD\n0612 0341 0072 89\n~Track", "DPD", "06120341007289"},
		{"DPD\n061203 4100728K H\n~Numer paczki", "DPD", "0612034100728K"},
		{"DPD\nP_2026-04-29_01\n2026-03-06 09:04 24030402 Label Software", "DPD", ""},
		{"10000000000\nAna Kim\n2450 Tamberlyn St # 3\nAshgrove OR 97489", "", ""}, // a customer's number
		{"DPD\n0603230 8000 0072788590 101 616 2", "DPD", ""},                      // the middle of a longer run
		{"DPD\n0612 O341 0072 89\n~Track", "DPD", ""},                              // unproven, and a letter in it
		{"WBO14556716\nfragile", "", ""},
		{"GLS\nTracking ID: 777430726380", "GLS", "777430726380"}, // unproven, but captioned
		{"USPS TRACKING # EP\n940O 1112 0620 64O6 2607 87", "USPS", "9400111206206406260787"},
	}
	for _, tt := range tests {
		p := Parse(printed(tt.text), testProperty)
		carrier, number := trackingOf(nil, p.Numbers, p.Carrier)
		if carrier != tt.carrier || number != tt.number {
			t.Errorf("%q: got %q %q, want %q %q (of %q)", tt.text, carrier, number, tt.carrier, tt.number, p.Numbers)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ANA KIM\nAPT 4B\n2450 TAMBERLYN ST\nASHGROVE OR 97489\nTRACKING #: 1Z 5R8 939 03 5756 7127")
	f.Add("FROM:\n|SHIP TO:\n~c/o c/o ATTN: & # APT\n\n0 0 0")
	f.Add("¿\xff ß ı\n#\n2450 Tamberlyn")
	roster := NewRoster([]room.Resident{{ID: "R1", FirstName: "Ana", LastName: "Kim", Unit: "4B", Status: room.ResidentCurrent}})
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		p := Parse(printed(text), testProperty)
		for _, b := range p.Blocks {
			m := roster.Match(b)
			if m.Decision == room.DecisionMatch && len(m.Candidates) == 0 {
				t.Fatal("a match of nobody")
			}
		}
	})
}

func TestParseReadsAddressesOfOtherCountries(t *testing.T) {
	tests := []struct{ name, text, who string }{
		{"Norwegian", "AVSENDER\nNordlys Handel\n\nMOTTAKER\nAna Kim\nFjellveien 14\n3086 Holmestrand", "ANA KIM"},
		{"Swedish, a shop to fetch it from above", "Till\nKvarters Livs\nMajvägen 4\n17744 Järfälla\n\n\nMottagare\nAna Kim\nTestgatan 2\n17000 Järfälla", "ANA KIM"},
		{"Polish, with the country before", "Ana Kim\nDaniszewska 14\nPL-03230 Warszawa", "ANA KIM"},
		{"British", "Ana Kim\nRose Cottage\n12 Long Lane\nGL55 6HU", "ANA KIM"},
		{"Austrian", "SHIP TO:\nAna Kim\nTEST STREET 2\n5000 HALLEIN\nAUSTRIA", "ANA KIM"},
		{"a name under its mark, no address", "ODBIORCA\nAna Kim\n\nAutomat 7\nWyzwolenia 106\n85-790 Bydgoszcz", "ANA KIM"},
		{"ship and to in two lines", "SHIP DEPOT 00417\nTO TEST STREET 2\nIDAHO FALLS ID 83402", "DEPOT 00417"},
		{"a frame before the name", "1 Ana Kim\n12 Oak Street\nEdison NJ 08837", "ANA KIM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Parse(printed(tt.text), room.Property{})
			if len(p.Blocks) == 0 || len(p.Blocks[0].Names) == 0 || p.Blocks[0].Names[0].Text != tt.who {
				t.Errorf("got %+v", p.Blocks)
			}
		})
	}
}

func TestNumbersInCarriersOwnCodes(t *testing.T) {
	tests := []struct{ format, text, carrier, number string }{
		{"Code128", "AGL55655500001868043001", "DHL", "55500001868043"},
		{"ITF", "903844384574", "GLS", "90384438457"},
		{"DataMatrix", "ADK0063DK00262080000075208a15e1qVYOD3VO5SBBd", "GLS", "YOD3VO5S"},
		{"Code128", "42097489\x1d9505511973815055419476", "USPS", "9505511973815055419476"},
		{"Code128", "00857900612034100728K101616R", "DPD", "0612034100728K"},
	}
	for _, tt := range tests {
		carrier, number := trackingOf([]Code{{Format: tt.format, Text: tt.text}}, []string{"986578788855"}, "")
		if carrier != tt.carrier || number != tt.number {
			t.Errorf("%s: got %q %q, want %q %q", tt.text, carrier, number, tt.carrier, tt.number)
		}
	}
}

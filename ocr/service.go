package ocr

import "strings"

// upsServices are the two characters after the shipper in a 1Z number.
var upsServices = map[string]string{
	"01": "Next Day Air", "02": "2nd Day Air", "03": "Ground", "12": "3 Day Select",
	"13": "Next Day Air Saver", "15": "Next Day Air Early", "22": "Ground, returns, three attempts",
	"32": "Next Day Air Early, COD", "33": "Next Day Air Early, Saturday, COD",
	"41": "Next Day Air Early, Saturday", "42": "Ground, signature required",
	"44": "Next Day Air, Saturday", "66": "Worldwide Express", "72": "Ground, COD",
	"78": "Ground, returns, one attempt", "90": "Ground, returns, label by mail",
	"A0": "Next Day Air Early, adult signature", "A1": "Next Day Air Early, Saturday, adult signature",
	"A2": "Next Day Air, adult signature", "A8": "Ground, adult signature",
	"A9": "Next Day Air Early, adult signature, COD", "AA": "Next Day Air Early, Saturday, adult signature, COD",
	"YW": "SurePost, delivered by USPS",
}

// uspsClasses are the application identifiers of the Intelligent Mail package
// barcode, USPS Publication 199.
var uspsClasses = map[string]string{
	"92": "Commercial mailer", "93": "Commercial mailer", "94": "Online label", "95": "Retail",
}

// uspsLegacyServices are the first two digits of confirmation numbers, USPS
// Publication 91.
var uspsLegacyServices = map[string]string{
	"01": "Delivery Confirmation", "02": "Delivery Confirmation", "03": "Delivery Confirmation", "04": "Delivery Confirmation",
	"05": "Delivery Confirmation, insured", "06": "Delivery Confirmation, insured", "07": "Delivery Confirmation, insured",
	"08": "Delivery Confirmation, insured", "14": "Delivery Confirmation", "21": "Signature Confirmation",
	"22": "Signature Confirmation", "23": "Signature Confirmation", "24": "Signature Confirmation",
	"25": "Signature Confirmation, insured", "26": "Signature Confirmation, insured", "34": "Signature Confirmation",
	"56": "Passive scan", "70": "Certified Mail", "71": "Certified Mail", "73": "Insured Mail",
	"82": "Merchandise Return", "83": "Merchandise Return, insured", "85": "Merchandise Return, insured",
}

// dpdServices are DPD's service codes in its 28 character barcode.
var dpdServices = map[string]string{
	"101": "Classic", "102": "Classic, hazardous", "105": "Classic, ex works", "109": "Classic, COD", "113": "Classic, exchange",
	"136": "Classic, small", "154": "Parcel letter", "155": "Guarantee", "161": "Guarantee, COD", "179": "10:00",
	"191": "10:00, COD", "225": "12:00", "237": "12:00, COD", "350": "8:30",
}

// s10Service is what the first letter of an S10 number says (UPU S10).
func s10Service(first byte) string {
	switch first {
	case 'C':
		return "Parcel post"
	case 'E':
		return "Express (EMS)"
	case 'H':
		return "E-commerce parcel"
	case 'L':
		return "Letter, tracked"
	case 'M':
		return "M-bag"
	case 'Q':
		return "Business reply"
	case 'R':
		return "Registered"
	case 'U':
		return "Letter"
	case 'V':
		return "Insured letter"
	}
	return "Domestic"
}

// s10Post is the post of the country at the end of an S10 number.
func s10Post(s string) string { return s10Posts[s[len(s)-2:]] }

// s10Posts are the posts that may issue S10 numbers, by ISO 3166-1 code, with
// the name that people know where it is not "COUNTRY Post".
var s10Posts = s10PostNames()

func s10PostNames() map[string]string {
	const members = `AF AL DZ AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI KH CM CA CV CF TD CL CN HK
		CO KM CG CR HR CU CY CZ CI KP CD DK DJ DM DO EC EG SV GQ ER EE ET FJ FI FR GA GM GE DE GH GB GR GD GT GN GW GY HT HN HU
		IS IN ID IR IQ IE IL IT JM JP JO KZ KE KI KR KW KG LA LV LB LS LR LY LI LT LU MG MW MY MV ML MT MR MU MX MD MC MN ME MA
		MZ MM NA NR NP NL NZ NI NE NG NO OM PK PA PG PY PE PH PL PT QA RO RU RW KN LC VC WS SM ST SA SN RS SC SL SG SK SI SB SO
		ZA SS ES LK SD SR SZ SE CH SY TJ TZ TH MK TL TG TO TT TN TR TM TV UG UA AE US UY UZ VU VA VE VN YE ZM ZW`
	m := map[string]string{}
	for code := range strings.FieldsSeq(members) {
		m[code] = "Post (" + code + ")"
	}
	for code, name := range map[string]string{
		"US": "USPS", "GB": "Royal Mail", "CA": "Canada Post", "CN": "China Post", "HK": "Hongkong Post", "JP": "Japan Post",
		"KR": "Korea Post", "DE": "Deutsche Post", "FR": "La Poste", "ES": "Correos", "IT": "Poste Italiane", "NL": "PostNL",
		"BE": "bpost", "CH": "Swiss Post", "AT": "Österreichische Post", "AU": "Australia Post", "NZ": "NZ Post", "IN": "India Post",
		"SG": "SingPost", "MX": "Correos de México", "BR": "Correios", "PT": "CTT", "IE": "An Post", "SE": "PostNord",
		"DK": "PostNord", "NO": "Posten", "FI": "Posti", "PL": "Poczta Polska", "CZ": "Česká pošta", "UA": "Ukrposhta",
		"TH": "Thailand Post", "MY": "Pos Malaysia", "VN": "Vietnam Post", "PH": "PHLPost", "IL": "Israel Post", "TR": "PTT",
		"RU": "Russian Post", "ZA": "South African Post Office", "AE": "Emirates Post",
	} {
		m[code] = name
	}
	return m
}

package ocr

import "strings"

// format is one form of tracking numbers. parse gets capitals without white
// space and gives the number without routing before it, and the service.
type format struct {
	carrier string // empty: the post of the country in it (S10)
	strong  bool   // a check digit, or a prefix that nothing else has
	parse   func(s string) (normalized, service string, ok bool)
}

// formats is the one list of forms, the likeliest in a parcel room of the United
// States first. Where two carriers' forms overlap, both are told.
var formats = []format{
	// UPS: 1Z, shipper 6, service 2, package 7, check digit.
	{"UPS", true, func(s string) (string, string, bool) {
		ok := len(s) == 18 && s[:2] == "1Z" && alnum(s) && digits(s[17:]) && mod10(s[2:], 1, 2)
		if !ok {
			return "", "", false
		}
		return s, upsServices[s[8:10]], true
	}},
	{"USPS", true, uspsIMpb},
	{"USPS", true, uspsLegacy},
	{"Amazon", true, prefixed("", "TBA,TBC,TBM", 12)},
	// FedEx Ground's 34 digits and Express' 34 digits: the tracking number is the
	// last 14, of which the first two are usually 00.
	{"FedEx", true, func(s string) (string, string, bool) {
		if len(s) != 34 || !digits(s) || !fedexExpress(s[20:]) || blank(s[20:]) {
			return "", "", false
		}
		if s[:2] == "96" {
			return fedexShort(s[20:]), "Ground", true
		}
		return fedexShort(s[20:]), "Express", s[0] != '9'
	}},
	// FedEx's older ASTRA code: an Express number in digits 17 to 28.
	{"FedEx", true, func(s string) (string, string, bool) {
		if len(s) != 32 || s[0] != '3' || !digits(s) || blank(s[16:28]) {
			return "", "", false
		}
		return s[16:28], "Express", fedexExpress(s[16:28])
	}},
	// FedEx Ground 96: 96, SCNC 2, service 3, shipper 7, package 7, check digit.
	{"FedEx", true, func(s string) (string, string, bool) {
		ok := len(s) == 22 && digits(s) && s[:2] == "96" && !blank(s[7:]) && mod10(s[7:], 1, 3)
		return s, "Ground", ok
	}},
	{"FedEx", true, checked("Express", 12, fedexExpress)},
	{"FedEx", true, checked("Ground", 15, gs1)},
	{"FedEx", false, func(s string) (string, string, bool) {
		ok := len(s) == 18 && digits(s) && !blank(s) && gs1(s)
		return s, "Ground (SSCC-18)", ok
	}},
	{"OnTrac", true, upsLike("CD", "")},
	{"UPS", true, upsWaybill},
	{"Amazon", false, prefixed("International", "A,F,C", 10)},
	{"LaserShip", true, laserShip},
	{"DHL", true, checked("Express", 10, mod7)},
	{"DHL", true, checked("Express", 11, mod7)},
	{"DHL", true, dhlPiece},
	{"", true, func(s string) (string, string, bool) {
		ok := len(s) == 13 && letters(s[:2]) && digits(s[2:11]) && letters(s[11:]) && s10Posts[s[11:]] != "" && s10Check(s[2:11])
		if !ok {
			return "", "", false
		}
		return s, s10Service(s[0]), true
	}},
	{"Purolator", true, func(s string) (string, string, bool) {
		return s, "", len(s) == 12 && digits(s) && s[0] <= '5' && luhn(s)
	}},
	{"Purolator", false, func(s string) (string, string, bool) {
		return s, "", len(s) == 12 && letters(s[:3]) && digits(s[3:])
	}},
	{"Canada Post", true, checked("", 16, gs1)},
	{"Canpar", false, func(s string) (string, string, bool) {
		return s, "", len(s) == 22 && strings.IndexByte("CDKLSUXZ", s[0]) >= 0 && digits(s[1:])
	}},
	{"Old Dominion", true, oldDominion},
	// DPD: postcode 7, parcel 14, service 3, country 3, check character; and the
	// parcel alone with a check character of its own.
	{"DPD", true, func(s string) (string, string, bool) {
		ok := len(s) == 28 && digits(s[:7]) && dpdParcel(s[7:21]) && digits(s[21:27]) && alnum(s[27:]) && !blank(s[:27]) && mod3736(s)
		if !ok {
			return "", "", false
		}
		return s, dpdServices[s[21:24]], true
	}},
	{"DPD", true, func(s string) (string, string, bool) {
		return s, "", len(s) == 15 && dpdParcel(s[:14]) && alnum(s[14:]) && !blank(s[:14]) && mod3736(s)
	}},
	{"GOFO", true, prefixed("Express", "GFUS", 14)},
	{"Landmark Global", true, func(s string) (string, string, bool) {
		return s, "", len(s) == 13 && s[:3] == "LTN" && digits(s[3:11]) && s[11:] == "N1"
	}},
	{"Spee-Dee", true, prefixed("", "SP", 18)},
	{"SpeedX", true, func(s string) (string, string, bool) {
		return s, "", len(s) >= 15 && len(s) <= 21 && s[:3] == "SPX" && alnum(s[3:]) && digits(s[len(s)-10:])
	}},
	{"Yodel", true, prefixed("", "JD,JJD", 16)},
	{"YunExpress", true, prefixed("", "YT", 16)},
	{"DHL", false, dhlECommerce},
	// DHL eCommerce's 14 digits carry no check digit: last, and weak.
	{"DHL", false, func(s string) (string, string, bool) { return s, "eCommerce", len(s) == 14 && digits(s) }},
}

// blank reports whether a number is nothing but zeros.
func blank(s string) bool { return strings.Trim(s, "0") == "" }

// prefixed is a form of one of several prefixes and n digits.
func prefixed(service, prefixes string, n int) func(string) (string, string, bool) {
	list := strings.Split(prefixes, ",")
	return func(s string) (string, string, bool) {
		for _, p := range list {
			if len(s) == len(p)+n && s[:len(p)] == p && digits(s[len(p):]) {
				return s, service, true
			}
		}
		return "", "", false
	}
}

// checked is a form of n digits of which the last is right by sum.
func checked(service string, n int, sum func(string) bool) func(string) (string, string, bool) {
	return func(s string) (string, string, bool) {
		return s, service, len(s) == n && digits(s) && !blank(s) && sum(s)
	}
}

// dpdParcel is DPD's number of a parcel: 14 digits, the last a letter in Poland.
func dpdParcel(s string) bool { return digits(s[:13]) && alnum(s[13:]) }

// upsLike is a letter and 14 digits, checked as UPS does, the letter counting as
// its value (C = 4, D = 5).
func upsLike(first, service string) func(string) (string, string, bool) {
	return func(s string) (string, string, bool) {
		if len(s) != 15 || strings.IndexByte(first, s[0]) < 0 || !digits(s[1:]) || blank(s[1:]) {
			return "", "", false
		}
		sum := s
		if value(s[0]) == value(s[1]) {
			sum = s[1:] // the digit for the letter is written out already
		}
		return s, service, mod10(sum, 1, 2)
	}
}

// upsWaybill is a service letter, nine digits and a check digit.
func upsWaybill(s string) (string, string, bool) {
	if len(s) != 11 || strings.IndexByte("AHJKTV", s[0]) < 0 || !digits(s[1:]) || blank(s[1:]) || !mod10(s[1:], 1, 2) {
		return "", "", false
	}
	service := map[byte]string{'J': "Next Day Express", 'K': "Ground", 'V': "Worldwide Express Saver"}[s[0]]
	return s, service, true
}

// fedexShort drops the two zeros that fill 12 digits up to 14.
func fedexShort(s string) string {
	return strings.TrimPrefix(s, "00")
}

// uspsRouting splits 420 and a ZIP or ZIP+4 off a number; rest is all of it
// where there is none.
func uspsRouting(s string, lengths ...int) (rest string, routed bool) {
	if !strings.HasPrefix(s, "420") {
		return s, false
	}
	for _, zip := range []int{5, 9} {
		for _, n := range lengths {
			if len(s) == 3+zip+n && s[3+zip] == '9' {
				return s[3+zip:], true
			}
		}
	}
	return s, false
}

// uspsIMpb is the Intelligent Mail package barcode (USPS Publication 199): two
// digits of application (92 nine-digit mailer, 93 six-digit mailer, 94 online, 95
// retail), three of service, mailer, serial, check digit.
func uspsIMpb(s string) (string, string, bool) {
	if !digits(s) {
		return "", "", false
	}
	s, _ = uspsRouting(s, 22, 26, 30)
	if len(s) != 22 && len(s) != 26 && !(len(s) == 30 && s[:2] == "94") {
		return "", "", false
	}
	nine := s[5] == '9' // nine-digit mailer IDs begin with 9, six-digit ones do not
	switch s[:2] {
	case "92":
		if !nine {
			return "", "", false
		}
	case "93":
		if nine {
			return "", "", false
		}
	case "94":
		if len(s) == 30 && !nine {
			return "", "", false
		}
	case "95":
	default:
		return "", "", false
	}
	return s, uspsClasses[s[:2]], gs1(s)
}

// uspsLegacy is Delivery and Signature Confirmation: service 2, mailer 9, package
// 8, check digit, with 91 before it or not, which the check digit covers.
func uspsLegacy(s string) (string, string, bool) {
	if !digits(s) {
		return "", "", false
	}
	s, _ = uspsRouting(s, 22)
	if len(s) == 22 && s[:2] == "91" && !blank(s[2:]) && gs1(s) {
		return s, uspsLegacyServices[s[2:4]], true
	}
	if len(s) != 20 || blank(s) {
		return "", "", false
	}
	return s, uspsLegacyServices[s[:2]], gs1(s) || gs1("91"+s)
}

func laserShip(s string) (string, string, bool) {
	switch {
	case len(s) == 10 && s[0] == 'L' && strings.IndexByte("AIEHNX", s[1]) >= 0 && s[2] >= '1' && s[2] <= '3' && digits(s[3:]):
		return s, "", true
	case len(s) == 15 && s[:4] == "1LS7" && (s[4] == '1' || s[4] == '2') && digits(s[5:]):
		return s, "", true
	case len(s) == 18 && s[:4] == "1LS7" && (s[4] == '1' || s[4] == '2') && digits(s[5:7]) && s[7:9] == "01" &&
		s[9] >= '1' && s[9] <= '4' && digits(s[10:16]) && s[16:] == "-1":
		return s, "", true
	case len(s) == 15 && s[:5] == "1LSCX" && alnum(s[5:]):
		return s, "", true
	}
	return "", "", false
}

// dhlPiece is DHL Express' piece ID, ISO 15459: J, issuer, nine digits or more.
func dhlPiece(s string) (string, string, bool) {
	for _, n := range []int{3, 4} {
		if s[0] != 'J' || len(s) <= n || !letters(s[:n]) || !digits(s[n:]) {
			continue
		}
		if d := len(s) - n; d == 9 || d == 10 || d == 18 {
			return s, "Express (piece)", true
		}
	}
	return "", "", false
}

func dhlECommerce(s string) (string, string, bool) {
	switch s[:2] {
	case "GM", "LX", "RX", "UV", "CN", "SG", "TH", "IN", "HK", "MY":
	default:
		return "", "", false
	}
	rest := s[2:]
	return s, "eCommerce", len(rest) >= 10 && len(rest) <= 39 && alnum(rest) && strings.ContainsAny(rest, "0123456789")
}

func oldDominion(s string) (string, string, bool) {
	if len(s) != 11 || !digits(s) || !luhn(s) {
		return "", "", false
	}
	switch s[:3] {
	case "777", "778", "072", "780":
		return s, "", true
	}
	return s, "Guaranteed", s[:2] == "80"
}

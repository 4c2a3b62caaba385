package ocr

import (
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"
)

var (
	reNumber  = regexp.MustCompile(`[0-9A-Z][0-9A-Z \-]{6,60}[0-9A-Z]`)
	reTrkKey  = regexp.MustCompile(`TRACK[A-Z]*\s*(?:NO|NUMBER|ID)?\s*[#:.]*|TRK\s*[#:.]*|WAYBILL\s*[#:.]*|\bAWB\s*[#:.]*|SHIPMENT\s*(?:ID|NO)?\s*[#:.]*|(?:NUMER PACZKI|PAKETNUMMER|SENDUNGSNUMMER|KOLLI-?ID|NUMERO DE (?:GUIA|SEGUIMIENTO|SUIVI))\W*`)
	reMoment  = regexp.MustCompile(`[0-9]{4}[-./][0-9]{2}[-./][0-9]{2}|\b[0-9]{1,2}[-./][0-9]{1,2}[-./](?:[0-9]{4}|[0-9]{2})\b|\b[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?`) // dates and times
	rePhone   = regexp.MustCompile(`\b(?:TEL|TELEPHONE|TELEFON[O]?|PHONE|PH|MOB|MOBILE|FAX|TLF|GSM)\b[\s.:]*\+?[0-9][0-9 ()\-]{6,16}|\+[0-9][0-9 ()\-]{8,16}`)
	reAny     = regexp.MustCompile(`^(?:[A-Z]{1,4}[0-9]{8,16}|[0-9]{10,26})$`)
	reNot     = regexp.MustCompile(`^(?:REF|RET|REE|PO|POL|INV|SKU|ORD|ORDER|TEL|PH|BILL|ACCT|ZIP|CAD|DATE|CYCLE|RT|WT)[0-9O]`)
	reRouting = regexp.MustCompile(`^(?:420[0-9]{5}(?:[0-9]{4})?|421[0-9]{3}[0-9A-Z]{3,9})$`) // GS1: where it goes
	reUnsure  = regexp.MustCompile(`^[A-Z]*[OQDILSZBG][0-9]`)                                 // where figures begin cannot be told
	reOnTrac  = regexp.MustCompile(`^[CD][0-9]{14}$`)
)

// numbers collects runs of a label's text that may be tracking numbers, those
// of a known form with a right check digit first. What proves nothing by itself
// does not count in an address, where it is a customer's or a telephone's.
func numbers(ls []folded, bs []Block) []string {
	type found struct {
		text string
		rank float64
	}
	var out []found
	seen := map[string]bool{}
	// whole = no figure stands beside it in its line
	add := func(s string, key, whole, address bool, confidence float64) {
		if reNot.MatchString(s) {
			return
		}
		for _, v := range repairs(s) {
			t := parseOnLabel(v, false)
			r := confidence
			switch {
			case t.Valid && t.strong && (whole || !digits(t.Normalized)):
				r += 4
			case t.Valid && (key && whole && v == s || reOnTrac.MatchString(v)):
				r += 1
			case whole && v == s && (key || !address && !reUnsure.MatchString(v)) && reAny.MatchString(v):
			default:
				continue
			}
			if key {
				r += 2
			}
			n := t.Normalized
			if seen[n] {
				continue
			}
			seen[n] = true
			out = append(out, found{n, r - 0.1*float64(diff(v, s))})
		}
	}
	for i, l := range ls {
		text, key := reMoment.ReplaceAllString(rePhone.ReplaceAllString(l.text, " / "), " / "), false
		if at := reTrkKey.FindStringIndex(text); at != nil {
			text, key = text[at[1]:], true
		} else if i > 0 && reTrkKey.MatchString(ls[i-1].text) || captioned(l, ls[i+1:]) {
			key = true
		}
		if l.isZip || l.isRoad {
			continue
		}
		address := slices.ContainsFunc(bs, func(b Block) bool { return slices.Contains(b.rows, l.Printed) })
		for _, m := range reNumber.FindAllString(text, 8) {
			s := squeeze(m)
			if countDigits(s) < 8 && !strings.HasPrefix(s, "1Z") {
				continue
			}
			add(s, key, true, address, l.Confidence)
			// words before and behind it may be glued on by the pattern; after a caption
			// also a form's number ("TRK# 0201")
			fs := strings.Fields(m)
			for k := 1; k < len(fs) && k < 4; k++ {
				before, behind := strings.Join(fs[:k], ""), strings.Join(fs[k:], "")
				if countDigits(behind) >= 8 {
					form := key && k == 1 && len(before) == 4 && ParseTrack(behind).strong
					add(behind, key, form || countDigits(before) == 0, address, l.Confidence)
				}
			}
			for k := len(fs) - 1; k > 0 && k > len(fs)-4; k-- {
				before, behind := strings.Join(fs[:k], ""), strings.Join(fs[k:], "")
				if countDigits(before) >= 8 {
					add(before, key, countDigits(behind) == 0, address, l.Confidence-0.05)
				}
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].rank > out[j].rank })
	var list []string
	for i, f := range out {
		if i == 8 {
			break
		}
		list = append(list, f.text)
	}
	return list
}

// captioned reports whether a word for a tracking number, in smaller print,
// stands under the start of a line.
func captioned(l folded, below []folded) bool {
	return slices.ContainsFunc(below, func(o folded) bool {
		down := o.Y - (l.Y + l.H)
		return o.cap() < l.cap() && math.Abs(o.X-l.X) < l.cap() && down > -0.5*l.cap() && down < l.cap() && reTrkKey.MatchString(o.text)
	})
}

// parseOnLabel is ParseTrack, and takes what a label adds to a number as proof
// enough of some forms that the number alone does not prove: USPS numbers whose
// mailer ID breaks Publication 199, and in barcodes, whose own checksum was
// right, numbers whose check digit is not (those count less).
func parseOnLabel(s string, code bool) Track {
	if code && reRouting.MatchString(squeeze(s)) {
		return Track{Number: s, Normalized: squeeze(s)}
	}
	t := ParseTrack(s)
	if t.Valid && t.strong {
		return t
	}
	n := squeeze(s)
	if reRouting.MatchString(n) {
		return Track{Number: s, Normalized: n}
	}
	n, _ = uspsRouting(n, 22, 26)
	if (len(n) == 22 || len(n) == 26) && digits(n) && n[0] == '9' && n[1] >= '2' && n[1] <= '5' && gs1(n) {
		return Track{Number: s, Normalized: n, Carrier: "USPS", Service: uspsClasses[n[:2]], Valid: true, strong: true}
	}
	switch {
	case !code:
	case len(n) == 18 && n[:2] == "1Z" && alnum(n) && countDigits(n[8:]) >= 8:
		return Track{Number: s, Normalized: n, Carrier: "UPS", Service: upsServices[n[8:10]], Valid: true}
	case len(n) == 22 && digits(n) && n[0] == '9' && n[1] >= '2' && n[1] <= '5':
		return Track{Number: s, Normalized: n, Carrier: "USPS", Service: uspsClasses[n[:2]], Valid: true}
	case len(n) == 34 && digits(n) && n[:2] == "96" && n[20:22] == "00":
		return Track{Number: s, Normalized: n[22:], Carrier: "FedEx", Service: "Ground", Valid: true}
	}
	if reOnTrac.MatchString(n) {
		return Track{Number: s, Normalized: n, Carrier: "OnTrac", Valid: true, strong: code}
	}
	return t
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

func diff(a, b string) int {
	if len(a) != len(b) {
		return 3
	}
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// repairs are s and what it may have been before reading confused letters and
// digits, where its form says which must stand where.
func repairs(s string) []string {
	out := []string{s}
	fixed := toDigits.Replace(s)
	switch {
	case digits(fixed) && fixed != s:
		out = append(out, fixed)
	case strings.HasPrefix(s, "1Z"), strings.HasPrefix(s, "IZ"), strings.HasPrefix(s, "12") && !digits(s), strings.HasPrefix(s, "LZ"), strings.HasPrefix(s, "TZ"), strings.HasPrefix(s, "1X"):
		if len(s) == 18 {
			tail := "1Z" + s[2:8] + toDigits.Replace(s[8:])
			out = append(out, tail)
			// in the shipper's six both O and 0 are possible, one at a time
			for i := 2; i < 8; i++ {
				for _, alt := range confusedWith(tail[i]) {
					out = append(out, tail[:i]+string(alt)+tail[i+1:])
				}
			}
		}
	case len(s) == 15 && (s[0] == 'T' || s[0] == '1' || s[0] == 'I'):
		out = append(out, "TBA"+toDigits.Replace(s[3:]))
	case len(s) >= 12 && letters(s[:2]) && s[2] == 'O' && digits(toDigits.Replace(s[2:])):
		return []string{s[:2] + toDigits.Replace(s[2:])}
	case len(s) > 10:
		for _, n := range []int{1, 2, 3} {
			if letters(s[:n]) {
				out = append(out, s[:n]+toDigits.Replace(s[n:]))
			}
		}
	}
	if len(s) == 15 && (s[0] == '0' || s[0] == 'G' || s[0] == 'O') && countDigits(s[1:]) >= 12 {
		out = append(out, "C"+toDigits.Replace(s[1:]), "D"+toDigits.Replace(s[1:]))
	}
	return out
}

func confusedWith(c byte) string {
	switch c {
	case 'O', 'Q', 'D':
		return "0"
	case '0':
		return "OD"
	case 'I', 'L':
		return "1"
	case '1':
		return "I"
	case 'S':
		return "5"
	case '5':
		return "S"
	case 'B':
		return "8"
	case '8':
		return "B"
	case 'Z':
		return "2"
	case '2':
		return "Z"
	case 'G':
		return "6"
	case '6':
		return "G"
	}
	return ""
}

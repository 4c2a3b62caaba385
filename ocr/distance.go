package ocr

// confusable is the cost of one letter or digit for another, by their places in
// the alphabet of slot: little for pairs that OCR takes for each other, 1 for
// every other. Weighed on our own readings of small, blurred and faint print.
var confusable = confusionTable()

// slots are the letters and digits that names and units are made of, and one
// slot for everything else.
const slots = 10 + 26 + 1

func slot(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return 10 + int(c-'A')
	}
	return slots - 1
}

func confusionTable() (m [slots][slots]float64) {
	for i := range m {
		for j := range m[i] {
			m[i][j] = 1
		}
	}
	put := func(cost float64, pairs ...string) {
		for _, p := range pairs {
			a, b := slot(p[0]), slot(p[1])
			m[a][b], m[b][a] = cost, cost
		}
	}
	put(0.15, "O0", "I1", "L1", "IL", "S5", "B8", "Z2", "G6", "OQ", "0Q", "OD", "0D")
	put(0.3, "UV", "VY", "CG", "EF", "PF", "MN", "HN", "CE", "CO", "TI", "TL", "RK", "B3", "S8", "A4", "G9", "T7", "Z7", "I7", "J1", "JI",
		"HB", "RB", "PR", "DB", "EB", "QG", "HK", "WV", "WM", "UO", "XK", "YV", "LE", "CQ", "OG", "S3", "83", "56", "1T", "FT", "KX", "HM", "NR", "UN", "UI")
	put(0.5, "EO", "AO", "AE", "EI", "SZ", "DT", "BP", "ND")
	return m
}

// substitution is the cost of reading b where a stands.
func substitution(a, b byte) float64 {
	if a == b {
		return 0
	}
	return confusable[slot(a)][slot(b)]
}

// merged are letters that run together or fall apart when read.
var merged = map[string][]string{
	"RN": {"M"}, "NN": {"M"}, "VV": {"W"}, "CL": {"D"}, "II": {"U", "N"}, "LI": {"U", "H"}, "IL": {"U"}, "IN": {"M"}, "NI": {"M"}, "CI": {"A", "D"}, "RI": {"N"}, "IJ": {"U"}, "LJ": {"U"}, "AE": {"A"}, "OE": {"O"}, "UE": {"U"}, "FI": {"N"}, // the last is Ñ
}

// distance is the weighted edit distance of two folded words: what reading
// errors cost little, different letters cost 1. It stops where it passes limit.
func distance(a, b string, limit float64) float64 {
	if a == b {
		return 0
	}
	const maxLen = 64
	if len(a) > maxLen || len(b) > maxLen {
		return limit + 1
	}
	var rows [3][maxLen + 1]float64
	prev2, prev, cur := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		prev[j] = float64(j) * gap
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = float64(i) * gap
		low := cur[0]
		for j := 1; j <= len(b); j++ {
			d := min(prev[j]+gapCost(a, i-1), cur[j-1]+gapCost(b, j-1), prev[j-1]+substitution(a[i-1], b[j-1]))
			if i > 1 && mergesTo(a[i-2:i], b[j-1]) {
				d = min(d, prev2[j-1]+0.3)
			}
			if j > 1 && mergesTo(b[j-2:j], a[i-1]) {
				d = min(d, prev[j-2]+0.3)
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] && a[i-1] != a[i-2] {
				d = min(d, prev2[j-2]+0.9)
			}
			cur[j] = d
			low = min(low, d)
		}
		if low > limit+0.6 {
			return limit + 1
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

const gap = 1.0

// gapCost is what a letter too many costs: thin ones come from specks and folds,
// and a doubled letter is easily read once.
func gapCost(s string, i int) float64 {
	switch s[i] {
	case 'I', '1', 'L', 'J':
		return 0.55
	}
	if i > 0 && s[i] == s[i-1] {
		return 0.6
	}
	return gap
}

func mergesTo(two string, one byte) bool {
	for _, m := range merged[two] {
		if m[0] == one {
			return true
		}
	}
	return false
}

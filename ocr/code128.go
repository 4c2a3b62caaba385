package ocr

import (
	"math"
	"sort"
	"strings"
)

// code128Widths are the symbols of Code 128 (ISO/IEC 15417) by value: widths of
// bar, space, bar... in modules; then starts A, B, C and the stop.
const code128Widths = `212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123
131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131
311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411
142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121
111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112`

const (
	perModule   = 5  // samples
	symbolWide  = 11 // modules
	window      = (symbolWide + 2) * perModule
	stopWindow  = (symbolWide + 4) * perModule
	most128     = 46 // symbols between start and stop, and the check
	drift       = 16 // samples that a symbol may stand from where it should: paper bends
	startA      = 103
	stopValue   = 106
	alternative = 3 // symbols that are remembered for each place
)

// print128 is how bars came out: how much wider than they should be, and how
// blurred, in modules.
type print128 struct{ growth, blur float64 }

// templates128 are the symbols as printed that way: mean 0, length 1.
type templates128 struct {
	symbol [stopValue][window]float32
	stop   [stopWindow]float32
}

// bars128 reads Code 128 where bars are too blurred, faint, speckled or bent for
// a reader that measures edges: it lays every symbol over the mean of many rows
// and looks for the likeliest row of symbols. The zero value is of no use; see
// newBars128. It is safe for concurrent use.
type bars128 struct {
	prints []print128
	shapes []templates128
}

func newBars128() *bars128 {
	b := &bars128{prints: []print128{{0, 0.55}, {0.25, 0.35}, {0.55, 0.35}, {0, 0.85}, {-0.25, 0.4}, {0.3, 0.8}}}
	b.shapes = make([]templates128, len(b.prints))
	for i, p := range b.prints {
		for v, widths := range strings.Fields(code128Widths) {
			if v == stopValue {
				copy(b.shapes[i].stop[:], shape128(widths, p, 0))
			} else {
				copy(b.shapes[i].symbol[v][:], shape128(widths, p, 1))
			}
		}
	}
	return b
}

// shape128 draws one symbol between a space before it and after, the first
// module of what follows.
func shape128(widths string, p print128, after float64) []float32 {
	total := 0
	for _, c := range widths {
		total += int(c - '0')
	}
	out := make([]float32, (total+2)*perModule)
	soft := func(x float64) float64 { return 0.5 * (1 + math.Erf(x/(math.Sqrt2*p.blur))) }
	for i := range out {
		x := (float64(i)+0.5)/perModule - 1
		at, dark := 0.0, 0.0
		for k, c := range widths {
			w := float64(c - '0')
			if k%2 == 0 {
				dark += soft(x-at+p.growth/2) - soft(x-at-w-p.growth/2)
			}
			at += w
		}
		if after > 0 {
			dark += soft(x - at + p.growth/2)
		}
		out[i] = float32(dark)
	}
	normalize(out)
	return out
}

// normalize makes the mean 0 and the length 1; it reports whether there was any
// contrast.
func normalize(v []float32) bool {
	var sum, squares float32
	for _, x := range v {
		sum += x
	}
	mean := sum / float32(len(v))
	for i, x := range v {
		v[i] = x - mean
		squares += v[i] * v[i]
	}
	if squares < 1e-6 {
		return false
	}
	f := 1 / float32(math.Sqrt(float64(squares)))
	for i := range v {
		v[i] *= f
	}
	return true
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	n := min(len(a), len(b))
	i := 0
	for ; i+4 <= n; i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < n; i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// read reads the one code whose bars stand upright in g. sure is false where the
// checksum alone stands for the reading; then the text must prove itself by a
// check digit of its own.
func (b *bars128) read(g Gray) (text string, reversed, sure, ok bool) {
	if g.Width < 60 || g.Height < 8 || g.Width > 4000 {
		return "", false, false, false
	}
	shear, steady := shearOf(g)
	if steady < 0.25 {
		return "", false, false, false
	}
	h := g.Height
	for _, part := range [][2]int{{2, 14}, {2, 6}, {6, 10}, {10, 14}, {4, 6}, {10, 12}} { // sixteenths of the height
		p := meanRow(g, h*part[0]/16, h*part[1]/16, shear)
		if text, reversed, sure, ok := b.readRow(p); ok {
			return text, reversed, sure, true
		}
	}
	return "", false, false, false
}

// grid is where a row of symbols is supposed to stand.
type grid struct {
	symbols  int // with start and check
	x0       float64
	module   float64
	reversed bool
	fit      float32
}

func (b *bars128) readRow(p []float64) (text string, reversed, sure, ok bool) {
	grids := b.grids(p)
	if len(grids) == 0 {
		return "", false, false, false
	}
	type try struct {
		grid  grid
		row   []float32
		score float32
	}
	tries := make([]try, 0, len(grids))
	for _, g := range grids {
		row := resample(p, g)
		values, fit, _ := b.likeliest(row, g.symbols, 0)
		if values == nil {
			continue
		}
		tries = append(tries, try{g, row, fit})
	}
	sort.SliceStable(tries, func(i, j int) bool { return tries[i].score > tries[j].score })
	for i, t := range tries {
		if i == 2 || t.score < 0.66 || t.score < tries[0].score-0.04 {
			break
		}
		best := float32(0)
		for k := range b.shapes {
			values, fit, others := b.likeliest(t.row, t.grid.symbols, k)
			if values == nil || fit < 0.72 || fit < best-0.03 {
				continue
			}
			best = max(best, fit)
			if checked128(values) {
				weakest := float32(1)
				for _, o := range others {
					weakest = min(weakest, o[0].fit)
				}
				if s, good := text128(values); good {
					text, reversed, ok = s, t.grid.reversed, true
					sure = sure || fit > 0.88 && weakest > 0.75
				}
				if sure {
					return text, reversed, true, true
				}
			} else if mended, good := mend128(values, others); good && !ok {
				if s, good := text128(mended); good && ParseTrack(s).strong {
					text, reversed, ok = s, t.grid.reversed, true
				}
			}
		}
		if ok {
			return text, reversed, sure, true
		}
	}
	return "", false, false, false
}

// grids are the likeliest numbers of symbols between the outermost bars, by how
// well a start and a stop fit there.
func (b *bars128) grids(p []float64) []grid {
	x0, x1, ok := extent(p)
	if !ok {
		return nil
	}
	var out []grid
	for n := 4; n <= most128; n++ {
		modules := float64(symbolWide*n + 13)
		m := (x1 - x0) / modules
		if m < 0.9 || m > 14 {
			continue
		}
		for _, reversed := range []bool{false, true} {
			best := grid{fit: -1}
			for _, jitter := range [][2]float64{{0, 0}, {-0.5, 0}, {0.5, 0}, {0, 0.5}, {0, -0.5}} {
				a, z := x0+jitter[0]*m, x1+jitter[1]*m
				g := grid{symbols: n, x0: a, module: (z - a) / modules, reversed: reversed}
				row := resample(p, g)
				head := append([]float32(nil), row[drift:drift+window]...)
				tail := append([]float32(nil), row[len(row)-drift-stopWindow:len(row)-drift]...)
				if !normalize(head) || !normalize(tail) {
					continue
				}
				start := float32(-1)
				for v := startA; v < stopValue; v++ {
					start = max(start, dot(head, b.shapes[0].symbol[v][:]))
				}
				if g.fit = start + dot(tail, b.shapes[0].stop[:]); g.fit > best.fit {
					best = g
				}
			}
			if best.fit > 1.1 {
				out = append(out, best)
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].fit > out[j].fit })
	return out[:min(len(out), 6)]
}

// resample gives the row in perModule samples a module, from one module and the
// drift before the grid to as much behind it.
func resample(p []float64, g grid) []float32 {
	n := (symbolWide*g.symbols+13+2)*perModule + 2*drift
	out := make([]float32, n)
	for i := range out {
		x := g.x0 + ((float64(i-drift)+0.5)/perModule-1)*g.module - 0.5
		k := int(math.Floor(x))
		f := x - float64(k)
		a, z := p[min(max(k, 0), len(p)-1)], p[min(max(k+1, 0), len(p)-1)]
		v := float32(a*(1-f) + z*f)
		if g.reversed {
			out[n-1-i] = v
		} else {
			out[i] = v
		}
	}
	return out
}

// guess is a symbol and how well it fits, -1..1.
type guess struct {
	value int
	fit   float32
}

// likeliest finds the row of symbols that fits best, each near its place, and
// for each what else it may be. fit is their mean.
func (b *bars128) likeliest(row []float32, symbols, print int) (values []int, fit float32, others [][alternative]guess) {
	const states = 2*drift + 1
	shapes := &b.shapes[print]
	seen := make([][states][alternative]guess, symbols)
	sum := make([][states]float32, symbols)
	from := make([][states]int8, symbols)
	var cut [window]float32
	for i := range symbols {
		lo, hi := 0, stopValue-4 // data: 0..102
		if i == 0 {
			lo, hi = startA, stopValue-1
		}
		for d := range states {
			at := i*symbolWide*perModule + d
			copy(cut[:], row[at:at+window])
			g := &seen[i][d]
			for k := range g {
				g[k] = guess{-1, -1}
			}
			if normalize(cut[:]) {
				for v := lo; v <= hi; v++ {
					if f := dot(cut[:], shapes.symbol[v][:]); f > g[alternative-1].fit {
						insert(g, guess{v, f})
					}
				}
			}
			sum[i][d] = g[0].fit
			if i > 0 {
				best, at := float32(math.Inf(-1)), d
				for e := max(d-2, 0); e <= min(d+2, states-1); e++ {
					if s := sum[i-1][e] - 0.01*float32((e-d)*(e-d)); s > best {
						best, at = s, e
					}
				}
				sum[i][d] += best
				from[i][d] = int8(at)
			}
		}
	}
	end := 0
	for d := range states {
		if sum[symbols-1][d] > sum[symbols-1][end] {
			end = d
		}
	}
	fit = sum[symbols-1][end] / float32(symbols)
	values, others = make([]int, symbols), make([][alternative]guess, symbols)
	for i, d := symbols-1, end; i >= 0; i-- {
		others[i] = seen[i][d]
		if values[i] = seen[i][d][0].value; values[i] < 0 {
			return nil, 0, nil
		}
		d = int(from[i][d])
	}
	return values, fit, others
}

func insert(list *[alternative]guess, g guess) {
	for k := range list {
		if g.fit > list[k].fit {
			copy(list[k+1:], list[k:alternative-1])
			list[k] = g
			return
		}
	}
}

// checked128 reports whether the last value is the check over the others.
func checked128(values []int) bool {
	sum := values[0]
	for i := 1; i < len(values)-1; i++ {
		sum += i * values[i]
	}
	return sum%103 == values[len(values)-1]
}

// mend128 puts the second or third guess in one place so that the check is
// right, where that costs little fit.
func mend128(values []int, others [][alternative]guess) ([]int, bool) {
	const most = 0.12
	best, at := float32(most), [2]int{-1, 0}
	try := append([]int(nil), values...)
	for i := 1; i < len(values); i++ {
		for k := 1; k < alternative; k++ {
			loss := others[i][0].fit - others[i][k].fit
			if loss >= best || others[i][k].value < 0 {
				continue
			}
			try[i] = others[i][k].value
			if checked128(try) {
				best, at = loss, [2]int{i, k}
			}
			try[i] = values[i]
		}
	}
	if at[0] < 0 {
		return nil, false
	}
	try[at[0]] = others[at[0]][at[1]].value
	return try, true
}

// text128 spells out values by the code sets A, B and C; FNC1 becomes a group
// separator except at the start, where it says that the code is GS1's.
func text128(values []int) (string, bool) {
	const shift, toC, toB, toA, fnc1 = 98, 99, 100, 101, 102
	var b strings.Builder
	set, once := values[0]-startA, -1 // 0 = A, 1 = B, 2 = C
	for i, v := range values[1 : len(values)-1] {
		now := set
		if once >= 0 {
			now, once = once, -1
		}
		switch {
		case v == fnc1:
			if i > 0 {
				b.WriteByte(0x1d)
			}
		case now == 2 && v < 100:
			b.WriteByte(byte('0' + v/10))
			b.WriteByte(byte('0' + v%10))
		case now == 2 && v == toB, now == 0 && v == toB:
			set = 1
		case now == 2 && v == toA, now == 1 && v == toA:
			set = 0
		case now < 2 && v == toC:
			set = 2
		case now < 2 && v == shift:
			once = 1 - now
		case now < 2 && v > 95: // FNC 2 to 4: not on parcels
			return "", false
		case now == 0 && v >= 64:
			b.WriteByte(byte(v - 64))
		default:
			b.WriteByte(byte(v + 32))
		}
	}
	return b.String(), b.Len() > 0
}

package ocr

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// values128 are the symbols of a text: pairs of digits in set C where there are
// four or more, the rest in set B. A group separator is FNC1.
func values128(text string) []int {
	var out []int
	set := 0
	use := func(want int) {
		switch {
		case set == want:
		case len(out) == 0:
			out = append(out, startA+want)
		default:
			out = append(out, 101-want)
		}
		set = want
	}
	for i := 0; i < len(text); {
		n := 0
		for i+n < len(text) && text[i+n] >= '0' && text[i+n] <= '9' {
			n++
		}
		switch {
		case text[i] == 0x1d:
			if set == 0 {
				use(2)
			}
			out = append(out, 102)
			i++
		case n >= 4 && n%2 == 0, set == 2 && n >= 2:
			use(2)
			out = append(out, int(text[i]-'0')*10+int(text[i+1]-'0'))
			i += 2
		default:
			use(1)
			out = append(out, int(text[i])-32)
			i++
		}
	}
	sum := out[0]
	for i := 1; i < len(out); i++ {
		sum += i * out[i]
	}
	return append(out, sum%103)
}

// A print is how a code is photographed.
type printing struct {
	module, blur, growth, noise, lean float64 // pixels; modules; modules; grey levels; x along y
	bend                              float64 // pixels that the middle is off
	contrast                          float64
}

func drawn128(values []int, p printing, r *rand.Rand) Gray {
	widths := strings.Fields(code128Widths)
	var row strings.Builder
	for _, v := range append(append([]int(nil), values...), stopValue) {
		row.WriteString(widths[v])
	}
	total := 0
	for _, c := range row.String() {
		total += int(c - '0')
	}
	g := Gray{Width: int(float64(total+20)*p.module) + 30, Height: 60}
	g.Pix = make([]byte, g.Width*g.Height)
	for y := range g.Height {
		for x := range g.Width {
			u := (float64(x)-15-p.lean*(float64(y)-30)-p.bend*math.Sin(float64(x)*math.Pi/float64(g.Width)))/p.module - 10
			dark, at := 0.0, 0.0
			for i, c := range row.String() {
				w := float64(c - '0')
				if i%2 == 0 && u > at-4 && u < at+w+4 {
					soft := func(v float64) float64 { return 0.5 * (1 + math.Erf(v/(math.Sqrt2*p.blur))) }
					dark += soft(u-at+p.growth/2) - soft(u-at-w-p.growth/2)
				}
				at += w
			}
			v := 215 - 170*p.contrast*dark + r.NormFloat64()*p.noise
			g.Pix[y*g.Width+x] = byte(min(max(v, 0), 255))
		}
	}
	return g
}

func TestBars128ReadsWhatEdgesDoNotTell(t *testing.T) {
	bars := newBars128()
	tests := []struct {
		name string
		how  printing
	}{
		{"clear", printing{module: 2.4, blur: 0.3, contrast: 1}},
		{"blurred by a module", printing{module: 2.6, blur: 0.9, contrast: 1, noise: 3}},
		{"fat bars", printing{module: 2.6, blur: 0.4, growth: 0.5, contrast: 1, noise: 3}},
		{"faint and grainy", printing{module: 2.2, blur: 0.5, contrast: 0.2, noise: 14}},
		{"leaning", printing{module: 2.4, blur: 0.5, contrast: 1, lean: 0.12}},
		{"bent", printing{module: 2.6, blur: 0.4, contrast: 1, bend: 9}},
		{"small", printing{module: 1.4, blur: 0.5, contrast: 0.9, noise: 4}},
	}
	texts := []string{"1ZECA5940398436395", "42097489\x1d9505511973815055419476", "CN8036778878", "C76495061645594"}
	if raceFactor > 1 {
		texts = texts[2:3]
	}
	for _, text := range texts {
		for _, tt := range tests {
			g := drawn128(values128(text), tt.how, rand.New(rand.NewPCG(7, 8)))
			for _, reversed := range []bool{false, true} {
				if reversed {
					g = g.Turn(2)
				}
				got, rev, sure, ok := bars.read(g)
				if !ok || got != text || rev != reversed || !believable(got, sure) {
					t.Errorf("%s %q, reversed %v: got %q %v, sure %v, ok %v", tt.name, text, reversed, got, rev, sure, ok)
				}
			}
		}
	}
}

func TestBars128BelievesNothingOfNoise(t *testing.T) {
	bars := newBars128()
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 + 22/raceFactor {
		g := Gray{Width: 420, Height: 50, Pix: make([]byte, 420*50)}
		row := make([]byte, g.Width)
		for x := 0; x < g.Width; {
			w, v := 2+r.IntN(9), byte(40+180*r.IntN(2))
			for k := x; k < min(x+w, g.Width); k++ {
				row[k] = v
			}
			x += w
		}
		for y := range g.Height {
			copy(g.Pix[y*g.Width:], row)
		}
		if text, _, sure, ok := bars.read(g); ok && believable(text, sure) {
			t.Errorf("bars of chance are taken for %q", text)
		}
	}
}

func FuzzBars128(f *testing.F) {
	bars := newBars128()
	f.Add([]byte{0, 255, 3, 7}, 200, 20)
	f.Add([]byte("1ZECA5940398436395"), 90, 8)
	f.Fuzz(func(t *testing.T, seed []byte, w, h int) {
		if w < 1 || h < 1 || w > 600 || h > 40 || len(seed) == 0 {
			return
		}
		g := Gray{Width: w, Height: h, Pix: make([]byte, w*h)}
		for i := range g.Pix {
			g.Pix[i] = seed[i%w%len(seed)]
		}
		bars.read(g)
		values := make([]int, 0, len(seed))
		for _, b := range seed {
			values = append(values, int(b)%stopValue)
		}
		if len(values) > 2 {
			text128(append([]int{startA + int(seed[0])%3}, values...))
		}
	})
}

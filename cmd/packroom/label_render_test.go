package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/packroom/packroom/room"
)

// A labelCase is a rendered label and what a careful clerk would say.
type labelCase struct {
	kind  string
	jpeg  []byte
	want  room.Decision
	who   map[string]bool // residents that may be named
	lines []string
}

var renderProperty = room.Property{Name: "Harbor Row", Street: "318 Quillback Avenue", City: "Port Ellery", State: "WA", Zip: "98377", Timezone: "America/Los_Angeles"}

var (
	givenNames = strings.Fields(`Amelia Bruno Carmen Dario Elena Felix Gloria Hassan Irene Jonas Keiko Lorenzo Miriam Nadia Omar Paula
		Quincy Renata Stefan Tamara Ulrich Valentina Wanda Xavier Yolanda Zeno Margaret Robert William Elizabeth James Katherine José Zoë`)
	familyNames = strings.Fields(`Abernathy Bianchi Calloway Delacroix Eberhardt Fontaine Granger Hollister Ivanov Jamison Kellerman
		Lindgren Moreau Nakagawa Ostrowski Pemberton Quigley Ramires Ramirez Stanton Staunton Takeda Ulbricht Vandermeer Whitfield Yamada Zeller Hansen Jansen Peña`)
)

// renderRoster is a building full of invented people, with namesakes.
func renderRoster(r *rand.Rand, n int) []room.Resident {
	var out []room.Resident
	for i := range n {
		unit := fmt.Sprintf("%d%02d", 1+i/2%12, 1+i/24)
		if i%3 == 0 {
			unit = fmt.Sprintf("%d%c", 1+i%20, 'A'+i/20%8)
		}
		status := room.ResidentCurrent
		switch r.IntN(20) {
		case 0:
			status = room.ResidentPast
		case 1:
			status = room.ResidentFuture
		case 2:
			status = room.ResidentNotice
		}
		out = append(out, room.Resident{ID: fmt.Sprintf("R%04d", i), FirstName: givenNames[r.IntN(len(givenNames))],
			LastName: familyNames[r.IntN(len(familyNames))], Unit: unit, Status: status})
	}
	return out
}

func renderCase(t *testing.T, r *rand.Rand, roster []room.Resident) labelCase {
	t.Helper()
	res := roster[r.IntN(len(roster))]
	name, unit, street, city := res.Name(), res.Unit, "318 Quillback Ave", "Port Ellery WA 98377"
	c := labelCase{who: map[string]bool{res.ID: true}}
	c.want = map[room.ResidentStatus]room.Decision{room.ResidentPast: room.DecisionNone, room.ResidentFuture: room.DecisionConfirm}[res.Status]
	if c.want == "" {
		c.want = room.DecisionMatch
	}
	switch c.kind = []string{"plain", "plain", "plain", "no unit", "stranger", "other number", "look-alike", "other unit", "return"}[r.IntN(9)]; c.kind {
	case "no unit":
		unit = ""
		c.want, c.who = "", map[string]bool{}
		for _, o := range roster {
			if o.Name() == name && o.Receives() {
				c.who[o.ID] = true
			}
		}
	case "stranger":
		name = "Theobald Kirchweger"
		c.want, c.who = room.DecisionNone, nil
	case "other number":
		street = []string{"381 Quillback Ave", "328 Quillback Ave", "3180 Quillback Ave", "318 Quarry Lane"}[r.IntN(4)]
		c.want, c.who = room.DecisionNone, nil
	case "look-alike":
		last := []byte(res.LastName)
		if len(last) < 6 || strings.ContainsAny(res.LastName, "ñé") {
			name = res.FirstName + " Thistledown"
		} else {
			copy(last[len(last)-3:], "owd")
			name = res.FirstName + " " + string(last)
		}
		c.want, c.who = room.DecisionNone, nil
	case "other unit":
		unit = roster[r.IntN(len(roster))].Unit
		c.want, c.who = "", map[string]bool{}
		for _, o := range roster {
			if o.Name() == name && o.Receives() && o.Unit == unit {
				c.who[o.ID] = true
			}
		}
	case "return":
		c.want, c.who = room.DecisionNone, nil
	}
	if r.IntN(2) == 0 {
		name, street, city = strings.ToUpper(name), strings.ToUpper(street), strings.ToUpper(city)
	}
	spelling := []string{"Apt %s", "APT %s", "#%s", "Unit %s", "# %s", "Ste %s", "APARTMENT %s"}[r.IntN(7)]
	to := []string{name}
	if unit == "" {
		to = append(to, street)
	} else if r.IntN(2) == 0 {
		to = append(to, street+" "+fmt.Sprintf(spelling, unit))
	} else {
		to = append(to, fmt.Sprintf(spelling, unit), street)
	}
	to = append(to, city)
	from := []string{"Copper Kettle Goods", "77 Mill Race", "Tulsa OK 74103"}
	if c.kind == "return" {
		to, from = []string{"COPPER KETTLE RETURNS", "77 MILL RACE", "TULSA OK 74103"}, to
	}
	c.lines = to
	c.jpeg = photograph(t, r, drawLabel(t, r, from, to))
	return c
}

// drawLabel prints a label: sender small and above, recipient large, other
// print, bars.
func drawLabel(t *testing.T, r *rand.Rand, from, to []string) *image.Gray {
	t.Helper()
	const w, h = 620, 900
	img := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.Gray{Y: 245}), image.Point{}, draw.Src)
	fonts := [][]byte{goregular.TTF, gobold.TTF, gomono.TTF, gomedium.TTF}
	print := func(x, y int, size float64, ttf []byte, lines ...string) int {
		f, err := opentype.Parse(ttf)
		if err != nil {
			t.Fatal(err)
		}
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			t.Fatal(err)
		}
		defer face.Close()
		for _, l := range lines {
			y += int(size * 1.25)
			d := font.Drawer{Dst: img, Src: image.NewUniform(color.Gray{Y: uint8(20 + r.IntN(40))}), Face: face, Dot: fixed.P(x, y)}
			d.DrawString(l)
		}
		return y
	}
	y := print(30, 20, 17, fonts[0], append([]string{"FROM:"}, from...)...)
	body := fonts[r.IntN(len(fonts))]
	size := 24 + 6*r.Float64()
	if body[0] == gomono.TTF[0] && len(to[0]) > 22 {
		size = 24
	}
	y = print(40, y+25, 18, fonts[1], []string{"SHIP TO:", "TO:", "Deliver to:", "PARA:"}[r.IntN(4)])
	y = print(60+r.IntN(40), y+4, size, body, to...)
	y += 30
	for x := 40; x < w-40; {
		bar := 2 + r.IntN(4)
		draw.Draw(img, image.Rect(x, y, x+bar, y+150), image.NewUniform(color.Gray{Y: 25}), image.Point{}, draw.Src)
		x += bar + 2 + r.IntN(5)
	}
	y = print(60, y+155, 18, fonts[2], fmt.Sprintf("Order %d-%d", 100+r.IntN(900), 100000+r.IntN(900000)))
	print(60, y, 18, fonts[0], "Weight: 3.2 LBS", "MAR 04 2026")
	return img
}

// photograph lays the label on a box before a plain wall, turned, smaller,
// unevenly lit, a little blurred and noisy.
func photograph(t *testing.T, r *rand.Rand, label *image.Gray) []byte {
	t.Helper()
	const w, h = 1280, 720
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	angle := (r.Float64()-0.5)*0.5 + []float64{0, 0, 0, math.Pi / 2, math.Pi, -math.Pi / 2}[r.IntN(6)]
	scale := 0.62 + 0.15*r.Float64()
	light := 0.75 + 0.25*r.Float64()
	slope := (r.Float64() - 0.5) * 0.3
	keystone := (r.Float64() - 0.5) * 0.00025
	cos, sin := math.Cos(angle), math.Sin(angle)
	lw, lh := float64(label.Rect.Dx()), float64(label.Rect.Dy())
	at := func(x, y float64) (float64, bool) {
		u, v := x-w/2, y-h/2
		k := 1 + keystone*u
		lx, ly := (cos*u+sin*v)*k/scale+lw/2, (-sin*u+cos*v)*k/scale+lh/2
		x0, y0 := int(math.Floor(lx)), int(math.Floor(ly))
		if x0 < 0 || y0 < 0 || x0+1 >= label.Rect.Dx() || y0+1 >= label.Rect.Dy() {
			return 0, false
		}
		fx, fy := lx-float64(x0), ly-float64(y0)
		g := func(x, y int) float64 { return float64(label.Pix[y*label.Stride+x]) }
		return (g(x0, y0)*(1-fx)+g(x0+1, y0)*fx)*(1-fy) + (g(x0, y0+1)*(1-fx)+g(x0+1, y0+1)*fx)*fy, true
	}
	for y := range h {
		for x := range w {
			red, green, blue := 176.0, 136.0, 92.0
			sum, n := 0.0, 0.0
			for _, d := range [][2]float64{{-0.25, -0.25}, {0.25, -0.25}, {-0.25, 0.25}, {0.25, 0.25}} {
				if v, ok := at(float64(x)+d[0], float64(y)+d[1]); ok {
					sum, n = sum+v, n+1
				}
			}
			if n > 0 {
				red, green, blue = sum/n, sum/n, sum/n
			}
			f := light * (1 + slope*(float64(x)/w-0.5))
			noise := r.NormFloat64() * 3
			px := func(v float64) uint8 { return uint8(min(max(v*f+noise, 0), 255)) }
			out.SetRGBA(x, y, color.RGBA{R: px(red), G: px(green), B: px(blue), A: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

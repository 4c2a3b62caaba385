package room

import (
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// picture is a shelf with the noise of a camera, and dots of given places.
func picture(r *rand.Rand, dots ...Point) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 320, 180))
	for y := range 180 {
		for x := range 320 {
			v := 90 + 40*math.Sin(float64(x)/20) + 4*r.NormFloat64()
			red := v
			for _, d := range dots {
				red += 150 * math.Exp(-(math.Pow(float64(x)+0.5-d[0], 2)+math.Pow(float64(y)+0.5-d[1], 2))/8)
			}
			clip := func(v float64) uint8 { return uint8(min(max(v, 0), 255)) }
			m.Set(x, y, color.RGBA{clip(red), clip(v), clip(v), 255})
		}
	}
	return m
}

func TestTheDotIsFoundInACamerasPicture(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		want := Point{20 + 280*r.Float64(), 20 + 140*r.Float64()}
		at, ok := FindDot(picture(r), picture(r, want))
		if miss := math.Hypot(at[0]-want[0], at[1]-want[1]); !ok || miss > 0.5 {
			t.Errorf("the dot at %v is found at %v, %.2f px off", want, at, miss)
		}
	}
	for name, lit := range map[string]image.Image{
		"no dot": picture(r), "a reflection too": picture(r, Point{100, 100}, Point{200, 60}), "another size": image.NewRGBA(image.Rect(0, 0, 10, 10)),
	} {
		if at, ok := FindDot(picture(r), lit); ok {
			t.Errorf("%s: found at %v", name, at)
		}
	}
}

func TestACalibrationIsReadForTheSlotsFilesSize(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	g := newRig(r)
	file := LaserFile{Camera: "cam1", Width: 2560, Height: 1440, Points: g.measure(r, 20, 0.5)}
	for i := range file.Points {
		file.Points[i].At[0] *= 2
		file.Points[i].At[1] *= 2
	}
	b, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadLaserFile(strings.NewReader(string(b)), SlotsFile{Width: 1280, Height: 720})
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := f.AimAt(g.pixel(0.5, 0.1)); !ok || g.missMM(a, 0.5, 0.1) > 10 {
		t.Errorf("the beam misses by %.1f mm", g.missMM(a, 0.5, 0.1))
	}
	for name, text := range map[string]string{"no JSON": "laser", "no size": `{"points":[]}`, "no points": `{"width":10,"height":10}`} {
		if _, err := ReadLaserFile(strings.NewReader(text), SlotsFile{Width: 1, Height: 1}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

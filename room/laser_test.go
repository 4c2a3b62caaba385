package room

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rig is a camera and a laser head before a flat shelf front. Lengths are in
// metres; the shelf is the plane z = 0, x to the right, y down.
type rig struct {
	camera, head pose
	focalPX      float64
}

// pose is where something stands and how it is turned; it looks along its z.
type pose struct {
	at  [3]float64
	yaw float64 // about y
	nod float64 // about x
}

// into gives a point of the room as seen from p.
func (p pose) into(v [3]float64) [3]float64 {
	for i := range v {
		v[i] -= p.at[i]
	}
	c, s := math.Cos(p.yaw), math.Sin(p.yaw)
	v = [3]float64{c*v[0] - s*v[2], v[1], s*v[0] + c*v[2]}
	c, s = math.Cos(p.nod), math.Sin(p.nod)
	return [3]float64{v[0], c*v[1] - s*v[2], s*v[1] + c*v[2]}
}

func (r rig) pixel(x, y float64) Point {
	v := r.camera.into([3]float64{x, y, 0})
	return Point{640 + r.focalPX*v[0]/v[2], 360 + r.focalPX*v[1]/v[2]}
}

// aim is the angles at which the head hits the shelf: pan about its upright
// axis, then tilt.
func (r rig) aim(x, y float64) Aim {
	v := r.head.into([3]float64{x, y, 0})
	return Aim{PanDeg: math.Atan2(v[0], v[2]) * 180 / math.Pi, TiltDeg: math.Atan2(v[1], math.Hypot(v[0], v[2])) * 180 / math.Pi}
}

// newRig draws a camera and a head about four metres before the shelf.
func newRig(r *rand.Rand) rig {
	some := func(most float64) float64 { return (2*r.Float64() - 1) * most }
	return rig{
		camera: pose{at: [3]float64{some(1), -1.2 + some(0.3), -4 + some(0.2)}, yaw: some(0.15), nod: 0.2 + some(0.05)},
		head:   pose{at: [3]float64{some(1.5), -1.4 + some(0.2), -4 + some(0.2)}, yaw: some(2.5), nod: 0.15 + some(0.1)},
		// 66 degrees across 1280 pixels: a pixel is 4 mm on the shelf.
		focalPX: 640 / math.Tan(33*math.Pi/180),
	}
}

// measure points at n places of a shelf of 3.2 m by 1.8 m and reads the camera,
// with a noise of sigma pixels.
func (g rig) measure(r *rand.Rand, n int, sigma float64) []LaserPoint {
	var points []LaserPoint
	for i := range n {
		x, y := -1.5+3*float64(i%5)/4, -0.8+1.6*float64(i/5)/math.Ceil(float64(n)/5-1)
		p := g.pixel(x, y)
		points = append(points, LaserPoint{g.aim(x, y), Point{p[0] + sigma*r.NormFloat64(), p[1] + sigma*r.NormFloat64()}})
	}
	return points
}

// missMM is how far from (x, y) on the shelf the beam of an aim lands.
func (g rig) missMM(a Aim, x, y float64) float64 {
	want := g.aim(x, y)
	dx := g.aim(x+0.001, y)
	dy := g.aim(x, y+0.001)
	// degrees per millimetre along the shelf, inverted
	m := [4]float64{dx.PanDeg - want.PanDeg, dy.PanDeg - want.PanDeg, dx.TiltDeg - want.TiltDeg, dy.TiltDeg - want.TiltDeg}
	d := m[0]*m[3] - m[1]*m[2]
	p, t := a.PanDeg-want.PanDeg, a.TiltDeg-want.TiltDeg
	return math.Hypot((m[3]*p-m[1]*t)/d, (m[0]*t-m[2]*p)/d)
}

func TestACalibratedLaserHitsWithinACentimetreAtFourMetres(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var sum, worst float64
	n := 0
	for range 100 {
		g := newRig(r)
		f, err := FitLaser(g.measure(r, 20, 1))
		if err != nil {
			t.Fatal(err)
		}
		var squares float64
		places := 0
		for x := -1.4; x <= 1.4; x += 0.2 {
			for y := -0.7; y <= 0.7; y += 0.2 {
				a, ok := f.AimAt(g.pixel(x, y))
				if !ok {
					t.Fatal("no angle for a place on the shelf")
				}
				miss := g.missMM(a, x, y)
				squares += miss * miss
				sum += miss * miss
				worst = max(worst, miss)
				places++
				n++
			}
		}
		if rms := math.Sqrt(squares / float64(places)); rms > 10 {
			t.Errorf("a calibration of 20 points with 1 px of noise misses by %.1f mm", rms)
		}
		if f.ResidualPX < 0.3 || f.ResidualPX > 2 {
			t.Errorf("the residual shown is %.2f px", f.ResidualPX)
		}
	}
	t.Logf("at 4 m with 1 px of noise: %.1f mm root mean square, %.1f mm at worst", math.Sqrt(sum/float64(n)), worst)
}

func TestPointsMeasuredWronglyAreLeftOut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for range 20 {
		g := newRig(r)
		points := g.measure(r, 20, 1)
		wrong := r.Perm(20)[:5]
		for _, i := range wrong { // a reflection was taken for the dot
			points[i].At = Point{1280 * r.Float64(), 720 * r.Float64()}
		}
		f, err := FitLaser(points)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range wrong {
			p, _ := f.DotAt(points[i].Aim)
			if far := math.Hypot(p[0]-points[i].At[0], p[1]-points[i].At[1]) > 2*laserInlierPX; far && !slices.Contains(f.Outliers, i) {
				t.Errorf("point %d is wrong and was used", i)
			}
		}
		if a, ok := f.AimAt(g.pixel(0.3, 0.2)); !ok || g.missMM(a, 0.3, 0.2) > 15 {
			t.Errorf("it misses by %.1f mm", g.missMM(a, 0.3, 0.2))
		}
	}
}

func TestACalibrationThatCannotBeRightIsRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	g := newRig(r)
	line := g.measure(r, 20, 1)
	for i := range line {
		line[i] = LaserPoint{g.aim(float64(i)/10, 0), g.pixel(float64(i)/10, 0)}
	}
	chance := g.measure(r, 20, 1)
	for i := range chance {
		chance[i].At = Point{1280 * r.Float64(), 720 * r.Float64()}
	}
	behind := g.measure(r, 20, 1)
	behind[3].Aim.PanDeg += 170
	for name, points := range map[string][]LaserPoint{
		"none": nil, "too few": g.measure(r, 11, 1), "on one line": line, "by chance": chance, "behind the head": behind,
		"all in one place": slices.Repeat([]LaserPoint{{Aim{1, 1}, Point{10, 10}}}, 20),
	} {
		if _, err := FitLaser(points); !errors.Is(err, ErrInvalid) {
			t.Errorf("points %s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestSlotsAreAimedAtAsTheCalibrationSays(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 2))
	g := newRig(r)
	f, err := FitLaser(g.measure(r, 20, 0))
	if err != nil {
		t.Fatal(err)
	}
	slot := Slot{ID: "A1", Polygon: []Point{g.pixel(-1.5, -0.5), g.pixel(1.5, -0.5), g.pixel(1.5, 0.4), g.pixel(-1.5, 0.4)}}
	slot = f.Calibrate([]Slot{slot})[0]
	for _, at := range [][2]float64{{-1, -0.2}, {0, 0}, {1.2, 0.3}} {
		p := g.pixel(at[0], at[1])
		a, ok := slot.AimAt(p)
		if miss := g.missMM(a, at[0], at[1]); !ok || miss > 1 {
			t.Errorf("at %v the beam misses by %.2f mm", at, miss)
		}
		if q, ok := f.DotAt(a); !ok || math.Hypot(q[0]-p[0], q[1]-p[1]) > 0.5 {
			t.Errorf("the dot for %v is expected at %v", p, q)
		}
	}
	if f.Calibrate([]Slot{{ID: "no polygon", Aim: &[4]Aim{}}})[0].Aim != nil {
		t.Error("a slot without a place is aimed at")
	}
	if f.Calibrate([]Slot{{ID: "F1", Kind: SlotFloor, Aim: &[4]Aim{}}})[0].Aim == nil {
		t.Error("the floor lost its own angles to those of the shelves' front")
	}
}

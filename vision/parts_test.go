package vision

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// textured is a plane of blotches that look the same for the same seed.
//
//go:norace
func textured(w, h int, seed uint64) Plane {
	r := rand.New(rand.NewPCG(seed, 1))
	p, tmp, out := NewPlane(w, h), make([]float32, w*h), NewPlane(w, h)
	for i := range p.Pix {
		p.Pix[i] = r.Float32() * 255
	}
	boxMean(out.Pix, p.Pix, tmp, w, h, 1)
	return out
}

func TestStructureSurvivesLightAndSeesThings(t *testing.T) {
	const w, h = 40, 30
	a := textured(w, h, 1)
	cases := []struct {
		name     string
		b        func(i int) float32
		from, to float32 // bounds of the mean difference
	}{
		{"the same picture", func(i int) float32 { return a.Pix[i] }, -0.01, 0.01},
		{"twice as bright", func(i int) float32 { return 2 * a.Pix[i] }, -0.01, 0.05},
		{"dimmed with stray light added", func(i int) float32 { return 0.4*a.Pix[i] + 30 }, -0.01, 0.1},
		{"another thing", func(i int) float32 { return textured(w, h, 2).Pix[i] }, 0.6, 1.5},
		{"a flat thing over texture", func(int) float32 { return 100 }, 0.5, 1.1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := NewPlane(w, h)
			for i := range b.Pix {
				b.Pix[i] = c.b(i)
			}
			all, before, after := newDifference(w*h), NewView(w, h), NewView(w, h)
			copy(before.L.Pix, a.Pix)
			copy(after.L.Pix, b.Pix)
			cmp := newStructure(w, h)
			for k := range cmp.active {
				cmp.active[k] = true
			}
			cmp.compare(all, before, after, 1)
			dst := all.structure
			var sum float32
			for i, v := range dst {
				sum += v
				x, y := i%w, i/w
				if x > 3 && y > 3 && x < w-4 && y < h-4 {
					if one := unlikeAt(a.Pix, b.Pix, w, h, x, y, 1); abs(one-v) > 0.02 {
						t.Fatalf("at %d,%d the whole picture gives %.3f, the place alone %.3f", x, y, v, one)
					}
				}
			}
			if m := sum / float32(len(dst)); m < c.from || m > c.to {
				t.Errorf("mean difference %.3f, want %.2f to %.2f", m, c.from, c.to)
			}
		})
	}
}

func TestNoiseIsMeasuredThroughMotion(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const w, h = 320, 180
	a, b := textured(w, h, 5), NewPlane(w, h)
	for i := range b.Pix {
		b.Pix[i] = a.Pix[i] + float32(r.NormFloat64()*4)
		a.Pix[i] += float32(r.NormFloat64() * 4)
		if i%w < w/4 {
			b.Pix[i] = 200 // somebody
		}
	}
	if got := noiseVariance(a.Pix, b.Pix); got < 10 || got > 40 {
		t.Errorf("noise variance %.1f, want about 16", got)
	}
}

// drawn makes a mask of rows.
func drawn(rows ...string) (Mask, int, int) {
	var m Mask
	for _, r := range rows {
		for _, c := range r {
			if c == '#' {
				m = append(m, 1)
			} else {
				m = append(m, 0)
			}
		}
	}
	return m, len(rows[0]), len(rows)
}

func rowsOf(m Mask, w int) string {
	var s strings.Builder
	for i, v := range m {
		s.WriteByte(".#"[v])
		if i%w == w-1 {
			s.WriteByte('\n')
		}
	}
	return s.String()
}

func TestMasks(t *testing.T) {
	in, w, h := drawn("......", "..#...", "......", "......")
	out := make(Mask, len(in))
	shape := newShaper(w, h)
	shape.dilate(out, in, 1)
	if got, want := rowsOf(out, w), ".###..\n.###..\n.###..\n......\n"; got != want {
		t.Errorf("dilated:\n%swant\n%s", got, want)
	}
	back := make(Mask, len(in))
	shape.erode(back, out, 1)
	// The outside counts as marked: the upper row stays.
	if got, want := rowsOf(back, w), "..#...\n..#...\n......\n......\n"; got != want {
		t.Errorf("eroded:\n%swant\n%s", got, want)
	}
	ring, w, h := drawn("#######", "#.....#", "#.....#", "#######", ".......")
	newShaper(w, h).fillHoles(ring, 100)
	if got, want := rowsOf(ring, w), "#######\n#######\n#######\n#######\n.......\n"; got != want {
		t.Errorf("filled:\n%swant\n%s", got, want)
	}
	two, w, h := drawn("##..#", "....#", "#...#")
	found := newShaper(w, h).blobs(two)
	if len(found) != 3 || found[0].Area != 2 || found[1].Area != 3 || found[1].H() != 3 || found[2].X0 != 0 || found[2].Y0 != 2 {
		t.Errorf("blobs: %+v", found)
	}
	gap, w, h := drawn("#..#", "#..#", "....")
	shape = newShaper(w, h)
	shape.closeGaps(gap, 1)
	if n := len(shape.blobs(gap)); n != 1 {
		t.Errorf("a gap of two places leaves %d blobs, want 1", n)
	}
}

func TestEvidenceIsWeighed(t *testing.T) {
	cases := []struct {
		name string
		e    evidence
		want verdict
	}{
		{"an outline that was not there", evidence{outline: 1.5, apart: 1.4}, placed},
		{"an outline that is gone", evidence{outline: -1.6, apart: -2}, removed},
		{"as much before as after", evidence{outline: 0.1, apart: -0.1}, unclear},
		{"slopes are kept: a patch of sun", evidence{outline: 0.5, apart: 0.5, kept: 0.4, lit: 0.3}, light},
		{"the same where no light has changed around", evidence{outline: 0.5, apart: 0.5, kept: 0.4}, placed},
		{"the rim of a sun patch", evidence{outline: -1.0, apart: -0.8, lit: 0.5}, light},
		{"a thing beside a sun patch", evidence{outline: 2.2, apart: 2.1, lit: 0.5}, placed},
		{"a lamp all around", evidence{none: true}, light},
		{"overexposed", evidence{outline: -0.3, apart: 0.2, blown: 0.3, lit: 0.05}, light},
		{"a strip's light on the board below", evidence{outline: 0.3, apart: 0.5, kept: 0.65}, light},
		{"slopes turned round in a glaring picture", evidence{outline: 0.9, apart: 0.1, kept: -0.28, blown: 0.2}, placed},
		{"a plain thing over texture that shows through", evidence{outline: 0.9, apart: 1.1, kept: 0.4}, placed},
	}
	for _, c := range cases {
		if got := weigh(c.e); got != c.want {
			t.Errorf("%s: verdict %d, want %d", c.name, got, c.want)
		}
	}
}

func TestAPushIsFoundByTheThingItself(t *testing.T) {
	const w, h = 80, 50
	before, after := textured(w, h, 1), textured(w, h, 1)
	thing := textured(w, h, 9)
	paste := func(to Plane, x, y int) {
		for j := range 16 {
			for i := range 24 {
				to.Pix[(y+j)*w+x+i] = thing.At(i, j)
			}
		}
	}
	paste(before, 20, 15)
	paste(after, 32, 17)
	from, to, q := findShift(Blob{X0: 20, Y0: 15, X1: 56, Y1: 33}, before, after)
	if q < sureShift || from.X0 != 20 || from.Y0 != 15 || to.X0 != 32 || to.Y0 != 17 {
		t.Errorf("from %d,%d to %d,%d with %.2f; want 20,15 to 32,17", from.X0, from.Y0, to.X0, to.Y0, q)
	}
	if _, _, q := findShift(Blob{X0: 20, Y0: 15, X1: 56, Y1: 33}, textured(w, h, 3), textured(w, h, 4)); q > sureShift {
		t.Errorf("two different pictures are a push with %.2f", q)
	}
}

func TestLedgerKnowsWhatIsHiddenAndWhatComesBack(t *testing.T) {
	look := func(k int) []float32 {
		v := make([]float32, AppearanceSize)
		v[k] = 1
		return v
	}
	box := func(x, y, w, h int) Blob { return Blob{X0: x, Y0: y, X1: x + w, Y1: y + h} }
	l := newLedger()
	rear := &entry{Item: Item{ID: l.newID(), Appearance: look(1)}, blob: box(10, 10, 20, 12)}
	l.add(rear)
	front := &entry{Item: Item{ID: l.newID(), Appearance: look(2)}, blob: box(8, 9, 24, 16)}
	l.add(front)
	if !rear.Hidden || front.Hidden {
		t.Fatalf("rear hidden %v, front hidden %v", rear.Hidden, front.Hidden)
	}
	if got := l.at(box(9, 9, 22, 15)); got != front {
		t.Fatalf("at the front's place stands %v", got)
	}
	l.remove(front, time.Second)
	if rear.Hidden {
		t.Error("the rear one is still hidden")
	}
	if got := l.again(look(3), box(50, 10, 24, 16), 0.8); got != nil {
		t.Errorf("a stranger is taken for %s", got.ID)
	}
	if got := l.again(look(2), box(50, 10, 90, 70), 0.8); got != nil {
		t.Error("a thing of ten times the size is taken for the same")
	}
	if got := l.again(look(2), box(50, 10, 22, 16), 0.8); got != front {
		t.Errorf("the one put down elsewhere is %v, want %s", got, front.ID)
	}
	l.remove(rear, time.Second)
	l.endVisit()
	if got := l.again(look(1), box(10, 10, 20, 12), 0.8); got != nil {
		t.Error("what left the room came back in another visit")
	}
}

func rectSlot(id string, kind room.SlotKind, x, y, w, h float64) room.Slot {
	return room.Slot{ID: id, Kind: kind, Polygon: []room.Point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}}
}

func TestSlotOfAnItem(t *testing.T) {
	f := room.SlotsFile{Width: 640, Height: 360, Slots: []room.Slot{
		rectSlot("A2", room.SlotShelf, 100, 60, 200, 80), rectSlot("A1", room.SlotShelf, 100, 150, 200, 80), rectSlot("F1", room.SlotFloor, 400, 260, 200, 90),
	}}
	m := newSlotMap(f, 320, 180)
	cases := []struct {
		name       string
		x, y, w, h int // of 640 x 360
		slot       string
		holds      bool
	}{
		{"in the middle of a shelf", 150, 90, 60, 48, "A2", true},
		{"standing out over the board above", 150, 120, 60, 100, "A1", true},
		{"tall, on the floor", 450, 150, 80, 160, "F1", true},
		{"a person before two shelves", 120, 20, 120, 330, "", false},
		{"on the wall", 20, 20, 40, 40, "", false},
	}
	for _, c := range cases {
		b := Blob{X0: c.x / 2, Y0: c.y / 2, X1: (c.x + c.w) / 2, Y1: (c.y + c.h) / 2}.filled(320)
		k := m.resting(b)
		if got := m.holds(b, k); got != c.holds {
			t.Errorf("%s: holds %v in %q", c.name, got, m.id(k))
		}
		if c.holds && m.id(k) != c.slot {
			t.Errorf("%s: slot %q, want %q", c.name, m.id(k), c.slot)
		}
	}
}

func TestBadSlotsFilesAreNamed(t *testing.T) {
	file := func(s ...room.Slot) room.SlotsFile { return room.SlotsFile{Width: 640, Height: 360, Slots: s} }
	cases := []struct {
		name string
		f    room.SlotsFile
		want string
	}{
		{"no slots", file(), "no slots"},
		{"twice", file(rectSlot("A1", "", 0, 0, 9, 9), rectSlot("A1", "", 20, 0, 9, 9)), `slot 2: id "A1" is empty or used twice`},
		{"crossing", file(room.Slot{ID: "B1", Polygon: []room.Point{{0, 0}, {50, 50}, {50, 0}, {0, 60}}}), "slot B1: its polygon crosses itself"},
		{"outside", file(rectSlot("C1", "", 700, 10, 50, 50)), "slot C1: its polygon lies outside of the 640 x 360 picture"},
		{"two corners", file(room.Slot{ID: "D1", Polygon: []room.Point{{0, 0}, {5, 5}}}), "slot D1: a polygon needs 3 corners"},
		{"a line", file(room.Slot{ID: "E1", Polygon: []room.Point{{0, 0}, {5, 5}, {10, 10}}}), "slot E1: its polygon has no area"},
		{"not a number", file(room.Slot{ID: "G1", Polygon: []room.Point{{0, 0}, {math.NaN(), 5}, {10, 0}}}), "slot G1: a corner is not a number"},
		{"no size", room.SlotsFile{Slots: []room.Slot{rectSlot("A1", "", 0, 0, 9, 9)}}, "width and height"},
	}
	for _, c := range cases {
		err := CheckSlots(c.f)
		if !errors.Is(err, ErrSlots) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	good := file(rectSlot("A1", "", 0, 0, 90, 90))
	if err := CheckSlots(good); err != nil {
		t.Errorf("a good file: %v", err)
	}
	if err := FitSlots(good, 1280, 720); err != nil {
		t.Errorf("the same proportion: %v", err)
	}
	if err := FitSlots(good, 640, 480); !errors.Is(err, ErrSlots) {
		t.Errorf("another proportion: %v", err)
	}
}

func TestAppearanceTellsThingsApartAndKeepsThem(t *testing.T) {
	paint := func(c color.RGBA) []byte {
		img := image.NewRGBA(image.Rect(0, 0, 80, 60))
		for y := range 60 {
			for x := range 80 {
				v := c
				if x > 50 && y > 30 {
					v = color.RGBA{240, 240, 235, 255} // label
				}
				img.SetRGBA(x, y, v)
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	look := func(c color.RGBA) []float32 {
		a, err := AppearanceOfPicture(paint(c), 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(a) != AppearanceSize {
			t.Fatalf("%d bins", len(a))
		}
		return a
	}
	carton, dimmer, blue := look(color.RGBA{180, 130, 80, 255}), look(color.RGBA{160, 116, 72, 255}), look(color.RGBA{40, 70, 170, 255})
	if v := room.Likeness(carton, carton); v < 0.999 {
		t.Errorf("likeness to itself %.3f", v)
	}
	if v := room.Likeness(carton, dimmer); v < 0.8 {
		t.Errorf("likeness in less light %.3f", v)
	}
	if v := room.Likeness(carton, blue); v > 0.6 {
		t.Errorf("likeness of brown to blue %.3f", v)
	}
	if _, err := AppearanceOfPicture([]byte("no picture"), 1); err == nil {
		t.Error("text has an appearance")
	}
}

func TestGateSavesWorkOnlyWhileNothingHappens(t *testing.T) {
	const w, h = 320, 180
	pix := make([]byte, w*h*3)
	frame := func(n int) Frame {
		return Frame{T: time.Duration(n) * 100 * time.Millisecond, Width: w, Height: h, Pix: pix}
	}
	var g Gate
	passed := 0
	for n := range 100 {
		if g.Pass(frame(n)) {
			passed++
		}
	}
	if passed < 9 || passed > 30 {
		t.Errorf("%d of 100 still frames passed, want one a second and the start", passed)
	}
	for y := 80; y < 100; y++ {
		for x := 100; x < 120; x++ {
			pix[(y*w+x)*3+1] = 90
		}
	}
	for n := 100; n < 110; n++ {
		if !g.Pass(frame(n)) {
			t.Fatalf("frame %d after a change was held back", n)
		}
	}
}

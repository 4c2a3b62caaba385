package sim

import (
	"encoding/json"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// studio is a painted room without a clock.
var studio = sync.OnceValue(func() *layout {
	l := newLayout(1, 2, 320, 180)
	l.bake()
	return l
})

func newStudio() (*layout, *camera) { return studio(), newCamera(newScene(studio(), 0), 1) }

// mean luma of a part of a frame.
func mean(f *frame, r room.Rect) float64 {
	sum, n := 0, 0
	for y := int(r[1]); y < int(r[1]+r[3]); y++ {
		for x := int(r[0]); x < int(r[0]+r[2]); x++ {
			sum += int(f.y[y*f.w+x])
			n++
		}
	}
	return float64(sum) / float64(max(n, 1))
}

// changed is the fraction of pixels of a part that differ by more than noise.
func changed(a, b *frame, r room.Rect) float64 {
	n, all := 0, 0
	for y := int(r[1]); y < int(r[1]+r[3]); y++ {
		for x := int(r[0]); x < int(r[0]+r[2]); x++ {
			if d := int(a.y[y*a.w+x]) - int(b.y[y*a.w+x]); d > 12 || d < -12 {
				n++
			}
			all++
		}
	}
	return float64(n) / float64(max(all, 1))
}

func keep(f *frame) *frame {
	c := newFrame(f.w, f.h)
	c.copyFrom(f)
	return c
}

func TestAParcelShowsWhereTheTruthSaysAndLeavesNoTrace(t *testing.T) {
	l, c := newStudio()
	p := l.byID["B2"]
	q := newParcel("q", SizeMedium, 4)
	q.box.center = Vec{p.middle(), p.y0 + 0.06 + q.box.half.Y, p.z + q.box.half.Z}
	cs := q.box.corners()
	where := c.scene.cam.visible(cs[:]...)
	empty := keep(c.render(&moment{lamp: 1}))
	with := keep(c.render(&moment{lamp: 1, parcels: []*rest{{parcel: q, slot: p, box: *q.box}}}))
	after := keep(c.render(&moment{lamp: 1}))
	if k := changed(empty, with, where); k < 0.4 {
		t.Errorf("only %.0f %% of the parcel's place changed", 100*k)
	}
	elsewhere := room.Rect{0, 0, float64(empty.w) / 3, float64(empty.h) / 2}
	if k := changed(empty, with, elsewhere); k > 0.001 {
		t.Errorf("%.1f %% of a far place changed", 100*k)
	}
	if k := changed(empty, after, room.Rect{0, 0, float64(empty.w), float64(empty.h)}); k > 0.001 {
		t.Errorf("%.1f %% of the picture differs after the parcel went", 100*k)
	}
	if _, hidden := c.seen(q.box); hidden > 0.9 {
		t.Errorf("%.0f %% of the parcel is hidden", 100*hidden)
	}
}

func TestAPersonHidesWhatIsBehindAndMovesOn(t *testing.T) {
	l, c := newStudio()
	p := l.byID["A2"]
	empty := keep(c.render(&moment{lamp: 1}))
	somebody := newPerson("p", 3, Vec{p.middle(), aisleY, 0})
	with := keep(c.render(&moment{lamp: 1, people: []figure{{limbs: somebody.body()}}}))
	where := c.scene.cam.visible(Vec{p.middle() - 0.1, aisleY, 1}, Vec{p.middle() + 0.1, aisleY, 1.4})
	if k := changed(empty, with, where); k < 0.5 {
		t.Errorf("only %.0f %% of the person shows", 100*k)
	}
	if k := c.hiddenByPeople(where, true); k < 0.9 {
		t.Errorf("people cover %.0f %% of where one stands", 100*k)
	}
	after := keep(c.render(&moment{lamp: 1}))
	if k := changed(empty, after, room.Rect{0, 0, float64(empty.w), float64(empty.h)}); k > 0.001 {
		t.Errorf("%.1f %% of the picture differs after the person went", 100*k)
	}
}

func TestALampThatIsDimmedDarkensThePictureUntilTheExposureFollows(t *testing.T) {
	_, c := newStudio()
	all := room.Rect{0, 0, 320, 180}
	c.follow(1, 0.1)
	bright := mean(c.render(&moment{lamp: 1}), all)
	c.follow(0.4, 0.001)
	dim := mean(c.render(&moment{lamp: 0.4}), all)
	for range 50 {
		c.follow(0.4, 0.1)
	}
	adapted := mean(c.render(&moment{lamp: 0.4}), all)
	if dim > bright-20 || adapted < dim+10 || adapted > bright {
		t.Errorf("bright %.0f, dimmed %.0f, adapted %.0f", bright, dim, adapted)
	}
}

func TestLightsAndLaserShow(t *testing.T) {
	l, c := newStudio()
	p := l.byID["A3"]
	empty := keep(c.render(&moment{lamp: 1}))
	cs := p.led.corners()
	strip := c.scene.cam.visible(cs[:]...)
	lit := keep(c.render(&moment{lamp: 1, lights: map[string]room.Signal{"A3": room.SignalHere}}))
	if mean(lit, strip) < mean(empty, strip)+15 {
		t.Errorf("the strip shows %.0f lit and %.0f dark", mean(lit, strip), mean(empty, strip))
	}
	dot := Vec{p.middle(), p.y0 + 0.2, p.z}
	x, y, _ := c.scene.cam.project(dot)
	around := room.Rect{x - 1, y - 1, 2, 2}
	red := keep(c.render(&moment{lamp: 1, laser: &dot}))
	if mean(red, around) < mean(empty, around)+10 {
		t.Errorf("the dot shows %.0f lit and %.0f dark", mean(red, around), mean(empty, around))
	}
}

func TestTheSameSeedGivesTheSamePictures(t *testing.T) {
	_, a := newStudio()
	_, b := newStudio()
	for range 3 {
		fa, fb := a.render(&moment{lamp: 0.7}), b.render(&moment{lamp: 0.7})
		if !slices.Equal(fa.y, fb.y) || !slices.Equal(fa.u, fb.u) {
			t.Fatal("two cameras of one seed differ")
		}
	}
}

func TestADayIsFilmedWithItsTruth(t *testing.T) {
	cfg := small()
	cfg.Cameras = 1
	d := Day{Seed: 3, Actions: []Scripted{
		{At: time.Second, Action: Action{Do: "enter", Person: "a"}},
		{At: time.Second, Action: Action{Do: "place", Person: "a", Parcel: "x", Size: "M", Slot: "A2"}},
		{At: time.Second, Action: Action{Do: "move", Person: "a", Parcel: "x", To: "B3"}},
		{At: time.Second, Action: Action{Do: "leave", Person: "a"}},
	}}
	got, err := Render(t.Context(), RenderConfig{Config: cfg, Out: t.TempDir()}, d)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Events != 2 || got[0].Length < 3*time.Second || len(got[0].Skipped) > 0 {
		t.Errorf("got %+v", got)
	}
	var truth truthFile
	b, err := os.ReadFile(got[0].Truth)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	if len(truth.Events) != 2 || truth.Events[0].Type != room.ChangePlaced || truth.Events[1].Type != room.ChangeMoved {
		t.Fatalf("truth: %s", b)
	}
	for _, e := range truth.Events {
		if e.T <= 0 || e.Clear < e.T || e.Clear > truth.Length || e.BBox[2] < 5 || !e.Visible {
			t.Errorf("truth: %+v", e)
		}
	}
	if st, err := os.Stat(got[0].Video); err != nil || st.Size() < 10_000 {
		t.Errorf("video: %v", err)
	}
}

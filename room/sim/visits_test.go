package sim

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func TestVisitsMostlyChangeNothing(t *testing.T) {
	looks, lamps := 0, 0
	for seed := uint64(1); seed <= 4; seed++ {
		d := NewVisits(seed)
		for _, a := range d.Actions {
			if a.Do == "look" {
				looks++
			}
			if a.Do == "lamp" {
				lamps++
			}
		}
		p := play(t, d)
		for _, s := range p.Skipped {
			t.Errorf("seed %d: skipped %s", seed, s)
		}
		kinds := map[room.ChangeKind]int{}
		for _, f := range p.Facts {
			if f.Change == nil {
				continue
			}
			kinds[f.Change.Kind]++
			if f.At > 10*time.Minute && f.At < 100*time.Minute {
				t.Errorf("seed %d: %s at %s, when nothing is to change", seed, f.Change.Kind, f.At)
			}
		}
		if kinds[room.ChangePlaced] < 4 || kinds[room.ChangeRemoved] < 1 || p.Length < 100*time.Minute {
			t.Errorf("seed %d: changes %v in %s", seed, kinds, p.Length)
		}
	}
	if looks < 100 || lamps < 100 {
		t.Errorf("%d looks and %d switches in eight hours", looks, lamps)
	}
}

func TestWhoLooksTakesNothing(t *testing.T) {
	p := play(t, Day{Seed: 2, Actions: []Scripted{
		{At: time.Second, Action: Action{Do: "enter", Person: "a"}},
		{At: time.Second, Action: Action{Do: "place", Person: "a", Parcel: "x", Size: "M", Slot: "A2"}},
		{At: time.Second, Action: Action{Do: "look", Person: "a", Slot: "A2"}},
		{At: time.Second, Action: Action{Do: "leave", Person: "a"}},
	}})
	changes := 0
	for _, f := range p.Facts {
		if f.Change != nil {
			changes++
		}
	}
	if changes != 1 || len(p.Skipped) > 0 || len(p.State.People) > 0 {
		t.Errorf("%d changes, skipped %v, still there %v", changes, p.Skipped, p.State.People)
	}
}

func TestDuskTakesItsTime(t *testing.T) {
	w, _ := newVirtual(small().withDefaults(), begin)
	level := 0.2
	if _, err := w.Start(Action{Do: "lamp", Level: &level, Over: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		w.Step(100 * time.Millisecond)
	}
	if l := w.moment().lamp; l < 0.55 || l > 0.65 {
		t.Errorf("half way down to 0.2 the lamp is at %.2f", l)
	}
}

func TestCalmIsFilmedWithFewPicturesAtTheirTimes(t *testing.T) {
	cfg := small()
	cfg.Cameras, cfg.FPS = 1, 5
	dim := 0.5
	d := Day{Seed: 3, Actions: []Scripted{
		{At: time.Second, Action: Action{Do: "enter", Person: "a"}},
		{At: time.Second, Action: Action{Do: "leave", Person: "a"}},
		{At: time.Minute, Action: Action{Do: "lamp", Level: &dim}},
		{At: 2 * time.Minute, Action: Action{Do: "lamp", Level: &dim}},
	}}
	got, err := Render(t.Context(), RenderConfig{Config: cfg, Out: t.TempDir(), Longest: time.Hour, CalmFPS: 1}, d)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0", got[0].Video).Output()
	if err != nil {
		t.Fatal(err)
	}
	var times []float64
	for line := range strings.Lines(string(out)) {
		line = strings.Trim(strings.TrimSpace(line), ",")
		if line == "" {
			continue
		}
		at, err := strconv.ParseFloat(line, 64)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, at)
	}
	calm, lit := 0, 0
	for _, at := range times {
		if at > 30 && at < 50 {
			calm++
		}
		if at > 60 && at < 62 {
			lit++
		}
	}
	if last := times[len(times)-1]; calm < 18 || calm > 22 || lit < 9 || last < 120 || last > 130 {
		t.Errorf("%d pictures of 20 calm seconds, %d of two in which a lamp is switched, the last at %.1f s", calm, lit, last)
	}
	var truth truthFile
	b, err := os.ReadFile(got[0].Truth)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &truth); err != nil || truth.Length < 120 {
		t.Errorf("the truth's length is %.1f s, %v", truth.Length, err)
	}
}

package ocr_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/ocr"
	"github.com/packroom/packroom/ocr/imaging"
	"github.com/packroom/packroom/ocr/tesseract"
	"github.com/packroom/packroom/ocr/zxing"
	"github.com/packroom/packroom/room"
)

// wholeReader has everything that the service has.
func wholeReader(t testing.TB, property room.Property, roster []room.Resident) *ocr.Reader {
	t.Helper()
	engine, err := tesseract.New(tesseract.Config{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	index := ocr.NewRoster(roster)
	reader, err := ocr.New(ocr.Config{Property: property, Prepare: imaging.Prepare{}, Engine: engine, Codes: zxing.Reader{},
		Roster: func() *ocr.Roster { return index }, Deadline: time.Hour}) // a busy machine reads the same
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// A verdict is one label of the calibration: what was read, and whether the
// first candidate is whom the label names.
type verdict struct {
	Kind     string
	Want     room.Decision
	Decision room.Decision
	Reason   string
	Score    float64 // of the first candidate; 0 = none
	Right    bool
	Third    bool // whom the label names is among the first three
	Named    bool // the label names somebody of here
	Wrong    bool // a match of somebody whom the label does not name
	To       []string
	Got      string
}

// TestCalibration draws labels with fonts, layouts and names of its own, spoils
// and reads them: no match may be wrong, and a score must mean what it says.
//
//	PACKROOM_LABELS=3000       how many; a few where it is not set
//	PACKROOM_LABELS_SEED=7     other labels
//	PACKROOM_LABELS_OUT=DIR    keeps the verdicts, and the labels that went wrong
func TestCalibration(t *testing.T) {
	count, seed := max(16/ocr.RaceFactor, 4), 7
	for name, n := range map[string]*int{"PACKROOM_LABELS": &count, "PACKROOM_LABELS_SEED": &seed} {
		if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
			*n = v
		}
	}
	out := os.Getenv("PACKROOM_LABELS_OUT")
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	roster := renderRoster(r, 1000)
	property := renderProperties[seed%len(renderProperties)]
	reader := wholeReader(t, property, roster)
	press := newLabelPress(t)
	var verdicts []verdict
	for i := range count {
		c := makeCase(r, property, roster)
		picture := photograph(t, r, press.print(t, r, c.print), newSpoiling(r))
		got, err := reader.Read(context.Background(), picture)
		if err != nil {
			t.Fatal(err)
		}
		v := judge(c, got)
		verdicts = append(verdicts, v)
		if v.Wrong {
			t.Errorf("label %d (%s) %q: matched to %s", i, c.kind, c.print.to, v.Got)
		}
		if out != "" && (v.Wrong || v.Want == room.DecisionMatch && v.Decision != v.Want || v.Want == room.DecisionNone && v.Decision != v.Want) {
			if err := os.WriteFile(filepath.Join(out, fmt.Sprintf("%d-%d.jpg", seed, i)), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out != "" {
		b, err := json.Marshal(verdicts)
		if err == nil {
			err = os.WriteFile(filepath.Join(out, fmt.Sprintf("%d.json", seed)), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	report(t, verdicts)
}

// Print that is out of focus has no edges where labels are looked for first.
func TestAPhotographOutOfFocusIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	roster := renderRoster(r, 200)
	property := renderProperties[0]
	who := roster[20]
	says := printout{to: []string{who.Name(), "318 Quillback Ave Apt " + who.Unit, "Port Ellery WA 98377"}, from: []string{"Copper Kettle Goods", "Tulsa OK 74103"}}
	picture := photograph(t, r, newLabelPress(t).print(t, r, says), spoiling{scale: 0.75, angle: 0.1, light: 0.9, noise: 3, blur: 2, quality: 85})
	if photo, err := (imaging.Prepare{}).Photo(t.Context(), picture, false); err != nil || len(photo.Labels) > 0 && photo.Labels[0].Sharp > 0.1 {
		t.Fatalf("the photograph is sharp enough, %v", err)
	}
	got, err := wholeReader(t, property, roster).Read(t.Context(), picture)
	if err != nil || len(got.Candidates) == 0 || got.Candidates[0].ResidentID != who.ID {
		t.Errorf("%s wanted; %s %s %v, %v", who.Name(), got.Decision, got.Reason, got.Candidates, err)
	}
}

func judge(c labelCase, got room.Reading) verdict {
	v := verdict{Kind: c.kind, Want: c.want, Decision: got.Decision, Reason: got.Reason, To: c.print.to}
	for id := range c.who {
		v.Named = v.Named || c.who[id]
	}
	for i, cand := range got.Candidates {
		if i == 0 {
			v.Score, v.Right, v.Got = cand.Score, c.who[cand.ResidentID], cand.Name+" "+cand.Unit
		}
		v.Third = v.Third || i < 3 && c.who[cand.ResidentID]
	}
	v.Wrong = got.Decision == room.DecisionMatch && !v.Right
	return v
}

// report prints the table and the curve, and fails where labels that anybody can
// read are not matched.
func report(t *testing.T, verdicts []verdict) {
	t.Helper()
	matches, matched, nones, refused, named, third := 0, 0, 0, 0, 0, 0
	type bin struct{ n, right int }
	edges := []float64{0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.01}
	curve := make([]bin, len(edges))
	for _, v := range verdicts {
		switch v.Want {
		case room.DecisionMatch:
			matches++
			if v.Decision == v.Want && v.Right {
				matched++
			}
		case room.DecisionNone:
			nones++
			if v.Decision == v.Want {
				refused++
			}
		}
		if v.Named && v.Want != room.DecisionNone {
			named++
			if v.Third {
				third++
			}
		}
		if v.Score > 0 && v.Reason != "other_address" {
			k := 0
			for v.Score >= edges[k] {
				k++
			}
			curve[k].n++
			if v.Right {
				curve[k].right++
			}
		}
	}
	t.Logf("%d labels: matched %d of %d, among the first three %d of %d, refused %d of %d", len(verdicts), matched, matches, third, named, refused, nones)
	var b strings.Builder
	low := 0.0
	for k, e := range edges {
		if curve[k].n > 0 {
			fmt.Fprintf(&b, "\n  score %.3f to %.3f: %5d labels, right %6.2f %%", low, min(e, 1), curve[k].n, 100*float64(curve[k].right)/float64(curve[k].n))
		}
		low = e
	}
	t.Log(b.String())
	if matches >= 6 && matched*10 < matches*7 {
		t.Errorf("%d of %d plain labels matched, want 70 %% or more", matched, matches)
	}
}

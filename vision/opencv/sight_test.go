package opencv

import (
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision"
)

// black is what a camera sends from behind a hand.
func black(f vision.Frame) vision.Frame {
	return curve(f, func(float64) float64 { return 9 })
}

func between(a, b float64, change func(vision.Frame) vision.Frame) func(vision.Frame) vision.Frame {
	return func(f vision.Frame) vision.Frame {
		if s := f.T.Seconds(); s < a || s >= b {
			return f
		}
		return change(f)
	}
}

func TestWhatHappensWhileTheCameraCannotBeTrustedIsFoundAfterwards(t *testing.T) {
	clean := filmed(t, testdata("moves.mp4"))
	cases := []struct {
		name, problem string
		spoil         func(vision.Frame) vision.Frame
	}{
		{"covered", vision.ProblemCovered, black},
		{"pushed by 10 pixels", vision.ProblemMoved, func(f vision.Frame) vision.Frame { return pushed(f, 10, 0) }},
		{"pushed by 7 and 7 pixels", vision.ProblemMoved, func(f vision.Frame) vision.Frame { return pushed(f, -7, 7) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDetector(t, "moves", Config{})
			// A parcel is taken from B2 at 19.3 s, and seen to be gone at 20.6 s.
			const from, to = 14, 21.5
			said, after := time.Duration(0), []vision.Seen(nil)
			for _, f := range each(clean, between(from, to, c.spoil)) {
				seen, err := d.Process(f)
				if err != nil {
					t.Fatal(err)
				}
				problem := d.Scene().Problem
				switch s := f.T.Seconds(); {
				case s < from && problem != "":
					t.Fatalf("at %.1f s it is %s", s, problem)
				case s >= from && s < to && len(seen) > 0:
					t.Errorf("at %.1f s, while it cannot be seen: %s in %s", s, seen[0].Kind, seen[0].Slot)
				case s >= from && s < to && problem != "" && said == 0:
					if said = f.T; problem != c.problem {
						t.Errorf("it says %s", problem)
					}
				case s >= to:
					after = append(after, seen...)
				}
			}
			after = append(after, d.Flush()...)
			if late := said.Seconds() - from; late < 0 || late > 3 {
				t.Errorf("said after %.1f s", late)
			}
			if p := d.Scene().Problem; p != "" {
				t.Errorf("at the end it is %s", p)
			}
			if len(after) != 1 || after[0].Kind != room.ChangeRemoved || after[0].Slot != "B2" {
				t.Errorf("found afterwards: %+v", after)
			}
		})
	}
}

func TestAShiftedPictureIsPutBackWhereItWas(t *testing.T) {
	const w, h = 7, 5
	src, there, back := make([]byte, w*h*3), make([]byte, w*h*3), make([]byte, w*h*3)
	for i := range src {
		src[i] = byte(i)
	}
	for _, by := range [][2]int{{2, 1}, {-3, 0}, {0, -2}, {1, -1}, {-2, 2}} {
		shiftPixels(there, src, w, h, by[0], by[1])
		shiftPixels(back, there, w, h, -by[0], -by[1])
		for y := range h {
			for x := range w {
				if sx, sy := x-by[0], y-by[1]; sx < 0 || sx >= w || sy < 0 || sy >= h {
					continue // went out of the picture
				}
				if i := (y*w + x) * 3; back[i] != src[i] || back[i+2] != src[i+2] {
					t.Fatalf("by %v: %d,%d is %d, was %d", by, x, y, back[i], src[i])
				}
			}
		}
	}
}

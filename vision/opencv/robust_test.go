package opencv

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/score"
)

// frameOf is a frame with pixels of its own.
func frameOf(f vision.Frame) vision.Frame {
	f.Pix = append([]byte(nil), f.Pix...)
	return f
}

// filmed decodes all of a film.
func filmed(t testing.TB, path string) []vision.Frame {
	t.Helper()
	footage, err := vision.OpenFootage(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer footage.Close()
	var out []vision.Frame
	for {
		f, err := footage.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, frameOf(f))
	}
}

// curve maps every channel of a frame.
func curve(f vision.Frame, level func(v float64) float64) vision.Frame {
	var table [256]byte
	for i := range table {
		table[i] = byte(min(max(level(float64(i))+0.5, 0), 255))
	}
	f = frameOf(f)
	for i, v := range f.Pix {
		f.Pix[i] = table[v]
	}
	return f
}

// noisy adds a sensor's noise.
func noisy(f vision.Frame, sigma float64, rng *rand.Rand, table []float64) vision.Frame {
	f = frameOf(f)
	at := rng.IntN(len(table))
	for i, v := range f.Pix {
		if at++; at == len(table) {
			at = rng.IntN(len(table) / 2)
		}
		f.Pix[i] = byte(min(max(float64(v)+sigma*table[at]+0.5, 0), 255))
	}
	return f
}

// pushed is what the camera sees after it was pushed.
func pushed(f vision.Frame, dx, dy int) vision.Frame {
	from := f
	f = frameOf(f)
	shiftPixels(f.Pix, from.Pix, f.Width, f.Height, dx, dy)
	return f
}

// coded is a film encoded anew with few bits.
func coded(t *testing.T, film string, kbits string) []vision.Frame {
	t.Helper()
	out := filepath.Join(t.TempDir(), "coded.mp4")
	cmd := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error", "-i", film, "-an", "-c:v", "libx264", "-preset", "veryfast", "-threads", "1",
		"-b:v", kbits+"k", "-maxrate", kbits+"k", "-bufsize", kbits+"k", "-g", "10", "-fps_mode", "passthrough", out)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("encode: %v: %s", err, said)
	}
	return filmed(t, out)
}

// looked runs a detector over frames and gives what it says, in replay's terms.
func looked(t *testing.T, d *Detector, frames []vision.Frame) []score.Report {
	t.Helper()
	var out []score.Report
	add := func(seen []vision.Seen) {
		for _, s := range seen {
			r := score.Report{Kind: s.Kind, T: s.T.Seconds(), Box: s.BBox, Slot: s.Slot}
			if s.FromBBox != nil && s.Kind == room.ChangeMoved {
				r.FromBox = *s.FromBBox
			}
			out = append(out, r)
		}
	}
	for _, f := range frames {
		seen, err := d.Process(f)
		if err != nil {
			t.Fatal(err)
		}
		add(seen)
	}
	add(d.Flush())
	return out
}

// each maps all frames of a film.
func each(frames []vision.Frame, change func(f vision.Frame) vision.Frame) []vision.Frame {
	out := make([]vision.Frame, 0, len(frames))
	for _, f := range frames {
		out = append(out, change(f))
	}
	return out
}

// TestWhatIsSeenSurvivesTheCamera holds the excerpts against the truth with
// their pictures spoiled as light, lenses, coders and networks spoil them. F1
// may fall by 0.03 at most, which of so few events is none.
func TestWhatIsSeenSurvivesTheCamera(t *testing.T) {
	film := testdata("moves.mp4")
	truth, err := score.ReadTruth(testdata("moves.truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	clean := filmed(t, film)
	light := func(k float64) func(*testing.T) []vision.Frame { // while the room is empty, and back when it is again
		return func(*testing.T) []vision.Frame {
			return each(clean, func(f vision.Frame) vision.Frame {
				if f.T < 600*time.Millisecond || f.T > 13500*time.Millisecond {
					return f
				}
				return curve(f, func(v float64) float64 { return k * v })
			})
		}
	}
	gamma := func(g float64) func(*testing.T) []vision.Frame {
		return func(*testing.T) []vision.Frame {
			return each(clean, func(f vision.Frame) vision.Frame {
				return curve(f, func(v float64) float64 { return 255 * math.Pow(v/255, g) })
			})
		}
	}
	bump := func(dx, dy int, at time.Duration) func(*testing.T) []vision.Frame {
		return func(*testing.T) []vision.Frame {
			return each(clean, func(f vision.Frame) vision.Frame {
				if f.T < at {
					return f
				}
				return pushed(f, dx, dy)
			})
		}
	}
	noise := func(sigma float64) func(*testing.T) []vision.Frame {
		return func(*testing.T) []vision.Frame {
			rng := rand.New(rand.NewPCG(4, 4))
			table := make([]float64, 1<<18)
			for i := range table {
				table[i] = rng.NormFloat64()
			}
			return each(clean, func(f vision.Frame) vision.Frame { return noisy(f, sigma, rng, table) })
		}
	}
	network := func(lost, repeated float64) func(*testing.T) []vision.Frame {
		return func(*testing.T) []vision.Frame {
			rng := rand.New(rand.NewPCG(8, 8))
			var out []vision.Frame
			for i, f := range clean {
				switch p := rng.Float64(); {
				case p < lost:
				case p < lost+repeated && i > 0:
					out = append(out, vision.Frame{At: f.At, T: f.T, Width: f.Width, Height: f.Height, Pix: clean[i-1].Pix})
				default:
					out = append(out, f)
				}
			}
			return out
		}
	}
	for name, spoil := range map[string]func(*testing.T) []vision.Frame{
		"as it is":                   func(*testing.T) []vision.Frame { return clean },
		"light x 0.4":                light(0.4),
		"light x 0.7":                light(0.7),
		"light x 1.3":                light(1.3),
		"light x 1.8":                light(1.8),
		"gamma 0.6":                  gamma(0.6),
		"gamma 1.6":                  gamma(1.6),
		"pushed by 3 pixels":         bump(3, 0, 3*time.Second),
		"pushed by 2 and 2 pixels":   bump(-2, 2, 14*time.Second),
		"noise of 6":                 noise(6),
		"noise of 12":                noise(12),
		"300 kbit/s":                 func(t *testing.T) []vision.Frame { return coded(t, film, "300") },
		"a third of the frames lost": network(0.33, 0),
		"a third of them repeated":   network(0, 0.33),
		"half the frame rate":        func(*testing.T) []vision.Frame { return everyOther(clean) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDetector(t, "moves", Config{NoPictures: true})
			r := score.Compare(truth, looked(t, d, spoil(t)))
			if f1 := r.Count("").F1(); f1 < 0.97 {
				t.Errorf("F1 %.2f: missed %+v, false %+v", f1, r.Missed, r.False)
			}
			if p := d.Scene().Problem; p != "" {
				t.Errorf("at the end the camera is %s", p)
			}
		})
	}
}

func everyOther(frames []vision.Frame) []vision.Frame {
	var out []vision.Frame
	for i := 0; i < len(frames); i += 2 {
		out = append(out, frames[i])
	}
	return out
}

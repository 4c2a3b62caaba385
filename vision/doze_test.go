package vision

import (
	"log/slog"
	"testing"
	"time"

	"github.com/packroom/packroom/room/porttest"
)

// playing serves a clip of ffmpeg's as a camera.
func playing(t *testing.T, picture string) *Camera {
	t.Helper()
	units, err := makeClip(picture, "-bf", "0", "-g", "10")
	if err != nil {
		t.Fatal(err)
	}
	c := &rtspCamera{t: t, address: porttest.Addr(t), units: units, fps: testFPS}
	c.begin()
	t.Cleanup(c.end)
	return runCamera(t, c.url())
}

// dozing decodes with little patience for stillness.
func dozing(t *testing.T, cam *Camera) *Decoder {
	t.Helper()
	d := NewDecoder(cam, DecoderConfig{}, slog.New(slog.DiscardHandler))
	d.calm = 300 * time.Millisecond
	background(t, d.Run)
	return d
}

// bright reports whether the box in the picture's middle is there.
func bright(f Frame) bool { return f.Pix[3*(f.Height/2*f.Width+f.Width/2)] > 200 }

func TestWhatMovesWhileTheDecoderDozesIsSeenInOrderAndWhole(t *testing.T) {
	t.Parallel()
	// 6 s in which a box stands from 4.3 s on: between two keyframes.
	const box = "color=c=0x202020:s=320x180:r=10:d=6,drawbox=x=140:y=70:w=40:h=40:color=white:t=fill:enable='gt(t,4.25)'"
	for name, picture := range map[string]string{
		"a keyframe tells": box,
		"the size tells":   box + ",noise=alls=60:allf=t:enable='between(t,4.25,4.35)'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dozing(t, playing(t, picture))
			var frames []Frame // without their pixels
			appeared, longest := 0, time.Duration(0)
			for appeared < 2 {
				f := nextFrame(t, d)
				shown := bright(f)
				d.Release(f)
				f.Pix = nil
				if shown {
					f.Width = -1
				}
				frames = append(frames, f)
				i := len(frames) - 1
				if i == 0 {
					continue
				}
				step := f.T - frames[i-1].T
				if step <= 0 {
					t.Fatalf("a frame of %v follows one of %v", f.T, frames[i-1].T)
				}
				if shown && frames[i-1].Width > 0 {
					appeared++
					if step > 190*time.Millisecond {
						t.Errorf("the frame before the box is %v older: what happened between is not seen", step)
					}
				}
				longest = max(longest, step)
			}
			if longest < 900*time.Millisecond {
				t.Errorf("frames were never more than %v apart: it did not doze", longest)
			}
		})
	}
}

func TestKeyframesWillDoWhereNobodyLooks(t *testing.T) {
	t.Parallel()
	cam := runCamera(t, startCamera(t).url()) // all of its picture moves
	d := NewDecoder(cam, DecoderConfig{}, slog.New(slog.DiscardHandler))
	d.Attend(false)
	background(t, d.Run)
	step := func() time.Duration {
		a := nextFrame(t, d)
		d.Release(a)
		b := nextFrame(t, d)
		d.Release(b)
		return b.T - a.T
	}
	until(t, 20*time.Second, "frames are a second apart", func() bool { return step() > 900*time.Millisecond })
	d.Attend(true)
	until(t, 20*time.Second, "every picture comes", func() bool { return step() < 150*time.Millisecond })
}

// unitOf is a unit of so many bytes.
func unitOf(n int, at time.Duration, key bool, size int) *Unit {
	return &Unit{NALs: [][]byte{make([]byte, size)}, Key: key, T: at, Seq: uint64(n)}
}

func TestDecoderDozesOnlyWhereKeyframesComeOften(t *testing.T) {
	t.Parallel()
	for gop, want := range map[int]bool{20: true, 100: false} { // of 50 ms: 1 s, 5 s
		d := &doze{wake: make(chan struct{}, 1), wanted: func() bool { return true }, quiet: true}
		for n := range 3*gop + 1 {
			d.take(unitOf(n, time.Duration(n)*50*time.Millisecond, n%gop == 0, 500))
			d.quiet = true
		}
		if d.alone() != want {
			t.Errorf("with a keyframe every %d units it dozes: %v", gop, d.alone())
		}
	}
}

func TestWokenDecoderGetsAllFromTheKeyframeBeforeTheLast(t *testing.T) {
	t.Parallel()
	wanted := true
	d := &doze{wake: make(chan struct{}, 1), wanted: func() bool { return wanted }}
	fed := 0
	for n := range 75 {
		if n == 35 {
			d.quiet = true
		}
		units := d.take(unitOf(n, time.Duration(n)*100*time.Millisecond, n%10 == 0, 500))
		fed += len(units)
	}
	if fed != 41+3 { // 0 to 40, and then 50, 60, 70
		t.Errorf("%d units were decoded", fed)
	}
	wanted = false
	if units := d.woken(); units != nil {
		t.Error("it woke for nobody")
	}
	wanted = true
	units := d.woken()
	if len(units) != 15 || units[0].Seq != 60 || !units[0].Key || units[14].Seq != 74 {
		t.Errorf("it woke with %d units, from %d on", len(units), units[0].Seq)
	}
	if again := d.woken(); again != nil {
		t.Error("it woke twice")
	}
}

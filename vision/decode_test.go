package vision

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func runDecoder(t testing.TB, cam *Camera, cfg DecoderConfig) *Decoder {
	t.Helper()
	d := NewDecoder(cam, cfg, slog.New(slog.DiscardHandler))
	background(t, d.Run)
	return d
}

func nextFrame(t testing.TB, d *Decoder) Frame {
	t.Helper()
	select {
	case f := <-d.Out():
		return f
	case <-time.After(15 * time.Second):
		t.Fatal("no frame within 15 s")
		return Frame{}
	}
}

func TestFramesHaveTheirSizeAndTheCamerasTimes(t *testing.T) {
	for name, cfg := range map[string]DecoderConfig{
		"as they come": {}, "smaller": {Width: 160, Height: 90}, "5 a second": {MaxFPS: 5}, "keyframes": {KeyframesOnly: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cam := runCamera(t, startCamera(t).url())
			units := cam.Subscribe(256)
			defer units.Close()
			d := runDecoder(t, cam, cfg)
			w, h := cfg.Width, cfg.Height
			if w == 0 {
				w, h = testWidth, testHeight
			}
			times := map[time.Duration]bool{}
			var steps, lates []time.Duration
			var last Frame
			n := 13
			if cfg.KeyframesOnly {
				n = 7 // the first ones are late while ffmpeg starts
			}
			for i := range n {
				f := nextFrame(t, d)
				lates = append(lates, time.Since(f.At))
				if f.Width != w || f.Height != h || !f.Valid() {
					t.Fatalf("frame of %dx%d, %d bytes", f.Width, f.Height, len(f.Pix))
				}
				if dark(f) {
					t.Fatal("the frame is black")
				}
				if i > 0 {
					steps = append(steps, f.T-last.T)
				}
				if i > 0 && f.T <= last.T {
					t.Fatalf("a frame of %v follows one of %v", f.T, last.T)
				}
				for !times[f.T] {
					u := next(t, units)
					times[u.T] = true
					if u.T > f.T {
						t.Fatalf("no unit was taken at %v", f.T)
					}
				}
				last = f
				d.Release(f)
			}
			// A decoder that held a picture back would give it a second late where
			// only keyframes are decoded.
			if late := middle(lates); late > 800*time.Millisecond {
				t.Errorf("frames are %v late", late)
			}
			if step, want := middle(steps), expectedStep(cfg); step < want*8/10 || step > want*12/10 {
				t.Errorf("frames are %v apart, not %v", step, want)
			}
		})
	}
}

func middle(ds []time.Duration) time.Duration {
	slices.Sort(ds)
	return ds[len(ds)/2]
}

func expectedStep(cfg DecoderConfig) time.Duration {
	switch {
	case cfg.KeyframesOnly:
		return time.Second
	case cfg.MaxFPS == 5:
		return 200 * time.Millisecond
	}
	return 100 * time.Millisecond
}

func dark(f Frame) bool {
	for _, b := range f.Pix {
		if b > 100 {
			return false
		}
	}
	return true
}

// children gives the ffmpeg processes that this test binary has started.
func children(t testing.TB) (pids []int) {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		b, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err != nil {
			continue // a thread that has ended
		}
		for _, s := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestDecoderThatDiesIsStartedAgain(t *testing.T) {
	cam := runCamera(t, startCamera(t).url())
	d := runDecoder(t, cam, DecoderConfig{})
	first := nextFrame(t, d)
	d.Release(first)
	for _, pid := range children(t) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	until(t, 10*time.Second, "a death was counted", func() bool { return d.Restarts.Load() == 1 })
	n := d.Frames.Load()
	until(t, 10*time.Second, "frames come again", func() bool {
		select {
		case f := <-d.Out():
			if f.T <= first.T {
				t.Fatal("time went back")
			}
			d.Release(f)
		default:
		}
		return d.Frames.Load() > n+5
	})
}

func TestDecoderFollowsANewPictureSize(t *testing.T) {
	server := startCamera(t)
	cam := runCamera(t, server.url())
	d := runDecoder(t, cam, DecoderConfig{})
	d.Release(nextFrame(t, d))
	small, err := makeClip("testsrc2=s=192x108:r=10:d=2", "-bf", "0", "-g", "10")
	if err != nil {
		t.Fatal(err)
	}
	server.end()
	server.units = small
	server.begin()
	until(t, 15*time.Second, "frames of the new size", func() bool {
		f := nextFrame(t, d)
		defer d.Release(f)
		return f.Width == 192 && f.Height == 108
	})
	if d.Restarts.Load() != 0 {
		t.Error("a new size was taken for a death")
	}
}

func TestNobodyTakingFramesHoldsNothingUp(t *testing.T) {
	cam := runCamera(t, startCamera(t).url())
	d := runDecoder(t, cam, DecoderConfig{})
	until(t, 15*time.Second, "frames are skipped", func() bool { return d.Skipped.Load() > 10 })
	old, recent := nextFrame(t, d), nextFrame(t, d)
	if gap := recent.T - old.T; gap < 500*time.Millisecond {
		t.Errorf("the frame after a second's pause is only %v newer: a queue builds up", gap)
	}
}

func TestDecoderLeavesNoChildBehind(t *testing.T) {
	cam := runCamera(t, startCamera(t).url())
	d := NewDecoder(cam, DecoderConfig{}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	nextFrame(t, d)
	stop()
	<-done
	if left := children(t); len(left) != 0 {
		t.Errorf("children %v are left", left)
	}
}

func FuzzReadFrameTime(f *testing.F) {
	f.Add("frame:0    pts:40      pts_time:0.04\nn=1\n")
	f.Add("pts: \n\n")
	f.Fuzz(func(t *testing.T, text string) {
		ms, err := readFrameTime(bufio.NewReader(strings.NewReader(text)))
		if err == nil && !strings.Contains(text, "pts:"+strconv.FormatUint(uint64(ms), 10)) && !strings.Contains(text, "pts:0") {
			t.Errorf("%d was read from %q", ms, text)
		}
	})
}

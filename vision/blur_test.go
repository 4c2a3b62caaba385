package vision

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// filmFile records a video file as if it had been taken from start on.
func filmFile(t testing.TB, c *Clips, camera, path string, start time.Time) {
	t.Helper()
	r, err := c.ring(camera)
	if err != nil {
		t.Fatal(err)
	}
	rec, seq, sets := &recorder{ring: r}, uint64(0), &Camera{}
	err = runFFmpegSource(t.Context(), append([]string{"-i", path}, encodeArgs...), func(nals [][]byte, pts time.Duration) {
		u, ok := sets.unit(nals)
		if !ok {
			return
		}
		u.Break, u.At, u.T, u.Seq = seq == 0, start.Add(pts), pts, seq
		if err := rec.add(u); err != nil {
			t.Error(err)
		}
		seq++
	})
	if err = errors.Join(err, rec.close()); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// A room of 70 s into which somebody, 48 x 100 pixels of fine detail, walks at
// 40 s for 12 s, and stands still in the middle for 4 of them.
func filmWalker(t testing.TB, c *Clips) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walk.mp4")
	graph := "smptehdbars=s=320x180:r=10:d=70[room];testsrc2=s=48x100:r=10:d=70,hue=s=0[who];" +
		"[room][who]overlay=x='if(lt(t,44),(t-40)*40-48+20,if(lt(t,48),132,132+(t-48)*40))':y=60:enable='between(t,40,52)',format=yuv420p"
	b, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", graph, "-c:v", "libx264", "-preset", "ultrafast", "-y", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, b)
	}
	filmFile(t, c, "cam1", path, filmed)
}

// walkerHead is the upper half of the walker, without its edges; empty where it
// is not (wholly) in the picture.
func walkerHead(at time.Duration) image.Rectangle {
	s, x := at.Seconds(), 132.0
	switch {
	case s < 40.5 || s > 52:
		return image.Rectangle{}
	case s < 44:
		x = (s-40)*40 - 48 + 20
	case s > 48:
		x += (s - 48) * 40
	}
	r := image.Rect(int(x)+8, 64, int(x)+40, 108)
	if r.Min.X < 0 || r.Max.X > 320 {
		return image.Rectangle{}
	}
	return r
}

// detail is the mean step between a pixel and the one beside it.
func detail(f Frame, r image.Rectangle) float64 {
	sum, n := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X-1; x++ {
			i := (y*f.Width + x) * 3
			sum += absInt(int(f.Pix[i]) - int(f.Pix[i+3]))
			n++
		}
	}
	return float64(sum) / float64(max(1, n))
}

func TestNobodysHeadIsSeenInFootageWithFacesCovered(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	filmWalker(t, c)
	from, length := 38*time.Second, 16*time.Second
	b := NewBlurrer(c, nil)
	clip, err := b.Export(t.Context(), "cam1", filmed.Add(from), filmed.Add(from+length))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := c.Export("cam1", filmed.Add(from), filmed.Add(from+length))
	if err != nil {
		t.Fatal(err)
	}
	if clip.SHA256 == plain.SHA256 || clip.Path == plain.Path {
		t.Error("the covered clip is the plain one")
	}
	look := func(path string) (heads, room []float64, end time.Duration) {
		err := eachFrame(t.Context(), path, blurWidth, func(f Frame) error {
			end = f.T
			if h := walkerHead(from + f.T); !h.Empty() {
				heads = append(heads, detail(f, h))
			}
			room = append(room, detail(f, image.Rect(0, 110, 40, 170)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return heads, room, end
	}
	bare, _, _ := look(plain.Path)
	heads, _, end := look(clip.Path)
	if len(bare) < 80 || len(heads) < 120 {
		t.Fatalf("the walker is in %d and %d pictures", len(bare), len(heads))
	}
	for i, d := range heads {
		if d > 7 {
			t.Errorf("in picture %d of %d the head has detail %.1f", i, len(heads), d)
		}
	}
	for i, d := range bare {
		if d < 12 {
			t.Fatalf("the test's own walker has no detail to be covered in picture %d: %.1f", i, d)
		}
	}
	if end < length-150*time.Millisecond || end > length {
		t.Errorf("it shows %v of %v", end, length)
	}
	again, err := b.Export(t.Context(), "cam1", filmed.Add(from), filmed.Add(from+length))
	if err != nil || again.SHA256 != clip.SHA256 || again.Path != clip.Path {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	still, err := b.Still(t.Context(), "cam1", filmed.Add(46*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if img, err := jpeg.Decode(bytes.NewReader(still)); err != nil || img.Bounds().Dx() != stillWidth {
		t.Errorf("still: %v", err)
	}
}

func TestAllIsCoveredWhereTheEmptyRoomIsNotKnown(t *testing.T) {
	t.Parallel()
	c := openTestClips(t, ClipConfig{Dir: t.TempDir()})
	film(t, c, "cam1", filmed, 200, nil) // 20 s: who stands still all the time would be taken for furniture
	b := NewBlurrer(c, nil)
	clip, err := b.Export(t.Context(), "cam1", filmed.Add(3*time.Second), filmed.Add(6*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = eachFrame(t.Context(), clip.Path, blurWidth, func(f Frame) error {
		n++
		if d := detail(f, image.Rect(0, 0, f.Width, f.Height)); d > 6 {
			t.Errorf("picture %d has detail %.1f", n, d)
		}
		return nil
	})
	if err != nil || n != 3*blurFPS {
		t.Errorf("%d pictures, %v", n, err)
	}
	if _, err := b.Export(t.Context(), "cam1", filmed, filmed.Add(BlurMost+time.Second)); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("more than %v: %v", BlurMost, err)
	}
	if _, err := b.Export(t.Context(), "cam2", filmed, filmed.Add(time.Second)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("no such camera: %v", err)
	}
}

// scene is compared pictures of an empty grey room, two a second.
func scene(n int, draw func(k int, paint func(r image.Rectangle, v uint8))) (all []glimpse, empty tiny) {
	grey := func() tiny {
		p := tiny{w: mosaicWidth, h: 90, pix: make([]uint8, mosaicWidth*90*3)}
		for i := range p.pix {
			p.pix[i] = 100
		}
		return p
	}
	for k := range n {
		p := grey()
		draw(k, func(r image.Rectangle, v uint8) {
			for y := max(0, r.Min.Y); y < min(p.h, r.Max.Y); y++ {
				for x := max(0, r.Min.X); x < min(p.w, r.Max.X); x++ {
					copy(p.pix[(y*p.w+x)*3:], []uint8{v, v, v})
				}
			}
		})
		all = append(all, glimpse{at: time.Duration(k) * time.Second / 2, small: p})
	}
	return all, grey()
}

func covers(parts []image.Rectangle, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			in := false
			for _, p := range parts {
				in = in || image.Pt(x, y).In(p)
			}
			if !in {
				return false
			}
		}
	}
	return true
}

func TestHeadsAreCoveredAndThingsAreNot(t *testing.T) {
	t.Parallel()
	still := image.Rect(60, 30, 72, 80)    // a person who does not move at all
	bent := image.Rect(20, 60, 50, 80)     // wider than high, and moving
	parcel := image.Rect(120, 70, 132, 80) // low, put down, never moves
	all, empty := scene(20, func(k int, paint func(image.Rectangle, uint8)) {
		paint(still, 30)
		paint(bent.Add(image.Pt(k%3, 0)), 200)
		paint(parcel, 180)
	})
	parts := cover(all, empty)
	for k := range all {
		head := image.Rect(still.Min.X, still.Min.Y, still.Max.X, still.Min.Y+15)
		if !covers(parts[k], head) || !covers(parts[k], bent.Add(image.Pt(k%3, 0))) {
			t.Errorf("picture %d: somebody's head is not covered by %v", k, parts[k])
		}
		if inside := k >= 5 && k < 15; inside && covers(parts[k], parcel.Inset(4)) {
			t.Errorf("picture %d: the parcel is covered", k)
		}
	}
	bright, _ := scene(1, func(_ int, paint func(image.Rectangle, uint8)) {
		paint(image.Rect(0, 0, mosaicWidth, 90), 140) // the light was turned up
		paint(still, 42)
	})
	if got := cover(bright, empty)[0]; !covers(got, image.Rect(60, 30, 72, 45)) || covers(got, image.Rect(0, 0, 30, 30)) {
		t.Errorf("in brighter light %v is covered", got)
	}
	other := []glimpse{{small: tiny{w: 10, h: 10, pix: make([]uint8, 300)}}} // the camera was exchanged
	if got := cover(other, empty)[0]; !covers(got, image.Rect(0, 0, 10, 10)) {
		t.Errorf("of a picture that can't be compared %v is covered", got)
	}
	found := []glimpse{{small: empty, extra: []image.Rectangle{image.Rect(10, 10, 20, 20)}}}
	if got := cover(found, empty)[0]; !covers(got, image.Rect(8, 8, 22, 22)) {
		t.Errorf("of a face that was found %v is covered", got)
	}
}

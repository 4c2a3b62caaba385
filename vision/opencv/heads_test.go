package opencv

import (
	"errors"
	"image"
	"image/color"
	"testing"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/vision"
)

// face draws a face as light makes one: eyes and mouth in shadow, nose and
// forehead bright.
func face(m *gocv.Mat, at image.Point, r int) {
	grey := func(v uint8) color.RGBA { return color.RGBA{v, v, v, 255} }
	oval := func(dx, dy, rx, ry int, v uint8) {
		gocv.Ellipse(m, at.Add(image.Pt(dx*r/100, dy*r/100)), image.Pt(rx*r/100, ry*r/100), 0, 0, 360, grey(v), -1)
	}
	oval(0, -20, 88, 118, 40) // hair
	oval(0, 0, 75, 100, 200)
	for _, side := range []int{-1, 1} {
		oval(side*32, -28, 24, 9, 60)  // brow
		oval(side*32, -12, 19, 11, 90) // eye
		oval(side*32, -11, 8, 8, 20)
	}
	oval(0, 10, 9, 28, 225)
	oval(0, 34, 17, 6, 130)
	oval(0, 58, 32, 9, 90)
}

func TestFacesAreFound(t *testing.T) {
	finder, err := NewHeads()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := finder.Close(); err != nil {
			t.Error(err)
		}
	}()
	m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(140, 140, 140, 0), 720, 1280, gocv.MatTypeCV8UC3)
	defer m.Close()
	find := func() []image.Rectangle {
		got, err := finder.Heads(vision.Frame{Width: 1280, Height: 720, Pix: m.ToBytes()})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := find(); len(got) != 0 {
		t.Errorf("on a bare wall heads are found at %v", got)
	}
	faces := []image.Point{{300, 300}, {900, 400}}
	for i, at := range faces {
		face(&m, at, 60+40*i)
	}
	gocv.GaussianBlur(m, &m, image.Pt(5, 5), 0, 0, gocv.BorderDefault)
	got := find()
	for _, at := range faces {
		found := false
		for _, r := range got {
			found = found || at.In(r) && r.Dx() < 500
		}
		if !found {
			t.Errorf("the face at %v is not among %v", at, got)
		}
	}
	if _, err := finder.Heads(vision.Frame{Width: 10, Height: 10}); !errors.Is(err, vision.ErrFrame) {
		t.Errorf("a frame without pixels: %v", err)
	}
}

package opencv

import (
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"runtime"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/vision"
)

// cascades are Debian's, of the package opencv-data.
const cascades = "/usr/share/opencv4/haarcascades"

// headsWidth is the width in pixels that heads are looked for at: one of 20
// pixels, the least that the cascades know, is a thirtieth of the picture.
const headsWidth = 640

// Heads finds faces from the front and the side, and upper bodies. It only says
// where they are. Not safe for concurrent use.
type Heads struct {
	finders []finder
	small   gocv.Mat
	grey    gocv.Mat
}

type finder struct {
	classifier gocv.CascadeClassifier
	body       bool // it finds upper bodies: the head is in the upper half
	oneSided   bool // it was taught the left only
}

var _ vision.HeadFinder = (*Heads)(nil)

// NewHeads loads the cascades.
func NewHeads() (vision.HeadFinder, error) {
	h := &Heads{small: gocv.NewMat(), grey: gocv.NewMat()}
	for _, f := range []struct {
		name           string
		body, oneSided bool
	}{{name: "frontalface_default"}, {name: "profileface", oneSided: true}, {name: "upperbody", body: true}} {
		c := gocv.NewCascadeClassifier()
		path := filepath.Join(cascades, "haarcascade_"+f.name+".xml")
		if !c.Load(path) {
			return nil, errors.Join(fmt.Errorf("find heads: %s cannot be read: install the package opencv-data", path), c.Close(), h.Close())
		}
		h.finders = append(h.finders, finder{c, f.body, f.oneSided})
	}
	return h, nil
}

// Heads implements vision.HeadFinder. What is taught one side looks at the
// picture's mirror image too.
func (h *Heads) Heads(f vision.Frame) ([]image.Rectangle, error) {
	if !f.Valid() {
		return nil, fmt.Errorf("%w: %d bytes are not %d x %d pixels of BGR24", vision.ErrFrame, len(f.Pix), f.Width, f.Height)
	}
	full, err := gocv.NewMatFromBytes(f.Height, f.Width, gocv.MatTypeCV8UC3, f.Pix)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vision.ErrFrame, err)
	}
	defer full.Close()
	w := min(headsWidth, f.Width)
	size := image.Pt(w, max(1, f.Height*w/f.Width))
	gocv.Resize(full, &h.small, size, 0, 0, gocv.InterpolationArea)
	runtime.KeepAlive(f.Pix)
	gocv.CvtColor(h.small, &h.grey, gocv.ColorBGRToGray)
	gocv.EqualizeHist(h.grey, &h.grey)
	found := h.search(size, false)
	gocv.Flip(h.grey, &h.grey, 1)
	found = append(found, h.search(size, true)...)
	for i, r := range found {
		found[i] = image.Rect(r.Min.X*f.Width/size.X, r.Min.Y*f.Height/size.Y, r.Max.X*f.Width/size.X, r.Max.Y*f.Height/size.Y)
	}
	return found, nil
}

// search asks the cascades, in the picture as it is or in its mirror image.
func (h *Heads) search(size image.Point, mirrored bool) (found []image.Rectangle) {
	for _, c := range h.finders {
		if mirrored && !c.oneSided {
			continue
		}
		for _, r := range c.classifier.DetectMultiScaleWithParams(h.grey, 1.15, 3, 0, image.Pt(20, 20), image.Point{}) {
			if mirrored {
				r.Min.X, r.Max.X = size.X-r.Max.X, size.X-r.Min.X
			}
			if c.body {
				r.Max.Y = r.Min.Y + r.Dy()*3/5
			}
			found = append(found, r)
		}
	}
	return found
}

// Close gives the cascades' memory back.
func (h *Heads) Close() error {
	err := errors.Join(h.small.Close(), h.grey.Close())
	for _, f := range h.finders {
		err = errors.Join(err, f.classifier.Close())
	}
	return err
}

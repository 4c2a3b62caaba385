package opencv

import (
	"fmt"
	"image"
	"image/color"
	"runtime"
	"strings"
	"time"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision"
)

// The colours of annotated footage.
var (
	inkSlot    = color.RGBA{R: 90, G: 170, B: 255, A: 255}
	inkFront   = color.RGBA{R: 255, G: 150, B: 0, A: 255} // somebody stands in front
	inkItem    = color.RGBA{R: 40, G: 220, B: 90, A: 255}
	inkHidden  = color.RGBA{R: 150, G: 150, B: 150, A: 255}
	inkVerdict = color.RGBA{R: 255, G: 255, B: 255, A: 255}
	inkWrong   = color.RGBA{R: 255, G: 60, B: 60, A: 255}
	inkBack    = color.RGBA{A: 255}
)

const (
	annotatedWidth = 960             // pixels at least: smaller footage is enlarged so that words can be read
	verdictStands  = 3 * time.Second // how long a verdict is shown at its place
	verdictLines   = 5               // how many of the last are listed below
)

// Annotator draws on footage what a Detector sees in it: slots with how full
// they are, items with their identity, people, what moves, and each judgement
// with its evidence. Not safe for concurrent use.
type Annotator struct {
	detector *Detector
	verdicts []vision.Judgement
	factor   int
	canvas   gocv.Mat
}

// Annotate makes an annotator for d's next frames; Close frees it.
func (d *Detector) Annotate() *Annotator {
	a := &Annotator{detector: d, canvas: gocv.NewMat()}
	d.explain = a.hear
	return a
}

// hear keeps a verdict; the same about the same place stands in for the one before.
func (a *Annotator) hear(j vision.Judgement) {
	for i, old := range a.verdicts {
		if old.Verdict == j.Verdict && old.Box == j.Box {
			a.verdicts = append(a.verdicts[:i], a.verdicts[i+1:]...)
			break
		}
	}
	a.verdicts = append(a.verdicts, j)
	a.verdicts = a.verdicts[max(0, len(a.verdicts)-50):]
}

// Size is the size of annotated frames.
func (a *Annotator) Size(f vision.Frame) (w, h int) {
	a.factor = max(1, (annotatedWidth+f.Width-1)/f.Width)
	return f.Width * a.factor, f.Height * a.factor
}

// Draw gives the frame that was processed last with everything drawn on it, as
// packed BGR24, valid until the next call.
func (a *Annotator) Draw(f vision.Frame) ([]byte, error) {
	w, h := a.Size(f)
	d := a.detector
	f = d.align(f)
	full, err := gocv.NewMatFromBytes(f.Height, f.Width, gocv.MatTypeCV8UC3, f.Pix)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vision.ErrFrame, err)
	}
	defer full.Close()
	gocv.Resize(full, &a.canvas, image.Pt(w, h), 0, 0, gocv.InterpolationLinear)
	runtime.KeepAlive(f.Pix)
	pix, err := a.canvas.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("annotate: %w", err)
	}
	scene := d.Scene()
	if scene.Problem == "" {
		tint(pix, w, h, d.tracker.Marks())
	}
	a.slots(scene)
	for _, i := range scene.Items {
		ink := inkItem
		if i.Hidden {
			ink = inkHidden
		}
		a.box(i.BBox, ink, i.ID)
	}
	a.judged(f.T, h)
	a.state(f.T, scene)
	return pix, nil
}

// tint colours people, what moves, and what is still to be judged.
func tint(pix []byte, w, h int, m vision.Marks) {
	for y := range h {
		for x := range w {
			i := y*m.H/h*m.W + x*m.W/w
			p := pix[(y*w+x)*3:][:3]
			switch {
			case m.Moving[i] != 0:
				p[1], p[2] = p[1]*2/3, 255 // red
			case m.People[i] != 0:
				p[1], p[2] = p[1]/2+60, p[2]/2+127 // orange
			case m.Changed[i] != 0:
				p[0], p[2] = p[0]/2+127, p[2]/2+127 // violet
			}
		}
	}
}

// slots draws the slots' outlines with how full they are.
func (a *Annotator) slots(scene vision.Scene) {
	front := map[string]bool{}
	for _, id := range scene.Slots {
		front[id] = true
	}
	for _, s := range a.detector.slots.Slots {
		ink, words := inkSlot, fmt.Sprintf("%s %.0f%%", s.ID, 100*scene.Fullness[s.ID])
		if front[s.ID] {
			ink, words = inkFront, words+" somebody"
		}
		var corners []image.Point
		for _, p := range s.Polygon {
			corners = append(corners, a.at(p[0], p[1]))
		}
		outline := gocv.NewPointsVectorFromPoints([][]image.Point{corners})
		gocv.Polylines(&a.canvas, outline, true, ink, 1)
		outline.Close()
		b := s.Bounds()
		a.write(words, a.at(b[0]+3, b[1]).Add(image.Pt(0, 14)), ink)
	}
}

// judged draws fresh verdicts at their places, and lists the last ones.
func (a *Annotator) judged(now time.Duration, h int) {
	for _, j := range a.verdicts {
		if now-j.At < verdictStands {
			a.box(j.Box, inkVerdict, j.Verdict)
		}
	}
	last := a.verdicts[max(0, len(a.verdicts)-verdictLines):]
	for n, j := range last {
		line := fmt.Sprintf("%6.1f s  %-4s %s: %s", j.At.Seconds(), j.Slot, j.Verdict, j.Why)
		a.write(line, image.Pt(6, h-6-15*(len(last)-1-n)), inkVerdict)
	}
}

// state writes the time and how the camera is.
func (a *Annotator) state(now time.Duration, scene vision.Scene) {
	words, ink := []string{fmt.Sprintf("%.1f s", now.Seconds())}, inkVerdict
	if scene.People {
		words = append(words, "people")
	}
	if dx, dy := scene.Shift[0], scene.Shift[1]; dx != 0 || dy != 0 {
		words = append(words, fmt.Sprintf("camera pushed by %+.1f %+.1f, taken off", dx, dy))
	}
	if scene.Problem != "" {
		words, ink = append(words, "CAMERA "+strings.ToUpper(scene.Problem)+": nothing is reported"), inkWrong
	}
	a.write(strings.Join(words, "   "), image.Pt(6, 16), ink)
}

// at is a point of the slots file on the canvas.
func (a *Annotator) at(x, y float64) image.Point {
	d := a.detector
	k := float64(a.factor)
	return image.Pt(int(x*k*float64(d.w)/float64(d.slots.Width)), int(y*k*float64(d.h)/float64(d.slots.Height)))
}

// box draws a box with a word above it.
func (a *Annotator) box(r room.Rect, ink color.RGBA, word string) {
	from, to := a.at(r[0], r[1]), a.at(r[0]+r[2], r[1]+r[3])
	gocv.Rectangle(&a.canvas, image.Rectangle{Min: from, Max: to}, ink, 2)
	a.write(word, from.Sub(image.Pt(0, 4)), ink)
}

// write puts words on a dark ground, so that they can be read on any picture.
func (a *Annotator) write(words string, at image.Point, ink color.RGBA) {
	const size = 0.42
	for _, o := range []image.Point{{X: -1}, {X: 1}, {Y: -1}, {Y: 1}} {
		gocv.PutText(&a.canvas, words, at.Add(o), gocv.FontHersheySimplex, size, inkBack, 1)
	}
	gocv.PutText(&a.canvas, words, at, gocv.FontHersheySimplex, size, ink, 1)
}

// Close frees the annotator's memory.
func (a *Annotator) Close() error { return a.canvas.Close() }

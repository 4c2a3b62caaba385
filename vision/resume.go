package vision

import "math"

// Resume makes the tracker look at the next picture as after a restart: what is
// other than it was last known to be, whatever happened meanwhile, is found.
func (t *Tracker) Resume() {
	if !t.base.begun {
		return
	}
	t.base.begun, t.base.restored = false, true
	t.motion.started, t.scene = false, nil
	t.who = newPeople(t.w, t.h)
	t.people = t.who.mask
	t.visit.on = false // its first picture may be from before the camera was turned
	t.allTouched()
}

// Remembered is the brightness of the picture in which all was known before a
// restart; ok is false where there is none.
func (t *Tracker) Remembered() (l Plane, ok bool) { return t.base.committed.L, t.base.restored }

// allTouched leaves the whole picture to be judged anew.
func (t *Tracker) allTouched() {
	for i := range t.base.touched {
		t.base.touched[i], t.base.touchedAt[i] = 1, 0
	}
	t.rest = false
}

// resumeCell is the side of the cells in which the light is compared with the
// light of before, in working pixels.
const resumeCell = 20

// relight gives a picture the light of another of the same place, cell by cell: it
// may be from another time of the day. What came or went is smaller than the median
// of a cell's surroundings.
func relight(was, now View) {
	w, h := was.L.W, was.L.H
	cw, ch := (w+resumeCell-1)/resumeCell, (h+resumeCell-1)/resumeCell
	gain := make([]float32, cw*ch)
	for cy := range ch {
		for cx := range cw {
			gain[cy*cw+cx] = gainIn(was.L, now.L, (cx-1)*resumeCell, (cy-1)*resumeCell, (cx+2)*resumeCell, (cy+2)*resumeCell)
		}
	}
	at := func(x, y int) float32 { return gain[min(max(y, 0), ch-1)*cw+min(max(x, 0), cw-1)] }
	for y := range h {
		fy := (float64(y)+0.5)/resumeCell - 0.5
		y0 := int(math.Floor(fy))
		ky := float32(fy - float64(y0))
		for x := range w {
			fx := (float64(x)+0.5)/resumeCell - 0.5
			x0 := int(math.Floor(fx))
			kx := float32(fx - float64(x0))
			g := (at(x0, y0)*(1-kx)+at(x0+1, y0)*kx)*(1-ky) + (at(x0, y0+1)*(1-kx)+at(x0+1, y0+1)*kx)*ky
			i := y*w + x
			was.L.Pix[i] = min(was.L.Pix[i]*g, 255)
		}
	}
}

// gainIn is the median by which now is brighter than was in a part of them.
func gainIn(was, now Plane, x0, y0, x1, y1 int) float32 {
	var r []float32
	for y := max(y0, 0); y < min(y1, was.H); y += 2 {
		for x := max(x0, 0); x < min(x1, was.W); x += 2 {
			i := y*was.W + x
			r = append(r, (now.Pix[i]+4)/(was.Pix[i]+4))
		}
	}
	return median(r)
}

package vision

import (
	"image"
	"slices"
	"time"
)

// How people are covered. Lengths are shares of the picture's width.
const (
	mosaicWidth  = 160             // pixels that pictures are compared at
	mosaicApart  = 34              // of 3 x 255: what coding and a lamp's flicker stay below
	mosaicBlock  = 1.0 / 40        // a head is two such squares wide or fewer
	mosaicSmooth = 3               // compared pixels that fragments of one person may lie apart
	mosaicLeast  = 24              // compared pixels: a head is more, noise less
	mosaicThing  = 0.25            // a share of the height: what is lower and stands quite still is no person
	mosaicStill  = 2 * time.Second // to either side
	mosaicLinger = 400 * time.Millisecond
	mosaicWider  = 0.2
)

// tiny is a picture small enough to be compared: BGR, mosaicWidth wide.
type tiny struct {
	w, h int
	pix  []uint8
}

// shrinkTiny averages a frame down.
func shrinkTiny(f Frame) tiny {
	s := shrinkTo(f, mosaicWidth)
	return tiny{s.Width, s.Height, s.Pix}
}

// shrinkTo makes a frame no wider than so many pixels.
func shrinkTo(f Frame, most int) Frame {
	s := f
	s.Width = min(most, f.Width)
	s.Height = max(1, f.Height*s.Width/f.Width)
	s.Pix = make([]byte, s.Width*s.Height*3)
	for y := range s.Height {
		y0, y1 := y*f.Height/s.Height, (y+1)*f.Height/s.Height
		for x := range s.Width {
			x0, x1 := x*f.Width/s.Width, (x+1)*f.Width/s.Width
			i := (y*s.Width + x) * 3
			s.Pix[i], s.Pix[i+1], s.Pix[i+2] = meanBGR(f, x0, y0, x1, y1, 2)
		}
	}
	return s
}

// meanBGR is the mean colour of a part of a frame, of every step-th pixel.
func meanBGR(f Frame, x0, y0, x1, y1, step int) (b, g, r uint8) {
	var sum [3]int
	n := 0
	for y := y0; y < y1; y += step {
		for i := (y*f.Width + x0) * 3; i < (y*f.Width+x1)*3; i += 3 * step {
			sum[0] += int(f.Pix[i])
			sum[1] += int(f.Pix[i+1])
			sum[2] += int(f.Pix[i+2])
			n++
		}
	}
	if n == 0 {
		return 0, 0, 0
	}
	return uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n)
}

// medianOf is the picture without what stands in it for less than half of the
// time; ok is false where sizes differ or there is nothing.
func medianOf(all []tiny) (m tiny, ok bool) {
	if len(all) == 0 {
		return m, false
	}
	m = tiny{w: all[0].w, h: all[0].h, pix: make([]uint8, len(all[0].pix))}
	column := make([]uint8, len(all))
	for i := range m.pix {
		for k, t := range all {
			if len(t.pix) != len(m.pix) {
				return m, false
			}
			column[k] = t.pix[i]
		}
		slices.Sort(column)
		m.pix[i] = column[len(column)/2]
	}
	return m, true
}

// differs marks the pixels in which two pictures differ, after the brighter one
// was made as dark as the other.
func differs(a, b tiny) []bool {
	out := make([]bool, a.w*a.h)
	ga, gb := gain(a), gain(b)
	most := max(ga, gb, 1)
	for i := range out {
		d := 0
		for c := range 3 {
			d += absInt(int(a.pix[i*3+c])*most/max(ga, 1) - int(b.pix[i*3+c])*most/max(gb, 1))
		}
		out[i] = d > mosaicApart*most/max(min(ga, gb), 1)
	}
	return out
}

// gain is the middle brightness of a picture.
func gain(t tiny) int {
	var counts [256]int
	for _, v := range t.pix {
		counts[v]++
	}
	seen := 0
	for v, n := range counts {
		if seen += n; seen*2 >= len(t.pix) {
			return v
		}
	}
	return 0
}

// spread grows what is marked by r pixels to every side.
func spread(mark []bool, w, h, r int) []bool {
	across, out := make([]bool, len(mark)), make([]bool, len(mark))
	for i, m := range mark {
		if !m {
			continue
		}
		x, row := i%w, i/w*w
		for k := max(0, x-r); k <= min(w-1, x+r); k++ {
			across[row+k] = true
		}
	}
	for i, m := range across {
		if !m {
			continue
		}
		x, y := i%w, i/w
		for k := max(0, y-r); k <= min(h-1, y+r); k++ {
			out[k*w+x] = true
		}
	}
	return out
}

// boxesOf gives the box of every connected part of what is marked.
func boxesOf(mark []bool, w, h int) (boxes []image.Rectangle) {
	seen := make([]bool, len(mark))
	for i := range mark {
		if !mark[i] || seen[i] {
			continue
		}
		seen[i] = true
		box, size, todo := image.Rectangle{}, 0, []int{i}
		for len(todo) > 0 {
			k := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			x, y := k%w, k/w
			box, size = box.Union(image.Rect(x, y, x+1, y+1)), size+1
			for _, n := range []image.Point{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
				if j := n.Y*w + n.X; n.X >= 0 && n.X < w && n.Y >= 0 && n.Y < h && mark[j] && !seen[j] {
					seen[j] = true
					todo = append(todo, j)
				}
			}
		}
		if size >= mosaicLeast {
			boxes = append(boxes, box)
		}
	}
	return boxes
}

// headPart is where the head of what stands in a box is: its upper half; all of
// one that is not upright, or that the picture's edge cuts: it may bend down.
func headPart(box image.Rectangle, h int) image.Rectangle {
	wider := 2 + int(float64(max(box.Dx(), box.Dy()))*mosaicWider/2)
	if box.Dy()*5 > box.Dx()*7 && box.Min.Y > 1 {
		box.Max.Y = box.Min.Y + box.Dy()*11/20
	}
	return box.Inset(-wider)
}

// glimpse is what was found in one picture.
type glimpse struct {
	at    time.Duration
	small tiny
	boxes []image.Rectangle // of people, in small's pixels
	extra []image.Rectangle // as a finder of faces says, in small's pixels
}

// end is until when picture k of all is shown; the last stands as long as the one
// before it.
func (g glimpse) end(all []glimpse, k int) time.Duration {
	switch {
	case k+1 < len(all):
		return all[k+1].at
	case k > 0:
		return g.at + g.at - all[k-1].at
	}
	return g.at + time.Second/blurFPS
}

// cover gives the parts of each picture that are to be covered, in compared
// pixels: heads of all that differs from the empty room, for a little longer
// than they were seen.
func cover(all []glimpse, empty tiny) [][]image.Rectangle {
	own := make([][]image.Rectangle, len(all))
	for k := range all {
		s := &all[k]
		if len(s.small.pix) != len(empty.pix) {
			own[k] = []image.Rectangle{image.Rect(0, 0, s.small.w, s.small.h)}
			continue
		}
		mark := spread(differs(s.small, empty), empty.w, empty.h, mosaicSmooth)
		for _, b := range boxesOf(mark, empty.w, empty.h) {
			if isThing(all, k, b) {
				continue
			}
			own[k] = append(own[k], headPart(b, empty.h))
		}
	}
	out := make([][]image.Rectangle, len(all))
	for k := range all {
		for j := range all {
			d := (all[j].at - all[k].at).Abs()
			if d <= mosaicLinger {
				out[k] = append(out[k], own[j]...)
			}
			for _, b := range all[j].extra { // looked for now and then
				if d <= findEvery {
					out[k] = append(out[k], b.Inset(-2-b.Dx()/3))
				}
			}
		}
	}
	return out
}

// isThing reports whether what stands in a box of picture k is low and does not
// move at all: something that was put down.
func isThing(all []glimpse, k int, box image.Rectangle) bool {
	if float64(box.Dy()) > mosaicThing*float64(all[k].small.h) {
		return false
	}
	before, after := false, false
	for j := range all {
		d := all[j].at - all[k].at
		if d.Abs() > mosaicStill+mosaicLinger {
			continue
		}
		before, after = before || d <= -mosaicStill+mosaicLinger, after || d >= mosaicStill-mosaicLinger
		if len(all[j].small.pix) != len(all[k].small.pix) || movesIn(all[k].small, all[j].small, box) {
			return false
		}
	}
	return before && after
}

func movesIn(a, b tiny, box image.Rectangle) bool {
	n := 0
	for y := max(0, box.Min.Y); y < min(a.h, box.Max.Y); y++ {
		for i := y*a.w + max(0, box.Min.X); i < y*a.w+min(a.w, box.Max.X); i++ {
			d := 0
			for c := range 3 {
				d += absInt(int(a.pix[i*3+c]) - int(b.pix[i*3+c]))
			}
			if d > mosaicApart {
				n++
			}
		}
	}
	return n > 4
}

// mosaic replaces parts of a frame, given in compared pixels, by squares of one
// colour each.
func mosaic(f Frame, parts []image.Rectangle, w, h int) {
	block := max(12, int(float64(f.Width)*mosaicBlock))
	cols, rows := (f.Width+block-1)/block, (f.Height+block-1)/block
	covered := make([]bool, cols*rows)
	for _, p := range parts {
		x0, x1 := p.Min.X*f.Width/w/block, (p.Max.X*f.Width/w+block-1)/block
		y0, y1 := p.Min.Y*f.Height/h/block, (p.Max.Y*f.Height/h+block-1)/block
		for y := max(0, y0); y < min(rows, y1); y++ {
			for x := max(0, x0); x < min(cols, x1); x++ {
				covered[y*cols+x] = true
			}
		}
	}
	for i, c := range covered {
		if c {
			x0, y0 := i%cols*block, i/cols*block
			fill(f, x0, y0, min(x0+block, f.Width), min(y0+block, f.Height))
		}
	}
}

func fill(f Frame, x0, y0, x1, y1 int) {
	b, g, r := meanBGR(f, x0, y0, x1, y1, 1)
	for y := y0; y < y1; y++ {
		for i := (y*f.Width + x0) * 3; i < (y*f.Width+x1)*3; i += 3 {
			f.Pix[i], f.Pix[i+1], f.Pix[i+2] = b, g, r
		}
	}
}

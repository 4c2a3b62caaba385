package vision

import (
	"bytes"
	"math"
)

// motionSpan is how far apart in time two pictures are compared for motion, in
// seconds: long enough that a slow hand has moved a pixel, whatever the frame rate.
const motionSpan = 0.18

// mostParts is the share of the picture's parts that light changes at least.
const mostParts = 0.6

// motion finds what moves: places that have changed in structure since a moment
// ago. A change of light alone moves nothing.
type motion struct {
	w, h    int
	share   float64   // Config.LightStep
	prev    []float32 // luma to compare with
	prevT   float64
	started bool
	noise   float32 // variance of one picture's noise, smoothed
	mask    Mask    // moving now
	raw     Mask
	last    []float32 // by place: when it last moved, seconds; negative for never
	lightAt float64   // when the light last made a step
	gainAt  float64   // when the exposure last changed
}

func newMotion(w, h int, cfg Config) *motion {
	m := &motion{w: w, h: h, share: cfg.LightStep, prev: make([]float32, w*h), mask: make(Mask, w*h), raw: make(Mask, w*h),
		last: make([]float32, w*h), noise: 2, lightAt: math.Inf(-1), gainAt: math.Inf(-1)}
	for i := range m.last {
		m.last[i] = -1e6
	}
	return m
}

// step looks at the next picture and returns how many places move. busy are
// the places where people are or may get to by the next picture; lamps
// do not move.
//
//go:norace
func (m *motion) step(l []float32, busy Mask, lamps *lamps, t float64) int {
	if !m.started {
		m.started, m.prevT = true, t
		copy(m.prev, l)
		return 0
	}
	gain := gainBetween(m.prev, l)
	scaled := m.prev
	if gain < 0.99 || gain > 1.01 {
		scaled = make([]float32, len(l))
		for i, v := range m.prev {
			scaled[i] = v * gain
		}
	}
	n := min(noiseVariance(l, scaled), 150)
	m.noise += 0.1 * (max(n, 0.5) - m.noise)
	least := max(4*float32(math.Sqrt(float64(m.noise))), 6)
	clear(m.raw)
	changed := 0
	scaled = scaled[:len(l)]
	for i, v := range l {
		d := v - scaled[i]
		if (d > least || d < -least) && abs(d) > lamps.doubt[i] && unlikeAt(l, scaled, m.w, m.h, i%m.w, i/m.w, m.noise) > 0.35 {
			m.raw[i] = 1
			changed++
		}
	}
	if m.widespread() && m.everywhere(l, busy) > mostParts {
		m.lightAt = t
	}
	if gain < 0.95 || gain > 1.05 {
		m.gainAt = t
	}
	moving := 0
	clear(m.mask)
	for i := 0; changed > 0; i++ {
		skip := bytes.IndexByte(m.raw[i:], 1)
		if skip < 0 {
			break
		}
		if i += skip; m.neighbours(i) >= 4 {
			m.mask[i] = 1
			m.last[i] = float32(t)
			moving++
		}
	}
	if t-m.prevT >= motionSpan {
		copy(m.prev, l)
		m.prevT = t
	}
	return moving
}

// widespread reports whether enough parts of the picture have changed for a
// change of light to be possible: a quick no for people who move.
//
//go:norace
func (m *motion) widespread() bool {
	var changed [lightParts * lightParts]int
	for i := 0; ; i++ {
		skip := bytes.IndexByte(m.raw[i:], 1)
		if skip < 0 {
			break
		}
		i += skip
		changed[i/m.w*lightParts/m.h*lightParts+i%m.w*lightParts/m.w]++
	}
	most := 0
	for _, n := range changed {
		if n >= 2*lightPlaces {
			most++
		}
	}
	return float64(most) > mostParts*lightParts*lightParts/2
}

const (
	lightParts  = 4 // parts of the picture, across and down, in which light is looked for
	lightPlaces = 8 // places that change in a cell which light reaches
)

// everywhere gives the share of the picture's parts in which most cells with
// structure, and without people near, have changed. Light reaches all parts of
// the picture; one person does not, however bare the rest of the room is. It is 0
// where too few parts have structure to tell.
//
//go:norace
func (m *motion) everywhere(l []float32, busy Mask) float64 {
	const (
		cell  = 10 // working pixels
		parts = lightParts
		few   = 3 // cells that a part must have to tell
	)
	edge, marked := 8+4*float32(math.Sqrt(float64(m.noise))), []byte{1}
	var changed, textured [parts * parts]int
	for cy := 0; cy+cell <= m.h; cy += cell {
		for cx := 0; cx+cell <= m.w; cx += cell {
			n, taken := 0, false
			for y := cy; y < cy+cell && !taken; y++ {
				from := y*m.w + cx
				n += bytes.Count(m.raw[from:from+cell-1], marked)
				taken = bytes.IndexByte(busy[from:from+cell-1], 1) >= 0
			}
			if taken || n == 0 && !rough(l[cy*m.w+cx:], m.w, cell, edge) {
				continue
			}
			part := cy*parts/m.h*parts + cx*parts/m.w
			textured[part]++
			if n >= lightPlaces {
				changed[part]++
			}
		}
	}
	told, most := 0, 0
	for part, n := range textured {
		if n < few {
			continue
		}
		told++
		if float64(changed[part]) > m.share*float64(n) {
			most++
		}
	}
	if told < parts*parts/2 {
		return 0
	}
	return float64(most) / float64(told)
}

// rough reports whether a cell of a picture w wide, at the begin of l, has
// structure: steps from place to place that are larger than edge.
//
//go:norace
func rough(l []float32, w, cell int, edge float32) bool {
	n := 0
	for y := range cell {
		row := l[y*w : y*w+cell]
		for x, v := range row[:cell-1] {
			d := v - row[x+1]
			steep := d > edge || d < -edge
			if y > 0 && !steep {
				d = v - l[(y-1)*w+x]
				steep = d > edge || d < -edge
			}
			if steep {
				if n++; n == 3 {
					return true
				}
			}
		}
	}
	return false
}

// neighbours counts the marked places of the 3 x 3 around i.
//
//go:norace
func (m *motion) neighbours(i int) int {
	x, y, n := i%m.w, i/m.w, 0
	for ny := max(y-1, 0); ny <= min(y+1, m.h-1); ny++ {
		for nx := max(x-1, 0); nx <= min(x+1, m.w-1); nx++ {
			n += int(m.raw[ny*m.w+nx])
		}
	}
	return n
}

// light reports whether the light made a step in the last moments before t:
// more changed than people could.
func (m *motion) light(t float64) bool { return t-m.lightAt < 0.5 }

// exposing reports whether all of the picture became brighter or darker in the
// last moments before t.
func (m *motion) exposing(t float64) bool { return t-m.gainAt < 0.3 }

// gainBetween estimates how much brighter b is than a: the median ratio of
// their pixels.
//
//go:norace
func gainBetween(a, b []float32) float32 {
	const step = 37
	var room [2048]float32
	r := room[:0]
	for i := 0; i < len(a); i += step {
		if a[i] < 245 && b[i] < 245 {
			r = append(r, (b[i]+4)/(a[i]+4))
		}
	}
	if len(r) == 0 {
		return 1
	}
	return median(r)
}

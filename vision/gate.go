package vision

import "time"

// Gate lets pictures through while something happens and saves the work of
// looking at them while nothing does. It compares the means of small cells of
// the full picture, of which it reads a few pixels each.
type Gate struct {
	cells  []float32
	fresh  []float32
	openTo time.Duration
	passed time.Duration
	begun  bool
}

const (
	gateColumns = 80
	gateRows    = 45
	// gateStep is by how many gray levels a cell must change against the slowly
	// following mean: noise in the mean of 16 pixels is below 2.
	gateStep = 7
	// gateHold is how long the gate stays open after the last change.
	gateHold = time.Second
	// gatePulse is how often a picture passes while nothing happens, so that
	// slow light is followed.
	gatePulse = time.Second
)

// Pass reports whether the frame should be looked at.
func (g *Gate) Pass(f Frame) bool {
	if g.fresh == nil {
		g.fresh, g.cells = make([]float32, gateColumns*gateRows), make([]float32, gateColumns*gateRows)
	}
	g.read(f)
	changed := 0
	for i, v := range g.fresh {
		d := v - g.cells[i]
		if d > gateStep || d < -gateStep {
			changed++
		}
		g.cells[i] += 0.2 * d
	}
	if !g.begun {
		copy(g.cells, g.fresh)
		g.begun, changed = true, 1
	}
	if changed > 0 {
		g.openTo = f.T + gateHold
	}
	if f.T > g.openTo && f.T-g.passed < gatePulse {
		return false
	}
	g.passed = f.T
	return true
}

// read fills fresh with the cells' means of green, of 4 x 4 pixels each.
func (g *Gate) read(f Frame) {
	for cy := range gateRows {
		y0, y1 := cy*f.Height/gateRows, (cy+1)*f.Height/gateRows
		dy := max(1, (y1-y0)/4)
		for cx := range gateColumns {
			x0, x1 := cx*f.Width/gateColumns, (cx+1)*f.Width/gateColumns
			dx := max(1, (x1-x0)/4)
			sum, n := 0, 0
			for y := y0; y < y1; y += dy {
				row := f.Pix[y*f.Width*3:]
				for x := x0; x < x1; x += dx {
					sum += int(row[3*x+1])
					n++
				}
			}
			g.fresh[cy*gateColumns+cx] = float32(sum) / float32(max(n, 1))
		}
	}
}

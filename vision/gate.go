package vision

import "time"

// Gate lets pictures through while something happens and saves the work of
// looking at them while nothing does. It compares the means of small cells of
// the full picture, of which it reads a few pixels each, and learns how much
// each cell's mean wavers by noise alone.
type Gate struct {
	cells   []float32 // means, slowly following
	fresh   []float32
	noise   []float32            // mean deviation of the cell's mean while nothing happens
	blocks  []uint8              // cells that have changed, by block
	width   int                  // of the frames
	columns [][gateSamples]int32 // where in a row of theirs each cell is read
	openTo  time.Duration
	passed  time.Duration
	begun   bool
}

const (
	gateColumns = 80
	gateRows    = 45
	gateSamples = 4 // pixels of a cell that are read, across and down
	// gateStep is by how many gray levels a cell must change at least, and
	// gateNoise by how many times its mean deviation: 5 standard deviations.
	gateStep, gateNoise = 5, 6
	// gateFirstNoise is the deviation before it is known, gateMostNoise what is
	// taken for noise at most: in a dark room at 500 kbit/s it is 3.
	gateFirstNoise, gateMostNoise = 1.5, 4
	// gateBlock is the side of a block of cells of which gateCells must change. A
	// hand fills most of one; a coder that refreshes its picture does not.
	gateBlock, gateCells = 5, 5
	// gateHold is how long the gate stays open after the last change.
	gateHold = time.Second
	// gatePulse is how often a picture passes while nothing happens, so that
	// slow light is followed.
	gatePulse = time.Second
)

// Pass reports whether the frame should be looked at.
func (g *Gate) Pass(f Frame) bool {
	if g.moves(f) {
		g.openTo = f.T + gateHold
	}
	if f.T > g.openTo && f.T-g.passed < gatePulse {
		return false
	}
	g.passed = f.T
	return true
}

// moves reports whether anything differs from the frames before; the first
// frame does.
func (g *Gate) moves(f Frame) bool {
	if g.fresh == nil {
		const n = gateColumns * gateRows
		g.fresh, g.cells, g.noise = make([]float32, n), make([]float32, n), make([]float32, n)
		g.blocks = make([]uint8, n/gateBlock)
	}
	g.read(f)
	changed := g.changed()
	if !g.begun {
		copy(g.cells, g.fresh)
		for i := range g.noise {
			g.noise[i] = gateFirstNoise
		}
		g.begun, changed = true, true
	}
	return changed
}

// changed compares the cells with what they were, and lets these follow.
func (g *Gate) changed() bool {
	clear(g.blocks)
	open := false
	for i, v := range g.fresh {
		d := v - g.cells[i]
		if a := abs(d); a <= gateStep || a <= gateNoise*g.noise[i] {
			g.cells[i] += 0.2 * d
			g.noise[i] += 0.05 * (a - g.noise[i])
			continue
		}
		g.cells[i] = v
		g.noise[i] = min(g.noise[i]+0.02*abs(d), gateMostNoise)
		k := i/gateColumns/gateBlock*(gateColumns/gateBlock) + i%gateColumns/gateBlock
		g.blocks[k]++
		open = open || g.blocks[k] >= gateCells
	}
	return open
}

// read fills fresh with the cells' means of green, of 4 x 4 pixels each.
//
//go:norace
func (g *Gate) read(f Frame) {
	if g.width != f.Width {
		g.lay(f.Width)
	}
	for cy := range gateRows {
		cells := g.fresh[cy*gateColumns:][:gateColumns]
		clear(cells)
		y0, y1 := cy*f.Height/gateRows, (cy+1)*f.Height/gateRows
		for k := range gateSamples {
			row := f.Pix[(y0+k*(y1-y0)/gateSamples)*f.Width*3:][:f.Width*3]
			for i, at := range g.columns {
				cells[i] += float32(int(row[at[0]]) + int(row[at[1]]) + int(row[at[2]]) + int(row[at[3]]))
			}
		}
		for i := range cells {
			cells[i] *= 1.0 / (gateSamples * gateSamples)
		}
	}
}

// lay chooses the columns of pixels that are read, for frames of a width.
func (g *Gate) lay(width int) {
	g.width, g.columns = width, make([][gateSamples]int32, gateColumns)
	for cx := range g.columns {
		x0, x1 := cx*width/gateColumns, (cx+1)*width/gateColumns
		for k := range gateSamples {
			g.columns[cx][k] = int32(3*(x0+k*(x1-x0)/gateSamples) + 1)
		}
	}
}

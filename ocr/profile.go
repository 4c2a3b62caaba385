package ocr

import "math"

// meanRow is the mean darkness of the rows y0 to y1, each shifted so that bars
// that lean by shear (x along y) come to stand upright.
func meanRow(g Gray, y0, y1 int, shear float64) []float64 {
	const most = 48 // rows that tell enough
	step := max(1, (y1-y0)/most)
	sum, n := make([]float64, g.Width), 0.0
	for y := y0; y < y1; y += step {
		off := shear * (float64(y) - float64(g.Height)/2)
		whole := int(math.Floor(off))
		f := off - float64(whole)
		row := g.Pix[y*g.Width : (y+1)*g.Width]
		for x := range sum {
			k := min(max(x+whole, 0), g.Width-2)
			sum[x] += 255 - (float64(row[k])*(1-f) + float64(row[k+1])*f)
		}
		n++
	}
	for x := range sum {
		sum[x] /= max(n, 1)
	}
	return sum
}

// shearOf is the lean of the bars in g, and how alike its rows are once that is
// righted, 0..1.
func shearOf(g Gray) (shear, steady float64) {
	y0, y1 := g.Height/8, g.Height*7/8
	best := -1.0
	for k := -14; k <= 14; k++ {
		s := float64(k) * 0.015
		if e := steps(meanRow(g, y0, y1, s)); e > best {
			best, shear = e, s
		}
	}
	single, rows := 0.0, 0
	for y := y0; y < y1; y += max(1, (y1-y0)/8) {
		single += steps(meanRow(g, y, y+1, shear))
		rows++
	}
	if rows == 0 || single == 0 {
		return shear, 0
	}
	return shear, best / (single / float64(rows))
}

// steps is the sum of squared steps of a row, over three pixels so that grain
// counts less.
func steps(p []float64) float64 {
	sum := 0.0
	for x := 3; x < len(p); x++ {
		d := p[x] - p[x-3]
		sum += d * d
	}
	return sum
}

// extent is from where to where a row has bars: between the outermost places
// where darkness crosses the middle between paper and ink.
func extent(p []float64) (x0, x1 float64, ok bool) {
	const around = 24
	n := len(p)
	if n < 40 {
		return 0, 0, false
	}
	contrast := make([]float64, n)
	top := 0.0
	low, high := make([]float64, n), make([]float64, n)
	for x := range p {
		low[x], high[x] = math.Inf(1), math.Inf(-1)
		for k := max(0, x-around); k <= min(n-1, x+around); k++ {
			low[x], high[x] = min(low[x], p[k]), max(high[x], p[k])
		}
		contrast[x] = high[x] - low[x]
		top = max(top, contrast[x])
	}
	if top < 12 {
		return 0, 0, false
	}
	first, last := -1, -1
	for x := range p {
		if contrast[x] > 0.4*top && p[x] > (low[x]+high[x])/2 {
			if first < 0 {
				first = x
			}
			last = x
		}
	}
	if last-first < 40 {
		return 0, 0, false
	}
	return cross(p, first, -1, (low[first]+high[first])/2), cross(p, last, 1, (low[last]+high[last])/2), true
}

// cross is where the row passes a level between x and its neighbour.
func cross(p []float64, x, dir int, level float64) float64 {
	k := x + dir
	if k < 0 || k >= len(p) || p[x] == p[k] {
		return float64(x) + 0.5
	}
	return float64(x) + 0.5 + float64(dir)*min(max((p[x]-level)/(p[x]-p[k]), 0), 1)
}

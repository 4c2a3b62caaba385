package vision

import "bytes"

// compare finds where the still picture differs from the committed one: in
// structure, in colour, or in brightness so much that light hardly explains it.
func (t *Tracker) compare() {
	gain := t.base.gain()
	t.activate(gain)
	t.cmp.compare(t.diff, t.base.still, t.base.committed, t.motion.noise)
	clear(t.changed)
	clear(t.faint)
	for k, active := range t.cmp.active {
		if !active {
			continue
		}
		x0, y0 := k%t.cmp.tw*tileSide, k/t.cmp.tw*tileSide
		for y := y0; y < min(y0+tileSide, t.h); y++ {
			t.mark(y*t.w+x0, y*t.w+min(x0+tileSide, t.w), gain)
		}
	}
}

// mark marks the places from from to to that differ.
//
//go:norace
func (t *Tracker) mark(from, to int, gain float32) {
	chroma, bright, most := float32(t.cfg.Chroma), float32(t.cfg.Brightness), float32(t.cfg.Difference)
	still, committed := t.base.still.L.Pix[from:to], t.base.committed.L.Pix[from:to]
	other, u, v := t.diff.structure[from:to], t.diff.u[from:to], t.diff.v[from:to]
	doubt := t.lamps.doubt[from:to]
	for k, p := range still {
		p, q := p+8, committed[k]*gain+8
		if doubt[k] > 0 && abs(p-q) < doubt[k] {
			t.doubted(from + k)
			p = q
		}
		if abs(u[k]) > chroma/2 || abs(v[k]) > chroma/2 {
			t.faint[from+k] = 1
		}
		if other[k] <= most && abs(u[k]) <= chroma && abs(v[k]) <= chroma && p <= q*bright && q <= p*bright {
			continue
		}
		if t.differs(from+k, gain) {
			t.changed[from+k] = 1
		}
	}
}

// doubted forgets what a lamp may have done to place i.
func (t *Tracker) doubted(i int) {
	t.diff.u[i], t.diff.v[i] = 0, 0
	if t.lamps.mask[i] != 0 {
		t.diff.structure[i] = 0
	}
}

// activate finds the tiles that are worth a comparison: those where people were
// and are, and those that are not quite as committed.
//
//go:norace
func (t *Tracker) activate(gain float32) {
	clear(t.cmp.active)
	for y := range t.h {
		tiles := t.cmp.active[y/tileSide*t.cmp.tw:][:t.cmp.tw]
		for tx := range tiles {
			from, to := y*t.w+tx*tileSide, y*t.w+min((tx+1)*tileSide, t.w)
			tiles[tx] = tiles[tx] || bytes.IndexByte(t.base.touched[from:to], 1) >= 0 ||
				bytes.IndexByte(t.motion.mask[from:to], 1) >= 0 || y%2 == 0 && t.unlikeRow(from, to, gain)
		}
	}
}

// unlikeRow reports whether one of every other place from from to to is not
// quite as committed.
//
//go:norace
func (t *Tracker) unlikeRow(from, to int, gain float32) bool {
	a, b, chroma := t.base.still, t.base.committed, float32(t.cfg.Chroma)
	for i := from; i < to; i += 2 {
		if abs(a.L.Pix[i]-gain*b.L.Pix[i]) > activeStep || abs(a.U.Pix[i]-b.U.Pix[i]) > chroma || abs(a.V.Pix[i]-b.V.Pix[i]) > chroma {
			return true
		}
	}
	return false
}

// activeStep is by how many gray levels a place must differ for its tile to be
// compared: less is no structure of a thing.
const activeStep = 8

// differs reports whether place i, which is other than committed, is so because
// of things or people: what a lamp has undone is no difference. What moves is not
// asked.
//
//go:norace
func (t *Tracker) differs(i int, gain float32) bool {
	chroma := float32(t.cfg.Chroma)
	if t.base.touched[i] != 0 && t.motion.mask[i] == 0 && (t.like(t.base.earlier, i, gain, chroma) || t.like(t.base.look, i, gain*t.base.lookGain, chroma)) {
		t.diff.structure[i], t.diff.u[i], t.diff.v[i] = 0, 0, 0
		return false
	}
	return true
}

// like reports whether place i looks as it did in e, before the light last
// changed there: a lamp or our own light strip that went out again. gain is how
// much brighter it must be, chroma how much of another colour it may be.
//
//go:norace
func (t *Tracker) like(e View, i int, gain, chroma float32) bool {
	a := t.base.still
	p, q := a.L.Pix[i]+8, e.L.Pix[i]*gain+8
	bright := float32(t.cfg.Brightness)
	return p < q*bright && q < p*bright && abs(a.U.Pix[i]-e.U.Pix[i]) < chroma && abs(a.V.Pix[i]-e.V.Pix[i]) < chroma &&
		unlikeAt(a.L.Pix, e.L.Pix, t.w, t.h, i%t.w, i/t.w, t.motion.noise) < float32(t.cfg.Difference)
}

package sim

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
)

// frame is a picture as cameras send it: I420, video range.
type frame struct {
	w, h    int
	y, u, v []uint8
	lo, hi  uint8 // luma stays between, so that noise needs no clamping
}

func newFrame(w, h int) *frame {
	return &frame{w: w, h: h, y: make([]uint8, w*h), u: make([]uint8, w/2*h/2), v: make([]uint8, w/2*h/2)}
}

//go:norace
func (f *frame) copyFrom(o *frame) {
	f.lo, f.hi = o.lo, o.hi
	copy(f.y, o.y)
	copy(f.u, o.u)
	copy(f.v, o.v)
}

// camera turns scenes into frames: exposure, what moves, noise.
type camera struct {
	scene *scene
	base  *frame // the scene at the present exposure, without what moves
	work  *frame
	out   *frame
	tone  tone
	noise *noise
	rng   *rand.Rand

	gain   float64 // exposure: light times gain
	wanted float64
	lamp   float64 // that gain was set for
	lit    bool
	dirty  pixels // of base
	shadow shadowGrid
}

func newCamera(s *scene, seed uint64) *camera {
	w, h := s.cam.w, s.cam.h
	return &camera{
		scene: s, base: newFrame(w, h), work: newFrame(w, h), out: newFrame(w, h),
		noise: newNoise(), rng: newRand(seed, 0xca3), gain: 1, wanted: 1,
		dirty: pixels{0, 0, w, h},
	}
}

// tone maps scene luma to the sensor's 8 bits at one exposure.
type tone struct {
	gain   float64
	bias   uint8
	luma   []uint8 // by scene luma / 8
	chroma int     // of 4096
}

// newTone makes the curve for a gain. Highlights roll off; luma keeps bias away
// from both ends, for the noise.
func newTone(gain float64, bias uint8) tone {
	k := math.Pow(gain, 1/2.2)
	t := tone{gain: gain, bias: bias, luma: make([]uint8, 8192), chroma: int(k * 4096)}
	lo, hi := float64(16), float64(235)
	lo, hi = max(lo, float64(bias)), min(hi, 255-float64(bias))
	for i := range t.luma {
		v := float64(i) * 8 / lumaFull * k
		if v > 0.82 {
			v = 0.82 + 0.18*(1-math.Exp(-(v-0.82)/0.18))
		}
		t.luma[i] = uint8(math.Round(clamp(16+219*v, lo, hi)))
	}
	return t
}

func (t *tone) bounds() (lo, hi uint8) { return t.luma[0], t.luma[len(t.luma)-1] }

//go:norace
func (t *tone) apply(s *scene, f *frame, r pixels) {
	f.lo, f.hi = t.bounds()
	w := f.w
	for y := r.y0; y < r.y1; y++ {
		src, dst := s.y[y*w+r.x0:y*w+r.x1], f.y[y*w+r.x0:y*w+r.x1]
		for i, v := range src {
			dst[i] = t.luma[v>>3&8191]
		}
	}
	for y := r.y0 / 2; y < r.y1/2; y++ {
		a, b := y*(w/2)+r.x0/2, y*(w/2)+r.x1/2
		for i := a; i < b; i++ {
			f.u[i] = t.chroma8(int(s.u[i]))
			f.v[i] = t.chroma8(int(s.v[i]))
		}
	}
}

// chroma8 is a scene chroma as a video level.
func (t *tone) chroma8(c int) uint8 {
	return uint8(clampInt(128+(c*t.chroma>>12)*224/lumaFull, 18, 238))
}

// ambientFloor is the light that is left with the lamps off: the exit sign and
// the gap below the door.
const ambientFloor = 0.035

// expose follows the scene's brightness as a camera does: slowly, in steps.
func (c *camera) expose(lamp float64, dt float64) {
	light := ambientFloor + (1-ambientFloor)*lamp
	c.wanted = clamp(math.Pow(1/light, 0.72), 1, 8) * light
	if math.Abs(c.wanted-c.gain) < 0.015*c.gain {
		return
	}
	// a lamp acts at once, the camera's own regulation within a second or so
	c.gain += (c.wanted - c.gain) * clamp(dt*2.2, 0, 1)
}

// relight keeps the camera's exposure through a change of the lamps: the
// picture gets darker or brighter at once, then expose brings it back.
func (c *camera) relight(from, to float64) {
	a, b := ambientFloor+(1-ambientFloor)*from, ambientFloor+(1-ambientFloor)*to
	c.gain *= b / a
}

// sensorGain is how much the sensor amplifies: dark rooms are noisy.
func (c *camera) sensorGain(lamp float64) float64 {
	return c.gain / (ambientFloor + (1-ambientFloor)*lamp)
}

// settle paints what came to rest or went, without making a frame.
func (c *camera) settle(m *moment) {
	if ch := c.scene.setParcels(m.parcels); !ch.empty() {
		c.dirty = c.dirty.union(ch)
	}
}

// render makes the frame of a moment. The result is valid until the next call.
func (c *camera) render(m *moment) *frame {
	c.settle(m)
	level := c.noise.level(c.sensorGain(m.lamp))
	bias := noiseBias[level]
	if g := math.Round(c.gain*128) / 128; g != c.tone.gain || bias != c.tone.bias {
		c.tone = newTone(g, bias)
		c.dirty = pixels{0, 0, c.base.w, c.base.h}
	}
	if !c.dirty.empty() {
		c.tone.apply(c.scene, c.base, c.dirty)
		c.dirty = pixels{}
	}
	c.work.copyFrom(c.base)
	for id, sig := range m.lights {
		if g := c.scene.glow[id]; g != nil {
			y, u, v, k := signalLight(sig, m.t)
			g.shine(c.work, y, u, v, k)
		}
	}
	c.drawPeople(m)
	c.drawLaser(m)
	c.noise.add(c.out, c.work, level, c.rng)
	return c.out
}

// noise is the sensor's, from tables.
type noise struct {
	tables [len(noiseSigma)][]uint8 // biased
	chroma []uint8
}

var (
	noiseSigma = [...]float64{1.1, 1.7, 2.6, 4.0}
	noiseBias  = [...]uint8{5, 7, 11, 16}
)

const (
	noiseLen   = 1 << 17
	chromaBias = 3
)

var noiseTables = sync.OnceValue(func() *noise {
	n := &noise{}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range n.tables {
		t := make([]uint8, noiseLen)
		prev := 0.0
		for j := range t {
			// neighbours share some of it, as after a camera's own denoising
			prev = 0.35*prev + 0.94*r.NormFloat64()
			b := float64(noiseBias[i])
			t[j] = uint8(math.Round(clamp(prev*noiseSigma[i], -b, b) + b))
		}
		n.tables[i] = t
	}
	n.chroma = make([]uint8, noiseLen)
	for j := range n.chroma {
		n.chroma[j] = uint8(math.Round(clamp(r.NormFloat64()*0.7, -chromaBias, chromaBias) + chromaBias))
	}
	return n
})

func newNoise() *noise { return noiseTables() }

func (n *noise) level(gain float64) int {
	switch {
	case gain < 1.3:
		return 0
	case gain < 2:
		return 1
	case gain < 4:
		return 2
	default:
		return 3
	}
}

// add writes src with noise to dst, eight pixels at a time: src stays a bias
// away from 0 and 255, so that no byte carries into the next.
//
//go:norace
func (n *noise) add(dst, src *frame, level int, r *rand.Rand) {
	for y := range src.h {
		addBiased(dst.y[y*src.w:(y+1)*src.w], src.y[y*src.w:(y+1)*src.w], n.tables[level], noiseBias[level], r)
	}
	w := src.w / 2
	for y := range src.h / 2 {
		addBiased(dst.u[y*w:(y+1)*w], src.u[y*w:(y+1)*w], n.chroma, chromaBias, r)
		addBiased(dst.v[y*w:(y+1)*w], src.v[y*w:(y+1)*w], n.chroma, chromaBias, r)
	}
}

//go:norace
func addBiased(dst, src, table []uint8, bias uint8, r *rand.Rand) {
	off := int(r.Uint32()) % (len(table) - len(src))
	t := table[off : off+len(src)]
	b := uint64(bias) * 0x0101010101010101
	i := 0
	for ; i+8 <= len(src); i += 8 {
		v := binary.LittleEndian.Uint64(src[i:]) - b + binary.LittleEndian.Uint64(t[i:])
		binary.LittleEndian.PutUint64(dst[i:], v)
	}
	for ; i < len(src); i++ {
		dst[i] = src[i] - bias + t[i]
	}
}

// follow keeps the exposure up with the lamps.
func (c *camera) follow(lamp, dt float64) {
	if lamp != c.lamp {
		if c.lit {
			c.relight(c.lamp, lamp)
		} else {
			c.gain = math.Pow(1/(ambientFloor+(1-ambientFloor)*lamp), 0.72) * (ambientFloor + (1-ambientFloor)*lamp)
		}
		c.lamp, c.lit = lamp, true
	}
	c.expose(lamp, dt)
}

// cover makes the picture that a camera takes with something before its lens.
func (c *camera) cover() {
	for i := range c.work.y {
		c.work.y[i] = 24
	}
	for i := range c.work.u {
		c.work.u[i], c.work.v[i] = 128, 128
	}
	c.noise.add(c.out, c.work, 2, c.rng)
}

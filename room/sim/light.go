package sim

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// lightmap is how much light falls on a face, in a grid, with the lamps at full.
type lightmap struct {
	nu, nv int
	w, h   float64
	v      []rgb
}

//go:norace
func (m *lightmap) at(u, v float64) rgb {
	x := clamp(u/m.w*float64(m.nu)-0.5, 0, float64(m.nu-1))
	y := clamp(v/m.h*float64(m.nv)-0.5, 0, float64(m.nv-1))
	ix, iy := int(x), int(y)
	jx, jy := min(ix+1, m.nu-1), min(iy+1, m.nv-1)
	fx, fy := x-float64(ix), y-float64(iy)
	a := m.v[iy*m.nu+ix].mix(m.v[iy*m.nu+jx], fx)
	b := m.v[jy*m.nu+ix].mix(m.v[jy*m.nu+jx], fx)
	return a.mix(b, fy)
}

const (
	ambient  = 0.40 // light from everywhere, of what falls straight below a lamp
	lampTaps = 8    // rays to each lamp
	skyTaps  = 20   // rays to everywhere
	skyReach = 0.9  // metres: what is farther away casts no ambient shade
)

// bake computes the light on every face that a camera can see.
func (l *layout) bake() {
	var wg sync.WaitGroup
	todo := make(chan *box)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for b := range todo {
				for f := range b.lit {
					if f != faceBack {
						b.lit[f] = l.bakeFace(b, f, l.boxes)
					}
				}
			}
		})
	}
	for _, b := range l.boxes {
		todo <- b
	}
	close(todo)
	wg.Wait()
}

//go:norace
func (l *layout) bakeFace(b *box, face int, shade []*box) *lightmap {
	w, h := b.faceSize(face)
	step := 0.035
	if w*h > 1.5 {
		step = 0.06
	}
	step *= max(1, 1280/float64(l.cameras[0].w)) // as fine as the picture can show
	n := func(d float64) int { return min(max(int(math.Ceil(d/step)), 1), 160) }
	m := &lightmap{nu: n(w), nv: n(h), w: w, h: h}
	m.v = make([]rgb, m.nu*m.nv)
	normal := b.world(faceNormals[face])
	r := rand.New(rand.NewPCG(uint64(face), uint64(len(m.v))))
	for y := range m.nv {
		for x := range m.nu {
			p := b.facePoint((float64(x)+0.5)/float64(m.nu)*w, (float64(y)+0.5)/float64(m.nv)*h, face)
			m.v[y*m.nu+x] = l.light(p.add(normal.mul(0.002)), normal, shade, r)
		}
	}
	m.blur()
	return m
}

// blur evens out the grain of few rays.
//
//go:norace
func (m *lightmap) blur() {
	for range 2 {
		out := make([]rgb, len(m.v))
		for y := range m.nv {
			for x := range m.nu {
				var sum rgb
				n := 0.0
				for yy := max(y-1, 0); yy <= min(y+1, m.nv-1); yy++ {
					for xx := max(x-1, 0); xx <= min(x+1, m.nu-1); xx++ {
						sum = sum.add(m.v[yy*m.nu+xx])
						n++
					}
				}
				out[y*m.nu+x] = sum.mul(1 / n)
			}
		}
		m.v = out
	}
}

// light is what falls on a point from the lamps and from everywhere, with
// shade from the given boxes.
func (l *layout) light(p, normal Vec, shade []*box, r *rand.Rand) rgb {
	sum := l.direct(p, normal, shade, r)
	open := 0.0
	for range skyTaps {
		d := randomDirection(r)
		if d.dot(normal) < 0 {
			d = d.mul(-1)
		}
		if !anyBlocks(shade, p, d.mul(skyReach)) {
			open++
		}
	}
	k := ambient * (0.10 + 0.90*open/skyTaps)
	if normal.Z < -0.5 {
		k *= 0.6 // floors reflect less than ceilings
	}
	return sum.add(l.style.lamp.mul(k))
}

// direct is the lamps' own light on a point.
//
//go:norace
func (l *layout) direct(p, normal Vec, shade []*box, r *rand.Rand) rgb {
	var sum rgb
	for i := range l.lamps {
		lamp := &l.lamps[i]
		got := 0.0
		for n := range lampTaps {
			// stratified: four columns of two
			u := (float64(n%4)+r.Float64())/4*2 - 1
			v := (float64(n/4)+r.Float64())/2*2 - 1
			d := lamp.center.add(Vec{u * lamp.halfX, v * lamp.halfY, 0}).sub(p)
			dist := d.len()
			cosP, cosL := d.dot(normal)/dist, d.Z/dist
			if cosP <= 0 || cosL <= 0 || anyBlocks(shade, p, d) {
				continue
			}
			got += cosP * cosL / (dist * dist)
		}
		sum = sum.add(lamp.color.mul(lamp.power * 4.7 * got / lampTaps))
	}
	return sum
}

//go:norace
func anyBlocks(bs []*box, p, d Vec) bool {
	for _, b := range bs {
		if b.blocks(p, d) {
			return true
		}
	}
	return false
}

func randomDirection(r *rand.Rand) Vec {
	z := r.Float64()*2 - 1
	a := r.Float64() * 2 * math.Pi
	k := math.Sqrt(1 - z*z)
	return Vec{k * math.Cos(a), k * math.Sin(a), z}
}

package sim

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// scene is what one camera sees of everything at rest: the room and the parcels
// on its slots. It is painted once, and again where a parcel came or went.
type scene struct {
	l   *layout
	cam pinhole
	// The picture with lamps at full, as light in the camera's own curve: luma at
	// 16 times 8 bits, chroma around 0.
	y       []uint16
	u, v    []int16
	depth   []float32
	tiles   [][]*box // the room's boxes that may be seen in each tile
	tw      int
	glow    map[string]*glow // the slots' lights
	rests   []rested         // what lies on the slots
	shelves []*box           // what keeps light from walls and boards before a parcel does
}

const (
	tile     = 32
	lumaFull = 4095
	noDepth  = math.MaxFloat32
)

// rested is a parcel at rest as this scene knows it: the box is its own, with
// this scene's light on it.
type rested struct {
	at  *rest
	box *box
}

// newScene paints the empty room; bake comes before it.
func newScene(l *layout, camera int) *scene {
	s := blankScene(l, camera)
	s.paint(pixels{0, 0, s.cam.w, s.cam.h})
	s.light(camera)
	return s
}

// light finds what each slot's light reaches in the painted room.
func (s *scene) light(camera int) {
	for _, p := range s.l.places {
		if p.camera == camera {
			s.glow[p.id] = s.newGlow(p)
		}
	}
}

// blankScene is a scene that is not painted yet.
func blankScene(l *layout, camera int) *scene {
	c := l.cameras[camera]
	s := &scene{
		l: l, cam: c, tw: (c.w + tile - 1) / tile,
		y: make([]uint16, c.w*c.h), u: make([]int16, c.w/2*c.h/2), v: make([]int16, c.w/2*c.h/2),
		depth: make([]float32, c.w*c.h), glow: map[string]*glow{},
	}
	s.tiles = make([][]*box, s.tw*((c.h+tile-1)/tile))
	for _, b := range l.boxes {
		if b.surface.kind == surfBoard || b.surface.kind == surfPlain && b.half.X > 0.3 && b.half.Y > 0.1 {
			s.shelves = append(s.shelves, b)
		}
		cs := b.corners()
		r, ok := c.bounds(cs[:]...)
		if !ok {
			r = pixels{0, 0, c.w, c.h}
		}
		r = r.grow(1).clip(c.w, c.h)
		if r.empty() {
			continue
		}
		for ty := r.y0 / tile; ty <= (r.y1-1)/tile; ty++ {
			for tx := r.x0 / tile; tx <= (r.x1-1)/tile; tx++ {
				s.tiles[ty*s.tw+tx] = append(s.tiles[ty*s.tw+tx], b)
			}
		}
	}
	return s
}

// setParcels says what lies on the slots now and repaints what that changes.
func (s *scene) setParcels(now []*rest) (changed pixels) {
	was := map[*rest]*box{}
	for _, r := range s.rests {
		was[r.at] = r.box
	}
	var next []rested
	var around []*box // what came or went
	for _, at := range now {
		b, known := was[at]
		if !known {
			own := at.box
			b = &own
			around = append(around, b)
		}
		delete(was, at)
		next = append(next, rested{at, b})
	}
	for _, b := range was {
		around = append(around, b)
	}
	if len(around) == 0 {
		return pixels{}
	}
	s.rests = next
	for _, r := range s.rests {
		for _, o := range around {
			if r.box.distance(o.center) < o.half.len()+0.25 {
				s.bakeParcel(r.box)
				break
			}
		}
	}
	for _, b := range around {
		r := s.reach(b)
		if r.empty() {
			continue
		}
		s.paint(r)
		changed = changed.union(r)
	}
	if !changed.empty() {
		for _, p := range s.l.places {
			if g := s.glow[p.id]; g != nil && g.area.overlaps(changed) {
				s.glow[p.id] = s.newGlow(p)
			}
		}
	}
	return changed
}

// reach is the part of the picture that a parcel and its shadow can change.
func (s *scene) reach(b *box) pixels {
	wide := *b
	wide.half = wide.half.add(Vec{0.34, 0.24, 0.02})
	wide.center.Z += 0.01
	cs := wide.corners()
	r, ok := s.cam.bounds(cs[:]...)
	if !ok {
		return pixels{}
	}
	r = r.grow(2)
	r.x0, r.y0 = r.x0&^1, r.y0&^1
	r.x1, r.y1 = (r.x1+1)&^1, (r.y1+1)&^1
	return r.clip(s.cam.w, s.cam.h)
}

// paint renders a part of the picture, whose edges are even.
func (s *scene) paint(r pixels) {
	near := s.parcelsIn(r)
	var wg sync.WaitGroup
	rows := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			b := newBrush(s, r, near)
			for y := range rows {
				b.rows(y)
			}
		})
	}
	for y := r.y0; y < r.y1; y += 2 {
		rows <- y
	}
	close(rows)
	wg.Wait()
}

func (s *scene) parcelsIn(r pixels) []*box {
	var near []*box
	for _, p := range s.rests {
		if q := s.reach(p.box); q.overlaps(r) {
			near = append(near, p.box)
		}
	}
	return near
}

// brush paints pairs of rows.
type brush struct {
	s    *scene
	area pixels
	near []*box // parcels
	rng  *rand.Rand
}

func newBrush(s *scene, r pixels, near []*box) *brush {
	return &brush{s: s, area: r, near: near, rng: rand.New(rand.NewPCG(3, uint64(r.x0)))}
}

// rows paints rows y and y+1.
func (b *brush) rows(y int) {
	s := b.s
	w := s.cam.w
	b.rng = rand.New(rand.NewPCG(uint64(y), 77)) // the same whichever goroutine paints it
	for x := b.area.x0; x < b.area.x1; x += 2 {
		var cu, cv float64
		var seen met // the block's first ray: its light serves the others on that face
		for k := range 4 {
			px, py := x+k&1, y+k>>1
			c, d := b.pixel(px, py, &seen)
			s.depth[py*w+px] = d
			yy, u, v := toYUV(c)
			s.y[py*w+px] = uint16(clamp(yy*lumaFull, 0, 65535))
			cu += u
			cv += v
		}
		i := y/2*(w/2) + x/2
		s.u[i] = int16(cu / 4 * lumaFull)
		s.v[i] = int16(cv / 4 * lumaFull)
	}
}

// met is a face that a ray met and the light that falls on it there.
type met struct {
	box  *box
	face int
	fall rgb
}

// pixel is the light that falls into one pixel: four rays, at a rotated grid.
func (b *brush) pixel(x, y int, seen *met) (rgb, float32) {
	var sum rgb
	depth := float32(noDepth)
	for _, o := range [4][2]float64{{0.125, 0.625}, {0.375, 0.125}, {0.625, 0.875}, {0.875, 0.375}} {
		light, d := b.shoot(float64(x)+o[0], float64(y)+o[1], seen)
		sum = sum.add(light)
		depth = min(depth, d)
	}
	// the picture is darker towards its corners, as lenses make it
	dx, dy := (float64(x)-s2(b.s.cam.w))/float64(b.s.cam.w), (float64(y)-s2(b.s.cam.h))/float64(b.s.cam.w)
	return sum.mul(0.25 * (1 - 0.55*(dx*dx+dy*dy))), depth
}

func s2(n int) float64 { return float64(n) / 2 }

// shoot follows one ray to what it meets: the light that reaches the camera and
// the depth. Where it meets the same face as the block's first ray, the light
// on the face is taken from there.
func (b *brush) shoot(x, y float64, seen *met) (rgb, float32) {
	s := b.s
	o, d := s.cam.pos, s.cam.ray(x, y)
	best, face, t := (*box)(nil), 0, math.MaxFloat64
	for _, c := range s.tiles[min(int(y), s.cam.h-1)/tile*s.tw+min(int(x), s.cam.w-1)/tile] {
		if u, f, ok := c.hit(o, d, nearPlane, t); ok {
			best, face, t = c, f, u
		}
	}
	for _, c := range b.near {
		if u, f, ok := c.hit(o, d, nearPlane, t); ok {
			best, face, t = c, f, u
		}
	}
	if best == nil {
		return rgb{}, noDepth
	}
	p := o.add(d.mul(t))
	u, v := best.faceUV(p, face)
	if seen.box != best || seen.face != face {
		*seen = met{best, face, b.shade(best, face, p, u, v)}
	}
	w, h := best.faceSize(face)
	return best.surface.albedo(p, face, u, v, w, h).times(seen.fall), float32(t)
}

// shade is the light that falls on a point of a box, with the parcels' shadows.
func (b *brush) shade(c *box, face int, p Vec, u, v float64) rgb {
	normal := c.world(faceNormals[face])
	q := p.add(normal.mul(0.003))
	if c.lit[face] == nil {
		return rgb{0.1, 0.1, 0.1}
	}
	e := c.lit[face].at(u, v)
	if len(b.near) == 0 || c.surface.kind == surfParcel {
		return e
	}
	blocked, taps := 0.0, 0.0
	contact := 1.0
	for i := range b.s.l.lamps {
		lamp := &b.s.l.lamps[i]
		for n := range lampTaps {
			uu := (float64(n%4)+b.rng.Float64())/4*2 - 1
			vv := (float64(n/4)+b.rng.Float64())/2*2 - 1
			ray := lamp.center.add(Vec{uu * lamp.halfX, vv * lamp.halfY, 0}).sub(q)
			k := max(ray.dot(normal), 0) / math.Pow(ray.dot(ray), 1.5)
			taps += k
			if k > 0 && anyBlocks(b.near, q, ray) && !anyBlocks(b.s.shelves, q, ray) {
				blocked += k
			}
		}
	}
	for _, n := range b.near {
		contact *= 1 - 0.62*math.Exp(-n.distance(q)/0.035)
	}
	k := contact
	if taps > 0 {
		k *= 1 - 0.72*blocked/taps
	}
	return e.mul(k)
}

// bakeParcel computes the light on a parcel at rest.
func (s *scene) bakeParcel(b *box) {
	reach := b.half.len() + 1.0
	var shade []*box
	for _, o := range s.l.boxes {
		if o.surface.kind != surfPlate && o.half.X*o.half.Y < 2 && o.distance(b.center) < reach {
			shade = append(shade, o)
		}
	}
	for _, p := range s.rests {
		if p.box != b && p.box.distance(b.center) < reach {
			shade = append(shade, p.box)
		}
	}
	for f := range b.lit {
		if f != faceBack && f != faceBottom {
			b.lit[f] = s.l.bakeFace(b, f, shade)
		}
	}
}

// distance is from a point to the nearest of the box; 0 inside.
func (b *box) distance(p Vec) float64 {
	p = p.sub(b.center)
	if b.sin != 0 {
		p = b.local(p)
	}
	d := Vec{max(math.Abs(p.X)-b.half.X, 0), max(math.Abs(p.Y)-b.half.Y, 0), max(math.Abs(p.Z)-b.half.Z, 0)}
	return d.len()
}

// at is the point of the room that a pixel shows.
func (s *scene) at(x, y int) (Vec, bool) {
	d := s.depth[y*s.cam.w+x]
	if d == noDepth {
		return Vec{}, false
	}
	return s.cam.pos.add(s.cam.ray(float64(x)+0.5, float64(y)+0.5).mul(float64(d))), true
}

// toYUV is linear light as the camera's curve gives it: BT.601 luma 0..1 (above
// for highlights) and chroma around 0.
func toYUV(c rgb) (y, u, v float64) {
	r, g, b := curve(c.r), curve(c.g), curve(c.b)
	y = 0.299*r + 0.587*g + 0.114*b
	return y, (b - y) * 0.564, (r - y) * 0.713
}

const curveSteps = 4096

var curveTable = sync.OnceValue(func() []float64 {
	t := make([]float64, curveSteps+1)
	for i := range t {
		t[i] = math.Pow(float64(i)/curveSteps*4, 1/2.2)
	}
	return t
})

// curve is the power law of video for light from 0 to 4.
func curve(v float64) float64 {
	if v < 0.01 {
		return math.Pow(max(v, 0), 1/2.2)
	}
	x := min(v/4, 0.9999) * curveSteps
	i := int(x)
	t := curveTable()
	return t[i] + (t[i+1]-t[i])*(x-float64(i))
}

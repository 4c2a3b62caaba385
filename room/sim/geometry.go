package sim

import (
	"math"
	"math/rand/v2"

	"github.com/packroom/packroom/room"
)

// Vec is a place or direction in the room, in metres: X to the right as the
// cameras look, Y from the cameras' wall to the shelves, Z up from the floor.
type Vec struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	Z float64 `json:"z"`
}

func (a Vec) add(b Vec) Vec             { return Vec{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }
func (a Vec) sub(b Vec) Vec             { return Vec{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }
func (a Vec) mul(k float64) Vec         { return Vec{a.X * k, a.Y * k, a.Z * k} }
func (a Vec) dot(b Vec) float64         { return a.X*b.X + a.Y*b.Y + a.Z*b.Z }
func (a Vec) len() float64              { return math.Sqrt(a.dot(a)) }
func (a Vec) lerp(b Vec, k float64) Vec { return a.add(b.sub(a).mul(k)) }

func (a Vec) cross(b Vec) Vec {
	return Vec{a.Y*b.Z - a.Z*b.Y, a.Z*b.X - a.X*b.Z, a.X*b.Y - a.Y*b.X}
}

func (a Vec) unit() Vec {
	l := a.len()
	if l == 0 {
		return Vec{}
	}
	return a.mul(1 / l)
}

// pinhole is a camera without lens distortion. Rays have a forward component of
// 1, so that a ray's parameter is the depth along the view.
type pinhole struct {
	pos                  Vec
	right, down, forward Vec
	f, cx, cy            float64
	w, h                 int
}

// lookAt makes a camera at pos that looks at target with a horizontal field of
// view of fovDeg.
func lookAt(pos, target Vec, fovDeg float64, w, h int) pinhole {
	fwd := target.sub(pos).unit()
	right := fwd.cross(Vec{0, 0, 1}).unit()
	return pinhole{
		pos: pos, forward: fwd, right: right, down: fwd.cross(right),
		f:  float64(w) / 2 / math.Tan(fovDeg*math.Pi/360),
		cx: float64(w) / 2, cy: float64(h) / 2, w: w, h: h,
	}
}

// ray is the direction through a point of the picture.
func (c *pinhole) ray(x, y float64) Vec {
	u, v := (x-c.cx)/c.f, (y-c.cy)/c.f
	return Vec{
		c.forward.X + c.right.X*u + c.down.X*v,
		c.forward.Y + c.right.Y*u + c.down.Y*v,
		c.forward.Z + c.right.Z*u + c.down.Z*v,
	}
}

// project gives a point's place in the picture and its depth; a depth below
// nearPlane is behind the camera or too close.
func (c *pinhole) project(p Vec) (x, y, depth float64) {
	d := p.sub(c.pos)
	depth = d.dot(c.forward)
	if depth < nearPlane {
		return 0, 0, depth
	}
	return c.cx + c.f*d.dot(c.right)/depth, c.cy + c.f*d.dot(c.down)/depth, depth
}

const nearPlane = 0.05

// box is a cuboid turned about the vertical.
type box struct {
	center, half Vec
	cos, sin     float64
	surface      surface
	lit          [6]*lightmap // by face; nil = never seen
}

func newBox(x0, x1, y0, y1, z0, z1 float64, s surface) *box {
	return &box{
		center:  Vec{(x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2},
		half:    Vec{(x1 - x0) / 2, (y1 - y0) / 2, (z1 - z0) / 2},
		cos:     1,
		surface: s,
	}
}

func (b *box) turn(yaw float64) { b.sin, b.cos = math.Sincos(yaw) }

// local turns a direction of the room into the box's own axes; world turns it back.
func (b *box) local(v Vec) Vec { return Vec{v.X*b.cos + v.Y*b.sin, -v.X*b.sin + v.Y*b.cos, v.Z} }
func (b *box) world(v Vec) Vec { return Vec{v.X*b.cos - v.Y*b.sin, v.X*b.sin + v.Y*b.cos, v.Z} }

// Faces of a box: left, right, front (towards the cameras), back, bottom, top.
const (
	faceLeft = iota
	faceRight
	faceFront
	faceBack
	faceBottom
	faceTop
)

var faceNormals = [6]Vec{{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -1}, {0, 0, 1}}

// hit is where the ray o + t*d enters the box, if it does so at a t between lo
// and hi. The face is the one that it enters through.
//
//go:norace
func (b *box) hit(o, d Vec, lo, hi float64) (t float64, face int, ok bool) {
	o = o.sub(b.center)
	if b.sin != 0 {
		o, d = b.local(o), b.local(d)
	}
	t0, t1 := lo, hi
	face = -1
	slab := func(o, d, h float64, neg, pos int) bool {
		if math.Abs(d) < 1e-12 {
			return o >= -h && o <= h
		}
		inv := 1 / d
		a, c, f := (-h-o)*inv, (h-o)*inv, neg
		if a > c {
			a, c, f = c, a, pos
		}
		if a > t0 {
			t0, face = a, f
		}
		if c < t1 {
			t1 = c
		}
		return t0 <= t1
	}
	if !slab(o.X, d.X, b.half.X, faceLeft, faceRight) || !slab(o.Y, d.Y, b.half.Y, faceFront, faceBack) ||
		!slab(o.Z, d.Z, b.half.Z, faceBottom, faceTop) || face < 0 {
		return 0, 0, false
	}
	return t0, face, true
}

// blocks reports whether the box stands between o and o+d.
//
//go:norace
func (b *box) blocks(o, d Vec) bool {
	_, _, ok := b.hit(o, d, 1e-4, 1)
	return ok
}

// faceUV is a point's place on a face in metres from its lower left as seen
// from outside, for textures and light maps.
func (b *box) faceUV(p Vec, face int) (u, v float64) {
	p = p.sub(b.center)
	if b.sin != 0 {
		p = b.local(p)
	}
	h := b.half
	switch face {
	case faceLeft:
		return h.Y - p.Y, p.Z + h.Z
	case faceRight:
		return p.Y + h.Y, p.Z + h.Z
	case faceFront:
		return p.X + h.X, p.Z + h.Z
	case faceBack:
		return h.X - p.X, p.Z + h.Z
	default:
		return p.X + h.X, p.Y + h.Y
	}
}

// faceSize is the extent of faceUV.
func (b *box) faceSize(face int) (w, h float64) {
	switch face {
	case faceLeft, faceRight:
		return 2 * b.half.Y, 2 * b.half.Z
	case faceFront, faceBack:
		return 2 * b.half.X, 2 * b.half.Z
	default:
		return 2 * b.half.X, 2 * b.half.Y
	}
}

// facePoint is the inverse of faceUV.
func (b *box) facePoint(u, v float64, face int) Vec {
	h := b.half
	var p Vec
	switch face {
	case faceLeft:
		p = Vec{-h.X, h.Y - u, v - h.Z}
	case faceRight:
		p = Vec{h.X, u - h.Y, v - h.Z}
	case faceFront:
		p = Vec{u - h.X, -h.Y, v - h.Z}
	case faceBack:
		p = Vec{h.X - u, h.Y, v - h.Z}
	case faceBottom:
		p = Vec{u - h.X, v - h.Y, -h.Z}
	default:
		p = Vec{u - h.X, v - h.Y, h.Z}
	}
	return b.world(p).add(b.center)
}

func (b *box) corners() [8]Vec {
	var c [8]Vec
	for i := range c {
		s := Vec{b.half.X, b.half.Y, b.half.Z}
		if i&1 == 0 {
			s.X = -s.X
		}
		if i&2 == 0 {
			s.Y = -s.Y
		}
		if i&4 == 0 {
			s.Z = -s.Z
		}
		c[i] = b.world(s).add(b.center)
	}
	return c
}

// pixels is a part of the picture: x0 <= x < x1, y0 <= y < y1.
type pixels struct{ x0, y0, x1, y1 int }

func (p pixels) empty() bool { return p.x0 >= p.x1 || p.y0 >= p.y1 }

func (p pixels) grow(n int) pixels { return pixels{p.x0 - n, p.y0 - n, p.x1 + n, p.y1 + n} }

func (p pixels) clip(w, h int) pixels {
	return pixels{max(p.x0, 0), max(p.y0, 0), min(p.x1, w), min(p.y1, h)}
}

func (p pixels) union(q pixels) pixels {
	if p.empty() {
		return q
	}
	if q.empty() {
		return p
	}
	return pixels{min(p.x0, q.x0), min(p.y0, q.y0), max(p.x1, q.x1), max(p.y1, q.y1)}
}

func (p pixels) overlaps(q pixels) bool {
	return p.x0 < q.x1 && q.x0 < p.x1 && p.y0 < q.y1 && q.y0 < p.y1
}

// bounds is the upright box around points of the room in c's picture, not
// clipped. ok is false where a point lies behind the camera.
func (c *pinhole) bounds(ps ...Vec) (r pixels, ok bool) {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range ps {
		x, y, d := c.project(p)
		if d < nearPlane {
			return pixels{}, false
		}
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	return pixels{int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1))}, true
}

// visible is a rectangle of the picture around points, clipped to the picture.
func (c *pinhole) visible(ps ...Vec) room.Rect {
	r, ok := c.bounds(ps...)
	if !ok {
		return room.Rect{}
	}
	r = r.clip(c.w, c.h)
	if r.empty() {
		return room.Rect{}
	}
	return room.Rect{float64(r.x0), float64(r.y0), float64(r.x1 - r.x0), float64(r.y1 - r.y0)}
}

// newRand draws numbers that depend on a seed and on what they are for. Seeds
// are stirred first: neighbours would begin alike.
func newRand(seed, what uint64) *rand.Rand {
	seed += 0x9e3779b97f4a7c15 * (what + 1)
	seed = (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
	seed = (seed ^ seed>>27) * 0x94d049bb133111eb
	return rand.New(rand.NewPCG(seed^seed>>31, what))
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

// smooth eases from 0 to 1.
func smooth(k float64) float64 {
	k = clamp(k, 0, 1)
	return k * k * (3 - 2*k)
}

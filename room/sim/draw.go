package sim

import (
	"math"

	"github.com/packroom/packroom/room"
)

// moment is what cameras need to know of the world at one time. It is a value
// of its own: the world moves on while cameras draw.
type moment struct {
	t       float64 // seconds since the start
	lamp    float64
	lights  map[string]room.Signal
	parcels []*rest
	people  []figure
	laser   *Vec // where the dot is
}

// figure is a person's shape at a moment.
type figure struct {
	limbs   []limb
	carried *box
}

// drawPeople draws shadows first, then limbs and what is carried, each pixel
// against the scene's depth.
//
//go:norace
func (c *camera) drawPeople(m *moment) {
	if len(m.people) == 0 {
		return
	}
	depth := c.shadow.depthLayer(c.work.w, c.work.h)
	for i := range m.people {
		c.castShadow(&m.people[i])
	}
	for i := range m.people {
		f := &m.people[i]
		for j := range f.limbs {
			c.drawLimb(&f.limbs[j], depth)
		}
		if f.carried != nil {
			c.drawBox(f.carried, depth)
		}
	}
}

// depthLayer is cleared for each frame's people.
//
//go:norace
func (g *shadowGrid) depthLayer(w, h int) []float32 {
	if len(g.depth) != w*h {
		g.depth = make([]float32, w*h)
	} else {
		for y := g.used.y0; y < g.used.y1; y++ {
			clear(g.depth[y*w+g.used.x0 : y*w+g.used.x1])
		}
	}
	g.used = pixels{}
	return g.depth
}

// shadowGrid holds what drawing people needs from frame to frame.
type shadowGrid struct {
	depth []float32 // of people, 0 = nobody
	used  pixels
	shade []float32
}

const shadeSteps = 64

// paint is a colour's video levels by how much light falls on it.
type paint [shadeSteps][3]uint8

func (c *camera) paintOf(col rgb, light float64) *paint {
	var p paint
	for i := range p {
		y, u, v := toYUV(col.mul(light * float64(i) / (shadeSteps - 1) * 1.5))
		p[i] = [3]uint8{c.tone.luma[min(int(y*lumaFull), 65535)>>3], c.tone.chroma8(int(u * lumaFull)), c.tone.chroma8(int(v * lumaFull))}
	}
	return &p
}

// roomLight is the lamps' light at a place, without shadows.
func (l *layout) roomLight(p Vec) float64 {
	sum := ambient
	for i := range l.lamps {
		d := l.lamps[i].center.sub(p)
		d2 := max(d.dot(d), 0.3)
		sum += 3.6 * d.Z * d.Z / (d2 * d2) * l.lamps[i].power
	}
	return min(sum, 2.1)
}

// drawLimb draws one limb as a ball that moves and swells from one end to the
// other, lit from above.
//
//go:norace
func (c *camera) drawLimb(l *limb, depth []float32) {
	cam := &c.scene.cam
	ax, ay, az := cam.project(l.a)
	bx, by, bz := cam.project(l.b)
	if az < 0.25 || bz < 0.25 {
		return
	}
	ra, rb := l.ra*cam.f/az, l.rb*cam.f/bz
	big := max(ra, rb)
	r := pixels{int(min(ax-ra, bx-rb)) - 1, int(min(ay-ra, by-rb)) - 1, int(max(ax+ra, bx+rb)) + 2, int(max(ay+ra, by+rb)) + 2}.clip(cam.w, cam.h)
	if r.empty() || big > 900 {
		return
	}
	c.shadow.used = c.shadow.used.union(r)
	mid := l.a.lerp(l.b, 0.5)
	paint := c.paintOf(l.color, c.scene.l.roomLight(mid))
	// the light's direction in the picture: from the lamp above, a bit from the camera
	lamp := c.scene.l.lamps[0].center
	for _, o := range c.scene.l.lamps[1:] {
		if math.Abs(o.center.X-mid.X) < math.Abs(lamp.X-mid.X) {
			lamp = o.center
		}
	}
	d := lamp.sub(mid).unit()
	lx, ly, lz := d.dot(cam.right), d.dot(cam.down), -d.dot(cam.forward)
	dx, dy := bx-ax, by-ay
	len2 := max(dx*dx+dy*dy, 1e-6)
	f := c.work
	w := f.w
	for y := r.y0; y < r.y1; y++ {
		for x := r.x0; x < r.x1; x++ {
			px, py := float64(x)+0.5-ax, float64(y)+0.5-ay
			t := (px*dx + py*dy) / len2
			if t < 0 {
				t = 0
			} else if t > 1 {
				t = 1
			}
			rad := ra + (rb-ra)*t
			ex, ey := px-t*dx, py-t*dy
			d2 := ex*ex + ey*ey
			if d2 >= (rad+0.5)*(rad+0.5) {
				continue
			}
			nz := 0.0
			if k := 1 - d2/(rad*rad); k > 0 {
				nz = math.Sqrt(k)
			}
			z := float32(az + (bz-az)*t - (l.ra+(l.rb-l.ra)*t)*nz)
			i := y*w + x
			if z >= c.scene.depth[i] || (depth[i] != 0 && z >= depth[i]) {
				continue
			}
			nx, ny := ex/rad, ey/rad
			lit := 0.36 + 0.40*max(nx*lx+ny*ly+nz*lz, 0) + 0.16*nz
			if l.seed != 0 {
				lit += 0.075 * mottle(float64(t)*5+l.seed, nx*1.8+l.seed*0.3)
			}
			p := &paint[clampInt(int(lit*(shadeSteps-1)), 0, shadeSteps-1)]
			if edge := rad - math.Sqrt(d2); edge < 0.5 { // half a pixel of softness
				k := int((edge + 0.5) * 256)
				f.y[i] = uint8((int(f.y[i])*(256-k) + int(p[0])*k) >> 8)
				if k < 128 {
					continue
				}
			} else {
				f.y[i] = p[0]
			}
			depth[i] = z
			if x&1 == 0 && y&1 == 0 {
				j := y/2*(w/2) + x/2
				f.u[j], f.v[j] = p[1], p[2]
			}
		}
	}
}

// drawBox draws a carried parcel.
//
//go:norace
func (c *camera) drawBox(b *box, depth []float32) {
	cam := &c.scene.cam
	cs := b.corners()
	r, ok := cam.bounds(cs[:]...)
	if !ok {
		return
	}
	r = r.grow(1).clip(cam.w, cam.h)
	if r.empty() {
		return
	}
	c.shadow.used = c.shadow.used.union(r)
	light := c.scene.l.roomLight(b.center)
	var lit [6]float64
	for i := range lit {
		n := b.world(faceNormals[i])
		lit[i] = light * (0.42 + 0.42*max(n.Z, 0) + 0.16*max(-n.Y, 0))
	}
	f := c.work
	w := f.w
	for y := r.y0; y < r.y1; y++ {
		for x := r.x0; x < r.x1; x++ {
			i := y*w + x
			far := float64(c.scene.depth[i])
			if depth[i] != 0 {
				far = min(far, float64(depth[i]))
			}
			d := cam.ray(float64(x)+0.5, float64(y)+0.5)
			t, face, ok := b.hit(cam.pos, d, nearPlane, far)
			if !ok {
				continue
			}
			p := cam.pos.add(d.mul(t))
			u, v := b.faceUV(p, face)
			fw, fh := b.faceSize(face)
			yy, cu, cv := toYUV(b.surface.albedo(p, face, u, v, fw, fh).mul(lit[face]))
			f.y[i] = c.tone.luma[min(int(yy*lumaFull), 65535)>>3]
			depth[i] = float32(t)
			if x&1 == 0 && y&1 == 0 {
				j := y/2*(w/2) + x/2
				f.u[j], f.v[j] = c.tone.chroma8(int(cu*lumaFull)), c.tone.chroma8(int(cv*lumaFull))
			}
		}
	}
}

const (
	shadeCell   = 8
	shadowReach = 1.7 // metres around a person
)

// castShadow darkens what a person keeps the lamps' light from, softly.
//
//go:norace
func (c *camera) castShadow(fig *figure) {
	cam := &c.scene.cam
	blobs := fig.blobs()
	if len(blobs) == 0 {
		return
	}
	// all the room around the person can be shaded, not more
	var around []Vec
	center := blobs[0].a
	for _, dx := range [2]float64{-shadowReach, shadowReach} {
		for _, dy := range [2]float64{-shadowReach, shadowReach} {
			for _, z := range [2]float64{0, 2.0} {
				v := Vec{center.X + dx, max(center.Y+dy, cam.pos.Y+0.4), z}
				around = append(around, v)
			}
		}
	}
	r, ok := cam.bounds(around...)
	if !ok {
		r = pixels{0, 0, cam.w, cam.h}
	}
	r = r.clip(cam.w, cam.h)
	if r.empty() {
		return
	}
	gx0, gy0 := r.x0/shadeCell, r.y0/shadeCell
	gw, gh := (r.x1+shadeCell-1)/shadeCell-gx0+1, (r.y1+shadeCell-1)/shadeCell-gy0+1
	if cap(c.shadow.shade) < gw*gh {
		c.shadow.shade = make([]float32, gw*gh)
	}
	shade := c.shadow.shade[:gw*gh]
	for gy := range gh {
		for gx := range gw {
			x, y := min((gx0+gx)*shadeCell, cam.w-1), min((gy0+gy)*shadeCell, cam.h-1)
			shade[gy*gw+gx] = 1
			if p, ok := c.scene.at(x, y); ok {
				shade[gy*gw+gx] = float32(c.scene.l.shadeAt(p, blobs))
			}
		}
	}
	f := c.work
	for cy := range gh - 1 {
		for cx := range gw - 1 {
			a, b := shade[cy*gw+cx], shade[cy*gw+cx+1]
			d, e := shade[(cy+1)*gw+cx], shade[(cy+1)*gw+cx+1]
			if a > 0.995 && b > 0.995 && d > 0.995 && e > 0.995 {
				continue
			}
			x0, y0 := (gx0+cx)*shadeCell, (gy0+cy)*shadeCell
			for y := y0; y < min(y0+shadeCell, f.h); y++ {
				k := float32(y-y0) / shadeCell
				left, right := a+(d-a)*k, b+(e-b)*k
				v := int32(left * 65536)
				step := int32((right - left) * 65536 / shadeCell)
				row := f.y[y*f.w+x0 : y*f.w+min(x0+shadeCell, f.w)]
				for i, p := range row {
					row[i] = max(uint8((int32(p)-16)*(v>>8)>>8)+16, f.lo)
					v += step
				}
			}
		}
	}
}

// blob is a coarse limb that casts a shadow.
type blob struct {
	a, b Vec
	r    float64
}

// blobs is the person in a few strokes: trunk, head, legs, arms, parcel.
func (fig *figure) blobs() []blob {
	if len(fig.limbs) < limbCount {
		return nil
	}
	l := fig.limbs
	out := []blob{
		{l[8].a, l[8].b, 0.19},
		{l[13].a, l[13].b, 0.11},
		{l[0].a, l[1].b, 0.09},
		{l[3].a, l[4].b, 0.09},
		{l[15].a, l[15].b, 0.07},
		{l[16].a, l[17].b, 0.06},
		{l[18].a, l[18].b, 0.07},
		{l[19].a, l[20].b, 0.06},
	}
	if b := fig.carried; b != nil {
		side := b.world(Vec{b.half.X * 0.6, 0, 0})
		out = append(out, blob{b.center.sub(side), b.center.add(side), min(b.half.Y, b.half.Z) + 0.03})
	}
	return out
}

// shadeAt is how much of a point's light is left, in the camera's curve.
//
//go:norace
func (l *layout) shadeAt(p Vec, blobs []blob) float64 {
	light, blocked := ambient, 0.0
	for i := range l.lamps {
		to := l.lamps[i].center.sub(p)
		d2 := max(to.dot(to), 0.2)
		k := 3.6 * math.Abs(to.Z) / math.Sqrt(d2) / d2
		light += k
		open := 1.0
		for j := range blobs {
			dist, along := segmentDistance(p, to, blobs[j].a, blobs[j].b.sub(blobs[j].a))
			soft := 0.03 + 0.28*along // the penumbra widens behind what casts it
			r := blobs[j].r
			if dist < r+soft {
				open = min(open, smooth((dist-r*0.55+soft*0.3)/(r*0.45+soft*1.3)))
			}
		}
		blocked += k * (1 - open)
	}
	near := 0.0
	for j := range blobs[:min(2, len(blobs))] {
		d := blobs[j].a.lerp(blobs[j].b, 0.5).sub(p)
		if k := 1 - d.dot(d)/(1.1*1.1); k > 0 {
			near += 0.10 * k * k
		}
	}
	// far shadows fade out, so that the part of the picture where shadows are
	// looked for shows no edge
	c := blobs[0].a
	far := max(math.Abs(p.X-c.X), math.Abs(p.Y-c.Y))
	left := 1 - (0.85*blocked/light+near)*smooth((shadowReach-far)/0.5)
	return math.Sqrt(max(left, 0.05)) // about the camera's 1/2.2
}

// segmentDistance is between p+d and a+e, and how far along p+d (0..1) it is
// from the nearer end p.
//
//go:norace
func segmentDistance(p, d, a, e Vec) (dist, along float64) {
	r := p.sub(a)
	dd, ee, de := d.dot(d), max(e.dot(e), 1e-9), d.dot(e)
	er, dr := e.dot(r), d.dot(r)
	den := dd*ee - de*de
	s := 0.0
	if den > 1e-9 {
		s = clamp((de*er-dr*ee)/den, 0, 1)
	}
	t := clamp((de*s+er)/ee, 0, 1)
	s = clamp((de*t-dr)/dd, 0, 1)
	q := r.add(d.mul(s)).sub(e.mul(t))
	return q.len(), s
}

// drawLaser draws the dot and its halo.
func (c *camera) drawLaser(m *moment) {
	if m.laser == nil {
		return
	}
	x, y, d := c.scene.cam.project(*m.laser)
	if d < nearPlane {
		return
	}
	f := c.work
	const reach = 12
	r := pixels{int(x) - reach, int(y) - reach, int(x) + reach + 1, int(y) + reach + 1}.clip(f.w, f.h)
	scale := float64(f.w) / 1280
	for py := r.y0; py < r.y1; py++ {
		for px := r.x0; px < r.x1; px++ {
			dx, dy := (float64(px)+0.5-x)/scale, (float64(py)+0.5-y)/scale
			d2 := dx*dx + dy*dy
			core, halo := math.Exp(-d2/9), math.Exp(-d2/42)
			i := py*f.w + px
			f.y[i] = uint8(clampInt(int(f.y[i])+int(170*core+12*halo), int(f.lo), int(f.hi)))
			if px&1 == 0 && py&1 == 0 {
				j := py/2*(f.w/2) + px/2
				f.v[j] = uint8(clampInt(int(f.v[j])+int(100*halo), 18, 238))
				f.u[j] = uint8(clampInt(int(f.u[j])-int(24*halo), 18, 238))
			}
		}
	}
}

package sim

import (
	"math"
)

// person is somebody in the room. Positions are of the feet.
type person struct {
	ID     string
	pos    Vec
	facing float64 // radians; 0 looks along +Y, at the shelves
	gait   float64 // phase of the walk
	stride float64 // 0 standing .. 1 walking
	height float64
	shirt  rgb
	pants  rgb
	hair   rgb
	skin   rgb

	hands   [2]Vec  // left, right: where they are
	free    [2]bool // hanging, rather than at hands
	stoop   float64 // 0 upright .. 1 crouching
	wantLow float64
	leanBy  Vec // of the chest, level
	carried *parcel
	steps   []step // what the person is about to do
	leaving bool
}

// step does a part of what a person is doing; done says that it is over.
type step func(dt float64) (done bool)

func newPerson(id string, seed uint64, at Vec) *person {
	r := newRand(seed, 0x9e0)
	pick := func(c ...rgb) rgb { return c[r.IntN(len(c))].mul(0.85 + 0.3*r.Float64()) }
	p := &person{ID: id, pos: at, height: 1.62 + 0.24*r.Float64(), free: [2]bool{true, true}}
	p.shirt = pick(rgb{0.05, 0.28, 0.16}, rgb{0.04, 0.09, 0.30}, rgb{0.38, 0.05, 0.05}, rgb{0.10, 0.10, 0.12}, rgb{0.20, 0.10, 0.04}, rgb{0.40, 0.34, 0.20}, rgb{0.03, 0.24, 0.30})
	p.pants = pick(rgb{0.03, 0.04, 0.08}, rgb{0.04, 0.04, 0.04}, rgb{0.13, 0.10, 0.06}, rgb{0.06, 0.09, 0.15})
	p.hair = pick(rgb{0.06, 0.03, 0.02}, rgb{0.02, 0.02, 0.02}, rgb{0.18, 0.10, 0.04}, rgb{0.21, 0.13, 0.05})
	p.skin = pick(rgb{0.55, 0.34, 0.24}, rgb{0.38, 0.21, 0.13}, rgb{0.20, 0.10, 0.06}, rgb{0.62, 0.42, 0.31})
	return p
}

func (p *person) ahead() Vec { return Vec{math.Sin(p.facing), math.Cos(p.facing), 0} }
func (p *person) aside() Vec { return Vec{math.Cos(p.facing), -math.Sin(p.facing), 0} }

// limb is a rounded stick of the body.
type limb struct {
	a, b   Vec
	ra, rb float64
	color  rgb
	seed   float64 // of the cloth's folds; 0 = smooth
}

// limbCount is how many limbs a body has; figure.blobs knows their places.
const limbCount = 21

// body is where the limbs are now.
func (p *person) body() []limb {
	k := p.height / 1.75
	ahead, aside := p.ahead(), p.aside()
	up := Vec{0, 0, 1}
	low := p.stoop
	bob := 0.015 * p.stride * math.Abs(math.Sin(p.gait))
	hipZ := (0.93 - 0.46*low + bob) * k
	lean := 0.10*p.stride*0.4 + 0.75*low
	hip := p.pos.add(up.mul(hipZ)).sub(ahead.mul(0.16 * low))
	spine := ahead.mul(math.Sin(lean)).add(up.mul(math.Cos(lean)))
	chest := hip.add(spine.mul(0.40 * k)).add(p.leanBy.mul(0.8))
	neck := hip.add(spine.mul(0.56 * k)).add(p.leanBy)
	head := neck.add(p.leanBy.mul(0.15)).add(spine.mul(0.13 * k).add(up.mul(0.05 * k))).add(ahead.mul(0.03))

	limbs := make([]limb, 0, limbCount)
	seed := p.height * 100
	for side := range 2 {
		sg := float64(side*2 - 1)
		hj := hip.add(aside.mul(0.095 * sg * k))
		swing := math.Sin(p.gait+float64(side)*math.Pi) * p.stride
		lift := max(0, math.Cos(p.gait+float64(side)*math.Pi)) * p.stride
		foot := p.pos.add(aside.mul(0.11 * sg)).add(ahead.mul(0.30 * swing)).add(up.mul(0.07 + 0.07*lift))
		if low > 0.3 {
			foot = foot.sub(ahead.mul(0.10 * low * (0.5 - float64(side))))
		}
		knee := bend(hj, foot, 0.45*k, 0.45*k, ahead)
		limbs = append(limbs,
			limb{hj, knee, 0.098 * k, 0.068 * k, p.pants, seed},
			limb{knee, foot, 0.066 * k, 0.048 * k, p.pants, seed + 7},
			limb{foot.sub(ahead.mul(0.04)).sub(up.mul(0.03)), foot.add(ahead.mul(0.15)).sub(up.mul(0.035)), 0.045, 0.036, rgb{0.05, 0.045, 0.04}, 0})
	}
	wide := 0.115 * k
	limbs = append(limbs,
		limb{hip.sub(aside.mul(0.06)), hip.add(aside.mul(0.06)), 0.125 * k, 0.125 * k, p.pants, seed},
		limb{hip.add(spine.mul(0.03)).sub(aside.mul(0.075)), hip.add(spine.mul(0.03)).add(aside.mul(0.075)), 0.112 * k, 0.112 * k, p.shirt, seed + 2},
		limb{hip.add(spine.mul(0.12)), chest, 0.150 * k, 0.175 * k, p.shirt, seed + 3},
		limb{chest.sub(aside.mul(wide * 0.7)), hip.sub(aside.mul(wide * 0.45)).add(spine.mul(0.10)), 0.12 * k, 0.12 * k, p.shirt, seed + 4},
		limb{chest.add(aside.mul(wide * 0.7)), hip.add(aside.mul(wide * 0.45)).add(spine.mul(0.10)), 0.12 * k, 0.12 * k, p.shirt, seed + 5},
		limb{chest.add(spine.mul(0.09 * k)).sub(aside.mul(wide)), chest.add(spine.mul(0.09 * k)).add(aside.mul(wide)), 0.085 * k, 0.085 * k, p.shirt, seed + 6},
		limb{neck.sub(spine.mul(0.04)), head.sub(up.mul(0.05)), 0.058 * k, 0.052 * k, p.skin, 0},
		limb{head.add(up.mul(0.035)).sub(ahead.mul(0.012)), head.sub(up.mul(0.02)).sub(ahead.mul(0.02)), 0.107 * k, 0.098 * k, p.hair, 0},
		limb{head.add(ahead.mul(0.03)).add(up.mul(0.01)), head.add(ahead.mul(0.035)).sub(up.mul(0.055)), 0.09 * k, 0.072 * k, p.skin, 0},
	)
	for side := range 2 {
		sg := float64(side*2 - 1)
		shoulder := chest.add(spine.mul(0.11 * k)).add(aside.mul(0.185 * sg * k))
		hand := p.hands[side]
		if p.free[side] {
			swing := math.Sin(p.gait+float64(1-side)*math.Pi) * p.stride
			hand = shoulder.add(Vec{0, 0, -0.60 * k}).add(ahead.mul(0.05 + 0.24*swing)).add(aside.mul(0.05 * sg))
		}
		if d := hand.sub(shoulder); d.len() > 0.62*k {
			hand = shoulder.add(d.unit().mul(0.62 * k))
		}
		elbow := bend(shoulder, hand, 0.31*k, 0.31*k, aside.mul(0.55*sg).add(Vec{0, 0, -0.8}).sub(ahead.mul(0.25)))
		limbs = append(limbs,
			limb{shoulder, elbow, 0.068 * k, 0.050 * k, p.shirt, seed + 8},
			limb{elbow, elbow.lerp(hand, 0.82), 0.050 * k, 0.036 * k, p.shirt, seed + 9},
			limb{elbow.lerp(hand, 0.82), hand, 0.036 * k, 0.042 * k, p.skin, 0})
	}
	return limbs
}

// reachable is how low a person stoops for something at a height, 0..1.
func (p *person) reachable(target Vec) float64 { return clamp((0.95-target.Z)/0.85, 0, 1) }

// lean brings the chest towards what the hands do.
func (p *person) lean(to Vec) {
	d := to.sub(p.pos)
	d.Z = 0
	p.leanBy = d.unit().mul(clamp(d.len()-0.50, 0, 0.30))
}

// hanging is where the hands are when they do nothing.
func (p *person) hanging() [2]Vec {
	var h [2]Vec
	k := p.height / 1.75
	for side := range h {
		h[side] = p.pos.add(p.aside().mul(0.23 * float64(side*2-1) * k)).add(p.ahead().mul(0.06)).add(Vec{0, 0, 0.83 * k})
	}
	return h
}

// handsNow is where the hands are, whether they hang or hold.
func (p *person) handsNow() [2]Vec {
	h := p.hanging()
	for i := range h {
		if !p.free[i] {
			h[i] = p.hands[i]
		}
	}
	return h
}

// bend finds the joint between two bones that reach from a to b, on pole's side.
func bend(a, b Vec, la, lb float64, pole Vec) Vec {
	d := b.sub(a)
	l := clamp(d.len(), 0.05, la+lb-0.001)
	dir := d.unit()
	x := (la*la - lb*lb + l*l) / (2 * l)
	h := math.Sqrt(max(la*la-x*x, 0))
	out := pole.sub(dir.mul(pole.dot(dir))).unit()
	return a.add(dir.mul(x)).add(out.mul(h))
}

// carryAt is where a parcel is while somebody carries it.
func (p *person) carryAt(b *box) Vec {
	z := 1.08 - 0.35*p.stoop
	return p.pos.add(p.ahead().mul(0.20 + b.half.Y + 0.03)).add(Vec{0, 0, z})
}

// hold puts the hands at a parcel's sides, a little below its middle.
func (p *person) hold(b *box) {
	aside := p.aside()
	grip := b.half.X*math.Abs(b.cos*aside.X) + b.half.Y*math.Abs(b.sin*aside.X)
	grip = max(grip, b.half.X*0.7) + 0.02
	back := p.ahead().mul(-b.half.Y * 0.35)
	for side := range 2 {
		p.hands[side] = b.center.add(aside.mul(grip * float64(side*2-1))).add(back).add(Vec{0, 0, -b.half.Z * 0.3})
		p.free[side] = false
	}
}

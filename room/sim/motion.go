package sim

import (
	"math"
	"slices"

	"github.com/packroom/packroom/room"
)

const (
	walkSpeed = 1.5 // m/s
	turnSpeed = 7.0 // rad/s
)

// walk brings a person to a place on the floor.
func (w *World) walk(p *person, to Vec) step {
	return func(dt float64) bool {
		d := to.sub(p.pos)
		d.Z = 0
		left := d.len()
		if left < 0.02 {
			return true
		}
		back := left < 0.6 && p.carried == nil && d.dot(p.ahead()) < 0 // a step back, without turning
		if !back {
			w.face(p, math.Atan2(d.X, d.Y), dt)
		}
		v := walkSpeed * w.cfg.pace() * clamp(left/0.25, 0.35, 1)
		p.pos = p.pos.add(d.mul(min(v*dt/left, 1)))
		p.gait += dt * 6.2 * w.cfg.pace()
		p.stride = min(1, p.stride+dt*5)
		w.carry(p)
		return false
	}
}

// face turns a person towards a heading.
func (w *World) face(p *person, heading, dt float64) bool {
	d := math.Remainder(heading-p.facing, 2*math.Pi)
	most := turnSpeed * dt * w.cfg.pace()
	p.facing += clamp(d, -most, most)
	return math.Abs(d) < 0.05
}

// carry keeps what a person carries before them.
func (w *World) carry(p *person) {
	if p.carried == nil {
		return
	}
	p.carried.box.center = p.carryAt(p.carried.box)
	p.carried.box.turn(-p.facing)
	p.hold(p.carried.box)
}

func (w *World) pickUp(p *person, q *parcel) {
	p.carried = q
	w.carry(p)
}

// stand is where to stand to reach a point of a slot without hiding it from
// its camera: on the outer side.
func (w *World) stand(s *place, at Vec) Vec {
	cam := w.layout.cameras[s.camera].pos
	side := 0.48
	if at.X < cam.X {
		side = -side
	}
	v := Vec{at.X + side, aisleY + 0.10, 0}
	switch s.kind {
	case room.SlotFloor:
		v = Vec{s.x1 + 0.22, s.y0 - 0.30, 0}
	case room.SlotBin:
		v = Vec{s.x0 - 0.20, s.y0 - 0.38, 0}
	}
	v.X = clamp(v.X, 0.3, w.layout.width-0.3)
	return v
}

// turnTo makes a person face a point and bend as low as it needs.
func (w *World) turnTo(p *person, at Vec) step {
	return func(dt float64) bool {
		d := at.sub(p.pos)
		p.wantLow = p.reachable(at)
		ok := w.face(p, math.Atan2(d.X, d.Y)*0.75, dt)
		w.carry(p)
		p.stride = max(0, p.stride-dt*4)
		return ok && math.Abs(p.stoop-p.wantLow) < 0.1
	}
}

// putDown walks to a slot and puts what is carried there. from is where a move
// began.
func (w *World) putDown(p *person, to *place, from *Happening, done chan<- Result) {
	var target box
	var start, before Vec
	var turned float64
	k := 0.0
	h := Happening{}
	p.steps = append(p.steps,
		func(float64) bool {
			if p.carried == nil {
				p.steps = nil // nothing in hand: it was handed to nobody
				done <- Result{Person: p.ID, At: w.clock().UTC(), T: w.t}
				return true
			}
			b, err := w.free(to, p.carried)
			if err != nil { // somebody was faster: on top of everything else
				b = *p.carried.box
				b.turn(0)
				b.center = Vec{to.middle(), (to.y0 + to.y1) / 2, w.heap(to) + b.half.Z}
			}
			target = b
			stand := w.stand(to, target.center)
			p.steps = slices.Insert(p.steps, 1, w.walk(p, stand), w.turnTo(p, target.center))
			return true
		},
		func(dt float64) bool { // the parcel's way in
			b := p.carried.box
			if k == 0 {
				start, turned = b.center, math.Atan2(b.sin, b.cos)
				before = Vec{target.center.X, to.y0 - b.half.Y - 0.10, target.center.Z + 0.06}
				if to.kind != room.SlotShelf {
					before = Vec{target.center.X, target.center.Y - 0.1, target.center.Z + 0.35}
				}
			}
			k += dt * w.cfg.pace() / 1.3
			if k < 0.55 {
				b.center = start.lerp(before, smooth(k/0.55))
			} else {
				b.center = before.lerp(target.center, smooth((k-0.55)/0.45))
			}
			b.turn(turned + (math.Atan2(target.sin, target.cos)-turned)*smooth(k))
			p.lean(b.center)
			p.hold(b)
			return k >= 1
		},
		func(float64) bool { // at rest
			*p.carried.box = target
			r := &rest{parcel: p.carried, slot: to, box: target, since: w.t}
			w.rests = append(w.rests, r)
			w.saveShelves()
			p.carried = nil
			h = Happening{Kind: room.ChangePlaced, T: w.t, At: w.clock().UTC(), Parcel: r.parcel.ID, Size: r.parcel.Size, Slot: to.id,
				Camera: cameraName(to.camera), BBox: w.shows(to, &target), Person: p.ID}
			if from != nil {
				h.Kind, h.FromSlot, h.FromT = room.ChangeMoved, from.Slot, from.T
				bb := from.BBox
				h.FromBBox = &bb
			}
			return true
		},
		w.withdraw(p),
		func(float64) bool {
			h.Clear = w.t
			w.history = append(w.history, h)
			done <- Result{Person: p.ID, Parcel: h.Parcel, Slot: h.Slot, Camera: h.Camera, BBox: &h.BBox, At: h.At, T: h.T}
			return true
		},
		w.stepAside(p, to, &target))
}

// heap is how high a slot is filled.
func (w *World) heap(s *place) float64 {
	z := s.z
	for _, r := range w.rests {
		if r.slot == s {
			z = max(z, r.box.center.Z+r.box.half.Z)
		}
	}
	return z
}

// pullOut walks to a parcel and takes it.
func (w *World) pullOut(p *person, r *rest, then func(Happening)) {
	k := 0.0
	var start [2]Vec
	var out, home Vec
	gone := false
	h := Happening{}
	p.steps = append(p.steps,
		w.walk(p, w.stand(r.slot, r.box.center)),
		w.turnTo(p, r.box.center),
		func(dt float64) bool { // the hands' way in
			if k == 0 {
				if !slices.Contains(w.rests, r) {
					gone = true // somebody was faster
				}
				start = p.handsNow()
			}
			k += dt * w.cfg.pace() / 0.8
			b := r.box
			p.hold(&b)
			for i := range p.hands {
				p.hands[i] = start[i].lerp(p.hands[i], smooth(k))
			}
			p.lean(r.box.center)
			return k >= 1 || gone
		},
		func(float64) bool {
			k = 0
			if gone {
				return true
			}
			h = Happening{T: w.t, At: w.clock().UTC(), Clear: w.t, Parcel: r.parcel.ID, Size: r.parcel.Size, Slot: r.slot.id,
				Camera: cameraName(r.slot.camera), BBox: w.shows(r.slot, &r.box), Person: p.ID}
			w.rests = slices.DeleteFunc(slices.Clone(w.rests), func(o *rest) bool { return o == r })
			w.saveShelves()
			b := r.box
			r.parcel.box = &b
			p.carried = r.parcel
			return true
		},
		func(dt float64) bool { // the parcel's way out
			if gone {
				return true
			}
			b := p.carried.box
			if k == 0 {
				home = b.center
				out = Vec{home.X, r.slot.y0 - b.half.Y - 0.12, home.Z + 0.04}
				if r.slot.kind != room.SlotShelf {
					out = Vec{home.X, home.Y - 0.1, home.Z + 0.35}
				}
			}
			k += dt * w.cfg.pace() / 1.1
			if k < 0.5 {
				b.center = home.lerp(out, smooth(k/0.5))
			} else {
				p.wantLow = 0
				b.center = out.lerp(p.carryAt(b), smooth((k-0.5)/0.5))
			}
			p.lean(b.center)
			p.hold(b)
			return k >= 1
		},
		func(float64) bool {
			p.leanBy = Vec{}
			p.wantLow = 0
			if !gone {
				h.Clear = w.t
				w.carry(p)
			}
			then(h)
			return true
		},
		w.stepAside(p, r.slot, &r.box))
}

// reachInto walks to a slot, holds the hands before what lies there, a moment
// long, and takes them back empty.
func (w *World) reachInto(p *person, s *place, then func()) {
	const there = 1.2 // seconds that the hands stay
	target := newBox(s.middle()-0.1, s.middle()+0.1, s.y0, s.y0+0.04, s.z+0.05, s.z+0.15, surface{})
	var start [2]Vec
	k := 0.0
	p.steps = append(p.steps,
		w.walk(p, w.stand(s, target.center)),
		w.turnTo(p, target.center),
		func(dt float64) bool {
			if k == 0 {
				start = p.handsNow()
			}
			k += dt * w.cfg.pace()
			p.hold(target)
			in := smooth(min(k/0.8, 1))
			for i := range p.hands {
				p.hands[i] = start[i].lerp(p.hands[i], in)
			}
			p.lean(target.center)
			return k >= 0.8+there
		},
		w.withdraw(p),
		func(float64) bool { then(); return true },
		w.stepAside(p, s, target))
}

// withdraw takes the hands back from the shelf.
func (w *World) withdraw(p *person) step {
	k := 0.0
	var start [2]Vec
	return func(dt float64) bool {
		if k == 0 {
			start = p.hands
		}
		k += dt * w.cfg.pace() / 0.7
		free := p.hanging()
		for i := range p.hands {
			mid := start[i].lerp(free[i], 0.5)
			mid.Y -= 0.15
			a, b := start[i].lerp(mid, smooth(k)), mid.lerp(free[i], smooth(k))
			p.hands[i] = a.lerp(b, smooth(k))
		}
		p.leanBy = p.leanBy.mul(max(0, 1-k))
		if k > 0.4 {
			p.wantLow = 0
		}
		if k < 1 {
			return false
		}
		p.free = [2]bool{true, true}
		return true
	}
}

// stepAside clears the camera's view of what was just put down or bared: a step
// back into the aisle, as far along it as the view needs.
func (w *World) stepAside(p *person, s *place, b *box) step {
	var to Vec
	return func(dt float64) bool {
		if to == (Vec{}) {
			to = w.clearOf(p.pos, s, b)
		}
		return w.walk(p, to)(dt)
	}
}

// clearOf is the place in the aisle, nearest to from, where somebody who stands
// there does not hide b from its slot's camera.
func (w *World) clearOf(from Vec, s *place, b *box) Vec {
	const shoulders = 0.34 // metres to each side, with hanging arms
	cam := w.layout.cameras[s.camera].pos
	y := aisleY - 0.35
	farther := (b.center.Y - cam.Y) / (y - cam.Y) // people are nearer to the camera and hide more than themselves
	need := shoulders*farther + b.half.X*math.Abs(b.cos) + b.half.Y*math.Abs(b.sin)
	aside := 0.25 // outwards, were all else the same
	if from.X < cam.X {
		aside = -aside
	}
	want, best := from.X+aside, Vec{from.X, y, 0}
	least := math.Inf(1)
	for x := 0.3; x <= w.layout.width-0.3; x += 0.05 {
		hides := math.Abs(cam.X+(x-cam.X)*farther-b.center.X) < need
		if d := math.Abs(x - want); !hides && d < least {
			least, best.X = d, x
		}
	}
	return best
}

package sim

import (
	"math"

	"github.com/packroom/packroom/room"
)

// glow is how a slot's light strip changes the picture: how much of its light
// each pixel of an area returns.
type glow struct {
	area   pixels
	weight []uint8
}

//go:norace
func (s *scene) newGlow(p *place) *glow {
	reach := []Vec{{p.x0, p.y0, p.z - 0.12}, {p.x1, p.y0, p.z - 0.12}, {p.x0, p.y1, p.z}, {p.x1, p.y1, p.z}, {p.x0, p.y0, p.z + 0.3}, {p.x1, p.y0, p.z + 0.3}}
	cs := p.led.corners()
	r, ok := s.cam.bounds(append(reach, cs[:]...)...)
	if !ok {
		return nil
	}
	r.x0, r.y0 = r.x0&^1, r.y0&^1
	r.x1, r.y1 = (r.x1+1)&^1, (r.y1+1)&^1
	r = r.clip(s.cam.w, s.cam.h)
	if r.empty() {
		return nil
	}
	g := &glow{area: r, weight: make([]uint8, (r.x1-r.x0)*(r.y1-r.y0))}
	i := 0
	for y := r.y0; y < r.y1; y++ {
		for x := r.x0; x < r.x1; x++ {
			if v, ok := s.at(x, y); ok {
				d := p.led.distance(v)
				w := 75 * 0.07 * 0.07 / (d*d + 0.07*0.07)
				if d < 0.004 {
					w = 255
				}
				g.weight[i] = uint8(math.Round(w))
			}
			i++
		}
	}
	return g
}

// signalLight is a signal's colour and how bright it is at a moment: each has
// its own rhythm.
func signalLight(s room.Signal, t float64) (y, u, v int, level float64) {
	switch s {
	case room.SignalHere:
		return 235, 0, 0, 1
	case room.SignalHere2:
		return 150, -70, -90, winking(t, 1)
	case room.SignalHere3:
		return 120, 80, 100, winking(t, 2)
	case room.SignalHere4:
		return 180, 45, -100, winking(t, 3)
	case room.SignalSuggest:
		return 120, 96, -30, 0.55 + 0.45*math.Sin(2*math.Pi*t*0.5)
	case room.SignalWarn:
		if math.Mod(t, 0.6) < 0.3 {
			return 190, -90, 60, 1
		}
	}
	return 0, 0, 0, 0
}

// winking is a light that goes dark n times, briefly, every 2.4 s.
func winking(t float64, n int) float64 {
	if p := math.Mod(t, 2.4); p < 0.4*float64(n) && math.Mod(p, 0.4) < 0.2 {
		return 0.1
	}
	return 1
}

// shine adds a slot's light to a picture.
//
//go:norace
func (g *glow) shine(f *frame, cy, cu, cv int, level float64) {
	if g == nil || level <= 0 {
		return
	}
	k := int(level * 256)
	aw := g.area.x1 - g.area.x0
	for y := g.area.y0; y < g.area.y1; y++ {
		row := g.weight[(y-g.area.y0)*aw : (y-g.area.y0+1)*aw]
		py := f.y[y*f.w+g.area.x0 : y*f.w+g.area.x1]
		for x, w8 := range row {
			if w8 < 3 {
				continue
			}
			w := int(w8) * k >> 8
			py[x] = uint8(min(int(py[x])+(cy-int(py[x])*3/10)*w/255, int(f.hi)))
		}
		if y&1 != 0 {
			continue
		}
		pu := f.u[y/2*f.w/2+g.area.x0/2:]
		pv := f.v[y/2*f.w/2+g.area.x0/2:]
		for x := 0; x < aw; x += 2 {
			if row[x] < 3 {
				continue
			}
			w := int(row[x]) * k >> 8
			pu[x/2] = uint8(clampInt(int(pu[x/2])+cu*w/180, 16, 240))
			pv[x/2] = uint8(clampInt(int(pv[x/2])+cv*w/180, 16, 240))
		}
	}
}

func clampInt(v, lo, hi int) int { return min(max(v, lo), hi) }

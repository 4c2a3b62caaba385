package sim

import (
	"fmt"
	"math"

	"github.com/packroom/packroom/room"
)

// Measures of the room in metres. A bay is what one camera watches: a shelf
// unit of two columns with four boards, and a floor zone or a tray beside it.
const (
	bayWidth    = 3.2
	roomDepth   = 3.2
	roomHeight  = 2.75
	shelfFront  = 2.72 // y of the boards' front edge
	shelfDepth  = 0.46
	columnWidth = 1.0
	boardThick  = 0.03
	aisleY      = 2.12 // where people stand before the shelves
	cartY       = 0.25 // where couriers leave their cart, below the cameras
)

var boardTops = [4]float64{0.12, 0.58, 1.04, 1.50}

// maxCameras is how many bays the letters of the slots reach for.
const maxCameras = 4

// place is a slot of the simulated room with its measures.
type place struct {
	id     string
	kind   room.SlotKind
	camera int
	x0, x1 float64 // usable
	y0, y1 float64 // front to back
	z      float64 // what parcels stand on
	top    float64 // the first thing above
	led    *box
}

func (p *place) middle() float64 { return (p.x0 + p.x1) / 2 }

// layout is everything in the room that does not move.
type layout struct {
	width   float64
	boxes   []*box
	places  []*place
	byID    map[string]*place
	cameras []pinhole
	heads   []Vec // laser heads, one a camera
	lamps   []lampPanel
	door    Vec // where people come in, out of every camera's sight
	style   style
}

// lampPanel is a rectangle of light under the ceiling.
type lampPanel struct {
	center       Vec
	halfX, halfY float64
	power        float64
	color        rgb
}

// style is what a seed changes in how the room looks.
type style struct {
	wall, floor, board, steel rgb
	wood                      bool
	lamp                      rgb
	fov                       float64
	cameraUp, cameraAside     float64
}

// newStyle draws a room's looks. Seed 0 and 1 give the plain room.
func newStyle(seed uint64) style {
	s := style{
		wall: rgb{0.56, 0.57, 0.56}, floor: rgb{0.20, 0.21, 0.23}, board: rgb{0.52, 0.43, 0.31},
		steel: rgb{0.33, 0.35, 0.38}, wood: true, lamp: rgb{1.0, 0.97, 0.91}, fov: 66,
	}
	if seed <= 1 {
		return s
	}
	r := newRand(seed, 0x5717e)
	pick := func(c ...rgb) rgb { return c[r.IntN(len(c))] }
	s.wall = pick(rgb{0.56, 0.57, 0.56}, rgb{0.50, 0.54, 0.58}, rgb{0.58, 0.54, 0.46}, rgb{0.42, 0.46, 0.44}, rgb{0.62, 0.60, 0.57})
	s.floor = pick(rgb{0.20, 0.21, 0.23}, rgb{0.30, 0.27, 0.23}, rgb{0.14, 0.16, 0.18}, rgb{0.34, 0.34, 0.33})
	s.wood = r.IntN(2) == 0
	if s.wood {
		s.board = pick(rgb{0.52, 0.43, 0.31}, rgb{0.38, 0.27, 0.17}, rgb{0.60, 0.53, 0.42})
	} else {
		s.board = pick(rgb{0.50, 0.51, 0.52}, rgb{0.36, 0.38, 0.41}, rgb{0.58, 0.57, 0.54})
	}
	s.steel = pick(rgb{0.33, 0.35, 0.38}, rgb{0.10, 0.11, 0.12}, rgb{0.50, 0.51, 0.52}, rgb{0.10, 0.17, 0.33})
	s.lamp = pick(rgb{1.0, 0.97, 0.91}, rgb{1.0, 0.91, 0.78}, rgb{0.94, 0.98, 1.0})
	s.fov = 64 + 5*r.Float64()
	s.cameraUp = 0.22*r.Float64() - 0.12
	s.cameraAside = 0.5*r.Float64() - 0.25
	return s
}

// newLayout builds the room for a number of cameras.
func newLayout(seed uint64, cameras, w, h int) *layout {
	l := &layout{width: bayWidth * float64(cameras), byID: map[string]*place{}, style: newStyle(seed)}
	l.door = Vec{l.width / 2, -0.45, 0}
	l.shell()
	for i := range cameras {
		l.bay(i, w, h)
	}
	return l
}

func (l *layout) add(b *box) *box {
	l.boxes = append(l.boxes, b)
	return b
}

func (l *layout) shell() {
	st, w := l.style, l.width
	l.add(newBox(-0.5, w+0.5, -1, roomDepth+0.5, -0.3, 0, surface{kind: surfFloor, color: st.floor}))
	l.add(newBox(-0.5, w+0.5, roomDepth, roomDepth+0.3, 0, roomHeight, surface{kind: surfWall, color: st.wall}))
	l.add(newBox(-0.3, 0, -1, roomDepth, 0, roomHeight, surface{kind: surfWall, color: st.wall}))
	l.add(newBox(w, w+0.3, -1, roomDepth, 0, roomHeight, surface{kind: surfWall, color: st.wall}))
	base := surface{kind: surfPlain, color: st.wall.mul(0.35)}
	l.add(newBox(0, w, roomDepth-0.015, roomDepth, 0, 0.09, base))
	l.add(newBox(0, 0.015, -1, roomDepth, 0, 0.09, base))
	l.add(newBox(w-0.015, w, -1, roomDepth, 0, 0.09, base))
}

func (l *layout) bay(i, w, h int) {
	x := bayWidth * float64(i)
	st := l.style
	cam := Vec{x + bayWidth/2 + st.cameraAside, 0.22, 2.42 + st.cameraUp}
	target := Vec{x + bayWidth/2 + st.cameraAside*0.25, shelfFront, 0.93}
	l.cameras = append(l.cameras, lookAt(cam, target, st.fov, w, h))
	l.heads = append(l.heads, cam.add(Vec{0.11, 0.03, -0.05}))
	l.lamps = append(l.lamps, lampPanel{center: Vec{x + bayWidth/2, 1.25, roomHeight - 0.03}, halfX: 0.6, halfY: 0.15, power: 1, color: st.lamp})

	unit := x + 0.12 // the unit's left side
	if i%2 == 0 {
		unit = x + 1.02
	}
	l.unit(i, unit)
	if i%2 == 0 {
		l.floorZone(i, x+0.14, x+0.92)
	} else {
		l.tray(i, x+2.34, x+3.02)
	}
}

// unit is two columns of four boards between steel uprights.
func (l *layout) unit(i int, x float64) {
	letters := [maxCameras]string{"AB", "CD", "GH", "JK"}[i]
	steel := surface{kind: surfSteel, color: l.style.steel}
	board := surface{kind: surfBoard, color: l.style.board}
	if !l.style.wood {
		board.kind = surfPlain
	}
	const post = 0.04
	front, back := shelfFront, shelfFront+shelfDepth
	for c := range 3 {
		px := x + float64(c)*columnWidth
		l.add(newBox(px-post/2, px+post/2, front-0.005, front+post-0.005, 0, 1.98, steel))
		l.add(newBox(px-post/2, px+post/2, back-post, back, 0, 1.98, steel))
	}
	for c := range 2 {
		x0, x1 := x+float64(c)*columnWidth+post/2, x+float64(c+1)*columnWidth-post/2
		for n, top := range boardTops {
			b := l.add(newBox(x0, x1, front, back, top-boardThick, top, board))
			b.surface.grain = float64(i*8+c*4+n) * 1.37
			l.add(newBox(x0, x1, front-0.002, front+0.004, top-boardThick-0.006, top, steel)) // lip
			id := fmt.Sprintf("%c%d", letters[c], n+1)
			l.add(newBox(x0+0.03, x0+0.13, front-0.006, front, top-0.048, top+0.004, surface{kind: surfPlate, text: id}))
			led := l.add(newBox(x0+0.15, x1-0.01, front-0.007, front, top-0.022, top-0.006, surface{kind: surfPlain, color: rgb{0.25, 0.25, 0.25}}))
			ceiling := top + 0.50
			if n+1 < len(boardTops) {
				ceiling = boardTops[n+1] - boardThick - 0.006
			}
			l.slot(&place{id: id, kind: room.SlotShelf, camera: i, x0: x0 + 0.015, x1: x1 - 0.015, y0: front, y1: back - 0.02, z: top, top: ceiling, led: led})
		}
	}
}

// floorZone is a taped rectangle for what fits on no shelf.
func (l *layout) floorZone(i int, x0, x1 float64) {
	id := fmt.Sprintf("F%d", i/2+1)
	const y0 = 2.35
	y1 := roomDepth - 0.05
	tape := surface{kind: surfHazard}
	l.add(newBox(x0, x1, y0, y0+0.05, -0.01, 0.001, tape))
	l.add(newBox(x0, x0+0.05, y0, y1, -0.01, 0.001, tape))
	l.add(newBox(x1-0.05, x1, y0, y1, -0.01, 0.001, tape))
	l.add(newBox(x0+0.05, x0+0.19, roomDepth-0.012, roomDepth, 1.30, 1.38, surface{kind: surfPlate, text: id}))
	led := l.add(newBox(x0+0.05, x1-0.05, roomDepth-0.02, roomDepth, 1.22, 1.245, surface{kind: surfPlain, color: rgb{0.25, 0.25, 0.25}}))
	l.slot(&place{id: id, kind: room.SlotFloor, camera: i, x0: x0 + 0.05, x1: x1 - 0.05, y0: y0 + 0.06, y1: y1, z: 0.001, top: 1.2, led: led})
}

// tray is a low-rimmed table for envelopes.
func (l *layout) tray(i int, x0, x1 float64) {
	id := fmt.Sprintf("E%d", i/2+1)
	const y0, y1, z, rim = 2.55, 3.05, 0.78, 0.05
	s := surface{kind: surfPlain, color: rgb{0.07, 0.12, 0.20}}
	l.add(newBox(x0, x1, y0, y1, z-0.03, z, s))
	l.add(newBox(x0, x1, y0, y0+0.015, z, z+rim, s))
	l.add(newBox(x0, x1, y1-0.015, y1, z, z+rim, s))
	l.add(newBox(x0, x0+0.015, y0, y1, z, z+rim, s))
	l.add(newBox(x1-0.015, x1, y0, y1, z, z+rim, s))
	steel := surface{kind: surfSteel, color: l.style.steel}
	for _, x := range [2]float64{x0 + 0.03, x1 - 0.03} {
		for _, y := range [2]float64{y0 + 0.03, y1 - 0.03} {
			l.add(newBox(x-0.018, x+0.018, y-0.018, y+0.018, 0, z-0.03, steel))
		}
	}
	l.add(newBox(x0+0.03, x0+0.13, y0-0.006, y0, z-0.06, z-0.005, surface{kind: surfPlate, text: id}))
	led := l.add(newBox(x0+0.15, x1-0.02, y0-0.007, y0, z+0.01, z+0.03, surface{kind: surfPlain, color: rgb{0.25, 0.25, 0.25}}))
	l.slot(&place{id: id, kind: room.SlotBin, camera: i, x0: x0 + 0.02, x1: x1 - 0.02, y0: y0 + 0.02, y1: y1 - 0.02, z: z + 0.001, top: z + 0.5, led: led})
}

func (l *layout) slot(p *place) {
	l.places = append(l.places, p)
	l.byID[p.id] = p
}

// opening is the outline of a slot in its camera's picture: a compartment's
// front; for what is open above, the ground and the space over it.
func (l *layout) opening(p *place) []room.Point {
	corners := []Vec{{p.x0, p.y0, p.top}, {p.x1, p.y0, p.top}, {p.x1, p.y0, p.z}, {p.x0, p.y0, p.z}}
	switch p.kind {
	case room.SlotFloor:
		corners[0], corners[1] = Vec{p.x0, p.y1, 0.6}, Vec{p.x1, p.y1, 0.6}
	case room.SlotBin:
		corners[0], corners[1] = Vec{p.x0, p.y1, p.z + 0.2}, Vec{p.x1, p.y1, p.z + 0.2}
	}
	out := make([]room.Point, 0, len(corners))
	c := &l.cameras[p.camera]
	for _, v := range corners {
		x, y, _ := c.project(v)
		out = append(out, room.Point{math.Round(clamp(x, 0, float64(c.w-1))*10) / 10, math.Round(clamp(y, 0, float64(c.h-1))*10) / 10})
	}
	return out
}

// slotsFile is what camera i's slots file says, as an installer would have
// drawn and calibrated it.
func (l *layout) slotsFile(i int) room.SlotsFile {
	c := &l.cameras[i]
	f := room.SlotsFile{Camera: cameraName(i), Width: c.w, Height: c.h}
	for n, p := range l.places {
		if p.camera != i {
			continue
		}
		s := room.Slot{
			ID: p.id, Kind: p.kind, Camera: f.Camera, Polygon: l.opening(p),
			Map: l.onMap(p), HeightMM: int(math.Round(p.z * 1000)), WidthMM: int(math.Round((p.x1 - p.x0) * 1000)),
			Light: n + 1,
		}
		b := s.Bounds()
		var aim [4]room.Aim
		for k, q := range [4]room.Point{{b[0], b[1]}, {b[0] + b[2], b[1]}, {b[0] + b[2], b[1] + b[3]}, {b[0], b[1] + b[3]}} {
			aim[k] = l.aimAtPixel(p, q)
		}
		s.Aim = &aim
		f.Slots = append(f.Slots, s)
	}
	return f
}

// onMap draws the wall of shelves as a person before it sees it: percent of the
// map's width and height.
func (l *layout) onMap(p *place) room.Rect {
	px := func(x float64) float64 { return math.Round(x/l.width*1000) / 10 }
	const low, high = 0.0, 2.05
	y := func(z float64) float64 { return math.Round((1-(z-low)/(high-low))*1000) / 10 }
	top := min(p.top, high)
	switch p.kind {
	case room.SlotFloor:
		top = 0.6
	case room.SlotBin:
		top = p.z + 0.3
	}
	return room.Rect{px(p.x0), y(top), math.Round((px(p.x1)-px(p.x0))*10) / 10, math.Round((y(p.z)-y(top))*10) / 10}
}

// headSpanDeg separates the laser heads: the controller knows them by pan
// angle, head i being straight ahead at i*headSpanDeg.
const headSpanDeg = 120.0

// aimAtPixel is the laser's angles for a point of the picture, on the plane
// where the fronts of a slot's parcels usually are.
func (l *layout) aimAtPixel(p *place, q room.Point) room.Aim {
	c := &l.cameras[p.camera]
	d := c.ray(q[0], q[1])
	y := p.y0 + 0.07
	if p.kind != room.SlotShelf {
		y = (p.y0 + p.y1) / 2
	}
	t := (y - c.pos.Y) / d.Y
	return l.aimAt(p.camera, c.pos.add(d.mul(t)))
}

func (l *layout) aimAt(head int, v Vec) room.Aim {
	d := v.sub(l.heads[head])
	deg := 180 / math.Pi
	return room.Aim{
		PanDeg:  float64(head)*headSpanDeg + math.Atan2(d.X, d.Y)*deg,
		TiltDeg: math.Atan2(d.Z, math.Hypot(d.X, d.Y)) * deg,
	}
}

// beam is the ray of the laser at an aim.
func (l *layout) beam(a room.Aim) (from, dir Vec, ok bool) {
	head := int(math.Round(a.PanDeg / headSpanDeg))
	if head < 0 || head >= len(l.heads) || math.IsNaN(a.PanDeg) || math.IsNaN(a.TiltDeg) {
		return Vec{}, Vec{}, false
	}
	pan, tilt := (a.PanDeg-float64(head)*headSpanDeg)*math.Pi/180, a.TiltDeg*math.Pi/180
	return l.heads[head], Vec{math.Sin(pan) * math.Cos(tilt), math.Cos(pan) * math.Cos(tilt), math.Sin(tilt)}, true
}

func cameraName(i int) string { return fmt.Sprintf("cam%d", i+1) }

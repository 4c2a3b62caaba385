package notify

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"github.com/packroom/packroom/room"
)

// The floor map of a message: an image/png, since mail programs show no SVG.
const (
	mapWidth, mapHeight = 960, 576 // pixels; shown at 544 or less
	mapMargin           = 44
)

var (
	mapPaper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	mapWall  = color.RGBA{0x6b, 0x72, 0x80, 0xff}
	mapSlot  = color.RGBA{0xe5, 0xe7, 0xeb, 0xff}
	mapEdge  = color.RGBA{0x9c, 0xa3, 0xaf, 0xff}
	mapText  = color.RGBA{0x37, 0x41, 0x51, 0xff}
	mapHere  = color.RGBA{0x1d, 0x4e, 0xd8, 0xff}
)

// drawMap draws the room's slots with one of them marked: dark where the others
// are light, and with an arrow, so that colour is not the only sign. It is nil
// where the slot has no place on the map.
func drawMap(slots []room.Slot, target string) ([]byte, error) {
	at := slices.IndexFunc(slots, func(s room.Slot) bool { return s.ID == target })
	if at < 0 || slots[at].Map[2] <= 0 || slots[at].Map[3] <= 0 {
		return nil, nil
	}
	bold, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("draw map: %w", err)
	}
	m := &floorMap{img: image.NewRGBA(image.Rect(0, 0, mapWidth, mapHeight)), bold: bold}
	draw.Draw(m.img, m.img.Bounds(), image.NewUniform(mapPaper), image.Point{}, draw.Src)
	m.frame(image.Rect(mapMargin/2, mapMargin/2, mapWidth-mapMargin/2, mapHeight-mapMargin/2), 6, mapWall)
	for _, s := range slots {
		if s.ID == target {
			continue
		}
		if err := m.slot(s); err != nil {
			return nil, err
		}
	}
	if err := m.target(slots[at]); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m.img); err != nil {
		return nil, fmt.Errorf("draw map: %w", err)
	}
	return b.Bytes(), nil
}

type floorMap struct {
	img  *image.RGBA
	bold *opentype.Font
}

// place is where a slot lies in the picture; Slot.Map is in percent.
func place(s room.Slot) image.Rectangle {
	x := func(percent float64) int { return mapMargin + int(percent/100*(mapWidth-2*mapMargin)) }
	y := func(percent float64) int { return mapMargin + int(percent/100*(mapHeight-2*mapMargin)) }
	return image.Rect(x(s.Map[0]), y(s.Map[1]), x(s.Map[0]+s.Map[2]), y(s.Map[1]+s.Map[3]))
}

func (m *floorMap) slot(s room.Slot) error {
	r := place(s)
	if r.Empty() {
		return nil
	}
	draw.Draw(m.img, r, image.NewUniform(mapSlot), image.Point{}, draw.Src)
	m.frame(r, 2, mapEdge)
	return m.label(s.ID, r, mapText)
}

// target draws the marked slot: its arrow stands inside where there is room, so
// that it covers no neighbour, and else above or below.
func (m *floorMap) target(s room.Slot) error {
	r := place(s)
	draw.Draw(m.img, r, image.NewUniform(mapHere), image.Point{}, draw.Src)
	const least = 64 // pixels that arrow and label need together
	if r.Dy() >= least {
		high := r.Dy() * 3 / 10
		top := r.Min.Y + r.Dy()/10
		m.arrow((r.Min.X+r.Max.X)/2, top, top+high, mapPaper)
		r.Min.Y = top + high
		return m.label(s.ID, r, mapPaper)
	}
	const high, gap = 36, 5
	if r.Min.Y > high+gap {
		m.arrow((r.Min.X+r.Max.X)/2, r.Min.Y-gap-high, r.Min.Y-gap, mapHere)
	} else {
		m.arrow((r.Min.X+r.Max.X)/2, r.Max.Y+gap+high, r.Max.Y+gap, mapHere)
	}
	return m.label(s.ID, r, mapPaper)
}

func (m *floorMap) frame(r image.Rectangle, thick int, c color.Color) {
	u := image.NewUniform(c)
	for _, side := range []image.Rectangle{
		{r.Min, image.Pt(r.Max.X, r.Min.Y+thick)}, {image.Pt(r.Min.X, r.Max.Y-thick), r.Max},
		{r.Min, image.Pt(r.Min.X+thick, r.Max.Y)}, {image.Pt(r.Max.X-thick, r.Min.Y), r.Max},
	} {
		draw.Draw(m.img, side.Intersect(m.img.Bounds()), u, image.Point{}, draw.Src)
	}
}

// label writes text in the middle of r, as large as fits between 14 and 42
// pixels.
func (m *floorMap) label(text string, r image.Rectangle, c color.Color) error {
	size := min(max(min(float64(r.Dy())*0.7, float64(r.Dx())*1.4/float64(max(1, len(text)))), 14), 42)
	face, err := opentype.NewFace(m.bold, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return fmt.Errorf("draw map: %w", err)
	}
	defer face.Close()
	d := font.Drawer{Dst: m.img, Src: image.NewUniform(c), Face: face}
	middle := r.Min.Add(r.Max).Div(2)
	d.Dot = fixed.P(middle.X, middle.Y+int(size*0.36))
	d.Dot.X -= d.MeasureString(text) / 2
	d.DrawString(text)
	return nil
}

// arrow is a triangle from tail to tip, around the column x.
func (m *floorMap) arrow(x, tail, tip int, c color.Color) {
	high := max(tip-tail, tail-tip)
	wide := high * 3 / 5
	box := image.Rect(x-wide, min(tail, tip), x+wide, max(tail, tip))
	v := vector.NewRasterizer(box.Dx(), box.Dy())
	v.MoveTo(float32(wide), float32(tip-box.Min.Y))
	v.LineTo(0, float32(tail-box.Min.Y))
	v.LineTo(float32(2*wide), float32(tail-box.Min.Y))
	v.ClosePath()
	v.Draw(m.img, box, image.NewUniform(c), image.Point{})
}

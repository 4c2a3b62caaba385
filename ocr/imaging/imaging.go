package imaging

import (
	"context"
	"encoding/binary"
	"image"
	"math"
	"sort"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/ocr"
	"github.com/packroom/packroom/room"
)

// Prepare finds what is printed in a photograph. It is safe for concurrent use.
type Prepare struct{}

const (
	findWidth  = 960 // pixels of the longer side in which labels are looked for
	maxLabels  = 3
	targetCap  = 26.0 // pixels of a capital letter that Tesseract's LSTM likes
	maxLabelPX = 2_600_000
)

// Photo decodes a photograph and gives its labels, most print first. In a soft
// one, print is looked for at half the usual size, where edges that are out of
// focus are steep.
func (Prepare) Photo(ctx context.Context, data []byte, soft bool) (ocr.Photo, error) {
	bgr, perPixel, err := decode(data)
	if err != nil {
		return ocr.Photo{}, err
	}
	defer bgr.Close()
	gray := gocv.NewMat()
	defer gray.Close()
	gocv.CvtColor(bgr, &gray, gocv.ColorBGRToGray)
	p := ocr.Photo{Width: bgr.Cols() * perPixel, Height: bgr.Rows() * perPixel}

	width := findWidth
	if soft {
		width /= 2
	}
	regions := find(gray, width)
	for _, r := range regions {
		if err := ctx.Err(); err != nil {
			return ocr.Photo{}, err
		}
		l, ok := right(gray, r)
		if ok {
			for i := range l.ToPhoto {
				l.ToPhoto[i] *= float64(perPixel)
			}
			for i := range l.Rect {
				l.Rect[i] *= float64(perPixel)
			}
			p.Labels = append(p.Labels, l)
		}
	}
	p.Brightness = gray.Mean().Val1 / 255
	if len(regions) > 0 {
		p.Brightness = regions[0].paper / 255
		p.Appearance = appearance(bgr, regions[0].rect)
	} else {
		p.Appearance = appearance(bgr, image.Rect(bgr.Cols()/4, bgr.Rows()/4, bgr.Cols()*3/4, bgr.Rows()*3/4))
	}
	return p, nil
}

// Sharpness is how steep the finest edges of a photograph are against its
// contrast, at half its size, so that grain does not pass for print.
func (Prepare) Sharpness(data []byte) (float64, error) {
	gray, err := decodeHalf(data)
	if err != nil {
		return 0, err
	}
	defer gray.Close()
	edges := gocv.NewMat()
	defer edges.Close()
	gocv.Laplacian(gray, &edges, gocv.MatTypeCV16S, 1, 1, 0, gocv.BorderReplicate)
	mean, spread := gocv.NewMat(), gocv.NewMat()
	defer mean.Close()
	defer spread.Close()
	gocv.MeanStdDev(edges, &mean, &spread)
	fine := spread.GetDoubleAt(0, 0)
	gocv.MeanStdDev(gray, &mean, &spread)
	return fine / (spread.GetDoubleAt(0, 0) + 8), nil
}

// region is one printed area, in the photograph's pixels.
type region struct {
	rect   image.Rectangle
	points []image.Point // edge pixels, thinned out
	angle  float64       // of its print to the axes, radians, -45..45 degrees
	ink    float64       // edges, relative to all
	paper  float64       // grey of the paper
}

// find looks for areas full of fine, steep edges, print, in a picture made so many
// pixels wide or high.
func find(gray gocv.Mat, width int) []region {
	scale := math.Min(1, float64(width)/float64(max(gray.Cols(), gray.Rows())))
	small := gocv.NewMat()
	defer small.Close()
	gocv.Resize(gray, &small, image.Pt(int(float64(gray.Cols())*scale), int(float64(gray.Rows())*scale)), 0, 0, gocv.InterpolationArea)
	w, h := small.Cols(), small.Rows()

	gx, gy := gocv.NewMat(), gocv.NewMat()
	defer gx.Close()
	defer gy.Close()
	gocv.Sobel(small, &gx, gocv.MatTypeCV16S, 1, 0, 3, 1, 0, gocv.BorderReplicate)
	gocv.Sobel(small, &gy, gocv.MatTypeCV16S, 0, 1, 3, 1, 0, gocv.BorderReplicate)
	mean := gocv.NewMat()
	defer mean.Close()
	gocv.BoxFilter(small, &mean, -1, image.Pt(25, 25))
	dx, _ := gx.DataPtrInt16()
	dy, _ := gy.DataPtrInt16()
	mu, _ := mean.DataPtrUint8()
	edge := gocv.NewMatWithSize(h, w, gocv.MatTypeCV8U)
	defer edge.Close()
	eb, _ := edge.DataPtrUint8()
	for i := range eb {
		a, b := int(dx[i]), int(dy[i])
		m := abs(a) + abs(b)
		// steep relative to the light that falls there
		if m*10 > (int(mu[i])+18)*9 {
			eb[i] = 255
		} else {
			eb[i] = 0
		}
	}
	density := gocv.NewMat()
	defer density.Close()
	gocv.BoxFilter(edge, &density, -1, image.Pt(17, 17))
	mask := gocv.NewMat()
	defer mask.Close()
	gocv.Threshold(density, &mask, 255*0.16, 255, gocv.ThresholdBinary)
	k := gocv.GetStructuringElement(gocv.MorphRect, image.Pt(2*(width/48)+1, 2*(width/48)+1))
	defer k.Close()
	closed := gocv.NewMat()
	defer closed.Close()
	gocv.MorphologyEx(mask, &closed, gocv.MorphClose, k)

	labels, stats, centroids := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer labels.Close()
	defer stats.Close()
	defer centroids.Close()
	n := gocv.ConnectedComponentsWithStats(closed, &labels, &stats, &centroids)
	ids := labels.ToBytes() // 32 bits each, this machine's order
	sums := make([]float64, n)
	regions := make([]region, n)
	hist := make([][90]float64, n)
	total := 0.0
	for y := range h {
		for x := range w {
			i := y*w + x
			if eb[i] == 0 {
				continue
			}
			c := int(binary.NativeEndian.Uint32(ids[4*i:]))
			if c == 0 {
				continue
			}
			a, b := float64(dx[i]), float64(dy[i])
			m := math.Hypot(a, b)
			sums[c]++
			total++
			deg := math.Atan2(b, a) * 180 / math.Pi
			bin := int(math.Floor(math.Mod(deg+360, 90)))
			hist[c][min(bin, 89)] += m
			if (x+y)%3 == 0 {
				regions[c].points = append(regions[c].points, image.Pt(int(float64(x)/scale), int(float64(y)/scale)))
			}
		}
	}
	var out []region
	for c := 1; c < n; c++ {
		if sums[c] < 250*float64(width)/findWidth || sums[c] < total*0.04 {
			continue
		}
		r := regions[c]
		r.ink = sums[c] / total
		r.angle = tilt(hist[c])
		s := stats
		x, y, cw, ch := int(s.GetIntAt(c, 0)), int(s.GetIntAt(c, 1)), int(s.GetIntAt(c, 2)), int(s.GetIntAt(c, 3))
		r.rect = image.Rect(int(float64(x)/scale), int(float64(y)/scale), int(float64(x+cw)/scale), int(float64(y+ch)/scale))
		out = append(out, r)
	}
	out = join(out)
	sort.Slice(out, func(i, j int) bool { return out[i].ink > out[j].ink })
	if len(out) > maxLabels {
		out = out[:maxLabels]
	}
	for i := range out {
		sub := gray.Region(out[i].rect.Intersect(image.Rect(0, 0, gray.Cols(), gray.Rows())))
		out[i].paper = percentile(sub, 0.8)
		sub.Close()
	}
	return out
}

// join makes one region of parts of the same tilt that lie close together: the
// address and the barcode of a label with much white between.
func join(rs []region) []region {
	for again := true; again; {
		again = false
		for i := 0; i < len(rs) && !again; i++ {
			for j := i + 1; j < len(rs) && !again; j++ {
				a, b := rs[i], rs[j]
				turn := math.Abs(a.angle - b.angle)
				turn = min(turn, math.Pi/2-turn)
				if turn > 4*math.Pi/180 {
					continue
				}
				dx := max(a.rect.Min.X-b.rect.Max.X, b.rect.Min.X-a.rect.Max.X, 0)
				dy := max(a.rect.Min.Y-b.rect.Max.Y, b.rect.Min.Y-a.rect.Max.Y, 0)
				size := max(a.rect.Dx(), a.rect.Dy(), b.rect.Dx(), b.rect.Dy())
				if float64(max(dx, dy)) > 0.25*float64(size) {
					continue
				}
				if b.ink > a.ink {
					a.angle = b.angle
				}
				a.rect = a.rect.Union(b.rect)
				a.points = append(a.points, b.points...)
				a.ink += b.ink
				rs[i] = a
				rs = append(rs[:j], rs[j+1:]...)
				again = true
			}
		}
	}
	return rs
}

// tilt is the angle, -45..45 degrees in radians, around which most edges lie,
// from a histogram of gradient directions modulo 90 degrees.
func tilt(hist [90]float64) float64 {
	best, at := -1.0, 0
	for d := range 90 {
		s := 0.0
		for k := -3; k <= 3; k++ {
			s += hist[(d+k+90)%90] * float64(4-abs(k))
		}
		if s > best {
			best, at = s, d
		}
	}
	var sum, weight float64
	for k := -4; k <= 4; k++ {
		v := hist[(at+k+90)%90]
		sum += v * float64(k)
		weight += v
	}
	deg := float64(at) + 0.5
	if weight > 0 {
		deg += sum / weight
	}
	if deg > 45 {
		deg -= 90
	}
	return deg * math.Pi / 180
}

// right cuts a region out of the photograph with its print along the axes,
// enlarged to what Tesseract likes, with even light.
func right(gray gocv.Mat, r region) (ocr.Label, bool) {
	cos, sin := math.Cos(r.angle), math.Sin(r.angle)
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range r.points {
		u, v := cos*float64(p.X)+sin*float64(p.Y), -sin*float64(p.X)+cos*float64(p.Y)
		x0, y0, x1, y1 = min(x0, u), min(y0, v), max(x1, u), max(y1, v)
	}
	margin := 0.04*math.Max(x1-x0, y1-y0) + 12
	x0, y0, x1, y1 = x0-margin, y0-margin, x1+margin, y1+margin
	w, h := x1-x0, y1-y0
	if w < 40 || h < 30 {
		return ocr.Label{}, false
	}
	cut := func(scale float64) (gocv.Mat, ocr.Affine) {
		// label (u, v) -> photograph
		a := ocr.Affine{cos / scale, -sin / scale, cos*x0 - sin*y0, sin / scale, cos / scale, sin*x0 + cos*y0}
		m := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F)
		defer m.Close()
		for i, v := range a {
			m.SetDoubleAt(i/3, i%3, v)
		}
		out := gocv.NewMat()
		interp := gocv.InterpolationLinear
		if scale > 1.2 {
			interp = gocv.InterpolationCubic
		}
		gocv.WarpAffineWithParams(gray, &out, m, image.Pt(int(w*scale), int(h*scale)), interp|gocv.WarpInverseMap, gocv.BorderReplicate, colour(0))
		return out, a
	}
	probe, _ := cut(1)
	even := evenLight(probe, 31, r.paper)
	capPX, sharp := measure(probe, even)
	probe.Close()
	even.Close()
	scale := 1.0
	if capPX > 0 {
		scale = math.Min(math.Max(targetCap/capPX, 0.5), 3)
	}
	scale = math.Min(scale, math.Sqrt(maxLabelPX/(w*h)))
	level, a := cut(scale)
	defer level.Close()
	raw := level
	if scale < 1 { // narrow bars need every pixel
		raw, _ = cut(1)
		defer raw.Close()
	}
	flat := evenLight(level, int(31*math.Max(scale, 1)), r.paper)
	defer flat.Close()
	l := ocr.Label{
		Raw: toGray(raw), Even: toGray(flat), ToPhoto: a, CapPX: capPX * scale, Ink: r.ink, Sharp: sharp,
		Rect: room.Rect{float64(r.rect.Min.X), float64(r.rect.Min.Y), float64(r.rect.Dx()), float64(r.rect.Dy())},
	}
	return l, true
}

func abs(a int) int {
	if a < 0 {
		return -a
	}
	return a
}

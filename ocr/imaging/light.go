package imaging

import (
	"image"
	"image/color"
	"math"
	"sort"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/ocr"
)

func colour(v uint8) color.RGBA { return color.RGBA{R: v, G: v, B: v, A: 255} }

func toGray(m gocv.Mat) ocr.Gray {
	b := m.ToBytes()
	return ocr.Gray{Width: m.Cols(), Height: m.Rows(), Pix: b}
}

// percentile is the grey below which the share p of m lies.
func percentile(m gocv.Mat, p float64) float64 {
	var hist [256]int
	n := 0
	whole := m.Clone() // m may be a part of a larger picture
	defer whole.Close()
	pix := whole.ToBytes()
	for y := 0; y < m.Rows(); y += 3 {
		row := pix[y*m.Cols() : (y+1)*m.Cols()]
		for x := 0; x < len(row); x += 3 {
			hist[row[x]]++
			n++
		}
	}
	sum := 0
	for v, c := range hist {
		sum += c
		if float64(sum) >= p*float64(n) {
			return float64(v)
		}
	}
	return 255
}

// evenLight divides by the paper around each pixel: the brightest of a
// neighbourhood larger than a letter, smoothed. What is far darker than the
// label's paper stays dark, so that its noise does not look like print. The
// caller closes it.
func evenLight(m gocv.Mat, size int, paper float64) gocv.Mat {
	floor := max(int(0.4*paper), 8)
	const shrink = 4
	small := gocv.NewMat()
	defer small.Close()
	gocv.Resize(m, &small, image.Pt(max(m.Cols()/shrink, 1), max(m.Rows()/shrink, 1)), 0, 0, gocv.InterpolationArea)
	side := max(size/shrink|1, 3)
	k := gocv.GetStructuringElement(gocv.MorphRect, image.Pt(side, side))
	defer k.Close()
	light := gocv.NewMat()
	defer light.Close()
	gocv.Dilate(small, &light, k)
	gocv.GaussianBlur(light, &light, image.Pt(side, side), 0, 0, gocv.BorderReplicate)
	back := gocv.NewMat()
	defer back.Close()
	gocv.Resize(light, &back, image.Pt(m.Cols(), m.Rows()), 0, 0, gocv.InterpolationLinear)
	out := gocv.NewMatWithSize(m.Rows(), m.Cols(), gocv.MatTypeCV8U)
	src, _ := m.DataPtrUint8()
	div, _ := back.DataPtrUint8()
	dst, _ := out.DataPtrUint8()
	for i, v := range src {
		dst[i] = uint8(min(int(v)*245/max(int(div[i]), floor), 255))
	}
	return out
}

// measure estimates, on a label of the photograph's own scale, the height of
// capital letters and how steep the edges are (0..1).
func measure(raw, even gocv.Mat) (capPX, sharp float64) {
	bin := gocv.NewMat()
	defer bin.Close()
	gocv.AdaptiveThreshold(even, &bin, 255, gocv.AdaptiveThresholdMean, gocv.ThresholdBinaryInv, 31, 18)
	labels, stats, centroids := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer labels.Close()
	defer stats.Close()
	defer centroids.Close()
	n := gocv.ConnectedComponentsWithStats(bin, &labels, &stats, &centroids)
	var sides []float64
	limit := int32(max(min(raw.Cols(), raw.Rows())/4, 12))
	for i := 1; i < n; i++ {
		w, h, area := stats.GetIntAt(i, 2), stats.GetIntAt(i, 3), stats.GetIntAt(i, 4)
		long, short := max(w, h), min(w, h)
		if long < 5 || long > limit || short*4 < long || area*8 < w*h || area*10 > w*h*9 {
			continue
		}
		sides = append(sides, float64(long))
	}
	if len(sides) >= 8 {
		sort.Float64s(sides)
		capPX = sides[len(sides)*6/10]
	}
	// steepness: the largest step between neighbours against the contrast around
	gx := gocv.NewMat()
	defer gx.Close()
	gocv.Laplacian(even, &gx, gocv.MatTypeCV16S, 1, 1, 0, gocv.BorderReplicate)
	v, _ := gx.DataPtrInt16()
	strong := 0
	for _, d := range v {
		if d > 40 || d < -40 {
			strong++
		}
	}
	sharp = math.Min(1, float64(strong)/float64(len(v)+1)*12)
	return capPX, sharp
}

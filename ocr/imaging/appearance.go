package imaging

import (
	"image"
	"math"

	"gocv.io/x/gocv"
)

// The bins of an appearance, as the vision service counts them, so that a label
// photograph and a crop from a shelf camera can be compared: hue, saturation,
// brightness. A test in cmd/packroom holds the two together.
const (
	hueBins, satBins, valBins = 8, 3, 4
	appearanceSamples         = 4096
)

// appearance is the colour histogram of the parcel around a label: square roots,
// L2 norm 1. Each pixel is shared between its neighbouring bins.
func appearance(bgr gocv.Mat, label image.Rectangle) []float32 {
	grow := (label.Dx() + label.Dy()) / 8
	r := label.Inset(-grow).Intersect(image.Rect(0, 0, bgr.Cols(), bgr.Rows()))
	if r.Empty() {
		return nil
	}
	pix, err := bgr.DataPtrUint8()
	if err != nil || len(pix) < bgr.Cols()*bgr.Rows()*3 {
		return nil
	}
	step := max(1, int(math.Sqrt(float64(r.Dx()*r.Dy())/appearanceSamples)))
	var bins [hueBins * satBins * valBins]float64
	total := 0.0
	for y := r.Min.Y; y < r.Max.Y; y += step {
		for x := r.Min.X; x < r.Max.X; x += step {
			i := (y*bgr.Cols() + x) * 3
			countColour(&bins, float64(pix[i+2]), float64(pix[i+1]), float64(pix[i]))
			total++
		}
	}
	out := make([]float32, len(bins))
	for i, v := range bins {
		out[i] = float32(math.Sqrt(v / total))
	}
	return out
}

func countColour(bins *[hueBins * satBins * valBins]float64, r, g, b float64) {
	high, low := max(r, g, b), min(r, g, b)
	if high <= 0 {
		bins[0]++
		return
	}
	hue := hueOf(r, g, b, high, low) * hueBins / 6
	sat := min((high-low)/high*satBins*1.25, satBins-1)
	val := high / 255 * (valBins - 1)
	for dh := range 2 {
		h := (int(hue) + dh) % hueBins
		wh := share(hue, dh)
		for ds := range 2 {
			s := min(int(sat)+ds, satBins-1)
			at := h
			if s == 0 {
				at = 0 // grey has no hue
			}
			for dv := range 2 {
				v := min(int(val)+dv, valBins-1)
				bins[(at*satBins+s)*valBins+v] += wh * share(sat, ds) * share(val, dv)
			}
		}
	}
}

// share is how much of a value belongs to the bin below (0) or above (1).
func share(v float64, above int) float64 {
	f := v - math.Floor(v)
	if above == 1 {
		return f
	}
	return 1 - f
}

// hueOf is the hue in sixths of the circle, 0 for grey.
func hueOf(r, g, b, high, low float64) float64 {
	if high == low {
		return 0
	}
	var h float64
	switch high {
	case r:
		h = (g - b) / (high - low)
	case g:
		h = 2 + (b-r)/(high-low)
	default:
		h = 4 + (r-g)/(high-low)
	}
	if h < 0 {
		h += 6
	}
	return h
}

package vision

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // AppearanceOfPicture reads JPEG and PNG
	_ "image/png"
	"math"
)

// The bins of an appearance: 8 hues x 3 saturations x 4 brightnesses.
const (
	hueBins        = 8
	saturationBins = 3
	valueBins      = 4
	// AppearanceSize is the length of every appearance.
	AppearanceSize = hueBins * saturationBins * valueBins
)

// histogram gathers colours, each shared between its neighbouring bins, so that
// a little more light does not make another thing of it.
type histogram [AppearanceSize]float64

// add counts one pixel, channels 0..255.
func (a *histogram) add(r, g, b float64) {
	hi, lo := max(r, g, b), min(r, g, b)
	if hi <= 0 {
		a[0]++
		return
	}
	sat := (hi - lo) / hi
	hue := 0.0
	if hi > lo {
		switch hi {
		case r:
			hue = (g - b) / (hi - lo)
		case g:
			hue = 2 + (b-r)/(hi-lo)
		default:
			hue = 4 + (r-g)/(hi-lo)
		}
		if hue < 0 {
			hue += 6
		}
	}
	hue *= hueBins / 6.0
	s := min(sat*saturationBins*1.25, saturationBins-1) // few things are fully saturated
	v := hi / 255 * (valueBins - 1)
	h0, s0, v0 := int(hue)%hueBins, int(s), int(v)
	fh, fs, fv := hue-math.Floor(hue), s-float64(s0), v-float64(v0)
	for _, p := range [2]struct {
		k int
		f float64
	}{{h0, 1 - fh}, {(h0 + 1) % hueBins, fh}} {
		for ds, wS := range [2]float64{1 - fs, fs} {
			for dv, wV := range [2]float64{1 - fv, fv} {
				sk, vk := min(s0+ds, saturationBins-1), min(v0+dv, valueBins-1)
				k := p.k
				if sk == 0 {
					k = 0 // gray has no hue
				}
				a[(k*saturationBins+sk)*valueBins+vk] += p.f * wS * wV
			}
		}
	}
}

// vector is the histogram as an appearance: square roots, which keep one large
// plain face from drowning the label on it, with L2 norm 1; nil when empty.
func (a *histogram) vector() []float32 {
	sum := 0.0
	for _, v := range a {
		sum += v
	}
	if sum == 0 {
		return nil
	}
	out := make([]float32, len(a))
	for i, v := range a {
		out[i] = float32(math.Sqrt(v / sum))
	}
	return out
}

// appearanceOf is the appearance of a blob in v.
func appearanceOf(v View, b Blob) []float32 {
	var a histogram
	for _, i := range b.Pix {
		l, u, w := float64(v.L.Pix[i]), float64(v.U.Pix[i]), float64(v.V.Pix[i])
		blue, red := l+u*(l+24), l+w*(l+24)
		green := (l - 0.114*blue - 0.299*red) / 0.587
		a.add(min(max(red, 0), 255), min(max(green, 0), 255), min(max(blue, 0), 255))
	}
	return a.vector()
}

// AppearanceOfPicture is the appearance of a JPEG or PNG picture, or of its
// middle where there is likely more around than the thing: kiosk photographs of
// a label held to the camera. middle is the share of each side that counts, 0..1.
func AppearanceOfPicture(picture []byte, middle float64) ([]float32, error) {
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("appearance of a picture: %w", err)
	}
	r := img.Bounds()
	dx, dy := int(float64(r.Dx())*(1-middle)/2), int(float64(r.Dy())*(1-middle)/2)
	r = image.Rect(r.Min.X+dx, r.Min.Y+dy, r.Max.X-dx, r.Max.Y-dy)
	step := max(1, int(math.Sqrt(float64(r.Dx()*r.Dy())/4096)))
	var a histogram
	for y := r.Min.Y; y < r.Max.Y; y += step {
		for x := r.Min.X; x < r.Max.X; x += step {
			r, g, b, _ := img.At(x, y).RGBA()
			a.add(float64(r)/257, float64(g)/257, float64(b)/257)
		}
	}
	return a.vector(), nil
}

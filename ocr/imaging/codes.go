package imaging

import (
	"image"
	"sort"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/ocr"
)

// Areas finds where barcodes may stand in a picture: where nearly all edges run
// upright or level, a linear code's bars; where dense edges run both ways, a
// code of cells. The largest of each kind come first.
func (Prepare) Areas(g ocr.Gray) []ocr.CodeArea {
	const (
		shrink = 4  // what is looked for is far larger than a bar
		around = 9  // shrunken pixels that an edge speaks for
		dense  = 30 // mean steepness of a code of cells
		most   = 5  // of each kind
	)
	m, err := gocv.NewMatFromBytes(g.Height, g.Width, gocv.MatTypeCV8U, g.Pix)
	if err != nil {
		return nil
	}
	defer m.Close()
	size := image.Pt(max(g.Width/shrink, 1), max(g.Height/shrink, 1))
	upright, level := steepness(m, 1, 0, size), steepness(m, 0, 1, size)
	defer upright.Close()
	defer level.Close()
	var out []ocr.CodeArea
	for _, kind := range []ocr.AreaKind{ocr.UprightBars, ocr.LevelBars, ocr.Cells} {
		strong, weak := upright, level
		reach := image.Pt(around, around/3)
		if kind == ocr.LevelBars {
			strong, weak = level, upright
			reach = image.Pt(around/3, around)
		}
		if kind == ocr.Cells {
			reach = image.Pt(around, around)
		}
		var list []ocr.CodeArea
		for _, r := range areas(strong, weak, reach, kind == ocr.Cells, dense) {
			list = append(list, ocr.CodeArea{Kind: kind, Rect: image.Rect(r.Min.X*shrink, r.Min.Y*shrink, r.Max.X*shrink, r.Max.Y*shrink)})
		}
		sort.Slice(list, func(i, j int) bool {
			return list[i].Rect.Dx()*list[i].Rect.Dy() > list[j].Rect.Dx()*list[j].Rect.Dy()
		})
		out = append(out, list[:min(len(list), most)]...)
	}
	return out
}

// areas are the boxes of a picture of steepness where the strong kind is twice
// the weak one, or both are dense.
func areas(strong, weak gocv.Mat, reach image.Point, both bool, dense float32) []image.Rectangle {
	a, b, mask := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer a.Close()
	defer b.Close()
	defer mask.Close()
	gocv.BoxFilter(strong, &a, -1, reach)
	gocv.BoxFilter(weak, &b, -1, reach)
	shortest := 4
	if both {
		gocv.Min(a, b, &b)
		gocv.Threshold(b, &mask, dense, 255, gocv.ThresholdBinary)
		shortest = 8
	} else {
		gocv.AddWeighted(b, 2, a, 0, 10, &b)
		gocv.Compare(a, b, &mask, gocv.CompareGT)
	}
	k := gocv.GetStructuringElement(gocv.MorphRect, image.Pt(reach.X*2/3|1, reach.Y*2/3|1))
	defer k.Close()
	gocv.MorphologyEx(mask, &mask, gocv.MorphClose, k)
	gocv.MorphologyEx(mask, &mask, gocv.MorphOpen, k)
	labels, stats, centroids := gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
	defer labels.Close()
	defer stats.Close()
	defer centroids.Close()
	n := gocv.ConnectedComponentsWithStats(mask, &labels, &stats, &centroids)
	var out []image.Rectangle
	for i := 1; i < n; i++ {
		w, h, area := int(stats.GetIntAt(i, 2)), int(stats.GetIntAt(i, 3)), int(stats.GetIntAt(i, 4))
		if min(w, h) < shortest || max(w, h) < 2*shortest && !both || area*2 < w*h {
			continue
		}
		if !both && max(w, h) < 15 {
			continue
		}
		x, y := int(stats.GetIntAt(i, 0)), int(stats.GetIntAt(i, 1))
		out = append(out, image.Rect(x, y, x+w, y+h))
	}
	return out
}

// steepness is the size of the steps along one axis, reduced to a size. The
// caller closes it.
func steepness(m gocv.Mat, dx, dy int, size image.Point) gocv.Mat {
	steps, height := gocv.NewMat(), gocv.NewMat()
	defer steps.Close()
	defer height.Close()
	gocv.Sobel(m, &steps, gocv.MatTypeCV16S, dx, dy, 3, 0.5, 0, gocv.BorderReplicate)
	gocv.ConvertScaleAbs(steps, &height, 1, 0)
	out := gocv.NewMat()
	gocv.Resize(height, &out, size, 0, 0, gocv.InterpolationArea)
	return out
}

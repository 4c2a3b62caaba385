package imaging

import (
	"image"

	"gocv.io/x/gocv"
)

func appearance(bgr gocv.Mat, label image.Rectangle) []float32 {
	return nil
}

// Package imaging finds labels in photographs and rights them, with OpenCV.
package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // headers of the formats people send
	_ "image/jpeg" // "
	_ "image/png"  // "

	"gocv.io/x/gocv"
	_ "golang.org/x/image/bmp"  // "
	_ "golang.org/x/image/tiff" // "
	_ "golang.org/x/image/webp" // "

	"github.com/packroom/packroom/room"
)

// Limits of a photograph.
const (
	MaxBytes  = 30 << 20
	MaxPixels = 40_000_000

	wholePixels = 12_000_000 // decoded whole; larger ones at half their size
	minSide     = 64
)

// decode gives the picture in BGR, turned as its EXIF data says, and how many of
// its pixels make one of the photograph's: a large one is decoded at half its
// size, so that a reader's memory stays bounded. The caller closes it. What
// cannot be a photograph is refused by its header, before any pixel is decoded:
// room.ErrInvalid.
func decode(data []byte) (m gocv.Mat, perPixel int, err error) {
	pixels, err := checkHeader(data)
	if err != nil {
		return gocv.NewMat(), 1, fmt.Errorf("%w: %w", room.ErrInvalid, err)
	}
	how, perPixel := gocv.IMReadColor, 1
	if pixels > wholePixels {
		how, perPixel = gocv.IMReadReducedColor2, 2
	}
	m, err = gocv.IMDecode(data, how)
	if err != nil || m.Empty() {
		m.Close()
		return gocv.NewMat(), 1, fmt.Errorf("%w: the picture is damaged", room.ErrInvalid)
	}
	return m, perPixel, nil
}

// decodeHalf gives the picture in grey at half its size. The caller closes it.
func decodeHalf(data []byte) (gocv.Mat, error) {
	if _, err := checkHeader(data); err != nil {
		return gocv.NewMat(), fmt.Errorf("%w: %w", room.ErrInvalid, err)
	}
	m, err := gocv.IMDecode(data, gocv.IMReadReducedGrayscale2)
	if err != nil || m.Empty() {
		m.Close()
		return gocv.NewMat(), fmt.Errorf("%w: the picture is damaged", room.ErrInvalid)
	}
	return m, nil
}

// checkHeader is how many pixels a picture has by its header, or why it is not
// read.
func checkHeader(data []byte) (pixels int, err error) {
	if len(data) == 0 {
		return 0, errors.New("the file is empty")
	}
	if len(data) > MaxBytes {
		return 0, fmt.Errorf("the file has %d MB, at most %d MB are read", len(data)>>20, MaxBytes>>20)
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		return 0, errors.New("not a picture that can be read (JPEG, PNG, WebP, BMP, TIFF)")
	}
	if err != nil {
		return 0, fmt.Errorf("the picture is damaged: %w", err)
	}
	if format == "webp" && bytes.Equal(data[12:16], []byte("VP8X")) && data[20]&2 != 0 {
		return 0, errors.New("moving pictures are not read; send one frame")
	}
	if format == "gif" {
		return 0, errors.New("GIF pictures are not read; send JPEG or PNG")
	}
	if cfg.Width < minSide || cfg.Height < minSide {
		return 0, fmt.Errorf("the picture is %d x %d pixels, too small for a label", cfg.Width, cfg.Height)
	}
	if cfg.Width > MaxPixels/cfg.Height {
		return 0, fmt.Errorf("the picture is %d x %d pixels, at most %d million are read", cfg.Width, cfg.Height, MaxPixels/1_000_000)
	}
	if truncated(data, format) {
		return 0, errors.New("the picture is truncated: its end is missing")
	}
	return cfg.Width * cfg.Height, nil
}

// truncated looks for the end mark of a format that has one.
func truncated(data []byte, format string) bool {
	switch format {
	case "jpeg":
		return !bytes.Contains(data[max(0, len(data)-4096):], []byte{0xff, 0xd9})
	case "png":
		return !bytes.Contains(data[max(0, len(data)-4096):], []byte("IEND"))
	case "webp":
		if len(data) < 12 {
			return true
		}
		size := int(data[4]) | int(data[5])<<8 | int(data[6])<<16 | int(data[7])<<24
		return len(data) < size+8
	}
	return false
}

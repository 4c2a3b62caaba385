// Package zxing reads barcodes with ZXing-C++ (Debian's libzxing-dev 1.4).
//
// The library's reader of many symbols stops the process by an assertion on
// some photographs; this package asks for one symbol of one family at a time and
// never calls it.
package zxing

/*
#cgo CXXFLAGS: -std=c++17 -O2
#cgo LDFLAGS: -lZXing
#include "shim.h"
*/
import "C"

import (
	"unsafe"

	"github.com/packroom/packroom/ocr"
)

// Reader reads barcodes. It is safe for concurrent use.
type Reader struct{}

var _ ocr.CodeReader = Reader{}

// maxPixels bounds a picture: larger ones are not looked at.
const maxPixels = 40_000_000

// One reads at most one symbol of a family.
func (Reader) One(g ocr.Gray, family ocr.CodeFamily) (ocr.Code, bool) {
	if g.Width < 16 || g.Height < 4 || g.Width*g.Height > maxPixels || len(g.Pix) < g.Width*g.Height {
		return ocr.Code{}, false
	}
	var r C.zx_result
	C.zx_read((*C.uchar)(unsafe.Pointer(&g.Pix[0])), C.int(g.Width), C.int(g.Height), C.int(g.Width), C.int(family), 1, &r)
	if r.found == 0 {
		return ocr.Code{}, false
	}
	c := ocr.Code{Format: C.GoString(&r.format[0]), Text: C.GoStringN(&r.text[0], r.length)}
	for i := range c.Corners {
		c.Corners[i] = [2]float64{float64(r.corners[2*i]), float64(r.corners[2*i+1])}
	}
	return c, true
}

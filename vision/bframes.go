package vision

import (
	"math/bits"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// reorderCheck finds B-frames: slices of that type, or pictures whose times go
// back a little, again and again. One jump back is a camera that set its clock.
type reorderCheck struct {
	last  time.Duration
	began bool
	back  int
}

func (r *reorderCheck) hasBFrames(nals [][]byte, pts time.Duration) bool {
	if r.began && pts < r.last && r.last-pts < time.Second {
		r.back++
	}
	r.last, r.began = pts, true
	if r.back >= 3 {
		return true
	}
	for _, n := range nals {
		if isBSlice(n) {
			return true
		}
	}
	return false
}

// isBSlice reads the first two fields of a slice's header (ITU-T H.264, 7.3.3):
// the address of its first macroblock, and its type, of which 1 and 6 are B.
func isBSlice(nal []byte) bool {
	if len(nal) < 2 || nal[0]&0x80 != 0 {
		return false
	}
	switch h264.NALUType(nal[0] & 0x1f) {
	case h264.NALUTypeNonIDR, h264.NALUTypeDataPartitionA:
	default:
		return false
	}
	var head uint64
	for i := range 8 {
		head <<= 8
		if i+1 < len(nal) {
			head |= uint64(nal[i+1])
		}
	}
	_, head, ok := golomb(head)
	if !ok {
		return false
	}
	kind, _, ok := golomb(head)
	return ok && (kind == 1 || kind == 6)
}

// golomb takes an unsigned Exp-Golomb code (9.1) off the upper end of b.
func golomb(b uint64) (value uint32, rest uint64, ok bool) {
	zeros := bits.LeadingZeros64(b)
	if zeros > 15 { // beyond 16 million pixels; the pictures' times will tell
		return 0, 0, false
	}
	n := 2*zeros + 1
	return uint32(b>>(64-n)) - 1, b << n, true
}

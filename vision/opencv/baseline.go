package opencv

import (
	"fmt"
	"runtime"

	"gocv.io/x/gocv"

	"github.com/packroom/packroom/vision"
)

// Baseline is classic background subtraction, MOG2 with its defaults: what a
// detector's cost is held against. Not safe for concurrent use.
type Baseline struct {
	mog2 gocv.BackgroundSubtractorMOG2
	mask gocv.Mat
}

// NewBaseline makes one; Close frees it.
func NewBaseline() *Baseline {
	oneThread()
	return &Baseline{mog2: gocv.NewBackgroundSubtractorMOG2(), mask: gocv.NewMat()}
}

// Apply looks at the next frame, at its own size.
func (b *Baseline) Apply(f vision.Frame) error {
	full, err := gocv.NewMatFromBytes(f.Height, f.Width, gocv.MatTypeCV8UC3, f.Pix)
	if err != nil {
		return fmt.Errorf("%w: %w", vision.ErrFrame, err)
	}
	defer full.Close()
	b.mog2.Apply(full, &b.mask)
	runtime.KeepAlive(f.Pix)
	return nil
}

// Close frees its memory.
func (b *Baseline) Close() error {
	if err := b.mog2.Close(); err != nil {
		return err
	}
	return b.mask.Close()
}

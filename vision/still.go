package vision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"time"

	"github.com/packroom/packroom/room"
)

const stillWidth = 240

// Still is a small JPEG of a moment with faces covered, for a strip of time.
func (b *Blurrer) Still(ctx context.Context, camera string, at time.Time) ([]byte, error) {
	r := b.clips.known(camera)
	if r == nil {
		return nil, fmt.Errorf("footage of camera %q: %w", camera, room.ErrNotFound)
	}
	s, err := r.cut(camera, at, at.Add(time.Second))
	if err != nil {
		return nil, err
	}
	s.shots = s.shots[:1] // the keyframe
	s.From = s.Start
	f, err := os.CreateTemp(b.clips.exportDir(), newPrefix+"*")
	if err != nil {
		return nil, fmt.Errorf("still: %w", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(s.WriteMP4(f), f.Close()); err != nil {
		return nil, fmt.Errorf("still: %w", err)
	}
	return b.still(ctx, camera, at, f.Name())
}

// still covers and encodes the first picture of a file. What stood still in a
// clip's other pictures is not known here: everything new is covered.
func (b *Blurrer) still(ctx context.Context, camera string, at time.Time, path string) ([]byte, error) {
	b.work.Lock()
	defer b.work.Unlock()
	empty, ok := b.emptyRoom(ctx, camera, at)
	var small Frame
	err := eachFrame(ctx, path, lookWidth, func(f Frame) error {
		g := glimpse{small: shrinkTiny(f)}
		parts := []image.Rectangle{image.Rect(0, 0, g.small.w, g.small.h)}
		if ok {
			parts = cover([]glimpse{g}, empty)[0]
		}
		mosaic(f, parts, g.small.w, g.small.h)
		small = shrinkTo(f, stillWidth)
		return nil
	})
	if err == nil && !small.Valid() {
		err = ErrFootage
	}
	var out bytes.Buffer
	if err == nil {
		err = jpeg.Encode(&out, small.rgba(), &jpeg.Options{Quality: 75})
	}
	if err != nil {
		return nil, fmt.Errorf("still: %w", err)
	}
	return out.Bytes(), nil
}

package ocr

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/packroom/packroom/room"
)

// most frames of one label that are read, and looked at.
const (
	mostReadFrames = 3
	mostFrames     = 12
)

// Read reads one label of which there are one or several photographs: the
// sharpest, and others where that one says nothing. What cannot be a photograph
// is room.ErrInvalid, a missed deadline context.DeadlineExceeded; photographs
// without a label give a reading that says what to do about it.
func (r *Reader) Read(ctx context.Context, frames ...[]byte) (room.Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Deadline)
	defer cancel()
	start := r.cfg.Now()
	order, err := r.sharpest(frames)
	if err != nil {
		return room.Reading{}, fmt.Errorf("read label: %w", err)
	}
	var best room.Reading
	var failed error
	for i, at := range order[:min(len(order), mostReadFrames)] {
		if i > 0 && r.cfg.Now().Sub(start) > r.cfg.Deadline/2 {
			break // another would hardly be finished
		}
		reading, err := r.readFrame(ctx, frames[at])
		if err != nil {
			failed = err
			continue
		}
		if reading.Frame = at; best.Decision == "" || worth(reading) > worth(best) {
			best = reading
		}
		if worth(best) > 1 {
			break
		}
	}
	if best.Decision == "" {
		return room.Reading{}, failed
	}
	best.MS["total"] = float64(r.cfg.Now().Sub(start)/time.Microsecond) / 1000
	return best, nil
}

// worth orders readings: 0 = nothing was seen, 1 = a number or a name alone.
func worth(r room.Reading) int {
	switch {
	case r.Decision == room.DecisionMatch:
		return 4
	case r.Decision == room.DecisionConfirm:
		return 3
	case r.Reason == "past_resident" || r.Reason == "other_address" || len(r.Candidates) > 0:
		return 2
	case r.Tracking != "" || r.Recipient != "":
		return 1
	}
	return 0
}

// sharpest orders frames by sharpness. Those that are no picture are left out;
// where none is one, the first error tells.
func (r *Reader) sharpest(frames [][]byte) ([]int, error) {
	if len(frames) == 0 {
		return nil, fmt.Errorf("%w: no picture was sent", room.ErrInvalid)
	}
	if len(frames) == 1 {
		return []int{0}, nil
	}
	if len(frames) > mostFrames {
		return nil, fmt.Errorf("%w: %d pictures of one label, at most %d are read", room.ErrInvalid, len(frames), mostFrames)
	}
	sharp := make([]float64, len(frames))
	var order []int
	var bad error
	for i, f := range frames {
		s, err := r.cfg.Prepare.Sharpness(f)
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("picture %d: %w", i+1, err))
			continue
		}
		sharp[i] = s
		order = append(order, i)
	}
	if len(order) == 0 {
		return nil, bad
	}
	sort.SliceStable(order, func(a, b int) bool { return sharp[order[a]] > sharp[order[b]] })
	return order, nil
}

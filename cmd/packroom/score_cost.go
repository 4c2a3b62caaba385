package main

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/opencv"
)

// frameCost is what frames cost, in processor time.
type frameCost struct {
	busy, quiet work // while people, or light, do something; while nothing does
	baseline    work // MOG2 over the same frames
	stages      opencv.Spent
}

// work is processor time spent on frames.
type work struct {
	frames int
	cpu    time.Duration
}

func (w *work) add(cpu time.Duration) { w.frames, w.cpu = w.frames+1, w.cpu+cpu }

// each is the milliseconds a frame.
func (w work) each() float64 {
	if w.frames == 0 {
		return 0
	}
	return w.cpu.Seconds() * 1000 / float64(w.frames)
}

// measureCost runs the detector and MOG2 by turns over a clip's first frames, so
// that both have the same machine.
func measureCost(ctx context.Context, detection DetectionConfig, c clip, most int) (frameCost, error) {
	slots, err := readSlots(c.slots)
	if err != nil {
		return frameCost{}, err
	}
	footage, err := vision.OpenFootage(ctx, c.video)
	if err != nil {
		return frameCost{}, err
	}
	defer footage.Close()
	config := detection.opencv()
	config.NoPictures, config.Clock = true, processorTime
	detector, err := opencv.New(slots, config)
	if err != nil {
		return frameCost{}, err
	}
	defer detector.Close()
	baseline := opencv.NewBaseline()
	defer baseline.Close()
	var cost frameCost
	open := false // the gate, at the frame before
	for n := range most {
		f, err := footage.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return frameCost{}, err
		}
		before, began := detector.Spent().Track, processorTime()
		if _, err := detector.Process(f); err != nil {
			return frameCost{}, err
		}
		people := detector.Scene().People
		detecting := processorTime() - began
		began = processorTime()
		if err := baseline.Apply(f); err != nil {
			return frameCost{}, err
		}
		classic := processorTime() - began
		was := open
		open = detector.Spent().Track > before
		switch {
		case n == 0: // both make room for what they keep
		case people || open && was:
			cost.busy.add(detecting)
			cost.baseline.add(classic)
		default: // with the look that is taken once a second
			cost.quiet.add(detecting)
			cost.baseline.add(classic)
		}
	}
	cost.stages = detector.Spent()
	return cost, nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(os.NewSyscallError("getrusage", err)) // it has no way to fail
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

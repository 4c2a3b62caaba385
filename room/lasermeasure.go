package room

import (
	"context"
	"errors"
	"image"
	"sync"
	"time"
)

// The grid of a calibration.
const (
	laserColumns = 5
	laserRows    = 4
)

// LaserStep is one aim, and what the camera saw of it.
type LaserStep struct {
	Aim    Aim     `json:"aim"`
	At     *Point  `json:"at,omitempty"`   // nil: no dot was seen, or several
	Out    bool    `json:"out,omitempty"`  // the head does not go there
	Slot   string  `json:"slot,omitempty"` // whose middle was aimed at; empty in a calibration
	MissMM float64 `json:"miss_mm,omitempty"`
}

// LaserMeasure finds the dot of a laser in a camera's pictures.
type LaserMeasure struct {
	Laser  Laser
	Still  func(ctx context.Context) (image.Image, error) // of the camera, taken after the call
	Settle time.Duration                                  // from Point to a dot that stands still
	Safe   func() error                                   // why the laser must be dark, asked all the time; nil: somebody stands by
	Tell   func(LaserStep)                                // learns each step
}

// Calibrate measures a grid of angles.
func (m LaserMeasure) Calibrate(ctx context.Context, camera string, pan, tilt [2]float64) (LaserFile, error) {
	file := LaserFile{Camera: camera}
	var aims []Aim
	for row := range laserRows {
		for column := range laserColumns {
			aims = append(aims, Aim{PanDeg: between(pan, column, laserColumns), TiltDeg: between(tilt, row, laserRows)})
		}
	}
	err := m.look(ctx, aims, func(_ int, s LaserStep, size image.Point) {
		if file.Width, file.Height = size.X, size.Y; s.At != nil {
			file.Points = append(file.Points, LaserPoint{Aim: s.Aim, At: *s.At})
		}
		m.Tell(s)
	})
	return file, err
}

// between is one of n places spread over a span.
func between(span [2]float64, at, n int) float64 {
	return span[0] + (span[1]-span[0])*float64(at)/float64(n-1)
}

// Check aims at the middle of each slot that has angles and tells how far the dot
// is off. frame is the size of the pictures that the slots lie in.
func (m LaserMeasure) Check(ctx context.Context, slots []Slot, frame image.Point) error {
	var aims []Aim
	var of []Slot
	for _, s := range slots {
		if a, ok := s.AimAt(s.Bounds().Center()); ok {
			aims, of = append(aims, a), append(of, s)
		}
	}
	var wrong error
	err := m.look(ctx, aims, func(i int, s LaserStep, size image.Point) {
		if s.Slot = of[i].ID; s.At != nil {
			at := Point{s.At[0] * float64(frame.X) / float64(size.X), s.At[1] * float64(frame.Y) / float64(size.Y)}
			mm, err := of[i].MissMM(at)
			s.At, s.MissMM, wrong = &at, mm, errors.Join(wrong, err)
		}
		m.Tell(s)
	})
	return errors.Join(err, wrong)
}

// look aims, one after the other, and tells what the camera sees of each. It
// leaves the laser dark.
func (m LaserMeasure) look(ctx context.Context, aims []Aim, tell func(i int, s LaserStep, size image.Point)) (err error) {
	defer func() { err = errors.Join(err, m.Laser.Off(context.WithoutCancel(ctx))) }()
	dark, err := m.dark(ctx)
	if err != nil {
		return err
	}
	size := dark.Bounds().Size()
	for i, a := range aims {
		s := LaserStep{Aim: a}
		lit, err := m.lit(ctx, a)
		switch s.Out = errors.Is(err, ErrInvalid); {
		case s.Out:
		case err != nil:
			return err
		default:
			if at, ok := FindDot(dark, lit); ok {
				s.At = &at
			}
		}
		tell(i, s, size)
	}
	return nil
}

// dark takes a picture without the laser.
func (m LaserMeasure) dark(ctx context.Context) (image.Image, error) {
	if err := m.safe(); err != nil {
		return nil, err
	}
	if err := m.Laser.Off(ctx); err != nil {
		return nil, err
	}
	if !pause(ctx, m.Settle) {
		return nil, ctx.Err()
	}
	return m.Still(ctx)
}

// lit takes a picture while the laser rests somewhere.
func (m LaserMeasure) lit(ctx context.Context, a Aim) (image.Image, error) {
	if err := m.safe(); err != nil {
		return nil, err
	}
	if err := m.Laser.Point(ctx, a, LaserTTL); err != nil {
		return nil, err
	}
	holding, end := context.WithCancelCause(ctx)
	var hold sync.WaitGroup
	hold.Go(func() { // the dead-man time is shorter than a picture takes
		for pause(holding, LaserTTL/4) {
			if err := m.safe(); err != nil {
				_ = m.Laser.Off(ctx) // it goes dark by itself too
				end(err)
				return
			}
			_ = m.Laser.Point(holding, a, LaserTTL) // the next picture tells
		}
	})
	defer hold.Wait()
	defer end(nil)
	if pause(holding, m.Settle) {
		picture, err := m.Still(holding)
		if holding.Err() == nil {
			return picture, err
		}
	}
	return nil, context.Cause(holding)
}

func (m LaserMeasure) safe() error {
	if m.Safe == nil {
		return nil
	}
	return m.Safe()
}

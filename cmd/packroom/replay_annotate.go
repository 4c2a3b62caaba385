package main

import (
	"context"
	"errors"

	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/opencv"
)

// annotated is footage with what is seen in it drawn on it, on its way to a file.
type annotated struct {
	drawing *opencv.Annotator
	film    *vision.FilmWriter
}

// annotate begins the file, for frames like f. Without a path nothing is drawn.
func annotate(ctx context.Context, path string, d *opencv.Detector, f vision.Frame) (*annotated, error) {
	if path == "" {
		return nil, nil
	}
	a := &annotated{drawing: d.Annotate()}
	w, h := a.drawing.Size(f)
	var err error
	if a.film, err = vision.NewFilmWriter(ctx, path, w, h); err != nil {
		return nil, errors.Join(err, a.drawing.Close())
	}
	return a, nil
}

// add draws the frame that was processed last. A nil annotated does nothing.
func (a *annotated) add(f vision.Frame) error {
	if a == nil {
		return nil
	}
	pix, err := a.drawing.Draw(f)
	if err != nil {
		return err
	}
	return a.film.Add(pix, f.T)
}

func (a *annotated) close() error {
	if a == nil {
		return nil
	}
	return errors.Join(a.film.Close(), a.drawing.Close())
}

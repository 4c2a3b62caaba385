package vision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// filmRate is the frames a second of written films: a picture stands until the
// next one's time, whatever the camera's rate was.
const filmRate = 10

// FilmWriter writes frames as a video that browsers play. Not safe for
// concurrent use.
type FilmWriter struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	said    tail
	written int // frames
	last    []byte
}

// NewFilmWriter begins a file of w x h pixels; Close must be called. Sides that
// are odd lose a pixel.
func NewFilmWriter(ctx context.Context, path string, w, h int) (*FilmWriter, error) {
	f := &FilmWriter{}
	f.cmd = exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostats", "-y",
		"-f", "rawvideo", "-pix_fmt", "bgr24", "-s", fmt.Sprintf("%dx%d", w, h), "-r", fmt.Sprint(filmRate), "-i", "pipe:0",
		"-an", "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p",
		"-threads", "1", "-movflags", "+faststart", "file:"+path)
	f.cmd.Stderr = &f.said
	var err error
	if f.in, err = f.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.cmd.Start(); err != nil {
		return nil, fmt.Errorf("write %s: start ffmpeg: %w", path, err)
	}
	return f, nil
}

// Add shows a picture, packed BGR24, from a time on.
func (f *FilmWriter) Add(pix []byte, at time.Duration) error {
	if err := f.repeat(int(at.Seconds() * filmRate)); err != nil {
		return err
	}
	f.last = append(f.last[:0], pix...)
	return nil
}

// repeat writes the last picture until so many are written.
func (f *FilmWriter) repeat(frames int) error {
	for f.last != nil && f.written < frames {
		if _, err := f.in.Write(f.last); err != nil {
			return f.why(err)
		}
		f.written++
	}
	return nil
}

// Close writes the last picture and ends the file.
func (f *FilmWriter) Close() error {
	err := f.repeat(f.written + 1)
	return errors.Join(err, f.in.Close(), f.why(f.cmd.Wait()))
}

func (f *FilmWriter) why(err error) error {
	if err != nil {
		return fmt.Errorf("write the film: %w: %s", err, f.said.last())
	}
	return nil
}

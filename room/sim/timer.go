package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// timer gives each picture of an encoder's FLV its own time, and makes a file of
// it: ffmpeg numbers raw pictures as if they came regularly, and a film leaves out
// those on which nothing happens.
type timer struct {
	cmd  *exec.Cmd
	done chan error
	once sync.Once
	err  error

	mu    sync.Mutex
	times []time.Duration // of pictures on their way through the encoder
	last  time.Duration
}

// startTimer begins the file at path, of what the encoder writes to flv.
func startTimer(ctx context.Context, flv io.Reader, path string) (*timer, error) {
	t := &timer{done: make(chan error, 1)}
	t.cmd = exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostats", "-y",
		"-f", "flv", "-i", "pipe:0", "-c", "copy", "-movflags", "+faststart", path)
	t.cmd.Stderr = os.Stderr
	in, err := t.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start ffmpeg for %s: %w", path, err)
	}
	go func() {
		err := t.retime(in, flv)
		t.done <- errors.Join(err, in.Close())
	}()
	return t, nil
}

// at says when the next picture was taken.
func (t *timer) at(when time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times, t.last = append(t.times, when), when
}

// retime copies FLV; an access unit gets the time of the picture that it is of.
func (t *timer) retime(to io.Writer, from io.Reader) error {
	var head [13]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return fmt.Errorf("read the encoder's header: %w", err)
	}
	if _, err := to.Write(head[:]); err != nil {
		return fmt.Errorf("write the film: %w", err)
	}
	var tag [11]byte
	for {
		if _, err := io.ReadFull(from, tag[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read a picture's header: %w", err)
		}
		body := make([]byte, 4+(int(tag[1])<<16|int(tag[2])<<8|int(tag[3]))) // and the tag's length once more
		if _, err := io.ReadFull(from, body); err != nil {
			return fmt.Errorf("read a picture: %w", err)
		}
		if tag[0] == 9 && body[0]&15 == 7 && body[1] == 1 {
			ms := t.next().Milliseconds()
			tag[4], tag[5], tag[6], tag[7] = byte(ms>>16), byte(ms>>8), byte(ms), byte(ms>>24)
		}
		if _, err := to.Write(append(tag[:], body...)); err != nil {
			return fmt.Errorf("write the film: %w", err)
		}
	}
}

// next is the time of the next access unit's picture: without B-frames they leave
// the encoder in the order in which they came.
func (t *timer) next() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.times) == 0 {
		return t.last
	}
	at := t.times[0]
	t.times = t.times[1:]
	return at
}

// stop waits for the file; the encoder's input must have been closed.
func (t *timer) stop() error {
	t.once.Do(func() {
		t.err = <-t.done
		if err := t.cmd.Wait(); err != nil && t.err == nil {
			t.err = fmt.Errorf("write the film: %w", err)
		}
	})
	return t.err
}

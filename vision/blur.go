package vision

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// BlurMost is the longest stretch that is made unrecognizable at once.
const BlurMost = 5 * time.Minute

const (
	blurWidth    = 1280 // of what is rendered, at most
	lookWidth    = 640  // of what is looked at: heads are found as well, and it is four times less to carry
	emptyAround  = 15 * time.Minute
	emptyMost    = 15 // pictures that the empty room is made of
	emptyLeast   = 6
	emptySpan    = 45 * time.Second // between the first and the last of them: who stands still is no furniture
	findEvery    = time.Second      // who moves is covered anyway
	blurFPS      = 15
	emptyForgets = 10 * time.Minute
)

// HeadFinder finds heads and faces in a frame, in its pixels; it may find too
// many. Not safe for concurrent use.
type HeadFinder interface {
	Heads(f Frame) ([]image.Rectangle, error)
	Close() error
}

// Blurrer makes footage in which nobody can be recognized: the heads of all that
// differs from the empty room become squares of one colour, as does what a
// HeadFinder finds. Where it is not known how the empty room looks, all of the
// picture does. No face is described or compared. Safe for concurrent use; it
// works on one piece at a time.
type Blurrer struct {
	clips *Clips
	heads func() (HeadFinder, error) // nil: none is fitted

	work  sync.Mutex
	known map[string]emptyRoom
}

type emptyRoom struct {
	picture tiny
	ok      bool
	made    time.Time
}

// NewBlurrer makes a Blurrer of the footage in clips; heads may be nil.
func NewBlurrer(clips *Clips, heads func() (HeadFinder, error)) *Blurrer {
	return &Blurrer{clips: clips, heads: heads, known: map[string]emptyRoom{}}
}

// Export is Clips.Export with faces made unrecognizable. It takes about as long
// as the footage lasts, and is quick when asked again.
func (b *Blurrer) Export(ctx context.Context, camera string, from, to time.Time) (Clip, error) {
	if to.Sub(from) > BlurMost {
		return Clip{}, fmt.Errorf("footage: %w", room.Refuse(room.ErrInvalid, "footage_long", "with faces covered, ask for up to {minutes} minutes at once",
			"minutes", strconv.Itoa(int(BlurMost.Minutes()))))
	}
	return b.clips.cached("blur-"+exportName(camera, from, to), to, func(path string) (Clip, error) {
		plain, err := b.clips.Export(camera, from, to)
		if err != nil {
			return plain, err
		}
		b.work.Lock()
		defer b.work.Unlock()
		return b.render(context.WithoutCancel(ctx), plain, path) // others may wait for it too
	})
}

// render covers the people of a clip.
func (b *Blurrer) render(ctx context.Context, plain Clip, path string) (Clip, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	empty, ok := b.emptyRoom(ctx, plain.Camera, plain.From)
	all, err := b.look(ctx, plain.Path)
	if err != nil {
		return Clip{}, fmt.Errorf("cover faces: %w", err)
	}
	parts := make([][]image.Rectangle, len(all))
	for k, s := range all {
		parts[k] = []image.Rectangle{image.Rect(0, 0, s.small.w, s.small.h)}
	}
	if ok {
		parts = cover(all, empty)
	}
	out := plain
	if out.SHA256, out.Bytes, err = saveFile(path, func(tmp string) error { return drawOver(ctx, plain.Path, all, parts, tmp) }); err != nil {
		return Clip{}, fmt.Errorf("cover faces: %w", err)
	}
	out.Path = path
	return out, nil
}

// look reads a clip once and notes what must be known of every picture.
func (b *Blurrer) look(ctx context.Context, path string) (all []glimpse, err error) {
	var finder HeadFinder
	if b.heads != nil {
		if finder, err = b.heads(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, finder.Close()) }()
	}
	searched := -findEvery
	err = eachFrame(ctx, path, lookWidth, func(f Frame) error {
		s := glimpse{at: f.T, small: shrinkTiny(f)}
		if finder != nil && f.T-searched >= findEvery {
			searched = f.T
			heads, err := finder.Heads(f)
			if err != nil {
				return err
			}
			for _, h := range heads {
				s.extra = append(s.extra, image.Rect(h.Min.X*s.small.w/f.Width, h.Min.Y*s.small.h/f.Height,
					h.Max.X*s.small.w/f.Width+1, h.Max.Y*s.small.h/f.Height+1))
			}
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

// eachFrame decodes footage, no wider than most, and all of it in the size of its
// first picture: a camera's resolution may be changed at any time.
func eachFrame(ctx context.Context, path string, most int, each func(f Frame) error) error {
	w, h, err := sizeOf(ctx, path)
	if err != nil {
		return err
	}
	if w > most {
		w, h = most, h*most/w
	}
	in, err := openFootage(ctx, path, fmt.Sprintf("scale=%d:%d,", w/2*2, h/2*2))
	if err != nil {
		return err
	}
	for {
		f, err := in.Next()
		if err == nil {
			err = each(f)
		}
		if err != nil {
			_, _, cerr := in.Close()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, cerr)
		}
	}
}

// sizeOf is the size of a video's first pictures.
func sizeOf(ctx context.Context, path string) (w, h int, err error) {
	b, err := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", "file:"+path).Output()
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d,%d", &w, &h)
	}
	if err != nil || w < 2 || h < 2 {
		return 0, 0, fmt.Errorf("%w: %s: its size is not known: %v", ErrFootage, path, err)
	}
	return w, h, nil
}

// drawOver writes footage anew with parts of its pictures covered, blurFPS
// pictures a second. What an edit list hides is not in it.
func drawOver(ctx context.Context, from string, all []glimpse, parts [][]image.Rectangle, path string) error {
	var enc *encoder
	k, drawn := 0, 0
	err := eachFrame(ctx, from, blurWidth, func(f Frame) error {
		if enc == nil {
			var err error
			if enc, err = startEncoder(ctx, f.Width, f.Height, path); err != nil {
				return err
			}
		}
		if k >= len(all) {
			return fmt.Errorf("%w: it has other pictures than before", ErrFootage)
		}
		mosaic(f, parts[k], all[k].small.w, all[k].small.h)
		end := all[k].end(all, k)
		k++
		for ; time.Duration(drawn)*time.Second/blurFPS < end; drawn++ {
			if _, err := enc.in.Write(f.Pix); err != nil {
				return fmt.Errorf("encode: %w: %s", err, enc.said.last())
			}
		}
		return nil
	})
	if enc == nil {
		return errors.Join(err, ErrFootage)
	}
	return errors.Join(err, enc.close())
}

// encoder is an ffmpeg child that makes an MP4 of raw pictures.
type encoder struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	said *tail
}

func startEncoder(ctx context.Context, w, h int, path string) (*encoder, error) {
	e := &encoder{said: &tail{}}
	e.cmd = exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24",
		"-s", fmt.Sprintf("%dx%d", w, h), "-r", strconv.Itoa(blurFPS), "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast", "-crf", "25",
		"-pix_fmt", "yuv420p", "-bf", "0", "-g", strconv.Itoa(blurFPS), "-threads", "2", "-movflags", "+faststart", "-f", "mp4", "file:"+path)
	e.cmd.Stderr = e.said
	var err error
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if err := e.cmd.Start(); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return e, nil
}

func (e *encoder) close() error {
	err := e.in.Close()
	if werr := e.cmd.Wait(); werr != nil {
		err = fmt.Errorf("encode: %w: %s", werr, e.said.last())
	}
	return err
}

// emptyRoom is how a camera sees the room without people around a time; ok is
// false where too little of that is recorded. b.work is held.
func (b *Blurrer) emptyRoom(ctx context.Context, camera string, at time.Time) (tiny, bool) {
	key := fmt.Sprintf("%s/%d", camera, at.Unix()/int64(emptyForgets/time.Second))
	now := time.Now()
	for k, e := range b.known {
		if now.Sub(e.made) > emptyForgets {
			delete(b.known, k)
		}
	}
	if e, found := b.known[key]; found && e.ok {
		return e.picture, true
	}
	e := emptyRoom{made: now}
	e.picture, e.ok = b.makeEmptyRoom(ctx, camera, at)
	b.known[key] = e
	return e.picture, e.ok
}

func (b *Blurrer) makeEmptyRoom(ctx context.Context, camera string, at time.Time) (tiny, bool) {
	r := b.clips.known(camera)
	if r == nil {
		return tiny{}, false
	}
	s := r.keyframes(camera, at.Add(-emptyAround), at.Add(emptyAround), emptyMost)
	if n := len(s.shots); n < emptyLeast || s.shots[n-1].at.Sub(s.shots[0].at) < emptySpan {
		return tiny{}, false
	}
	f, err := os.CreateTemp(b.clips.exportDir(), newPrefix+"*")
	if err != nil {
		return tiny{}, false
	}
	defer os.Remove(f.Name())
	err = errors.Join(s.WriteMP4(f), f.Close())
	var all []tiny
	if err == nil {
		err = eachFrame(ctx, f.Name(), lookWidth, func(f Frame) error {
			all = append(all, shrinkTiny(f))
			return nil
		})
	}
	if err != nil || len(all) < emptyLeast {
		return tiny{}, false
	}
	return medianOf(all)
}

// keyframes picks up to most pictures that stand by themselves, spread over
// [from, to] and a second apart at least.
func (r *ring) keyframes(camera string, from, to time.Time, most int) *Stretch {
	s := &Stretch{Camera: camera, From: from, To: to}
	segments := r.touching(from, to)
	step := max(1, len(segments)/most)
	for i := 0; i < len(segments); i += step {
		codec, shots, err := readSegment(segments[i].path, segments[i].start)
		if err != nil || len(shots) == 0 {
			continue
		}
		keys := slices.DeleteFunc(shots, func(h shot) bool { return !h.key || h.at.Before(from) || !h.at.Before(to) })
		for _, h := range keys[:min(len(keys), max(1, most/max(1, len(segments))))] {
			s.shots, s.codec = append(s.shots, h), codec
		}
	}
	if len(s.shots) > 0 {
		s.Start, s.From = s.shots[0].at, s.shots[0].at
	}
	return s
}

package vision

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
)

const (
	partLength    = time.Second      // written at once: what a crash may lose
	segmentLength = 10 * time.Second // a file, ended at the next keyframe
	segmentMost   = 2 * time.Minute  // no file is longer, nor reaches further
	segmentSuffix = ".mp4"
	newPrefix     = ".new-" // of files that are not whole yet
)

// ring is one camera's footage on disk: files of about 10 s, named by the wall
// time of their first picture in milliseconds, each a fragmented MP4 that begins
// at a keyframe and plays by itself. Parts of it are appended whole; what a
// crash leaves of the last one is not read. A file's time of change is the end
// of its last picture, so that what is covered is known without opening it.
type ring struct {
	dir string

	mu       sync.Mutex
	segments []segment // by start
}

// segment is one file of a ring.
type segment struct {
	start time.Time
	end   time.Time
	path  string
	bytes int64
}

func openRing(dir string) (*ring, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("footage: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("footage: %w", err)
	}
	r := &ring{dir: dir}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), segmentSuffix)
		ms, err := strconv.ParseInt(name, 10, 64)
		if !ok || err != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		s := segment{start: time.UnixMilli(ms).UTC(), end: info.ModTime().UTC(), path: filepath.Join(dir, e.Name()), bytes: info.Size()}
		if s.end.Before(s.start) || s.end.Sub(s.start) > segmentMost+segmentLength { // copied, or the clock was set
			s.end = s.start.Add(segmentLength)
		}
		r.segments = append(r.segments, s)
	}
	r.sort()
	return r, nil
}

// sort keeps segments by start; a wall clock may be set back. r.mu is held.
func (r *ring) sort() {
	slices.SortStableFunc(r.segments, func(a, b segment) int { return a.start.Compare(b.start) })
}

// touching gives the segments that may hold footage of [from, to].
func (r *ring) touching(from, to time.Time) (found []segment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.segments {
		if s.start.Before(to) && s.start.After(from.Add(-segmentMost-segmentLength)) {
			found = append(found, s)
		}
	}
	return found
}

// covered gives the spans within [from, to] of which there are pictures; pauses
// too short to be called gaps are passed over.
func (r *ring) covered(from, to time.Time) (spans []Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.segments {
		if s.end.After(from) && s.start.Before(to) && s.end.After(s.start) {
			spans = append(spans, Span{later(s.start, from), earlier(s.end, to)})
		}
	}
	return joined(spans)
}

// Span is a time of which there is footage.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// joined puts spans in order and together where no gap lies between them.
func joined(spans []Span) (out []Span) {
	slices.SortFunc(spans, func(a, b Span) int { return a.From.Compare(b.From) })
	for _, s := range spans {
		if n := len(out); n > 0 && s.From.Sub(out[n-1].To) <= gapLeast {
			out[n-1].To = later(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (r *ring) all() []segment {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.segments)
}

// remove deletes one segment.
func (r *ring) remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove footage: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.segments = slices.DeleteFunc(r.segments, func(s segment) bool { return s.path == path })
	return nil
}

// recorder appends a camera's units to its ring. Not safe for concurrent use.
type recorder struct {
	ring *ring
	file *os.File
	path string
	at   time.Time     // of the segment's first unit
	end  time.Time     // of what is written of it
	t    time.Duration // of it
	sps  string
	part []*Unit
	last uint64 // number of the last unit
	seq  uint32
}

// add takes the next unit.
func (r *recorder) add(u *Unit) error {
	hole := r.file != nil && u.Seq != r.last+1
	r.last = u.Seq
	if r.file != nil && (u.Break || hole) {
		if err := r.close(); err != nil {
			return err
		}
	}
	if len(r.part) > 0 && u.T-r.part[0].T >= partLength {
		if err := r.flush(u.T); err != nil {
			return err
		}
	}
	if u.Key && (r.file == nil || r.due(u)) {
		if err := errors.Join(r.closeAt(u.T), r.open(u)); err != nil {
			return err
		}
	}
	if r.file != nil {
		r.part = append(r.part, u)
	}
	return nil
}

// due reports whether a new segment must begin at u: the old one is long, the
// picture's form changed, or the wall clock was set.
func (r *recorder) due(u *Unit) bool {
	sps, _ := u.splitSPS()
	drift := u.At.Sub(r.at) - (u.T - r.t)
	return u.T-r.t >= segmentLength || string(sps) != r.sps || drift.Abs() > 500*time.Millisecond
}

func (r *recorder) open(u *Unit) error {
	sps, pps := u.splitSPS()
	var head seekablebuffer.Buffer
	in := fmp4.Init{Tracks: []*fmp4.InitTrack{{ID: 1, TimeScale: videoClock, Codec: &codecs.H264{SPS: sps, PPS: pps}}}}
	if err := in.Marshal(&head); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	start := u.At.Truncate(time.Millisecond)
	path := filepath.Join(r.ring.dir, fmt.Sprintf("%013d%s", start.UnixMilli(), segmentSuffix))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if _, err := f.Write(head.Bytes()); err != nil {
		return errors.Join(fmt.Errorf("record: %w", err), f.Close(), os.Remove(path))
	}
	r.file, r.path, r.at, r.end, r.t, r.sps, r.seq = f, path, start, start, u.T-u.At.Sub(start), string(sps), 0
	r.ring.mu.Lock()
	r.ring.segments = append(r.ring.segments, segment{start: start, end: start, path: path, bytes: int64(len(head.Bytes()))})
	r.ring.sort()
	r.ring.mu.Unlock()
	return nil
}

// flush writes the part; the next unit is at next. A part that could not be
// written ends its segment: what follows would lie behind a torn one.
func (r *recorder) flush(next time.Duration) error {
	if len(r.part) == 0 {
		return nil
	}
	part := r.part
	r.part = nil
	b, err := marshalPart(part, r.t, next, r.seq)
	r.seq++
	if err == nil {
		_, err = r.file.Write(b)
	}
	if err != nil {
		err = errors.Join(err, r.file.Close())
		r.file = nil
		return fmt.Errorf("record: %w", err)
	}
	r.ring.mu.Lock()
	defer r.ring.mu.Unlock()
	for i := range r.ring.segments {
		if r.ring.segments[i].path == r.path {
			r.ring.segments[i].bytes += int64(len(b))
			r.ring.segments[i].end = r.at.Add(next - r.t)
			r.end = r.ring.segments[i].end
		}
	}
	return nil
}

func marshalPart(part []*Unit, zero, next time.Duration, seq uint32) ([]byte, error) {
	samples := make([]*fmp4.Sample, len(part))
	for i, u := range part {
		end := next
		if i+1 < len(part) {
			end = part[i+1].T
		}
		payload, err := h264.AVCC(u.NALs).Marshal()
		if err != nil {
			return nil, err
		}
		samples[i] = &fmp4.Sample{Duration: uint32(ticks64(end-zero) - ticks64(u.T-zero)), IsNonSyncSample: !u.Key, Payload: payload}
	}
	var out seekablebuffer.Buffer
	p := fmp4.Part{SequenceNumber: seq, Tracks: []*fmp4.PartTrack{{ID: 1, BaseTime: uint64(ticks64(part[0].T - zero)), Samples: samples}}}
	if err := p.Marshal(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ticks64 is a duration on the 90 kHz clock.
func ticks64(d time.Duration) int64 { return int64(d/time.Microsecond) * 9 / 100 }

// close ends the segment when no next unit is known: the last picture stands as
// long as the one before it.
func (r *recorder) close() error {
	step := 100 * time.Millisecond
	if n := len(r.part); n > 1 {
		step = r.part[n-1].T - r.part[n-2].T
	}
	if n := len(r.part); n > 0 {
		return r.closeAt(r.part[n-1].T + step)
	}
	return r.closeAt(0)
}

// closeAt ends the segment; the next unit is at next.
func (r *recorder) closeAt(next time.Duration) error {
	if r.file == nil {
		return nil
	}
	err := r.flush(next)
	if r.file == nil {
		return err
	}
	err = errors.Join(err, r.file.Sync(), r.file.Close())
	if err == nil && !r.end.IsZero() {
		err = os.Chtimes(r.path, time.Time{}, r.end)
	}
	r.file = nil
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

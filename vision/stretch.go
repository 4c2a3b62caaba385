package vision

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"

	"github.com/packroom/packroom/room"
)

const (
	gapLeast     = 500 * time.Millisecond // a pause between pictures that is said
	stretchMost  = room.FootageMost
	stretchBytes = 3 << 30 // an MP4 of 32 bit offsets
)

// Gap is a time of which there is no footage.
type Gap = room.Gap

// Stretch is footage of one camera from a keyframe on.
type Stretch struct {
	Camera string    `json:"camera"`
	From   time.Time `json:"from"`  // asked for
	To     time.Time `json:"to"`    // asked for
	Start  time.Time `json:"start"` // first picture, at or before From where there is one
	End    time.Time `json:"end"`
	Gaps   []Gap     `json:"gaps,omitempty"` // within From and To

	codec *codecs.H264
	shots []shot
}

// shot is one coded picture on disk.
type shot struct {
	path   string
	offset int64
	size   uint32
	key    bool
	at     time.Time
	length time.Duration
}

// cut finds the footage of [from, to]. room.ErrNotFound where there is none.
func (r *ring) cut(camera string, from, to time.Time) (*Stretch, error) {
	if !from.Before(to) || to.Sub(from) > stretchMost {
		return nil, fmt.Errorf("footage: %w: ask for up to %s, beginning before its end", room.ErrInvalid, stretchMost)
	}
	s := &Stretch{Camera: camera, From: from, To: to}
	for _, seg := range r.touching(from, to) {
		codec, shots, err := readSegment(seg.path, seg.start)
		if errors.Is(err, os.ErrNotExist) || len(shots) == 0 {
			continue // retention was here, or it has just begun
		}
		if err != nil {
			return nil, err
		}
		for _, h := range shots {
			if s.add(h) {
				s.codec = codec
			}
		}
	}
	if len(s.shots) == 0 || !s.shots[len(s.shots)-1].at.Add(s.shots[len(s.shots)-1].length).After(from) {
		return nil, fmt.Errorf("footage of %s from %s: %w", camera, from.Format(time.RFC3339), room.ErrNotFound)
	}
	s.finish()
	return s, nil
}

// add takes shots in order, and reports whether s begins at h: a keyframe at or
// before From starts over, as does the first one after a gap that From lies in.
func (s *Stretch) add(h shot) (first bool) {
	n := len(s.shots)
	if h.key && n > 0 {
		end := s.shots[n-1].at.Add(s.shots[n-1].length)
		if !h.at.After(s.From) || !end.After(s.From) && h.at.Sub(end) > gapLeast {
			s.shots, n = s.shots[:0], 0
		}
	}
	if !h.at.Before(s.To) || n == 0 && !h.key {
		return false
	}
	s.shots = append(s.shots, h)
	return n == 0
}

// finish states what is covered and what is not.
func (s *Stretch) finish() {
	s.Start = s.shots[0].at
	covered := s.From
	for _, h := range s.shots {
		if h.at.Sub(covered) > gapLeast {
			s.Gaps = append(s.Gaps, Gap{From: covered, To: h.at})
		}
		if end := h.at.Add(h.length); end.After(covered) {
			covered = end
		}
	}
	s.End = covered
	if s.To.Sub(covered) > gapLeast {
		s.Gaps = append(s.Gaps, Gap{From: covered, To: s.To})
	}
}

// WriteMP4 writes the footage as an MP4 that plays from From: what the first
// keyframe lies before it is decoded and not shown. Over a gap the last picture
// stands.
func (s *Stretch) WriteMP4(w io.Writer) error {
	files := fileReader{}
	defer files.close()
	samples := make([]*pmp4.Sample, len(s.shots))
	var total int64
	for i, h := range s.shots {
		end := h.at.Add(h.length)
		if i+1 < len(s.shots) {
			end = s.shots[i+1].at
		}
		// Durations are differences of rounded times, so that rounding does not add up.
		d := ticks64(end.Sub(s.Start)) - ticks64(h.at.Sub(s.Start))
		samples[i] = &pmp4.Sample{Duration: uint32(max(1, d)), IsNonSyncSample: !h.key, PayloadSize: h.size,
			GetPayload: func() ([]byte, error) { return files.read(h) }}
		total += int64(h.size)
	}
	if total > stretchBytes {
		return fmt.Errorf("footage: %w: over 3 GB; ask for less", room.ErrInvalid)
	}
	offset := int32(0)
	if s.From.After(s.Start) {
		offset = -int32(ticks64(s.From.Sub(s.Start)))
	}
	p := pmp4.Presentation{Tracks: []*pmp4.Track{{ID: 1, TimeScale: videoClock, TimeOffset: offset, Codec: s.codec, Samples: samples}}}
	if err := p.Marshal(w); err != nil {
		return fmt.Errorf("write clip: %w", err)
	}
	return nil
}

// fileReader keeps the file open that was read last: shots come in order.
type fileReader struct {
	path string
	file *os.File
}

func (r *fileReader) read(h shot) ([]byte, error) {
	if h.path != r.path {
		r.close()
		f, err := os.Open(h.path)
		if err != nil {
			return nil, err
		}
		r.file, r.path = f, h.path
	}
	b := make([]byte, h.size)
	if _, err := r.file.ReadAt(b, h.offset); err != nil {
		return nil, err
	}
	return b, nil
}

func (r *fileReader) close() {
	if r.file != nil {
		r.file.Close()
		r.file, r.path = nil, ""
	}
}

// readSegment lists the pictures of a segment that began at start. What is torn
// or damaged ends it; that is no error.
func readSegment(path string, start time.Time) (*codecs.H264, []shot, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("footage: %w", err)
	}
	codec, shots := parseSegment(b)
	for i := range shots {
		shots[i].path = path
		shots[i].at = start.Add(shots[i].at.Sub(time.Time{}))
	}
	return codec, shots, nil
}

// parseSegment reads a fragmented MP4 of one H264 track, as far as it is whole.
// Times count from the zero time.
func parseSegment(b []byte) (*codecs.H264, []shot) {
	var init fmp4.Init
	head := boxesUntil(b, "moof")
	if err := init.Unmarshal(bytes.NewReader(b[:head])); err != nil || len(init.Tracks) != 1 || init.Tracks[0].TimeScale != videoClock {
		return nil, nil
	}
	codec, ok := init.Tracks[0].Codec.(*codecs.H264)
	if !ok {
		return nil, nil
	}
	var shots []shot
	for at := head; ; {
		kind, moof, ok := boxAt(b, at)
		if !ok || kind != "moof" {
			return codec, shots
		}
		kind, mdat, ok := boxAt(b, at+moof)
		if !ok || kind != "mdat" {
			return codec, shots
		}
		var parts fmp4.Parts
		if err := parts.Unmarshal(b[at : at+moof+mdat]); err != nil || len(parts) != 1 || len(parts[0].Tracks) != 1 {
			return codec, shots
		}
		offset := int64(at + moof + 8)
		ticks := parts[0].Tracks[0].BaseTime
		for _, s := range parts[0].Tracks[0].Samples {
			size := uint32(len(s.Payload))
			if size == 0 || offset+int64(size) > int64(at+moof+mdat) || ticks > uint64(segmentMost/time.Second)*4*videoClock {
				return codec, shots
			}
			shots = append(shots, shot{offset: offset, size: size, key: !s.IsNonSyncSample,
				at: time.Time{}.Add(ticksDuration(ticks)), length: ticksDuration(ticks+uint64(s.Duration)) - ticksDuration(ticks)})
			offset += int64(size)
			ticks += uint64(s.Duration)
		}
		at += moof + mdat
	}
}

func ticksDuration(t uint64) time.Duration {
	return time.Duration(t) * 100 / 9 * time.Microsecond
}

// boxAt gives the kind and length of the box at an offset; ok is false where
// none is whole.
func boxAt(b []byte, at int) (kind string, length int, ok bool) {
	if at < 0 || at+8 > len(b) {
		return "", 0, false
	}
	n := int(binary.BigEndian.Uint32(b[at:]))
	if n < 8 || n > len(b)-at {
		return "", 0, false
	}
	return string(b[at+4 : at+8]), n, true
}

// boxesUntil is the length of the boxes before the first of a kind.
func boxesUntil(b []byte, kind string) (at int) {
	for {
		k, n, ok := boxAt(b, at)
		if !ok || k == kind {
			return at
		}
		at += n
	}
}

package vision

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/packroom/packroom/room"
)

const exportsKept = 10 * time.Minute

// Clip is footage as an MP4 file.
type Clip struct {
	Stretch
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Path   string `json:"-"`
}

// export is a clip made on request, kept for a while: players ask in pieces.
type export struct {
	clip  Clip
	used  time.Time
	ready chan struct{}
	err   error
}

func exportName(camera string, from, to time.Time) string {
	return fmt.Sprintf("%s-%d-%d", filepath.Base(camera), from.UnixMilli(), to.UnixMilli())
}

// Export gives the footage of a camera as an MP4: from the ring, or the pinned
// clip that covers the most of it. room.ErrNotFound where there is none.
func (c *Clips) Export(camera string, from, to time.Time) (Clip, error) {
	return c.cached(exportName(camera, from, to), to, func(path string) (Clip, error) {
		return c.export(camera, from, to, path)
	})
}

// cached makes a file once for all who ask for it. One of footage that ends in
// the last seconds is made anew each time: more may be on its way.
func (c *Clips) cached(name string, to time.Time, build func(path string) (Clip, error)) (Clip, error) {
	c.mu.Lock()
	e, found := c.exports[name]
	if !found {
		e = &export{ready: make(chan struct{})}
		c.exports[name] = e
	}
	e.used = time.Now()
	c.mu.Unlock()
	if found {
		<-e.ready
		return e.clip, e.err
	}
	e.clip, e.err = build(filepath.Join(c.exportDir(), name+".mp4"))
	if e.err != nil || time.Since(to) < 2*segmentLength {
		c.mu.Lock()
		delete(c.exports, name)
		c.mu.Unlock()
	}
	close(e.ready)
	return e.clip, e.err
}

func (c *Clips) export(camera string, from, to time.Time, path string) (Clip, error) {
	r := c.known(camera)
	if r == nil {
		return Clip{}, fmt.Errorf("footage of camera %q: %w", camera, room.ErrNotFound)
	}
	s, err := r.cut(camera, from, to)
	if err != nil && !errors.Is(err, room.ErrNotFound) {
		return Clip{}, err
	}
	if p, ok := c.pinned(camera, from, to); ok && (err != nil || len(s.Gaps) > len(p.Gaps)) {
		return p, nil
	}
	if err != nil {
		return Clip{}, err
	}
	sum, bytes, err := s.save(path)
	if err != nil {
		return Clip{}, err
	}
	return Clip{Stretch: *s, SHA256: sum, Bytes: bytes, Path: path}, nil
}

// save writes the stretch to a file that is there whole or not at all.
func (s *Stretch) save(path string) (sum string, bytes int64, err error) {
	return saveFile(path, func(tmp string) error {
		f, err := os.OpenFile(tmp, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(s.WriteMP4(f), f.Close())
	})
}

// saveFile has a clip written, and tells what is on the disk then.
func saveFile(path string, write func(tmp string) error) (sum string, bytes int64, err error) {
	hash := sha256.New()
	err = replaceFile(path, func(f *os.File) error {
		if err := write(f.Name()); err != nil {
			return err
		}
		bytes, err = io.Copy(hash, f)
		return err
	})
	if err != nil {
		return "", 0, fmt.Errorf("write clip: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), bytes, nil
}

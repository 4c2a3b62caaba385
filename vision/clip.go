package vision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/packroom/packroom/room"
)

// ClipConfig says where footage is kept, and how much of it.
type ClipConfig struct {
	Dir       string
	RingAge   time.Duration // of footage that no event has pinned; 0 = 72 h
	MostBytes int64         // of all footage; 0 = 20 GB. Unpinned footage goes first, pinned never for this
	FreeBytes int64         // left free on the disk; 0 = 1 GB. As MostBytes
}

const (
	retentionEvery = 30 * time.Second
	pinsEvery      = time.Second
	exportsKept    = 10 * time.Minute
	newestKept     = 2 * time.Minute // of the ring, whatever the limits say: events need their pre-roll
)

// Clips keeps the cameras' footage: a ring on disk for each, and the clips that
// events have pinned. Safe for concurrent use.
type Clips struct {
	cfg ClipConfig
	log *slog.Logger

	refused atomic.Uint64 // writes that failed

	mu      sync.Mutex
	rings   map[string]*ring
	pins    map[string]*Pin // by ID
	exports map[string]*export
	full    bool // said that pinned clips alone are over the limits
}

// OpenClips reads what is on disk.
func OpenClips(cfg ClipConfig, log *slog.Logger) (*Clips, error) {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def((*int64)(&cfg.RingAge), int64(72*time.Hour))
	def(&cfg.MostBytes, 20<<30)
	def(&cfg.FreeBytes, 1<<30)
	c := &Clips{cfg: cfg, log: log, rings: map[string]*ring{}, pins: map[string]*Pin{}, exports: map[string]*export{}}
	if err := os.RemoveAll(c.exportDir()); err != nil {
		return nil, fmt.Errorf("clips: %w", err)
	}
	for _, dir := range []string{c.exportDir(), c.pinDir()} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("clips: %w", err)
		}
	}
	if err := c.loadPins(); err != nil {
		return nil, err
	}
	cameras, err := os.ReadDir(filepath.Join(cfg.Dir, "ring"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("clips: %w", err)
	}
	for _, e := range cameras { // those no longer set too: their footage ages
		if _, err := c.ring(e.Name()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Clips) exportDir() string { return filepath.Join(c.cfg.Dir, "export") }

func (c *Clips) ring(camera string) (*ring, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.rings[camera]; r != nil {
		return r, nil
	}
	r, err := openRing(filepath.Join(c.cfg.Dir, "ring", camera))
	if err != nil {
		return nil, err
	}
	c.rings[camera] = r
	return r, nil
}

func (c *Clips) allRings() map[string]*ring {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]*ring, len(c.rings))
	for k, v := range c.rings {
		all[k] = v
	}
	return all
}

// Record appends a camera's pictures to its ring until ctx ends. A disk that
// refuses is logged once, and tried again with the next keyframe.
func (c *Clips) Record(ctx context.Context, camera *Camera) {
	r, err := c.ring(camera.ID())
	if err != nil {
		c.log.Error("footage is not recorded", "camera", camera.ID(), "err", err)
		return
	}
	in := camera.Subscribe(256)
	defer in.Close()
	rec := &recorder{ring: r}
	failing := false
	tell := func(err error) {
		if err != nil {
			c.refused.Add(1)
		}
		if err != nil && !failing {
			c.log.Error("footage is not recorded", "camera", camera.ID(), "err", err)
		} else if err == nil && failing && rec.file != nil {
			c.log.Info("footage is recorded again", "camera", camera.ID())
		}
		failing = err != nil || failing && rec.file == nil
	}
	quiet := time.NewTicker(pictureTimeout)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			tell(rec.close())
			return
		case u := <-in.Units():
			tell(rec.add(u))
			quiet.Reset(pictureTimeout)
		case <-quiet.C: // the camera is away: what there is goes to disk
			tell(rec.close())
		}
	}
}

// Run saves pinned clips when their time has come and removes what is too old
// or too much, until ctx ends.
func (c *Clips) Run(ctx context.Context) {
	pins, retention := time.NewTicker(pinsEvery), time.NewTicker(retentionEvery)
	defer pins.Stop()
	defer retention.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-pins.C:
			c.savePins(ctx, now)
		case now := <-retention.C:
			c.retain(now, diskFree(c.cfg.Dir))
		}
	}
}

// diskFree is the space that is left, or -1 where that is not known.
func diskFree(dir string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * s.Bsize
}

// retain removes exports and pins that are over, footage that is too old, and
// then the oldest footage while there is too much. free is the disk's free
// space, -1 = unknown.
func (c *Clips) retain(now time.Time, free int64) {
	c.dropExports(now)
	c.dropPins(now)
	for _, s := range c.removable() {
		if now.Sub(s.start) > c.cfg.RingAge {
			c.discard(s)
		}
	}
	ringBytes, pinned, _ := c.Usage()
	excess := ringBytes + pinned - c.cfg.MostBytes
	if free >= 0 {
		excess = max(excess, c.cfg.FreeBytes-free)
	}
	for _, s := range c.removable() {
		if excess <= 0 || now.Sub(s.start) < newestKept {
			break
		}
		c.discard(s)
		excess -= s.bytes
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if full := excess > 0; full != c.full {
		c.full = full
		if full {
			c.log.Error("the disk is too small: pinned clips and the newest footage take all of it; nothing of them is removed",
				"bytes_over", excess, "pinned_bytes", pinned)
		} else {
			c.log.Info("the disk has room for footage again")
		}
	}
}

// removable gives every camera's segments, oldest first, without those that a
// waiting pin needs.
func (c *Clips) removable() (found []ownedSegment) {
	waiting := c.waiting()
	for camera, r := range c.allRings() {
		all := r.all()
		for i, s := range all {
			end := s.start.Add(segmentMost)
			if i+1 < len(all) {
				end = all[i+1].start
			}
			if !needed(waiting, camera, s.start, end) {
				found = append(found, ownedSegment{segment: s, ring: r})
			}
		}
	}
	sortOwned(found)
	return found
}

func (c *Clips) discard(s ownedSegment) {
	if err := s.ring.remove(s.path); err != nil {
		c.log.Error("old footage could not be removed", "err", err)
	}
}

// Usage is the bytes of unpinned and of pinned footage, and how many writes the
// disk has refused.
func (c *Clips) Usage() (ringBytes, pinned int64, refused uint64) {
	for _, r := range c.allRings() {
		for _, s := range r.all() {
			ringBytes += s.bytes
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pins {
		pinned += p.Bytes
	}
	return ringBytes, pinned, c.refused.Load()
}

// Oldest is when a camera's footage begins; zero where there is none.
func (c *Clips) Oldest(camera string) time.Time {
	c.mu.Lock()
	r := c.rings[camera]
	c.mu.Unlock()
	if r == nil {
		return time.Time{}
	}
	if all := r.all(); len(all) > 0 {
		return all[0].start
	}
	return time.Time{}
}

// Clip is footage as an MP4 file.
type Clip struct {
	Stretch
	SHA256 string `json:"sha256"`
	Path   string `json:"-"`
}

// export is a clip made on request, kept for a while: players ask in pieces.
type export struct {
	clip  Clip
	used  time.Time
	ready chan struct{}
	err   error
}

// Export gives the footage of a camera as an MP4: from the ring, or the pinned
// clip that covers the most of it. room.ErrNotFound where there is none.
func (c *Clips) Export(camera string, from, to time.Time) (Clip, error) {
	name := fmt.Sprintf("%s-%d-%d", filepath.Base(camera), from.UnixMilli(), to.UnixMilli())
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
	e.clip, e.err = c.export(camera, from, to, filepath.Join(c.exportDir(), name+".mp4"))
	if e.err != nil || time.Since(to) < 2*segmentLength { // more may be on its way
		c.mu.Lock()
		delete(c.exports, name)
		c.mu.Unlock()
	}
	close(e.ready)
	return e.clip, e.err
}

func (c *Clips) export(camera string, from, to time.Time, path string) (Clip, error) {
	c.mu.Lock()
	r := c.rings[camera]
	c.mu.Unlock()
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
	sum, _, err := s.save(path)
	if err != nil {
		return Clip{}, err
	}
	return Clip{Stretch: *s, SHA256: sum, Path: path}, nil
}

// save writes the stretch to a file that is there whole or not at all.
func (s *Stretch) save(path string) (sum string, bytes int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return "", 0, fmt.Errorf("write clip: %w", err)
	}
	defer os.Remove(f.Name()) // gone after the rename
	hash := sha256.New()
	err = s.WriteMP4(io.MultiWriter(f, hash))
	if err == nil {
		bytes, err = f.Seek(0, io.SeekCurrent)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return "", 0, fmt.Errorf("write clip: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), bytes, nil
}

func (c *Clips) dropExports(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := map[string]bool{}
	for name, e := range c.exports {
		if now.Sub(e.used) > exportsKept {
			delete(c.exports, name)
			continue
		}
		kept[name+".mp4"] = true
	}
	files, err := os.ReadDir(c.exportDir())
	if err != nil {
		c.log.Warn("look at exported clips", "err", err)
		return
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || kept[f.Name()] || now.Sub(info.ModTime()) < time.Minute {
			continue
		}
		if err := os.Remove(filepath.Join(c.exportDir(), f.Name())); err != nil {
			c.log.Warn("remove an exported clip", "err", err)
		}
	}
}

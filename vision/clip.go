package vision

import (
	"context"
	"errors"
	"fmt"
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
	LeastAge  time.Duration // unpinned footage that has to go sooner, for want of space, is an alarm; 0 = 12 h
	MostBytes int64         // of all footage; 0 = 20 GB. Unpinned footage goes first, pinned never for this
	FreeBytes int64         // left free on the disk; 0 = 1 GB. As MostBytes
	Keep      Keeping       // of what events pin

	// Tell reports a clip that was saved, TellStorage the disk's state; both
	// return when the word is safe, and are tried again. nil: nobody asks.
	Tell        func(ctx context.Context, c room.Clip) error
	TellStorage func(ctx context.Context, h room.StorageHealth) error
}

const (
	retentionEvery = 30 * time.Second
	pinsEvery      = time.Second
	newestKept     = 2 * time.Minute // of the ring, whatever the limits say: events need their pre-roll
)

// Clips keeps the cameras' footage: a ring on disk for each, and the clips that
// events have pinned. Safe for concurrent use.
type Clips struct {
	cfg ClipConfig
	log *slog.Logger

	refused atomic.Uint64 // writes that failed
	pressed chan struct{} // the disk refused: make room now

	mu      sync.Mutex
	rings   map[string]*ring
	pins    map[string]*Pin // by ID
	holds   map[string]room.Hold
	exports map[string]*export
	storage storage
}

// OpenClips reads what is on disk.
func OpenClips(cfg ClipConfig, log *slog.Logger) (*Clips, error) {
	def := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	def((*int64)(&cfg.RingAge), int64(72*time.Hour))
	def((*int64)(&cfg.LeastAge), int64(12*time.Hour))
	def(&cfg.MostBytes, 20<<30)
	def(&cfg.FreeBytes, 1<<30)
	c := &Clips{cfg: cfg, log: log, pressed: make(chan struct{}, 1), rings: map[string]*ring{}, pins: map[string]*Pin{},
		holds: map[string]room.Hold{}, exports: map[string]*export{}}
	if err := os.RemoveAll(c.exportDir()); err != nil {
		return nil, fmt.Errorf("clips: %w", err)
	}
	for _, dir := range []string{c.exportDir(), c.pinDir(), c.holdDir()} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("clips: %w", err)
		}
		if err := removeUnfinished(dir); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(c.loadPins(), c.loadHolds()); err != nil {
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
			c.refuse()
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

// refuse notes a write that failed, and has room made at once: the next round of
// retention may be footage too late.
func (c *Clips) refuse() {
	c.refused.Add(1)
	c.mu.Lock()
	c.storage.refused = time.Now()
	c.mu.Unlock()
	select {
	case c.pressed <- struct{}{}:
	default:
	}
}

// Run saves pinned clips when their time has come, reports them, and removes
// what is too old or too much, until ctx ends.
func (c *Clips) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { c.report(ctx) })
	pins, retention := time.NewTicker(pinsEvery), time.NewTicker(retentionEvery)
	defer pins.Stop()
	defer retention.Stop()
	c.retain(time.Now(), diskFree(c.cfg.Dir)) // the disk may have been filled meanwhile
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-pins.C:
			c.savePins(ctx, now)
		case now := <-retention.C:
			c.retain(now, diskFree(c.cfg.Dir))
		case <-c.pressed:
			c.retain(time.Now(), diskFree(c.cfg.Dir))
		}
	}
}

// report sends saved clips and the disk's state on, until ctx ends. What could
// not be sent is sent later.
func (c *Clips) report(ctx context.Context) {
	every := time.NewTicker(pinsEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			c.tellPins(ctx)
			c.tellStorage(ctx, time.Now())
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

// removeUnfinished removes what a crash has left half written.
func removeUnfinished(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, newPrefix+"*"))
	for _, path := range left {
		err = errors.Join(err, removeFile(path))
	}
	if err != nil {
		return fmt.Errorf("clips: %w", err)
	}
	return nil
}

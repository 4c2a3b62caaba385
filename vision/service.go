package vision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/room"
)

// Publisher sends what vision saw to the room. Each method returns when the bus
// has it, or an error; one that is room.ErrInvalid will never be taken. The same
// change may be sent twice.
type Publisher interface {
	PublishChange(ctx context.Context, c room.Change) error
	PublishPresence(ctx context.Context, p room.Presence) error
	PublishHealth(ctx context.Context, h room.CameraHealth) error
	PublishClip(ctx context.Context, c room.Clip) error
	PublishStorage(ctx context.Context, h room.StorageHealth) error
}

// Lease is the right to be the one process that says what a camera saw.
type Lease struct {
	Fence   uint64
	Lost    <-chan struct{} // closed when the right has ended
	Release func()
}

// Watched is one camera with its slots.
type Watched struct {
	CameraSource
	Substream string // URL of a smaller stream, for detection and for many cameras at a glance; empty = none
	Slots     string // path of its slots file, read anew when it changes; empty = nothing is looked for
	Detection DecoderConfig
}

// ServiceConfig is all that a Service works with.
type ServiceConfig struct {
	Cameras   []Watched
	Dir       string // state: detectors' snapshots, unsent changes
	Pictures  room.Pictures
	Publisher Publisher
	// Lease waits until the camera is this process's, or ctx ends.
	Lease func(ctx context.Context, camera string) (Lease, error)
	// NewDetector makes a detector for a camera's slots.
	NewDetector func(slots room.SlotsFile) (Detector, error)
	// NewHeadFinder makes what finds heads in footage that is shown with faces
	// covered; nil: what moves is covered all the same.
	NewHeadFinder func() (HeadFinder, error)
	Live          LiveConfig
	Clips         ClipConfig
	Token         string // the box token that HTTP callers show
	Log           *slog.Logger
}

// Validate reports the first thing wrong.
func (c ServiceConfig) Validate() error {
	switch {
	case len(c.Cameras) == 0:
		return errors.New("vision: no camera is set")
	case c.Dir == "" || c.Clips.Dir == "":
		return errors.New("vision: no directory is set")
	case c.Pictures == nil || c.Publisher == nil || c.Lease == nil || c.NewDetector == nil || c.Log == nil:
		return errors.New("vision: Pictures, Publisher, Lease, NewDetector and Log must be set")
	case c.Token == "":
		return errors.New("vision: no box token is set")
	}
	if err := c.Live.ICE.Validate(); err != nil {
		return fmt.Errorf("vision: ICE servers: %w", err)
	}
	seen := map[string]bool{}
	for _, w := range c.Cameras {
		if w.ID == "" || w.ID != filepath.Base(w.ID) || seen[w.ID] {
			return fmt.Errorf("vision: camera id %q is empty, used twice or no name", w.ID)
		}
		seen[w.ID] = true
	}
	return nil
}

// Service runs the cameras.
type Service struct {
	cfg     ServiceConfig
	log     *slog.Logger
	workers []*worker
	byID    map[string]*worker
	unsent  *unsent
	live    *Live
	clips   *Clips
	blur    *Blurrer
	metrics *metrics
}

// NewService makes a service; Run runs it. It opens the ICE port and the clip
// directory.
func NewService(cfg ServiceConfig) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, log: cfg.Log, byID: map[string]*worker{}}
	if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("vision: %w", err)
	}
	var err error
	s.unsent, err = openUnsent(filepath.Join(cfg.Dir, "unsent"), cfg.Publisher.PublishChange, cfg.Log)
	if err != nil {
		return nil, fmt.Errorf("vision: %w", err)
	}
	s.metrics = newMetrics(s)
	cfg.Clips.Tell, cfg.Clips.TellStorage = cfg.Publisher.PublishClip, cfg.Publisher.PublishStorage
	if s.clips, err = OpenClips(cfg.Clips, cfg.Log); err != nil {
		return nil, fmt.Errorf("vision: %w", err)
	}
	s.blur = NewBlurrer(s.clips, cfg.NewHeadFinder)
	if s.live, err = NewLive(cfg.Live, s.metrics.live, cfg.Log); err != nil {
		return nil, fmt.Errorf("vision: %w", err)
	}
	for _, c := range cfg.Cameras {
		w, err := s.newWorker(c)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("vision: %w", err), s.live.Close())
		}
		s.workers = append(s.workers, w)
		s.byID[c.ID] = w
	}
	return s, nil
}

// Clips is where the footage is.
func (s *Service) Clips() *Clips { return s.clips }

// Metrics is the service's Prometheus registry.
func (s *Service) Metrics() *prometheus.Registry { return s.metrics.registry }

// Run runs every camera until ctx ends: then detectors are saved, footage is
// written out, and viewers are sent away.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.unsent.Run(ctx) })
	wg.Go(func() { s.clips.Run(ctx) })
	for _, w := range s.workers {
		wg.Go(func() { w.run(ctx) })
	}
	wg.Wait()
	return s.live.Close()
}

func (s *Service) newWorker(c Watched) (*worker, error) {
	camera, err := NewCamera(c.CameraSource, s.log)
	if err != nil {
		return nil, err
	}
	w := &worker{service: s, cfg: c, camera: camera, log: s.log.With("camera", c.ID),
		presence: newLatest[room.Presence](), word: newLatest[room.CameraHealth]()}
	looked := camera
	if c.Substream != "" {
		if w.sub, err = NewCamera(CameraSource{ID: c.ID, URL: c.Substream, Sub: true}, s.log); err != nil {
			return nil, fmt.Errorf("substream: %w", err)
		}
		looked = w.sub
	}
	w.decoder = NewDecoder(looked, c.Detection, s.log)
	w.decoder.Attend(false)
	w.health.unseen("starting")
	return w, nil
}

// worker is one camera's part of the service.
type worker struct {
	service  *Service
	cfg      Watched
	camera   *Camera
	sub      *Camera // its small stream; nil = none
	decoder  *Decoder
	log      *slog.Logger
	health   health
	presence *latest[room.Presence]
	word     *latest[room.CameraHealth]

	mu     sync.Mutex
	newest Frame // for snapshots; its pixels are the worker's
}

func (w *worker) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { w.camera.Run(ctx) })
	wg.Go(func() { w.decoder.Run(ctx) })
	wg.Go(func() { w.service.clips.Record(ctx, w.camera) })
	wg.Go(func() { w.service.live.Serve(ctx, w.camera) })
	if w.sub != nil {
		wg.Go(func() { w.sub.Run(ctx) })
		wg.Go(func() { w.service.live.Serve(ctx, w.sub) })
	}
	wg.Go(func() { w.watch(ctx) })
	wg.Go(func() { w.tellHealth(ctx) })
	p := w.service.cfg.Publisher
	wg.Go(func() { w.presence.run(ctx, w.log, "presence", p.PublishPresence) })
	wg.Go(func() { w.word.run(ctx, w.log, "camera health", p.PublishHealth) })
	wg.Wait()
}

// status is how the camera is; a substream that is away is its trouble too.
func (w *worker) status() Status {
	s := w.camera.Status()
	if !s.Up || w.sub == nil {
		return s
	}
	if sub := w.sub.Status(); !sub.Up && !starting(sub) {
		s.Up, s.Since, s.Losses, s.Reason = false, sub.Since, sub.Losses, "its substream: "+sub.Reason
	}
	return s
}

// keep makes f the newest frame and gives the one before it back.
func (w *worker) keep(f Frame) {
	w.mu.Lock()
	old := w.newest
	w.newest = f
	w.mu.Unlock()
	if old.Pix != nil {
		w.decoder.Release(old)
	}
}

// tellHealth says the camera's health when it changes and every 10 s.
func (w *worker) tellHealth(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	var last room.CameraHealth
	for {
		changed := w.camera.Changed()
		s := w.status()
		now := time.Now().UTC()
		h := w.health.word(w.cfg.ID, s, now)
		same := h.OK == last.OK && h.Problem == last.Problem && h.Detail == last.Detail
		if !starting(s) && (!same || now.Sub(last.At) >= heartbeat || now.Before(last.At)) {
			w.word.set(h)
			last = h
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-changed:
		}
	}
}

// latest publishes the newest value of something that has no history. One that
// could not be sent is replaced by the next.
type latest[T any] struct {
	mu    sync.Mutex
	value *T
	wake  chan struct{}
}

func newLatest[T any]() *latest[T] { return &latest[T]{wake: make(chan struct{}, 1)} }

func (l *latest[T]) set(v T) {
	l.mu.Lock()
	l.value = &v
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *latest[T]) take() *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.value
	l.value = nil
	return v
}

func (l *latest[T]) run(ctx context.Context, log *slog.Logger, what string, publish func(context.Context, T) error) {
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		v := l.take()
		if v == nil {
			continue
		}
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := publish(try, *v)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !away:
			log.Warn("could not publish "+what, "err", err)
			away = true
		case err == nil && away:
			log.Info("publishing " + what + " again")
			away = false
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
)

func ocrCommand() subcommand {
	return subcommand{name: "ocr", about: "label reading, for kiosks", run: runOCR}
}

// rosterRefresh is how old the residents may become where no event says that
// they changed.
const rosterRefresh = 30 * time.Second

func runOCR(ctx context.Context, args []string) (err error) {
	begun, err := begin(ctx, "ocr", args, needStore, needBus)
	if err != nil {
		return err
	}
	defer begun.end()
	cfg, log, store, b := begun.cfg, begun.log, begun.store, begun.bus
	workers, err := newLabelWorkers(cfg.Property, cfg.OCR.Workers, 0, cfg.OCR.SecondReader)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, workers.Close()) }()
	if err := workers.Warm(ctx); err != nil {
		return err
	}
	metrics := newRegistry()
	busMetrics(metrics, b)
	service := newLabelService(cfg.Property, cfg.Pictures(), store, workers, metrics, log)
	return service.run(ctx, b, cfg.OCR.Listen, cfg.OCR.Workers, metrics)
}

// rosterSource is where the residents are kept.
type rosterSource interface {
	Roster(ctx context.Context) ([]room.Resident, error)
}

// frameReader reads one label of which there are several pictures.
type frameReader interface {
	Read(ctx context.Context, frames ...[]byte) (room.Reading, error)
	SetRoster(residents []room.Resident)
}

// labelService answers the kiosks' requests to read a picture.
type labelService struct {
	property string
	pictures room.Pictures
	source   rosterSource
	reader   frameReader
	roster   atomic.Int64 // residents loaded; -1 = never yet
	changed  chan struct{}
	log      *slog.Logger
	reads    *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newLabelService(property room.Property, pictures room.Pictures, source rosterSource, reader frameReader,
	metrics prometheus.Registerer, log *slog.Logger) *labelService {
	s := &labelService{
		property: property.ID, pictures: pictures, source: source, reader: reader, changed: make(chan struct{}, 1), log: log,
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "packroom_ocr_reads_total",
			Help: "Label photographs read, by decision; error where one could not be read."}, []string{"decision"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "packroom_ocr_read_seconds",
			Help: "Time for one photograph.", Buckets: []float64{0.1, 0.2, 0.4, 0.8, 1.5, 3, 5, 8}}),
	}
	residents := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "packroom_ocr_residents",
		Help: "Residents that labels are matched with."}, func() float64 { return float64(max(s.roster.Load(), 0)) })
	metrics.MustRegister(s.reads, s.seconds, residents)
	s.roster.Store(-1)
	return s
}

// read answers one request.
func (s *labelService) read(ctx context.Context, q room.ReadRequest) (room.Reading, error) {
	start := time.Now()
	reading, err := s.readPicture(ctx, q)
	s.seconds.Observe(time.Since(start).Seconds())
	if err != nil {
		s.reads.WithLabelValues("error").Inc()
		return room.Reading{}, err
	}
	s.reads.WithLabelValues(string(reading.Decision)).Inc()
	return reading, nil
}

func (s *labelService) readPicture(ctx context.Context, q room.ReadRequest) (room.Reading, error) {
	if q.Property != "" && q.Property != s.property {
		return room.Reading{}, fmt.Errorf("read label: %w: property %q is not read here", room.ErrInvalid, q.Property)
	}
	if s.roster.Load() < 0 {
		return room.Reading{}, fmt.Errorf("read label: %w: the residents are not loaded yet", room.ErrUnavailable)
	}
	refs := append([]string{q.Picture}, q.Frames...)
	frames := make([][]byte, 0, len(refs))
	for _, ref := range refs {
		picture, err := s.pictures.Get(ctx, ref)
		if err != nil {
			return room.Reading{}, fmt.Errorf("read label: %w", err)
		}
		frames = append(frames, picture)
	}
	reading, err := s.reader.Read(ctx, frames...)
	if errors.Is(err, context.DeadlineExceeded) {
		return room.Reading{}, fmt.Errorf("%w: %w", room.ErrUnavailable, err)
	}
	if err != nil {
		return room.Reading{}, err
	}
	reading.Picture = refs[reading.Frame]
	return reading, nil
}

// refresh loads the residents; the old ones stay where that fails.
func (s *labelService) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	residents, err := s.source.Roster(ctx)
	if err != nil {
		return fmt.Errorf("load residents: %w", err)
	}
	s.reader.SetRoster(residents)
	s.roster.Store(int64(len(residents)))
	return nil
}

// keepRoster loads the residents at once, when they change and every 30 s, until
// ctx ends.
func (s *labelService) keepRoster(ctx context.Context) {
	failing := false
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		case <-s.changed:
		}
		err := s.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			s.log.Error("residents could not be loaded; the last ones stay", "error", err)
		}
		if err == nil && failing {
			s.log.Info("residents are loaded again")
		}
		failing = err != nil
		next := rosterRefresh
		if failing && s.roster.Load() < 0 {
			next = time.Second
		}
		wait.Reset(next)
	}
}

// noticed is told every event: those about residents refresh the roster.
func (s *labelService) noticed(e room.Event) {
	if e.Kind != room.EvRosterImported && e.Kind != room.EvResidentSaved {
		return
	}
	select {
	case s.changed <- struct{}{}:
	default: // one is waiting already
	}
}

// run serves until ctx ends or something ends that must not.
func (s *labelService) run(ctx context.Context, b *bus.Bus, listen string, workers int, metrics *prometheus.Registry) error {
	checks := map[string]check{
		"bus": b.Healthy,
		"residents": func(context.Context) error {
			if s.roster.Load() < 0 {
				return errors.New("not loaded yet")
			}
			return nil
		},
	}
	parts := []func(context.Context) error{
		func(ctx context.Context) error { return serveHTTP(ctx, "ocr.listen", listen, opsMux(metrics, checks)) },
		func(ctx context.Context) error { s.keepRoster(ctx); return nil },
		func(ctx context.Context) error { return b.Watch(ctx, s.noticed) },
	}
	for range max(workers, 1) {
		parts = append(parts, func(ctx context.Context) error { return b.ServeReader(ctx, s.read) })
	}
	s.log.Info("label reading is up", "listen", listen, "workers", max(workers, 1))
	return runTogether(ctx, parts...)
}

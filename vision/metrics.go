package vision

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/packroom/packroom/room"
)

// metrics is what the service counts.
type metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
	changes  *prometheus.CounterVec
	delay    *prometheus.HistogramVec
	live     *liveMetrics
}

func newMetrics(s *Service) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "packroom_vision_detect_seconds",
			Help: "Time the detector took for a frame.", Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1}}, []string{"camera"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "packroom_vision_changes_total",
			Help: "Changes seen on the shelves."}, []string{"camera", "type"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "packroom_vision_change_delay_seconds",
			Help: "From a change to its report.", Buckets: []float64{.25, .5, 1, 1.5, 2, 3, 5, 10, 30}}, []string{"camera"}),
		live: newLiveMetrics(),
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.seconds, m.changes, m.delay, cameraCollector{s})
	m.live.register(m.registry)
	return m
}

func (m *metrics) detect(camera string, took time.Duration) {
	m.seconds.WithLabelValues(camera).Observe(took.Seconds())
}

func (m *metrics) change(camera string, kind room.ChangeKind, delay time.Duration) {
	m.changes.WithLabelValues(camera, string(kind)).Inc()
	m.delay.WithLabelValues(camera).Observe(max(0, delay.Seconds()))
}

// cameraCollector reads the cameras' counters when they are asked for.
type cameraCollector struct{ service *Service }

var (
	descUp       = cameraDesc("up", "1 while the camera sends pictures.")
	descFPS      = cameraDesc("fps", "Pictures a second.")
	descLosses   = cameraDesc("losses_total", "How often the camera was lost.")
	descFrames   = cameraDesc("decoded_frames_total", "Frames decoded and taken.")
	descSkipped  = cameraDesc("skipped_frames_total", "Frames that the detector had no time for.")
	descRestarts = cameraDesc("decoder_restarts_total", "Decoders that died.")
	descUnsent   = prometheus.NewDesc("packroom_vision_unsent_changes", "Changes that wait for the bus.", nil, nil)
	descRing     = prometheus.NewDesc("packroom_vision_clip_bytes", "Footage on disk.", []string{"kind"}, nil)
	descStorage  = prometheus.NewDesc("packroom_vision_footage_alarm", "1 while the disk of the footage is low, 2 while it refuses.", nil, nil)
	descFree     = prometheus.NewDesc("packroom_vision_footage_free_bytes", "Space left on the disk of the footage.", nil, nil)
	descRecord   = prometheus.NewDesc("packroom_vision_recording_errors_total", "Parts of footage that the disk refused.", nil, nil)
)

func cameraDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("packroom_vision_camera_"+name, help, []string{"camera"}, nil)
}

// Describe implements prometheus.Collector.
func (c cameraCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descFPS, descLosses, descFrames, descSkipped, descRestarts, descUnsent, descRing, descStorage, descFree, descRecord} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c cameraCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	for _, w := range c.service.workers {
		s := w.camera.Status()
		up := 0.0
		if s.Up {
			up = 1
		}
		gauge(descUp, up, w.cfg.ID)
		gauge(descFPS, s.FPS, w.cfg.ID)
		counter(descLosses, float64(s.Losses), w.cfg.ID)
		counter(descFrames, float64(w.decoder.Frames.Load()), w.cfg.ID)
		counter(descSkipped, float64(w.decoder.Skipped.Load()), w.cfg.ID)
		counter(descRestarts, float64(w.decoder.Restarts.Load()), w.cfg.ID)
	}
	gauge(descUnsent, float64(c.service.unsent.Len()))
	ring, pinned, refused := c.service.clips.Usage()
	gauge(descRing, float64(ring), "ring")
	gauge(descRing, float64(pinned), "pinned")
	counter(descRecord, float64(refused))
	gauge(descStorage, map[string]float64{"low": 1, "full": 2}[c.service.clips.StorageHealth(time.Now()).Problem])
	if free := diskFree(c.service.cfg.Clips.Dir); free >= 0 {
		gauge(descFree, float64(free))
	}
}

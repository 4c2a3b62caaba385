package vision

import "github.com/prometheus/client_golang/prometheus"

// liveMetrics is what live view counts.
type liveMetrics struct {
	viewers      *prometheus.GaugeVec
	firstPicture prometheus.Histogram
	loss         prometheus.Histogram
	resent       prometheus.Counter
	unrepaired   prometheus.Counter
	writeErrors  prometheus.Counter
	refreshes    *prometheus.CounterVec
	replays      *prometheus.CounterVec
	dropped      *prometheus.CounterVec
}

func newLiveMetrics() *liveMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "packroom_live_" + name, Help: help})
	}
	byCamera := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "packroom_live_" + name, Help: help}, []string{"camera"})
	}
	return &liveMetrics{
		viewers: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "packroom_live_viewers", Help: "Viewers."}, []string{"camera"}),
		firstPicture: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "packroom_live_first_picture_seconds",
			Help: "From a viewer's offer to its first picture sent.", Buckets: []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}}),
		loss: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "packroom_live_loss_ratio",
			Help: "Packets lost on the way, as viewers report it.", Buckets: []float64{0, .001, .005, .01, .02, .05, .1, .2}}),
		resent:      counter("resent_packets_total", "Packets sent again."),
		unrepaired:  counter("unrepaired_packets_total", "Packets asked for that are no longer kept."),
		writeErrors: counter("write_errors_total", "Packets that could not be sent."),
		refreshes:   byCamera("refresh_requests_total", "Viewers that asked for a keyframe."),
		replays:     byCamera("replays_total", "Pictures replayed from the last keyframe for a viewer that asked."),
		dropped:     byCamera("slow_viewers_total", "Viewers too slow for a picture, who went on at a keyframe."),
	}
}

func (m *liveMetrics) register(r *prometheus.Registry) {
	r.MustRegister(m.viewers, m.firstPicture, m.loss, m.resent, m.unrepaired, m.writeErrors, m.refreshes, m.replays, m.dropped)
}

package notify

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/room"
)

// meter counts what becomes of messages.
type meter struct {
	tries *prometheus.CounterVec
	took  *prometheus.HistogramVec
	queue prometheus.Gauge
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "packroom_notify_tries_total",
			Help: "Tries to hand a message over, by channel and result: sent, outbox, retry, failed.",
		}, []string{"channel", "result"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "packroom_notify_handover_seconds",
			Help:    "From queueing a message to the receiving server's or provider's answer.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 3, 5, 10, 30, 60, 300, 3600, 86400},
		}, []string{"channel"}),
		queue: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "packroom_notify_queue_up",
			Help: "1 while the message queue answers.",
		}),
	}
	for _, channel := range []string{ChannelEmail, ChannelSMS} {
		m.took.WithLabelValues(channel)
		for _, result := range []string{"sent", "outbox", "retry", "failed"} {
			m.tries.WithLabelValues(channel, result)
		}
	}
	return m, errors.Join(r.Register(m.tries), r.Register(m.took), r.Register(m.queue))
}

func (m *meter) count(d room.Delivery, outbox bool, since time.Duration) {
	result := map[room.DeliveryState]string{room.DeliveryFailed: "failed", room.DeliveryQueued: "retry"}[d.State]
	if d.State == room.DeliverySent {
		result = "sent"
		if outbox {
			result = "outbox"
		}
		m.took.WithLabelValues(d.Channel).Observe(since.Seconds())
	}
	m.tries.WithLabelValues(d.Channel, result).Inc()
}

func (m *meter) queueUp(up bool) {
	if up {
		m.queue.Set(1)
	} else {
		m.queue.Set(0)
	}
}

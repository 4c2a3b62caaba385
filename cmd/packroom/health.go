package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/packroom/packroom/room/bus"
)

// check is nil while one thing that a service needs works. It must be quick.
type check func(context.Context) error

// checkTimeout bounds all checks of one /healthz together.
const checkTimeout = 3 * time.Second

// healthReport is the body of every /healthz.
type healthReport struct {
	OK     bool              `json:"ok"`
	Detail map[string]string `json:"detail,omitempty"` // by check: "ok", or what is wrong
}

// newRegistry makes a service's metrics, with those of its process.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// opsMux serves GET /healthz and /metrics; a service adds its own routes.
func opsMux(metrics prometheus.Gatherer, checks map[string]check) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		report := runChecks(r.Context(), checks)
		w.Header().Set("Content-Type", "application/json")
		if !report.OK {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(report) // the asker may be gone
	})
	return mux
}

// runChecks runs the checks side by side; one that does not return in time has
// failed.
func runChecks(ctx context.Context, checks map[string]check) healthReport {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	report := healthReport{OK: true, Detail: map[string]string{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for name, c := range checks {
		wg.Go(func() {
			err := c(ctx)
			mu.Lock()
			defer mu.Unlock()
			report.Detail[name] = "ok"
			if err != nil {
				report.OK, report.Detail[name] = false, err.Error()
			}
		})
	}
	wg.Wait()
	return report
}

// serveHTTP serves h at addr until ctx ends, lets requests finish for 5 s, and
// returns nil. key names the setting that addr is from.
func serveHTTP(ctx context.Context, key, addr string, h http.Handler) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return portTaken(key, addr, err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx }} // streams end with ctx
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", addr, err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(stop); err != nil {
		err = errors.Join(err, s.Close())
		return fmt.Errorf("stop serving %s: %w", addr, err)
	}
	return nil
}

// busMetrics adds a connection's counts to a service's metrics.
func busMetrics(r *prometheus.Registry, b *bus.Bus) {
	for name, m := range map[string]struct {
		help string
		of   func(bus.Stats) int64
	}{
		"packroom_bus_published_total":    {"Messages that the server has stored.", func(s bus.Stats) int64 { return s.Published }},
		"packroom_bus_retried_total":      {"Publishes tried again.", func(s bus.Stats) int64 { return s.Retried }},
		"packroom_bus_handled_total":      {"Facts handled.", func(s bus.Stats) int64 { return s.Handled }},
		"packroom_bus_redelivered_total":  {"Facts delivered more than once.", func(s bus.Stats) int64 { return s.Redelivered }},
		"packroom_bus_dead_letters_total": {"Messages given up; look at the subject dead.letter.", func(s bus.Stats) int64 { return s.DeadLetters }},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: m.help},
			func() float64 { return float64(m.of(b.Stats())) }))
	}
}

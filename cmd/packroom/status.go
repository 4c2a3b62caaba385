package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// statusHandler serves /status, /healthz and /metrics of the supervisor.
func statusHandler(s *supervisor) http.Handler {
	metrics := newRegistry()
	metrics.MustRegister(childMetrics{s})
	mux := opsMux(metrics, map[string]check{"services": func(context.Context) error {
		rows, _ := s.status()
		return notRunning(rows)
	}})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		rows, _ := s.status()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(rows) // the asker may be gone
	})
	return mux
}

// notRunning names the services that are not well.
func notRunning(rows []childStatus) error {
	var bad []string
	for _, r := range rows {
		if r.State != stateRunning {
			bad = append(bad, r.Name+" is "+string(r.State)+r.why())
		}
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "; "))
	}
	return nil
}

// why is what the service said last, in brackets.
func (r childStatus) why() string {
	if r.LastError == "" {
		return ""
	}
	return " (" + r.LastError + ")"
}

// childMetrics collects the supervisor's rows.
type childMetrics struct{ s *supervisor }

var (
	descUp       = prometheus.NewDesc("packroom_service_up", "1 while the service is healthy.", []string{"name"}, nil)
	descRestarts = prometheus.NewDesc("packroom_service_restarts_total", "Deaths of the service since up was started.", []string{"name"}, nil)
)

// Describe implements prometheus.Collector.
func (c childMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- descUp
	ch <- descRestarts
}

// Collect implements prometheus.Collector.
func (c childMetrics) Collect(ch chan<- prometheus.Metric) {
	rows, _ := c.s.status()
	for _, r := range rows {
		up := 0.0
		if r.State == stateRunning {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(descUp, prometheus.GaugeValue, up, r.Name)
		ch <- prometheus.MustNewConstMetric(descRestarts, prometheus.CounterValue, float64(r.Restarts), r.Name)
	}
}

// errNoAnswer is silence, where an unhealthy service says what is wrong.
var errNoAnswer = errors.New("no answer")

// httpCheck asks a service's /healthz at the address it listens on.
func httpCheck(listen string) check {
	host, port, _ := net.SplitHostPort(listen) // checked with the settings
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	url := "http://" + net.JoinHostPort(host, port) + "/healthz"
	client := &http.Client{Timeout: checkTimeout + time.Second, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return unhealthy(body, resp.Status)
	}
}

// unhealthy puts a /healthz answer into words.
func unhealthy(body []byte, status string) error {
	var words healthReport
	if json.Unmarshal(body, &words) == nil && len(words.Detail) > 0 {
		var bad []string
		for name, text := range words.Detail {
			if text != "ok" {
				bad = append(bad, name+": "+text)
			}
		}
		slices.Sort(bad)
		return errors.New(strings.Join(bad, "; "))
	}
	var other struct {
		Detail any `json:"detail"`
	}
	if json.Unmarshal(body, &other) == nil && other.Detail != nil {
		return fmt.Errorf("%v", other.Detail)
	}
	return errors.New(status)
}

package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/packroom/packroom/room"
)

// told is a Diagnostics that says what it is.
type told []room.Diagnosis

func (d told) Diagnose() []room.Diagnosis { return d }

func TestDevicesAreTold(t *testing.T) {
	m := deviceMetrics{told{
		{Device: "gate", Driver: "osdp", OK: true, Counts: map[string]int{"timeouts": 3}},
		{Device: "door", Driver: "modbus"},
	}}
	reg := prometheus.NewRegistry()
	reg.MustRegister(m)
	page := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`packroom_device_events_total{device="gate",driver="osdp",what="timeouts"} 3`,
		`packroom_device_up{device="door",driver="modbus"} 0`, `packroom_device_up{device="gate",driver="osdp"} 1`} {
		if !strings.Contains(page.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, page.Body)
		}
	}
}

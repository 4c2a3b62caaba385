package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/room"
)

// deviceMetrics tells the devices' diagnoses to Prometheus.
type deviceMetrics struct{ devices room.Diagnostics }

var (
	deviceUp = prometheus.NewDesc("packroom_device_up", "1 while the device's hardware answers.", []string{"device", "driver"}, nil)
	// What is counted differs from driver to driver: timeouts, wrong checksums, reads.
	deviceCount = prometheus.NewDesc("packroom_device_events_total", "What a device's driver counts, by its own words.", []string{"device", "driver", "what"}, nil)
)

// Describe implements prometheus.Collector.
func (m deviceMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- deviceUp; ch <- deviceCount }

// Collect implements prometheus.Collector.
func (m deviceMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, d := range m.devices.Diagnose() {
		up := 0.0
		if d.OK {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(deviceUp, prometheus.GaugeValue, up, d.Device, d.Driver)
		for what, n := range d.Counts {
			ch <- prometheus.MustNewConstMetric(deviceCount, prometheus.CounterValue, float64(n), d.Device, d.Driver, what)
		}
	}
}

package main

import (
	"fmt"
	"io"
	"slices"
)

// table is a row for each thing measured and a column for each server.
type table struct {
	servers []string
	rows    []*row
}

type row struct {
	name   string
	values map[string]float64
}

func (t *table) set(server, name string, value float64) {
	if !slices.Contains(t.servers, server) {
		t.servers = append(t.servers, server)
	}
	for _, r := range t.rows {
		if r.name == name {
			r.values[server] = value
			return
		}
	}
	t.rows = append(t.rows, &row{name, map[string]float64{server: value}})
}

// crowd notes what n viewers saw over a good network.
func (t *table) crowd(server string, n int, r result) {
	name := func(what string) string { return fmt.Sprintf("%d viewers: %s", n, what) }
	t.set(server, name("CPU, ms for a viewer and a second"), float64(r.cpu.Microseconds())/1000)
	t.set(server, name("memory of its own, MB"), r.own)
	t.set(server, name("memory with shared libraries, MB"), r.mb)
	t.set(server, name("first picture p50, ms"), quantile(r.first, 0.5))
	t.set(server, name("first picture p95, ms"), quantile(r.first, 0.95))
	t.set(server, name("camera to viewer p50, ms"), quantile(r.late, 0.5))
	t.set(server, name("camera to viewer p95, ms"), quantile(r.late, 0.95))
}

// lossy notes what viewers over a bad network missed.
func (t *table) lossy(server string, n int, loss float64, r result) {
	name := func(what string) string { return fmt.Sprintf("%d viewers, %g %% loss: %s", n, 100*loss, what) }
	t.set(server, name("packets never recovered"), float64(r.lost))
	t.set(server, name("broken pictures"), float64(r.broken))
	t.set(server, name("first picture p95, ms"), quantile(r.first, 0.95))
	t.set(server, name("camera to viewer p95, ms"), quantile(r.late, 0.95))
}

// long notes what viewers waited for where keyframes are 10 s apart.
func (t *table) long(server string, r result) {
	t.set(server, "keyframe every 10 s: first picture p50, ms", quantile(r.first, 0.5))
}

// print writes the table; others' columns have our value as a share of theirs.
func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "\n%-54s", "live view, 1280 x 720, 25 a second, 2.5 Mbit/s")
	for _, s := range t.servers {
		fmt.Fprintf(w, "%18s", s)
	}
	fmt.Fprintln(w)
	for _, r := range t.rows {
		fmt.Fprintf(w, "%-54s", r.name)
		ours, have := r.values["packroom"]
		for _, s := range t.servers {
			v := r.values[s]
			cell := fmt.Sprintf("%.1f", v)
			if s != "packroom" && have && v > 0 {
				cell += fmt.Sprintf(" (x%.2f)", ours/v)
			}
			fmt.Fprintf(w, "%18s", cell)
		}
		fmt.Fprintln(w)
	}
}

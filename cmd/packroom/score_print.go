package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision/score"
)

// printRight prints how right the reports are, by clip, for all, and by type.
func printRight(w io.Writer, all []scored) {
	fmt.Fprintf(w, "%-24s%6s%6s%7s%8s%8s%8s%9s%6s%7s%9s\n", "", "found", "false", "missed", "prec.", "recall", "F1", "latency", "IoU", "slots", "false/h")
	line := func(r score.Result, kind room.ChangeKind, name string) {
		c := r.Count(kind)
		fmt.Fprintf(w, "%-24.24s%6d%6d%7d%8.3f%8.3f%8.3f", name, c.Found, c.False, c.Missed, c.Precision(), c.Recall(), c.F1())
		if kind == "" {
			fmt.Fprintf(w, "%7.1f s%6.2f%7.2f%9.2f", r.Latency(), r.Overlap(), r.Slots(), r.FalsePerHour())
		}
		fmt.Fprintln(w)
	}
	var results []score.Result
	for _, s := range all {
		line(s.Result, "", s.Clip)
		results = append(results, s.Result)
	}
	total := score.Join("all", results...)
	line(total, "", "all")
	for _, k := range []room.ChangeKind{room.ChangePlaced, room.ChangeRemoved, room.ChangeMoved} {
		line(total, k, "  "+string(k))
	}
	fmt.Fprintf(w, "%.2f camera-hours; latency: the middle one, from when the place can be seen\n", total.Seconds/3600)
	printLedgers(w, all)
}

// printLedgers prints whether what was reported adds up to what stands there at
// the end of each clip.
func printLedgers(w io.Writer, all []scored) {
	right := 0
	for _, s := range all {
		if len(s.Astray) == 0 {
			right++
		}
	}
	fmt.Fprintf(w, "ledger at the end: as the truth has it in %d of %d\n", right, len(all))
	for _, s := range all {
		for _, slot := range slices.Sorted(maps.Keys(s.Astray)) {
			fmt.Fprintf(w, "  ledger %s: %s has %+d\n", s.Clip, cmp.Or(slot, "no slot"), s.Astray[slot])
		}
	}
}

// printWrong lists each miss and each false report.
func printWrong(w io.Writer, all []scored) {
	for _, s := range all {
		for _, e := range s.Missed {
			fmt.Fprintf(w, "  missed %s: %s at %.1f s in %s, box %.0f\n", s.Clip, e.Kind, e.T, e.Slot, e.Box)
		}
		for _, p := range s.False {
			fmt.Fprintf(w, "  false %s: %s at %.1f s in %s, box %.0f\n", s.Clip, p.Kind, p.T, p.Slot, p.Box)
		}
	}
}

// printCost prints what a frame costs.
func printCost(w io.Writer, all []scored) {
	fmt.Fprintf(w, "\n%-24s%8s%8s%8s%8s%9s%9s%8s%9s%9s%8s\n", "CPU ms a frame", "decode", "gate", "shrink", "track", "moving", "nothing", "MOG2", "mov./M", "noth./M", "memory")
	row := func(name string, decode float64, c frameCost, mb string) {
		n := float64(max(c.busy.frames+c.quiet.frames, 1)) / 1000
		base := c.baseline.each()
		fmt.Fprintf(w, "%-24.24s%8.2f%8.2f%8.2f%8.2f%8.2f", name, decode, c.stages.Gate.Seconds()/n, c.stages.Shrink.Seconds()/n,
			(c.stages.Sight-c.stages.Shrink).Seconds()/n, c.stages.Track.Seconds()/n)
		fmt.Fprintf(w, "%9s%9s%8.2f%9s%9s%8s\n", figure(c.busy, 1), figure(c.quiet, 1), base, figure(c.busy, base), figure(c.quiet, base), mb)
	}
	var sum frameCost
	decode, frames := 0.0, 0
	for _, s := range all {
		row(s.Clip, s.run.decode*1000/float64(max(s.run.frames, 1)), s.cost, fmt.Sprintf("%d MB", s.run.peakMB))
		sum.busy, sum.quiet, sum.baseline = sum.busy.plus(s.cost.busy), sum.quiet.plus(s.cost.quiet), sum.baseline.plus(s.cost.baseline)
		sum.stages.Gate += s.cost.stages.Gate
		sum.stages.Sight += s.cost.stages.Sight
		sum.stages.Shrink += s.cost.stages.Shrink
		sum.stages.Track += s.cost.stages.Track
		decode, frames = decode+s.run.decode, frames+s.run.frames
	}
	row("all", decode*1000/float64(max(frames, 1)), sum, "")
	fmt.Fprint(w, "memory: the whole process's peak, without the decoder's (a child)\n\n")
}

func (w work) plus(o work) work { return work{w.frames + o.frames, w.cpu + o.cpu} }

// figure is the milliseconds a frame as a multiple of unit; a dash for none.
func figure(w work, unit float64) string {
	if w.frames == 0 || unit == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", w.each()/unit)
}

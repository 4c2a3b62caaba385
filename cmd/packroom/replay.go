package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/opencv"
)

func replayCommand() subcommand {
	return subcommand{name: "replay", about: "find the changes in recorded footage: JSON lines", run: runReplay}
}

// replayLine is one change: a line of the public format.
type replayLine struct {
	Type       room.ChangeKind `json:"type"`
	T          float64         `json:"t_s"`
	At         float64         `json:"at_s"`
	BBox       [4]float64      `json:"bbox"`
	Slot       string          `json:"slot"`
	Confidence float64         `json:"confidence"`
	Item       string          `json:"item"`
	FromBBox   *[4]float64     `json:"from_bbox,omitempty"`
	FromSlot   string          `json:"from_slot,omitempty"`
}

// replayStats is the last line on standard error.
const replayStats = "frames %d, video %.2f s, CPU decode %.2f s, CPU detect %.2f s, peak memory %d MB (decoder %d MB)"

const replayHelp = `packroom replay --slots FILE --video FILE [flags] [--config FILE]

Runs the detector over recorded footage as it would run live, and writes a JSON
line for each change. What is taken for a parcel is as vision.detection of the
settings says, where --config names some.

`

func runReplay(ctx context.Context, args []string) error {
	cfg, args, err := loadConfig(args)
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet("replay", flag.ContinueOnError)
	slotsName := fs.String("slots", "", "slots file of the camera")
	video := fs.String("video", "", "recorded footage, whatever ffmpeg reads")
	out := fs.String("out", "", "file for the JSON lines (default: standard output)")
	fs.Usage = func() { fmt.Fprint(fs.Output(), replayHelp); fs.PrintDefaults() }
	film := fs.String("annotate", "", "video file to write that shows what was seen: slots, items, people, motion, decisions and why")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if *slotsName == "" || *video == "" || fs.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "packroom replay: --slots FILE and --video FILE are needed, and nothing else but --out FILE and --annotate OUT.mp4")
		return errUsage
	}
	detection := cfg.Vision.Detection.opencv()
	detection.NoPictures = true
	err = replay(ctx, detection, *slotsName, *video, *out, *film)
	if errors.Is(err, vision.ErrSlots) || errors.Is(err, vision.ErrFootage) || errors.Is(err, vision.ErrFrame) {
		fmt.Fprintf(os.Stderr, "packroom replay: %v\n", err)
		return exitError{2}
	}
	return err
}

// readSlots reads and checks a slots file.
func readSlots(name string) (room.SlotsFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return room.SlotsFile{}, fmt.Errorf("%w: %w", vision.ErrSlots, err)
	}
	defer f.Close()
	slots, err := room.ReadSlotsFile(f)
	if err != nil {
		return room.SlotsFile{}, fmt.Errorf("%w %s: %w", vision.ErrSlots, name, err)
	}
	if err := vision.CheckSlots(slots); err != nil {
		return room.SlotsFile{}, fmt.Errorf("%s: %w", name, err)
	}
	return slots, nil
}

func replay(ctx context.Context, detection opencv.Config, slotsName, video, out, film string) (err error) {
	slots, err := readSlots(slotsName)
	if err != nil {
		return err
	}
	footage, err := vision.OpenFootage(ctx, video)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			_, _, _ = footage.Close() // the first error counts
		}
	}()
	detector, err := opencv.New(slots, detection)
	if err != nil {
		return err
	}
	defer detector.Close()

	// The first frame tells whether there is anything to write about.
	frame, err := footage.Next()
	if err != nil {
		return err
	}
	if err := vision.FitSlots(slots, frame.Width, frame.Height); err != nil {
		return err
	}
	to := os.Stdout
	if out != "" {
		if to, err = os.Create(out); err != nil {
			return fmt.Errorf("write changes: %w", err)
		}
		defer func() {
			if cerr := to.Close(); err == nil && cerr != nil {
				err = fmt.Errorf("write changes: %w", cerr)
			}
		}()
	}
	buf := bufio.NewWriter(to)
	lines := json.NewEncoder(buf)
	scale := [2]float64{float64(frame.Width) / float64(slots.Width), float64(frame.Height) / float64(slots.Height)}
	write := func(seen []vision.Seen) error {
		sort.SliceStable(seen, func(i, j int) bool { return seen[i].T < seen[j].T })
		for _, s := range seen {
			if err := lines.Encode(lineOf(s, scale)); err != nil {
				return fmt.Errorf("write changes: %w", err)
			}
		}
		return nil
	}
	drawn, err := annotate(ctx, film, detector, frame)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drawn.close()) }()
	frames, end := 0, time.Duration(0)
	for ; err == nil; frame, err = footage.Next() {
		seen, perr := detector.Process(frame)
		if perr != nil {
			return perr
		}
		if err := errors.Join(write(seen), drawn.add(frame)); err != nil {
			return err
		}
		frames, end = frames+1, frame.T
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	if err := write(detector.Flush()); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	warning := footage.Warning()
	closed = true
	decodeCPU, decodeKB, err := footage.Close()
	if err != nil {
		return err
	}
	if warning != "" {
		fmt.Fprintf(os.Stderr, "packroom replay: warning: %s: %s; what came before it was looked at\n", video, warning)
	}
	fmt.Fprintf(os.Stderr, replayStats+"\n",
		frames, end.Seconds(), decodeCPU.Seconds(), processorTime().Seconds(), vision.PeakMemoryKB(os.Getpid())/1024, decodeKB/1024)
	return nil
}

// lineOf scales a change to the video's pixels.
func lineOf(s vision.Seen, scale [2]float64) replayLine {
	l := replayLine{
		Type: s.Kind, T: tidy(s.T.Seconds()), At: tidy(s.AtT.Seconds()), BBox: boxOf(s.BBox, scale),
		Slot: s.Slot, Confidence: tidy(s.Confidence), Item: s.Item,
	}
	if s.Kind == room.ChangeMoved && s.FromBBox != nil {
		b := boxOf(*s.FromBBox, scale)
		l.FromBBox, l.FromSlot = &b, s.FromSlot
	}
	return l
}

func boxOf(r room.Rect, scale [2]float64) [4]float64 {
	return [4]float64{tidy(r[0] * scale[0]), tidy(r[1] * scale[1]), tidy(r[2] * scale[0]), tidy(r[3] * scale[1])}
}

// tidy rounds to thousandths.
func tidy(v float64) float64 { return math.Round(v*1000) / 1000 }

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/packroom/packroom/vision/score"
)

const scoreHelp = `packroom score [flags] [--config FILE] FOLDER...

Replays every clip of the folders that has NAME.slots.json and NAME.truth.json
beside it, as "packroom replay" does, and prints how right the reports are and
what a frame costs, beside classic background subtraction (MOG2) of the same
frames in the same run. A folder that is not there is passed over with a word.

`

func scoreCommand() subcommand {
	return subcommand{name: "score", about: "hold the detector against clips with known truth",
		run: func(ctx context.Context, args []string) error { return runScore(ctx, args, os.Stdout) }}
}

func runScore(ctx context.Context, args []string, out io.Writer) error {
	cfg, args, err := loadConfig(args)
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet("score", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprint(fs.Output(), scoreHelp); fs.PrintDefaults() }
	measured := fs.Int("frames", 1500, "how many frames of each clip the cost is measured on")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if fs.NArg() == 0 {
		fs.Usage()
		return errUsage
	}
	none := true
	for _, folder := range fs.Args() {
		clips, err := clipsIn(folder)
		if err != nil {
			return err
		}
		if len(clips) == 0 {
			fmt.Fprintf(out, "%s: no clips with truth\n\n", folder)
			continue
		}
		none = false
		if err := scoreFolder(ctx, cfg, folder, clips, *measured, out); err != nil {
			return err
		}
	}
	if none {
		return errors.New("score: there is nothing to score")
	}
	return nil
}

// clip is footage with its slots and its truth.
type clip struct{ name, video, slots, truth string }

// clipsIn finds a folder's clips, by name.
func clipsIn(folder string) ([]clip, error) {
	truths, err := filepath.Glob(filepath.Join(folder, "*.truth.json"))
	if err != nil {
		return nil, fmt.Errorf("score %s: %w", folder, err)
	}
	var out []clip
	for _, truth := range truths {
		stem := strings.TrimSuffix(truth, ".truth.json")
		c := clip{name: filepath.Base(stem), slots: stem + ".slots.json", truth: truth}
		for _, end := range []string{".mp4", ".mkv", ".avi", ".gif"} {
			if _, err := os.Stat(stem + end); err == nil && c.video == "" {
				c.video = stem + end
			}
		}
		if c.video == "" {
			return nil, fmt.Errorf("score: %s has no footage beside it", truth)
		}
		out = append(out, c)
	}
	return out, nil
}

// scored is what came of one clip.
type scored struct {
	score.Result
	run  replayRun
	cost frameCost
}

func scoreFolder(ctx context.Context, cfg Config, folder string, clips []clip, measured int, out io.Writer) error {
	var all []scored
	for _, c := range clips {
		s, err := scoreClip(ctx, cfg, c, measured)
		if err != nil {
			return fmt.Errorf("score %s: %w", c.name, err)
		}
		all = append(all, s)
	}
	fmt.Fprintf(out, "%s\n", folder)
	printRight(out, all)
	printWrong(out, all)
	printCost(out, all)
	return nil
}

func scoreClip(ctx context.Context, cfg Config, c clip, measured int) (scored, error) {
	truth, err := score.ReadTruth(c.truth)
	if err != nil {
		return scored{}, err
	}
	run, err := replayChild(ctx, cfg, c)
	if err != nil {
		return scored{}, err
	}
	reports, err := score.ReadReports(bytes.NewReader(run.lines))
	if err != nil {
		return scored{}, err
	}
	s := scored{Result: score.Compare(truth, reports), run: run}
	s.Clip = c.name
	if s.Seconds == 0 {
		s.Seconds = run.seconds
	}
	s.cost, err = measureCost(ctx, cfg.Vision.Detection, c, measured)
	return s, err
}

// replayRun is what "packroom replay" said of a clip.
type replayRun struct {
	lines                   []byte
	frames                  int
	seconds, decode, detect float64 // of video, and of the processor
	peakMB, decoderMB       int
}

// replayChild replays in a process of its own, so that its memory is its own.
func replayChild(ctx context.Context, cfg Config, c clip) (replayRun, error) {
	self, err := os.Executable()
	if err != nil {
		return replayRun{}, err
	}
	var lines, said bytes.Buffer
	args := []string{"replay", "--slots", c.slots, "--video", c.video}
	if cfg.File != "" {
		args = append(args, "--config", cfg.File)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdout, cmd.Stderr = &lines, &said
	if err := cmd.Run(); err != nil {
		return replayRun{}, fmt.Errorf("replay: %w: %s", err, strings.TrimSpace(said.String()))
	}
	r := replayRun{lines: lines.Bytes()}
	words := strings.Split(strings.TrimSpace(said.String()), "\n")
	if _, err := fmt.Sscanf(words[len(words)-1], strings.ReplaceAll(replayStats, "%.2f", "%f"), &r.frames, &r.seconds, &r.decode, &r.detect, &r.peakMB, &r.decoderMB); err != nil {
		return replayRun{}, fmt.Errorf("replay says %q: %w", words[len(words)-1], err)
	}
	return r, nil
}

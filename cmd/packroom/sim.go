package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/packroom/packroom/room/sim"
)

func simCommand() subcommand {
	return subcommand{
		name:  "sim",
		about: "a simulated room: its cameras, door, lights and people",
		run:   func(ctx context.Context, args []string) error { return simulate(ctx, args, os.Stdout, os.Stderr) },
	}
}

const simHelp = `packroom sim [flags] [--config FILE] [--data DIR]

Runs the simulated room: cameras as RTSP, devices and a page over HTTP. Writes
each camera's slots file to DIR/sim/.

With --day FILE (or --day generate, which makes one up from --seed) people come
and go by themselves; pauses are --speed times shorter. A scripted person who
has a card, qr or pin line shows it at the kiosk and waits for the door; others
have a key.

With --day and --render OUT nothing is served: the day is filmed as fast as the
machine can, to OUT/NAME.camN.mp4 with its slots and the truth about it. Pauses
are cut to --pause; with --calm-fps they need not be: while nobody is there and
no lamp is switched so many pictures a second are enough.

--day visits makes up two hours in which somebody comes every few minutes and
mostly takes nothing, lamps are switched, and night falls: the detector's long
trial.

`

func simulate(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, args, err := loadConfig(args)
	if err != nil {
		return err
	}
	c := sim.Config{
		Listen: cfg.Sim.Listen, RTSP: cfg.Sim.RTSPListen, Door: cfg.Room.Door, Seed: uint64(cfg.Sim.Seed),
		SlotsDir: cfg.Path("sim"), Log: cfg.Logger("sim"),
	}
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, simHelp)
		flags.PrintDefaults()
	}
	flags.StringVar(&c.Listen, "listen", c.Listen, "host:port of page and devices")
	flags.StringVar(&c.RTSP, "rtsp", c.RTSP, "host:port of the cameras")
	flags.Uint64Var(&c.Seed, "seed", c.Seed, "looks of room, parcels and people, and the generated day")
	flags.IntVar(&c.Cameras, "cameras", 2, "number of cameras, each with its own shelves")
	flags.IntVar(&c.Width, "width", 1280, "picture width in pixels")
	flags.IntVar(&c.Height, "height", 720, "picture height in pixels")
	flags.IntVar(&c.FPS, "fps", 10, "pictures a second")
	kbps := flags.Int("kbps", 1500, "kilobits a second of each camera's video")
	flags.Float64Var(&c.Pace, "pace", 1, "how fast people move")
	day := flags.String("day", "", "play a day: a file, \"generate\" or \"visits\"")
	speed := flags.Float64("speed", 1, "how many times shorter a day's pauses are")
	shoot := sim.RenderConfig{}
	flags.StringVar(&shoot.Out, "render", "", "film the day to this folder instead of serving it")
	flags.StringVar(&shoot.Name, "name", "day", "begin of the film's file names")
	flags.DurationVar(&shoot.Longest, "pause", 15*time.Second, "the longest pause that is filmed")
	flags.IntVar(&shoot.CalmFPS, "calm-fps", 0, "pictures a second while nothing moves; 0 = as many as else")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	c.Bitrate = *kbps * 1000
	script, err := readDay(*day, c.Seed)
	if err != nil {
		return err
	}
	if shoot.Out != "" {
		shoot.Config = c
		return film(ctx, shoot, script, stdout)
	}
	if *speed < 1 {
		return fmt.Errorf("--speed %g: must be 1 or more", *speed)
	}
	s, err := sim.New(c)
	if err != nil {
		return err
	}
	if script != nil {
		s.Follow(*script, *speed)
	}
	fmt.Fprintf(stdout, "simulated room: %s\n", s.URL())
	for n := range c.Cameras {
		fmt.Fprintf(stdout, "camera %d: %s\n", n+1, s.CameraURL(n+1))
	}
	return s.Run(ctx)
}

// readDay is the day that a --day names; nil for none.
func readDay(name string, seed uint64) (*sim.Day, error) {
	switch name {
	case "":
		return nil, nil
	case "generate":
		d := sim.NewDay(seed)
		return &d, nil
	case "visits":
		d := sim.NewVisits(seed)
		return &d, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := sim.ReadDay(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &d, nil
}

// film renders a day and says what came of it.
func film(ctx context.Context, cfg sim.RenderConfig, day *sim.Day, stdout io.Writer) error {
	if day == nil {
		return errors.New("--render needs --day FILE or --day generate")
	}
	footage, err := sim.Render(ctx, cfg, *day)
	if err != nil {
		return err
	}
	for _, f := range footage {
		fmt.Fprintf(stdout, "%s: %s, %d changes, truth %s, slots %s\n", f.Video, f.Length, f.Events, f.Truth, f.Slots)
	}
	for _, s := range footage[0].Skipped {
		fmt.Fprintf(stdout, "skipped %s\n", s)
	}
	return nil
}

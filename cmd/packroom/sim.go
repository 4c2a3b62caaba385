package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

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
machine can, to OUT/day.camN.mp4 with its slots and the truth about it.

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
	flags.Float64Var(&c.Pace, "pace", 1, "how fast people move")
	day := flags.String("day", "", "play a day: a file, or \"generate\"")
	speed := flags.Float64("speed", 1, "how many times shorter a day's pauses are")
	render := flags.String("render", "", "film the day to this folder instead of serving it")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	script, err := readDay(*day, c.Seed)
	if err != nil {
		return err
	}
	if *render != "" {
		return film(ctx, sim.RenderConfig{Config: c, Out: *render}, script, stdout)
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

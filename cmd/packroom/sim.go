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
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	s, err := sim.New(c)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "simulated room: %s\n", s.URL())
	for n := range c.Cameras {
		fmt.Fprintf(stdout, "camera %d: %s\n", n+1, s.CameraURL(n+1))
	}
	return s.Run(ctx)
}

// Package sim is a simulated package room: shelving cameras served over RTSP,
// a door with strike and contact, lights at the slots, a laser, a speaker and a
// card reader behind HTTP, and people who carry parcels in and out. The
// platform cannot tell it from a real room; a newcomer, a test and a
// demonstration use it in place of hardware.
//
// What may be relied upon: the same [Config.Seed] and the same actions at the
// same times give the same room, parcels and people. Truth is always known
// ([World.State]), with the rectangle at which each parcel shows.
package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Config says how big the simulated room is and where it listens.
type Config struct {
	Listen   string        // HTTP: devices and page; empty = 127.0.0.1:7050
	RTSP     string        // empty = 127.0.0.1:7051
	SlotsDir string        // where camN.slots.json are written, and the painted room and what lies in it are kept; empty = nowhere
	Door     string        // the door's name; empty = main
	Seed     uint64        // looks of room, parcels and people; 0 = 1
	Cameras  int           // 0 = 2
	Width    int           // 0 = 1280
	Height   int           // 0 = 720
	FPS      int           // 0 = 10
	Bitrate  int           // bits/s a camera; 0 = 1 500 000
	Pace     float64       // how fast people move; 0 = 1
	Beat     time.Duration // keep-alive of event streams; 0 = 3 s
	Blind    bool          // no cameras: devices, door and people only
	Log      *slog.Logger  // nil = slog.Default
}

func (c Config) pace() float64 { return c.Pace }

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	def(&c.Listen, "127.0.0.1:7050")
	def(&c.RTSP, "127.0.0.1:7051")
	def(&c.Door, "main")
	num(&c.Cameras, 2)
	num(&c.Width, 1280)
	num(&c.Height, 720)
	num(&c.FPS, 10)
	num(&c.Bitrate, 1_500_000)
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Pace == 0 {
		c.Pace = 1
	}
	if c.Beat == 0 {
		c.Beat = 3 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Validate reports the first thing wrong with c.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Cameras < 1 || c.Cameras > maxCameras:
		return fmt.Errorf("sim cameras: %d is not 1 to %d", c.Cameras, maxCameras)
	case c.Width < 320 || c.Height < 180 || c.Width > 3840 || c.Height > 2160 || c.Width%16 != 0 || c.Height%2 != 0:
		return fmt.Errorf("sim size: %dx%d; use a width that 16 divides and an even height, 320x180 to 3840x2160", c.Width, c.Height)
	case c.FPS < 1 || c.FPS > 30:
		return fmt.Errorf("sim fps: %d is not 1 to 30", c.FPS)
	case c.Pace < 0.1 || c.Pace > 10:
		return fmt.Errorf("sim pace: %g is not 0.1 to 10", c.Pace)
	}
	return nil
}

// Sim is a running simulated room.
type Sim struct {
	*World
	cfg     Config
	films   []*film
	http    net.Listener
	rtsp    *rtspServer
	handler http.Handler
	script  *Day // what people act out by themselves; nil = nothing
	speed   float64
}

// New builds the room, paints it (some seconds; less where it was painted
// before) and begins to listen; Run
// makes it live.
func New(cfg Config) (*Sim, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Sim{cfg: cfg, World: newWorld(cfg, time.Now, cfg.Log)}
	if err := s.writeSlots(); err != nil {
		return nil, err
	}
	if cfg.SlotsDir != "" {
		if err := s.keepShelves(filepath.Join(cfg.SlotsDir, "shelves.json")); err != nil {
			return nil, err
		}
	}
	var err error
	if s.http, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen for devices and page: %w", err)
	}
	if !cfg.Blind {
		if s.rtsp, err = s.openCameras(); err != nil {
			s.http.Close()
			return nil, err
		}
	}
	s.handler = s.routes()
	return s, nil
}

// openCameras paints what they see and serves it.
func (s *Sim) openCameras() (*rtspServer, error) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return nil, fmt.Errorf("open cameras: %w: install ffmpeg, which encodes their video", err)
	}
	scenes, err := s.layout.scenes(s.cfg.SlotsDir)
	if err != nil {
		return nil, err
	}
	for i, scene := range scenes {
		s.films = append(s.films, newFilm(s, i, scene))
	}
	return newRTSPServer(s.cfg.RTSP, s.films)
}

// URL is the page's address.
func (s *Sim) URL() string { return "http://" + s.http.Addr().String() }

// CameraURL is a camera's RTSP address; cameras count from 1.
func (s *Sim) CameraURL(n int) string {
	return fmt.Sprintf("rtsp://%s/%s", s.rtsp.addr(), cameraName(n-1))
}

// writeSlots puts each camera's slots file where vision looks for it.
func (s *Sim) writeSlots() error {
	if s.cfg.SlotsDir == "" {
		return nil
	}
	if err := os.MkdirAll(s.cfg.SlotsDir, 0o755); err != nil {
		return fmt.Errorf("write slots files: %w", err)
	}
	for i := range s.cfg.Cameras {
		b, err := json.MarshalIndent(s.layout.slotsFile(i), "", " ")
		if err != nil {
			return err
		}
		path := filepath.Join(s.cfg.SlotsDir, cameraName(i)+".slots.json")
		tmp := path + ".new"
		if err := os.WriteFile(tmp, append(b, '\n'), 0o644); err != nil {
			return fmt.Errorf("write slots file: %w", err)
		}
		if err := os.Rename(tmp, path); err != nil {
			return fmt.Errorf("write slots file: %w", err)
		}
	}
	return nil
}

// Run serves until ctx ends. It returns when everything has stopped.
func (s *Sim) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	srv := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	wg.Go(func() {
		if err := srv.Serve(s.http); !errors.Is(err, http.ErrServerClosed) {
			cancel(fmt.Errorf("serve devices and page: %w", err))
		}
	})
	for _, f := range s.films {
		wg.Go(func() { f.run(ctx) })
	}
	wg.Go(func() { s.tick(ctx) })
	if s.script != nil {
		wg.Go(func() { s.follow(ctx) })
	}
	<-ctx.Done()
	if s.rtsp != nil {
		s.rtsp.close()
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	if srv.Shutdown(stop) != nil {
		srv.Close()
	}
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// tick lets time pass as it does outside.
func (s *Sim) tick(ctx context.Context) {
	t := time.NewTicker(time.Second / 30)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			now := time.Now()
			dt := now.Sub(last)
			last = now
			for dt > 0 { // after a pause of the machine, people still walk every step
				d := min(dt, 50*time.Millisecond)
				s.Step(d)
				dt -= d
				if dt > 5*time.Second {
					dt = 0
				}
			}
		}
	}
}

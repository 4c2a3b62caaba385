package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/opencv"
)

func visionCommand() subcommand {
	return subcommand{name: "vision", about: "cameras: detection, live view, clips", run: runVision}
}

func runVision(ctx context.Context, args []string) error {
	cfg, rest, err := loadConfig(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("unknown words %q", rest)
	}
	log := cfg.Logger("vision")
	secrets, err := cfg.Secrets()
	if err != nil {
		return err
	}
	b, err := bus.Connect(ctx, bus.Config{URL: cfg.NATSURL(), Name: "vision", Property: cfg.Property.ID,
		Room: cfg.Room.ID, CredsFile: cfg.Path(cfg.NATS.CredsFile), Log: log})
	if err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	defer b.Close()
	service, err := vision.NewService(visionConfig(cfg, secrets, b, log))
	if err != nil {
		return err
	}
	return serveVision(ctx, cfg.Vision.Listen, service, log)
}

// visionConfig wires the service to the bus, the pictures and OpenCV.
func visionConfig(cfg Config, secrets Secrets, b *bus.Bus, log *slog.Logger) vision.ServiceConfig {
	v := vision.ServiceConfig{
		Dir: cfg.Path("vision"), Pictures: cfg.Pictures(), Publisher: b, Token: secrets.BoxToken, Log: log,
		Lease: func(ctx context.Context, camera string) (vision.Lease, error) {
			l, err := b.LeaseCamera(ctx, camera)
			if err != nil {
				return vision.Lease{}, err
			}
			return vision.Lease{Fence: l.Fence, Lost: l.Lost(), Release: l.Release}, nil
		},
		NewDetector: func(slots room.SlotsFile) (vision.Detector, error) {
			return opencv.New(slots, opencv.Config{})
		},
	}
	for _, c := range cfg.Cameras {
		v.Cameras = append(v.Cameras, vision.Watched{
			CameraSource: vision.CameraSource{ID: c.ID, URL: c.URL}, Slots: cfg.Path(c.Slots)})
	}
	return v
}

// serveVision runs the service and its HTTP side until ctx ends.
func serveVision(ctx context.Context, listen string, service *vision.Service, log *slog.Logger) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: service.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var serveErr error
	wg.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			serveErr = fmt.Errorf("serve: %w", err)
			cancel()
		}
	})
	log.Info("vision is up", "listen", l.Addr().String())
	runErr := service.Run(ctx)
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	shutErr := server.Shutdown(stop)
	wg.Wait()
	return errors.Join(runErr, serveErr, shutErr)
}

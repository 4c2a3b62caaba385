package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/vision"
	"github.com/packroom/packroom/vision/opencv"
)

func visionCommand() subcommand {
	return subcommand{name: "vision", about: "cameras: detection, live view, clips", run: runVision}
}

// gcPercent is how much garbage may gather, as a share of what is in use. 50: a
// viewer of a live picture costs two thirds of the memory that 100 does, and 6 %
// more processor time.
const gcPercent = 50

func runVision(ctx context.Context, args []string) error {
	begun, err := begin(ctx, "vision", args, needBus)
	if err != nil {
		return err
	}
	defer begun.end()
	cfg, secrets, log, b := begun.cfg, begun.secrets, begun.log, begun.bus
	ice, err := iceServers(cfg)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	service, err := vision.NewService(visionConfig(cfg, secrets, ice, b, log))
	if err != nil {
		return err
	}
	busMetrics(service.Metrics(), b)
	var cameras []string
	for _, c := range cfg.Cameras {
		cameras = append(cameras, c.ID)
	}
	return runTogether(ctx,
		service.Run,
		func(ctx context.Context) error {
			return serveHTTP(ctx, "vision.listen", cfg.Vision.Listen, service.Handler())
		},
		func(ctx context.Context) error {
			return b.ConsumeEvents(ctx, "footage", func(_ context.Context, e room.Event) error {
				return service.Clips().PinEvent(e, cameras, time.Now())
			})
		})
}

// visionConfig wires the service to the bus, the pictures and OpenCV.
func visionConfig(cfg Config, secrets Secrets, ice vision.ICEServers, b *bus.Bus, log *slog.Logger) vision.ServiceConfig {
	v := vision.ServiceConfig{
		Dir: cfg.Path("vision"), Pictures: cfg.Pictures(), Publisher: b, Token: secrets.BoxToken, Log: log,
		Lease: func(ctx context.Context, camera string) (vision.Lease, error) {
			l, err := b.LeaseCamera(ctx, camera)
			if err != nil {
				return vision.Lease{}, err
			}
			return vision.Lease{Fence: l.Fence, Lost: l.Lost(), Release: l.Release}, nil
		},
		Live:  vision.LiveConfig{Listen: cfg.Vision.ICEListen, Hosts: cfg.Vision.ICEHosts, ICE: ice},
		Clips: visionClips(cfg),
		NewDetector: func(slots room.SlotsFile) (vision.Detector, error) {
			return opencv.New(slots, cfg.Vision.Detection.opencv())
		},
		NewHeadFinder: opencv.NewHeads,
	}
	for _, c := range cfg.Cameras {
		v.Cameras = append(v.Cameras, vision.Watched{
			CameraSource: vision.CameraSource{ID: c.ID, URL: c.URL, Transcode: c.Transcode}, Substream: c.Substream, Slots: cfg.Path(c.Slots)})
	}
	return v
}

// iceServers are the settings' STUN and TURN servers, with their secret.
func iceServers(cfg Config) (vision.ICEServers, error) {
	s := vision.ICEServers{URLs: cfg.Vision.ICEServers, User: cfg.Vision.ICEUser}
	if cfg.Vision.ICESecretFile == "" {
		return s, nil
	}
	b, err := os.ReadFile(cfg.Path(cfg.Vision.ICESecretFile))
	if err != nil {
		return s, fmt.Errorf("vision.ice_secret_file: %w", err)
	}
	s.Secret = strings.TrimSpace(string(b))
	return s, nil
}

// visionClips says where footage is kept and for how long.
func visionClips(cfg Config) vision.ClipConfig {
	keep, f := cfg.Retention.Clips, cfg.Vision.Footage
	return vision.ClipConfig{
		Dir: cfg.Path("clips"), RingAge: keep.Other, LeastAge: f.Least, MostBytes: int64(f.MostGB) << 30, FreeBytes: int64(f.FreeGB) << 30,
		Keep: vision.Keeping{Delivery: keep.Delivery, Pickup: keep.Pickup, Incident: keep.Incident},
	}
}

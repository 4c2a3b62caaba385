package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
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
	service, err := vision.NewService(visionConfig(cfg, secrets, ice, b, log))
	if err != nil {
		return err
	}
	busMetrics(service.Metrics(), b)
	return runTogether(ctx,
		service.Run,
		func(ctx context.Context) error {
			return serveHTTP(ctx, "vision.listen", cfg.Vision.Listen, service.Handler())
		},
		func(ctx context.Context) error {
			return b.Watch(ctx, func(e room.Event) { pinEvent(service.Clips(), cfg, e, log) })
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
		Clips: vision.ClipConfig{Dir: cfg.Path("clips"), RingAge: cfg.Retention.Clips.Other},
		NewDetector: func(slots room.SlotsFile) (vision.Detector, error) {
			return opencv.New(slots, opencv.Config{})
		},
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

// clipKeeping says for how long the footage around an event is kept; events
// that are not named have none.
func clipKeeping(r ClipRetention, k room.EventKind) (keep time.Duration, ok bool) {
	switch k {
	case room.EvParcelStored, room.EvParcelMoved, room.EvParcelUnidentified:
		return r.Delivery, true
	case room.EvParcelTaken, room.EvParcelCollected, room.EvParcelPutBack:
		return r.Pickup, true
	case room.EvParcelMissing, room.EvIncidentOpened, room.EvDoorFault, room.EvAccessDenied:
		return r.Incident, true
	case room.EvVisitEntered, room.EvVisitEnded, room.EvDoorOpened:
		return max(r.Delivery, r.Pickup), true
	}
	return 0, false
}

// pinEvent keeps the footage around an event: of its camera, or of all cameras
// where it names none.
func pinEvent(clips *vision.Clips, cfg Config, e room.Event, log *slog.Logger) {
	keep, ok := clipKeeping(cfg.Retention.Clips, e.Kind)
	if !ok {
		return
	}
	for _, c := range cfg.Cameras {
		if e.Camera != "" && e.Camera != c.ID {
			continue
		}
		_, err := clips.Pin(vision.PinRequest{Camera: c.ID, From: e.Time.Add(-vision.PreRoll), To: e.Time.Add(vision.PostRoll),
			Event: e.ID, Keep: keep})
		if err != nil {
			log.Error("the footage of an event is not kept", "event", e.ID, "camera", c.ID, "err", err)
		}
	}
}

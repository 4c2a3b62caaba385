package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/web"
)

func roomCommand() subcommand {
	return subcommand{name: "room", about: "the room service: state, door, guide", run: runRoom}
}

func runRoom(ctx context.Context, args []string) error {
	begun, err := begin(ctx, "room", args, needStore, needBus)
	if err != nil {
		return err
	}
	defer begun.end()
	cfg, secrets, log, store, b := begun.cfg, begun.secrets, begun.log, begun.store, begun.bus
	devices, drivers, err := driver.Open(ctx, cfg.Drivers(), log)
	if err != nil {
		return fmt.Errorf("devices: %w", err)
	}
	defer drivers.Close()
	metrics := newRegistry()
	busMetrics(metrics, b)
	metrics.MustRegister(deviceMetrics{devices.Diagnostics})
	service, err := newRoom(ctx, cfg, secrets, store, devices, metrics, log)
	if err != nil {
		return err
	}
	seeded := make(chan struct{})
	mux := opsMux(metrics, map[string]check{
		"demonstration": func(context.Context) error {
			select {
			case <-seeded:
				return nil
			default:
				return errors.New("its residents and couriers are being made")
			}
		},
		"state":    func(context.Context) error { return service.Ready() },
		"postgres": store.Ping,
	})
	mux.Handle("/", service.Handler(secrets.BoxToken))
	return runTogether(ctx,
		service.Run,
		func(ctx context.Context) error { return b.Relay(ctx, store) },
		func(ctx context.Context) error { return b.ConsumeFacts(ctx, "room", roomFacts(service)) },
		func(ctx context.Context) error { return serveHTTP(ctx, "room.listen", cfg.Room.Listen, mux) },
		func(ctx context.Context) error {
			return sweepHourly(ctx, log,
				sweep{"pictures", cfg.Retention.Pictures, cfg.Pictures()[0].Sweep},
				sweep{"labels", cfg.Retention.Labels, cfg.LabelPictures()[0].Sweep},
				sweep{"frames", framesKept, cfg.Frames().Sweep},
				sweep{"inbox", cfg.Retention.Inbox, store.PruneInbox},
				sweep{"wrong tries", 24 * time.Hour, store.PruneThrottles}) // the gate forgets them after an hour
		},
		func(ctx context.Context) error {
			err := seedDemo(ctx, cfg, service, store, log)
			close(seeded)
			return err
		},
	)
}

// newRoom wires the service of the configured room.
func newRoom(ctx context.Context, cfg Config, secrets Secrets, store *postgres.Store, dev room.Devices, metrics *prometheus.Registry, log *slog.Logger) (*room.Service, error) {
	slots, err := roomSlots(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.Property.Timezone)
	if err != nil {
		return nil, fmt.Errorf("property.timezone: %w", err)
	}
	gate, err := newGate(cfg, secrets, store, zone, log)
	if err != nil {
		return nil, err
	}
	words, err := web.NewPhrases()
	if err != nil {
		return nil, err
	}
	unlock := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "packroom_unlock_seconds",
		Help: "From a committed grant to the strike's answer.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5}})
	metrics.MustRegister(unlock)
	return room.NewService(room.Config{
		Property: cfg.Property.ID, Room: cfg.Room.ID, Door: cfg.Room.Door, Kiosk: cfg.Room.Kiosks[0], Slots: slots, Log: log,
		Unlocked:   func(d time.Duration) { unlock.Observe(d.Seconds()) },
		PickupForm: room.CredentialForm(cfg.Room.Pickup),
		Picture:    doorPicture(cfg, secrets),
		LaserRig:   laserRig(cfg, secrets, log),
		LaserCheck: cfg.laserSchedule(zone),
	}, store, gate, withDarkSlots(dev, slots), words), nil
}

// newGate makes the authority over credentials.
func newGate(cfg Config, secrets Secrets, store access.Store, zone *time.Location, log *slog.Logger) (*access.Gate, error) {
	var edges access.EdgeKeys
	if cfg.Room.EdgeKeysFile != "" {
		f, err := os.Open(cfg.Path(cfg.Room.EdgeKeysFile))
		if err != nil {
			return nil, fmt.Errorf("room.edge_keys_file: %w", err)
		}
		edges, err = access.ReadEdgeKeys(f)
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("room.edge_keys_file: %w", err)
		}
	}
	return access.NewGate(access.Config{Pepper: secrets.Pepper, Store: store, Log: log, Zone: zone, Room: cfg.Room.ID, Edges: edges})
}

// doorPicture asks the vision service for a still and keeps it; nil where there
// is no camera.
func doorPicture(cfg Config, secrets Secrets) func(ctx context.Context) (camera, ref string, err error) {
	if len(cfg.Cameras) == 0 {
		return nil
	}
	camera := cmp.Or(cfg.Room.Camera, cfg.Cameras[0].ID)
	return func(ctx context.Context) (string, string, error) {
		picture, _, err := snapshot(ctx, cfg, secrets, camera)
		if err != nil {
			return "", "", err
		}
		ref, err := cfg.Pictures().Put(ctx, picture)
		return camera, ref, err
	}
}

// snapshot asks the vision service for the newest picture of a camera, a JPEG, and
// when it was taken, in whole seconds.
func snapshot(ctx context.Context, cfg Config, secrets Secrets, camera string) (picture []byte, at time.Time, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.Vision.URL+"/snapshot/"+camera+".jpg", nil)
	if err != nil {
		return nil, at, err
	}
	req.Header.Set("Authorization", "Bearer "+secrets.BoxToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, at, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, at, fmt.Errorf("picture of %s: status %s", camera, resp.Status)
	}
	if picture, err = io.ReadAll(io.LimitReader(resp.Body, 16<<20)); err != nil {
		return nil, at, fmt.Errorf("picture of %s: %w", camera, err)
	}
	at, _ = time.Parse(http.TimeFormat, resp.Header.Get("Last-Modified")) // zero where it does not say
	return picture, at, nil
}

// roomFacts hands what vision reported to the service.
func roomFacts(service *room.Service) bus.FactHandler {
	return func(ctx context.Context, id string, fact any) error {
		in, ok := fact.(room.Input)
		if !ok {
			return fmt.Errorf("fact %s: %w: a %T is nothing that a room decides about", id, room.ErrInvalid, fact)
		}
		return service.Fact(ctx, id, in)
	}
}

// roomSlots reads the slots files of all cameras. A file that is not there yet
// is waited for: the simulated room writes its own when it starts.
func roomSlots(ctx context.Context, cfg Config, log *slog.Logger) ([]room.Slot, error) {
	var slots []room.Slot
	owner := map[string]string{}
	for _, cam := range cfg.Cameras {
		if cam.Slots == "" {
			continue // of a door, or a corridor
		}
		of, _, err := cameraSlots(ctx, cfg, cam, log)
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", cam.ID, err)
		}
		for _, s := range of {
			if other, twice := owner[s.ID]; twice {
				return nil, fmt.Errorf("slot %s is in the slots files of both %s and %s; slot ids must be unique in a room", s.ID, other, cam.ID)
			}
			owner[s.ID] = cam.ID
			slots = append(slots, s)
		}
	}
	return slots, nil
}

// cameraSlots reads one camera's slots file and the calibration of the laser in
// its picture, where there is one.
func cameraSlots(ctx context.Context, cfg Config, cam CameraConfig, log *slog.Logger) ([]room.Slot, room.SlotsFile, error) {
	path := cfg.Path(cam.Slots)
	f, err := waitForFile(ctx, path, log)
	if err != nil {
		return nil, room.SlotsFile{}, err
	}
	file, err := room.ReadSlotsFile(f)
	_ = f.Close()
	if err != nil {
		return nil, file, fmt.Errorf("%s: %w", path, err)
	}
	for i := range file.Slots {
		file.Slots[i].Camera = cam.ID
	}
	l, err := os.Open(cfg.laserFile(cam))
	if errors.Is(err, os.ErrNotExist) && cam.Laser == "" {
		return file.Slots, file, nil
	}
	if err != nil {
		return nil, file, err
	}
	defer l.Close()
	fit, err := room.ReadLaserFile(l, file)
	if err != nil {
		return nil, file, fmt.Errorf("%s: %w", l.Name(), err)
	}
	log.Info("the laser is calibrated", "camera", cam.ID, "points", fit.Used, "residual_px", fit.ResidualPX)
	return fit.Calibrate(file.Slots), file, nil
}

func waitForFile(ctx context.Context, path string, log *slog.Logger) (*os.File, error) {
	for told := false; ; told = true {
		f, err := os.Open(path)
		if err == nil || !errors.Is(err, os.ErrNotExist) {
			return f, err
		}
		if !told {
			log.Warn("waiting for the slots file; draw one for the camera, or start the simulated room", "file", path)
		}
		if err := waitABit(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

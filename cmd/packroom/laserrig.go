package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

// laserRig lets the room calibrate its laser against the pictures of the vision
// service.
func laserRig(cfg Config, secrets Secrets, log *slog.Logger) room.LaserRig {
	if len(cfg.Cameras) == 0 {
		return room.LaserRig{}
	}
	camera := func(id string) (CameraConfig, error) {
		i := slices.IndexFunc(cfg.Cameras, func(c CameraConfig) bool { return c.ID == id })
		if i < 0 {
			return CameraConfig{}, fmt.Errorf("camera %q: %w", id, room.ErrNotFound)
		}
		return cfg.Cameras[i], nil
	}
	return room.LaserRig{
		Still: func(ctx context.Context, id string) (image.Image, error) { return freshStill(ctx, cfg, secrets, id) },
		Frame: func(id string) (image.Point, error) {
			cam, err := camera(id)
			if err != nil {
				return image.Point{}, err
			}
			_, file, err := cameraSlots(context.Background(), cfg, cam, log) // the room read it when it began
			return image.Pt(file.Width, file.Height), err
		},
		Keep: func(f room.LaserFile) ([]room.Slot, error) {
			cam, err := camera(f.Camera)
			if err != nil {
				return nil, err
			}
			if err := writeCalibration(cfg.laserFile(cam), f); err != nil {
				return nil, err
			}
			slots, _, err := cameraSlots(context.Background(), cfg, cam, log)
			return slots, err
		},
	}
}

// laserSchedule is when the laser is checked by itself.
func (c Config) laserSchedule(zone *time.Location) room.LaserSchedule {
	return room.LaserSchedule{At: c.Room.LaserCheck, Zone: zone, Slots: c.Room.LaserSlots}
}

// freshStill is a picture that a camera took after the call.
func freshStill(ctx context.Context, cfg Config, secrets Secrets, camera string) (image.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for began := time.Now(); ; {
		picture, at, err := snapshot(ctx, cfg, secrets, camera)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", room.ErrUnavailable, err)
		}
		if !at.Before(began) {
			return jpeg.Decode(bytes.NewReader(picture))
		}
		if err := waitABit(ctx, 100*time.Millisecond); err != nil {
			return nil, fmt.Errorf("%w: camera %s gives no new picture: %w", room.ErrUnavailable, camera, err)
		}
	}
}

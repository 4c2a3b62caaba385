package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// screen is a laser head before a flat wall that a camera looks at from the
// head's own place: what pan and tilt do is known without a second model.
type screen struct {
	mu    sync.Mutex
	aim   room.Aim
	until time.Time
	shift float64 // the head was knocked, in degrees of pan
}

func (s *screen) Point(_ context.Context, a room.Aim, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aim, s.until = a, time.Now().Add(ttl)
	return nil
}

func (s *screen) Off(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Time{}
	return nil
}

func (s *screen) still(context.Context) (image.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := image.NewGray(image.Rect(0, 0, 320, 180))
	if !time.Now().Before(s.until) {
		return m, nil
	}
	pan, tilt := (s.aim.PanDeg+s.shift)*math.Pi/180, s.aim.TiltDeg*math.Pi/180
	x, y := 160+250*math.Tan(pan), 90-250*math.Tan(tilt)/math.Cos(pan)
	for dy := -3; dy <= 3; dy++ {
		for dx := -3; dx <= 3; dx++ {
			px, py := math.Floor(x)+float64(dx), math.Floor(y)+float64(dy)
			m.SetGray(int(px), int(py), color.Gray{uint8(255 * math.Exp(-(math.Pow(px+0.5-x, 2)+math.Pow(py+0.5-y, 2))/4))})
		}
	}
	return m, nil
}

func TestALaserIsCalibratedAndChecked(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Data: dir, Cameras: []CameraConfig{{ID: "cam1", Slots: "slots.json"}}}
	slots := `{"camera":"cam1","width":640,"height":360,"slots":[
		{"id":"A1","width_mm":1000,"polygon":[[100,100],[300,100],[300,200],[100,200]]},
		{"id":"B1","width_mm":1000,"polygon":[[350,150],[550,150],[550,250],[350,250]]}]}`
	if err := os.WriteFile(filepath.Join(dir, "slots.json"), []byte(slots), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &screen{}
	p := room.LaserMeasure{Laser: s, Still: s.still, Tell: printSteps(&out)}
	file, err := p.Calibrate(t.Context(), "cam1", [2]float64{-24, 24}, [2]float64{-14, 14})
	if err != nil {
		t.Fatal(err)
	}
	if err := keepCalibration(cfg.laserFile(cfg.Cameras[0]), file, &out); err != nil || !strings.Contains(out.String(), "20 points, off by 0.") {
		t.Fatalf("%v: %s", err, out.String())
	}
	var kept room.LaserFile
	if b, err := os.ReadFile(filepath.Join(dir, "laser", "cam1.json")); err != nil || json.Unmarshal(b, &kept) != nil || len(kept.Points) != 20 || kept.Width != 320 {
		t.Fatalf("kept %+v, %v", kept, err)
	}
	read, err := roomSlots(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil || read[0].Aim == nil {
		t.Fatalf("the room does not use it: %v", err)
	}
	if err := checkLaser(t.Context(), cfg, cfg.Cameras[0], p); err != nil {
		t.Errorf("a good calibration: %v: %s", err, out.String())
	}
	s.shift = 2 // degrees: 17 pixels of the slots file, 87 mm
	if err := checkLaser(t.Context(), cfg, cfg.Cameras[0], p); err == nil || !strings.Contains(err.Error(), "at A1, B1: calibrate it again") {
		t.Errorf("a head that was knocked: %v", err)
	}
	if time.Now().Before(s.until) {
		t.Error("the laser is left on")
	}
}

func TestACalibrationThatIsNamedMustBeThere(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Data: dir, Cameras: []CameraConfig{{ID: "cam1", Slots: "slots.json", Laser: "laser.json"}}}
	if err := os.WriteFile(filepath.Join(dir, "slots.json"), []byte(`{"camera":"cam1","width":10,"height":10,"slots":[]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := roomSlots(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "laser.json") {
		t.Errorf("got %v", err)
	}
}

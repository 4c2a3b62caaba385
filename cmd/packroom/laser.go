package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
)

func laserCommand() subcommand {
	return subcommand{name: "laser", about: "calibrate a laser head against a camera, or check it", run: func(ctx context.Context, args []string) error {
		return runLaser(ctx, args, os.Stdin, os.Stdout, os.Stderr)
	}}
}

const laserHelp = `packroom laser --camera ID --device NAME [--pan -25..25] [--tilt -40..-5] [--check] [--config FILE] [--data DIR]

Points the laser over the shelves that a camera watches, finds its dot in the
camera's picture, and writes the calibration to the camera's laser file (cameras,
laser in the settings; DIR/laser/ID.json otherwise), which the room reads when it
starts. With --check it points at the middle of each slot instead and tells how far
the dot is off. Hang a sheet over the front of open shelves first: a dot on the wall
behind them is not where a package is.
`

// pointer is a laser under calibration.
type pointer struct {
	laser  room.Laser
	still  func(ctx context.Context) (image.Image, error) // of the camera, taken now
	settle time.Duration                                  // from Point to a dot that stands still
	out    io.Writer
}

func runLaser(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	cfg, rest, err := loadConfig(args)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("laser", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	camera, device := flags.String("camera", "", ""), flags.String("device", "", "")
	pan, tilt := flags.String("pan", "-25..25", ""), flags.String("tilt", "-40..-5", "")
	check := flags.Bool("check", false, "")
	if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, laserHelp)
		return nil
	} else if err != nil {
		fmt.Fprint(errs, laserHelp)
		return errUsage
	}
	pans, err1 := degrees(*pan)
	tilts, err2 := degrees(*tilt)
	if *camera == "" || *device == "" || flags.NArg() > 0 || err1 != nil || err2 != nil {
		fmt.Fprint(errs, laserHelp)
		return errUsage
	}
	at := slices.IndexFunc(cfg.Cameras, func(c CameraConfig) bool { return c.ID == *camera })
	if at < 0 {
		return fmt.Errorf("there is no camera %q in the settings", *camera)
	}
	all := cfg.Drivers()
	i := slices.IndexFunc(all, func(d driver.Config) bool { return d.Name == *device })
	if i < 0 {
		return fmt.Errorf("there is no device %q in the settings", *device)
	}
	if all[i].Driver != "sim" && running(cfg) {
		return errors.New("packroom is running and has this device: stop it first, then try again")
	}
	fmt.Fprint(out, "The laser will shine over the shelves. Is nobody in the room? [yes/no] ")
	if answer := bufio.NewScanner(in); !answer.Scan() || !strings.EqualFold(strings.TrimSpace(answer.Text()), "yes") {
		return errors.New("nothing was done")
	}
	devices, closer, err := driver.OpenOne(ctx, all[i], cfg.Logger("laser"))
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }() // the laser goes dark by itself too
	if devices.Laser == nil {
		return fmt.Errorf("device %s has no laser", *device)
	}
	cam := cfg.Cameras[at]
	p := &pointer{laser: devices.Laser, settle: time.Second, out: out,
		still: func(ctx context.Context) (image.Image, error) { return still(ctx, cam.URL) }}
	if *check {
		return p.check(ctx, cfg, cam)
	}
	file, err := p.calibrate(ctx, cam.ID, pans, tilts)
	if err != nil {
		return err
	}
	return keepCalibration(cfg.laserFile(cam), file, out)
}

// degrees reads FROM..TO.
func degrees(s string) (span [2]float64, err error) {
	a, b, _ := strings.Cut(s, "..")
	if span[0], err = strconv.ParseFloat(a, 64); err == nil {
		span[1], err = strconv.ParseFloat(b, 64)
	}
	return span, err
}

// laserFile is where a camera's calibration is kept.
func (c Config) laserFile(cam CameraConfig) string {
	if cam.Laser != "" {
		return c.Path(cam.Laser)
	}
	return c.Path(filepath.Join("laser", cam.ID+".json"))
}

// still takes one picture of a camera, newly connected, so that it shows what is
// now.
func still(ctx context.Context, url string) (image.Image, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url,
		"-frames:v", "1", "-f", "image2", "-c:v", "png", "-")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var picture, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &picture, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("a picture of the camera: %v: %.200s", err, strings.TrimSpace(said.String()))
	}
	m, err := png.Decode(&picture)
	if err != nil {
		return nil, fmt.Errorf("a picture of the camera: %w", err)
	}
	return m, nil
}

// shown points the laser somewhere and takes a picture while it rests there.
func (p *pointer) shown(ctx context.Context, a room.Aim) (image.Image, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.laser.Point(ctx, a, room.LaserTTL); err != nil {
		return nil, err
	}
	held := make(chan struct{})
	go func() { // the dead-man time is shorter than a picture takes
		defer close(held)
		for waitABit(ctx, room.LaserTTL/4) == nil {
			_ = p.laser.Point(ctx, a, room.LaserTTL) // the next picture tells
		}
	}()
	defer func() { <-held }()
	defer cancel()
	if err := waitABit(ctx, p.settle); err != nil {
		return nil, err
	}
	return p.still(ctx)
}

// dark takes a picture without the laser.
func (p *pointer) dark(ctx context.Context) (image.Image, error) {
	if err := p.laser.Off(ctx); err != nil {
		return nil, err
	}
	if err := waitABit(ctx, p.settle); err != nil {
		return nil, err
	}
	return p.still(ctx)
}

const gridColumns, gridRows = 5, 4

// calibrate measures a grid of angles.
func (p *pointer) calibrate(ctx context.Context, camera string, pan, tilt [2]float64) (room.LaserFile, error) {
	file := room.LaserFile{Camera: camera}
	dark, err := p.dark(ctx)
	if err != nil {
		return file, err
	}
	file.Width, file.Height = dark.Bounds().Dx(), dark.Bounds().Dy()
	for row := range gridRows {
		for column := range gridColumns {
			a := room.Aim{PanDeg: pan[0] + (pan[1]-pan[0])*float64(column)/(gridColumns-1), TiltDeg: tilt[0] + (tilt[1]-tilt[0])*float64(row)/(gridRows-1)}
			lit, err := p.shown(ctx, a)
			if errors.Is(err, room.ErrInvalid) {
				fmt.Fprintf(p.out, "pan %6.1f, tilt %6.1f: the head does not go there\n", a.PanDeg, a.TiltDeg)
				continue
			}
			if err != nil {
				return file, err
			}
			at, ok := room.FindDot(dark, lit)
			if !ok {
				fmt.Fprintf(p.out, "pan %6.1f, tilt %6.1f: no dot is seen, or several\n", a.PanDeg, a.TiltDeg)
				continue
			}
			fmt.Fprintf(p.out, "pan %6.1f, tilt %6.1f: the dot is at %.1f, %.1f\n", a.PanDeg, a.TiltDeg, at[0], at[1])
			file.Points = append(file.Points, room.LaserPoint{Aim: a, At: at})
		}
	}
	return file, p.laser.Off(ctx)
}

// keepCalibration writes a calibration that is good, and tells how good.
func keepCalibration(path string, file room.LaserFile, out io.Writer) error {
	fit, err := room.FitLaser(file.Points)
	if err != nil {
		return err
	}
	for _, i := range fit.Outliers {
		fmt.Fprintf(out, "left out: pan %.1f, tilt %.1f is not on the shelf front with the others\n", file.Points[i].Aim.PanDeg, file.Points[i].Aim.TiltDeg)
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep the calibration: %w", err)
	}
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep the calibration: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keep the calibration: %w", err)
	}
	fmt.Fprintf(out, "%d points, off by %.2f pixels on average and %.2f at worst. Written to %s.\n", fit.Used, fit.ResidualPX, fit.WorstPX, path)
	return nil
}

// check points at the middle of each slot and tells how far the dot is off. It
// fails where a dot is on the next parcel.
func (p *pointer) check(ctx context.Context, cfg Config, cam CameraConfig) error {
	slots, size, err := cameraSlots(ctx, cfg, cam, cfg.Logger("laser"))
	if err != nil {
		return err
	}
	dark, err := p.dark(ctx)
	if err != nil {
		return err
	}
	var far []string
	for _, s := range slots {
		a, ok := s.AimAt(s.Bounds().Center())
		if !ok {
			continue
		}
		lit, err := p.shown(ctx, a)
		if err != nil {
			return err
		}
		at, ok := room.FindDot(dark, lit)
		if !ok {
			fmt.Fprintf(p.out, "%s: no dot is seen, or several\n", s.ID)
			far = append(far, s.ID)
			continue
		}
		at = room.Point{at[0] * float64(size.Width) / float64(dark.Bounds().Dx()), at[1] * float64(size.Height) / float64(dark.Bounds().Dy())}
		mm, err := s.MissMM(at)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%s: off by %.0f mm\n", s.ID, mm)
		if mm > room.LaserLimitMM {
			far = append(far, s.ID)
		}
	}
	if err := p.laser.Off(ctx); err != nil {
		return err
	}
	if len(far) > 0 {
		return fmt.Errorf("the laser is off by more than %d mm, or not seen, at %s: calibrate it again", room.LaserLimitMM, strings.Join(far, ", "))
	}
	return nil
}

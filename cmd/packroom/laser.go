package main

import (
	"bufio"
	"bytes"
	"cmp"
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
	m := room.LaserMeasure{Laser: devices.Laser, Settle: time.Second, Tell: printSteps(out),
		Still: func(ctx context.Context) (image.Image, error) { return still(ctx, cam.URL) }}
	if *check {
		return checkLaser(ctx, cfg, cam, m)
	}
	file, err := m.Calibrate(ctx, cam.ID, pans, tilts)
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

// printSteps tells the steps of a calibration or a check.
func printSteps(out io.Writer) func(room.LaserStep) {
	return func(s room.LaserStep) {
		what := fmt.Sprintf("pan %6.1f, tilt %6.1f", s.Aim.PanDeg, s.Aim.TiltDeg)
		switch {
		case s.Out:
			fmt.Fprintf(out, "%s: the head does not go there\n", what)
		case s.At == nil:
			fmt.Fprintf(out, "%s: no dot is seen, or several\n", cmp.Or(s.Slot, what))
		case s.Slot != "":
			fmt.Fprintf(out, "%s: off by %.0f mm\n", s.Slot, s.MissMM)
		default:
			fmt.Fprintf(out, "%s: the dot is at %.1f, %.1f\n", what, s.At[0], s.At[1])
		}
	}
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
	if err := writeCalibration(path, file); err != nil {
		return fmt.Errorf("keep the calibration: %w", err)
	}
	fmt.Fprintf(out, "%d points, off by %.2f pixels on average and %.2f at worst. Written to %s.\n", fit.Used, fit.ResidualPX, fit.WorstPX, path)
	return nil
}

// writeCalibration puts a calibration in the place of the one before.
func writeCalibration(path string, file room.LaserFile) error {
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// checkLaser points at the middle of each slot and tells how far the dot is off.
// It fails where a dot is on the next parcel.
func checkLaser(ctx context.Context, cfg Config, cam CameraConfig, m room.LaserMeasure) error {
	slots, file, err := cameraSlots(ctx, cfg, cam, cfg.Logger("laser"))
	if err != nil {
		return err
	}
	var far []string
	tell := m.Tell
	m.Tell = func(s room.LaserStep) {
		if s.At == nil || s.MissMM > room.LaserLimitMM {
			far = append(far, s.Slot)
		}
		tell(s)
	}
	if err := m.Check(ctx, slots, image.Pt(file.Width, file.Height)); err != nil {
		return err
	}
	if len(far) > 0 {
		return fmt.Errorf("the laser is off by more than %d mm, or not seen, at %s: calibrate it again", room.LaserLimitMM, strings.Join(far, ", "))
	}
	return nil
}

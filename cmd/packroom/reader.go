package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/models"
	"github.com/packroom/packroom/ocr"
	"github.com/packroom/packroom/ocr/imaging"
	"github.com/packroom/packroom/ocr/paddle"
	"github.com/packroom/packroom/ocr/tesseract"
	"github.com/packroom/packroom/ocr/zxing"
	"github.com/packroom/packroom/room"
)

// readerWord names the process that reads labels for another: it is no command
// for people.
const readerWord = "label-reader"

func labelReaderCommand() subcommand {
	return subcommand{name: readerWord, run: func(ctx context.Context, args []string) error {
		debug.SetMemoryLimit(160 << 20) // Go's own share; the libraries have theirs
		open := func(cfg ocr.Config) (*ocr.Reader, error) { return openReader(cfg, slices.Contains(args, withSecond)) }
		return ocr.ServeWorker(ctx, os.Stdin, os.Stdout, open, func() bool { return residentMemory() > wornBytes })
	}}
}

// withSecond asks a reader process for the second engine.
const withSecond = "--second"

// wornBytes is the memory above which a reader is replaced by a new process.
const wornBytes = 350 << 20

// openReader makes a reader of all that this program has. The second engine is
// left out where it is not installed, or not the one that was measured.
func openReader(cfg ocr.Config, second bool) (*ocr.Reader, error) {
	engine, err := tesseract.New(tesseract.Config{Workers: 1})
	if err != nil {
		return nil, err
	}
	cfg.Prepare, cfg.Engine, cfg.Codes = imaging.Prepare{}, engine, zxing.Reader{}
	if second {
		switch s, err := secondEngine(); {
		case err == nil:
			cfg.Second = s
		case !errors.Is(err, models.ErrMissing):
			fmt.Fprintln(os.Stderr, "the second reader of labels is left out:", err)
		}
	}
	return ocr.New(cfg)
}

// secondEngine opens PP-OCRv4.
func secondEngine() (*paddle.Engine, error) {
	var paths [3]string
	for i, name := range []string{"onnxruntime", "ppocr-v4-rec", "ppocr-v4-keys"} {
		path, err := models.Locate(name, models.Dirs())
		if err != nil {
			return nil, err
		}
		paths[i] = path
	}
	return paddle.New(paddle.Config{Runtime: paths[0], Model: paths[1], Keys: paths[2]})
}

// newLabelWorkers reads labels in count processes of this program, with the
// second engine too where it is wanted and installed.
func newLabelWorkers(property room.Property, count int, deadline time.Duration, second bool) (*ocr.Workers, error) {
	return ocr.NewWorkers(ocr.WorkersConfig{Count: count, Property: property, Deadline: deadline, Command: func() (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, readerWord)
		if second {
			cmd.Args = append(cmd.Args, withSecond)
		}
		cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
		cmd.Stderr = os.Stderr
		return cmd, nil
	}})
}

// residentMemory is how much memory this process has, in bytes; 0 where the
// system does not tell.
func residentMemory() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

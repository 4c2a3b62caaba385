package main

import (
	"context"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/ocr"
	"github.com/packroom/packroom/ocr/imaging"
	"github.com/packroom/packroom/ocr/tesseract"
	"github.com/packroom/packroom/ocr/zxing"
	"github.com/packroom/packroom/room"
)

// readerWord names the process that reads labels for another: it is no command
// for people.
const readerWord = "label-reader"

func labelReaderCommand() subcommand {
	return subcommand{name: readerWord, run: func(ctx context.Context, _ []string) error {
		debug.SetMemoryLimit(160 << 20) // Go's own share; the libraries have theirs
		return ocr.ServeWorker(ctx, os.Stdin, os.Stdout, openReader, func() bool { return residentMemory() > wornBytes })
	}}
}

// wornBytes is the memory above which a reader is replaced by a new process.
const wornBytes = 350 << 20

// openReader makes a reader of all that this program has.
func openReader(cfg ocr.Config) (*ocr.Reader, error) {
	engine, err := tesseract.New(tesseract.Config{Workers: 1})
	if err != nil {
		return nil, err
	}
	cfg.Prepare, cfg.Engine, cfg.Codes = imaging.Prepare{}, engine, zxing.Reader{}
	return ocr.New(cfg)
}

// newLabelWorkers reads labels in count processes of this program.
func newLabelWorkers(property room.Property, count int, deadline time.Duration) (*ocr.Workers, error) {
	return ocr.NewWorkers(ocr.WorkersConfig{Count: count, Property: property, Deadline: deadline, Command: func() (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, readerWord)
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

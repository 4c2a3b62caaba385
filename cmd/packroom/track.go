package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/packroom/packroom/ocr"
)

func trackCommand() subcommand {
	return subcommand{name: "track", about: "recognise tracking numbers", run: func(_ context.Context, args []string) error {
		return runTrack(args, os.Stdin, os.Stdout, os.Stderr)
	}}
}

// runTrack prints a line of JSON for each number; "-" takes numbers from
// standard input, one a line. Everything after the first word is a number, so
// that one may begin with a hyphen or a space.
func runTrack(args []string, in io.Reader, out, errs io.Writer) error {
	flags := flag.NewFlagSet("track", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, "packroom track NUMBER...      (\"-\" reads them from standard input)\n") }
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return errUsage
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, number := range flags.Args() {
		if number != "-" {
			if err := enc.Encode(ocr.ParseTrack(number)); err != nil {
				return err
			}
			continue
		}
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			if err := enc.Encode(ocr.ParseTrack(lines.Text())); err != nil {
				return err
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("read numbers: %w", err)
		}
	}
	return nil
}

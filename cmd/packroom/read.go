package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/ocr/imaging"
	"github.com/packroom/packroom/room"
)

func readCommand() subcommand {
	return subcommand{name: "read", about: "read label photographs: carrier, number, resident", run: func(ctx context.Context, args []string) error {
		return runRead(ctx, args, os.Stdout, os.Stderr)
	}}
}

// runRead reads the pictures named by args, in order, a line each. A picture
// that cannot be read gives a line with "error", and exit status 1 at the end.
func runRead(ctx context.Context, args []string, out, errs io.Writer) error {
	if i := slices.Index(args, "--learn-report"); i >= 0 {
		return learnReport(ctx, slices.Delete(slices.Clone(args), i, i+1), out)
	}
	flags := flag.NewFlagSet("read", flag.ContinueOnError)
	flags.SetOutput(errs)
	rosterFile := flags.String("roster", "", "residents, `roster.csv`: resident_id,first_name,last_name,unit,status,aliases")
	propertyFile := flags.String("property", "", "the building's own address, `property.json`")
	asJSON := flags.Bool("json", false, "print JSON lines (a table for people otherwise)")
	second := flags.Bool("second", true, "let PP-OCRv4 read what Tesseract did not settle, where it is installed")
	flags.Usage = func() {
		fmt.Fprint(errs, "packroom read --roster roster.csv [--property property.json] [--json] IMAGE...\n"+
			"packroom read --learn-report [--data DIR] [--config FILE]      where readings and couriers' choices differ\n\n")
		flags.PrintDefaults()
	}
	files, err := interspersed(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return errUsage
	}
	if *rosterFile == "" || len(files) == 0 {
		flags.Usage()
		return errUsage
	}
	roster, err := readRosterFile(*rosterFile)
	if err != nil {
		return err
	}
	property, err := readPropertyFile(*propertyFile)
	if err != nil {
		return err
	}
	reader, err := newLabelWorkers(property, 1, time.Minute, *second)
	if err != nil {
		return err
	}
	defer reader.Close()
	reader.SetRoster(roster)
	failed := false
	for _, file := range files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		reading, err := readFile(ctx, reader, file)
		if err != nil {
			failed = true
			reading = room.Reading{
				Barcodes: []room.Barcode{}, Lines: []room.TextLine{}, Candidates: []room.Candidate{},
				Decision: room.DecisionNone, MS: map[string]float64{}, Error: err.Error(),
			}
		}
		reading.File = file
		if err := printReading(out, reading, *asJSON); err != nil {
			return err
		}
	}
	if failed {
		return exitError{1}
	}
	return nil
}

// interspersed parses flags that stand before, between or after the other words.
func interspersed(flags *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		rest := flags.Args()
		if len(rest) == 0 {
			return words, nil
		}
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" {
			return append(words, rest...), nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}

func readRosterFile(name string) ([]room.Resident, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	roster, err := room.ReadRoster(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return roster, nil
}

func readPropertyFile(name string) (room.Property, error) {
	var p room.Property
	if name == "" {
		return p, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	if p.Street == "" || p.Zip == "" {
		return p, fmt.Errorf(`%s: "street" and "zip" must be the building's own address`, name)
	}
	return p, nil
}

func readFile(ctx context.Context, reader frameReader, name string) (room.Reading, error) {
	f, err := os.Open(name)
	if err != nil {
		return room.Reading{}, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil {
		if st.IsDir() {
			return room.Reading{}, errors.New("it is a directory")
		}
		if st.Size() > imaging.MaxBytes {
			return room.Reading{}, fmt.Errorf("the file has %d MB, at most %d MB are read", st.Size()>>20, imaging.MaxBytes>>20)
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, imaging.MaxBytes+1))
	if err != nil {
		return room.Reading{}, err
	}
	return reader.Read(ctx, b)
}

func printReading(out io.Writer, r room.Reading, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	if r.Error != "" {
		_, err := fmt.Fprintf(out, "%s: error: %s\n", r.File, r.Error)
		return err
	}
	var names []string
	for _, c := range r.Candidates {
		names = append(names, fmt.Sprintf("%s, %s (%.2f)", c.Name, c.Unit, c.Score))
	}
	_, err := fmt.Fprintf(out, "%s: %s %s | %s %s | %s %s | %s\n",
		r.File, r.Carrier, r.Tracking, r.Recipient, r.Unit, r.Decision, r.Reason, strings.Join(names, "; "))
	return err
}

// Livebench measures live view: what viewers wait for and see, and what the
// server pays. One RTSP camera on loopback shows pictures that tell when they
// were sent; viewers are real ones (ICE, DTLS, SRTP, retransmissions). packroom
// is measured as it runs in a building: its own service with tokens, metrics,
// recording and detection's decoder.
//
//	livebench [-packroom bin/packroom] [-peers mediamtx=FILE,go2rtc=FILE] [-viewers 25,50] [-for 12s]
//
// Other programs' binaries are measured in the same run, so that ratios hold on
// any machine; they are not part of packroom.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options is what a run measures.
type options struct {
	packroom string
	peers    map[string]string
	viewers  []int
	window   time.Duration
	lossy    int
	loss     float64
	longGOP  int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "livebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 3 && args[0] == "camera" { // the child that is the camera
		return serveCamera(ctx, args[1], args[2])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "livebench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // the database's user passes
		return err
	}
	short, err := makeClip(ctx, filepath.Join(dir, "gop2s.h264"), 50)
	if err != nil {
		return err
	}
	long, err := makeClip(ctx, filepath.Join(dir, "gop10s.h264"), 250)
	if err != nil {
		return err
	}
	var t table
	var failed error
	for _, kind := range o.kinds() {
		if err := measure(ctx, &t, o, kind, dir, short, long); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", kind.name, err))
		}
	}
	t.print(os.Stdout)
	return failed
}

func parse(args []string) (options, error) {
	o := options{peers: map[string]string{}}
	flags := flag.NewFlagSet("livebench", flag.ContinueOnError)
	flags.StringVar(&o.packroom, "packroom", "bin/packroom", "our binary; empty = not measured")
	peers := flags.String("peers", "", "others' binaries: mediamtx=FILE,go2rtc=FILE,whep=FILE")
	viewers := flags.String("viewers", "25,50", "viewers at once, a row each")
	flags.DurationVar(&o.window, "for", 12*time.Second, "length of a measured window")
	flags.IntVar(&o.lossy, "lossy", 10, "viewers whose network loses packets; 0 = not measured")
	flags.Float64Var(&o.loss, "loss", 0.02, "share of packets that it loses")
	flags.IntVar(&o.longGOP, "long", 8, "viewers who join a camera with a keyframe every 10 s; 0 = not measured")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for _, p := range strings.Split(*peers, ",") {
		if name, file, ok := strings.Cut(p, "="); ok {
			o.peers[name] = file
		} else if p != "" {
			return o, fmt.Errorf("-peers: %q is not name=file", p)
		}
	}
	for _, n := range strings.Split(*viewers, ",") {
		k, err := strconv.Atoi(n)
		if err != nil || k < 1 {
			return o, fmt.Errorf("-viewers: %q is no number", n)
		}
		o.viewers = append(o.viewers, k)
	}
	return o, nil
}

// measure fills in one server's column.
func measure(ctx context.Context, t *table, o options, kind kind, dir string, short, long *clip) (err error) {
	err = with(ctx, kind, dir, short, func(s *server) error {
		for _, n := range o.viewers {
			r, err := s.watch(ctx, short, n, o.window, 0)
			if err != nil {
				return err
			}
			t.crowd(kind.name, n, r)
		}
		if o.lossy == 0 {
			return nil
		}
		r, err := s.watch(ctx, short, o.lossy, o.window, o.loss)
		if err != nil {
			return err
		}
		t.lossy(kind.name, o.lossy, o.loss, r)
		return nil
	})
	if err != nil || o.longGOP == 0 {
		return err
	}
	return with(ctx, kind, dir, long, func(s *server) error {
		r, err := s.watch(ctx, long, o.longGOP, 0, 0)
		if err == nil {
			t.long(kind.name, r)
		}
		return err
	})
}

// with runs a camera and a server for f.
func with(ctx context.Context, kind kind, dir string, c *clip, f func(*server) error) (err error) {
	camera, err := startCamera(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, camera.stop()) }()
	work, err := os.MkdirTemp(dir, kind.name+"-")
	if err != nil {
		return err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	s, err := kind.start(ctx, kind.binary, work, camera.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return f(s)
}

package audio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/packroom/packroom/room"
)

// slack is what a player may take beyond a file's own length.
const slack = 5 * time.Second

// recording is a rendered sentence.
type recording struct {
	path   string
	length time.Duration
}

// play plays a file on every device at once, until it is over or ctx ends.
func (d *Driver) play(ctx context.Context, r recording) error {
	if r.path == "" {
		return nil
	}
	if len(d.player) == 0 {
		t := time.NewTimer(r.length)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		return nil
	}
	errs := make([]error, len(d.devices))
	var all sync.WaitGroup
	for i, name := range d.devices {
		all.Go(func() { errs[i] = d.playOn(ctx, name, r) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (d *Driver) playOn(ctx context.Context, name string, r recording) error {
	ctx, cancel := context.WithTimeout(ctx, r.length+slack)
	defer cancel()
	args := make([]string, len(d.player))
	for i, word := range d.player {
		args[i] = strings.NewReplacer("{file}", r.path, "{device}", name).Replace(word)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: sound device %s: %v: %.200s", room.ErrUnavailable, name, err, strings.TrimSpace(said.String()))
	}
	return nil
}

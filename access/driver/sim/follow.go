package sim

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"time"
)

// follow reads a stream of lines until ctx ends, connecting again with backoff
// whenever it breaks. It calls state when the line is lost and when it is back,
// and each for every line; either returns false to end.
func (d *Driver) follow(ctx context.Context, what string, path func() string, state func(up bool) bool, each func([]byte) (bool, error)) {
	lost := false
	again := d.again // each stream has its own
	for ctx.Err() == nil {
		err := d.stream(ctx, path(), func() bool {
			again.Reset()
			if !lost {
				return true
			}
			lost = false
			d.line.Back()
			return state(true)
		}, each)
		if ctx.Err() != nil {
			return
		}
		if !lost {
			lost = true
			d.line.Lost(fmt.Errorf("%s: %w", what, err))
			if !state(false) {
				return
			}
		}
		if !again.Wait(ctx) {
			return
		}
	}
}

// stream reads one connection's lines. begin is called when it stands.
func (d *Driver) stream(ctx context.Context, path string, begin func() bool, each func([]byte) (bool, error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	if !begin() {
		return nil
	}
	watchdog := time.AfterFunc(d.silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		watchdog.Reset(d.silence)
		more, err := each(lines.Bytes())
		if err != nil {
			return fmt.Errorf("read a line: %w", err)
		}
		if !more {
			return nil
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the line was closed")
}

// Package sim drives the devices of a simulated room ("packroom sim") over its
// HTTP interface: door, lights, laser, voice and card reader.
//
// # Options
//
//	url       http://127.0.0.1:7050   address of the simulated room; required
//	timeout   2s                      for each request
//	retry     100ms                   the first wait before a room that is lost is tried again
//
// # Limits
//
// One door. Lights are known by slot, not by channel. To try it without a
// building: packroom sim, then open its page.
package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// Driver talks to one simulated room. Safe for concurrent use.
type Driver struct {
	url     string
	timeout time.Duration
	silence time.Duration // a stream that says nothing for so long is dead
	again   device.Backoff
	http    *http.Client
	log     *slog.Logger
	line    *device.Line
}

var (
	_ room.Door   = (*Door)(nil)
	_ room.Lights = (*Lights)(nil)
	_ room.Laser  = (*Laser)(nil)
	_ room.Voice  = (*Voice)(nil)
	_ room.Reader = (*Reader)(nil)
)

// Open makes the devices of the simulated room that options name. It does not
// wait for it to answer.
func Open(_ context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	d := &Driver{url: o.Need("url", "the address of the simulated room"), timeout: o.Duration("timeout", 2*time.Second),
		silence: 10 * time.Second, again: device.ReadBackoff(o), log: log, line: device.NewLine(log)}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	u, err := url.Parse(d.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return room.Devices{}, nil, fmt.Errorf("option url: %w: %q is not like http://127.0.0.1:7050", room.ErrInvalid, d.url)
	}
	d.http = &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: d.timeout}).DialContext,
		TLSHandshakeTimeout: d.timeout, ResponseHeaderTimeout: d.timeout, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}}
	return room.Devices{Door: &Door{d}, Lights: &Lights{d}, Laser: &Laser{d}, Voice: &Voice{d}, Reader: &Reader{d}, Diagnostics: d.line}, d, nil
}

// Close locks the door and darkens the laser, where the room answers; streams
// end with the contexts they were given.
func (d *Driver) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := errors.Join((&Door{d}).Lock(ctx), (&Laser{d}).Off(ctx))
	d.http.CloseIdleConnections()
	if errors.Is(err, room.ErrUnavailable) {
		return nil // a simulated room that is gone has no door
	}
	return err
}

// call sends one request and waits for its answer; errors are of the room's
// kinds, ErrUnavailable where nobody answers.
func (d *Driver) call(ctx context.Context, method, path string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.http.Do(req)
	if err != nil {
		d.line.Lost(err)
		return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	defer resp.Body.Close()
	d.line.Back()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case err != nil:
		return fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	var f room.Failure
	if json.Unmarshal(answer, &f) != nil || f.Kind == "" {
		return fmt.Errorf("%w: status %s", room.ErrUnavailable, resp.Status)
	}
	return f.Err()
}

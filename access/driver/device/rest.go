package device

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// maxAnswer bounds what a device may answer.
const maxAnswer = 1 << 20

// REST is a device with JSON over HTTP. Safe for concurrent use.
type REST struct {
	base    string
	timeout time.Duration
	client  *http.Client
	// Sign, where set, adds to a request what proves who sends it.
	Sign func(r *http.Request, body []byte) error
}

// ReadREST takes the options url and timeout of such a device.
func ReadREST(o *Options) *REST {
	base := o.Need("url", "the device's address, such as http://192.168.1.50")
	timeout := o.Duration("timeout", 2*time.Second)
	if u, err := url.Parse(base); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		o.Fail("url", "%q is not like http://192.168.1.50", base)
	}
	return &REST{base: base, timeout: timeout, client: &http.Client{
		Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a device's answer is its own
		},
		Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: timeout}).DialContext, TLSHandshakeTimeout: timeout,
			ResponseHeaderTimeout: timeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute},
	}}
}

// Host is the device's host without its port.
func (r *REST) Host() string {
	u, err := url.Parse(r.base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Status is an answer that is not 200: whether the device is there is not the
// question then.
type Status struct {
	Code   int
	Header http.Header
	Body   string
}

// Error implements error.
func (s *Status) Error() string {
	return strings.TrimSpace(fmt.Sprintf("it answers %d %s %.200s", s.Code, http.StatusText(s.Code), s.Body))
}

// Call sends in as JSON, or nothing where it is nil, and reads the answer into
// out where that is not nil. Errors are ErrUnavailable; a *Status is among them
// where the device answered.
func (r *REST) Call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.call(ctx, method, path, in, out); err != nil {
		return fmt.Errorf("%w: %w", room.ErrUnavailable, err)
	}
	return nil
}

func (r *REST) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	address := r.base
	if path != "" {
		address = strings.TrimSuffix(address, "/") + path
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Sign != nil {
		if err := r.Sign(req, body); err != nil {
			return err
		}
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &Status{Code: resp.StatusCode, Header: resp.Header, Body: string(answer)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer is not what was expected: %w", err)
	}
	return nil
}

// At is another address of the same device or system.
func (r *REST) At(url string) *REST {
	return &REST{base: url, timeout: r.timeout, client: r.client}
}

// Close drops idle connections.
func (r *REST) Close() { r.client.CloseIdleConnections() }

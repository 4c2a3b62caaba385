package room

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client sends commands to a room service and asks for its views, over HTTP.
// Safe for concurrent use.
type Client struct {
	URL   string       // http://127.0.0.1:7041
	Token string       // shared secret of the box
	HTTP  *http.Client // nil = a client with a 10 s timeout
}

// Do executes one command. Errors are of the kinds of errors.go; a refusal of a
// credential is a *Denial.
func (c *Client) Do(ctx context.Context, by string, cmd Command) (Reply, error) {
	data, err := json.Marshal(cmd)
	if err != nil {
		return Reply{}, err
	}
	body, err := json.Marshal(Envelope{ID: NewID(), Name: cmd.Name(), Expires: time.Now().UTC().Add(GrantTTL), By: by, Data: data})
	if err != nil {
		return Reply{}, err
	}
	var r Reply
	return r, c.call(ctx, http.MethodPost, "/do", body, &r)
}

// Kiosk is what a kiosk should show now.
func (c *Client) Kiosk(ctx context.Context, kiosk string) (KioskView, error) {
	var v KioskView
	return v, c.call(ctx, http.MethodGet, "/kiosk/"+url.PathEscape(kiosk), nil, &v)
}

// Now is all that is in the room.
func (c *Client) Now(ctx context.Context) (RoomView, error) {
	var v RoomView
	return v, c.call(ctx, http.MethodGet, "/now", nil, &v)
}

func (c *Client) call(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(req)
	if err != nil {
		return fmt.Errorf("ask the room service: %w: %v", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return fmt.Errorf("ask the room service: %w: %v", ErrUnavailable, err)
	}
	if resp.StatusCode == http.StatusOK {
		return json.Unmarshal(b, into)
	}
	var f Failure
	if json.Unmarshal(b, &f) != nil || f.Kind == "" {
		return fmt.Errorf("ask the room service: %w: status %s", ErrUnavailable, resp.Status)
	}
	return f.Err()
}

// Failure is an error on the wire.
type Failure struct {
	Kind         string `json:"kind"` // denied, invalid, conflict, not_found, unavailable
	Text         string `json:"text"`
	Reason       string `json:"reason,omitempty"` // of a Denial
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`

	Code   string            `json:"code,omitempty"` // of a Refusal, with its values
	Values map[string]string `json:"values,omitempty"`

	File     string          `json:"file,omitempty"` // of a RosterError
	Problems []RosterProblem `json:"problems,omitempty"`
	More     int             `json:"more,omitempty"`
}

var failureKinds = map[string]error{
	"invalid": ErrInvalid, "conflict": ErrConflict, "not_found": ErrNotFound, "unavailable": ErrUnavailable,
}

// FailureOf describes err for the wire.
func FailureOf(err error) Failure {
	var d *Denial
	if errors.As(err, &d) {
		return Failure{Kind: "denied", Text: err.Error(), Reason: d.Reason, RetryAfterMS: d.RetryAfter.Milliseconds()}
	}
	f := Failure{Kind: "internal", Text: err.Error()}
	var r *Refusal
	if errors.As(err, &r) {
		f.Code, f.Values = r.Code, r.Values
	}
	var lines *RosterError
	if errors.As(err, &lines) {
		f.File, f.Problems, f.More = lines.File, lines.Problems, lines.More
	}
	for kind, target := range failureKinds {
		if errors.Is(err, target) {
			f.Kind = kind
		}
	}
	return f
}

// Err is f as an error of its kind.
func (f Failure) Err() error {
	if f.Kind == "denied" {
		return &Denial{Reason: f.Reason, RetryAfter: time.Duration(f.RetryAfterMS) * time.Millisecond}
	}
	if len(f.Problems) > 0 {
		return &RosterError{File: f.File, Problems: f.Problems, More: f.More}
	}
	if kind, ok := failureKinds[f.Kind]; ok {
		if f.Code != "" {
			kind = &Refusal{Kind: kind, Code: f.Code, Values: f.Values, Text: f.Text}
		}
		return &remoteError{text: f.Text, kind: kind}
	}
	return errors.New(f.Text)
}

type remoteError struct {
	text string
	kind error // one of failureKinds, or a Refusal of one
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.kind }

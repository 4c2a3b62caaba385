package http

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

var (
	_ api = (*shelly1)(nil)
	_ api = (*shelly2)(nil)
)

// statusOf is the HTTP status that an error carries, 0 for none.
func statusOf(err error) (int, http.Header) {
	var s *device.Status
	if errors.As(err, &s) {
		return s.Code, s.Header
	}
	return 0, nil
}

// shelly1 speaks the first generation's API
// (https://shelly-api-docs.shelly.cloud/gen1/).
type shelly1 struct{ rest *device.REST }

func newShelly1(rest *device.REST, user, password string) *shelly1 {
	if password != "" {
		rest.Sign = func(r *http.Request, _ []byte) error {
			r.SetBasicAuth(user, password)
			return nil
		}
	}
	return &shelly1{rest}
}

func (s *shelly1) set(ctx context.Context, relay int, on bool, off time.Duration) error {
	path := fmt.Sprintf("/relay/%d?turn=off", relay)
	if on {
		path = fmt.Sprintf("/relay/%d?turn=on&timer=%d", relay, int(math.Ceil(off.Seconds())))
	}
	var got struct {
		IsOn *bool `json:"ison"`
	}
	if err := s.rest.Call(ctx, http.MethodGet, path, nil, &got); err != nil {
		code, _ := statusOf(err)
		return problem(err, code, "switch the relay")
	}
	if got.IsOn == nil || *got.IsOn != on {
		return fmt.Errorf("switch the relay: %w: it did not", room.ErrUnavailable)
	}
	return nil
}

func (s *shelly1) status(ctx context.Context, relay int) (status, error) {
	var got struct {
		Relays []struct {
			IsOn bool `json:"ison"`
		} `json:"relays"`
		Inputs []struct {
			Input int `json:"input"`
		} `json:"inputs"`
	}
	if err := s.rest.Call(ctx, http.MethodGet, "/status", nil, &got); err != nil {
		code, _ := statusOf(err)
		return status{}, problem(err, code, "read the relay")
	}
	if relay >= len(got.Relays) {
		return status{}, fmt.Errorf("read the relay: %w: the device has no relay %d: correct the option relay", room.ErrUnavailable, relay)
	}
	st := status{on: got.Relays[relay].IsOn, inputs: map[int]bool{}}
	for i, in := range got.Inputs {
		st.inputs[i] = in.Input != 0
	}
	return st, nil
}

// shelly2 speaks the RPC of the later generations
// (https://shelly-api-docs.shelly.cloud/gen2/).
type shelly2 struct {
	rest           *device.REST
	user, password string

	mu        sync.Mutex
	challenge map[string]string // the device's last, nil for none
	count     int               // uses of its nonce
}

func newShelly2(rest *device.REST, user, password string) *shelly2 {
	s := &shelly2{rest: rest, user: user, password: password}
	rest.Sign = s.sign
	return s
}

func (s *shelly2) set(ctx context.Context, relay int, on bool, off time.Duration) error {
	params := map[string]any{"id": relay, "on": on}
	if on {
		params["toggle_after"] = math.Ceil(off.Seconds()*10) / 10
	}
	var got struct {
		WasOn *bool `json:"was_on"`
	}
	if err := s.call(ctx, "Switch.Set", params, &got); err != nil {
		return err
	}
	if got.WasOn == nil {
		return fmt.Errorf("switch the relay: %w: the answer is not a relay's", room.ErrUnavailable)
	}
	return nil
}

func (s *shelly2) status(ctx context.Context, relay int) (status, error) {
	var got map[string]json.RawMessage
	if err := s.call(ctx, "Shelly.GetStatus", struct{}{}, &got); err != nil {
		return status{}, err
	}
	st := status{inputs: map[int]bool{}}
	var out struct {
		Output *bool `json:"output"`
	}
	if json.Unmarshal(got[fmt.Sprintf("switch:%d", relay)], &out) != nil || out.Output == nil {
		return status{}, fmt.Errorf("read the relay: %w: the device has no relay %d: correct the option relay", room.ErrUnavailable, relay)
	}
	st.on = *out.Output
	for name, raw := range got {
		var in struct {
			State *bool `json:"state"`
		}
		if n, ok := strings.CutPrefix(name, "input:"); ok && json.Unmarshal(raw, &in) == nil && in.State != nil {
			if id, err := strconv.Atoi(n); err == nil {
				st.inputs[id] = *in.State
			}
		}
	}
	return st, nil
}

// call calls a method, once more where the device wants to know who asks.
func (s *shelly2) call(ctx context.Context, method string, params, result any) error {
	err := s.rest.Call(ctx, http.MethodPost, "/rpc/"+method, params, result)
	if code, header := statusOf(err); code == http.StatusUnauthorized && s.password != "" && s.challenged(header) {
		err = s.rest.Call(ctx, http.MethodPost, "/rpc/"+method, params, result)
	}
	if err != nil {
		code, _ := statusOf(err)
		return problem(err, code, method)
	}
	return nil
}

// challenged takes the device's challenge (RFC 7616).
func (s *shelly2) challenged(h http.Header) bool {
	text, ok := strings.CutPrefix(h.Get("WWW-Authenticate"), "Digest ")
	if !ok {
		return false
	}
	c := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		c[strings.ToLower(key)] = strings.Trim(value, `"`)
	}
	if c["algorithm"] != "SHA-256" || c["nonce"] == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge, s.count = c, 0
	return true
}

// sign answers the device's challenge, where there was one.
func (s *shelly2) sign(r *http.Request, _ []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.challenge == nil {
		return nil
	}
	s.count++
	c := s.challenge
	r.Header.Set("Authorization", digest(s.user, s.password, c["realm"], c["nonce"], rand.Text(), s.count, r.Method, r.URL.RequestURI()))
	return nil
}

// digest is the answer to a challenge of SHA-256 and qop "auth".
func digest(user, password, realm, nonce, cnonce string, count int, method, uri string) string {
	hash := func(parts ...string) string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(parts, ":"))))
	}
	nc := fmt.Sprintf("%08x", count)
	response := hash(hash(user, realm, password), nonce, nc, cnonce, "auth", hash(method, uri))
	return fmt.Sprintf(`Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=SHA-256, qop=auth, nc=%s, cnonce=%q, response=%q`,
		user, realm, nonce, uri, nc, cnonce, response)
}

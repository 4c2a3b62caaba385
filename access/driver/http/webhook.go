package http

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

const (
	leastSecret = 24              // bytes, as Standard Webhooks asks for
	insistFor   = 2 * time.Second // a message is told again: what comes later is no longer wanted
	sayFor      = time.Second     // and a sentence is not
)

// webhook tells another system what the room does.
type webhook struct {
	rest   *device.REST
	secret []byte
	state  *device.REST // nil: there is no door
	line   *device.Line
	door   *device.Doorway
	stop   context.CancelFunc
	work   sync.WaitGroup
	once   sync.Once
	ended  error
	exits  int // of the polling goroutine; -1 before the first answer
}

var (
	_ room.Lights = (*hookLights)(nil)
	_ room.Laser  = (*hookLaser)(nil)
	_ room.Voice  = (*hookVoice)(nil)
)

type (
	hookLights struct{ w *webhook }
	hookLaser  struct{ w *webhook }
	hookVoice  struct{ w *webhook }
)

func openWebhook(o *device.Options, rest *device.REST, line *device.Line) (room.Devices, io.Closer, error) {
	w := &webhook{rest: rest, line: line, exits: -1}
	secret := secretFile(o, "secret_file", "the file with the secret that the receiver knows")
	if b64, ok := strings.CutPrefix(secret, "whsec_"); ok {
		b, err := base64.StdEncoding.DecodeString(b64)
		if err != nil {
			o.Fail("secret_file", "what follows whsec_ is not base64")
		}
		secret = string(b)
	}
	if len(secret) < leastSecret {
		o.Fail("secret_file", "the secret has %d bytes, fewer than %d", len(secret), leastSecret)
	}
	w.secret = []byte(secret)
	poll := o.Duration("poll", time.Second)
	state := o.Text("state", "")
	if u, err := url.Parse(state); state != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		o.Fail("state", "%q is not like https://building.example/door", state)
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	devices := room.Devices{Lights: hookLights{w}, Laser: hookLaser{w}, Voice: hookVoice{w}, Diagnostics: line}
	if state != "" {
		w.state = rest.At(state)
		w.door = device.NewDoorway(w.strike)
		devices.Door = hookDoor{w}
		w.work.Go(func() { w.watch(ctx, poll) })
	}
	return devices, w, nil
}

// hookDoor is the door, whose grants are told to the receiver.
type hookDoor struct{ w *webhook }

type grantKey struct{}

// Unlock implements room.Door.
func (h hookDoor) Unlock(ctx context.Context, g room.Grant) error {
	return h.w.door.Unlock(context.WithValue(ctx, grantKey{}, g), g)
}

// Lock implements room.Door.
func (h hookDoor) Lock(ctx context.Context) error { return h.w.door.Lock(ctx) }

// Events implements room.Door.
func (h hookDoor) Events(ctx context.Context) <-chan room.DoorEvent { return h.w.door.Events(ctx) }

// strike tells the receiver.
func (w *webhook) strike(ctx context.Context, release bool) error {
	if !release {
		return w.insist(ctx, "door.lock", struct{}{})
	}
	g, _ := ctx.Value(grantKey{}).(room.Grant) // of hookDoor.Unlock
	return w.insist(ctx, "door.unlock", map[string]any{"grant": g.ID, "door": g.Door, "expires": g.Expires})
}

// event is what is posted.
type event struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	Time time.Time `json:"time"`
	Data any       `json:"data"`
}

// post tells the receiver once.
func (w *webhook) post(ctx context.Context, e event) error {
	rest := *w.rest
	rest.Sign = func(r *http.Request, body []byte) error {
		w.sign(r, e.ID, time.Now(), body)
		return nil
	}
	err := rest.Call(ctx, http.MethodPost, "", e, nil)
	switch {
	case err != nil && w.state == nil:
		w.line.Lost(err)
	case err != nil:
		w.line.Count("messages not taken") // how the line is, the door's state tells
	case w.state == nil:
		w.line.Back()
	}
	if err != nil {
		return fmt.Errorf("post %s: %w", e.Type, err)
	}
	return nil
}

// insist posts until the receiver answers, refuses or it is too late. It does so
// under one id, so that the receiver acts once.
func (w *webhook) insist(ctx context.Context, kind string, data any) error {
	ctx, cancel := context.WithTimeout(ctx, insistFor)
	defer cancel()
	e := event{ID: room.NewID(), Type: kind, Time: time.Now().UTC(), Data: data}
	wait := device.Backoff{First: 100 * time.Millisecond, Longest: time.Second}
	for {
		err := w.post(ctx, e)
		if code, _ := statusOf(err); err == nil || code >= 400 && code < 500 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout {
			return err
		}
		if !wait.Wait(ctx) {
			return err
		}
	}
}

// sign signs a message as Standard Webhooks says.
func (w *webhook) sign(r *http.Request, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, w.secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", stamp)
	r.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// watch asks for the door's state until ctx ends.
func (w *webhook) watch(ctx context.Context, poll time.Duration) {
	t := time.NewTicker(poll)
	defer t.Stop()
	w.state.Sign = func(r *http.Request, body []byte) error {
		w.sign(r, room.NewID(), time.Now(), body)
		return nil
	}
	for {
		var got struct {
			Open  *bool `json:"open"`
			Exits int   `json:"exits"`
		}
		err := w.state.Call(ctx, http.MethodGet, "", nil, &got)
		if ctx.Err() != nil {
			return
		}
		if err == nil && got.Open == nil {
			err = fmt.Errorf("%w: the door's state has no \"open\"", room.ErrUnavailable)
		}
		if err != nil {
			w.line.Lost(err)
			w.door.Fault(err.Error())
		} else {
			w.line.Back()
			w.door.Answered()
			if w.exits >= 0 && got.Exits > w.exits {
				w.door.Exit()
			}
			w.exits = got.Exits
			w.door.Contact(*got.Open)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Set implements room.Lights.
func (h hookLights) Set(ctx context.Context, bySlot map[string]room.Signal) error {
	return h.w.tell(ctx, "lights.set", map[string]any{"lights": bySlot})
}

// Point implements room.Laser.
func (h hookLaser) Point(ctx context.Context, a room.Aim, ttl time.Duration) error {
	return h.w.tell(ctx, "laser.point", map[string]any{"aim": a, "ttl_ms": ttl.Milliseconds()})
}

// Off implements room.Laser.
func (h hookLaser) Off(ctx context.Context) error {
	return h.w.tell(ctx, "laser.off", struct{}{})
}

// Say implements room.Voice.
func (h hookVoice) Say(ctx context.Context, text, language string, urgent bool) error {
	ctx, cancel := context.WithTimeout(ctx, sayFor)
	defer cancel()
	return h.w.insist(ctx, "voice.say", map[string]any{"text": text, "language": language, "urgent": urgent})
}

// tell posts what the room repeats by itself.
func (w *webhook) tell(ctx context.Context, kind string, data any) error {
	return w.post(ctx, event{ID: room.NewID(), Type: kind, Time: time.Now().UTC(), Data: data})
}

// Close tells the receiver to lock the door and to darken laser and lights.
func (w *webhook) Close() error {
	w.once.Do(func() {
		w.stop()
		w.work.Wait()
		if w.line.OK() {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			w.ended = errors.Join(hookLaser{w}.Off(ctx), hookLights{w}.Set(ctx, nil))
		}
		if w.door != nil {
			if err := w.door.Close(); w.line.OK() {
				w.ended = errors.Join(w.ended, err)
			}
		}
		w.rest.Close()
	})
	return w.ended
}

package http

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/room"
)

const secret = "0123456789abcdef0123456789abcdef"

// receiver is a building's server of our own making that takes the webhook as
// https://www.standardwebhooks.com asks receivers to.
type receiver struct {
	*rig
	took    map[string]int // by id: how often it came
	types   map[string]int
	lights  map[string]room.Signal
	dot     time.Time // the laser shines until then
	spoken  []string
	refuse  int // answers that fail before the next one is good
	refuses int // with this status
}

func newReceiver(t *testing.T) *receiver {
	v := &receiver{took: map[string]int{}, types: map[string]int{}, lights: map[string]room.Signal{}}
	v.rig = newRig(t, func(g *rig, mux *http.ServeMux) {
		signed := func(do func(w http.ResponseWriter, id string, body []byte)) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write([]byte(id + "." + stamp + "." + string(body)))
				seconds, err := strconv.ParseInt(stamp, 10, 64)
				if age := time.Since(time.Unix(seconds, 0)); err != nil || age > 5*time.Minute || age < -5*time.Minute ||
					!hmac.Equal([]byte(r.Header.Get("Webhook-Signature")), []byte("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))) {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				do(w, id, body)
			}
		}
		mux.HandleFunc("POST /hook", signed(v.take))
		mux.HandleFunc("GET /door", signed(func(w http.ResponseWriter, _ string, _ []byte) {
			if g.broken {
				fmt.Fprint(w, `{}`)
				return
			}
			fmt.Fprintf(w, `{"open":%t,"exits":%d}`, g.open, g.exits)
		}))
	})
	return v
}

func (v *receiver) take(w http.ResponseWriter, id string, body []byte) {
	var e struct {
		ID, Type string
		Data     struct {
			Expires time.Time
			Lights  map[string]room.Signal
			TTL     int64 `json:"ttl_ms"`
			Text    string
		}
	}
	if json.Unmarshal(body, &e) != nil || e.ID != id {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	v.types[e.Type]++
	if v.took[id]++; v.took[id] == 1 { // it acts once
		switch e.Type {
		case "door.unlock":
			v.until = e.Data.Expires
		case "door.lock":
			v.until = time.Time{}
		case "lights.set":
			v.lights = map[string]room.Signal{}
			for slot, s := range e.Data.Lights {
				if s != room.SignalOff {
					v.lights[slot] = s
				}
			}
			delete(v.lights, "no such slot")
		case "laser.point":
			v.dot = time.Now().Add(time.Duration(e.Data.TTL) * time.Millisecond)
		case "laser.off":
			v.dot = time.Time{}
		case "voice.say":
			v.spoken = append(v.spoken, e.Data.Text)
		}
	}
	if v.refuse > 0 {
		v.refuse--
		w.WriteHeader(v.refuses)
	}
}

func openHook(t *testing.T, v *receiver, door bool) (room.Devices, io.Closer, *accesstest.Log) {
	t.Helper()
	return openHookAt(t, v.url, door, "10ms")
}

func openHookAt(t *testing.T, url string, door bool, poll string) (room.Devices, io.Closer, *accesstest.Log) {
	t.Helper()
	var log accesstest.Log
	options := map[string]string{"model": "webhook", "url": url + "/hook", "secret_file": file(t, secret)}
	if door {
		options["state"], options["poll"] = url+"/door", poll
	}
	devices, closer, err := Open(t.Context(), options, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	return devices, closer, &log
}

func TestWebhookConformance(t *testing.T) {
	t.Parallel()
	all := map[string]func(*testing.T){"through a storm": func(t *testing.T) {
		v := newReceiver(t)
		w := v.wire(t)
		devices, _, log := openHookAt(t, "http://"+w.Near, true, "1ms")
		accesstest.Survives(t, doorBench(t, v.rig, devices, log), w)
	}}
	for _, door := range []bool{true, false} {
		all[fmt.Sprintf("door %t", door)] = func(t *testing.T) {
			accesstest.Run(t, func(t *testing.T) accesstest.Bench {
				v := newReceiver(t)
				devices, closer, log := openHook(t, v, door)
				var b accesstest.Bench
				if door {
					b = doorBench(t, v.rig, devices, log)
				} else {
					b = accesstest.Bench{Devices: devices, Log: log, Plug: func(_ *testing.T, in bool) { v.set(func() { v.deaf = !in }) }}
				}
				b.Close, b.Slots = closer.Close, []string{"A1", "D4"}
				b.Lit = func() (lit map[string]room.Signal) {
					v.set(func() { lit = v.lights })
					return lit
				}
				b.Dot = func() (on bool) {
					v.set(func() { on = time.Now().Before(v.dot) })
					return on
				}
				b.Spoken = func() (all []string) {
					v.set(func() { all = v.spoken })
					return all
				}
				return b
			})
		}
	}
	accesstest.Beside(t, all)
}

func TestAnUnlockIsToldAgainUnderItsIdUntilItIsAnswered(t *testing.T) {
	v := newReceiver(t)
	devices, _, _ := openHook(t, v, true)
	v.set(func() { v.refuse, v.refuses = 2, http.StatusServiceUnavailable })
	g := room.Grant{ID: "g1", Door: "main", Fence: 1, Expires: time.Now().Add(room.GrantTTL)}
	if err := devices.Door.Unlock(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	v.set(func() {
		if n := v.types["door.unlock"]; n != 3 {
			t.Errorf("it was told %d times", n)
		}
		for id, n := range v.took {
			if n == 3 {
				return
			}
			t.Logf("%s came %d times", id, n)
		}
		t.Error("it was told under several ids")
	})
}

func TestARefusalIsNotToldAgain(t *testing.T) {
	v := newReceiver(t)
	devices, _, _ := openHook(t, v, true)
	v.set(func() { v.refuse, v.refuses = 9, http.StatusForbidden })
	g := room.Grant{ID: "g1", Door: "main", Fence: 1, Expires: time.Now().Add(room.GrantTTL)}
	if err := devices.Door.Unlock(t.Context(), g); !errors.Is(err, room.ErrUnavailable) || !takes(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
	v.set(func() {
		if n := v.types["door.unlock"]; n != 1 {
			t.Errorf("it was told %d times", n)
		}
	})
}

func TestTheSignatureIsTheStandards(t *testing.T) {
	// The example of the Standard Webhooks specification.
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	(&webhook{secret: key}).sign(r, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := r.Header.Get("Webhook-Signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %s", got)
	}
}

package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/packroom/packroom/room"
)

// Door is the simulated strike and contact.
type Door struct{ d *Driver }

// Unlock implements room.Door. It is sent once: an unlock that got lost is not
// repeated.
func (o *Door) Unlock(ctx context.Context, g room.Grant) error {
	if now := time.Now(); !g.Expires.After(now) {
		return fmt.Errorf("unlock: %w: the grant expired %s ago", room.ErrConflict, now.Sub(g.Expires).Round(time.Millisecond))
	}
	ctx, cancel := context.WithDeadline(ctx, g.Expires)
	defer cancel()
	if err := o.d.call(ctx, http.MethodPost, "/device/door/unlock", g); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	return nil
}

// Lock implements room.Door.
func (o *Door) Lock(ctx context.Context) error {
	if err := o.d.call(ctx, http.MethodPost, "/device/door/lock", nil); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// doorLine is a line of the door's stream.
type doorLine struct {
	Seq   int64           `json:"seq"`
	Event *room.DoorEvent `json:"event"`
}

// Events implements room.Door. While the room does not answer it reports a
// fault once; when it answers again, "ok", what was missed, and the present
// state.
func (o *Door) Events(ctx context.Context) <-chan room.DoorEvent {
	out := make(chan room.DoorEvent, 16)
	go func() {
		defer close(out)
		var seq int64
		send := func(e room.DoorEvent) bool {
			select {
			case out <- e:
				return true
			case <-ctx.Done():
				return false
			}
		}
		own := func(k room.DoorEventKind, detail string) bool {
			return send(room.DoorEvent{ID: room.NewID(), Kind: k, Detail: detail, At: time.Now().UTC()})
		}
		o.d.follow(ctx, "door", func() string { return "/device/door/events?after=" + strconv.FormatInt(seq, 10) },
			func(up bool) bool {
				if up {
					return own(room.DoorAnswered, "")
				}
				return own(room.DoorFaulty, "the door's controller does not answer")
			},
			func(line []byte) (bool, error) {
				var l doorLine
				if err := json.Unmarshal(line, &l); err != nil {
					return true, err
				}
				seq = l.Seq
				return l.Event == nil || send(*l.Event), nil
			})
	}()
	return out
}

// Lights are the simulated strips.
type Lights struct{ d *Driver }

// Set implements room.Lights.
func (l *Lights) Set(ctx context.Context, bySlot map[string]room.Signal) error {
	if bySlot == nil {
		bySlot = map[string]room.Signal{}
	}
	if err := l.d.call(ctx, http.MethodPut, "/device/lights", bySlot); err != nil {
		return fmt.Errorf("set lights: %w", err)
	}
	return nil
}

// Laser is the simulated head. The head itself keeps the dead-man time.
type Laser struct{ d *Driver }

// Point implements room.Laser.
func (l *Laser) Point(ctx context.Context, a room.Aim, ttl time.Duration) error {
	body := struct {
		Aim   room.Aim `json:"aim"`
		TTLMS int64    `json:"ttl_ms"`
	}{a, ttl.Milliseconds()}
	if err := l.d.call(ctx, http.MethodPut, "/device/laser", body); err != nil {
		return fmt.Errorf("point laser: %w", err)
	}
	return nil
}

// Off implements room.Laser.
func (l *Laser) Off(ctx context.Context) error {
	if err := l.d.call(ctx, http.MethodDelete, "/device/laser", nil); err != nil {
		return fmt.Errorf("laser off: %w", err)
	}
	return nil
}

// Voice is the simulated speaker.
type Voice struct{ d *Driver }

// Say implements room.Voice.
func (v *Voice) Say(ctx context.Context, text, language string, urgent bool) error {
	body := struct {
		Text     string `json:"text"`
		Language string `json:"language"`
		Urgent   bool   `json:"urgent"`
	}{text, language, urgent}
	if err := v.d.call(ctx, http.MethodPost, "/device/voice", body); err != nil {
		return fmt.Errorf("say: %w", err)
	}
	return nil
}

// Reader is the simulated card and code reader at the kiosk.
type Reader struct{ d *Driver }

// Reads implements room.Reader. The channel is closed when ctx ends. What is
// shown while the room does not answer is lost: nobody waits for an old card.
func (r *Reader) Reads(ctx context.Context) <-chan room.Attempt {
	out := make(chan room.Attempt, 16)
	go func() {
		defer close(out)
		r.d.follow(ctx, "reader", func() string { return "/device/reader/events" },
			func(bool) bool { return true },
			func(line []byte) (bool, error) {
				var l struct {
					Attempt *room.Attempt `json:"attempt"`
				}
				if err := json.Unmarshal(line, &l); err != nil {
					return true, err
				}
				if l.Attempt == nil {
					return true, nil
				}
				select {
				case out <- *l.Attempt:
					return true, nil
				case <-ctx.Done():
					return false, nil
				}
			})
	}()
	return out
}

// errSilent ends a stream that stopped beating.
var errSilent = errors.New("the line went silent")

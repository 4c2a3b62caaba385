package vision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// How much is pinned around an event.
const (
	PreRoll  = 5 * time.Second
	PostRoll = 10 * time.Second
)

const (
	pinSettle = 3 * time.Second  // after its end: the last part is on disk
	pinWait   = 20 * time.Second // after its end, for a camera or a disk that is behind; then it is a gap
	pinMost   = 5 * time.Minute  // of events that overlap
	pinRetry  = 10 * time.Second
)

// PinState is how far a pinned clip is.
type PinState string

// The states of a pinned clip.
const (
	PinWaiting PinState = "waiting" // for its time to pass
	PinSaved   PinState = "saved"
	PinEmpty   PinState = "empty" // there was no footage: all of it is a gap
)

// Pin is footage kept for events. It is a JSON file beside its MP4.
type Pin struct {
	ID     string    `json:"id"`
	Events []string  `json:"events"`
	State  PinState  `json:"state"`
	Until  time.Time `json:"until"`          // kept until then
	Told   bool      `json:"told,omitempty"` // the room knows
	Clip

	tried time.Time // last failure to save
}

// PinRequest asks to keep [From, To] of a camera for an event.
type PinRequest struct {
	Camera string        `json:"camera"`
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to"`
	Event  string        `json:"event"`
	Keep   time.Duration `json:"keep_ns"` // 0 = 30 days
}

func (c *Clips) pinDir() string { return filepath.Join(c.cfg.Dir, "pinned") }

func (c *Clips) pinPath(id, suffix string) string { return filepath.Join(c.pinDir(), id+suffix) }

func (c *Clips) loadPins() error {
	files, err := filepath.Glob(filepath.Join(c.pinDir(), "*.json"))
	if err != nil {
		return fmt.Errorf("clips: %w", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		var p Pin
		if err == nil {
			p, err = parsePin(b)
		}
		if err != nil || p.ID+".json" != filepath.Base(path) {
			c.log.Error("a pinned clip's description can't be read; its file stays", "file", path, "err", err)
			continue
		}
		p.Path = c.pinPath(p.ID, ".mp4")
		if _, err := os.Stat(p.Path); p.State == PinSaved && errors.Is(err, fs.ErrNotExist) {
			p.State, p.SHA256, p.Told = PinWaiting, "", false // somebody removed it: the ring may still have it
		}
		c.pins[p.ID] = &p
	}
	return nil
}

// parsePin reads a pinned clip's description.
func parsePin(b []byte) (Pin, error) {
	var p Pin
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("pinned clip: %w: %v", room.ErrInvalid, err)
	}
	switch {
	case p.ID == "" || p.ID != filepath.Base(p.ID) || p.Camera == "" || len(p.Events) == 0 || !p.From.Before(p.To):
		return p, fmt.Errorf("pinned clip: %w: it lacks an id, a camera, events or a time", room.ErrInvalid)
	case p.State != PinWaiting && p.State != PinSaved && p.State != PinEmpty:
		return p, fmt.Errorf("pinned clip: %w: no state %q", room.ErrInvalid, p.State)
	}
	return p, nil
}

// Pin keeps footage. It returns when that is noted on disk; the clip follows
// when its time has passed. Events that overlap share a clip; the same event
// pinned again changes nothing.
func (c *Clips) Pin(q PinRequest) (Pin, error) {
	if q.Event == "" || !q.From.Before(q.To) || q.To.Sub(q.From) > pinMost {
		return Pin{}, fmt.Errorf("pin footage: %w: it needs an event and up to %s, beginning before its end", room.ErrInvalid, pinMost)
	}
	if q.Keep == 0 {
		q.Keep = 30 * 24 * time.Hour
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rings[q.Camera] == nil {
		return Pin{}, fmt.Errorf("pin footage of camera %q: %w", q.Camera, room.ErrNotFound)
	}
	p := Pin{ID: room.NewID(), State: PinWaiting, Clip: Clip{Stretch: Stretch{Camera: q.Camera, From: q.From.UTC(), To: q.To.UTC()}}}
	for _, old := range c.pins {
		if old.Camera == q.Camera && slices.Contains(old.Events, q.Event) {
			return *old, nil
		}
		if old.joins(q) {
			p = *old
		}
	}
	p.Path = c.pinPath(p.ID, ".mp4")
	p.From, p.To = earlier(p.From, q.From.UTC()), later(p.To, q.To.UTC())
	p.Until = later(p.Until, q.To.UTC().Add(q.Keep))
	p.Events = append(slices.Clone(p.Events), q.Event)
	if err := c.writePin(p); err != nil {
		return Pin{}, err
	}
	c.pins[p.ID] = &p
	return p, nil
}

// joins reports whether q can be added to a clip that is not saved yet.
func (p *Pin) joins(q PinRequest) bool {
	return p.State == PinWaiting && p.Camera == q.Camera && !q.From.After(p.To) && !q.To.Before(p.From) &&
		later(p.To, q.To).Sub(earlier(p.From, q.From)) <= pinMost
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (c *Clips) writePin(p Pin) error {
	b, err := json.Marshal(p)
	if err == nil {
		err = writeFileSafe(c.pinPath(p.ID, ".json"), b)
	}
	if err != nil {
		return fmt.Errorf("pin footage: %w", err)
	}
	return nil
}

// Pins lists pinned clips by time; event and camera select, where given.
func (c *Clips) Pins(event, camera string) []Pin {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := []Pin{}
	for _, p := range c.pins {
		if (event == "" || slices.Contains(p.Events, event)) && (camera == "" || p.Camera == camera) {
			found = append(found, *p)
		}
	}
	slices.SortFunc(found, func(a, b Pin) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Camera, b.Camera), strings.Compare(a.ID, b.ID))
	})
	return found
}

func (c *Clips) waiting() (ps []Pin) {
	for _, p := range c.Pins("", "") {
		if p.State == PinWaiting {
			ps = append(ps, p)
		}
	}
	return ps
}

// needed reports whether a waiting pin has use for footage of [start, end], or
// may have for its keyframe.
func needed(waiting []Pin, camera string, start, end time.Time) bool {
	return slices.ContainsFunc(waiting, func(p Pin) bool {
		return p.Camera == camera && start.Before(p.To) && end.After(p.From.Add(-segmentMost))
	})
}

// pinned finds the saved clip that covers the most of [from, to].
func (c *Clips) pinned(camera string, from, to time.Time) (best Clip, ok bool) {
	var most time.Duration
	for _, p := range c.Pins("", camera) {
		if p.State != PinSaved {
			continue
		}
		if d := earlier(p.End, to).Sub(later(p.Start, from)); d > most {
			best, most, ok = p.Clip, d, true
		}
	}
	return best, ok
}

// savePins writes the clips whose time has passed.
func (c *Clips) savePins(ctx context.Context, now time.Time) {
	for _, p := range c.waiting() {
		if ctx.Err() != nil {
			return
		}
		if now.Before(p.To.Add(pinSettle)) || now.Sub(p.tried).Abs() < pinRetry ||
			now.Before(p.To.Add(pinWait)) && !c.reaches(p.Camera, p.To) {
			continue
		}
		err := c.savePin(p)
		if err == nil {
			continue
		}
		c.mu.Lock()
		first := c.pins[p.ID].tried.IsZero()
		c.pins[p.ID].tried = now
		c.mu.Unlock()
		if first {
			c.log.Error("a clip could not be saved; trying again", "camera", p.Camera, "err", err)
		}
	}
}

// reaches reports whether a camera's footage goes on to a time.
func (c *Clips) reaches(camera string, to time.Time) bool {
	r := c.known(camera)
	return r != nil && slices.ContainsFunc(r.all(), func(s segment) bool { return !s.end.Before(to) })
}

func (c *Clips) savePin(p Pin) error {
	r, err := c.ring(p.Camera)
	if err != nil {
		return err
	}
	s, err := r.cut(p.Camera, p.From, p.To)
	switch {
	case errors.Is(err, room.ErrNotFound):
		p.State = PinEmpty
		p.Gaps = []Gap{{From: p.From, To: p.To}}
	case err != nil:
		return err
	default:
		p.SHA256, p.Bytes, err = s.save(p.Path)
		if err != nil {
			c.refuse()
			return err
		}
		p.State = PinSaved
		p.Start, p.End, p.Gaps = s.Start, s.End, s.Gaps
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.pins[p.ID]
	if now == nil || len(now.Events) != len(p.Events) { // extended meanwhile: its time has not come
		return nil
	}
	if err := c.writePin(p); err != nil {
		return err
	}
	c.pins[p.ID] = &p
	c.log.Info("clip saved", "camera", p.Camera, "id", p.ID, "events", len(p.Events), "state", p.State, "gaps", len(p.Gaps))
	return nil
}

// tellPins reports the clips that were saved, or could not be, until each is known.
func (c *Clips) tellPins(ctx context.Context) {
	if c.cfg.Tell == nil {
		return
	}
	for _, p := range c.Pins("", "") {
		if p.State == PinWaiting || p.Told {
			continue
		}
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := c.cfg.Tell(try, p.word())
		cancel()
		if err != nil {
			return // the bus tells of its own absence
		}
		if err := c.markTold(p.ID); err != nil {
			c.log.Warn("a clip that was reported will be again", "id", p.ID, "err", err)
		}
	}
}

func (c *Clips) markTold(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pins[id]
	if p == nil {
		return nil
	}
	p.Told = true
	return c.writePin(*p)
}

// word is what the room is told of a clip.
func (p Pin) word() room.Clip {
	return room.Clip{ID: p.ID, Camera: p.Camera, Events: p.Events, From: p.From, To: p.To, Start: p.Start, End: p.End,
		Gaps: p.Gaps, SHA256: p.SHA256, Bytes: p.Bytes, Until: p.Until}
}

// dropPins removes clips whose retention is over and that no hold covers.
func (c *Clips) dropPins(now time.Time) {
	holds := c.Holds()
	for _, p := range c.Pins("", "") {
		if now.Before(p.Until) || held(holds, p.Camera, p.From, p.To) {
			continue
		}
		err := removeFile(p.Path)
		if err == nil { // the description last: then it can be tried again
			err = removeFile(c.pinPath(p.ID, ".json"))
		}
		if err != nil {
			c.log.Error("an old clip could not be removed", "id", p.ID, "err", err)
			continue
		}
		c.mu.Lock()
		delete(c.pins, p.ID)
		c.mu.Unlock()
	}
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

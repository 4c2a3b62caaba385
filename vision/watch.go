package vision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/packroom/packroom/room"
)

const (
	heartbeat      = 10 * time.Second // presence and health are said at least so often
	presenceRepeat = 2 * time.Second  // presence while people are there
	snapshotEvery  = time.Minute
	slotsPoll      = 2 * time.Second
)

// watch detects, under the camera's lease, until ctx ends.
func (w *worker) watch(ctx context.Context) {
	if w.cfg.Slots == "" {
		w.health.unseen("it has no slots: it is watched and recorded only")
		defer w.idle(ctx)()
		<-ctx.Done()
		return
	}
	told := false
	for ctx.Err() == nil {
		stopIdling := w.idle(ctx)
		slots, stamp, err := w.waitSlots(ctx)
		if err != nil {
			stopIdling()
			return
		}
		w.health.unseen("waiting for the camera's lease")
		lease, err := w.service.cfg.Lease(ctx, w.cfg.ID)
		stopIdling()
		if err == nil {
			told = false
			err = w.detect(ctx, lease, slots, stamp)
			lease.Release()
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.health.unseen("nobody looks at the pictures: " + err.Error())
			if !told {
				w.log.Error("detection stopped, trying again", "err", err)
				told = true
			}
			pause(ctx, slotsPoll)
		}
	}
}

// idle keeps the newest frame for snapshots while no detector looks at them,
// until the function it gives is called.
func (w *worker) idle(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case f := <-w.decoder.Out():
				w.keep(f)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// pause waits, and reports whether ctx is still on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// waitSlots reads the slots file; it may be written a moment later, or by hand.
func (w *worker) waitSlots(ctx context.Context) (room.SlotsFile, time.Time, error) {
	told := ""
	for {
		slots, stamp, err := readSlots(w.cfg.Slots)
		if err == nil {
			return slots, stamp, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("waiting for the slots file %s", w.cfg.Slots)
		}
		if err.Error() != told {
			told = err.Error()
			w.log.Warn("no detection yet", "reason", told)
			w.health.unseen(told)
		}
		if !pause(ctx, slotsPoll/4) {
			return room.SlotsFile{}, time.Time{}, ctx.Err()
		}
	}
}

func readSlots(path string) (room.SlotsFile, time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return room.SlotsFile{}, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return room.SlotsFile{}, time.Time{}, err
	}
	slots, err := room.ReadSlotsFile(f)
	if err != nil {
		return room.SlotsFile{}, time.Time{}, fmt.Errorf("%s: %w", path, err)
	}
	return slots, info.ModTime(), nil
}

// detect feeds frames to a detector until ctx ends, the lease is lost, or the
// slots or the picture's size change.
func (w *worker) detect(ctx context.Context, lease Lease, slots room.SlotsFile, stamp time.Time) error {
	d, err := w.service.cfg.NewDetector(slots)
	if err != nil {
		return fmt.Errorf("start the detector: %w", err)
	}
	run := &watching{worker: w, detector: d, lease: lease}
	defer run.end()
	run.restore()
	w.decoder.Attend(true)
	defer w.decoder.Attend(false)
	w.log.Info("detecting", "fence", lease.Fence, "slots", len(slots.Slots))
	w.health.unseen("waiting for pictures")
	slotsTick := time.NewTicker(slotsPoll)
	defer slotsTick.Stop()
	saveTick := time.NewTicker(snapshotEvery)
	defer saveTick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-lease.Lost:
			w.log.Warn("camera lease lost; another process may have the camera")
			return nil
		case <-slotsTick.C:
			if info, err := os.Stat(w.cfg.Slots); err == nil && !info.ModTime().Equal(stamp) {
				w.log.Info("slots file changed")
				return nil
			}
		case <-saveTick.C:
			run.save()
		case f := <-w.decoder.Out():
			again, err := run.frame(f)
			if err != nil || again {
				return err
			}
		}
	}
}

// watching is one detector at work.
type watching struct {
	*worker
	detector      Detector
	lease         Lease
	width, height int
	last          time.Time     // when the last frame was taken
	said          room.Presence // last
	refused       bool          // the last frame could not be used
	epoch         string        // of the detector's item names
}

// blind is for how long there may be no pictures before what lies on the slots
// is compared anew, as after a restart: nobody was seen to bring or take it.
const blind = 5 * time.Second

// frame processes one frame; again asks for a new detector.
func (r *watching) frame(f Frame) (again bool, err error) {
	if gap := f.At.Sub(r.last); !r.last.IsZero() && gap > blind {
		r.log.Info("pictures again; what changed meanwhile is looked for", "gap", gap.Round(time.Second))
		r.decoder.Release(f)
		return true, nil
	}
	r.last = f.At
	if r.width != 0 && (f.Width != r.width || f.Height != r.height) {
		r.log.Warn("picture size changed", "from", fmt.Sprintf("%dx%d", r.width, r.height), "to", fmt.Sprintf("%dx%d", f.Width, f.Height))
		r.decoder.Release(f)
		return true, nil
	}
	r.width, r.height = f.Width, f.Height
	began := time.Now()
	seen, err := r.detector.Process(f)
	r.service.metrics.detect(r.cfg.ID, time.Since(began))
	at := f.At
	r.keep(f)
	switch {
	case errors.Is(err, ErrFrame):
		if !r.refused {
			r.log.Warn("the detector can't use the pictures", "err", err)
			r.refused = true
		}
		return false, nil
	case err != nil:
		return false, fmt.Errorf("detect: %w", err)
	}
	r.refused = false
	for _, s := range seen {
		r.service.unsent.Add(r.change(s))
		r.service.metrics.change(r.cfg.ID, s.Kind, time.Since(s.At))
	}
	if len(seen) > 0 {
		r.save() // so that a crash does not report it anew
	}
	scene := r.detector.Scene()
	r.health.scene(scene.Problem)
	r.tell(scene, at)
	return false, nil
}

// change is s as the room gets it, with its pictures kept. A picture that can't
// be kept is left out: the change is worth more.
func (r *watching) change(s Seen) room.Change {
	keep := func(picture []byte) string {
		if len(picture) == 0 {
			return ""
		}
		ref, err := r.service.cfg.Pictures.Put(context.Background(), picture)
		if err != nil {
			r.log.Error("a picture of a change is lost", "err", err)
		}
		return ref
	}
	c := room.Change{Kind: s.Kind, Camera: r.cfg.ID, Item: r.epoch + "-" + s.Item, Slot: s.Slot, FromSlot: s.FromSlot,
		BBox: s.BBox, FromBBox: s.FromBBox, Confidence: s.Confidence,
		At: s.At.UTC(), Seen: time.Now().UTC(),
		Before: keep(s.Before), After: keep(s.After), Crop: keep(s.Crop),
		Appearance: s.Appearance, Fence: r.lease.Fence}
	c.ID = changeID(c)
	r.log.Info("change seen", "type", c.Kind, "item", c.Item, "slot", c.Slot, "id", c.ID)
	return c
}

// changeID is the same for the same change of the same thing at the same
// moment, whoever asks.
func changeID(c room.Change) string {
	h := sha256.Sum256([]byte(c.Camera + "\n" + c.Item + "\n" + string(c.Kind) + "\n" + strconv.FormatInt(c.At.UnixMilli(), 10)))
	return hex.EncodeToString(h[:13])
}

// tell publishes presence when it changes, every 2 s while people are there,
// and every 10 s.
func (r *watching) tell(s Scene, at time.Time) {
	p := room.Presence{Camera: r.cfg.ID, People: s.People, Slots: s.Slots, Fullness: s.Fullness, At: at}
	since := at.Sub(r.said.At)
	people := p.People != r.said.People || !slices.Equal(p.Slots, r.said.Slots)
	fullness := !maps.EqualFunc(p.Fullness, r.said.Fullness, func(a, b float64) bool { return math.Abs(a-b) < 0.02 })
	if people || since < 0 || since >= heartbeat || since >= presenceRepeat && (p.People || fullness) {
		p.Slots, p.Fullness = slices.Clone(p.Slots), maps.Clone(p.Fullness)
		r.said = p
		r.presence.set(p)
	}
}

func (r *watching) statePath() string {
	return filepath.Join(r.service.cfg.Dir, r.cfg.ID+".state")
}

// restore brings back what the detector knew. Where it can't, the detector
// counts its items anew, under a new epoch, so that no two things ever have one
// name.
func (r *watching) restore() {
	b, err := os.ReadFile(r.statePath())
	if err == nil {
		epoch, state, _ := bytes.Cut(b, []byte("\n"))
		r.epoch = string(epoch)
		err = r.detector.Restore(state)
	}
	if err == nil {
		return
	}
	if !errors.Is(err, fs.ErrNotExist) {
		r.log.Warn("the detector begins anew: what it knew does not fit", "err", err)
	}
	r.epoch = strconv.FormatInt(time.Now().UnixMilli(), 36)
}

func (r *watching) save() {
	b, err := r.detector.Snapshot()
	if err == nil && b != nil {
		err = writeFileSafe(r.statePath(), slices.Concat([]byte(r.epoch), []byte("\n"), b))
	}
	if err != nil {
		r.log.Error("the detector's state could not be saved", "err", err)
	}
}

func (r *watching) end() {
	r.save()
	if err := r.detector.Close(); err != nil {
		r.log.Warn("close the detector", "err", err)
	}
}

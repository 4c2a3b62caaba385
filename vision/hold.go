package vision

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

func (c *Clips) holdDir() string { return filepath.Join(c.cfg.Dir, "holds") }

func (c *Clips) holdPath(id string) string { return filepath.Join(c.holdDir(), id+".json") }

// loadHolds reads the holds. One that can't be read is an error: without it
// footage would be removed that must not be.
func (c *Clips) loadHolds() error {
	files, err := filepath.Glob(filepath.Join(c.holdDir(), "*.json"))
	if err != nil {
		return fmt.Errorf("holds: %w", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		var h room.Hold
		if err == nil {
			h, err = parseHold(b)
		}
		if err == nil && h.ID+".json" != filepath.Base(path) {
			err = fmt.Errorf("%w: it is of hold %q", room.ErrInvalid, h.ID)
		}
		if err != nil {
			return fmt.Errorf("holds: %s: %w; restore it, or move it away to lift the hold", path, err)
		}
		c.holds[h.ID] = h
	}
	return nil
}

// parseHold reads a hold and reports what is wrong with it.
func parseHold(b []byte) (room.Hold, error) {
	var h room.Hold
	if err := json.Unmarshal(b, &h); err != nil {
		return h, fmt.Errorf("hold: %w: %v", room.ErrInvalid, err)
	}
	switch {
	case h.ID == "" || h.ID != filepath.Base(h.ID) || strings.HasPrefix(h.ID, "."):
		return h, fmt.Errorf("hold: %w: its id is empty or no name", room.ErrInvalid)
	case h.Camera == "" || !h.From.Before(h.To) || h.To.Sub(h.From) > room.FootageMost:
		return h, fmt.Errorf("hold: %w: it needs a camera and up to %s, beginning before their end", room.ErrInvalid, room.FootageMost)
	}
	h.From, h.To, h.Placed = h.From.UTC(), h.To.UTC(), h.Placed.UTC()
	return h, nil
}

// Hold keeps footage and pinned clips that touch the hold until Release, whatever
// their age and however full the disk. It returns when that is on disk; the same
// hold again changes nothing.
func (c *Clips) Hold(h room.Hold) error {
	b, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("hold footage: %w", err)
	}
	if h, err = parseHold(b); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rings[h.Camera] == nil {
		return fmt.Errorf("hold footage of camera %q: %w", h.Camera, room.ErrNotFound)
	}
	if err := writeFileSafe(c.holdPath(h.ID), b); err != nil {
		return fmt.Errorf("hold footage: %w", err)
	}
	c.holds[h.ID] = h
	return nil
}

// Release lifts a hold: room.ErrNotFound where there is none.
func (c *Clips) Release(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.holds[id]; !ok {
		return fmt.Errorf("hold %q: %w", id, room.ErrNotFound)
	}
	if err := removeFile(c.holdPath(id)); err != nil {
		return fmt.Errorf("lift a hold: %w", err)
	}
	delete(c.holds, id)
	return nil
}

// Holds lists the holds by time.
func (c *Clips) Holds() []room.Hold {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]room.Hold, 0, len(c.holds))
	for _, h := range c.holds {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b room.Hold) int { return cmp.Or(a.From.Compare(b.From), strings.Compare(a.ID, b.ID)) })
	return all
}

// held reports whether a hold covers footage of [start, end], or may need its
// keyframe.
func held(holds []room.Hold, camera string, start, end time.Time) bool {
	return slices.ContainsFunc(holds, func(h room.Hold) bool {
		return h.Camera == camera && start.Before(h.To) && end.After(h.From.Add(-segmentLength))
	})
}

package vision

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/packroom/packroom/room"
)

const (
	storageAgain = time.Minute // the disk's state is said again: the room may have restarted
	alarmLasts   = 10 * time.Minute
	refusedLasts = 2 * time.Minute
)

// storage is what is known of the disk. Clips.mu guards it.
type storage struct {
	over    int64              // bytes over the limits after all that may go has gone
	kept    time.Duration      // age of the youngest footage that went for want of space
	went    time.Time          // when it went
	refused time.Time          // last write that failed
	said    room.StorageHealth // to the log
	told    room.StorageHealth // to the room
}

// retain removes exports and pins that are over, footage that is too old, and
// then the oldest footage while there is too much. free is the disk's free
// space, -1 = unknown.
func (c *Clips) retain(now time.Time, free int64) {
	c.dropExports(now)
	c.dropPins(now)
	for _, s := range c.removable() {
		if now.Sub(s.start) > c.cfg.RingAge {
			c.discard(s)
		}
	}
	ringBytes, pinned, _ := c.Usage()
	excess := ringBytes + pinned - c.cfg.MostBytes
	if free >= 0 {
		excess = max(excess, c.cfg.FreeBytes-free)
	}
	for _, s := range c.removable() {
		age := now.Sub(s.start)
		if excess <= 0 || age < newestKept {
			break
		}
		c.discard(s)
		excess -= s.bytes
		c.mu.Lock()
		c.storage.kept, c.storage.went = age, now
		c.mu.Unlock()
	}
	c.mu.Lock()
	c.storage.over = excess
	c.mu.Unlock()
	c.alarm(now)
}

// StorageHealth is how the disk of the footage is. It is an alarm while footage
// is kept for less long than it should be, or nothing more may be removed to
// make room: both come before anything is lost that an event has pinned.
func (c *Clips) StorageHealth(now time.Time) room.StorageHealth {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, h := c.storage, room.StorageHealth{OK: true, At: now.UTC()}
	switch {
	case !s.refused.IsZero() && now.Sub(s.refused) < refusedLasts:
		h.OK, h.Problem, h.Detail = false, "full", "the disk refuses footage: it is full or broken"
	case s.over > 0:
		h.OK, h.Problem = false, "low"
		h.Detail = fmt.Sprintf("kept clips and the newest footage are %d MB over the limit; none of them is removed: add disk, or keep clips for less long", s.over>>20)
	case !s.went.IsZero() && s.kept < c.cfg.LeastAge && now.Sub(s.went) < alarmLasts:
		h.OK, h.Problem = false, "low"
		h.Detail = fmt.Sprintf("footage that no event needs is kept for %s only, for want of space", s.kept.Round(time.Minute))
	}
	return h
}

// alarm writes the disk's state to the log when it changes.
func (c *Clips) alarm(now time.Time) {
	h := c.StorageHealth(now)
	c.mu.Lock()
	last := c.storage.said
	c.storage.said = h
	c.mu.Unlock()
	switch {
	case !h.OK && last.Problem != h.Problem:
		c.log.Error("the disk of the footage is too small", "problem", h.Problem, "detail", h.Detail)
	case h.OK && last.Problem != "":
		c.log.Info("the disk has room for footage again")
	}
}

// tellStorage reports the disk's state when it changes, and now and then.
func (c *Clips) tellStorage(ctx context.Context, now time.Time) {
	if c.cfg.TellStorage == nil {
		return
	}
	h := c.StorageHealth(now)
	c.mu.Lock()
	told := c.storage.told
	c.mu.Unlock()
	if told.Problem == h.Problem && h.At.Sub(told.At).Abs() < storageAgain {
		return
	}
	try, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if c.cfg.TellStorage(try, h) != nil {
		return // the bus tells of its own absence
	}
	c.mu.Lock()
	c.storage.told = h
	c.mu.Unlock()
}

// removable gives every camera's segments, oldest first, without those that a
// waiting pin needs or a hold covers.
func (c *Clips) removable() (found []ownedSegment) {
	waiting, holds := c.waiting(), c.Holds()
	for camera, r := range c.allRings() {
		all := r.all()
		for i, s := range all {
			end := s.start.Add(segmentMost)
			if i+1 < len(all) {
				end = all[i+1].start
			}
			if !needed(waiting, camera, s.start, end) && !held(holds, camera, s.start, end) {
				found = append(found, ownedSegment{segment: s, ring: r})
			}
		}
	}
	slices.SortFunc(found, func(a, b ownedSegment) int { return a.start.Compare(b.start) })
	return found
}

// ownedSegment is a segment with its ring.
type ownedSegment struct {
	segment
	ring *ring
}

func (c *Clips) discard(s ownedSegment) {
	if err := s.ring.remove(s.path); err != nil {
		c.log.Error("old footage could not be removed", "err", err)
	}
}

// Usage is the bytes of unpinned and of pinned footage, and how many writes the
// disk has refused.
func (c *Clips) Usage() (ringBytes, pinned int64, refused uint64) {
	for _, r := range c.allRings() {
		for _, s := range r.all() {
			ringBytes += s.bytes
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pins {
		pinned += p.Bytes
	}
	return ringBytes, pinned, c.refused.Load()
}

// Oldest is when a camera's footage begins; zero where there is none.
func (c *Clips) Oldest(camera string) time.Time {
	r := c.known(camera)
	if r == nil {
		return time.Time{}
	}
	if all := r.all(); len(all) > 0 {
		return all[0].start
	}
	return time.Time{}
}

// known is a camera's ring; nil where there is none.
func (c *Clips) known(camera string) *ring {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rings[camera]
}

func (c *Clips) dropExports(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := map[string]bool{}
	for name, e := range c.exports {
		if now.Sub(e.used) > exportsKept {
			delete(c.exports, name)
			continue
		}
		kept[name+".mp4"] = true
	}
	files, err := os.ReadDir(c.exportDir())
	if err != nil {
		c.log.Warn("look at exported clips", "err", err)
		return
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || kept[f.Name()] || now.Sub(info.ModTime()) < time.Minute {
			continue
		}
		if err := os.Remove(filepath.Join(c.exportDir(), f.Name())); err != nil {
			c.log.Warn("remove an exported clip", "err", err)
		}
	}
}

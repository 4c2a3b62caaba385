package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/vision/webrtc"
)

const (
	joinEvery   = 173 * time.Millisecond // no multiple of a picture's time
	settle      = 3 * time.Second        // after the last viewer has a picture
	firstWithin = 15 * time.Second       // a first picture; who has none by then counts as this
)

// result is what viewers saw in one measured window.
type result struct {
	viewers int
	first   []time.Duration // from each offer to the first keyframe that was whole
	late    []time.Duration // from the camera to a viewer, of each picture in the window
	lost    uint64          // packets waited for in vain, in the window
	broken  int             // pictures with holes, likewise
	cpu     time.Duration   // of the server, for a viewer and a second
	mb, own float64         // of the server's memory, at most: all, and without what processes share
}

// spectator is one viewer.
type spectator struct {
	player *webrtc.Player

	mu     sync.Mutex
	first  time.Duration
	began  chan struct{} // closed at the first picture
	window bool
	late   []time.Duration
	broken int
}

// watch lets n viewers join one after the other, and measures.
func (s *server) watch(ctx context.Context, c *clip, n int, window time.Duration, loss float64) (result, error) {
	all := make([]*spectator, 0, n)
	defer func() {
		for _, v := range all {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			_ = v.player.Close(ctx) // a session that is over is no concern here
			cancel()
		}
	}()
	for i := range n {
		v, err := s.join(ctx, c, loss, uint64(i))
		if err != nil {
			return result{}, err
		}
		all = append(all, v)
		if !sleep(ctx, joinEvery) {
			return result{}, ctx.Err()
		}
	}
	r := result{viewers: n}
	if err := r.awaitFirst(ctx, all); err != nil {
		return r, err
	}
	if window == 0 {
		return r, nil
	}
	if !sleep(ctx, settle) {
		return r, ctx.Err()
	}
	return r, s.observe(ctx, &r, all, window)
}

// awaitFirst waits until every viewer has a picture, or long enough.
func (r *result) awaitFirst(ctx context.Context, all []*spectator) error {
	late := time.After(firstWithin)
	for _, v := range all {
		select {
		case <-v.began:
			r.first = append(r.first, v.first)
		case <-late:
			r.first = append(r.first, firstWithin)
			late = time.After(0) // for the others too
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *server) join(ctx context.Context, c *clip, loss float64, seed uint64) (*spectator, error) {
	v := &spectator{began: make(chan struct{})}
	cfg := webrtc.PlayConfig{URL: s.url, Header: s.header(), On: func(p webrtc.Picture) { v.see(c, p) }}
	if loss > 0 {
		dice := rand.New(rand.NewPCG(seed, 2))
		cfg.Drop = func() bool { return dice.Float64() < loss }
	}
	ctx, cancel := context.WithTimeout(ctx, firstWithin)
	defer cancel()
	var err error
	v.player, err = webrtc.Play(ctx, cfg)
	return v, err
}

// see takes one picture.
func (v *spectator) see(c *clip, p webrtc.Picture) {
	sent, known := c.sent(p.NALs, p.At)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !known || !p.Whole {
		if v.window {
			v.broken++
		}
		return
	}
	if v.first == 0 && p.Key {
		v.first = p.Since
		close(v.began)
	}
	if v.window {
		v.late = append(v.late, p.At.Sub(sent))
	}
}

// observe measures for as long as window.
func (s *server) observe(ctx context.Context, r *result, all []*spectator, window time.Duration) error {
	set := func(on bool) {
		for _, v := range all {
			v.mu.Lock()
			v.window = on
			v.mu.Unlock()
		}
	}
	lost := func() (n uint64) {
		for _, v := range all {
			n += v.player.Lost.Load()
		}
		return n
	}
	lostBefore, cpuBefore, began := lost(), cpuOf(s.pid), time.Now()
	set(true)
	for time.Since(began) < window {
		mb, own := memoryMB(s.pid)
		r.mb, r.own = max(r.mb, mb), max(r.own, own)
		if !sleep(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
	set(false)
	took := time.Since(began)
	r.cpu = time.Duration(float64(cpuOf(s.pid)-cpuBefore) / took.Seconds() / float64(len(all)))
	r.lost = lost() - lostBefore
	for _, v := range all {
		v.mu.Lock()
		r.late = append(r.late, v.late...)
		r.broken += v.broken
		v.mu.Unlock()
	}
	if len(r.late) == 0 {
		return errors.New("no picture came in the measured window")
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// quantile of durations, in milliseconds.
func quantile(ds []time.Duration, q float64) float64 {
	if len(ds) == 0 {
		return 0
	}
	sorted := slices.Clone(ds)
	slices.Sort(sorted)
	return float64(sorted[int(q*float64(len(sorted)-1))]) / float64(time.Millisecond)
}

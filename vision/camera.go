package vision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// What a camera may take.
const (
	connectTimeout  = 10 * time.Second // to the first picture of any kind
	pictureTimeout  = 5 * time.Second  // between pictures
	keyframeTimeout = 20 * time.Second // to the first keyframe
	backoffMin      = 500 * time.Millisecond
	backoffMax      = 10 * time.Second // nobody sees the shelves meanwhile
)

// Unit is one access unit of a camera's H264 stream: one coded picture. Readers
// share it; nobody changes it.
type Unit struct {
	NALs  [][]byte      // without delimiters and filler; SPS and PPS first where Key
	Key   bool          // decodable without anything before it
	Break bool          // the first one after the camera was away
	At    time.Time     // wall time at which it was taken
	T     time.Duration // stream time, counted from the Camera's making; rises strictly
	Seq   uint64        // counts up by one; a hole is what the reader was too slow for
}

// Size is the number of bytes of u's NAL units.
func (u *Unit) Size() (n int) {
	for _, x := range u.NALs {
		n += len(x)
	}
	return n
}

// Status is how a camera is.
type Status struct {
	Up       bool
	Since    time.Time // of being up, or not
	Reason   string    // why it is down, for people; empty when up
	Width    int       // of the newest stream, 0 = never seen
	Height   int
	FPS      float64
	LastUnit time.Time
	Losses   int // how often it was lost
}

// CameraSource says where a camera's pictures come from.
type CameraSource struct {
	ID string
	// URL is rtsp://, rtsps:// (with user and password), file:///clip.mp4
	// (played in a loop) or v4l2:///dev/video0.
	URL string
	// Transcode lets ffmpeg make H264 without B-frames from what the camera
	// sends: for cameras that can't. It costs a core at 1080p.
	Transcode bool
	// Sub marks the small stream of a camera, whose ID it shares.
	Sub bool
}

// source delivers pictures until ctx ends or it can no more. It calls out for
// every access unit, with the camera's own time.
type source func(ctx context.Context, out func(nals [][]byte, pts time.Duration)) error

// Camera is the supervisor of one camera and the hub of its pictures. Safe for
// concurrent use.
type Camera struct {
	id     string
	sub    bool
	log    *slog.Logger
	source source
	start  time.Time

	mu      sync.Mutex
	readers map[*Reader]struct{}
	status  Status
	changed chan struct{} // closed when status.Up or Reason change
	clock   streamClock
	seq     uint64
	sps     []byte
	pps     []byte
	synced  bool // a keyframe came since the connection was made
	broken  bool // the next unit is the first after a loss
	rate    rateMeter
}

// NewCamera checks src; Run begins to pull.
func NewCamera(src CameraSource, log *slog.Logger) (*Camera, error) {
	pull, err := openSource(src)
	if err != nil {
		return nil, fmt.Errorf("camera %s: %w", src.ID, err)
	}
	now := time.Now()
	log = log.With("camera", src.ID)
	if src.Sub {
		log = log.With("stream", "sub")
	}
	return &Camera{
		id: src.ID, sub: src.Sub, log: log, source: pull, start: now,
		readers: map[*Reader]struct{}{}, changed: make(chan struct{}),
		status: Status{Since: now.UTC(), Reason: "connecting"},
		broken: true,
	}, nil
}

// openSource chooses by the URL's scheme. Its errors never show the URL, which
// may hold a password.
func openSource(src CameraSource) (source, error) {
	u, err := url.Parse(src.URL)
	if err != nil {
		return nil, errors.New("its address is not a URL")
	}
	switch u.Scheme {
	case "rtsp", "rtsps":
		if u.Host == "" {
			return nil, errors.New("its address has no host: rtsp://user:password@host:554/path")
		}
		if src.Transcode {
			return transcodeSource(src.URL), nil
		}
		return rtspSource(src.URL)
	case "file":
		return fileSource(u.Path), nil
	case "v4l2":
		return usbSource(u.Path), nil
	}
	return nil, fmt.Errorf("address scheme %q is none of rtsp, rtsps, file, v4l2", u.Scheme)
}

// ID is the camera's name.
func (c *Camera) ID() string { return c.id }

// Status is how the camera is now.
func (c *Camera) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.FPS = c.rate.fps()
	return s
}

// Changed gives a channel that is closed when the camera is next lost or back.
func (c *Camera) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Run pulls the camera until ctx ends; what fails is tried again after 0.5 s,
// and then ever later up to 10 s.
func (c *Camera) Run(ctx context.Context) {
	delay := backoffMin
	for {
		began := time.Now()
		err := c.pull(ctx)
		if ctx.Err() != nil {
			return
		}
		wasUp := c.lost(err)
		if wasUp && time.Since(began) > backoffMax {
			delay = backoffMin
		}
		pause := delay/2 + rand.N(delay) // jitter: cameras behind one switch come back together
		delay = min(2*delay, backoffMax)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (c *Camera) pull(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	began := time.Now()
	dog := time.AfterFunc(connectTimeout, func() { stop(errNoFirstPicture) })
	defer dog.Stop()
	var order reorderCheck
	c.mu.Lock()
	c.synced = false
	c.clock.cut()
	c.mu.Unlock()
	err := c.source(ctx, func(nals [][]byte, pts time.Duration) {
		if dog.Stop() {
			dog = time.AfterFunc(pictureTimeout, func() { stop(errNoPictures) })
		}
		if order.hasBFrames(nals, pts) {
			stop(errBFrames)
			return
		}
		if !c.accept(nals, pts, time.Now()) && time.Since(began) > keyframeTimeout {
			stop(errNoKeyframe)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil {
		err = errEnded
	}
	return err
}

// lost notes why the camera is down. It logs the first time only.
func (c *Camera) lost(err error) (wasUp bool) {
	c.mu.Lock()
	first := c.status.Up || c.status.Losses == 0
	wasUp = c.status.Up
	reason := reasonOf(err)
	if first {
		c.status.Since = time.Now().UTC()
		c.status.Losses++
	}
	changed := first || c.status.Reason != reason
	c.status.Up, c.status.Reason = false, reason
	c.broken = true
	c.rate = rateMeter{}
	if changed {
		c.announce()
	}
	c.mu.Unlock()
	if first {
		c.log.Warn("camera lost", "reason", reason)
	}
	return wasUp
}

// announce wakes those who wait on Changed; c.mu is held.
func (c *Camera) announce() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// accept makes a unit of one access unit and hands it to the readers. It
// reports whether a keyframe was seen since the connection was made.
func (c *Camera) accept(nals [][]byte, pts time.Duration, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, ok := c.unit(nals)
	if !ok || !c.synced && !u.Key {
		return c.synced
	}
	c.synced = true
	mono := now.Sub(c.start)
	u.T = c.clock.at(pts, mono)
	u.At = now.Round(0).UTC().Add(u.T - mono)
	u.Break, c.broken = c.broken, false
	c.seq++
	u.Seq = c.seq
	c.status.LastUnit = u.At
	c.rate.add(u.T)
	if u.Break {
		back := c.status.Losses > 0
		c.status.Up, c.status.Reason, c.status.Since = true, "", now.UTC()
		c.announce()
		if back {
			c.log.Info("camera back")
		}
	}
	for r := range c.readers {
		r.offer(u)
	}
	return true
}

// unit cleans an access unit: no delimiters, no filler, nothing damaged in an
// obvious way, parameter sets in front of a keyframe. c.mu is held.
func (c *Camera) unit(nals [][]byte) (*Unit, bool) {
	u := &Unit{NALs: make([][]byte, 0, len(nals)+2)}
	picture, sets := false, false
	for _, n := range nals {
		if len(n) < 2 || n[0]&0x80 != 0 { // forbidden_zero_bit
			continue
		}
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData:
			continue
		case h264.NALUTypeSPS:
			sets = true
			c.setSPS(n)
		case h264.NALUTypePPS:
			c.pps = n
		case h264.NALUTypeIDR:
			picture, u.Key = true, true
		case h264.NALUTypeNonIDR, h264.NALUTypeDataPartitionA:
			picture = true
		}
		u.NALs = append(u.NALs, n)
	}
	if u.Key && !sets {
		if c.sps == nil || c.pps == nil {
			return nil, false
		}
		u.NALs = append([][]byte{c.sps, c.pps}, u.NALs...)
	}
	return u, picture
}

// setSPS keeps a parameter set and the picture size it tells; c.mu is held.
func (c *Camera) setSPS(sps []byte) {
	if string(c.sps) == string(sps) {
		return
	}
	var p h264.SPS
	if err := p.Unmarshal(sps); err != nil {
		return // damaged: the one before holds
	}
	c.sps = sps
	c.status.Width, c.status.Height = p.Width(), p.Height()
}

// Subscribe adds a reader with a queue of so many units. Its first unit is a
// keyframe.
func (c *Camera) Subscribe(queue int) *Reader {
	r := &Reader{camera: c, units: make(chan *Unit, queue), waitKey: true}
	c.mu.Lock()
	c.readers[r] = struct{}{}
	c.mu.Unlock()
	return r
}

// Reader gets a camera's units.
type Reader struct {
	camera  *Camera
	units   chan *Unit
	waitKey bool // under the camera's mutex
	began   bool
	dropped atomic.Uint64
}

// Units gives the camera's units, from a keyframe on. When the queue was full,
// those up to the next keyframe are missing.
func (r *Reader) Units() <-chan *Unit { return r.units }

// Dropped is how many units the reader was too slow for.
func (r *Reader) Dropped() uint64 { return r.dropped.Load() }

// Close ends the subscription. Units is not closed.
func (r *Reader) Close() {
	r.camera.mu.Lock()
	delete(r.camera.readers, r)
	r.camera.mu.Unlock()
}

// offer never blocks; the camera's mutex is held.
func (r *Reader) offer(u *Unit) {
	if r.waitKey && !u.Key {
		if r.began {
			r.dropped.Add(1)
		}
		return
	}
	select {
	case r.units <- u:
		r.waitKey, r.began = false, true
	default:
		r.waitKey = true
		r.dropped.Add(1)
	}
}

// splitSPS gives the parameter sets of a keyframe.
func (u *Unit) splitSPS() (sps, pps []byte) {
	for _, n := range u.NALs {
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeSPS:
			sps = n
		case h264.NALUTypePPS:
			pps = n
		}
	}
	return sps, pps
}

// redact hides the password of an address that stands in text.
func redact(text, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return text
	}
	text = strings.ReplaceAll(text, u.User.String(), "***")
	if p, ok := u.User.Password(); ok && p != "" {
		text = strings.ReplaceAll(text, p, "***")
	}
	return text
}

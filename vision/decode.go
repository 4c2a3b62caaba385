package vision

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// DecoderConfig says what frames a Decoder makes.
type DecoderConfig struct {
	Width, Height int     // of the frames; 0 = the camera's own
	MaxFPS        float64 // 0 = every picture
	KeyframesOnly bool    // decode nothing but keyframes, whatever moves
}

// decodeStall is how long a child may take pictures and give none.
const decodeStall = 10 * time.Second

// decodeQueue is how many units may wait for the child.
const decodeQueue = 64

// catchUp is how long a frame of a picture that was left out at first waits for
// somebody who takes it. No other waits: what is late for want of time would be
// ever later.
const catchUp = 200 * time.Millisecond

// Decoder turns a camera's units into frames: one ffmpeg child, restarted when
// it dies. Frames come in the order of their time; when nobody takes them, the
// newest is left out, and the child is never held up. While nothing moves, only
// keyframes are decoded.
type Decoder struct {
	cfg    DecoderConfig
	camera *Camera
	log    *slog.Logger
	frames chan Frame
	free   chan []byte
	idle   atomic.Bool   // keyframes will do
	wake   chan struct{} // more than keyframes is wanted
	calm   time.Duration // without movement, until keyframes will do

	Frames   atomic.Uint64 // frames delivered
	Skipped  atomic.Uint64 // frames that nobody had time for
	Restarts atomic.Uint64 // children that died
}

// NewDecoder makes a decoder; Run decodes.
func NewDecoder(camera *Camera, cfg DecoderConfig, log *slog.Logger) *Decoder {
	const buffers = 4 // one being filled, one waiting, one in the detector, one as the newest
	return &Decoder{cfg: cfg, camera: camera, log: log.With("camera", camera.ID()),
		frames: make(chan Frame, 1), free: make(chan []byte, buffers), wake: make(chan struct{}, 1), calm: dozeAfter}
}

// Attend says whether anybody looks for what happens. Without, keyframes are
// enough, whatever moves. A new decoder is attended.
func (d *Decoder) Attend(on bool) {
	d.idle.Store(!on)
	if on {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// Out gives the frames. Each must be given back with Release.
func (d *Decoder) Out() <-chan Frame { return d.frames }

// Release gives a frame's pixels back; they will be overwritten.
func (d *Decoder) Release(f Frame) {
	select {
	case d.free <- f.Pix:
	default: // of a former size or one too many
	}
}

// Run decodes until ctx ends.
func (d *Decoder) Run(ctx context.Context) {
	delay, told := backoffMin, false
	for ctx.Err() == nil {
		n := d.Frames.Load()
		err := d.child(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errNewSize) {
			continue
		}
		d.Restarts.Add(1)
		if d.Frames.Load() > n {
			delay, told = backoffMin, false
		}
		if !told {
			d.log.Warn("decoder died, starting another", "err", err)
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
		delay = min(2*delay, backoffMax)
	}
}

var (
	errNewSize = errors.New("the camera's picture size changed")
	errStalled = errors.New("decoder gave no picture for 10 s")
)

// child runs one ffmpeg from a keyframe to its end.
func (d *Decoder) child(ctx context.Context) error {
	in := d.camera.Subscribe(decodeQueue)
	defer in.Close()
	var first *Unit
	select {
	case <-ctx.Done():
		return nil
	case first = <-in.Units():
	}
	p, err := d.start(ctx, first)
	if err != nil {
		return err
	}
	defer p.kill()
	done := make(chan error, 2)
	var wg sync.WaitGroup
	wg.Go(func() { done <- p.feed(ctx, first, in) })
	wg.Go(func() { done <- p.collect(d) })
	select {
	case <-ctx.Done():
	case err = <-done:
	}
	p.kill()
	wg.Wait()
	if said := p.said.last(); said != "" && !errors.Is(err, errNewSize) {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return err
}

// decodeChild is a running ffmpeg.
type decodeChild struct {
	cancel        context.CancelFunc
	cmd           *exec.Cmd
	in            io.WriteCloser
	pixels        io.ReadCloser
	times         *os.File
	said          tail
	cfg           DecoderConfig
	sps           string
	width, height int // of the camera
	outW, outH    int // of the frames
	killed        sync.Once
	doze          *doze
	shift         time.Duration // of the child's clock: what is decoded again is later for it
	last          uint32        // newest time that the child was given

	mu       sync.Mutex
	inside   []stamp // units in the child, oldest first
	progress time.Time
}

// stamp remembers the times of a unit that the child holds.
type stamp struct {
	ms    uint32
	at    time.Time
	t     time.Duration
	alone bool // what follows it is left out
	kept  bool // it was left out itself at first
}

func (d *Decoder) start(ctx context.Context, first *Unit) (*decodeChild, error) {
	sps, _ := first.splitSPS()
	var set h264.SPS
	if err := set.Unmarshal(sps); err != nil {
		return nil, fmt.Errorf("read the stream's size: %w", err)
	}
	p := &decodeChild{cfg: d.cfg, sps: string(sps), width: set.Width(), height: set.Height(), progress: time.Now(),
		doze: &doze{never: d.cfg.KeyframesOnly, calm: d.calm, wake: d.wake, wanted: func() bool { return !d.idle.Load() }}}
	p.outW, p.outH = d.cfg.Width, d.cfg.Height
	if p.outW == 0 || p.outH == 0 {
		p.outW, p.outH = p.width, p.height
	}
	ctx, p.cancel = context.WithCancel(ctx)
	p.cmd = exec.CommandContext(ctx, "ffmpeg", p.args()...)
	p.cmd.WaitDelay = time.Second
	p.cmd.Stderr = &p.said
	times, timesChild, err := os.Pipe()
	if err != nil {
		p.cancel()
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	defer timesChild.Close() // the child has its own
	p.times = times
	p.cmd.ExtraFiles = []*os.File{timesChild} // file 3
	var err1, err2 error
	p.in, err1 = p.cmd.StdinPipe()
	p.pixels, err2 = p.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, p.cmd.Start()); err != nil {
		p.cancel()
		times.Close()
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	enlargePipe(p.pixels)
	return p, nil
}

// args are for a picture out at once for each picture in: no probing beyond the
// head, and one thread (frame threads, rawvideo's too, hold one picture back
// each). The time of each frame is printed to file 3 as it is given out.
func (p *decodeChild) args() []string {
	var filters []string
	if p.cfg.MaxFPS > 0 {
		gap := 0.9 / p.cfg.MaxFPS // times jitter
		filters = append(filters, fmt.Sprintf(`select=isnan(prev_selected_t)+gte(t-prev_selected_t\,%.4f)`, gap))
	}
	filters = append(filters, fmt.Sprintf("scale=%d:%d:flags=fast_bilinear", p.outW, p.outH), "format=bgr24",
		"metadata=add:key=n:value=1", `metadata=print:file=pipe\\:3:direct=1`)
	return []string{"-hide_banner", "-loglevel", "fatal",
		"-filter_threads", "1", "-flags", "low_delay", "-threads", "1", "-probesize", "32", "-analyzeduration", "0",
		"-f", "flv", "-i", "pipe:0", "-an", "-copyts", "-fps_mode", "passthrough",
		"-vf", strings.Join(filters, ","), "-f", "rawvideo", "-pix_fmt", "bgr24", "-threads", "1", "-flush_packets", "1", "pipe:1"}
}

// kill ends the child and waits for it.
func (p *decodeChild) kill() {
	p.killed.Do(func() {
		p.cancel()
		p.in.Close()
		p.pixels.Close()
		p.times.Close()
		_ = p.cmd.Wait() // killed: that is no news
	})
}

// feed writes units until ctx ends or the child no longer takes them.
func (p *decodeChild) feed(ctx context.Context, first *Unit, in *Reader) error {
	stall := time.AfterFunc(decodeStall, p.cancel)
	defer stall.Stop()
	w := &flvWriter{w: p.in}
	sps, pps := first.splitSPS()
	if err := w.header(sps, pps); err != nil {
		return fmt.Errorf("feed the decoder: %w", err)
	}
	p.shift = -first.T
	for units := p.doze.take(first); ; {
		for _, u := range units {
			stall.Reset(decodeStall)
			if err := p.write(w, u, len(units) > 1); err != nil {
				return err
			}
			stall.Stop() // waiting for the camera is no stall
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.doze.wake:
			if units = p.doze.woken(); len(units) > 0 {
				p.shift = time.Duration(p.last+1)*time.Millisecond - units[0].T
			}
		case u := <-in.Units():
			units = p.doze.take(u)
		}
	}
}

// write gives the child one unit; kept says that it was left out at first.
func (p *decodeChild) write(w *flvWriter, u *Unit, kept bool) error {
	if u.Key && p.resized(u) {
		return errNewSize
	}
	ms := uint32((u.T + p.shift) / time.Millisecond)
	if ms > 1<<31-1<<20 { // FLV counts 31 bits of milliseconds
		return errNewSize
	}
	p.last = ms
	if p.enter(stamp{ms: ms, at: u.At, t: u.T, alone: p.doze.alone(), kept: kept}) {
		return errStalled
	}
	if err := w.unit(u, ms); err != nil {
		return fmt.Errorf("feed the decoder: %w", err)
	}
	return nil
}

// resized reports whether a keyframe is of another size than the child's.
func (p *decodeChild) resized(u *Unit) bool {
	sps, _ := u.splitSPS()
	if string(sps) == p.sps {
		return false
	}
	p.sps = string(sps)
	var set h264.SPS
	if set.Unmarshal(sps) != nil {
		return false
	}
	return set.Width() != p.width || set.Height() != p.height
}

// enter notes a unit on its way in, and reports whether none came out for long.
func (p *decodeChild) enter(s stamp) (stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.inside) == 0 {
		p.progress = time.Now()
	}
	p.inside = append(p.inside, s)
	return len(p.inside) > 2 && time.Since(p.progress) > decodeStall
}

// leave finds the times of a frame by the millisecond that it went in with.
// What the child has passed over is forgotten.
func (p *decodeChild) leave(ms uint32) (stamp, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = time.Now()
	for i, s := range p.inside {
		if s.ms >= ms {
			found := s.ms == ms
			if found {
				i++
			}
			p.inside = p.inside[i:]
			return s, found
		}
	}
	p.inside = nil
	return stamp{}, false
}

// collect reads frames until the child ends.
func (p *decodeChild) collect(d *Decoder) error {
	times := bufio.NewReader(p.times)
	var pix []byte
	for {
		ms, err := readFrameTime(times)
		if err != nil {
			return fmt.Errorf("decoder ended: %w", err)
		}
		if pix == nil {
			pix = d.buffer(p.outW * p.outH * 3)
		}
		if _, err := io.ReadFull(p.pixels, pix); err != nil {
			return fmt.Errorf("decoder ended: %w", err)
		}
		s, ok := p.leave(ms)
		f := Frame{At: s.at, T: s.t, Width: p.outW, Height: p.outH, Pix: pix}
		if ok && p.doze.give(f, s.alone) && d.deliver(f, s.kept) {
			pix = nil
		}
	}
}

// deliver gives a frame out, where somebody takes it. Those that were kept come
// faster than they were taken: for them a detector gets time.
func (d *Decoder) deliver(f Frame, kept bool) bool {
	select {
	case d.frames <- f:
		d.Frames.Add(1)
		return true
	default:
	}
	if kept {
		select {
		case d.frames <- f:
			d.Frames.Add(1)
			return true
		case <-time.After(catchUp):
		}
	}
	d.Skipped.Add(1)
	return false
}

func (d *Decoder) buffer(size int) []byte {
	for {
		select {
		case b := <-d.free:
			if len(b) == size {
				return b
			}
		default:
			return make([]byte, size)
		}
	}
}

// readFrameTime reads what ffmpeg's metadata filter prints of a frame:
// "frame:0    pts:40      pts_time:0.04" and the entry "n=1".
func readFrameTime(r *bufio.Reader) (ms uint32, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(line, "pts:")
	digits, _, ok2 := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || !ok2 || err != nil {
		return 0, fmt.Errorf("decoder says %q in place of a frame's time", strings.TrimSpace(line))
	}
	if _, err := r.ReadString('\n'); err != nil {
		return 0, err
	}
	return uint32(n), nil
}

package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// film turns the world into one camera's video, in real time, while somebody
// looks.
type film struct {
	sim   *Sim
	index int
	name  string
	cam   *camera

	viewers atomic.Int32 // of the RTSP stream
	peek    atomic.Int64 // when the page last asked for a picture, Unix ns
	send    func(au [][]byte, at time.Time)

	mu     sync.Mutex
	latest *frame // the page's copy
	wake   chan struct{}

	pid    atomic.Int64 // of the encoder
	frames atomic.Int64 // encoded

	params chan struct{} // closed when sps and pps are known
	once   sync.Once
	sps    []byte
	pps    []byte
}

func newFilm(s *Sim, i int, empty *scene) *film {
	return &film{
		sim: s, index: i, name: cameraName(i), cam: newCamera(empty, s.cfg.Seed+uint64(i)),
		wake: make(chan struct{}, 1), params: make(chan struct{}),
	}
}

// run films until ctx ends; an encoder that dies is started again.
func (f *film) run(ctx context.Context) {
	wait := 200 * time.Millisecond
	for ctx.Err() == nil {
		began := time.Now()
		err := f.encode(ctx)
		if ctx.Err() != nil {
			return
		}
		f.sim.cfg.Log.Warn("video encoder stopped, starting another", "camera", f.name, "error", err)
		if time.Since(began) > time.Minute {
			wait = 200 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(wait*2, 10*time.Second)
	}
}

// encoderPID is the encoder's process.
func (f *film) encoderPID() int { return int(f.pid.Load()) }

// shot is when a frame on its way through the encoder was taken.
type shot struct{ at time.Time }

func (f *film) encode(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	enc, err := startEncoder(ctx, f.sim.cfg)
	if err != nil {
		return err
	}
	f.pid.Store(int64(enc.cmd.Process.Pid))
	shots := make(chan shot, 64)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		err := readFLV(enc.out, func(sps, pps []byte) {
			f.once.Do(func() { f.sps, f.pps = sps, pps; close(f.params) })
		}, func(au [][]byte) {
			select {
			case s := <-shots:
				if f.send != nil {
					f.send(au, s.at)
				}
			default: // a frame that nobody fed
			}
		})
		enc.fail(err)
	})
	f.feed(ctx, enc, shots)
	cancel()
	enc.stop()
	wg.Wait()
	return enc.err
}

// idleAfter is how long the page may be silent before its pictures stop.
const idleAfter = 3 * time.Second

// feed renders and encodes at the camera's rate. While nobody looks it rests,
// and always rests at the end of a group of pictures: whoever comes gets a key
// frame first.
func (f *film) feed(ctx context.Context, enc *encoder, shots chan<- shot) {
	period := time.Second / time.Duration(f.sim.cfg.FPS)
	n := 0
	next := time.Now()
	last := next
	for ctx.Err() == nil {
		now := time.Now()
		if d := next.Sub(now); d > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(d):
			}
		} else if d < -period {
			next = now
		}
		next = next.Add(period)
		viewed := f.viewers.Load() > 0
		watched := time.Since(time.Unix(0, f.peek.Load())) < idleAfter
		starting := n < f.sim.cfg.FPS // the first group tells the stream's parameters
		if !viewed && !watched && !starting && n%f.sim.cfg.FPS == 0 {
			select {
			case <-ctx.Done():
				return
			case <-f.wake:
			case <-time.After(time.Second):
				f.cam.settle(f.sim.moment()) // so that whoever comes need not wait for it
			}
			next = time.Now()
			last = next
			continue
		}
		at := time.Now()
		pic := f.shoot(at.Sub(last))
		last = at
		if watched {
			f.keep(pic)
		}
		if !viewed && !starting && n%f.sim.cfg.FPS == 0 {
			continue
		}
		select {
		case shots <- shot{at}:
		default:
			return // the encoder hangs
		}
		if err := enc.write(pic); err != nil {
			return
		}
		n++
		f.frames.Add(1)
	}
}

// shoot renders the present moment, as the camera's state lets it.
func (f *film) shoot(dt time.Duration) *frame {
	m := f.sim.moment()
	switch f.sim.cameraState(f.name) {
	case CameraFrozen:
		if f.cam.out.y[0] != 0 {
			return f.cam.out
		}
	case CameraCovered:
		f.cam.cover()
		return f.cam.out
	}
	f.cam.follow(m.lamp, dt.Seconds())
	return f.cam.render(m)
}

// look wakes the film and waits for nothing: the page asks again.
func (f *film) look() *frame {
	f.peek.Store(time.Now().UnixNano())
	f.nudge()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest
}

func (f *film) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// keep copies a frame for the page.
func (f *film) keep(pic *frame) {
	c := newFrame(pic.w, pic.h)
	c.copyFrom(pic)
	f.mu.Lock()
	f.latest = c
	f.mu.Unlock()
}

// encoder is an ffmpeg child that makes H264 of raw frames.
type encoder struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.ReadCloser
	mu   sync.Mutex
	err  error
	once sync.Once
}

func startEncoder(ctx context.Context, cfg Config) (*encoder, error) {
	n := strconv.Itoa
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostats",
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", n(cfg.Width)+"x"+n(cfg.Height), "-r", n(cfg.FPS), "-i", "pipe:0",
		"-an", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-threads", "1", "-bf", "0",
		"-g", n(cfg.FPS), "-keyint_min", n(cfg.FPS), "-sc_threshold", "0",
		"-b:v", n(cfg.Bitrate), "-maxrate", n(cfg.Bitrate*3/2), "-bufsize", n(cfg.Bitrate),
		"-color_range", "tv", "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m",
		"-f", "flv", "-flvflags", "no_duration_filesize", "-flush_packets", "1", "pipe:1")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the video encoder (ffmpeg): %w", err)
	}
	return &encoder{cmd: cmd, in: in, out: out}, nil
}

func (e *encoder) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) write(f *frame) error {
	for _, plane := range [3][]byte{f.y, f.u, f.v} {
		if _, err := e.in.Write(plane); err != nil {
			e.fail(err)
			return err
		}
	}
	return nil
}

// stop ends the child; the context's end has killed it already where it hung.
func (e *encoder) stop() {
	e.once.Do(func() {
		e.in.Close()
		e.fail(e.cmd.Wait())
	})
}

// readFLV reads ffmpeg's FLV, which names each access unit's length, so that
// none waits for the next to be complete.
func readFLV(r io.Reader, params func(sps, pps []byte), unit func(au [][]byte)) error {
	var head [13]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("read the encoder's header: %w", err)
	}
	if string(head[:3]) != "FLV" {
		return errors.New("the encoder does not answer in FLV")
	}
	var tag [11]byte
	var buf []byte
	for {
		if _, err := io.ReadFull(r, tag[:]); err != nil {
			return fmt.Errorf("read a frame's header: %w", err)
		}
		size := int(tag[1])<<16 | int(tag[2])<<8 | int(tag[3])
		if cap(buf) < size+4 {
			buf = make([]byte, size+4)
		}
		buf = buf[:size+4] // and the tag's length once more
		if _, err := io.ReadFull(r, buf); err != nil {
			return fmt.Errorf("read a frame: %w", err)
		}
		body := buf[:size]
		if tag[0] != 9 || len(body) < 5 || body[0]&15 != 7 {
			continue
		}
		switch body[1] {
		case 0:
			sps, pps, err := parseAVCC(body[5:])
			if err != nil {
				return err
			}
			params(sps, pps)
		case 1:
			if au := splitAVCC(body[5:]); len(au) > 0 {
				unit(au)
			}
		}
	}
}

// parseAVCC reads the one SPS and PPS of an AVCDecoderConfigurationRecord
// (ISO/IEC 14496-15, 5.2.4.1).
func parseAVCC(b []byte) (sps, pps []byte, err error) {
	take := func(at int) ([]byte, int) {
		if at+2 > len(b) {
			return nil, at
		}
		n := int(binary.BigEndian.Uint16(b[at:]))
		if at+2+n > len(b) {
			return nil, at
		}
		return append([]byte(nil), b[at+2:at+2+n]...), at + 2 + n
	}
	if len(b) < 8 {
		return nil, nil, errors.New("the encoder's parameters are too short")
	}
	sps, at := take(6)
	pps, _ = take(at + 1)
	if sps == nil || pps == nil {
		return nil, nil, errors.New("the encoder's parameters are cut off")
	}
	return sps, pps, nil
}

// splitAVCC splits an access unit at its 4 byte lengths, leaving out what only
// costs bytes: delimiters and SEI.
func splitAVCC(b []byte) (au [][]byte) {
	for len(b) > 4 {
		n := int(binary.BigEndian.Uint32(b))
		b = b[4:]
		if n <= 0 || n > len(b) {
			return au
		}
		if t := b[0] & 31; t != 6 && t != 9 {
			au = append(au, append([]byte(nil), b[:n]...))
		}
		b = b[n:]
	}
	return au
}

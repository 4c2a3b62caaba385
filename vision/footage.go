package vision

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrFootage says that a file is no video that can be read.
var ErrFootage = errors.New("video cannot be read")

// Footage is a recorded video, decoded by an ffmpeg child process. Not safe for
// concurrent use.
type Footage struct {
	name   string
	cmd    *exec.Cmd
	out    *bufio.Reader
	shown  chan shownFrame
	pix    []byte
	start  time.Duration
	last   time.Duration
	frames int
	peakKB int64 // of the decoder
	warn   string

	mu         sync.Mutex
	complaints []string // what ffmpeg said that is not about a frame
	done       chan struct{}
}

type shownFrame struct {
	at   time.Duration
	w, h int
}

var showLine = regexp.MustCompile(`\] n: *\d+ pts: *\S+ pts_time: *(\S+) .*\bs:(\d+)x(\d+)`)

// OpenFootage begins to decode a file. Its frames come as fast as they are
// taken. Close must be called. ErrFootage where there is nothing to decode.
func OpenFootage(ctx context.Context, name string) (*Footage, error) {
	return openFootage(ctx, name, "")
}

// openFootage lets pictures go through ffmpeg's filters first; each ends in a comma.
func openFootage(ctx context.Context, name, filters string) (*Footage, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFootage, err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%w: %s is a directory", ErrFootage, name)
	}
	// The filter tells each frame's time on standard error, in the order in
	// which pixels come on standard output.
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-threads", "1",
		"-i", "file:"+name, "-map", "0:v:0", "-vf", filters+"showinfo=checksum=0", "-fps_mode", "passthrough",
		"-f", "rawvideo", "-pix_fmt", "bgr24", "pipe:1")
	f := &Footage{name: name, cmd: cmd, shown: make(chan shownFrame, 4096), done: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("decode %s: start ffmpeg: %w", name, err)
	}
	f.out = bufio.NewReaderSize(out, 1<<20)
	go f.listen(said)
	return f, nil
}

// listen sorts what ffmpeg says until it ends.
func (f *Footage) listen(said io.Reader) {
	defer close(f.done)
	defer close(f.shown)
	lines := bufio.NewScanner(said)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := showLine.FindStringSubmatch(line); m != nil {
			s, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				s = -1 // no time in the file: the frame before's is kept
			}
			w, _ := strconv.Atoi(m[2]) // digits by the pattern
			h, _ := strconv.Atoi(m[3])
			f.shown <- shownFrame{time.Duration(s * float64(time.Second)), w, h}
			continue
		}
		low := strings.ToLower(line)
		if !strings.Contains(low, "monotonically") && (strings.Contains(low, "error") || strings.Contains(low, "invalid") || strings.Contains(low, "no such") || strings.Contains(low, "matches no streams") || strings.Contains(low, "not found") || strings.Contains(low, "truncated") || strings.Contains(low, "prematurely") || strings.Contains(low, "partial file")) {
			f.mu.Lock()
			if len(f.complaints) < 20 {
				f.complaints = append(f.complaints, strings.TrimSpace(line))
			}
			f.mu.Unlock()
		}
	}
	_, _ = io.Copy(io.Discard, said) // a line too long: let ffmpeg go on
}

// Next gives the next frame; its pixels are valid until the next call. io.EOF
// at the end of what could be decoded.
func (f *Footage) Next() (Frame, error) {
	s, ok := <-f.shown
	if !ok {
		return Frame{}, f.end()
	}
	if n := s.w * s.h * 3; len(f.pix) != n {
		if f.pix != nil {
			return Frame{}, fmt.Errorf("%w: %s changes its size in the middle", ErrFootage, f.name)
		}
		f.pix = make([]byte, n)
	}
	if _, err := io.ReadFull(f.out, f.pix); err != nil {
		f.warn = "it ends in the middle of a frame"
		return Frame{}, f.end()
	}
	if f.frames == 0 {
		f.start = max(s.at, 0)
	}
	f.frames++
	if f.frames%64 == 1 {
		f.peakKB = max(f.peakKB, PeakMemoryKB(f.cmd.Process.Pid))
	}
	f.last = max(f.last, s.at-f.start)
	return Frame{At: time.Unix(0, 0).UTC().Add(f.last), T: f.last, Width: s.w, Height: s.h, Pix: f.pix}, nil
}

// end says how the footage ended.
func (f *Footage) end() error {
	<-f.done
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frames == 0 {
		return fmt.Errorf("%w: %s: %s", ErrFootage, f.name, f.lastComplaint("ffmpeg found no pictures in it"))
	}
	if f.warn == "" && len(f.complaints) > 0 {
		f.warn = f.lastComplaint("")
	}
	return io.EOF
}

func (f *Footage) lastComplaint(none string) string {
	if len(f.complaints) == 0 {
		return none
	}
	c := f.complaints[len(f.complaints)-1]
	if i := strings.LastIndex(c, "] "); i >= 0 {
		c = c[i+2:]
	}
	return c
}

// Warning is what was wrong with footage that could be read in part.
func (f *Footage) Warning() string { return f.warn }

// Close stops the decoder and gives what it used.
func (f *Footage) Close() (cpu time.Duration, peakKB int64, err error) {
	if f.cmd.Process != nil {
		_ = f.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	}
	go func() {
		for range f.shown { // let listen end
		}
	}()
	_, _ = io.Copy(io.Discard, f.out)
	<-f.done
	werr := f.cmd.Wait()
	var exit *exec.ExitError
	if werr != nil && !errors.As(werr, &exit) {
		err = fmt.Errorf("decode %s: %w", f.name, werr)
	}
	st := f.cmd.ProcessState
	if st == nil {
		return 0, 0, err
	}
	return st.UserTime() + st.SystemTime(), f.peakKB, err
}

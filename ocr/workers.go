package ocr

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"reflect"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// WorkersConfig says how pictures are read in processes of their own.
type WorkersConfig struct {
	Command  func() (*exec.Cmd, error) // a process that runs ServeWorker on its standard input and output
	Count    int                       // pictures read at once; 0 = 1
	Property room.Property
	Deadline time.Duration // for one reading; 0 = 8 s
}

// Workers reads pictures in processes of their own: what ends a C library on one
// picture costs a second try in a new process, not the service. It is safe for
// concurrent use; processes start when they are first needed.
type Workers struct {
	cfg  WorkersConfig
	idle chan *worker // one entry a worker, nil where its process does not run
	quit chan struct{}
	once sync.Once

	mu     sync.Mutex
	roster []room.Resident
	stamp  int // of roster; a worker that has an older one gets it anew
}

// worker is one process.
type worker struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	send  *gob.Encoder
	take  *gob.Decoder
	stamp int
}

// request asks a worker for one reading. The first of a process says where the
// building is; the residents are sent when they changed.
type request struct {
	Setup    bool
	Property room.Property
	Deadline time.Duration

	Changed bool // Roster is new
	Roster  []room.Resident

	Frames [][]byte
}

// answer is a worker's: a reading as JSON, or why there is none.
type answer struct {
	Reading []byte
	Failed  bool
	Failure room.Failure
	Late    bool // the failure was a missed deadline
	Tired   bool // the process has grown and wants to be replaced
}

// NewWorkers checks cfg.
func NewWorkers(cfg WorkersConfig) (*Workers, error) {
	if cfg.Command == nil {
		return nil, errors.New("ocr: workers need a command")
	}
	if cfg.Deadline <= 0 {
		cfg.Deadline = defaultDeadline
	}
	w := &Workers{cfg: cfg, idle: make(chan *worker, max(cfg.Count, 1)), quit: make(chan struct{})}
	for range cap(w.idle) {
		w.idle <- nil
	}
	return w, nil
}

// SetRoster gives the residents that later readings are matched with.
func (w *Workers) SetRoster(residents []room.Resident) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stamp == 0 || !reflect.DeepEqual(w.roster, residents) {
		w.roster, w.stamp = residents, w.stamp+1
	}
}

// Warm starts all processes and waits until they are ready: what is not
// installed is found here and not at the first label.
func (w *Workers) Warm(ctx context.Context) error {
	for range cap(w.idle) {
		_, err := w.Read(ctx) // of no picture: answered without reading
		if !errors.Is(err, room.ErrInvalid) || errors.Is(err, errDied) {
			return fmt.Errorf("start label readers: %w", err)
		}
	}
	return nil
}

// Read reads one label of one or several frames as [Reader.Read] does. It waits
// for a free worker. Where a process dies twice over a picture, that picture is
// room.ErrInvalid.
func (w *Workers) Read(ctx context.Context, frames ...[]byte) (room.Reading, error) {
	var p *worker
	select {
	case p = <-w.idle:
	case <-w.quit:
		return room.Reading{}, ErrStopped
	case <-ctx.Done():
		return room.Reading{}, fmt.Errorf("wait for a label reader: %w", ctx.Err())
	}
	defer func() { w.idle <- p }()
	var died error
	for range 2 {
		if p == nil {
			started, err := w.start()
			if err != nil {
				return room.Reading{}, err
			}
			p = started
		}
		a, err := w.ask(ctx, p, frames)
		if err != nil || a.Tired {
			p.end()
			p = nil
		}
		if ctx.Err() != nil {
			return room.Reading{}, fmt.Errorf("read label: %w", ctx.Err())
		}
		if err != nil {
			died = err
			continue
		}
		return a.reading()
	}
	return room.Reading{}, fmt.Errorf("read label: %w: %w: %w", room.ErrInvalid, errDied, died)
}

var errDied = errors.New("the picture ended two readers")

// ErrStopped is the answer of workers after Close.
var ErrStopped = errors.New("label readers are stopped")

// Close ends the processes after what they are reading.
func (w *Workers) Close() error {
	w.once.Do(func() {
		close(w.quit)
		for range cap(w.idle) {
			if p := <-w.idle; p != nil {
				p.end()
			}
		}
	})
	return nil
}

func (w *Workers) start() (*worker, error) {
	cmd, err := w.cfg.Command()
	if err != nil {
		return nil, fmt.Errorf("start a label reader: %w", err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a label reader: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a label reader: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a label reader: %w", err)
	}
	return &worker{cmd: cmd, in: in, send: gob.NewEncoder(in), take: gob.NewDecoder(out), stamp: -1}, nil
}

// end stops the process: it ends by itself when its input does, and is killed
// where it does not.
func (p *worker) end() {
	_ = p.in.Close()
	const patience = 2 * time.Second
	kill := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	_ = p.cmd.Wait()
}

// ask sends one request and waits for its answer. The process is killed where
// ctx ends first: it may be deep in a library that does not look up.
func (w *Workers) ask(ctx context.Context, p *worker, frames [][]byte) (answer, error) {
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	q := request{Frames: frames}
	w.mu.Lock()
	if p.stamp < 0 {
		q.Setup, q.Property, q.Deadline = true, w.cfg.Property, w.cfg.Deadline
	}
	if p.stamp != w.stamp {
		q.Changed, q.Roster, p.stamp = true, w.roster, w.stamp
	}
	w.mu.Unlock()
	if err := p.send.Encode(q); err != nil {
		return answer{}, fmt.Errorf("the reader took no picture: %w", err)
	}
	var a answer
	if err := p.take.Decode(&a); err != nil {
		return answer{}, fmt.Errorf("the reader gave no answer: %w", err)
	}
	return a, nil
}

func (a answer) reading() (room.Reading, error) {
	if a.Failed {
		err := a.Failure.Err()
		if a.Late {
			err = fmt.Errorf("%w: %w", err, context.DeadlineExceeded)
		}
		return room.Reading{}, err
	}
	var r room.Reading
	if err := json.Unmarshal(a.Reading, &r); err != nil {
		return room.Reading{}, fmt.Errorf("read label: the reader's answer: %w", err)
	}
	return r, nil
}

// ServeWorker answers the requests on in until it ends. open makes the reader
// once it is known where the building is; tired tells whether the process should
// be replaced.
func ServeWorker(ctx context.Context, in io.Reader, out io.Writer, open func(Config) (*Reader, error), tired func() bool) error {
	take, send := gob.NewDecoder(in), gob.NewEncoder(out)
	var reader *Reader
	roster := NewRoster(nil)
	for {
		var q request
		if err := take.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("serve readings: %w", err)
		}
		if q.Changed {
			roster = NewRoster(q.Roster)
		}
		if q.Setup {
			r, err := open(Config{Property: q.Property, Deadline: q.Deadline, Roster: func() *Roster { return roster }})
			if err != nil {
				return err
			}
			reader = r
		}
		if reader == nil {
			return errors.New("serve readings: the first request does not say where the building is")
		}
		if err := send.Encode(readAnswer(ctx, reader, q.Frames, tired)); err != nil {
			return fmt.Errorf("serve readings: %w", err)
		}
	}
}

func readAnswer(ctx context.Context, reader *Reader, frames [][]byte, tired func() bool) answer {
	reading, err := reader.Read(ctx, frames...)
	a := answer{Tired: tired()}
	if err == nil {
		a.Reading, err = json.Marshal(reading)
	}
	if err != nil {
		a.Failed, a.Failure = true, room.FailureOf(err)
		a.Late = errors.Is(err, context.DeadlineExceeded)
	}
	return a
}

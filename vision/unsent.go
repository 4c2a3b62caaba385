package vision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/room"
)

// unsent is the queue of changes on their way to the bus. Each lies in a file
// until the bus has it, so that it survives a crash of this process and an
// absence of the bus; the order is kept.
type unsent struct {
	dir     string
	publish func(context.Context, room.Change) error
	log     *slog.Logger

	mu     sync.Mutex
	queue  []waiting
	number uint64
	wake   chan struct{}
}

// waiting is one change of the queue.
type waiting struct {
	change room.Change
	file   string // empty where the disk refused it
}

const unsentSuffix = ".change.json"

// openUnsent reads what an earlier process left in dir.
func openUnsent(dir string, publish func(context.Context, room.Change) error, log *slog.Logger) (*unsent, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open the queue of changes: %w", err)
	}
	q := &unsent{dir: dir, publish: publish, log: log, wake: make(chan struct{}, 1)}
	entries, err := os.ReadDir(dir) // sorted by name, which is a number of fixed length
	if err != nil {
		return nil, fmt.Errorf("open the queue of changes: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), unsentSuffix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		var n uint64
		if _, err := fmt.Sscanf(e.Name(), "%020d", &n); err != nil {
			continue
		}
		q.number = max(q.number, n)
		var c room.Change
		b, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(b, &c)
		}
		if err != nil {
			log.Error("a change that waited cannot be read; it is set aside", "file", path, "err", err)
			q.setAside(path)
			continue
		}
		q.queue = append(q.queue, waiting{change: c, file: path})
	}
	return q, nil
}

// Add puts a change at the end of the queue; it is on disk when Add returns. A
// disk that refuses is logged: the change then waits in memory.
func (q *unsent) Add(c room.Change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.number++
	w := waiting{change: c, file: filepath.Join(q.dir, fmt.Sprintf("%020d%s", q.number, unsentSuffix))}
	b, err := json.Marshal(c)
	if err == nil {
		err = writeFileSafe(w.file, b)
	}
	if err != nil {
		q.log.Error("a change could not be written to disk; it waits in memory", "change", c.ID, "err", err)
		w.file = ""
	}
	q.queue = append(q.queue, w)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Len is how many changes wait.
func (q *unsent) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queue)
}

// Run sends changes, oldest first, until ctx ends. One that the bus refuses for
// good is set aside, so that it does not hold the others up.
func (q *unsent) Run(ctx context.Context) {
	away := false
	delay := backoffMin
	for {
		w, ok := q.first()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-q.wake:
				continue
			}
		}
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := q.publish(try, w.change)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err == nil || errors.Is(err, room.ErrInvalid) {
			q.done(w, err)
			if away {
				q.log.Info("the bus is back; what waited is sent", "changes", q.Len())
			}
			away, delay = false, backoffMin
			continue
		}
		if !away {
			q.log.Warn("the bus is away; changes wait on disk", "err", err)
			away = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
		delay = min(2*delay, 5*time.Second)
	}
}

func (q *unsent) first() (waiting, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) == 0 {
		return waiting{}, false
	}
	return q.queue[0], true
}

func (q *unsent) done(w waiting, err error) {
	q.mu.Lock()
	q.queue = slices.Delete(q.queue, 0, 1)
	q.mu.Unlock()
	if err != nil {
		q.log.Error("the bus refuses a change; it is set aside", "change", w.change.ID, "err", err)
		q.setAside(w.file)
		return
	}
	if w.file == "" {
		return
	}
	if err := os.Remove(w.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		q.log.Warn("a change that was sent stays on disk; it will be sent again, under its ID", "err", err)
	}
}

func (q *unsent) setAside(path string) {
	if path == "" {
		return
	}
	if err := os.Rename(path, strings.TrimSuffix(path, ".json")+".bad"); err != nil {
		q.log.Error("set a change aside", "err", err)
	}
}

// writeFileSafe writes a file that is there whole or not at all, also after a
// power cut.
func writeFileSafe(path string, b []byte) error {
	return replaceFile(path, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// replaceFile has a file filled under another name, and gives it its own when it
// is whole and on the disk.
func replaceFile(path string, fill func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), newPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

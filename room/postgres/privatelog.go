package postgres

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// logTail passes a server's log on and keeps its last lines, for errors.
type logTail struct {
	log  *slog.Logger
	done chan struct{} // closed when there is no more

	mu    sync.Mutex
	lines []string
}

const tailLines = 12

func newLogTail(log *slog.Logger) *logTail { return &logTail{log: log, done: make(chan struct{})} }

// follow reads r to its end on a goroutine that ends with the server.
func (t *logTail) follow(r io.ReadCloser) {
	go func() {
		defer close(t.done)
		defer r.Close()
		in := bufio.NewScanner(r)
		for in.Scan() {
			t.add(in.Text())
		}
		_, _ = io.Copy(io.Discard, r) // a line too long to read
	}()
}

func (t *logTail) add(line string) {
	level := slog.LevelDebug
	if strings.HasPrefix(line, "FATAL:") || strings.HasPrefix(line, "PANIC:") {
		level = slog.LevelWarn
	}
	// "the database system is starting up" is what a client that came early hears
	if strings.Contains(line, "the database system is") {
		level = slog.LevelDebug
	}
	t.log.Log(context.Background(), level, "postgres says", "line", line)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	t.lines = t.lines[max(0, len(t.lines)-tailLines):]
}

// says reports whether one of the last lines contains one of the texts.
func (t *logTail) says(texts ...string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.lines, func(line string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) })
	})
}

// quote is the last lines, to follow an error's text.
func (t *logTail) quote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return ""
	}
	return "; its log ends with:\n\t" + strings.Join(t.lines, "\n\t")
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is a service as a process of its own, in a process group of its own:
// the terminal's Ctrl-C does not reach it, and nothing it started outlives it.
// It dies with this process, however that ends.
type child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // after done
}

var _ process = (*child)(nil)

// startChild runs this program with other words. Its lines go to out.
func startChild(out *childLog, args, env []string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	c := &child{cmd: exec.Command(self, args...), done: make(chan struct{})}
	c.cmd.Env = env
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe() // not a Writer: Wait would wait for its own children too
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	c.cmd.Stdout, c.cmd.Stderr = w, w
	logged := make(chan struct{})
	go func() { defer close(logged); out.follow(r) }()
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the child ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		_ = w.Close()
		started <- err
		if err == nil {
			c.wait(logged, out)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	return c, nil
}

func (c *child) wait(logged <-chan struct{}, out *childLog) {
	defer close(c.done)
	err := c.cmd.Wait()
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // what it started and left
	select {
	case <-logged:
	case <-time.After(time.Second):
	}
	if err != nil {
		c.err = err
		if why := out.why(); why != "" {
			c.err = fmt.Errorf("%w: %s", err, why)
		}
	}
}

// PID implements process.
func (c *child) PID() int { return c.cmd.Process.Pid }

// Wait implements process.
func (c *child) Wait() error {
	<-c.done
	return c.err
}

// Stop implements process: SIGTERM, and SIGKILL to its group when ctx ends.
func (c *child) Stop(ctx context.Context) error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
	return fmt.Errorf("it had not ended in time: %w", ctx.Err())
}

// childLog passes a child's lines on, with its name, and remembers the one that
// explains its death.
type childLog struct {
	name string
	json bool
	out  *lineWriter

	mu    sync.Mutex
	last  string
	cause string // the first line of a Go panic
}

// lineWriter writes whole lines of several writers.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lineWriter) line(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = io.WriteString(w.w, text+"\n") // the terminal is gone: nothing to be done
}

// Write implements io.Writer for a logger, which writes a line at once.
func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(b)
}

// maxLogLine is where a line is cut.
const maxLogLine = 64 << 10

func (l *childLog) follow(r io.ReadCloser) {
	defer r.Close()
	l.mu.Lock()
	l.last, l.cause = "", ""
	l.mu.Unlock()
	in := bufio.NewReaderSize(r, maxLogLine)
	for {
		b, cut, err := in.ReadLine()
		if err != nil {
			return
		}
		if text := strings.ToValidUTF8(string(b), "?"); strings.TrimSpace(text) != "" {
			l.remember(text)
			l.out.line(l.dress(text))
		}
		for cut && err == nil {
			_, cut, err = in.ReadLine()
		}
	}
}

func (l *childLog) remember(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = text
	if l.cause == "" && (strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")) {
		l.cause = text
	}
}

// why is the line that explains the death of the child best.
func (l *childLog) why() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != "" {
		return l.cause
	}
	return l.last
}

// dress adds the service's name: before a line of text, or as a JSON object
// around a line that is none.
func (l *childLog) dress(text string) string {
	if !l.json {
		return fmt.Sprintf("%-8s | %s", l.name, text)
	}
	if json.Valid([]byte(text)) && text[0] == '{' {
		return text
	}
	b, _ := json.Marshal(struct {
		Time    time.Time `json:"time"`
		Level   string    `json:"level"`
		Msg     string    `json:"msg"`
		Service string    `json:"service"`
	}{time.Now(), "ERROR", text, l.name})
	return string(b)
}

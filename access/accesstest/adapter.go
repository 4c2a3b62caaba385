package accesstest

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// AdapterWire is a serial cable whose near end is an adapter that can be pulled
// out: at [Wire.HangUp] the driver's port breaks, and is there again under its
// name. The peer opens far.
func AdapterWire(t *testing.T) (w *Wire, far string) {
	t.Helper()
	farIn, far := ptyPair(t)
	peer, err := os.OpenFile(farIn, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	w = newWire()
	w.Near = filepath.Join(t.TempDir(), "ttyUSB0")
	a := &adapter{wire: w}
	if a.end, err = a.plugIn(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		a.mu.Lock()
		a.over = true
		a.mu.Unlock()
		_, _ = a.now().Close(), peer.Close()
		wg.Wait()
	})
	wg.Go(func() { w.pass(peer, a, true) })
	wg.Go(func() {
		for end := a.now(); end != nil; end = a.now() {
			w.pass(end, peer, false)
			_ = end.Close() // the driver hung up
			w.fell(end)
			if a.now() == end {
				return // it is over
			}
		}
	})
	return w, far
}

// adapter is the near end: a pseudo-terminal, and another after each time it was
// pulled out.
type adapter struct {
	wire *Wire

	mu   sync.Mutex
	end  *nearEnd
	over bool
}

// nearEnd is one pseudo-terminal; it counts as connected when the driver has said
// something.
type nearEnd struct {
	*os.File
	of    *adapter
	spoke bool
	once  sync.Once
}

func (a *adapter) now() *nearEnd {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.end
}

// Write gives what comes from the peer to the driver, or to nobody.
func (a *adapter) Write(b []byte) (int, error) {
	_, _ = a.now().File.Write(b)
	return len(b), nil
}

// plugIn makes a pseudo-terminal and gives it the port's name.
func (a *adapter) plugIn() (*nearEnd, error) {
	f, err := os.OpenFile("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var number int
	e := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			return
		}
		if err = unix.IoctlSetTermios(int(fd), unix.TCSETS, &unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL}); err != nil {
			return
		}
		number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
	})
	if e != nil || err != nil {
		return nil, fmt.Errorf("make a pseudo-terminal: %w %w", e, err)
	}
	fresh := a.wire.Near + ".new"
	if err := os.Symlink(fmt.Sprintf("/dev/pts/%d", number), fresh); err != nil {
		return nil, err
	}
	return &nearEnd{File: f, of: a}, os.Rename(fresh, a.wire.Near)
}

// Read reads what the driver says.
func (e *nearEnd) Read(b []byte) (int, error) {
	n, err := e.File.Read(b)
	if err == nil && !e.spoke {
		e.spoke = true
		e.of.wire.stand(e)
	}
	return n, err
}

// Close pulls the adapter out. The next one has the name already: whoever opens
// it must not find a terminal that is somebody else's by now.
func (e *nearEnd) Close() (err error) {
	e.once.Do(func() {
		a := e.of
		a.mu.Lock()
		if !a.over {
			var next *nearEnd
			if next, err = a.plugIn(); err == nil {
				a.end = next
			}
		}
		a.mu.Unlock()
		_ = e.File.Close()
	})
	return err
}

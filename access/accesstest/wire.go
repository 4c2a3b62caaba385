package accesstest

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Wire is a line to a peer that a test can cut and spoil.
type Wire struct {
	Near string // where the driver reaches it

	mu    sync.Mutex
	cut   bool
	spoil func(fromPeer bool, b []byte) []byte // what becomes of bytes under way; may be nil
	open  map[io.Closer]bool
	came  chan struct{} // something connected since it was looked at last
}

func newWire() *Wire { return &Wire{open: map[io.Closer]bool{}, came: make(chan struct{}, 1)} }

// stand notes what a connection is made of; a wire that is cut lets none stand.
func (w *Wire) stand(ends ...io.Closer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		w.open[c] = true
	}
	if w.cut {
		w.hangUp()
	}
	select {
	case w.came <- struct{}{}:
	default:
	}
}

// Plug lets the line be, or cuts it.
func (w *Wire) Plug(in bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = !in
	if w.cut {
		w.hangUp()
	}
}

// fell forgets what ended by itself.
func (w *Wire) fell(ends ...io.Closer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		delete(w.open, c)
	}
}

// hangUp breaks what is connected now; a new connection may stand at once.
func (w *Wire) hangUp() {
	for c := range w.open {
		_ = c.Close()
		delete(w.open, c)
	}
}

// HangUp waits for a connection and breaks it.
func (w *Wire) HangUp(t *testing.T) {
	t.Helper()
	end := time.After(patience)
	for {
		w.mu.Lock()
		stands := len(w.open) > 0
		w.hangUp()
		w.mu.Unlock()
		if stands {
			return
		}
		select {
		case <-w.came:
		case <-end:
			t.Fatalf("nothing connects within %s", patience)
		}
	}
}

// Spoil says what becomes of bytes under way; nil lets them be. Both directions
// call it at once, and so do several connections.
func (w *Wire) Spoil(spoil func(fromPeer bool, b []byte) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoil = spoil
}

// pass copies from one end to the other until either breaks.
func (w *Wire) pass(from io.Reader, to io.Writer, fromPeer bool) {
	b := make([]byte, 512)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		w.mu.Lock()
		cut, spoil := w.cut, w.spoil
		w.mu.Unlock()
		out := append([]byte(nil), b[:n]...)
		if spoil != nil {
			out = spoil(fromPeer, out)
		}
		if cut || len(out) == 0 {
			continue
		}
		if _, err := to.Write(out); err != nil {
			return
		}
	}
}

// TCPWire is a TCP proxy to address.
func TCPWire(t *testing.T, address string) *Wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := newWire()
	w.Near = l.Addr().String()
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		w.Plug(false)
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", address)
			if err != nil {
				_ = c.Close()
				continue
			}
			w.stand(c, far)
			hangUp := func() {
				_, _ = c.Close(), far.Close()
				w.fell(c, far)
			}
			wg.Go(func() { defer hangUp(); w.pass(c, far, false) })
			wg.Go(func() { defer hangUp(); w.pass(far, c, true) })
		}
	})
	return w
}

// ptyPair is a serial cable by socat: what goes in at one end comes out at the
// other.
func ptyPair(t *testing.T) (a, b string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pty") // t.TempDir has commas, which end socat's words
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a, b = filepath.Join(dir, "a"), filepath.Join(dir, "b")
	cmd := exec.Command("socat", "PTY,rawer,link="+a, "PTY,rawer,link="+b)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start socat (deploy/setup.sh test): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; <-time.After(5 * time.Millisecond) {
		_, err1 := os.Stat(a)
		_, err2 := os.Stat(b)
		if err1 == nil && err2 == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("socat made no terminals")
		}
	}
	for _, path := range []string{a, b} { // socat ends when nobody has an end open
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
	}
	return a, b
}

// SerialWire is a cable of two halves with the test in between: the driver's end
// is near, the peer's end is far.
func SerialWire(t *testing.T) (w *Wire, far string) {
	t.Helper()
	near, nearIn := ptyPair(t)
	farIn, far := ptyPair(t)
	w = newWire()
	w.Near = near
	var ends [2]*os.File
	for i, path := range []string{nearIn, farIn} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = f
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_, _ = ends[0].Close(), ends[1].Close()
		wg.Wait()
	})
	wg.Go(func() { w.pass(ends[0], ends[1], false) })
	wg.Go(func() { w.pass(ends[1], ends[0], true) })
	return w, far
}

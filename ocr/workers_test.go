package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/packroom/packroom/room"
)

// asWorker makes the test binary a worker whose pictures are words.
const asWorker = "PACKROOM_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "" {
		os.Exit(m.Run())
	}
	worn := 0
	err := ServeWorker(context.Background(), os.Stdin, os.Stdout, func(cfg Config) (*Reader, error) {
		cfg.Prepare, cfg.Engine = wordPictures{}, noText{}
		return New(cfg)
	}, func() bool { worn++; return worn == 3 })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// wordPictures dies of "die", dies once for a file's path after "once ", hangs
// at "hang" and refuses what begins with "bad".
type wordPictures struct{}

func (wordPictures) Photo(_ context.Context, data []byte, _ bool) (Photo, error) {
	word := string(data)
	once, isOnce := strings.CutPrefix(word, "once ")
	switch {
	case isOnce:
		if os.Remove(once) == nil {
			_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
			select {}
		}
	case word == "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case word == "hang":
		select {}
	case strings.HasPrefix(word, "bad"):
		return Photo{}, fmt.Errorf("%w: %s", room.ErrInvalid, word)
	}
	return Photo{Width: os.Getpid(), Brightness: 0.9}, nil
}

func (wordPictures) Sharpness([]byte) (float64, error) { return 1, nil }
func (wordPictures) Strips(Gray, float64) []Strip      { return nil }
func (wordPictures) Areas(Gray) []CodeArea             { return nil }

type noText struct{}

func (noText) Lines(context.Context, Gray, Layout) ([]Line, error) { return nil, nil }

func testWorkers(t *testing.T, count int) *Workers {
	t.Helper()
	w, err := NewWorkers(WorkersConfig{Count: count, Command: func() (*exec.Cmd, error) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asWorker+"=1")
		return cmd, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	w.SetRoster(nil)
	return w
}

func TestADeadWorkerCostsARetry(t *testing.T) {
	w := testWorkers(t, 1)
	mark := t.TempDir() + "/mark"
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := w.Read(t.Context(), []byte("once "+mark))
	if err != nil || r.Reason != "no_label" {
		t.Errorf("after one death: %+v, %v", r, err)
	}
	if _, err := w.Read(t.Context(), []byte("die")); !errors.Is(err, room.ErrInvalid) || !strings.Contains(err.Error(), "two readers") {
		t.Errorf("a picture that always kills: %v", err)
	}
	if _, err := w.Read(t.Context(), []byte("fine")); err != nil {
		t.Errorf("the next picture: %v", err)
	}
	if _, err := w.Read(t.Context(), []byte("bad news")); !errors.Is(err, room.ErrInvalid) || !strings.Contains(err.Error(), "bad news") {
		t.Errorf("an invalid picture: %v", err)
	}
}

func TestAWorkerThatHangsIsKilled(t *testing.T) {
	w := testWorkers(t, 1)
	if _, err := w.Read(t.Context(), []byte("warm up")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hung := make(chan error)
	go func() { _, err := w.Read(ctx, []byte("hang")); hung <- err }()
	cancel()
	if err := <-hung; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Read(t.Context(), []byte("fine")); err != nil {
		t.Errorf("the next picture: %v", err)
	}
}

func TestManyReadAtOnceAndWornWorkersAreReplaced(t *testing.T) {
	w := testWorkers(t, 2)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			word := "fine"
			if i == 4 {
				word = "die"
			}
			if _, err := w.Read(t.Context(), []byte(word)); (err != nil) != (i == 4) {
				t.Errorf("picture %d: %v", i, err)
			}
		})
	}
	all.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Read(t.Context(), []byte("fine")); !errors.Is(err, ErrStopped) {
		t.Errorf("after Close: %v", err)
	}
}

func FuzzServeWorker(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3, 1, 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			return
		}
		var out bytes.Buffer
		_ = ServeWorker(t.Context(), bytes.NewReader(data), &out, func(cfg Config) (*Reader, error) {
			cfg.Prepare, cfg.Engine = wordPictures{}, noText{}
			return New(cfg)
		}, func() bool { return false })
	})
}

package bus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
)

const (
	crashServerDir  = "PACKROOM_TEST_NATS_DIR"
	crashServerPort = "PACKROOM_TEST_NATS_PORT"
)

func isUnavailable(err error) bool { return errors.Is(err, room.ErrUnavailable) }

func fmtSscanPort(raw string, port *int) (int, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return 0, err
	}
	return fmt.Sscan(u.Port(), port)
}

// crashServer is the server process that TestNothingAcknowledgedIsLostByKill9
// kills. It ends by being killed, or with its parent.
func crashServer(dir string) {
	port, _ := strconv.Atoi(os.Getenv(crashServerPort))
	e, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: dir, Port: port})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(e.URL())
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the parent is gone
	os.Exit(0)
}

type serverProcess struct {
	cmd *exec.Cmd
	url string
}

func startServerProcess(t *testing.T, dir string, port int) *serverProcess {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashServerDir+"="+dir, crashServerPort+"="+strconv.Itoa(port))
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // stays open for as long as this process lives
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p := &serverProcess{cmd: cmd, url: strings.TrimSpace(line)}
	t.Cleanup(p.kill)
	return p
}

func (p *serverProcess) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
		_ = p.cmd.Wait()
	}
}

// TestNothingAcknowledgedIsLostByKill9 kills the server while changes are
// published, several times, and expects each of them once and in order at a
// consumer that was there all the time.
func TestNothingAcknowledgedIsLostByKill9(t *testing.T) {
	t.Parallel()
	const kills, total = 3, 240
	dir := t.TempDir()
	server := startServerProcess(t, dir, 0)
	var port int
	if _, err := fmtSscanPort(server.url, &port); err != nil {
		t.Fatal(err)
	}
	sender, receiver := connect(t, server.url, "vision"), connect(t, server.url, "room")

	var mu sync.Mutex
	var got []string
	seen := map[string]bool{}
	start(t, func(ctx context.Context) error {
		return receiver.ConsumeFacts(ctx, "room", func(_ context.Context, id string, fact any) error {
			mu.Lock()
			defer mu.Unlock()
			if seen[id] { // an acknowledgement that the kill swallowed
				return room.ErrSeen
			}
			seen[id] = true
			got = append(got, fact.(room.Change).Item)
			return nil
		})
	})
	progress := make(chan int, total)
	published := make(chan error, 1)
	go func() {
		defer close(progress)
		for i := range total {
			if err := sender.PublishChange(t.Context(), room.Change{Kind: room.ChangePlaced, Camera: "cam1", Item: strconv.Itoa(i)}); err != nil {
				published <- err
				return
			}
			progress <- i
		}
		published <- nil
	}()
	for i := range progress {
		if i > 0 && i%(total/(kills+1)) == 0 && i < total-1 {
			server.kill()
			server = startServerProcess(t, dir, port)
		}
	}
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	eventually(t, "every change has come", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) >= total
	})
	mu.Lock()
	defer mu.Unlock()
	for i, item := range got {
		if item != strconv.Itoa(i) {
			t.Fatalf("change %d came in place %d of %d", i, i, len(got))
		}
	}
	if len(got) != total {
		t.Errorf("%d changes came, want %d", len(got), total)
	}
}

package bus_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/bus/bustest"
)

// patience bounds every wait of these tests; nothing takes so long unless it is
// broken.
const patience = 30 * time.Second

func connect(t *testing.T, url, name string) *bus.Bus {
	t.Helper()
	b, err := bus.Connect(t.Context(), bus.Config{URL: url, Name: name, Property: "demo", Room: "main"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// jet is a plain connection beside the bus: what another program sees.
func jet(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not so after %s: %s", patience, what)
		}
	}
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came for %s: %s", patience, what)
		panic("unreachable")
	}
}

// start runs fn until the test ends and waits for it.
func start(t *testing.T, fn func(ctx context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("did not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

func stored(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	s, err := js.Stream(t.Context(), bus.StreamName)
	if err != nil {
		return 0
	}
	return s.CachedInfo().State.Msgs
}

func TestPublishIsKeptOnce(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	b := connect(t, url, "vision")
	c := room.Change{ID: room.NewID(), Kind: room.ChangePlaced, Camera: "cam1", Slot: "A1"}
	for range 3 {
		if err := b.PublishChange(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if n := stored(t, jet(t, url)); n != 1 {
		t.Errorf("the stream holds %d messages after 3 publishes of one ID, want 1", n)
	}
}

func TestPublishWaitsForTheServer(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	s.Stop()
	b := connect(t, s.URL(), "vision")
	if err := b.Healthy(t.Context()); err == nil {
		t.Error("Healthy = nil without a server")
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.PublishPresence(short, room.Presence{Camera: "cam1"}); !isUnavailable(err) {
		t.Errorf("publish without a server = %v, want ErrUnavailable", err)
	}
	done := make(chan error, 1)
	go func() { done <- b.PublishPresence(context.Background(), room.Presence{Camera: "cam1", People: true}) }()
	s.Start()
	if err := receive(t, "the publish", done); err != nil {
		t.Fatal(err)
	}
	if err := b.Healthy(t.Context()); err != nil {
		t.Errorf("Healthy = %v with a server", err)
	}
}

func TestStreamIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	js := jet(t, url)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: bus.StreamName, Subjects: []string{"packroom.>"}, MaxAge: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := connect(t, url, "vision").PublishHealth(t.Context(), room.CameraHealth{Camera: "cam1", OK: true}); err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), bus.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	got := s.CachedInfo().Config
	if got.MaxAge != bus.DefaultMaxAge || got.MaxBytes != bus.DefaultMaxBytes || got.Duplicates != bus.DedupeWindow || got.Storage != jetstream.FileStorage {
		t.Errorf("stream = age %s, %d bytes, window %s, %s", got.MaxAge, got.MaxBytes, got.Duplicates, got.Storage)
	}
}

func TestConnectRefusesMissingNames(t *testing.T) {
	t.Parallel()
	if _, err := bus.Connect(t.Context(), bus.Config{URL: "nats://127.0.0.1:1", Name: "room"}); err == nil {
		t.Error("Connect without property and room succeeded")
	}
}

func TestEmbeddedSaysThatItsPortIsTaken(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	var port int
	if _, err := fmtSscanPort(s.URL(), &port); err != nil {
		t.Fatal(err)
	}
	e, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: t.TempDir(), Port: port})
	if err == nil {
		e.Stop()
		t.Fatal("two servers on one port")
	}
	t.Log(err)
}

// TestMain lets this binary stand in for a program of its own: see
// crashServer and leaseHolder.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashServerDir); dir != "" {
		crashServer(dir)
	}
	if url := os.Getenv(leaseHolderURL); url != "" {
		leaseHolder(url)
	}
	os.Exit(m.Run())
}

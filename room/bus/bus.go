package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
)

// DedupeWindow is how long the stream remembers identifiers: a publish repeated
// within it is stored once.
const DedupeWindow = 10 * time.Minute

// Limits of the stream where Config gives none. Postgres keeps events for ever.
const (
	DefaultMaxAge   = 30 * 24 * time.Hour
	DefaultMaxBytes = 1 << 30
)

const (
	// callTimeout bounds one exchange with the server.
	callTimeout = 5 * time.Second

	// publishTimeout bounds one try of a publish. It is short since an answer that
	// was lost with its connection never comes, and a repeat is harmless.
	publishTimeout = 2 * time.Second
)

// Config says which server and which room.
type Config struct {
	URL       string // nats://127.0.0.1:7040; several separated by commas
	Name      string // the service's, shown by the server
	Property  string
	Room      string
	CredsFile string        // empty = no credentials
	MaxAge    time.Duration // of the stream's messages; 0 = DefaultMaxAge
	MaxBytes  int64         // of the stream; 0 = DefaultMaxBytes; its oldest messages go first
	Log       *slog.Logger  // nil = discard
}

// Bus is one service's connection, for one room. Safe for concurrent use.
type Bus struct {
	cfg    Config
	log    *slog.Logger
	nc     *nats.Conn
	js     jetstream.JetStream
	closed chan struct{} // by the connection, when it is over for good
	leases sync.WaitGroup

	mu          sync.Mutex
	streamReady bool

	stats struct{ published, retried, handled, redelivered, dead atomic.Int64 }
}

// Stats counts what a Bus did since Connect.
type Stats struct {
	Published   int64 // messages stored by the server
	Retried     int64 // publishes tried again
	Handled     int64 // facts handled and acknowledged
	Redelivered int64 // facts delivered more than once
	DeadLetters int64
}

// Connect opens a connection that lasts until Close: it is tried for ever, also
// where the server is away now. Only wrong settings are errors.
func Connect(ctx context.Context, cfg Config) (*Bus, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.Property == "" || cfg.Room == "" || cfg.Name == "" {
		return nil, fmt.Errorf("connect to the bus: %w: name, property and room must be given", room.ErrInvalid)
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = DefaultMaxAge
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	b := &Bus{cfg: cfg, log: cfg.Log, closed: make(chan struct{})}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	nc, err := nats.Connect(cfg.URL, b.options()...)
	if err != nil {
		return nil, fmt.Errorf("connect to the bus %s: %w", cfg.URL, err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("connect to the bus %s: %w", cfg.URL, err)
	}
	b.nc, b.js = nc, js
	return b, nil
}

func (b *Bus) options() []nats.Option {
	o := []nats.Option{
		nats.Name("packroom " + b.cfg.Name),
		nats.MaxReconnects(-1),
		nats.RetryOnFailedConnect(true),
		nats.ReconnectWait(200 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, time.Second),
		nats.Timeout(2 * time.Second),
		nats.PingInterval(5 * time.Second), // a dead link is noticed after two
		nats.MaxPingsOutstanding(2),
		nats.ReconnectBufSize(-1), // nothing waits unseen: a publish fails and is tried again
		nats.ConnectHandler(func(*nats.Conn) { b.log.Info("bus connected") }),
		nats.ReconnectHandler(func(*nats.Conn) { b.streamUnknown(); b.log.Info("bus connected again") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: closed on purpose
				b.log.Warn("bus lost; connecting again", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			subject := ""
			if s != nil {
				subject = s.Subject
			}
			b.log.Warn("bus error", "subject", subject, "error", err)
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(b.closed) }),
	}
	if b.cfg.CredsFile != "" {
		o = append(o, nats.UserCredentials(b.cfg.CredsFile))
	}
	return o
}

// Close releases the leases held, sends what is under way and ends the
// connection. Calls that wait return.
func (b *Bus) Close() {
	if err := b.nc.Drain(); err != nil { // already closed, or never connected
		b.nc.Close()
	}
	t := time.NewTimer(callTimeout)
	defer t.Stop()
	select {
	case <-b.closed:
	case <-t.C:
		b.nc.Close()
	}
	b.leases.Wait()
}

// Healthy is nil while the server answers.
func (b *Bus) Healthy(ctx context.Context) error {
	if !b.nc.IsConnected() {
		return fmt.Errorf("bus %s: %w: %s", b.cfg.URL, room.ErrUnavailable, b.nc.Status())
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := b.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("bus %s: %w: %v", b.cfg.URL, room.ErrUnavailable, err)
	}
	return nil
}

// Stats gives the counts so far.
func (b *Bus) Stats() Stats {
	return Stats{
		Published: b.stats.published.Load(), Retried: b.stats.retried.Load(), Handled: b.stats.handled.Load(),
		Redelivered: b.stats.redelivered.Load(), DeadLetters: b.stats.dead.Load(),
	}
}

// stream makes sure that the stream exists with this release's settings: it is
// created, or brought up to date.
func (b *Bus) stream(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.streamReady {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        StreamName,
		Description: "facts and events of package rooms; Postgres is the truth",
		Subjects:    []string{streamSubjects},
		Storage:     jetstream.FileStorage,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      b.cfg.MaxAge,
		MaxBytes:    b.cfg.MaxBytes,
		Duplicates:  DedupeWindow,
	})
	if err != nil {
		return fmt.Errorf("stream %s: %w", StreamName, err)
	}
	b.streamReady = true
	return nil
}

// streamUnknown makes the next use of the stream look whether it is there.
func (b *Bus) streamUnknown() {
	b.mu.Lock()
	b.streamReady = false
	b.mu.Unlock()
}

// backoff is the wait before try n+1 (n from 0): doubling from 100 ms to 1 s,
// with a quarter of jitter. The server is near; a longer wait spares nobody.
func backoff(n int) time.Duration {
	d := min(100*time.Millisecond<<min(n, 10), time.Second)
	return d - rand.N(d/4)
}

// pause waits d and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// permanent reports whether trying again is useless.
func permanent(err error) bool {
	return errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject) ||
		errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionDraining)
}

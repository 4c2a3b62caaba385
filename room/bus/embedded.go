package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// EmbeddedConfig is a server in this process.
type EmbeddedConfig struct {
	Dir  string       // of its data
	Host string       // empty = 127.0.0.1
	Port int          // 0 = a free one
	Log  *slog.Logger // nil = discard
}

// maxPayload is the largest message: a roster of a big building with its event
// fits. NATS advises against more.
const maxPayload = 8 << 20

// Embedded is a NATS server with JetStream in this process. Each acknowledged
// message is on disk (SyncAlways): it survives a power cut, and kill -9.
type Embedded struct {
	s *server.Server
}

// StartEmbedded starts a server and returns when it takes connections. It has
// no accounts: keep it on loopback.
func StartEmbedded(cfg EmbeddedConfig) (*Embedded, error) {
	if cfg.Dir == "" {
		return nil, errors.New("start NATS: no data directory")
	}
	if cfg.Host == "" {
		cfg.Host = "127.0.0.1"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	port := cfg.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		ServerName:         "packroom",
		Host:               cfg.Host,
		Port:               port,
		JetStream:          true,
		StoreDir:           cfg.Dir,
		JetStreamMaxMemory: 64 << 20,
		JetStreamMaxStore:  16 << 30,
		SyncAlways:         true,
		MaxPayload:         maxPayload,
		NoSigs:             true,
	})
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	log := &serverLog{log: cfg.Log}
	s.SetLogger(log, false, false)
	go s.Start() // ends with Shutdown, which Stop waits for
	for deadline := time.Now().Add(10 * time.Second); !s.ReadyForConnections(50 * time.Millisecond); {
		text := log.fatalText()
		if text == "" && time.Now().After(deadline) {
			text = "not ready after 10 s"
		}
		if text != "" {
			s.Shutdown()
			s.WaitForShutdown()
			return nil, fmt.Errorf("start NATS at %s: %s", net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)), text)
		}
	}
	return &Embedded{s: s}, nil
}

// URL is where the server answers.
func (e *Embedded) URL() string { return e.s.ClientURL() }

// Healthy is nil while the server and its JetStream work.
func (e *Embedded) Healthy(context.Context) error {
	if !e.s.Running() || !e.s.JetStreamEnabled() {
		return errors.New("NATS server is not running")
	}
	return nil
}

// Stop ends the server and returns when its data is on disk.
func (e *Embedded) Stop() {
	e.s.Shutdown()
	e.s.WaitForShutdown()
}

// serverLog passes the server's warnings on. It keeps the last fatal one, since
// the server reports failures to start in no other way.
type serverLog struct {
	log   *slog.Logger
	mu    sync.Mutex
	fatal string
}

var _ server.Logger = (*serverLog)(nil)

func (l *serverLog) fatalText() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

// Fatalf implements server.Logger.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	l.fatal = fmt.Sprintf(format, v...)
	l.mu.Unlock()
}

// Errorf implements server.Logger.
func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error("NATS server", "detail", fmt.Sprintf(format, v...))
}

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn("NATS server", "detail", fmt.Sprintf(format, v...))
}

// Noticef implements server.Logger.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("NATS server", "detail", fmt.Sprintf(format, v...))
}

// Debugf implements server.Logger.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}

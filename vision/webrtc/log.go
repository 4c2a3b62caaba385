package webrtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLogs lets the WebRTC library log through slog. What it says of a viewer's
// network is no event of ours: it is shown at level debug.
type pionLogs struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (p pionLogs) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{p.log.With("scope", scope)}
}

type pionLog struct{ log *slog.Logger }

func (p pionLog) say(format string, args ...any) {
	if p.log.Enabled(context.Background(), slog.LevelDebug) {
		p.log.Debug("webrtc", "text", fmt.Sprintf(format, args...))
	}
}

// Trace implements logging.LeveledLogger; the library's finest level is left out.
func (p pionLog) Trace(string) {}

// Tracef implements logging.LeveledLogger; the library's finest level is left out.
func (p pionLog) Tracef(string, ...any) {}

// Debug implements logging.LeveledLogger.
func (p pionLog) Debug(msg string) { p.say("%s", msg) }

// Debugf implements logging.LeveledLogger.
func (p pionLog) Debugf(format string, args ...any) { p.say(format, args...) }

// Info implements logging.LeveledLogger.
func (p pionLog) Info(msg string) { p.say("%s", msg) }

// Infof implements logging.LeveledLogger.
func (p pionLog) Infof(format string, args ...any) { p.say(format, args...) }

// Warn implements logging.LeveledLogger.
func (p pionLog) Warn(msg string) { p.say("%s", msg) }

// Warnf implements logging.LeveledLogger.
func (p pionLog) Warnf(format string, args ...any) { p.say(format, args...) }

// Error implements logging.LeveledLogger.
func (p pionLog) Error(msg string) { p.say("%s", msg) }

// Errorf implements logging.LeveledLogger.
func (p pionLog) Errorf(format string, args ...any) { p.say(format, args...) }

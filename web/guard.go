package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
)

// requestTimeout ends a request that is not a stream.
const requestTimeout = 30 * time.Second

// bodyTimeout is how long a whole request may take to arrive: a photograph over
// a slow line.
const bodyTimeout = time.Minute

// contentPolicy allows what the pages use: their own files, the barcode
// reader's WebAssembly, and camera pictures as blobs. Nothing inline.
const contentPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; frame-src 'self'; " +
	"worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func securityHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // a resident's link is a secret
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
		if strings.HasPrefix(c.Request().URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		return next(c)
	}
}

// sameOrigin refuses a request that changes something unless one of our own
// pages sent it: browsers let no other site set X-Packroom without asking, and
// say where a request comes from.
func (s *Server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		switch c.Request().Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			return next(c)
		}
		if err := protection.Check(c.Request()); err != nil {
			return fmt.Errorf("%w: the request came from another site", errForbidden)
		}
		if c.Request().Header.Get("X-Packroom") == "" {
			return fmt.Errorf("%w: the X-Packroom header is missing", errForbidden)
		}
		return next(c)
	}
}

// recoverPanics answers 500 and writes the stack to our log.
func (s *Server) recoverPanics() echo.MiddlewareFunc {
	return middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			s.log.Error("a handler panicked", "route", c.Path(), "stack", string(stack))
			return err
		},
	})
}

// isStream reports whether a route's answer lasts as long as the page does.
func isStream(route string) bool {
	return strings.HasSuffix(route, "/events") && route != "/api/manager/events" || route == "/api/manager/stream"
}

func (s *Server) deadline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if isStream(c.Path()) || isFootage(c.Path()) { // a clip takes as long as it is
			return next(c)
		}
		// A body that never ends must not keep a connection either.
		_ = http.NewResponseController(c.Response().Writer).SetReadDeadline(time.Now().Add(bodyTimeout))
		whole := c.Request()
		ctx, cancel := context.WithTimeout(whole.Context(), requestTimeout)
		defer cancel()
		defer c.SetRequest(whole) // the error handler must not see our cancel as the browser's
		c.SetRequest(whole.WithContext(ctx))
		return next(c)
	}
}

// isFootage reports whether a route's answer waits for a clip to be made.
func isFootage(route string) bool {
	return strings.HasSuffix(route, "/clip") || strings.HasSuffix(route, "/clip/about") || strings.HasSuffix(route, "/footage/export")
}

func gzip() echo.MiddlewareFunc {
	return middleware.GzipWithConfig(middleware.GzipConfig{
		MinLength: 1024,
		Skipper: func(c echo.Context) bool {
			p := c.Path()
			return isStream(p) || strings.HasPrefix(p, "/live") || strings.Contains(p, "/pictures/") ||
				strings.HasSuffix(p, "/clip") || strings.HasSuffix(p, "/snapshot") || strings.HasSuffix(p, "/still") ||
				strings.HasSuffix(c.Request().URL.Path, ".woff2") // compressed already
		},
	})
}

// bodyLimit caps every body of a group but those that set an own limit.
func bodyLimit(limit int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if p := c.Path(); !strings.HasSuffix(p, "/label") && !strings.HasSuffix(p, "/import") {
				c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, limit)
			}
			return next(c)
		}
	}
}

// refuseLarge answers before a body above limit was stored anywhere. It reads
// and forgets up to 64 MB of it, because a browser that is still sending shows
// a broken connection in place of our answer.
func refuseLarge(c echo.Context, limit int64) error {
	r := c.Request()
	if r.ContentLength > limit {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 64<<20))
		return tooLarge(limit)
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
	return nil
}

// metrics are what Prometheus reads of this server.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r *prometheus.Registry, h *hub) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "packroom_web_requests_total", Help: "Requests by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "packroom_web_request_seconds", Help: "Time to answer by route, streams left out.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10, 30}}, []string{"route"}),
	}
	r.MustRegister(m.requests, m.seconds,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "packroom_web_streams", Help: "Pages that listen now."},
			func() float64 { return float64(h.listeners()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "packroom_web_watching", Help: "1 while this server watches the bus for events."},
			func() float64 {
				if h.connected() {
					return 1
				}
				return 0
			}))
	return m
}

// observe counts a request and writes its line of the access log: the route's
// pattern, never the address, for that may hold a resident's link or name. What
// went well is for those who look for it: pages ask many times a minute.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		route, status, took := c.Path(), c.Response().Status, time.Since(start)
		s.metrics.requests.WithLabelValues(route, fmt.Sprint(status)).Inc()
		if !isStream(route) {
			s.metrics.seconds.WithLabelValues(route).Observe(took.Seconds())
		}
		level := slog.LevelDebug
		if status >= 400 && route != "/healthz" { // a machine asks that one every few seconds
			level = slog.LevelInfo
		}
		s.log.Log(c.Request().Context(), level, "request", "method", c.Request().Method, "route", route, "status", status,
			"ms", took.Milliseconds(), "bytes", c.Response().Size)
		return nil
	}
}

func (s *Server) healthz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	detail := map[string]string{"room": "ok"}
	if _, err := s.cfg.Room.Now(ctx); err != nil {
		detail["room"] = "the room service does not answer"
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"ok": false, "detail": detail})
	}
	return c.JSON(http.StatusOK, map[string]any{"ok": true, "detail": detail})
}

package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/packroom/packroom/room"
)

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/kiosk/K1", "/api/kiosk/K1", "/nothing/here", "/assets/kiosk-1a2b.js", "/healthz"} {
		hd := h.ask("GET", path, nil).Header()
		csp := hd.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "'unsafe-eval'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if hd.Get("X-Content-Type-Options") != "nosniff" || hd.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, hd)
		}
	}
	if cc := h.ask("GET", "/api/kiosk/K1", nil).Header().Get("Cache-Control"); cc != "no-store" {
		t.Errorf("an API answer may be cached: %q", cc)
	}
}

func TestUnknownAddressesAreNotFound(t *testing.T) {
	h := open(t)
	h.want(h.ask("GET", "/nothing/here", nil), http.StatusNotFound, "not_found")
	h.want(h.ask("PUT", "/healthz", nil), http.StatusMethodNotAllowed, "invalid")
}

func TestPagesAndAssets(t *testing.T) {
	h := open(t)
	if w := h.ask("GET", "/kiosk/K1", nil); w.Code != 200 || w.Header().Get("Cache-Control") != "no-cache" || !strings.Contains(w.Body.String(), "kiosk") {
		t.Errorf("page: %d %v", w.Code, w.Header())
	}
	if w := h.ask("GET", "/assets/kiosk-1a2b.js", nil); !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("asset: %v", w.Header())
	}
	for _, path := range []string{"/assets/../kiosk.html", "/assets/..%2fkiosk.html", "/assets/", "/assets/none.js"} {
		h.want(h.ask("GET", path, nil), http.StatusNotFound, "not_found")
	}
	if w := h.ask("GET", "/", nil); w.Header().Get("Location") != "/manager" {
		t.Errorf("the first page leads to %q", w.Header().Get("Location"))
	}
	bare := open(t, func(c *Config) { c.Pages = fstest.MapFS{} })
	if w := bare.ask("GET", "/manager", nil); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "not built") {
		t.Errorf("without pages: %d %s", w.Code, w.Body)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	h := open(t)
	if w := h.ask("GET", "/healthz", nil); w.Code != 200 || !strings.Contains(w.Body.String(), `"ok":true`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.room.err = room.ErrUnavailable
	if w := h.ask("GET", "/healthz", nil); w.Code != 503 || !strings.Contains(w.Body.String(), `"ok":false`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.ask("GET", "/api/r/some-secret-token", nil)
	body := h.ask("GET", "/metrics", nil).Body.String()
	if !strings.Contains(body, `packroom_web_requests_total{route="/api/r/:token",status="403"} 1`) || strings.Contains(body, "some-secret") {
		t.Errorf("metrics: %s", body)
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	h := open(t, func(c *Config) { c.Recognize = func(string) (string, string, bool) { panic("a bug") } })
	h.room.kiosk = delivery()
	h.want(h.ask("POST", "/api/kiosk/K1/barcode", map[string]string{"text": "123456789"}), http.StatusInternalServerError, "internal")
}

func TestConfigMustBeWhole(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no room":            func(c *Config) { c.Room = nil },
		"no reader":          func(c *Config) { c.ReadLabel = nil },
		"a short key":        func(c *Config) { c.LinkKey = []byte("short") },
		"a broken address":   func(c *Config) { c.VisionURL = "http://[::1" },
		"an unreadable file": func(c *Config) { c.DeviceFile = "/proc/self/mem" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := open(t).server.cfg
			spoil(&cfg)
			if _, err := New(cfg); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

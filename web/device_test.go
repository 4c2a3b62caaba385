package web

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOnlyEnrolledDevicesAreKiosks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web", "kiosks.json")
	h := open(t, func(c *Config) { c.DeviceFile = file })
	h.signIn()
	link := func() string {
		var a struct{ URL string }
		a = decode[struct{ URL string }](t, h.ask("POST", "/api/manager/kiosks/K1/link", nil))
		u, err := url.Parse(a.URL)
		if err != nil || u.Host != "localhost:7070" {
			t.Fatalf("link %q: %v", a.URL, err)
		}
		return u.Path
	}
	first, stale := link(), link()

	h.remote, h.host, h.cookies = "192.0.2.7:5000", "packroom.example", nil
	h.want(h.ask("GET", "/api/kiosk/K1", nil), http.StatusUnauthorized, "sign_in")
	over := func(path string) {
		t.Helper()
		w := h.ask("GET", path, nil)
		if w.Code != http.StatusSeeOther || !strings.HasSuffix(w.Header().Get("Location"), "?link=over") || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: %d to %s with %v", path, w.Code, w.Header().Get("Location"), w.Result().Cookies())
		}
	}
	over(strings.Replace(first, "K1", "K2", 1))
	w := h.ask("GET", first, nil)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/kiosk/K1" {
		t.Fatalf("enrolment: %d %s", w.Code, w.Body)
	}
	over(first) // it works once
	if strings.Contains(h.log.String(), first[len("/kiosk/K1/enroll/"):]) {
		t.Error("the link is in the log")
	}
	device := w.Result().Cookies()
	if !device[0].HttpOnly {
		t.Errorf("cookie %+v", device[0])
	}
	h.cookies = device
	h.want(h.ask("GET", "/api/kiosk/K1", nil), http.StatusOK, "")
	h.want(h.ask("GET", "/api/kiosk/K2", nil), http.StatusUnauthorized, "sign_in")

	h.now = h.now.Add(kioskLinkTTL)
	over(stale)

	// A restart keeps the device, and revoking it ends it.
	again := open(t, func(c *Config) { c.DeviceFile, c.Store = file, h.store })
	again.remote, again.host, again.cookies = h.remote, h.host, device
	again.want(again.ask("GET", "/api/kiosk/K1", nil), http.StatusOK, "")
	id := again.server.devices.list()[0].ID
	if err := again.server.devices.revoke(id); err != nil {
		t.Fatal(err)
	}
	again.want(again.ask("GET", "/api/kiosk/K1", nil), http.StatusUnauthorized, "sign_in")
	if d, err := openDevices(file); err != nil || len(d.all) != 0 {
		t.Errorf("the file still has %v, %v", d.all, err)
	}
}

func TestWhoIsTrustedAsThisMachine(t *testing.T) {
	for name, c := range map[string]struct {
		remote, host string
		header       http.Header
		trust        bool
		want         int
	}{
		"a browser here":                     {"127.0.0.1:1", "localhost:7070", nil, true, 200},
		"by number":                          {"[::1]:1", "[::1]:7070", nil, true, 200},
		"where it is switched off":           {"127.0.0.1:1", "localhost:7070", nil, false, 401},
		"another machine":                    {"192.0.2.7:1", "localhost:7070", nil, true, 401},
		"a foreign name that resolves here":  {"127.0.0.1:1", "evil.example", nil, true, 401},
		"through a proxy":                    {"127.0.0.1:1", "localhost", http.Header{"X-Forwarded-For": {"192.0.2.7"}}, true, 401},
		"through a proxy of the newer sort ": {"127.0.0.1:1", "localhost", http.Header{"Forwarded": {"for=192.0.2.7"}}, true, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(cfg *Config) { cfg.TrustLoopback = c.trust })
			h.remote, h.host = c.remote, c.host
			r := h.request("GET", "/api/kiosk/K1", nil)
			for k, v := range c.header {
				r.Header[k] = v
			}
			h.want(h.do(r), c.want, "")
		})
	}
	h := open(t)
	h.want(h.ask("GET", "/api/kiosk/"+url.PathEscape("../K1"), nil), http.StatusNotFound, "not_found")
}

func TestManagersSeeAndRevokeKiosks(t *testing.T) {
	h := open(t)
	h.signIn()
	l := h.server.devices.link("K1", "ann@example.com", h.now)
	if _, err := h.server.devices.enroll("K1", l, h.now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	list := decode[[]map[string]string](t, h.ask("GET", "/api/manager/kiosks", nil))
	if len(list) != 1 || list[0]["kiosk"] != "K1" || list[0]["hash"] != "" {
		t.Fatalf("list %v", list)
	}
	h.want(h.ask("DELETE", "/api/manager/kiosks/devices/"+list[0]["id"], nil), http.StatusNoContent, "")
	h.want(h.ask("DELETE", "/api/manager/kiosks/devices/"+list[0]["id"], nil), http.StatusNotFound, "not_found")
	h.want(h.ask("POST", "/api/manager/kiosks/a%20b/link", nil), http.StatusUnprocessableEntity, "invalid")
}

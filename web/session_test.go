package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func TestTheFirstAccountIsMadeOnce(t *testing.T) {
	h := open(t)
	if a := decode[sessionAnswer](t, h.ask("GET", "/api/manager/session", nil)); !a.Setup || a.SetupKey || a.Manager != nil {
		t.Errorf("before: %+v", a)
	}
	for name, body := range map[string]map[string]string{
		"a short password":  {"email": "ann@example.com", "name": "Ann", "password": "eleven char"},
		"no e-mail address": {"email": "ann", "name": "Ann", "password": goodPassword},
		"no name":           {"email": "ann@example.com", "name": " ", "password": goodPassword},
	} {
		t.Run(name, func(t *testing.T) {
			h.want(h.ask("POST", "/api/manager/setup", body), http.StatusUnprocessableEntity, "invalid")
		})
	}
	w := h.ask("POST", "/api/manager/setup", map[string]string{"email": "Ann@Example.com", "name": "Ann", "password": goodPassword})
	h.want(w, http.StatusOK, "")
	h.cookies = w.Result().Cookies()
	m := h.store.managers[0]
	if m.Email != "ann@example.com" || !strings.HasPrefix(m.PasswordHash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("account %+v", m)
	}
	if a := decode[sessionAnswer](t, h.ask("GET", "/api/manager/session", nil)); a.Setup || a.Manager == nil || a.Manager.Name != "Ann" {
		t.Errorf("after: %+v", a)
	}
	second := map[string]string{"email": "eve@example.com", "name": "Eve", "password": goodPassword}
	h.want(h.ask("POST", "/api/manager/setup", second), http.StatusConflict, "conflict")
}

func TestTwoSetupsAtOnceMakeOneAccount(t *testing.T) {
	h := open(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			h.ask("POST", "/api/manager/setup", map[string]string{"email": "ann@example.com", "name": "Ann", "password": goodPassword})
		})
	}
	wg.Wait()
	if n := len(h.store.managers); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestFromAnotherMachineTheSetupCodeIsAskedFor(t *testing.T) {
	h := open(t)
	h.remote, h.host = "192.0.2.7:5000", "packroom.example:7070"
	if a := decode[sessionAnswer](t, h.ask("GET", "/api/manager/session", nil)); !a.SetupKey {
		t.Error("the page does not ask for the code")
	}
	body := map[string]string{"email": "ann@example.com", "name": "Ann", "password": goodPassword}
	for range freeTries {
		body["code"] = "guess"
		h.want(h.ask("POST", "/api/manager/setup", body), http.StatusForbidden, "forbidden")
	}
	body["code"] = SetupCode(h.server.cfg.LinkKey)
	h.want(h.ask("POST", "/api/manager/setup", body), http.StatusTooManyRequests, "denied")
	h.now = h.now.Add(time.Minute)
	h.want(h.ask("POST", "/api/manager/setup", body), http.StatusOK, "")
}

func TestBootstrapMakesTheConfiguredAccount(t *testing.T) {
	h := open(t, func(c *Config) { c.Bootstrap = Bootstrap{"demo@example.com", "Demo", goodPassword} })
	for range 2 { // a restart changes nothing
		if err := h.server.bootstrap(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.store.managers) != 1 {
		t.Fatalf("%d accounts", len(h.store.managers))
	}
	h.want(h.ask("POST", "/api/manager/sign-in", map[string]string{"email": "demo@example.com", "password": goodPassword}), http.StatusOK, "")
}

func TestSignInAndOut(t *testing.T) {
	h := open(t)
	h.signIn()
	c := h.cookies[0]
	if c.Name != sessionCookie || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.MaxAge != int((12*time.Hour).Seconds()) {
		t.Errorf("cookie %+v", c)
	}
	if strings.Contains(h.log.String(), c.Value) {
		t.Error("the session is in the log")
	}
	h.want(h.ask("GET", "/api/manager/now", nil), http.StatusOK, "")
	h.want(h.ask("POST", "/api/manager/sign-out", nil), http.StatusNoContent, "")
	h.want(h.ask("GET", "/api/manager/now", nil), http.StatusUnauthorized, "sign_in")

	h.cookies = nil
	in := map[string]string{"email": " ANN@example.com", "password": goodPassword}
	r := h.request("POST", "/api/manager/sign-in", in)
	r.Header.Set("X-Forwarded-Proto", "https") // the box's own TLS proxy
	w := h.do(r)
	h.want(w, http.StatusOK, "")
	if h.cookies = w.Result().Cookies(); !h.cookies[0].Secure {
		t.Error("over https the cookie is not Secure")
	}
	h.now = h.now.Add(12 * time.Hour)
	h.want(h.ask("GET", "/api/manager/now", nil), http.StatusUnauthorized, "sign_in")
}

func TestWrongPasswordsWaitLongerAndLonger(t *testing.T) {
	h := open(t)
	h.signIn()
	h.cookies = nil
	wrong := map[string]string{"email": "ann@example.com", "password": "not it at all"}
	right := map[string]string{"email": "ann@example.com", "password": goodPassword}
	for range freeTries {
		h.want(h.ask("POST", "/api/manager/sign-in", wrong), http.StatusForbidden, "forbidden")
	}
	f := h.want(h.ask("POST", "/api/manager/sign-in", right), http.StatusTooManyRequests, "denied")
	if f.RetryAfterMS != 30_000 {
		t.Errorf("the wait is %d ms", f.RetryAfterMS)
	}
	// It is kept in the store, so a restart of this server does not end it, and
	// another address of the sender does not either.
	again := open(t, func(c *Config) { c.Store = h.store })
	again.remote = "192.0.2.7:1"
	again.want(again.ask("POST", "/api/manager/sign-in", right), http.StatusTooManyRequests, "denied")

	h.now = h.now.Add(30 * time.Second)
	h.want(h.ask("POST", "/api/manager/sign-in", wrong), http.StatusForbidden, "forbidden")
	if f := h.want(h.ask("POST", "/api/manager/sign-in", right), http.StatusTooManyRequests, ""); f.RetryAfterMS != 60_000 {
		t.Errorf("the second wait is %d ms", f.RetryAfterMS)
	}
	h.now = h.now.Add(time.Minute)
	h.want(h.ask("POST", "/api/manager/sign-in", right), http.StatusOK, "")
	h.want(h.ask("POST", "/api/manager/sign-in", wrong), http.StatusForbidden, "") // counted from nothing again
}

func TestAnUnknownAddressIsAnsweredLikeAWrongPassword(t *testing.T) {
	h := open(t)
	h.signIn()
	a := h.want(h.ask("POST", "/api/manager/sign-in", map[string]string{"email": "ann@example.com", "password": "x"}), 403, "forbidden")
	b := h.want(h.ask("POST", "/api/manager/sign-in", map[string]string{"email": "eve@example.com", "password": "x"}), 403, "forbidden")
	if a.Text != b.Text {
		t.Errorf("%q and %q tell accounts apart", a.Text, b.Text)
	}
}

func TestEveryManagerRouteAsksWhoIsThere(t *testing.T) {
	h := open(t)
	h.remote, h.host = "192.0.2.7:5000", "packroom.example"
	public := map[string]bool{"/api/manager/session": true, "/api/manager/setup": true, "/api/manager/sign-in": true, "/api/manager/sign-out": true}
	checked := 0
	for _, r := range h.server.echo.Routes() {
		if public[r.Path] || !strings.HasPrefix(r.Path, "/api/") && !strings.HasPrefix(r.Path, "/live") {
			continue
		}
		if strings.HasSuffix(r.Path, "*") || strings.HasPrefix(r.Method, "echo_") || r.Path == "/api/manager" || r.Path == "/live" {
			continue
		}
		path := strings.NewReplacer(":kiosk", "K1", ":token", "x", ":ref", "x", ":id", "x", ":holder", "x", ":camera", "x", ":session", "x").Replace(r.Path)
		w := h.ask(r.Method, path, map[string]string{})
		if w.Code != http.StatusUnauthorized && !(strings.HasPrefix(path, "/api/r/") && w.Code == http.StatusForbidden) {
			t.Errorf("%s %s answers a stranger with %d", r.Method, r.Path, w.Code)
		}
		checked++
	}
	if checked < 45 {
		t.Errorf("only %d routes were checked", checked)
	}
}

func TestOtherSitesCannotActForAManager(t *testing.T) {
	h := open(t)
	h.signIn()
	body, _ := json.Marshal(map[string]string{"reason": "let me in"})
	for name, change := range map[string]func(http.Header){
		"a form, without our header":  func(hd http.Header) { hd.Del("X-Packroom") },
		"another site's script":       func(hd http.Header) { hd.Set("Sec-Fetch-Site", "cross-site") },
		"an older browser's Origin":   func(hd http.Header) { hd.Set("Origin", "https://evil.example") },
		"another name on this domain": func(hd http.Header) { hd.Set("Sec-Fetch-Site", "same-site") },
	} {
		t.Run(name, func(t *testing.T) {
			r := h.request("POST", "/api/manager/unlock", body)
			change(r.Header)
			h.want(h.do(r), http.StatusForbidden, "forbidden")
		})
	}
	if len(h.room.commands()) != 0 {
		t.Error("a door was opened")
	}
	r := h.request("POST", "/api/manager/unlock", map[string]string{"reason": "a pipe leaks"})
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "http://localhost:7070")
	h.want(h.do(r), http.StatusOK, "")
	if got := h.room.commands()[0]; got != room.Command(room.ManagerUnlock{Manager: "ann@example.com", Shown: h.store.managers[0].Name, Reason: "a pipe leaks"}) || h.room.by[0] != "manager:ann@example.com" {
		t.Errorf("%+v by %v", got, h.room.by)
	}
}

func TestPasswords(t *testing.T) {
	phc := HashPassword("correct horse battery")
	if phc == HashPassword("correct horse battery") {
		t.Error("two hashes share a salt")
	}
	for password, want := range map[string]bool{"correct horse battery": true, "correct horse batter": false, "": false} {
		if ok, err := checkPassword(phc, password); ok != want || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	for _, broken := range []string{"", "plain", "$2b$10$abc", "$argon2id$v=19$m=99999999,t=3,p=4$AAAA$AAAA", "$argon2id$v=19$m=65536,t=3,p=4$!$!",
		"$argon2id$v=19$m=65536,t=0,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"} {
		if ok, err := checkPassword(broken, "x"); ok || err == nil {
			t.Errorf("hash %q was accepted", broken)
		}
	}
	if _, err := checkPassword(absentHash, "x"); err != nil {
		t.Errorf("the hash of nobody is malformed: %v", err)
	}
}

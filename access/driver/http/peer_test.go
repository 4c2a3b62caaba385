package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
)

// rig is a door with a strike, a contact and an inner handle, behind one of the
// contract peers below: servers of our own making that answer as the makers'
// public documentation says, since neither relays nor receivers run on a PC.
type rig struct {
	url string

	mu       sync.Mutex
	deaf     bool
	until    time.Time // the strike is released until then
	open     bool
	handle   bool
	exits    int
	password string
	broken   bool // the contact's input is gone
}

func newRig(t *testing.T, serve func(g *rig, mux *http.ServeMux)) *rig {
	g := &rig{password: "correct horse battery staple"}
	mux := http.NewServeMux()
	serve(g, mux)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.deaf {
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	g.url = s.URL
	return g
}

// wire is a line to the rig that a test can break.
func (g *rig) wire(t *testing.T) *accesstest.Wire {
	t.Helper()
	return accesstest.TCPWire(t, strings.TrimPrefix(g.url, "http://"))
}

func (g *rig) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

func (g *rig) released() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Now().Before(g.until)
}

// pull opens the door from outside, if it can. It falls shut when the lock has
// noticed; without a line nobody does, and it stands open for a moment.
func (g *rig) pull(t *testing.T) bool {
	if !g.released() {
		return false
	}
	g.set(func() { g.open = true })
	g.mu.Lock()
	deaf := g.deaf
	g.mu.Unlock()
	if !deaf {
		accesstest.Eventually(t, "the lock locks behind who entered", func() bool { return !g.released() })
	}
	g.set(func() { g.open, g.until = false, time.Time{} })
	return true
}

// use is what the inner handle tells, and swing what the door does.
func (g *rig) use(on bool) {
	g.set(func() {
		if g.handle = on; on {
			g.exits++
		}
	})
}

func (g *rig) swing(open bool) { g.set(func() { g.open = open }) }

// serveShelly1 is https://shelly-api-docs.shelly.cloud/gen1/ as far as it is used.
func serveShelly1(g *rig, mux *http.ServeMux) {
	answer := func(w http.ResponseWriter, r *http.Request, v any) {
		if user, password, ok := r.BasicAuth(); !ok || user != "admin" || password != g.password {
			w.Header().Set("WWW-Authenticate", `Basic realm="shelly"`)
			http.Error(w, "401 Unauthorized", http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /relay/0", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == g.password {
			switch r.FormValue("turn") {
			case "on":
				seconds, err := strconv.Atoi(r.FormValue("timer"))
				if err != nil {
					seconds = 3600
				}
				g.until = time.Now().Add(time.Duration(seconds) * time.Second)
			case "off":
				g.until = time.Time{}
			}
		}
		answer(w, r, map[string]any{"ison": time.Now().Before(g.until), "has_timer": true, "source": "http"})
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		bit := map[bool]int{true: 1}
		inputs := []map[string]int{{"input": bit[g.handle]}, {"input": bit[g.open]}}
		if g.broken {
			inputs = nil
		}
		answer(w, r, map[string]any{"relays": []any{map[string]any{"ison": time.Now().Before(g.until)}}, "inputs": inputs})
	})
}

var field = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^,\s]*))`)

// serveShelly2 is https://shelly-api-docs.shelly.cloud/gen2/ as far as it is used.
func serveShelly2(g *rig, mux *http.ServeMux) {
	const realm = "shellypro2-08f9e0e5c790"
	nonce, uses := 1625038762, 0
	handle := func(method string, do func(params map[string]any) any) {
		mux.HandleFunc("POST /rpc/"+method, func(w http.ResponseWriter, r *http.Request) {
			a := map[string]string{}
			for _, m := range field.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
				a[m[1]] = m[2] + m[3]
			}
			nc, _ := strconv.ParseInt(a["nc"], 16, 64)
			want := digest("admin", g.password, realm, strconv.Itoa(nonce), a["cnonce"], int(nc), r.Method, r.URL.RequestURI())
			if uses++; r.Header.Get("Authorization") != want || uses > 50 { // a nonce ends some time
				nonce, uses = nonce+1, 0
				w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Digest qop="auth", realm=%q, nonce="%d", algorithm=SHA-256`, realm, nonce))
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			var params map[string]any
			_ = json.NewDecoder(r.Body).Decode(&params)
			_ = json.NewEncoder(w).Encode(do(params))
		})
	}
	handle("Switch.Set", func(params map[string]any) any {
		was := time.Now().Before(g.until)
		g.until = time.Time{}
		if params["on"] == true {
			after, ok := params["toggle_after"].(float64)
			if !ok {
				after = 3600
			}
			g.until = time.Now().Add(time.Duration(after * float64(time.Second)))
		}
		return map[string]any{"was_on": was}
	})
	handle("Shelly.GetStatus", func(map[string]any) any {
		all := map[string]any{"sys": map[string]any{"uptime": 5}, "switch:0": map[string]any{"id": 0, "output": time.Now().Before(g.until)},
			"input:0": map[string]any{"id": 0, "state": g.handle}, "input:1": map[string]any{"id": 1, "state": g.open}}
		if g.broken {
			delete(all, "input:1")
		}
		return all
	})
}

// takes reports whether b holds all words.
func takes(s string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

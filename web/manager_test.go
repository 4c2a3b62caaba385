package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
)

func TestTheRoomIsShownWithoutWhatIsOnlyForComputers(t *testing.T) {
	h := open(t)
	h.signIn()
	h.room.now = room.RoomView{Parcels: []room.Parcel{{ID: "p1", Appearance: []float32{1}, Reading: &room.Reading{Recipient: "JANA"}}},
		Items: []room.Item{{Key: "cam1/i1", Appearance: []float32{1}}}, Visits: []room.Visit{{ID: "v1", InHand: []room.HandItem{{Parcel: "p2", Appearance: []float32{1}}}}}}
	w := h.ask("GET", "/api/manager/now", nil)
	if strings.Contains(w.Body.String(), "appearance") || strings.Contains(w.Body.String(), "JANA") || !strings.Contains(w.Body.String(), "cam1/i1") {
		t.Errorf("%s", w.Body)
	}
}

func TestManagersCommands(t *testing.T) {
	h := open(t)
	h.signIn()
	later := start.Add(24 * time.Hour)
	for name, c := range map[string]struct {
		method, path string
		body         any
		want         room.Command
	}{
		"assign a package": {"POST", "/api/manager/parcels/p1/resolve", map[string]string{"action": "assign", "resident": "r1", "reason": "asked her"},
			room.ResolveParcel{Parcel: "p1", Action: "assign", Resident: "r1", Reason: "asked her"}},
		"join two records": {"POST", "/api/manager/parcels/u1/join", map[string]string{"registered": "p1", "reason": "same tape"},
			room.JoinParcel{Unidentified: "u1", Registered: "p1", Reason: "same tape"}},
		"close an incident": {"POST", "/api/manager/incidents/i1/resolve", map[string]string{"reason": "found it"},
			room.ResolveIncident{Incident: "i1", Reason: "found it"}},
		"save a resident": {"POST", "/api/manager/residents", room.Resident{ID: "r1", FirstName: " Jana ", LastName: "W", Unit: "412", Status: "current", Email: "j@example.com", Phone: "+15035550100"},
			room.SaveResident{Resident: room.Resident{ID: "r1", FirstName: "Jana", LastName: "W", Unit: "412", Status: "current", Email: "j@example.com", Phone: "+15035550100"}}},
		"save a courier": {"POST", "/api/manager/couriers", room.Courier{ID: "c1", Name: "Dana", Carrier: "UPS", Active: true},
			room.SaveCourier{Courier: room.Courier{ID: "c1", Name: "Dana", Carrier: "UPS", Active: true}}},
		"issue a PIN": {"POST", "/api/manager/credentials/c1", map[string]any{"kind": "courier", "valid_to": later},
			room.IssueCredential{Kind: room.CredentialCourier, Holder: "c1", ValidTo: later}},
		"enrol a card": {"POST", "/api/manager/credentials/c1", map[string]any{"kind": "courier", "card": " 0012345678 "},
			room.IssueCredential{Kind: room.CredentialCourier, Holder: "c1", Card: "0012345678"}},
		"a driver's hours": {"POST", "/api/manager/credentials/c1", map[string]any{"kind": "courier", "valid_from": later,
			"hours": []map[string]any{{"days": []string{"mon"}, "from": "07:00", "to": "19:00"}}},
			room.IssueCredential{Kind: room.CredentialCourier, Holder: "c1", ValidFrom: later, Hours: []room.Hours{{Days: []string{"mon"}, From: "07:00", To: "19:00"}}}},
		"a pass": {"POST", "/api/manager/credentials/r1", map[string]any{"kind": "pass", "label": " Bo ", "valid_to": later},
			room.IssueCredential{Kind: room.CredentialPass, Holder: "r1", Label: "Bo", ValidTo: later}},
		"a PIN of their own": {"POST", "/api/manager/credentials/r1", map[string]any{"kind": "standing", "pin": "73910482"},
			room.IssueCredential{Kind: room.CredentialStanding, Holder: "r1", PIN: "73910482"}},
		"revoke": {"DELETE", "/api/manager/credentials/c1/cred1", nil, room.RevokeCredential{Holder: "c1", Credential: "cred1"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := len(h.room.commands())
			h.want(h.ask(c.method, c.path, c.body), http.StatusOK, "")
			if d := cmp.Diff(c.want, h.room.commands()[n]); d != "" {
				t.Error(d)
			}
			if h.room.by[n] != "manager:ann@example.com" {
				t.Errorf("by %s", h.room.by[n])
			}
		})
	}
}

func TestManagersMistakesAreToldBeforeTheRoomIsAsked(t *testing.T) {
	h := open(t)
	h.signIn()
	for name, c := range map[string]struct {
		path string
		body any
	}{
		"no reason":              {"/api/manager/parcels/p1/resolve", map[string]string{"action": "held"}},
		"join without a reason":  {"/api/manager/parcels/u1/join", map[string]string{"registered": "p1"}},
		"no such action":         {"/api/manager/parcels/p1/resolve", map[string]string{"action": "eat", "reason": "hungry"}},
		"unlock without reason":  {"/api/manager/unlock", map[string]string{"reason": " "}},
		"a resident with no one": {"/api/manager/residents", room.Resident{Status: "current", Unit: "1"}},
		"a wrong status":         {"/api/manager/residents", room.Resident{FirstName: "J", Unit: "1", Status: "gone"}},
		"a wrong phone":          {"/api/manager/residents", room.Resident{FirstName: "J", Unit: "1", Status: "current", Phone: "503 555"}},
		"a wrong e-mail":         {"/api/manager/residents", room.Resident{FirstName: "J", Unit: "1", Status: "current", Email: "a b"}},
		"a courier of nobody":    {"/api/manager/couriers", room.Courier{Name: "Dana"}},
		"a credential for what":  {"/api/manager/credentials/c1", map[string]string{"kind": "pet"}},
		"a date that is over":    {"/api/manager/credentials/c1", map[string]any{"kind": "courier", "valid_to": start.Add(-time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			h.want(h.ask("POST", c.path, c.body), http.StatusUnprocessableEntity, "invalid")
		})
	}
	if n := len(h.room.commands()); n != 0 {
		t.Errorf("%d commands reached the room", n)
	}
	h.want(h.ask("POST", "/api/manager/unlock", map[string]string{"reason": strings.Repeat("x", 70<<10)}), http.StatusRequestEntityTooLarge, "too_large")
	r := h.request("POST", "/api/manager/unlock", []byte(`{"reason": `))
	r.Header.Set("Content-Type", "application/json")
	h.want(h.do(r), http.StatusBadRequest, "invalid")
}

func TestTheLogIsFilteredAndPaged(t *testing.T) {
	h := open(t)
	h.signIn()
	h.want(h.ask("GET", "/api/manager/events?parcel=p1&carrier=UPS&resident=r1&q=jana&kind=parcel.stored.v1,parcel.moved.v1&from=2026-11-01T00:00:00Z&before=500&limit=20", nil), 200, "")
	want := room.EventFilter{Parcel: "p1", Carrier: "UPS", Resident: "r1", Query: "jana", Kinds: []room.EventKind{room.EvParcelStored, room.EvParcelMoved},
		From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Before: 500, Limit: 20}
	if d := cmp.Diff(want, h.store.filter); d != "" {
		t.Error(d)
	}
	if w := h.ask("GET", "/api/manager/events", nil); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("an empty log is %s", w.Body)
	}
	for _, q := range []string{"from=yesterday", "limit=0", "limit=1001", "before=x", "before=-1"} {
		h.want(h.ask("GET", "/api/manager/events?"+q, nil), http.StatusUnprocessableEntity, "invalid")
	}
	h.store.err = room.ErrUnavailable
	h.want(h.ask("GET", "/api/manager/events", nil), http.StatusServiceUnavailable, "unavailable")
}

func TestCouriersAreTalliedOverAChosenTime(t *testing.T) {
	h := open(t)
	h.signIn()
	h.store.tallies = []room.CourierTally{{Courier: "c1", Carrier: "UPS", Name: "Dana", Visits: 4, Scanned: 5, Placed: 6, Unscanned: 1, Skipping: 1}}
	got := decode[[]room.CourierTally](t, h.ask("GET", "/api/manager/tallies?from=2026-11-01T00:00:00Z&to=2026-11-22T00:00:00Z", nil))
	if d := cmp.Diff(h.store.tallies, got); d != "" {
		t.Error(d)
	}
	if want := [2]time.Time{time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}; h.store.filter != want {
		t.Errorf("asked for %v", h.store.filter)
	}
	h.want(h.ask("GET", "/api/manager/tallies?from=yesterday", nil), http.StatusUnprocessableEntity, "invalid")
}

func TestARosterIsImportedOrItsLinesAreNamed(t *testing.T) {
	h := open(t)
	h.signIn()
	h.room.reply = room.Reply{Saved: 1}
	good := "resident_id,first_name,last_name,unit,status,aliases\nr1,Jana,Whitfield,412,current,\n"
	post := func(query, csv string) *httptest.ResponseRecorder {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, _ := form.CreateFormFile("roster", "roster.csv")
		_, _ = io.WriteString(part, csv)
		_ = form.Close()
		r := h.request("POST", "/api/manager/residents/import"+query, io.Reader(&body))
		r.Header.Set("Content-Type", form.FormDataContentType())
		return h.do(r)
	}
	if got := decode[room.Reply](t, post("?check=1", good)); got.Saved != 1 || len(h.room.commands()) != 0 {
		t.Errorf("check: %+v, %d commands", got, len(h.room.commands()))
	}
	h.want(post("?complete=1", good), http.StatusOK, "")
	if cmd := h.room.commands()[0].(room.ImportRoster); !cmd.Complete || len(cmd.Residents) != 1 || cmd.Residents[0].Unit != "412" {
		t.Errorf("command %+v", cmd)
	}
	f := h.want(post("", good+"r1,Again,Whitfield,413,current,\nr2,,,414,lost,\n"), http.StatusUnprocessableEntity, "invalid")
	if len(f.Problems) < 2 || f.Problems[0].Line != 3 {
		t.Errorf("problems %+v", f.Problems)
	}
	plain := h.request("POST", "/api/manager/residents/import", io.Reader(strings.NewReader(good)))
	plain.Header.Set("Content-Type", "text/csv")
	h.want(h.do(plain), http.StatusOK, "")
	h.want(h.do(h.request("POST", "/api/manager/residents/import", make([]byte, 33<<20))), http.StatusRequestEntityTooLarge, "too_large")
}

func TestAStoredMailIsShownUnderItsOwnPolicy(t *testing.T) {
	h := open(t)
	h.store.deliveries = []room.Delivery{{ID: "d1", HTML: `<style>b{color:red}</style><script>steal()</script><b>4B</b>`}, {ID: "d2", Text: "a text"}}
	h.want(h.ask("GET", "/api/manager/deliveries/d1/mail", nil), http.StatusUnauthorized, "sign_in")
	h.signIn()
	w := h.ask("GET", "/api/manager/deliveries/d1/mail", nil)
	csp := w.Header().Get("Content-Security-Policy")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), "<b>4B</b>") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if !strings.HasPrefix(csp, "sandbox;") || strings.Contains(csp, "script-src") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "img-src data:;") {
		t.Errorf("policy %q", csp)
	}
	for _, id := range []string{"d2", "d3"} {
		h.want(h.ask("GET", "/api/manager/deliveries/"+id+"/mail", nil), http.StatusNotFound, "not_found")
	}
}

func TestHashesOfCredentialsStayInside(t *testing.T) {
	h := open(t)
	h.signIn()
	if w := h.ask("GET", "/api/manager/credentials/c1", nil); w.Code != 200 || strings.Contains(strings.ToLower(w.Body.String()), "hash") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEveryPictureReadByAManagerIsLogged(t *testing.T) {
	h := open(t)
	h.signIn()
	ref, _ := h.pictures.Put(t.Context(), photo(t))
	h.want(h.ask("GET", "/api/manager/pictures/"+ref, nil), http.StatusOK, "")
	if l := h.log.String(); !strings.Contains(l, "picture read") || !strings.Contains(l, ref) || !strings.Contains(l, "manager:ann@example.com") {
		t.Errorf("log: %s", l)
	}
	h.want(h.ask("GET", "/api/manager/pictures/nothing", nil), http.StatusNotFound, "not_found")
}

func TestServicesAreAsTheSupervisorSays(t *testing.T) {
	h := open(t)
	h.signIn()
	if w := h.ask("GET", "/api/manager/services", nil); w.Body.String() != "null" {
		t.Errorf("without a supervisor: %s", w.Body)
	}
	sup := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[{"name":"ocr"}]`) }))
	h.server.cfg.StatusURL = sup.URL
	if w := h.ask("GET", "/api/manager/services", nil); w.Body.String() != `[{"name":"ocr"}]` {
		t.Errorf("with one: %s", w.Body)
	}
	sup.Close()
	h.want(h.ask("GET", "/api/manager/services", nil), http.StatusServiceUnavailable, "unavailable")
}

func TestCamerasAreReachedThroughUsAlone(t *testing.T) {
	var got *http.Request
	var body string
	vision := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		w.Header().Set("Set-Cookie", "x=y")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Location", "cam1/s1")
		w.WriteHeader(http.StatusCreated)
	}))
	defer vision.Close()
	h := open(t, func(c *Config) { c.VisionURL, c.VisionToken = vision.URL, "box token" })
	h.signIn()
	token := room.SignViewer("box token", "manager:ann@example.com", "cam1", h.now.Add(room.ViewerTTL))
	for path, want := range map[string]string{
		"POST /live/cam1":                         "/whep/cam1",
		"DELETE /live/cam1/s1":                    "/whep/cam1/s1",
		"PATCH /live/cam1/s1":                     "/whep/cam1/s1",
		"POST /live/cam1?stream=sub":              "/whep/cam1?stream=sub",
		"POST /api/manager/cameras/cam1/watch":    "/viewers/cam1?viewer=manager%3Aann%40example.com",
		"GET /api/manager/cameras":                "/cameras",
		"GET /api/manager/cameras/cam1/snapshot":  "/snapshot/cam1.jpg",
		"GET /api/manager/footage?from=1&to=2":    "/footage?from=1&to=2",
		"GET /api/manager/still?camera=cam1&at=1": "/still?camera=cam1&at=1",
		"GET /api/manager/clips?event=e1":         "/clips?event=e1",
	} {
		t.Run(path, func(t *testing.T) {
			method, to, _ := strings.Cut(path, " ")
			r := h.request(method, to, io.Reader(strings.NewReader("v=0")))
			r.Header.Set("Content-Type", "application/sdp")
			r.Header.Set("Authorization", "Bearer "+token)
			w := h.do(r)
			if w.Code != http.StatusCreated || got.RequestURI != want || body != "v=0" {
				t.Fatalf("%d, vision was asked for %s with %q", w.Code, got.RequestURI, body)
			}
			if got.Header.Get("Authorization") != "Bearer box token" || got.Header.Get("Cookie") != "" {
				t.Errorf("headers %v", got.Header)
			}
			if w.Header().Get("Set-Cookie") != "" || w.Header().Get("Access-Control-Allow-Origin") != "" || w.Header().Get("Location") != "cam1/s1" {
				t.Errorf("answer's headers %v", w.Header())
			}
		})
	}
	for _, name := range []string{"..%2f..%2fadmin", "..", "cam%201"} {
		h.want(h.ask("GET", "/api/manager/cameras/"+name+"/snapshot", nil), http.StatusNotFound, "not_found")
	}
	vision.Close()
	h.want(h.ask("GET", "/api/manager/cameras", nil), http.StatusServiceUnavailable, "unavailable")
}

func TestLivePictureIsOpenedByATokenOfOnesOwn(t *testing.T) {
	asked := 0
	vision := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(http.StatusCreated) }))
	defer vision.Close()
	h := open(t, func(c *Config) { c.VisionURL, c.VisionToken = vision.URL, "box token" })
	h.signIn()
	later := h.server.cfg.Now().Add(room.ViewerTTL)
	me := "manager:ann@example.com"
	for name, c := range map[string]struct {
		token, reason string
	}{
		"mine":           {room.SignViewer("box token", me, "cam1", later), ""},
		"none":           {"", "unknown"},
		"over":           {room.SignViewer("box token", me, "cam1", later.Add(-2*room.ViewerTTL)), "expired"},
		"another camera": {room.SignViewer("box token", me, "cam2", later), "unknown"},
		"another's":      {room.SignViewer("box token", "manager:bob@example.com", "cam1", later), "unknown"},
		"the box's":      {"box token", "unknown"},
	} {
		before := asked
		r := h.request("POST", "/live/cam1", io.Reader(strings.NewReader("v=0")))
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := h.do(r)
		if c.reason == "" {
			if w.Code != http.StatusCreated || asked != before+1 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			continue
		}
		if w.Code/100 != 4 || asked != before || !strings.Contains(w.Body.String(), c.reason) {
			t.Errorf("%s: %d %s, vision was asked %d times", name, w.Code, w.Body, asked-before)
		}
	}
}

func TestAFileOfCredentialsIsReadByTheBuildingsClock(t *testing.T) {
	h := open(t)
	h.signIn()
	const head = "kind,holder,name,carrier,pin,card,valid_from\n"
	post := func(query, csv string) *httptest.ResponseRecorder {
		r := h.request("POST", "/api/manager/credentials/import"+query, io.Reader(strings.NewReader(csv)))
		r.Header.Set("Content-Type", "text/csv")
		return h.do(r)
	}
	h.want(post("?check=1", head+"courier,,Ana,UPS,739104,,2026-01-31\n"), http.StatusOK, "")
	cmd := h.room.commands()[0].(room.ImportCredentials)
	if want := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC); !cmd.Check || len(cmd.Credentials) != 1 || !cmd.Credentials[0].ValidFrom.Equal(want) {
		t.Errorf("command %+v", cmd)
	}
	f := h.want(post("", head+"courier,,Ana,UPS,,,\nstaff,,,,73910482,,\n"), http.StatusUnprocessableEntity, "invalid")
	if len(f.Problems) != 2 || f.Problems[0].Line != 2 || f.Problems[1].Column != "holder" {
		t.Errorf("problems %+v", f.Problems)
	}
	if n := len(h.room.commands()); n != 1 {
		t.Errorf("%d commands", n)
	}
}

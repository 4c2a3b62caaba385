package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// footageHouse is a house whose vision service notes what it is asked.
func footageHouse(t *testing.T, role room.Role) (*house, *[]string) {
	t.Helper()
	asked := []string{}
	vision := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.URL.Query().Get("plain")))
		q := r.URL.Query()
		switch {
		case r.Header.Get("Authorization") != "Bearer box token":
			w.WriteHeader(http.StatusUnauthorized)
		case q.Get("camera") == "cam9":
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(room.Failure{Kind: "not_found", Text: "no"})
		case r.URL.Path == "/clip/about":
			_ = json.NewEncoder(w).Encode(room.Footage{Camera: q.Get("camera"), SHA256: "ab" + q.Get("plain"), Plain: q.Get("plain") == "1"})
		case r.URL.Path == "/holds" && r.Method == http.MethodGet:
			_ = json.NewEncoder(w).Encode([]room.Hold{{ID: "h1", Camera: "cam1", From: start, To: start.Add(time.Minute), Reason: "old"}})
		default:
			_, _ = w.Write(b)
		}
	}))
	t.Cleanup(vision.Close)
	h := open(t, func(c *Config) { c.VisionURL, c.VisionToken = vision.URL, "box token" })
	h.signIn()
	h.store.managers[0].Role = role
	return h, &asked
}

func stretchOf(more string) url.Values {
	q := url.Values{"camera": {"cam1"}, "from": {stamp(start)}, "to": {stamp(start.Add(20 * time.Second))}}
	if more != "" {
		q.Set("pass", more)
	}
	return q
}

var twentySeconds = map[string]any{"camera": "cam1", "from": start, "to": start.Add(20 * time.Second)}

func TestFacesAreCoveredForWhoeverHasNoRightToThem(t *testing.T) {
	h, asked := footageHouse(t, room.RoleManager)
	q := stretchOf("")
	q.Set("plain", "1") // asked for, and not granted by asking
	h.want(h.ask("GET", "/api/manager/clip?"+q.Encode(), nil), http.StatusOK, "")
	h.want(h.ask("GET", "/api/manager/clip/about?"+q.Encode(), nil), http.StatusOK, "")
	for _, a := range *asked {
		if strings.HasSuffix(a, "1") {
			t.Errorf("vision was asked for plain footage: %s", a)
		}
	}
	for path, body := range map[string]any{
		"/footage/view": twentySeconds, "/footage/holds": twentySeconds, "/footage/holds/h1/release": map[string]string{"reason": "because"},
		"/footage/export": map[string]any{"camera": "cam1", "from": start, "to": start.Add(time.Second), "plain": true},
		"/accounts":       map[string]string{}, "/accounts/m1/role": map[string]string{"role": "supervisor"},
	} {
		h.want(h.ask("POST", "/api/manager"+path, body), http.StatusForbidden, "forbidden")
	}
	h.want(h.ask("GET", "/api/manager/accounts", nil), http.StatusForbidden, "forbidden")
	if n := len(h.room.commands()); n != 0 {
		t.Errorf("%d commands were given", n)
	}
}

func TestEachPlainViewingIsInTheLogBeforeItIsSeen(t *testing.T) {
	h, asked := footageHouse(t, room.RoleSupervisor)
	w := h.ask("POST", "/api/manager/footage/view", twentySeconds)
	h.want(w, http.StatusOK, "")
	pass := decode[struct{ Pass string }](t, w).Pass
	if c, ok := h.room.commands()[0].(room.ViewFootage); !ok || !c.Plain || c.Camera != "cam1" || !c.To.Equal(start.Add(20*time.Second)) {
		t.Fatalf("the log has %+v", h.room.commands())
	}
	h.want(h.ask("GET", "/api/manager/clip?"+stretchOf(pass).Encode(), nil), http.StatusOK, "")
	if (*asked)[0] != "GET /clip 1" {
		t.Errorf("vision was asked for %v", *asked)
	}
	other := stretchOf(pass)
	other.Set("to", stamp(start.Add(time.Hour)))
	for name, q := range map[string]url.Values{
		"another stretch": other, "a pass that was made up": stretchOf("99999999999.00"), "no pass at all": stretchOf("x"),
		"another account's": stretchOf(h.server.pass("m2", stretch{Camera: "cam1", From: start, To: start.Add(20 * time.Second)}, start.Add(time.Hour).Unix())),
	} {
		if w := h.ask("GET", "/api/manager/clip?"+q.Encode(), nil); w.Code != http.StatusForbidden {
			t.Errorf("%s answers %d", name, w.Code)
		}
	}
	h.server.cfg.Now = func() time.Time { return start.Add(plainFor + time.Hour) }
	h.store.expires[onlyKey(h.store.sessions)] = start.Add(1000 * time.Hour)
	h.want(h.ask("GET", "/api/manager/clip?"+stretchOf(pass).Encode(), nil), http.StatusForbidden, "forbidden")

	h.room.err = room.ErrUnavailable // what the log does not have is not seen
	w = h.ask("POST", "/api/manager/footage/view", twentySeconds)
	h.want(w, http.StatusServiceUnavailable, "")
	if strings.Contains(w.Body.String(), "pass") {
		t.Errorf("a pass without a row of the log: %s", w.Body)
	}
}

func onlyKey(m map[string]string) string {
	for k := range m {
		return k
	}
	return ""
}

func TestAnExportHasACertificateOfItsPlaceInTheLog(t *testing.T) {
	h, _ := footageHouse(t, room.RoleSupervisor)
	h.room.reply = room.Reply{Entry: &room.Entry{Property: "demo", Room: "main", Seq: 42, Hash: []byte{1, 2}}}
	for _, plain := range []bool{false, true} {
		body := map[string]any{"camera": "cam1", "from": start, "to": start.Add(20 * time.Second), "plain": plain}
		w := h.ask("POST", "/api/manager/footage/export", body)
		h.want(w, http.StatusOK, "")
		got := decode[struct {
			File        string
			Certificate Certificate
		}](t, w)
		want := map[bool]string{false: "ab", true: "ab1"}[plain]
		if c := got.Certificate; c.Entry.Seq != 42 || c.Footage.SHA256 != want || c.By != "ann@example.com" || strings.Contains(got.File, "pass=") != plain {
			t.Errorf("plain %v: %+v", plain, got)
		}
		all := h.room.commands()
		if c, ok := all[len(all)-1].(room.ExportFootage); !ok || c.SHA256 != want || c.Plain != plain {
			t.Errorf("the log has %+v", all[len(all)-1])
		}
		h.want(h.ask("GET", got.File, nil), http.StatusOK, "")
	}
	before := len(h.room.commands())
	h.want(h.ask("POST", "/api/manager/footage/export", map[string]any{"camera": "cam9", "from": start, "to": start.Add(time.Second)}), http.StatusNotFound, "not_found")
	if len(h.room.commands()) != before {
		t.Error("footage that is not there was exported, says the log")
	}
}

func TestHoldsArePlacedOnTheDiskFirstAndLiftedInTheLogFirst(t *testing.T) {
	h, asked := footageHouse(t, room.RoleSupervisor)
	hold := map[string]any{"camera": "cam1", "from": start, "to": start.Add(time.Minute), "reason": "the police asked"}
	h.want(h.ask("POST", "/api/manager/footage/holds", hold), http.StatusOK, "")
	c, ok := h.room.commands()[0].(room.HoldFootage)
	if !ok || c.Hold.Reason != "the police asked" || c.Hold.By != "ann@example.com" || (*asked)[0] != "POST /holds" {
		t.Fatalf("%v, %+v", *asked, h.room.commands())
	}
	h.room.err = room.ErrUnavailable
	release := func(id string) *httptest.ResponseRecorder {
		return h.ask("POST", "/api/manager/footage/holds/"+id+"/release", map[string]string{"reason": "settled"})
	}
	h.want(release("h1"), http.StatusServiceUnavailable, "")
	h.room.err = nil
	for _, a := range *asked {
		if strings.HasPrefix(a, "DELETE") {
			t.Error("a hold was lifted that the log still has")
		}
	}
	h.want(release("h1"), http.StatusNoContent, "")
	if last := (*asked)[len(*asked)-1]; last != "DELETE /holds/h1" {
		t.Errorf("vision was last asked %s", last)
	}
	h.want(release("h9"), http.StatusNotFound, "not_found")
	delete(hold, "reason")
	h.want(h.ask("POST", "/api/manager/footage/holds", hold), http.StatusUnprocessableEntity, "invalid")
}

func TestASupervisorMakesAccountsAndGivesRoles(t *testing.T) {
	h, _ := footageHouse(t, room.RoleSupervisor)
	made := h.ask("POST", "/api/manager/accounts", map[string]string{"email": "bo@example.com", "name": "Bo", "password": goodPassword, "role": "manager"})
	h.want(made, http.StatusOK, "")
	bo := decode[managerFace](t, made)
	h.want(h.ask("POST", "/api/manager/accounts/"+bo.ID+"/role", map[string]string{"role": "supervisor"}), http.StatusNoContent, "")
	all := decode[[]managerFace](t, h.ask("GET", "/api/manager/accounts", nil))
	if len(all) != 2 || all[1].Email != "bo@example.com" || all[1].Role != room.RoleSupervisor {
		t.Errorf("accounts %+v", all)
	}
	for _, bad := range []map[string]string{
		{"email": "x", "name": "X", "password": goodPassword, "role": "manager"},
		{"email": "x@example.com", "name": "X", "password": "short", "role": "manager"},
		{"email": "x@example.com", "name": "X", "password": goodPassword, "role": "king"},
	} {
		h.want(h.ask("POST", "/api/manager/accounts", bad), http.StatusUnprocessableEntity, "invalid")
	}
}

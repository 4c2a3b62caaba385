package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func TestKioskViewHidesWhatAKioskHasNoUseFor(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery(room.Parcel{ID: "p1", Name: "Jana Whitfield", Appearance: []float32{1},
		Reading: &room.Reading{Lines: []room.TextLine{{Text: "secret line"}}}, Recipient: &room.Resident{Phone: "+15035550100"}})
	h.room.kiosk.Slots = []room.Slot{{ID: "B3", Polygon: []room.Point{{1, 2}}, Map: room.Rect{1, 2, 3, 4}}}
	w := h.ask("GET", "/api/kiosk/K1", nil)
	h.want(w, http.StatusOK, "")
	for _, hidden := range []string{"secret line", "appearance", "5550100", "cred1", `"holder":"c1"`} {
		if strings.Contains(w.Body.String(), hidden) {
			t.Errorf("the kiosk's view holds %q", hidden)
		}
	}
	v := decode[room.KioskView](t, w)
	if v.Parcels[0].Name != "Jana Whitfield" || v.Slots[0].Map != (room.Rect{1, 2, 3, 4}) {
		t.Errorf("the view lost what the kiosk shows: %+v", v)
	}
}

func TestStartPassesTheCredentialOn(t *testing.T) {
	h := open(t)
	h.room.reply = room.Reply{Visit: &room.Visit{ID: "v1", Credential: "cred1"}}
	w := h.ask("POST", "/api/kiosk/K1/start", map[string]string{"form": "pin", "secret": " 482913 "})
	h.want(w, http.StatusOK, "")
	want := room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: "482913"}}
	if got := h.room.commands(); len(got) != 1 || got[0] != room.Command(want) {
		t.Errorf("commands %+v, want %+v", got, want)
	}
	if h.room.by[0] != "kiosk:K1" || strings.Contains(w.Body.String(), "cred1") {
		t.Errorf("by %q, answer %s", h.room.by[0], w.Body)
	}
}

func TestStartRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err        error
		status     int
		retryAfter string
		reason     string
	}{
		"a wrong PIN":            {&room.Denial{Reason: "unknown"}, 403, "", "unknown"},
		"too many tries":         {&room.Denial{Reason: "throttled", RetryAfter: 90500 * time.Millisecond}, 429, "91", "throttled"},
		"the database is away":   {room.ErrUnavailable, 503, "", ""},
		"something is broken":    {http.ErrBodyNotAllowed, 500, "", ""},
		"somebody else is there": {room.ErrConflict, 409, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.room.err = c.err
			w := h.ask("POST", "/api/kiosk/K1/start", map[string]string{"form": "pin", "secret": "482913"})
			f := h.want(w, c.status, "")
			if f.Reason != c.reason || w.Header().Get("Retry-After") != c.retryAfter {
				t.Errorf("reason %q, retry after %q", f.Reason, w.Header().Get("Retry-After"))
			}
			if c.status == 500 && strings.Contains(w.Body.String(), "body") {
				t.Errorf("an inner error got out: %s", w.Body)
			}
			if strings.Contains(h.log.String(), "482913") {
				t.Error("the PIN is in the log")
			}
		})
	}
	h := open(t)
	for _, body := range []map[string]string{{"form": "voice", "secret": "x"}, {"form": "pin", "secret": " "}, {"form": "qr", "secret": strings.Repeat("x", 300)}} {
		h.want(h.ask("POST", "/api/kiosk/K1/start", body), http.StatusUnprocessableEntity, "invalid")
	}
	if len(h.room.commands()) != 0 {
		t.Error("malformed attempts reached the room")
	}
}

func TestCommandsActInTheVisitThatTheKioskShows(t *testing.T) {
	h := open(t)
	h.store.residents = []room.Resident{{ID: "r1", FirstName: "Jana", LastName: "W", Status: room.ResidentCurrent}}
	h.room.kiosk = delivery()
	for path, want := range map[string]room.Command{
		"register": room.RegisterParcel{Visit: "v1", Resident: "r1", Carrier: "UPS", Tracking: "1Z"},
		"drop":     room.DropParcel{Visit: "v1", Parcel: "p1"},
		"open":     room.OpenDoor{Visit: "v1"},
		"place":    room.ConfirmPlacement{Visit: "v1", Parcel: "p1", Slot: "B3"},
		"join":     room.JoinParcel{Visit: "v1", Unidentified: "u1", Registered: "p1"},
		"end":      room.EndVisit{Visit: "v1"},
	} {
		t.Run(path, func(t *testing.T) {
			body := map[string]string{"visit": "v1", "resident": "r1", "carrier": "UPS", "tracking": "1Z", "parcel": "p1", "slot": "B3",
				"unidentified": "u1", "registered": "p1"}
			before := len(h.room.commands())
			h.want(h.ask("POST", "/api/kiosk/K1/"+path, body), http.StatusOK, "")
			if got := h.room.commands()[before]; got != want {
				t.Errorf("command %+v, want %+v", got, want)
			}
			body["visit"] = "the one before"
			h.want(h.ask("POST", "/api/kiosk/K1/"+path, body), http.StatusConflict, "conflict")
			if len(h.room.commands()) != before+1 {
				t.Error("an old page acted in somebody else's visit")
			}
		})
	}
	h.room.set(room.KioskView{})
	h.want(h.ask("POST", "/api/kiosk/K1/open", map[string]string{}), http.StatusConflict, "conflict")
	h.room.set(room.KioskView{Visit: &room.Visit{ID: "v2", Kind: room.VisitResident}})
	h.want(h.ask("POST", "/api/kiosk/K1/register", map[string]string{"visit": "v2"}), http.StatusForbidden, "forbidden")
	before := len(h.room.commands())
	h.want(h.ask("POST", "/api/kiosk/K1/lead", map[string]string{"visit": "v2", "parcel": "p1"}), http.StatusOK, "")
	if got, ok := h.room.commands()[before].(room.LeadTo); !ok || got.Visit != "v2" || !slices.Equal(got.Parcels, []string{"p1"}) {
		t.Errorf("command %+v leads to p1", h.room.commands()[before])
	}
	h.want(h.ask("POST", "/api/kiosk/K1/end", map[string]string{"visit": "v2"}), http.StatusOK, "")
}

func TestAFormerResidentGetsNoPackages(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	h.store.residents = []room.Resident{{ID: "r1", Status: room.ResidentPast}}
	h.want(h.ask("POST", "/api/kiosk/K1/register", map[string]string{"resident": "r1"}), http.StatusConflict, "conflict")
	h.want(h.ask("POST", "/api/kiosk/K1/register", map[string]string{"resident": "nobody"}), http.StatusNotFound, "not_found")
}

func TestResidentSearchIsForOpenDeliveriesOnly(t *testing.T) {
	h := open(t)
	for i := range 12 {
		h.store.residents = append(h.store.residents, room.Resident{ID: string(rune('a' + i)), FirstName: "Jana", LastName: "W", Unit: "412",
			Email: "jana@example.com", Phone: "+15035550100", Status: room.ResidentCurrent})
	}
	h.want(h.ask("GET", "/api/kiosk/K1/residents?q=jana", nil), http.StatusConflict, "conflict")
	h.room.set(room.KioskView{Visit: &room.Visit{ID: "v2", Kind: room.VisitResident}})
	h.want(h.ask("GET", "/api/kiosk/K1/residents?q=jana", nil), http.StatusForbidden, "forbidden")
	h.room.set(delivery())
	h.want(h.ask("GET", "/api/kiosk/K1/residents?q=+j+", nil), http.StatusUnprocessableEntity, "invalid")
	w := h.ask("GET", "/api/kiosk/K1/residents?q=jana", nil)
	if got := decode[[]map[string]string](t, w); len(got) != searchLimit || len(got[0]) != 3 {
		t.Errorf("search gave %d people with %v", len(got), got[0])
	}
	if q := h.store.filter.(room.ResidentFilter); len(q.Statuses) != 2 || q.Limit != searchLimit {
		t.Errorf("filter %+v", q)
	}
	if strings.Contains(h.log.String(), "jana") {
		t.Error("the searched name is in the log")
	}
}

func TestAKioskShowsOnlyThePicturesOfItsView(t *testing.T) {
	h := open(t)
	mine, _ := h.pictures.Put(t.Context(), photo(t))
	other, _ := h.pictures.Put(t.Context(), append(photo(t), 0))
	h.want(h.ask("GET", "/api/kiosk/K1/pictures/"+mine, nil), http.StatusConflict, "")
	h.room.set(delivery(room.Parcel{ID: "p1", Photo: mine}))
	if w := h.ask("GET", "/api/kiosk/K1/pictures/"+mine, nil); w.Code != 200 || w.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("own picture: %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	h.want(h.ask("GET", "/api/kiosk/K1/pictures/"+other, nil), http.StatusNotFound, "not_found")
	h.want(h.ask("GET", "/api/kiosk/K1/pictures/", nil), http.StatusNotFound, "")
	if !strings.Contains(h.log.String(), "picture read") || !strings.Contains(h.log.String(), "kiosk:K1") {
		t.Error("the read is not in the log")
	}
}

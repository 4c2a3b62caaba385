package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

func TestAResidentSeesTheirOwnPackagesOnly(t *testing.T) {
	h := open(t)
	mine, _ := h.pictures.Put(t.Context(), photo(t))
	label, _ := h.pictures.Put(t.Context(), append(photo(t), 1))
	other, _ := h.pictures.Put(t.Context(), append(photo(t), 2))
	h.store.residents = []room.Resident{{ID: "r.1", FirstName: "Jana", LastName: "Whitfield", Unit: "412", Language: "es", Phone: "+15035550100"}}
	h.store.parcels = []room.Parcel{
		{ID: "p1", Resident: "r.1", State: room.ParcelStored, Slot: "B3", Photo: mine, LabelPhoto: label, Carrier: "UPS"},
		{ID: "p2", Resident: "r.1", State: room.ParcelCollected, Slot: "C1", Ended: start.Add(-time.Hour)},
		{ID: "p3", Resident: "r2", State: room.ParcelStored, Slot: "B4", Photo: other},
	}
	h.room.now = room.RoomView{Slots: []room.Slot{{ID: "B3", Map: room.Rect{1, 2, 3, 4}, Fullness: 0.7}}, Parcels: h.store.parcels}
	base := "/api/r/" + room.SignLink(h.server.cfg.LinkKey, "r.1", start.Add(time.Hour))

	w := h.ask("GET", base, nil)
	f := decode[residentFace](t, w)
	if f.Name != "Jana" || len(f.Here) != 1 || f.Here[0].Slot != "B3" || len(f.Past) != 1 || f.Past[0].Slot != "" || !f.MapKnown || f.Timezone != "America/Los_Angeles" {
		t.Errorf("page %+v", f)
	}
	for _, hidden := range []string{"B4", "p3", "5550100", label, "pin", "0.7"} {
		if strings.Contains(strings.ToLower(w.Body.String()), strings.ToLower(hidden)) {
			t.Errorf("the page holds %q: %s", hidden, w.Body)
		}
	}
	if q := h.store.filter.(room.ParcelFilter); !q.From.Equal(start.Add(-residentHistory)) {
		t.Errorf("history from %v", q.From)
	}
	h.want(h.ask("GET", base+"/pictures/"+mine, nil), http.StatusOK, "")
	for _, ref := range []string{other, label, ""} {
		h.want(h.ask("GET", base+"/pictures/"+ref, nil), http.StatusNotFound, "not_found")
	}

	h.room.err = room.ErrUnavailable
	if f := decode[residentFace](t, h.ask("GET", base, nil)); f.MapKnown || len(f.Here) != 1 {
		t.Errorf("while the room is away: %+v", f)
	}
	if l := h.log.String(); strings.Contains(l, base) || !strings.Contains(l, "/api/r/:token") {
		t.Error("the link is in the log, or the route is not")
	}
}

func TestLinksThatOpenNothing(t *testing.T) {
	h := open(t)
	h.store.residents = []room.Resident{{ID: "r1"}}
	good := room.SignLink(h.server.cfg.LinkKey, "r1", start.Add(time.Hour))
	for name, token := range map[string]string{
		"expired":        room.SignLink(h.server.cfg.LinkKey, "r1", start),
		"another key":    room.SignLink([]byte("another key, just as long as ours"), "r1", start.Add(time.Hour)),
		"altered":        "x" + good,
		"no signature":   strings.Split(good, ".")[0],
		"not even close": "hello",
	} {
		t.Run(name, func(t *testing.T) {
			h.want(h.ask("GET", "/api/r/"+token, nil), http.StatusForbidden, "forbidden")
		})
	}
	h.want(h.ask("GET", "/api/r/"+good, nil), http.StatusOK, "")
	gone := room.SignLink(h.server.cfg.LinkKey, "r9", start.Add(time.Hour))
	h.want(h.ask("GET", "/api/r/"+gone, nil), http.StatusNotFound, "not_found")
}

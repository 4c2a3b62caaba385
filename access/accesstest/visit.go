package accesstest

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/room"
)

// house is a running room with two shelves, as its kiosk and its manager reach it.
type house struct {
	*room.Client
	devices room.Devices
	pin     string // of a courier
}

func newHouse(t *testing.T, devices room.Devices) *house {
	t.Helper()
	v := NewVault()
	gate, err := access.NewGate(access.Config{Pepper: bytes.Repeat([]byte("p"), 32), Store: v})
	if err != nil {
		t.Fatal(err)
	}
	creds, secret, err := gate.Issue(room.CredentialCourier, "C1", []room.CredentialForm{room.FormPIN}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	v.Add(creds...)
	if devices.Door == nil {
		devices.Door = still{}
	}
	service := room.NewService(room.Config{Property: "p", Room: "r", Kiosk: "K1", Door: "main",
		Slots: []room.Slot{{ID: "A1", Kind: room.SlotShelf}, {ID: "D4", Kind: room.SlotShelf}}}, v, gate, devices, nil)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	server := httptest.NewServer(service.Handler("token"))
	t.Cleanup(func() {
		server.Close()
		stop()
		<-ended
	})
	Eventually(t, "the room is read", func() bool { return service.Ready() == nil })
	return &house{&room.Client{URL: server.URL, Token: "token"}, devices, secret.PIN}
}

func (h *house) do(t *testing.T, c room.Command) room.Reply {
	t.Helper()
	r, err := h.Do(t.Context(), "kiosk:K1", c)
	if err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	return r
}

// tells reports whether a device's problem on the manager's page has all words.
func (h *house) tells(t *testing.T, words []string) bool {
	t.Helper()
	now, err := h.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range now.Devices {
		has := !d.OK
		for _, w := range words {
			has = has && strings.Contains(d.Problem, w)
		}
		if has {
			return true
		}
	}
	return false
}

// VisitGoesOn begins a courier's visit in a room with these devices, lets fail
// make one of them fail, waits until the manager's page has a message with words,
// and brings the visit to its end as if nothing had been. A door may refuse to
// open then; it must say so soon.
func VisitGoesOn(t *testing.T, devices room.Devices, fail func(), words ...string) {
	t.Helper()
	h := newHouse(t, devices)
	visit := h.do(t, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: h.pin}}).Visit.ID
	parcel := h.do(t, room.RegisterParcel{Visit: visit, Resident: "R1", Carrier: "UPS", LabelPhoto: "p1"}).Parcel.ID
	fail()
	Eventually(t, "the manager is told "+strings.Join(words, " … "), func() bool {
		if devices.Lights != nil {
			_ = devices.Lights.Set(t.Context(), map[string]room.Signal{"A1": room.SignalSuggest}) // as the room does all the time
		}
		return h.tells(t, words)
	})
	if _, err := h.Do(t.Context(), "kiosk:K1", room.OpenDoor{Visit: visit}); err != nil && !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("the door: %v", err)
	}
	h.do(t, room.RegisterParcel{Visit: visit, Carrier: "UPS", LabelPhoto: "p2"})
	h.do(t, room.ConfirmPlacement{Visit: visit, Parcel: parcel, Slot: "A1"})
	h.do(t, room.EndVisit{Visit: visit})
	view, err := h.Kiosk(t.Context(), "K1")
	if err != nil || view.Visit != nil && view.Visit.Phase == room.VisitGranted {
		t.Errorf("the visit did not end: %+v, %v", view.Visit, err)
	}
}

// still is a door for rooms whose other devices are tried.
type still struct{}

func (still) Unlock(context.Context, room.Grant) error { return nil }
func (still) Lock(context.Context) error               { return nil }
func (still) Events(ctx context.Context) <-chan room.DoorEvent {
	out := make(chan room.DoorEvent)
	context.AfterFunc(ctx, func() { close(out) })
	return out
}

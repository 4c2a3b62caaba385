package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/sim"
)

// do gives the room a command until it is carried out, as a kiosk whose button
// is pressed again would; the ID makes it happen once.
func (d *crashDay) do(id string, c room.Command) (r room.Reply) {
	d.t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		d.t.Fatal(err)
	}
	waitLong(d.t, c.Name(), func() bool {
		body, _ := json.Marshal(room.Envelope{ID: id, Name: c.Name(), By: "kiosk:K1", Data: data})
		status, answer := d.ask(http.MethodPost, "/do", body)
		switch status {
		case http.StatusOK:
			return json.Unmarshal(answer, &r) == nil
		case 0, http.StatusServiceUnavailable:
			return false
		case http.StatusConflict:
			if bytes.Contains(answer, []byte("carried out before")) {
				return true
			}
		}
		d.t.Fatalf("%s %s: %d %s", c.Name(), id, status, answer)
		return false
	})
	return r
}

func (d *crashDay) ask(method, path string, body []byte) (status int, answer []byte) {
	req, err := http.NewRequest(method, d.cfg.Room.URL+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	resp, err := (&http.Client{Timeout: 8 * time.Second}).Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil
	}
	return resp.StatusCode, answer
}

func (d *crashDay) now() (v room.RoomView, ok bool) {
	status, b := d.ask(http.MethodGet, "/now", nil)
	return v, status == http.StatusOK && json.Unmarshal(b, &v) == nil
}

func (d *crashDay) setUp() map[string]string {
	waitLong(d.t, "the room service is up", func() bool { _, ok := d.now(); return ok })
	pins := map[string]string{}
	waitLong(d.t, "demonstration data", func() bool { _, err := os.Stat(d.cfg.Path(welcomeFile)); return err == nil })
	var rs []room.Resident
	for i := range 4 {
		rs = append(rs, room.Resident{ID: resident(i), FirstName: "Res", LastName: fmt.Sprint("Ident", i), Unit: fmt.Sprint(i, "A"),
			Status: room.ResidentCurrent, Email: resident(i) + "@example.com"})
	}
	d.do("set-roster", room.ImportRoster{Residents: rs})
	d.do("set-courier", room.SaveCourier{Courier: room.Courier{ID: "C1", Name: "Ana", Carrier: "UPS", Active: true}})
	pins["C1"] = d.do("set-pin", room.IssueCredential{Kind: room.CredentialCourier, Holder: "C1"}).Secret.PIN
	return pins
}

func resident(i int) string { return fmt.Sprintf("CR%d", i%4) }

// visitOf waits for the open visit of a holder.
func (d *crashDay) visitOf(holder string) (v room.Visit) {
	d.t.Helper()
	waitLong(d.t, "visit of "+holder, func() bool {
		view, ok := d.now()
		for _, w := range view.Visits {
			if w.Holder == holder {
				v = w
				return ok
			}
		}
		return false
	})
	return v
}

// goIn opens the door and walks in; a door that is still locked is asked for
// again.
func (d *crashDay) goIn(id string, v room.Visit) {
	d.t.Helper()
	n := 0
	waitLong(d.t, "entry", func() bool {
		if _, err := d.sim.Act(context.Background(), sim.Action{Do: "enter"}); err == nil {
			return true
		}
		n++
		d.do(fmt.Sprintf("%s-open%d", id, n), room.OpenDoor{Visit: v.ID})
		return false
	})
}

// goOut walks out and waits for the visit's end; where it does not come the
// person says "I'm done" at the kiosk.
func (d *crashDay) goOut(id string, v room.Visit) {
	d.t.Helper()
	if _, err := d.sim.Act(context.Background(), sim.Action{Do: "leave"}); err != nil {
		d.t.Fatal(err)
	}
	left, n := time.Now(), 0
	waitLong(d.t, "end of the visit of "+v.Holder, func() bool {
		view, ok := d.now()
		if !ok {
			return false
		}
		if !slices.ContainsFunc(view.Visits, func(w room.Visit) bool { return w.ID == v.ID }) {
			return true
		}
		if time.Since(left) > time.Duration(6+5*n)*time.Second {
			n++
			d.do(fmt.Sprintf("%s-done%d", id, n), room.EndVisit{Visit: v.ID})
		}
		return false
	})
}

// deliver is one courier's visit with two packages.
func (d *crashDay) deliver(i int, pin string) {
	d.t.Helper()
	id := fmt.Sprintf("delivery%d", i)
	d.do(id, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: pin}})
	v := d.visitOf("C1")
	for j := range 2 {
		d.do(fmt.Sprint(id, "-scan", j), room.RegisterParcel{Visit: v.ID, Resident: resident(2*i + j), Tracking: tracking(i, j)})
	}
	d.goIn(id, v)
	for j := range 2 {
		p := d.parcel(tracking(i, j), func(p room.Parcel) bool { return p.Suggested != "" })
		d.see(room.ChangePlaced, i, j, p.Suggested)
		d.parcel(tracking(i, j), func(p room.Parcel) bool { return p.State == room.ParcelStored })
	}
	d.goOut(id, v)
}

// pickUp is the visit of the resident whose package came first.
func (d *crashDay) pickUp(i int) {
	d.t.Helper()
	id := fmt.Sprintf("pickup%d", i)
	who := resident(2 * i)
	d.do(id, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: d.pinOf(who, i)}})
	v := d.visitOf(who)
	d.goIn(id, v)
	p := d.parcel(tracking(i, 0), func(room.Parcel) bool { return true })
	d.see(room.ChangeRemoved, i, 0, p.Slot)
	waitLong(d.t, "collection", func() bool {
		view, ok := d.now()
		return ok && !slices.ContainsFunc(view.Parcels, func(q room.Parcel) bool { return q.ID == p.ID })
	})
	d.goOut(id, v)
}

func tracking(i, j int) string { return fmt.Sprintf("T%02d%d", i, j) }

// see reports a change as a camera worker would: until the bus has it.
func (d *crashDay) see(kind room.ChangeKind, i, j int, slot string) {
	d.t.Helper()
	c := room.Change{ID: fmt.Sprintf("%s-%s", kind, tracking(i, j)), Kind: kind, Camera: "cam1", Item: tracking(i, j), Slot: slot,
		BBox: room.Rect{1, 1, 10, 10}, Confidence: 0.95, At: time.Now().UTC(), Seen: time.Now().UTC()}
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if err := d.bus.PublishChange(ctx, c); err != nil {
		d.t.Fatal(err)
	}
}

func (d *crashDay) parcel(number string, is func(room.Parcel) bool) (p room.Parcel) {
	d.t.Helper()
	waitLong(d.t, "parcel "+number, func() bool {
		view, ok := d.now()
		i := slices.IndexFunc(view.Parcels, func(q room.Parcel) bool { return q.Tracking == number && is(q) })
		if !ok || i < 0 {
			return false
		}
		p = view.Parcels[i]
		return true
	}, func() string {
		_, b := d.ask(http.MethodGet, "/now", nil)
		return string(b)
	})
	return p
}

var pinInMail = regexp.MustCompile(`PIN: (\d{4}) ?(\d{4})`)

// pinOf reads a resident's newest PIN out of their mail, once as many came as
// packages were put down for them.
func (d *crashDay) pinOf(who string, round int) (pin string) {
	d.t.Helper()
	want := 0
	for i := range round + 1 {
		for j := range 2 {
			if resident(2*i+j) == who {
				want++
			}
		}
	}
	waitLong(d.t, "mail to "+who, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		var pins []string
		for _, b := range d.mails {
			if m := pinInMail.FindSubmatch(b); m != nil && bytes.Contains(b, []byte(who+"@example.com")) {
				pins = append(pins, string(m[1])+string(m[2]))
			}
		}
		if len(pins) != want {
			return false
		}
		// The others ended when nothing was left of the packages before.
		for _, p := range pins {
			if !d.spent[p] {
				pin = p
			}
			d.spent[p] = true
		}
		return true
	})
	return pin
}

// end reads how the day ended.
func (d *crashDay) end() dayEnd {
	d.t.Helper()
	ctx := d.t.Context()
	store, err := postgres.Open(ctx, postgres.Config{URL: d.cfg.Postgres.URL, Property: d.cfg.Property.ID, Room: d.cfg.Room.ID})
	if err != nil {
		d.t.Fatal(err)
	}
	defer store.Close()
	waitLong(d.t, "every message is sent", func() bool {
		ds, err := store.Deliveries(ctx, 1000)
		return err == nil && !slices.ContainsFunc(ds, func(x room.Delivery) bool { return x.State != room.DeliverySent })
	})
	report, err := store.Verify(ctx)
	if err != nil || report.Fault != nil {
		d.t.Errorf("the event log does not verify: %v %+v", err, report)
	}
	e := dayEnd{Events: map[string]int{}, Mail: map[string]int{}}
	ps, err := store.Parcels(ctx, room.ParcelFilter{Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, p := range ps {
		e.Parcels = append(e.Parcels, fmt.Sprintf("%s %s %s", p.Tracking, p.State, p.Resident))
	}
	sort.Strings(e.Parcels)
	view, _ := d.now()
	for _, i := range view.Items {
		e.Items = append(e.Items, i.Key)
	}
	events, err := store.Events(ctx, room.EventFilter{Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	unlocked := map[string]int{}
	for _, ev := range events {
		k := string(ev.Kind)
		if strings.HasPrefix(k, "parcel.") || ev.Kind == room.EvVisitStarted || ev.Kind == room.EvVisitEnded {
			e.Events[k]++
		}
		if ev.Kind == room.EvDoorUnlocked {
			unlocked[ev.ID]++
		}
	}
	for _, i := range view.Incidents {
		if i.Kind != room.IncidentDoorFault && i.Kind != room.IncidentDoorForced { // what a room that was dead could not see
			e.Broken = append(e.Broken, string(i.Kind))
		}
	}
	if n := d.sim.State().Door.Unlocks; n > len(unlocked) {
		d.t.Errorf("the strike acted %d times for %d grants", n, len(unlocked))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.mails {
		m, _ := mail.ReadMessage(bytes.NewReader(b))
		kind := "collected"
		if pinInMail.Match(b) {
			kind = "stored"
		}
		e.Mail[kind+" "+m.Header.Get("To")]++
	}
	d.t.Logf("%d events, %d grants, %d mails, %d of them sent again under the same Message-ID", len(events), len(unlocked), len(d.mails), d.again)
	return e
}

// waitLong is waitUntil for a room that is being shot at.
func waitLong(t *testing.T, what string, is func() bool, details ...func() string) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not so after 2 minutes: %s%s", what, said(details))
		}
	}
}

func said(details []func() string) (s string) {
	for _, d := range details {
		s += "\n" + d()
	}
	return s
}

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
	waitUntil(d.t, c.Name(), func() bool {
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

// ask asks the room service. Status 0 is no answer.
func (d *crashDay) ask(method, path string, body []byte) (status int, answer []byte) {
	return d.request(method, d.cfg.Room.URL+path, body)
}

func (d *crashDay) request(method, url string, body []byte) (status int, answer []byte) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
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

// setUp waits for the demonstration, and gives the PIN of a courier of our own.
func (d *crashDay) setUp() (pin string) {
	waitUntil(d.t, "the room service is up", func() bool { _, ok := d.now(); return ok })
	waitUntil(d.t, "demonstration data", func() bool { _, err := os.Stat(d.cfg.Path(welcomeFile)); return err == nil })
	d.do("set-courier", room.SaveCourier{Courier: room.Courier{ID: "C1", Name: "Ana", Carrier: "UPS", Active: true}})
	for n := 0; pin == ""; n++ { // an answer that a kill swallowed is not given again
		if r := d.do(fmt.Sprint("set-pin", n), room.IssueCredential{Kind: room.CredentialCourier, Holder: "C1"}); r.Secret != nil {
			pin = r.Secret.PIN
		}
	}
	return pin
}

// neighbours are residents of the demonstration of whom there are labels: one
// who comes for every package, and one who never does.
var neighbours = [2]struct{ id, mail, label string }{
	{"R84816", "deborah.johnson.8e@example.com", "deborah-johnson-8e.jpg"},
	{"R23776", "dmitri.vogel.708@example.com", "dmitri-vogel-708.jpg"},
}

// readLabel shows a neighbour's label to the kiosk until it is known whose it is,
// as a courier whose kiosk says that it cannot be read now.
func (d *crashDay) readLabel(n int) (r room.Reading) {
	d.t.Helper()
	who := neighbours[n]
	if d.labels[who.id] == "" {
		photo, err := demoFiles.ReadFile("demo/labels/" + who.label)
		if err != nil {
			d.t.Fatal(err)
		}
		if d.labels[who.id], err = d.cfg.LabelPictures().Put(d.t.Context(), photo); err != nil {
			d.t.Fatal(err)
		}
	}
	var err error
	waitUntil(d.t, "a reading of "+who.label, func() bool {
		r, err = d.bus.ReadLabel(d.t.Context(), room.ReadRequest{Property: d.cfg.Property.ID, Picture: d.labels[who.id]})
		return err == nil && r.Decision == room.DecisionMatch
	}, func() string { return fmt.Sprint(r.Decision, " ", r.Reason, " ", err) })
	return r
}

// act does something in the simulated room. answered is false while it is dead.
func (d *crashDay) act(what string) (done, answered bool) {
	body, err := json.Marshal(sim.Action{Do: what})
	if err != nil {
		d.t.Fatal(err)
	}
	status, answer := d.request(http.MethodPost, d.cfg.Sim.URL+"/act", body)
	if status != 0 && status != http.StatusOK && status != http.StatusConflict {
		d.t.Fatalf("%s: %d %s", what, status, answer)
	}
	return status == http.StatusOK, status != 0
}

// strikes is how often the strike has acted in this life of the sim.
func (d *crashDay) strikes() int {
	var s sim.State
	if status, b := d.request(http.MethodGet, d.cfg.Sim.URL+"/state", nil); status == http.StatusOK && json.Unmarshal(b, &s) != nil {
		d.t.Errorf("the simulated room's state: %s", b)
	}
	return s.Door.Unlocks
}

// visitOf waits for the open visit of a holder.
func (d *crashDay) visitOf(holder string) (v room.Visit) {
	d.t.Helper()
	waitUntil(d.t, "visit of "+holder, func() bool {
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
	waitUntil(d.t, "entry", func() bool {
		done, answered := d.act("enter")
		if answered && !done {
			n++
			d.do(fmt.Sprintf("%s-open%d", id, n), room.OpenDoor{Visit: v.ID})
		}
		return done
	})
}

// goOut walks out, if the sim has not died with the person in it, and waits for
// the visit's end; where it does not come the person says "I'm done" at the
// kiosk.
func (d *crashDay) goOut(id string, v room.Visit) {
	d.t.Helper()
	waitUntil(d.t, "a way out", func() bool { _, answered := d.act("leave"); return answered })
	left, n := time.Now(), 0
	waitUntil(d.t, "end of the visit of "+v.Holder, func() bool {
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

// deliver is one courier's visit with a package for each neighbour.
func (d *crashDay) deliver(i int, pin string) {
	d.t.Helper()
	id := fmt.Sprintf("delivery%d", i)
	d.do(id, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: pin}})
	v := d.visitOf("C1")
	for j := range neighbours {
		r := d.readLabel(j)
		r.Appearance = colours[j]
		d.do(fmt.Sprint(id, "-scan", j), room.RegisterParcel{Visit: v.ID, Resident: r.Candidates[0].ResidentID, Tracking: tracking(i, j), Reading: &r})
	}
	d.goIn(id, v)
	for j := range neighbours {
		d.see(room.ChangePlaced, i, j, d.freeSlot(tracking(i, j)))
		d.parcel(tracking(i, j), func(p room.Parcel) bool { return p.State == room.ParcelStored })
	}
	d.goOut(id, v)
}

// colours are the looks of the packages of one delivery.
var colours = [2][]float32{{1, 0}, {0, 1}}

// freeSlot is where the courier puts a package: where the kiosk said or, where it
// trusted no camera and said nothing, somewhere that is not for another one.
func (d *crashDay) freeSlot(number string) (id string) {
	d.t.Helper()
	waitUntil(d.t, "a slot for "+number, func() bool {
		view, ok := d.now()
		promised := map[string]bool{}
		for _, p := range view.Parcels {
			if p.Tracking == number {
				id = p.Suggested
			}
			promised[p.Suggested] = true
		}
		for _, s := range view.Slots {
			if id == "" && !promised[s.ID] {
				id = s.ID
			}
		}
		return ok && id != ""
	})
	return id
}

// pickUp is the first neighbour's visit for the package that has just come.
func (d *crashDay) pickUp(i int) {
	d.t.Helper()
	id := fmt.Sprintf("pickup%d", i)
	d.do(id, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: d.newPIN(i + 1)}})
	v := d.visitOf(neighbours[0].id)
	d.goIn(id, v)
	p := d.parcel(tracking(i, 0), func(room.Parcel) bool { return true })
	d.see(room.ChangeRemoved, i, 0, p.Slot)
	waitUntil(d.t, "collection", func() bool {
		view, ok := d.now()
		return ok && !slices.ContainsFunc(view.Parcels, func(q room.Parcel) bool { return q.ID == p.ID })
	})
	d.goOut(id, v)
}

func tracking(i, j int) string { return fmt.Sprintf("T%02d%d", i, j) }

// see reports a change as a camera worker would: until the bus has it.
func (d *crashDay) see(kind room.ChangeKind, i, j int, slot string) {
	d.t.Helper()
	c := room.Change{ID: fmt.Sprintf("%s-%s", kind, tracking(i, j)), Kind: kind, Camera: "day", Item: tracking(i, j), Slot: slot,
		BBox: room.Rect{1, 1, 10, 10}, Confidence: 0.95, Appearance: colours[j], At: time.Now().UTC(), Seen: time.Now().UTC()}
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if err := d.bus.PublishChange(ctx, c); err != nil {
		d.t.Fatal(err)
	}
}

func (d *crashDay) parcel(number string, is func(room.Parcel) bool) (p room.Parcel) {
	d.t.Helper()
	waitUntil(d.t, "parcel "+number, func() bool {
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

// newPIN reads the PIN of the first neighbour's newest package out of their
// mails, once there are as many as packages came for them.
func (d *crashDay) newPIN(packages int) (pin string) {
	d.t.Helper()
	waitUntil(d.t, "mail about a package", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		var pins []string
		for _, b := range d.mails {
			if m := pinInMail.FindSubmatch(b); m != nil && bytes.Contains(b, []byte(neighbours[0].mail)) {
				pins = append(pins, string(m[1])+string(m[2]))
			}
		}
		if len(pins) != packages {
			return false
		}
		for _, p := range pins { // the others ended with the packages before
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
	waitUntil(d.t, "every message is sent", func() bool {
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
		if data := ev.Kind.NewData(); len(ev.Data) > 0 {
			if err := json.Unmarshal(ev.Data, data); err != nil {
				d.t.Errorf("data of %s: %v", ev.Kind, err)
			}
		}
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
	if n := d.unlocks + d.strikes(); n > len(unlocked) {
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

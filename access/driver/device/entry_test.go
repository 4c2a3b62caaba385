package device_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// TestOneEntryAGrant drives random people, commands, clocks and failures through
// policy, room and door together: the gate that decides, the service that commits
// and sends, a line that loses, doubles and reorders what is sent, and the door
// that acts. No strike is released but by a committed grant that has not expired;
// each grant lets one in.
func TestOneEntryAGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(t *rapid.T) { // a bubble has no deadline
			h := newHouse(t)
			defer h.close()
			t.Repeat(h.actions())
		})
	})
}

// house is a room with its gate and its door, and those who want to come in.
type house struct {
	*accesstest.Vault
	t       *rapid.T
	service *room.Service
	line    *line
	close   func()
	secrets map[string]room.Secret // by kind
	visits  []string
	revoked bool
}

func newHouse(t *rapid.T) *house {
	h := &house{Vault: accesstest.NewVault(), t: t, secrets: map[string]room.Secret{}}
	gate, err := access.NewGate(access.Config{Pepper: bytes.Repeat([]byte("p"), 32), Store: h.Vault, Step: -1})
	if err != nil {
		t.Fatal(err)
	}
	h.line = &line{house: h, entries: map[string]int{}}
	h.line.Doorway = device.NewDoorway(h.line.strike)
	h.line.Doorway.Contact(false)
	h.service = room.NewService(room.Config{Property: "p", Room: "r", Kiosk: "K1", Door: "d"}, h.Vault, gate, room.Devices{Door: h.line}, nil)
	for kind, holder := range map[room.CredentialKind]string{room.CredentialPickup: "R1", room.CredentialPass: "R2", room.CredentialCourier: "C1", room.CredentialStaff: "M1"} {
		creds, secret, err := gate.Issue(kind, holder, []room.CredentialForm{room.FormPIN}, time.Now().Add(1000*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		h.secrets[string(kind)] = secret
		h.Add(creds...)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.service.Run(ctx) }()
	synctest.Wait()
	h.close = func() {
		stop()
		<-ended
		_ = h.line.Doorway.Close()
		synctest.Wait()
	}
	return h
}

// do sends a command: with an ID that others had, perhaps, or too late.
func (h *house) do(t *rapid.T, c room.Command) {
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	late := rapid.SampledFrom([]time.Duration{time.Minute, time.Minute, time.Minute, -time.Second}).Draw(t, "expires")
	e := room.Envelope{ID: rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "id"), Name: c.Name(), Expires: time.Now().Add(late), By: "manager:ann", Data: data}
	grants := len(h.line.sent)
	r, err := h.service.Do(context.Background(), e)
	if late < 0 && (err == nil || len(h.line.sent) != grants) {
		t.Fatalf("%s was carried out though it came too late", c.Name())
	}
	if err == nil && r.Visit != nil {
		h.visits = append(h.visits, r.Visit.ID)
	}
	synctest.Wait()
}

func (h *house) actions() map[string]func(*rapid.T) {
	kinds := []string{"pickup", "pass", "courier", "staff", "nobody"}
	return map[string]func(*rapid.T){
		"PIN": func(t *rapid.T) {
			secret := h.secrets[rapid.SampledFrom(kinds).Draw(t, "whose")].PIN
			if secret == "" {
				secret = "10293847"
			}
			h.do(t, room.StartVisit{Attempt: room.Attempt{Kiosk: rapid.SampledFrom([]string{"K1", "K2"}).Draw(t, "kiosk"), Form: room.FormPIN, Secret: secret}})
		},
		"open": func(t *rapid.T) {
			if len(h.visits) > 0 {
				h.do(t, room.OpenDoor{Visit: rapid.SampledFrom(h.visits).Draw(t, "visit")})
			}
		},
		"manager": func(t *rapid.T) { h.do(t, room.ManagerUnlock{Manager: "ann", Reason: "inspection"}) },
		"revoke": func(t *rapid.T) {
			creds, _ := h.Credentials(context.Background(), "R1") // none while the database is down
			for _, c := range creds {
				h.do(t, room.RevokeCredential{Holder: c.Holder, Credential: c.ID})
			}
		},
		"enter": func(*rapid.T) { h.line.pull() },
		"leave": func(*rapid.T) { h.line.swing(true) },
		"force": func(*rapid.T) { h.line.swing(false) },
		"wait": func(t *rapid.T) {
			<-time.After(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "milliseconds")) * time.Millisecond)
			synctest.Wait()
		},
		"database": func(t *rapid.T) {
			h.Set(rapid.Bool().Draw(t, "down"), rapid.Bool().Draw(t, "torn"))
		},
		"line": func(t *rapid.T) {
			h.line.loses, h.line.keeps, h.line.mute = rapid.Bool().Draw(t, "loses"), rapid.Bool().Draw(t, "keeps"), rapid.Bool().Draw(t, "mute")
		},
		"late":  func(t *rapid.T) { h.line.deliver(rapid.IntRange(0, 9).Draw(t, "which")) },
		"again": func(t *rapid.T) { h.line.again(rapid.IntRange(0, 9).Draw(t, "which")) },
		"":      h.check,
	}
}

// check reads the log: every entry in it is by a grant that no other entry had.
func (h *house) check(t *rapid.T) {
	open := map[string]bool{} // grants of a visit that nobody has used
	for _, e := range h.Log() {
		switch {
		case e.Kind == room.EvDoorUnlocked:
			open[e.Visit] = true
		case e.Kind == room.EvDoorOpened && e.Visit != "":
			if !open[e.Visit] {
				t.Fatalf("visit %s went in without a grant of its own", e.Visit)
			}
			clear(open) // the newest grant ends those before it
		}
	}
}

// line stands between the room and its door: it loses commands, delivers them late
// and more than once. The strike behind it has a timer of its own, as the strikes
// have that this is for: it locks at the end of what it was released for, and
// behind who went through.
type line struct {
	*device.Doorway
	house *house

	sent, kept         []room.Grant
	loses, keeps, mute bool // commands; until later; the strike's answers
	carrying           room.Grant
	by                 room.Grant // released by it
	until              time.Time
	entries            map[string]int // by grant
}

// Unlock implements room.Door.
func (l *line) Unlock(ctx context.Context, g room.Grant) error {
	l.sent = append(l.sent, g)
	switch {
	case l.keeps:
		l.kept = append(l.kept, g)
		return fmt.Errorf("line: %w", room.ErrUnavailable)
	case l.loses:
		return fmt.Errorf("line: %w", room.ErrUnavailable)
	}
	return l.arrive(ctx, g)
}

func (l *line) arrive(ctx context.Context, g room.Grant) error {
	l.carrying = g
	return l.Doorway.Unlock(ctx, g)
}

// deliver brings a command that was kept; they come in any order.
func (l *line) deliver(n int) {
	if len(l.kept) > 0 {
		g := l.kept[n%len(l.kept)]
		_ = l.arrive(context.Background(), g)
		synctest.Wait()
	}
}

// again brings a command that came before.
func (l *line) again(n int) {
	if len(l.sent) > 0 {
		_ = l.arrive(context.Background(), l.sent[n%len(l.sent)])
		synctest.Wait()
	}
}

// strike is where a command acts.
func (l *line) strike(ctx context.Context, release bool) error {
	if !release {
		l.until = time.Time{}
		return nil
	}
	g := l.carrying
	if now := time.Now(); !l.house.Committed(g) || !now.Before(g.Expires) || g.Door != "d" {
		l.house.t.Fatalf("released at %s by %+v; committed: %v", now, g, l.house.Committed(g))
	}
	if l.entries[g.ID] > 0 {
		l.house.t.Fatalf("released again by grant %s, which somebody used", g.ID)
	}
	l.until, _ = ctx.Deadline()
	if l.by = g; l.mute {
		return fmt.Errorf("strike: %w", room.ErrUnavailable)
	}
	return nil
}

// pull is somebody at the door, outside.
func (l *line) pull() {
	if !time.Now().Before(l.until) {
		return // locked
	}
	if l.entries[l.by.ID]++; l.entries[l.by.ID] > 1 {
		l.house.t.Fatalf("%d entries by grant %s", l.entries[l.by.ID], l.by.ID)
	}
	l.until = time.Time{}
	l.swing(false)
}

// swing opens the door and shuts it, by the inner handle or not.
func (l *line) swing(handle bool) {
	if handle {
		l.Exit()
	}
	l.Contact(true)
	l.Contact(false)
	synctest.Wait()
}

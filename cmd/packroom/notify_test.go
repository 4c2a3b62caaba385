package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/packroom/packroom/notify"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/porttest"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

var _ notify.Queue = (*postgres.Store)(nil)

// mailbox is an SMTP server that passes on what it takes.
type mailbox struct{ got chan []byte }

func (m mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return m, nil }
func (m mailbox) Reset()                                      {}
func (m mailbox) Logout() error                               { return nil }
func (m mailbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (m mailbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (m mailbox) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	m.got <- b
	return err
}

func (m mailbox) start(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(m)
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// notifyFixture is a configuration with a data directory of its own.
func notifyFixture(t *testing.T) (Config, Secrets) {
	t.Helper()
	cfg := defaultConfig()
	cfg.Data = t.TempDir()
	cfg.Notify.Listen = porttest.Addr(t)
	cfg.Log.Level = "error"
	secrets, err := cfg.Secrets()
	if err != nil {
		t.Fatal(err)
	}
	rooms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/now" || r.Header.Get("Authorization") != "Bearer "+secrets.BoxToken {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(room.RoomView{Slots: []room.Slot{{ID: "B3", Kind: room.SlotShelf, Map: room.Rect{10, 10, 30, 20}}}})
	}))
	t.Cleanup(rooms.Close)
	cfg.Room.URL = rooms.URL
	return cfg, secrets
}

// startNotify runs the service on store's queue until the test ends.
func startNotify(t *testing.T, cfg Config, secrets Secrets, queue notify.Queue) {
	t.Helper()
	metrics := newRegistry()
	nc, err := notifyConfig(cfg, secrets, queue, metrics)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := notify.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveNotify(ctx, cfg.Notify.Listen, worker, metrics) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func storedMessage(id string) room.Message {
	return room.Message{
		ID: id + "-stored", Kind: room.MessageStored, Event: id,
		Resident: room.Resident{ID: "r1", FirstName: "Ana", Unit: "4B", Status: room.ResidentCurrent, Email: "ana@example.com"},
		Parcel:   room.Parcel{ID: "p1", Carrier: "UPS", Slot: "B3"},
		Secret:   room.Secret{PIN: "73029461", QR: "PR1:ABCDEFGHIJKLMNOPQRSTUVWXYZ"}, Queued: time.Now().UTC(),
	}
}

func commitMessage(t *testing.T, s *postgres.Store, m room.Message) {
	t.Helper()
	_, err := s.Commit(t.Context(), room.Commit{
		Residents: []room.Resident{m.Resident},
		Events:    []room.Event{{ID: m.Event, Kind: room.EvParcelStored, Time: time.Now()}},
		Messages:  []room.Message{m},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// onlyDelivery waits until the one delivery has that state.
func onlyDelivery(t *testing.T, s *postgres.Store, state room.DeliveryState) room.Delivery {
	t.Helper()
	var d room.Delivery
	waitUntil(t, "delivery "+string(state), func() bool {
		ds, err := s.Deliveries(t.Context(), 10)
		if err != nil || len(ds) != 1 {
			return false
		}
		d = ds[0]
		return d.State == state
	})
	return d
}

func TestMessageGoesFromPostgresToAMailServer(t *testing.T) {
	cfg, secrets := notifyFixture(t)
	box := mailbox{got: make(chan []byte, 10)}
	cfg.SMTP.Host, cfg.SMTP.Port, cfg.SMTP.TLS = "127.0.0.1", box.start(t), "none"
	store := postgrestest.New(t)
	startNotify(t, cfg, secrets, store)
	queued := time.Now()
	commitMessage(t, store, storedMessage("e1"))
	var got []byte
	select {
	case got = <-box.got:
		t.Logf("from commit to mail server: %s", time.Since(queued).Round(time.Millisecond))
	case <-time.After(5 * time.Second):
		t.Fatal("no mail within 5 s")
	}
	m, err := mail.ReadMessage(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if id := m.Header.Get("Message-Id"); id != "<e1-stored.email@packroom.local>" {
		t.Errorf("Message-ID %s", id)
	}
	for _, want := range []string{"7302 9461", "<qr>", "<map>"} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("mail lacks %s", want)
		}
	}
	d := onlyDelivery(t, store, room.DeliverySent)
	if strings.Contains(d.HTML+d.Text, "7302 9461") || !strings.Contains(d.HTML, "QR code, not kept") {
		t.Error("what is kept shows the PIN")
	}
	if cs, err := store.Claim(t.Context(), time.Now().Add(time.Hour), time.Minute, 10); err != nil || len(cs) != 0 {
		t.Errorf("%d left to send, %v", len(cs), err)
	}
	body := httpBody(t, "http://"+cfg.Notify.Listen+"/metrics")
	if !regexp.MustCompile(`packroom_notify_tries_total\{channel="email",result="sent"\} 1`).MatchString(body) {
		t.Error("not counted")
	}
	if health := httpBody(t, "http://"+cfg.Notify.Listen+"/healthz"); !strings.Contains(health, `"ok":true`) {
		t.Errorf("health: %s", health)
	}
}

func TestDeliveryOfAKilledWorkerIsSentAgainUnderTheSameMessageID(t *testing.T) {
	cfg, secrets := notifyFixture(t)
	box := mailbox{got: make(chan []byte, 10)}
	cfg.SMTP.Host, cfg.SMTP.Port, cfg.SMTP.TLS = "127.0.0.1", box.start(t), "none"
	store := postgrestest.New(t)
	m := storedMessage("e1")
	commitMessage(t, store, m)
	now := time.Now().UTC()
	d := room.Delivery{ID: m.ID + ".email", Message: m.ID, Channel: "email", To: m.Resident.Email, Next: now, Created: now}
	if err := store.Plan(t.Context(), m.ID, []room.Delivery{d}); err != nil {
		t.Fatal(err)
	}
	// Another worker claims it, hands it over, and dies before it can say so.
	claims, err := store.Claim(t.Context(), now, time.Millisecond, 1)
	if err != nil || len(claims) != 1 {
		t.Fatal(claims, err)
	}
	startNotify(t, cfg, secrets, store)
	got := <-box.got
	if !bytes.Contains(got, []byte("Message-ID: <e1-stored.email@packroom.local>")) || !bytes.Contains(got, []byte("7302 9461")) {
		t.Errorf("%.400s", got)
	}
	if d := onlyDelivery(t, store, room.DeliverySent); d.Tries != 2 {
		t.Errorf("tries: %d", d.Tries)
	}
}

func TestADemonstrationsOutboxShowsItsPIN(t *testing.T) {
	cfg, secrets := notifyFixture(t)
	if !cfg.isDemonstration() {
		t.Fatal("the defaults are a demonstration")
	}
	store := postgrestest.New(t)
	startNotify(t, cfg, secrets, store)
	commitMessage(t, store, storedMessage("e1"))
	d := onlyDelivery(t, store, room.DeliverySent)
	if d.Provider != "outbox (not sent: no SMTP configured)" || !strings.Contains(d.HTML, "7302 9461") || !strings.Contains(d.HTML, "data:image/png") {
		t.Errorf("%s: %.300s", d.Provider, d.Text)
	}
}

func TestNotifyRefusesProvidersThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a password file that is not there": func(c *Config) { c.SMTP.Host, c.SMTP.PasswordFile = "mail.example.com", "nowhere" },
		"a password in the clear":           func(c *Config) { c.SMTP.Host, c.SMTP.User, c.SMTP.TLS = "mail.example.com", "u", "none" },
		"texts without a token":             func(c *Config) { c.SMS.Provider, c.SMS.AccountSID = "twilio", "AC"+strings.Repeat("0", 32) },
	} {
		cfg, secrets := notifyFixture(t)
		change(&cfg)
		if _, err := notifyConfig(cfg, secrets, nil, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func httpBody(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

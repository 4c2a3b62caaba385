package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/room"
)

// senderFunc is a Sender by function.
type senderFunc func(ctx context.Context, c Content) (string, error)

func (f senderFunc) Send(ctx context.Context, c Content) (string, error) { return f(ctx, c) }

// run starts a worker and gives what stops it and waits for it.
func run(t *testing.T, cfg Config) (w *Worker, stop func()) {
	t.Helper()
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return w, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// metric is the value of a counter, or the count of a histogram, with these
// label values in the order of their labels' names.
func metric(t *testing.T, reg *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetValue())
			}
			if f.GetName() != name || !slices.Equal(got, labels) {
				continue
			}
			if h := m.GetHistogram(); h != nil {
				return float64(h.GetSampleCount())
			}
			return m.GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s %v", name, labels)
	return 0
}

func queuedNow(kind room.MessageKind) room.Message {
	m := testMessage(kind, "en")
	m.Queued = time.Now()
	return m
}

func TestAQueuedMessageGoesOutAtOnceByBothChannels(t *testing.T) {
	mailbox := &mailServer{}
	cfg := testConfig(t)
	q := newQueue()
	texts, twilio := newProvider(t)
	reg := prometheus.NewRegistry()
	cfg.Queue, cfg.Email, cfg.SMS, cfg.Metrics = q, newSMTP(t, SMTPConfig{Port: mailbox.start(t, nil, false)}), newTwilio(t, twilio), reg
	cfg.Poll = time.Hour // only the wake-up helps
	w, stop := run(t, cfg)
	q.put(queuedNow(room.MessageStored))
	for range 2 {
		select {
		case d := <-q.finished:
			if d.State != room.DeliverySent || d.Tries != 1 || d.Provider == "" || d.Error != "" || d.Text == "" || d.Sent.IsZero() {
				t.Errorf("%+v", d)
			}
			if strings.Contains(d.Text+d.HTML+d.Subject, "7302 9461") {
				t.Errorf("%s: what is kept shows the PIN", d.Channel)
			}
		case <-time.After(5 * time.Second): // the promise of the product
			t.Fatal("not sent within 5 s")
		}
	}
	if ok, detail := w.Health(); !ok || detail != "sending" {
		t.Errorf("health: %v %q", ok, detail)
	}
	stop()
	if len(mailbox.all()) != 1 || len(texts.got) != 1 {
		t.Errorf("%d mails, %d texts", len(mailbox.all()), len(texts.got))
	}
	for _, channel := range []string{ChannelEmail, ChannelSMS} {
		if n := metric(t, reg, "packroom_notify_tries_total", channel, "sent"); n != 1 {
			t.Errorf("%s: %v counted", channel, n)
		}
		if n := metric(t, reg, "packroom_notify_handover_seconds", channel); n != 1 {
			t.Errorf("%s: %v timed", channel, n)
		}
	}
}

func TestWithoutProvidersMessagesGoToTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.ShowSecrets = true
		reg := prometheus.NewRegistry()
		cfg.Metrics = reg
		q := cfg.Queue.(*memory)
		w, stop := run(t, cfg)
		q.put(queuedNow(room.MessageStored))
		synctest.Wait()
		for id, says := range map[string]string{"ev1-stored.email": "outbox (not sent: no SMTP configured)", "ev1-stored.sms": "outbox (not sent: no SMS provider configured)"} {
			d := q.delivery(id)
			if d.State != room.DeliverySent || d.Provider != says || !strings.Contains(d.Text, "7302 9461") {
				t.Errorf("%+v", d)
			}
		}
		if ok, detail := w.Health(); !ok || !strings.Contains(detail, "no SMTP configured") {
			t.Errorf("health: %v %q", ok, detail)
		}
		if n := metric(t, reg, "packroom_notify_tries_total", ChannelEmail, "outbox"); n != 1 {
			t.Errorf("%v counted", n)
		}
		stop()
	})
}

func TestAFailedTryIsRepeatedUntilItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		var at []time.Duration
		began := time.Now()
		cfg.Email = senderFunc(func(_ context.Context, c Content) (string, error) {
			at = append(at, time.Since(began))
			if len(at) < 4 {
				return "", errors.New("451 try later")
			}
			return "250 ok", nil
		})
		w, stop := run(t, cfg)
		m := queuedNow(room.MessageStored)
		m.Resident.Phone = ""
		q.put(m)
		synctest.Wait()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliveryQueued || d.Error != "451 try later" {
			t.Errorf("%+v", d)
		}
		if ok, detail := w.Health(); !ok || !strings.Contains(detail, "451") {
			t.Errorf("health: %v %q", ok, detail)
		}
		time.Sleep(10 * time.Minute) // of the test's own clock
		stop()
		d := q.delivery("ev1-stored.email")
		if d.State != room.DeliverySent || d.Tries != 4 || d.Provider != "250 ok" || d.Error != "" {
			t.Errorf("%+v", d)
		}
		for i, pause := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
			if got := at[i+1] - at[i]; got < pause*9/10 || got > pause*11/10+2*time.Second {
				t.Errorf("pause %d was %s, want about %s", i+1, got, pause)
			}
		}
	})
}

func TestARejectedMessageIsGivenUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		tries := 0
		cfg.Email = senderFunc(func(context.Context, Content) (string, error) {
			tries++
			return "", fmt.Errorf("%w: 550 no such mailbox", ErrRejected)
		})
		_, stop := run(t, cfg)
		q.put(queuedNow(room.MessageStored))
		time.Sleep(2 * time.Hour)
		stop()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliveryFailed || !strings.Contains(d.Error, "550") || tries != 1 {
			t.Errorf("%d tries: %+v", tries, d)
		}
	})
}

func TestAMessageIsGivenUpAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.Poll, cfg.Slots = time.Minute, nil
		q := cfg.Queue.(*memory)
		cfg.Email = senderFunc(func(context.Context, Content) (string, error) { return "", errors.New("connection refused") })
		_, stop := run(t, cfg)
		m := queuedNow(room.MessageStored)
		m.Secret.QR = ""
		q.put(m)
		time.Sleep(23 * time.Hour)
		synctest.Wait()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliveryQueued {
			t.Errorf("after 23 h: %+v", d)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		d := q.delivery("ev1-stored.email")
		if d.State != room.DeliveryFailed || !strings.Contains(d.Error, "given up after") || !strings.Contains(d.Error, "connection refused") {
			t.Errorf("after 26 h: %+v", d)
		}
		stop()
	})
}

func TestASlowMailServerDoesNotHoldTextsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		cfg.Email = senderFunc(func(ctx context.Context, _ Content) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		_, stop := run(t, cfg)
		q.put(queuedNow(room.MessageStored))
		synctest.Wait()
		if d := q.delivery("ev1-stored.sms"); d.State != room.DeliverySent {
			t.Errorf("%+v", d)
		}
		time.Sleep(tryTimeout)
		synctest.Wait()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliveryQueued || d.Error == "" {
			t.Errorf("after its time: %+v", d)
		}
		stop()
	})
}

func TestAStoppedWorkerLetsATryComeToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		cfg.Email = senderFunc(func(ctx context.Context, _ Content) (string, error) {
			select {
			case <-time.After(3 * time.Second):
				return "250 ok", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		_, stop := run(t, cfg)
		q.put(queuedNow(room.MessageStored))
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("stopped after %s", took)
		}
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliverySent {
			t.Errorf("%+v", d)
		}
	})
}

func TestAStoppedWorkerDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		cfg.Email = senderFunc(func(ctx context.Context, _ Content) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		_, stop := run(t, cfg)
		q.put(queuedNow(room.MessageStored))
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took != grace {
			t.Errorf("stopped after %s", took)
		}
	})
}

func TestAResultIsKeptOnceTheDatabaseIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		sent := 0
		cfg.Email = senderFunc(func(context.Context, Content) (string, error) { sent++; return "250 ok", nil })
		w, stop := run(t, cfg)
		away := fmt.Errorf("postgres: %w", room.ErrUnavailable)
		q.fail(nil, away)
		q.put(queuedNow(room.MessageStored))
		synctest.Wait()
		q.fail(away, away)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if ok, detail := w.Health(); ok || !strings.Contains(detail, "queue away") {
			t.Errorf("health: %v %q", ok, detail)
		}
		q.fail(nil, nil)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ok, detail := w.Health(); !ok {
			t.Errorf("health: %q", detail)
		}
		stop()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliverySent || sent != 1 {
			t.Errorf("sent %d times: %+v", sent, d)
		}
	})
}

func TestADeliveryOfADeadWorkerIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		m := queuedNow(room.MessageStored)
		q.put(m)
		if err := q.Plan(t.Context(), m.ID, plan(m, time.Now())); err != nil {
			t.Fatal(err)
		}
		if cs, err := q.Claim(t.Context(), time.Now(), lease, 10); err != nil || len(cs) != 2 {
			t.Fatal(len(cs), err) // and the worker dies here
		}
		_, stop := run(t, cfg)
		time.Sleep(lease - time.Second)
		synctest.Wait()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliverySending {
			t.Errorf("before the lease's end: %+v", d)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if d := q.delivery("ev1-stored.email"); d.State != room.DeliverySent || d.Tries != 2 {
			t.Errorf("after the lease's end: %+v", d)
		}
		stop()
	})
}

func TestASlowDeliveryIsNotTakenFromItsWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		q := cfg.Queue.(*memory)
		sent := make(chan string, 10)
		cfg.Email = senderFunc(func(_ context.Context, c Content) (string, error) {
			time.Sleep(4 * lease)
			sent <- c.Delivery
			return "250 OK", nil
		})
		q.put(queuedNow(room.MessageStored))
		_, stop := run(t, cfg)
		_, stopOther := run(t, cfg)
		time.Sleep(4*lease + 2*time.Second)
		synctest.Wait()
		stop()
		stopOther()
		if d := q.delivery("ev1-stored.email"); len(sent) != 1 || d.State != room.DeliverySent || d.Tries != 1 {
			t.Errorf("sent %d times: %+v", len(sent), d)
		}
	})
}

func TestHundredsOfMessagesAllGoOutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.Slots = nil
		q := cfg.Queue.(*memory)
		var mu sync.Mutex
		sent, under, most := map[string]int{}, 0, 0
		sender := senderFunc(func(_ context.Context, c Content) (string, error) {
			mu.Lock()
			sent[c.Delivery]++
			under++
			most = max(most, under)
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			under--
			mu.Unlock()
			return "ok", nil
		})
		cfg.Email, cfg.SMS = sender, sender
		_, stop := run(t, cfg)
		const n = 200
		for i := range n {
			m := queuedNow(room.MessageCollected)
			m.ID = fmt.Sprintf("m%03d", i)
			q.put(m)
		}
		time.Sleep(2 * n * 100 * time.Millisecond / atOnce * 2)
		stop()
		if len(sent) != 2*n || most > atOnce {
			t.Errorf("%d of %d sent, %d at a time", len(sent), 2*n, most)
		}
		for id, times := range sent {
			if times != 1 {
				t.Errorf("%s was sent %d times", id, times)
			}
		}
	})
}

func TestConfigValidate(t *testing.T) {
	if err := testConfig(t).Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"no queue":      func(c *Config) { c.Queue = nil },
		"no public URL": func(c *Config) { c.PublicURL = "packages" },
		"no link key":   func(c *Config) { c.LinkKey = nil },
		"no such zone":  func(c *Config) { c.Property.Timezone = "Mars/Olympus" },
	} {
		c := testConfig(t)
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 7: 32 * time.Minute, 8: time.Hour, 1000: time.Hour} {
		if got := backoff(tries); got != want {
			t.Errorf("%d: %s, want %s", tries, got, want)
		}
	}
}

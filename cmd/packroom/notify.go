package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/notify"
	"github.com/packroom/packroom/room"
)

func notifyCommand() subcommand {
	return subcommand{name: "notify", about: "messages to residents: e-mail and text", run: runNotify}
}

func runNotify(ctx context.Context, args []string) (err error) {
	begun, err := begin(ctx, "notify", args, needStore)
	if err != nil {
		return err
	}
	defer begun.end()
	cfg, secrets, store := begun.cfg, begun.secrets, begun.store
	metrics := newRegistry()
	nc, err := notifyConfig(cfg, secrets, store, metrics)
	if err != nil {
		return err
	}
	worker, err := notify.New(nc)
	if err != nil {
		return err
	}
	return runTogether(ctx,
		func(ctx context.Context) error { return serveNotify(ctx, cfg.Notify.Listen, worker, metrics) },
		func(ctx context.Context) error {
			return sweepHourly(ctx, begun.log, sweep{"messages", cfg.Retention.Messages, store.PruneMessages})
		})
}

// notifyConfig wires the worker to its queue, the pictures, the room's slots and
// whatever providers are set.
func notifyConfig(cfg Config, secrets Secrets, queue notify.Queue, metrics prometheus.Registerer) (notify.Config, error) {
	slots := &knownSlots{client: &room.Client{URL: cfg.Room.URL, Token: secrets.BoxToken}}
	c := notify.Config{
		Queue: queue, Property: cfg.Property, Pictures: cfg.Pictures(), Slots: slots.get,
		PublicURL: cfg.Web.PublicURL, LinkKey: secrets.LinkKey, ShowSecrets: cfg.isDemonstration(),
		Log: cfg.Logger("notify"), Metrics: metrics,
	}
	if cfg.SMTP.Host != "" {
		password, err := cfg.SecretFile(cfg.SMTP.PasswordFile)
		if err != nil {
			return c, fmt.Errorf("smtp.password_file: %w", err)
		}
		c.Email, err = notify.NewSMTP(notify.SMTPConfig{Host: cfg.SMTP.Host, Port: cfg.SMTP.Port, User: cfg.SMTP.User,
			Password: password, From: cfg.SMTP.From, TLS: cfg.SMTP.TLS})
		if err != nil {
			return c, err
		}
	}
	if cfg.SMS.Provider != "" {
		token, err := cfg.SecretFile(cfg.SMS.TokenFile)
		if err != nil {
			return c, fmt.Errorf("sms.token_file: %w", err)
		}
		c.SMS, err = notify.NewTwilio(notify.TwilioConfig{BaseURL: cfg.SMS.BaseURL, AccountSID: cfg.SMS.AccountSID,
			Token: token, From: cfg.SMS.From})
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// isDemonstration reports whether nothing here is real: a simulated room, and no
// message leaves the house. Only then may the outbox page show PINs.
func (c Config) isDemonstration() bool {
	return c.Simulated() && c.SMTP.Host == "" && c.SMS.Provider == ""
}

// serveNotify runs the worker and its HTTP side until ctx ends or one fails.
func serveNotify(ctx context.Context, listen string, worker *notify.Worker, metrics prometheus.Gatherer) error {
	mux := opsMux(metrics, map[string]check{"queue": func(context.Context) error {
		if ok, detail := worker.Health(); !ok {
			return errors.New(detail)
		}
		return nil
	}})
	return runTogether(ctx, worker.Run,
		func(ctx context.Context) error { return serveHTTP(ctx, "notify.listen", listen, mux) })
}

// slotsAge is how long the room's slots are taken for known: they change when
// somebody moves furniture.
const slotsAge = time.Minute

// knownSlots asks the room service for the slots' places, and goes on with the
// last answer while it is away.
type knownSlots struct {
	client *room.Client

	mu    sync.Mutex
	slots []room.Slot
	at    time.Time
}

func (k *knownSlots) get(ctx context.Context) ([]room.Slot, error) {
	k.mu.Lock()
	slots, fresh := k.slots, time.Since(k.at) < slotsAge
	k.mu.Unlock()
	if fresh && len(slots) > 0 {
		return slots, nil
	}
	now, err := k.client.Now(ctx)
	if err != nil {
		if len(slots) > 0 {
			return slots, nil
		}
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.slots, k.at = now.Slots, time.Now()
	return k.slots, nil
}

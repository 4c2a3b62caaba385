package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/packroom/packroom/room"
)

// Config is what a worker is made of.
type Config struct {
	Queue     Queue                                      // required
	Email     Sender                                     // nil = the outbox: kept, not sent
	SMS       Sender                                     // nil = the outbox
	Property  room.Property                              // its name, address and time zone are shown
	Pictures  room.Pictures                              // nil = messages without the package's picture
	Slots     func(context.Context) ([]room.Slot, error) // for the map; nil = messages without one
	PublicURL string                                     // where residents reach the web service
	LinkKey   []byte                                     // signs the links to resident pages
	// ShowSecrets keeps PINs and QR codes readable in what is kept of a message,
	// so that the outbox page of a demonstration can be tried out.
	ShowSecrets bool
	Poll        time.Duration // between looks without a wake-up; 0 = 1 s
	Now         func() time.Time
	Log         *slog.Logger
	Metrics     prometheus.Registerer // nil = kept to itself
}

// Validate reports the first thing wrong with c.
func (c Config) Validate() error {
	if c.Queue == nil {
		return errors.New("notify: no queue")
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" {
		return fmt.Errorf("notify: public URL %q: give scheme and host, as https://packages.example.com", c.PublicURL)
	}
	if len(c.LinkKey) < 16 {
		return errors.New("notify: the link key is too short")
	}
	if _, err := time.LoadLocation(c.Property.Timezone); err != nil {
		return fmt.Errorf("notify: property timezone: %w", err)
	}
	return nil
}

const (
	lease       = 10 * time.Second // of a claimed delivery: so long it waits after its worker was killed
	renewEvery  = lease / 3
	tryTimeout  = 45 * time.Second // of one try, rendering included
	keepTimeout = 75 * time.Second // of writing its result down
	grace       = 8 * time.Second  // for tries under way when the worker is told to stop
	atOnce      = 8                // deliveries on their way at a time
	planAtATime = 64
)

// Worker sends what is queued. Make one with New.
type Worker struct {
	cfg    Config
	render *renderer
	meter  *meter
	free   chan struct{} // one token for every delivery that may start

	mu       sync.Mutex
	under    map[string]bool // deliveries on their way
	queueErr error
	since    time.Time // of queueErr
	lastFail map[string]string
}

// New makes a worker.
func New(cfg Config) (*Worker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Poll <= 0 {
		cfg.Poll = time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = prometheus.NewRegistry()
	}
	r, err := newRenderer(cfg)
	if err != nil {
		return nil, err
	}
	m, err := newMeter(cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	w := &Worker{cfg: cfg, render: r, meter: m, free: make(chan struct{}, atOnce), under: map[string]bool{}, lastFail: map[string]string{}}
	for range atOnce {
		w.free <- struct{}{}
	}
	return w, nil
}

// Run works until ctx ends, then lets what is being sent come to its end for up
// to 8 s. It rides out a queue that is away.
func (w *Worker) Run(ctx context.Context) error {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var under sync.WaitGroup
	done := make(chan struct{}, 1) // a delivery ended: there may be room for more
	wake := w.cfg.Queue.MessagesQueued(ctx)
	poll := time.NewTicker(w.cfg.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		claims, more, err := w.take(ctx)
		w.noteQueue(ctx, err)
		for _, c := range claims {
			under.Go(func() {
				w.deliver(sending, c)
				w.free <- struct{}{}
				select {
				case done <- struct{}{}:
				default:
				}
			})
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case _, ok := <-wake:
			if !ok {
				wake = nil
			}
		case <-poll.C:
		case <-done:
		}
	}
	t := time.AfterFunc(grace, stop)
	defer t.Stop()
	under.Wait()
	return nil
}

// take plans new messages and claims as many deliveries as may start; their
// tokens are taken from w.free. more says that another look is worth while.
func (w *Worker) take(ctx context.Context) (claims []room.Claim, more bool, err error) {
	now := w.cfg.Now().UTC()
	ms, err := w.cfg.Queue.Unplanned(ctx, planAtATime)
	if err != nil {
		return nil, false, fmt.Errorf("read messages: %w", err)
	}
	for _, m := range ms {
		if err := w.cfg.Queue.Plan(ctx, m.ID, plan(m, now)); err != nil {
			return nil, false, fmt.Errorf("plan message %s: %w", m.ID, err)
		}
	}
	n := w.tokens()
	if n > 0 {
		claims, err = w.cfg.Queue.Claim(ctx, now, lease, n)
		claims = slices.DeleteFunc(claims, w.underWay) // their leases ended while the queue was away
	}
	for range n - len(claims) {
		w.free <- struct{}{}
	}
	if err != nil {
		return nil, false, fmt.Errorf("claim deliveries: %w", err)
	}
	return claims, len(ms) == planAtATime, nil
}

// tokens takes every free token.
func (w *Worker) tokens() int {
	for n := 0; ; n++ {
		select {
		case <-w.free:
		default:
			return n
		}
	}
}

// underWay reports whether this worker delivers c already, and notes it.
func (w *Worker) underWay(c room.Claim) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.under[c.Delivery.ID]
	w.under[c.Delivery.ID] = true
	return was
}

func (w *Worker) over(c room.Claim) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.under, c.Delivery.ID)
}

// hold renews a delivery's lease until ctx ends.
func (w *Worker) hold(ctx context.Context, d room.Delivery) {
	every := time.NewTicker(renewEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := w.cfg.Queue.Renew(ctx, d, w.cfg.Now().UTC().Add(lease)); errors.Is(err, room.ErrConflict) {
			return // another worker has it: this try's result counts if it is a success
		}
	}
}

// deliver makes one try and keeps its result.
func (w *Worker) deliver(ctx context.Context, c room.Claim) {
	defer w.over(c)
	holding, letGo := context.WithCancel(ctx)
	var held sync.WaitGroup
	held.Go(func() { w.hold(holding, c.Delivery) })
	defer held.Wait()
	defer letGo()
	began := w.cfg.Now()
	d, sent, err := w.try(ctx, c)
	now := w.cfg.Now().UTC()
	d = finished(d, sent.answer, err, now)
	w.meter.count(d, sent.outbox, now.Sub(c.Message.Queued))
	w.noteResult(d)
	log := w.cfg.Log.With("delivery", d.ID, "channel", d.Channel, "tries", d.Tries)
	switch d.State {
	case room.DeliverySent:
		log.InfoContext(ctx, "message handed over", "took", now.Sub(began), "since_queued", now.Sub(c.Message.Queued))
	case room.DeliveryFailed:
		log.WarnContext(ctx, "message given up", "error", d.Error)
	default:
		log.WarnContext(ctx, "message not handed over, will try again", "error", d.Error, "next", d.Next)
	}
	if err := w.keep(ctx, d); err != nil {
		log.ErrorContext(ctx, "result of a delivery was not kept", "error", err)
	}
}

type outcome struct {
	answer string
	outbox bool // nothing left the house
}

func (w *Worker) try(ctx context.Context, c room.Claim) (room.Delivery, outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	d := c.Delivery
	content, kept, err := w.render.render(ctx, c)
	if err != nil {
		return d, outcome{}, fmt.Errorf("%w: %v", ErrRejected, err)
	}
	d.Subject, d.Text, d.HTML = kept.Subject, kept.Text, kept.HTML
	s, missing := w.cfg.Email, "outbox (not sent: no SMTP configured)"
	if d.Channel == ChannelSMS {
		s, missing = w.cfg.SMS, "outbox (not sent: no SMS provider configured)"
	}
	if s == nil {
		return d, outcome{answer: missing, outbox: true}, nil
	}
	answer, err := s.Send(ctx, content)
	return d, outcome{answer: answer}, err
}

// keep writes the result down, and tries on while the database is away.
func (w *Worker) keep(ctx context.Context, d room.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := w.cfg.Queue.Finish(ctx, d)
		if err == nil || errors.Is(err, room.ErrConflict) || errors.Is(err, room.ErrNotFound) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// noteQueue logs the queue's going and coming back once each.
func (w *Worker) noteQueue(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	was := w.queueErr
	w.queueErr = err
	if err != nil && was == nil {
		w.since = w.cfg.Now()
	}
	w.mu.Unlock()
	w.meter.queueUp(err == nil)
	if err != nil && was == nil {
		w.cfg.Log.ErrorContext(ctx, "message queue lost", "error", err)
	}
	if err == nil && was != nil {
		w.cfg.Log.InfoContext(ctx, "message queue back")
	}
}

func (w *Worker) noteResult(d room.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case d.State == room.DeliverySent:
		delete(w.lastFail, d.Channel)
	case d.State == room.DeliveryQueued:
		w.lastFail[d.Channel] = d.Error
	}
}

// Health says whether the worker can work, and for people what ails it. A mail
// server or provider that does not answer is told and is no failure: messages
// wait for it.
func (w *Worker) Health() (ok bool, detail string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queueErr != nil {
		return false, fmt.Sprintf("message queue away since %s: %v", w.since.UTC().Format(time.RFC3339), w.queueErr)
	}
	for _, channel := range []string{ChannelEmail, ChannelSMS} {
		if why, bad := w.lastFail[channel]; bad {
			detail += fmt.Sprintf("%s waits to be tried again: %s; ", channel, why)
		}
	}
	if w.cfg.Email == nil {
		detail += "e-mail is not sent (no SMTP configured); "
	}
	if w.cfg.SMS == nil {
		detail += "text messages are not sent (no provider configured); "
	}
	if detail == "" {
		return true, "sending"
	}
	return true, detail[:len(detail)-2]
}

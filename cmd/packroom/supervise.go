package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// process is something that runs until it ends or is stopped.
type process interface {
	PID() int
	// Wait blocks until it has ended and says why.
	Wait() error
	// Stop ends it in good order, or by force when ctx ends, and returns when it
	// has ended.
	Stop(ctx context.Context) error
}

// service is a process that is to run always.
type service struct {
	name   string
	start  func(ctx context.Context) (process, error)
	health check         // nil = healthy while it runs
	grace  time.Duration // to stop in good order

	// hungAfter is how long health may be errNoAnswer, once it was something else:
	// after that the process hangs, and is killed.
	hungAfter time.Duration
}

// The restarts of a service that dies.
const (
	restartFirst = 200 * time.Millisecond // doubled by every death, with jitter
	restartMost  = 30 * time.Second
	restartReset = time.Minute // healthy for so long: the next death is a first one
	failingAfter = 5           // deaths in a row: it keeps dying

	healthEvery = 2 * time.Second
	healthFirst = 50 * time.Millisecond // while it starts
	hungTries   = 2                     // unanswered at least: after a pause of this machine one proves nothing
)

// childState says how a service is.
type childState string

// The states of a service.
const (
	stateStarting  childState = "starting"  // runs and was not healthy yet
	stateRunning   childState = "running"   // healthy
	stateUnhealthy childState = "unhealthy" // runs, and its /healthz says what is wrong
	stateWaiting   childState = "waiting"   // has ended and will be started again
	stateFailing   childState = "failing"   // keeps dying: started again, but rarely
	stateStopped   childState = "stopped"
)

// childStatus is one row of /status, which the manager page shows.
type childStatus struct {
	Name      string     `json:"name"`
	State     childState `json:"state"`
	PID       int        `json:"pid,omitempty"`
	Restarts  int        `json:"restarts"`
	Since     time.Time  `json:"since"` // of State
	LastError string     `json:"last_error,omitempty"`
}

// suffer takes in an answer of a service that is not well. While it starts its
// silence says nothing: why the one before it died counts more.
func (r *childStatus) suffer(err error) {
	starts := r.State == stateStarting || r.State == stateFailing
	if starts && errors.Is(err, errNoAnswer) {
		return
	}
	if !starts {
		r.State = stateUnhealthy
	}
	r.LastError = err.Error()
}

// supervisor keeps services running and knows how they are.
type supervisor struct {
	log *slog.Logger

	mu      sync.Mutex
	rows    []childStatus
	changed chan struct{} // closed and made anew at every change
}

func newSupervisor(log *slog.Logger) *supervisor {
	return &supervisor{log: log, changed: make(chan struct{})}
}

// status is a copy of all rows, and a channel that is closed when they change.
func (s *supervisor) status() ([]childStatus, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rows), s.changed
}

// update changes one row, which is added where it is not there yet.
func (s *supervisor) update(name string, change func(*childStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.rows, func(r childStatus) bool { return r.Name == name })
	if i < 0 {
		s.rows = append(s.rows, childStatus{Name: name})
		i = len(s.rows) - 1
	}
	before := s.rows[i]
	change(&s.rows[i])
	if s.rows[i] == before {
		return
	}
	if s.rows[i].State != before.State {
		s.rows[i].Since = time.Now().UTC()
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// run keeps one service running until ctx ends, and returns when it has stopped.
func (s *supervisor) run(ctx context.Context, v service) {
	for n := 0; ; n++ { // deaths in a row
		if n < failingAfter { // else it keeps dying until it has been healthy again
			s.update(v.name, func(r *childStatus) { r.State = stateStarting })
		}
		healthyFor, err := s.once(ctx, v)
		if ctx.Err() != nil {
			s.update(v.name, func(r *childStatus) { r.State, r.PID = stateStopped, 0 })
			return
		}
		if healthyFor >= restartReset {
			n = 0
		}
		state := stateWaiting
		if n+1 >= failingAfter {
			state = stateFailing
		}
		text := "it ended by itself"
		if err != nil {
			text = err.Error()
		}
		wait := restartWait(n)
		s.log.Error("a service ended; it is started again", "name", v.name, "error", text, "wait", wait.Round(time.Millisecond), "keeps_dying", state == stateFailing)
		s.update(v.name, func(r *childStatus) { r.State, r.PID, r.LastError = state, 0, text; r.Restarts++ })
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// restartWait is the pause before restart n, from 0.
func restartWait(n int) time.Duration {
	d := min(restartFirst<<min(n, 16), restartMost)
	return d + rand.N(d/4)
}

// once runs a service from its start to its end.
func (s *supervisor) once(ctx context.Context, v service) (healthyFor time.Duration, err error) {
	p, err := v.start(ctx)
	if err != nil {
		return 0, err
	}
	s.update(v.name, func(r *childStatus) { r.PID = p.PID() })
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	watched := make(chan vigil, 1)
	go func() { watched <- s.watch(watching, v) }()
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err = <-ended:
		stopWatching()
		return (<-watched).healthyFor, err
	case saw := <-watched: // ctx has ended, or it hangs
		if saw.hung != nil {
			s.stop(ctx, v.name, p, 0)
			<-ended
			return saw.healthyFor, saw.hung
		}
		s.stop(ctx, v.name, p, v.grace)
		return saw.healthyFor, <-ended
	}
}

func (s *supervisor) stop(ctx context.Context, name string, p process, grace time.Duration) {
	ctx, free := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer free()
	if err := p.Stop(ctx); err != nil {
		s.log.Warn("a service was ended by force", "name", name, "error", err)
	}
}

// vigil is what watching a service came to.
type vigil struct {
	healthyFor time.Duration // at the end
	hung       error         // why it must be killed; nil: it need not be
}

// watch asks a running service for its health until ctx ends or the service
// hangs.
func (s *supervisor) watch(ctx context.Context, v service) vigil {
	var since, answered time.Time // healthy since; last heard of
	silent := 0                   // tries since then
	every := healthFirst
	for {
		var err error
		if v.health != nil {
			err = v.health(ctx)
		}
		if silent++; !errors.Is(err, errNoAnswer) {
			answered, silent = time.Now(), 0
		}
		switch {
		case ctx.Err() != nil:
		case err == nil:
			every = healthEvery
			if since.IsZero() {
				since = time.Now()
			}
			s.update(v.name, func(r *childStatus) { r.State, r.LastError = stateRunning, "" })
		default:
			since = time.Time{}
			s.update(v.name, func(r *childStatus) { r.suffer(err) })
			if silent >= hungTries && v.hungAfter > 0 && !answered.IsZero() && time.Since(answered) >= v.hungAfter {
				return vigil{hung: fmt.Errorf("it hung and was killed: %w for %s", err, time.Since(answered).Round(time.Second))}
			}
		}
		select {
		case <-ctx.Done():
			if since.IsZero() {
				return vigil{}
			}
			return vigil{healthyFor: time.Since(since)}
		case <-time.After(every):
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// mortal is a process that ends when told.
type mortal struct {
	pid  int
	end  chan error
	once sync.Once
	slow time.Duration // to stop in good order
}

func (m *mortal) PID() int    { return m.pid }
func (m *mortal) Wait() error { return <-m.end }
func (m *mortal) die(err error) {
	m.once.Do(func() { m.end <- err; close(m.end) })
}

func (m *mortal) Stop(ctx context.Context) error {
	defer m.die(nil)
	select {
	case <-time.After(m.slow):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nursery makes mortals and notes when.
type nursery struct {
	mu     sync.Mutex
	born   []time.Time
	latest *mortal
	fail   error
}

func (n *nursery) start(context.Context) (process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.born = append(n.born, time.Now())
	if n.fail != nil {
		return nil, n.fail
	}
	n.latest = &mortal{pid: 100 + len(n.born), end: make(chan error, 1)}
	return n.latest, nil
}

// pass lets d of the bubble's clock go by, and all that happens in it.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (n *nursery) births() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.born)
}

func (n *nursery) repair() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fail = nil
}

func row(s *supervisor) childStatus {
	rows, _ := s.status()
	return rows[0]
}

func supervised(t *testing.T, v service) (s *supervisor, stop func()) {
	s = newSupervisor(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx, v) }()
	synctest.Wait()
	return s, func() { cancel(); <-done }
}

func TestServiceThatDiesIsStartedAgainMoreAndMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n nursery
		s, stop := supervised(t, service{name: "ocr", start: n.start, grace: time.Second})
		defer stop()
		if r := row(s); r.State != stateRunning || r.PID != 101 {
			t.Fatalf("row = %+v, want running", r)
		}
		most := restartMost + restartMost/4 // with jitter; it is never healthy for restartReset
		for death := 1; death <= 12; death++ {
			n.latest.die(errors.New("exit status 2"))
			synctest.Wait()
			want := stateWaiting
			if death >= failingAfter {
				want = stateFailing
			}
			if r := row(s); r.Restarts != death || r.LastError != "exit status 2" || r.PID != 0 || r.State != want {
				t.Fatalf("after death %d: row = %+v, want %s", death, r, want)
			}
			died := time.Now()
			pass(most)
			if len(n.births()) != death+1 {
				t.Fatalf("after death %d: started %d times", death, len(n.births()))
			}
			wait, least := n.births()[death].Sub(died), min(restartFirst<<(death-1), restartMost)
			if wait < least || wait > least+least/4 {
				t.Errorf("after death %d: waited %s, want %s and a quarter of jitter at most", death, wait, least)
			}
		}
		pass(restartReset)
		n.latest.die(errors.New("exit status 2"))
		synctest.Wait()
		if r := row(s); r.State != stateWaiting {
			t.Errorf("row = %+v, want the first death again after a minute of health", r)
		}
	})
}

func TestServiceThatKeepsDyingIsShownAsSuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nursery{fail: errors.New("no such file")}
		s, stop := supervised(t, service{name: "vision", start: n.start, grace: time.Second})
		defer stop()
		pass(10 * time.Second)
		if r := row(s); r.State != stateFailing || r.LastError != "no such file" {
			t.Errorf("row = %+v, want failing", r)
		}
		for i := 1; i < len(n.births()); i++ {
			wait, least := n.births()[i].Sub(n.births()[i-1]), restartFirst<<(i-1)
			if wait < least || wait > least+least/4 {
				t.Errorf("pause %d = %s, want %s and a quarter of jitter at most", i, wait, least)
			}
		}
		for range 100 { // it dies ever more rarely, and is shown as failing all the time
			pass(6 * time.Second)
			if r := row(s); r.State != stateFailing {
				t.Fatalf("row = %+v, want failing until it works", r)
			}
		}
		if len(n.births()) < 20 {
			t.Errorf("started %d times in ten minutes: it gave up", len(n.births()))
		}
		n.repair()
		pass(time.Minute)
		if r := row(s); r.State != stateRunning || r.LastError != "" {
			t.Errorf("row = %+v, want running after it was repaired", r)
		}
	})
}

func TestHealthIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n nursery
		var mu sync.Mutex
		sick := errors.New("no answer yet")
		set := func(err error) { mu.Lock(); sick = err; mu.Unlock() }
		s, stop := supervised(t, service{name: "room", start: n.start, grace: time.Second,
			health: func(context.Context) error { mu.Lock(); defer mu.Unlock(); return sick }})
		defer stop()
		for _, step := range []struct {
			err  error
			want childState
		}{
			{errors.New("no answer yet"), stateStarting},
			{nil, stateRunning},
			{errors.New("database: gone"), stateUnhealthy},
			{nil, stateRunning},
		} {
			set(step.err)
			pass(2 * healthEvery)
			r := row(s)
			if r.State != step.want || (step.err == nil) != (r.LastError == "") || r.Restarts != 0 {
				t.Errorf("row = %+v with health %v, want %s", r, step.err, step.want)
			}
		}
	})
}

func TestServiceThatDiesAsItStartsIsFailingUntilItIsHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n nursery
		healthy := make(chan struct{})
		s, stop := supervised(t, service{name: "ocr", start: n.start, grace: time.Second, health: func(context.Context) error {
			select {
			case <-healthy:
				return nil
			default:
				return fmt.Errorf("%w: connection refused", errNoAnswer)
			}
		}})
		defer stop()
		for range failingAfter {
			n.latest.die(errors.New("no such language"))
			pass(2 * restartMost)
		}
		if r := row(s); r.State != stateFailing || r.LastError != "no such language" || r.PID == 0 {
			t.Errorf("row = %+v, want failing while it starts once more, with what the last one died of", r)
		}
		close(healthy)
		pass(2 * healthFirst)
		if r := row(s); r.State != stateRunning || r.LastError != "" {
			t.Errorf("row = %+v, want running", r)
		}
	})
}

func TestServiceThatHangsIsKilledAndStartedAgain(t *testing.T) {
	silence := fmt.Errorf("%w: timeout", errNoAnswer)
	for _, tc := range []struct {
		name   string
		before error // its first health
		after  error // then
		kills  bool
	}{
		{"answers no more", nil, silence, true},
		{"answered that it is ill, and then no more", errors.New("database: gone"), silence, true},
		{"answers that it is ill", nil, errors.New("database: gone"), false},
		{"has never answered: it is still starting", silence, silence, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n nursery
				began := time.Now()
				s, stop := supervised(t, service{name: "ocr", start: n.start, grace: time.Hour, hungAfter: 30 * time.Second,
					health: func(context.Context) error {
						if len(n.births()) == 1 && time.Since(began) > 10*time.Second {
							return tc.after
						}
						return tc.before
					}})
				defer stop()
				pass(38 * time.Second)
				if len(n.births()) != 1 {
					t.Fatalf("killed within 28 s of silence")
				}
				pass(10 * time.Second)
				r := row(s)
				if killed := r.Restarts == 1; killed != tc.kills || killed != (len(n.births()) == 2) {
					t.Errorf("row = %+v after %d births, want it killed: %t", r, len(n.births()), tc.kills)
				}
			})
		})
	}
}

func TestStopIsInGoodOrderOrByForce(t *testing.T) {
	for _, tc := range []struct {
		name        string
		slow, grace time.Duration
		want        time.Duration
	}{
		{"ends in time", time.Second, 5 * time.Second, time.Second},
		{"hangs", time.Hour, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n nursery
				s, stop := supervised(t, service{name: "room", start: n.start, grace: tc.grace})
				n.latest.slow = tc.slow
				began := time.Now()
				stop()
				if d := time.Since(began); d != tc.want {
					t.Errorf("stopped after %s, want %s", d, tc.want)
				}
				if r := row(s); r.State != stateStopped || len(n.births()) != 1 {
					t.Errorf("row = %+v, started %d times", r, len(n.births()))
				}
			})
		})
	}
}

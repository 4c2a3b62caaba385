package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

// patience is for what happens soon, on a machine that is busy.
const patience = 30 * time.Second

func own(t *testing.T, s *postgres.Store) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lost, err := s.Own(ctx)
	if err != nil {
		t.Fatalf("own: %v", err)
	}
	return lost
}

func awaitClosed(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
	}
}

func sql(t *testing.T, url, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

const cutOwners = `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

func TestASecondOwnerWaitsForTheFirst(t *testing.T) {
	first, second := postgrestest.New(t), postgrestest.New(t)
	lost := own(t, first)
	commit(t, first, room.Commit{Events: []room.Event{event("e1", room.EvDoorOpened)}})

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := second.Own(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("second owner: %v, want it to wait", err)
	}
	if _, err := second.Commit(t.Context(), room.Commit{Inbox: "x"}); !errors.Is(err, room.ErrConflict) {
		t.Errorf("commit beside an owner: %v, want ErrConflict", err)
	}

	owned := make(chan struct{})
	go func() {
		defer close(owned)
		if _, err := second.Own(t.Context()); err != nil {
			t.Errorf("own: %v", err)
		}
	}()
	first.Close()
	awaitClosed(t, "the first owner's loss", lost)
	awaitClosed(t, "the second owner's turn", owned)
	commit(t, second, room.Commit{Events: []room.Event{event("e2", room.EvDoorClosed)}})
}

func TestAnOwnerWhoseConnectionDiesIsTold(t *testing.T) {
	s := postgrestest.New(t)
	lost := own(t, s)
	sql(t, postgrestest.URL(t), cutOwners)
	awaitClosed(t, "the loss", lost)
	if _, err := s.Commit(t.Context(), room.Commit{Inbox: "x"}); !errors.Is(err, room.ErrConflict) {
		t.Errorf("commit after the loss: %v, want ErrConflict", err)
	}
	own(t, s)
	commit(t, s, room.Commit{Inbox: "x"})
}

func TestAnOwnerThatHasNotNoticedItsLossCannotCommit(t *testing.T) {
	old, next := postgrestest.New(t), postgrestest.New(t)
	own(t, old)
	// What another owner does first, without the old one's lock being cut: as if
	// its machine had been frozen.
	sql(t, postgrestest.URL(t), `UPDATE rooms SET epoch = epoch + 1`)
	if _, err := old.Commit(t.Context(), room.Commit{Inbox: "x"}); !errors.Is(err, room.ErrConflict) {
		t.Errorf("commit of the old owner: %v, want ErrConflict", err)
	}
	old.Close()
	own(t, next)
	commit(t, next, room.Commit{Inbox: "x"})
}

func TestOwningOnceMoreEndsTheReignBefore(t *testing.T) {
	s := postgrestest.New(t)
	before := own(t, s)
	after := own(t, s)
	awaitClosed(t, "the end of the first reign", before)
	select {
	case <-after:
		t.Fatal("the second reign is over too")
	default:
	}
	commit(t, s, room.Commit{Inbox: "x"})
}

func TestAStoreThatNeverOwnedMayCommitInAFreeRoom(t *testing.T) {
	a, b := postgrestest.New(t), postgrestest.New(t)
	for i := range 5 {
		commit(t, a, room.Commit{Events: []room.Event{event(fmt.Sprint("a", i), room.EvDoorOpened)}})
		commit(t, b, room.Commit{Events: []room.Event{event(fmt.Sprint("b", i), room.EvDoorClosed)}})
	}
	if r, err := a.Verify(t.Context()); err != nil || r.Fault != nil || r.Events != 10 {
		t.Errorf("verify: %+v, %v", r, err)
	}
}

func TestPostgresGoneIsSaidFastAndOverByItself(t *testing.T) {
	for _, way := range []string{"stopped", "killed"} {
		t.Run(way, func(t *testing.T) {
			server := postgrestest.NewServer(t)
			s := server.Open()
			lost := own(t, s)
			woken := s.EventsCommitted(t.Context())
			<-woken // connected
			commit(t, s, room.Commit{Inbox: "in1", Events: []room.Event{event("e1", room.EvDoorOpened)}})

			if way == "killed" {
				server.Kill()
			} else {
				server.Stop()
			}
			awaitClosed(t, "the loss of the room", lost)
			start := time.Now()
			if _, err := s.Load(t.Context()); !errors.Is(err, room.ErrUnavailable) {
				t.Errorf("load: %v, want ErrUnavailable", err)
			}
			if _, err := s.Resident(t.Context(), "r1"); !errors.Is(err, room.ErrUnavailable) {
				t.Errorf("resident: %v, want ErrUnavailable", err)
			}
			if _, err := s.Own(t.Context()); !errors.Is(err, room.ErrUnavailable) {
				t.Errorf("own: %v, want ErrUnavailable", err)
			}
			if _, err := postgres.Open(t.Context(), postgrestest.Config(server.URL())); !errors.Is(err, room.ErrUnavailable) {
				t.Errorf("open: %v, want ErrUnavailable", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v to say so", took)
			}

			drain(woken)
			server.Start()
			if _, err := s.Load(t.Context()); err != nil {
				t.Fatalf("the first call after its return: %v", err)
			}
			own(t, s)
			if _, err := s.Commit(t.Context(), room.Commit{Inbox: "in1"}); !errors.Is(err, room.ErrSeen) {
				t.Errorf("a commit from before: %v, want ErrSeen", err)
			}
			select {
			case <-woken: // said by the listener when it was back
			case <-time.After(patience):
				t.Error("no wake-up after the database was back")
			}
			commit(t, s, room.Commit{Events: []room.Event{event("e2", room.EvDoorClosed)}})
			if r, err := s.Verify(t.Context()); err != nil || r.Fault != nil || r.Events != 2 {
				t.Errorf("verify: %+v, %v", r, err)
			}
		})
	}
}

// drain takes a wake-up that is waiting.
func drain(ch <-chan struct{}) {
	select {
	case <-ch:
	default:
	}
}

func TestAServerThatDoesNotAnswerIsUnavailableInSeconds(t *testing.T) {
	cfg := postgrestest.Config("postgres://nobody@127.0.0.1:1/none")
	start := time.Now()
	if _, err := postgres.Open(t.Context(), cfg); !errors.Is(err, room.ErrUnavailable) {
		t.Errorf("open: %v, want ErrUnavailable", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCommitsWakeWhoWaits(t *testing.T) {
	s, other := postgrestest.New(t), postgrestest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	events, messages := other.EventsCommitted(ctx), other.MessagesQueued(ctx)
	<-events
	<-messages
	commit(t, s, room.Commit{Inbox: "nothing to publish"})
	commit(t, s, room.Commit{Messages: []room.Message{message("m1", room.Secret{})}})
	awaitWake(t, "message", messages)
	select {
	case <-events:
		t.Error("woken although no event was committed")
	default:
	}
	commit(t, s, room.Commit{Events: []room.Event{event("e1", room.EvDoorOpened)}})
	awaitWake(t, "event", events)
	cancel()
	awaitClosed(t, "the end of the wake-ups", drained(events))
	awaitClosed(t, "the end of the wake-ups", drained(messages))
}

func awaitWake(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case _, ok := <-ch:
		if !ok {
			t.Fatalf("%s: the wake-ups ended", what)
		}
	case <-time.After(patience):
		t.Fatalf("%s: not woken", what)
	}
}

// drained is closed when ch is.
func drained(ch <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range ch {
		}
	}()
	return done
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	good := postgrestest.Config("postgres://x@localhost/y")
	cases := map[string]func(c *postgres.Config){
		"no URL":           func(c *postgres.Config) { c.URL = "" },
		"no property":      func(c *postgres.Config) { c.Property = "" },
		"no room":          func(c *postgres.Config) { c.Room = "" },
		"a short seal key": func(c *postgres.Config) { c.SealKey = []byte("short") },
	}
	for name, change := range cases {
		c := good
		change(&c)
		if err := c.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Errorf("a good one: %v", err)
	}
	good.URL = "postgres://user:secret@host:port/x"
	if _, err := postgres.Open(t.Context(), good); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("a URL that is none: %v, want ErrInvalid", err)
	}
}

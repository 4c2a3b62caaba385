package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func TestOldInputsAreForgottenAndNewOnesAreNot(t *testing.T) {
	s := postgrestest.New(t)
	cfg := postgrestest.Config(postgrestest.URL(t))
	cfg.Room = "other"
	other, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	commit(t, s, room.Commit{Inbox: "old"})
	commit(t, other, room.Commit{Inbox: "of another room"})
	sql(t, postgrestest.URL(t), `UPDATE inbox SET at = $1`, at(0))
	sql(t, postgrestest.URL(t), `INSERT INTO inbox (property, room, id, at) SELECT property, room, 'old' || n, at FROM inbox, generate_series(1, 2500) n WHERE id = 'old'`)
	commit(t, s, room.Commit{Inbox: "new"})
	if n, err := s.PruneInbox(t.Context(), at(1)); n != 2501 || err != nil {
		t.Errorf("%d forgotten, %v; want 2501, more than go at once", n, err)
	}
	if _, err := s.Commit(t.Context(), room.Commit{Inbox: "new"}); !errors.Is(err, room.ErrSeen) {
		t.Errorf("a new input came again: %v, want room.ErrSeen", err)
	}
	if _, err := other.Commit(t.Context(), room.Commit{Inbox: "of another room"}); !errors.Is(err, room.ErrSeen) {
		t.Errorf("another room's input came again: %v, want room.ErrSeen", err)
	}
}

func TestMessagesGoWithTheirDeliveriesWhenNothingIsLeftToSend(t *testing.T) {
	s := postgrestest.New(t)
	for i, m := range []struct {
		id     string
		queued time.Time
		plan   []string // channels
		sent   []string
	}{
		{"sent", at(0), []string{"email", "sms"}, []string{"email", "sms"}},
		{"half sent", at(0), []string{"email", "sms"}, []string{"email"}},
		{"for nobody", at(0), []string{}, nil},
		{"unplanned", at(0), nil, nil},
		{"new", at(5), []string{"email"}, []string{"email"}},
	} {
		msg := message(m.id, secret)
		msg.Queued = m.queued
		commit(t, s, room.Commit{Messages: []room.Message{msg}})
		if m.plan == nil {
			continue
		}
		var ds []room.Delivery
		for _, channel := range m.plan {
			ds = append(ds, delivery(fmt.Sprint("d", i, channel), m.id, channel))
		}
		plan(t, s, m.id, ds...)
		for _, channel := range m.sent {
			d := delivery(fmt.Sprint("d", i, channel), m.id, channel)
			d.State, d.Sent = room.DeliverySent, at(2)
			finish(t, s, d)
		}
	}
	if n, err := s.PruneMessages(t.Context(), at(3)); n != 2 || err != nil {
		t.Errorf("%d messages went, %v; want the sent one and the one for nobody", n, err)
	}
	left, err := s.Deliveries(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, d := range left {
		of[d.Message]++
	}
	if d := cmp.Diff(map[string]int{"half sent": 2, "new": 1}, of); d != "" {
		t.Errorf("deliveries by message (-want +got):\n%s", d)
	}
	if ms, err := s.Unplanned(t.Context(), 10); len(ms) != 1 || err != nil {
		t.Errorf("%d unplanned messages, %v; want 1", len(ms), err)
	}
}

func TestWrongTriesAreForgottenAfterTheirWait(t *testing.T) {
	s := postgrestest.New(t)
	for key, until := range map[string]time.Time{"over": at(0), "waits": at(9)} {
		if err := s.SaveThrottle(t.Context(), key, room.Throttle{Failures: 6, Until: until}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.PruneThrottles(t.Context(), at(1)); n != 1 || err != nil {
		t.Errorf("%d forgotten, %v; want 1", n, err)
	}
	if k, err := s.Throttle(t.Context(), "waits"); k.Failures != 6 || err != nil {
		t.Errorf("a wait that goes on = %+v, %v", k, err)
	}
}

func TestPruningNeverTouchesTheEventLog(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, room.Commit{Inbox: "in", Events: []room.Event{{ID: "e1", Kind: room.EvDoorOpened, Time: at(0)}}})
	later := time.Now().Add(time.Hour)
	for _, prune := range []func() (int, error){
		func() (int, error) { return s.PruneInbox(t.Context(), later) },
		func() (int, error) { return s.PruneMessages(t.Context(), later) },
		func() (int, error) { return s.PruneThrottles(t.Context(), later) },
	} {
		if _, err := prune(); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := s.Verify(t.Context()); err != nil || r.Fault != nil || r.Events != 1 {
		t.Errorf("the log after pruning: %+v, %v", r, err)
	}
}

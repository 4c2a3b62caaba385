package postgres_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func message(id string, secret room.Secret) room.Message {
	return room.Message{ID: id, Kind: room.MessageStored, Event: "e1", Resident: ann,
		Parcel: room.Parcel{ID: "p1", State: room.ParcelStored}, Secret: secret, Queued: noon}
}

func delivery(id, message, channel string) room.Delivery {
	return room.Delivery{ID: id, Message: message, Channel: channel, To: "to-" + channel, State: room.DeliveryQueued, Next: at(1), Created: at(1)}
}

func plan(t *testing.T, s *postgres.Store, message string, ds ...room.Delivery) {
	t.Helper()
	if err := s.Plan(t.Context(), message, ds); err != nil {
		t.Fatalf("plan: %v", err)
	}
}

func claim(t *testing.T, s *postgres.Store, now time.Time) []room.Claim {
	t.Helper()
	claims, err := s.Claim(t.Context(), now, time.Minute, 10)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return claims
}

func finish(t *testing.T, s *postgres.Store, d room.Delivery) {
	t.Helper()
	if err := s.Finish(t.Context(), d); err != nil {
		t.Fatalf("finish: %v", err)
	}
}

// sealedSecret is the row's own bytes.
func sealedSecret(t *testing.T, id string) []byte {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var b []byte
	if err := conn.QueryRow(t.Context(), `SELECT sealed FROM messages WHERE id = $1`, id).Scan(&b); err != nil {
		t.Fatal(err)
	}
	return b
}

var secret = room.Secret{PIN: "314159", QR: "qr-secret-text"}

func TestARenewedLeaseKeepsOtherWorkersOff(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, room.Commit{Messages: []room.Message{message("m1", secret)}})
	plan(t, s, "m1", delivery("d1", "m1", "email"))
	mine := claim(t, s, at(1))[0].Delivery // until at(2)
	if err := s.Renew(t.Context(), mine, at(5)); err != nil {
		t.Fatal(err)
	}
	if others := claim(t, s, at(4)); len(others) > 0 {
		t.Errorf("claimed during its lease: %v", others)
	}
	if others := claim(t, s, at(5)); len(others) != 1 {
		t.Fatalf("after the lease %d were claimed, want 1", len(others))
	}
	if err := s.Renew(t.Context(), mine, at(9)); !errors.Is(err, room.ErrConflict) {
		t.Errorf("renewing what another worker has: %v, want room.ErrConflict", err)
	}
}

func TestAMessageGoesFromQueueToSent(t *testing.T) {
	s := postgrestest.New(t)
	m := message("m1", secret)
	commit(t, s, room.Commit{Messages: []room.Message{m}})
	commit(t, s, room.Commit{Messages: []room.Message{m}}) // made once
	unplanned, err := s.Unplanned(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	withoutSecret := m
	withoutSecret.Secret = room.Secret{}
	if d := cmp.Diff([]room.Message{withoutSecret}, unplanned); d != "" {
		t.Errorf("unplanned (-want +got):\n%s", d)
	}

	mail, text := delivery("d1", "m1", "email"), delivery("d2", "m1", "sms")
	plan(t, s, "m1", mail, text)
	plan(t, s, "m1", delivery("d3", "m1", "push")) // too late
	if unplanned, err = s.Unplanned(t.Context(), 10); err != nil || len(unplanned) > 0 {
		t.Errorf("unplanned after the plan: %v, %v", unplanned, err)
	}
	if early := claim(t, s, at(0)); len(early) > 0 {
		t.Errorf("claimed before it was due: %v", early)
	}
	claims := claim(t, s, at(2))
	mail.State, mail.Tries, mail.Next = room.DeliverySending, 1, at(3)
	text.State, text.Tries, text.Next = room.DeliverySending, 1, at(3)
	if d := cmp.Diff([]room.Claim{{Delivery: mail, Message: m}, {Delivery: text, Message: m}}, claims); d != "" {
		t.Fatalf("claims (-want +got):\n%s", d)
	}

	mail.State, mail.Sent, mail.Subject, mail.HTML, mail.Provider = room.DeliverySent, at(2), "Your package", "<p>", "250 ok"
	finish(t, s, mail)
	finish(t, s, mail) // said again, as its first answer was lost
	if len(sealedSecret(t, "m1")) == 0 {
		t.Error("the secret is wiped although a text is still to be sent")
	}
	text.State, text.Next, text.Error = room.DeliveryQueued, at(10), "provider busy"
	finish(t, s, text)
	if again := claim(t, s, at(9)); len(again) > 0 {
		t.Errorf("claimed before its next try: %v", again)
	}
	again := claim(t, s, at(11))
	if len(again) != 1 || again[0].Delivery.Tries != 2 || again[0].Message.Secret != secret {
		t.Fatalf("second try: %+v", again)
	}
	text = again[0].Delivery
	text.State, text.Error = room.DeliveryFailed, "no such number"
	finish(t, s, text)
	if b := sealedSecret(t, "m1"); b != nil {
		t.Errorf("the secret is still there: %x", b)
	}

	got, err := s.Deliveries(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]room.Delivery{text, mail}, got); d != "" {
		t.Errorf("deliveries (-want +got):\n%s", d)
	}
}

func TestAMessageToNobodyIsPlannedAndItsSecretForgotten(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, room.Commit{Messages: []room.Message{message("m1", secret)}})
	plan(t, s, "m1")
	if b := sealedSecret(t, "m1"); b != nil {
		t.Errorf("the secret is still there: %x", b)
	}
	if err := s.Plan(t.Context(), "m9", nil); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("plan of no message: %v, want ErrNotFound", err)
	}
	if err := s.Finish(t.Context(), delivery("d9", "m1", "email")); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("finish of no delivery: %v, want ErrNotFound", err)
	}
}

func TestTwoWorkersNeverClaimTheSameDelivery(t *testing.T) {
	seed := postgrestest.New(t)
	const n = 60
	for i := range n {
		id := fmt.Sprint("m", i)
		commit(t, seed, room.Commit{Messages: []room.Message{message(id, secret)}})
		plan(t, seed, id, delivery("d"+id, id, "email"))
	}
	var mu sync.Mutex
	taken := map[string]int{}
	var wg sync.WaitGroup
	for range 4 {
		worker := postgrestest.New(t)
		wg.Go(func() {
			for {
				claims, err := worker.Claim(t.Context(), at(2), time.Minute, 7)
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if len(claims) == 0 {
					return
				}
				for _, c := range claims {
					mu.Lock()
					taken[c.Delivery.ID]++
					mu.Unlock()
					d := c.Delivery
					d.State, d.Sent = room.DeliverySent, at(2)
					if err := worker.Finish(t.Context(), d); err != nil {
						t.Errorf("finish: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if len(taken) != n {
		t.Errorf("%d deliveries claimed, want %d", len(taken), n)
	}
	for id, times := range taken {
		if times != 1 {
			t.Errorf("%s was claimed %d times", id, times)
		}
	}
}

func TestTwoLastDeliveriesFinishedAtOnceWipeTheSecret(t *testing.T) {
	s := postgrestest.New(t)
	for i := range 20 {
		id := fmt.Sprint("m", i)
		commit(t, s, room.Commit{Messages: []room.Message{message(id, secret)}})
		plan(t, s, id, delivery(id+"a", id, "email"), delivery(id+"b", id, "sms"))
		var wg sync.WaitGroup
		for _, c := range claim(t, s, at(2)) {
			wg.Go(func() {
				c.Delivery.State, c.Delivery.Sent = room.DeliverySent, at(2)
				if err := s.Finish(t.Context(), c.Delivery); err != nil {
					t.Errorf("finish: %v", err)
				}
			})
		}
		wg.Wait()
		if b := sealedSecret(t, id); b != nil {
			t.Fatalf("the secret of %s is still there", id)
		}
	}
}

func TestADeliveryOfACrashedWorkerIsTakenOver(t *testing.T) {
	crashed, s := postgrestest.New(t), postgrestest.New(t)
	commit(t, s, room.Commit{Messages: []room.Message{message("m1", secret)}})
	plan(t, s, "m1", delivery("d1", "m1", "email"))
	old := claim(t, crashed, at(2))
	if len(old) != 1 || len(claim(t, s, at(2))) != 0 {
		t.Fatal("the claim is not for one worker alone")
	}
	taken := claim(t, s, at(4)) // its lease of a minute has passed
	if len(taken) != 1 || taken[0].Delivery.Tries != 2 || taken[0].Message.Secret != secret {
		t.Fatalf("taken over: %+v", taken)
	}
	late := old[0].Delivery
	late.State, late.Next = room.DeliveryQueued, at(5)
	if err := crashed.Finish(t.Context(), late); !errors.Is(err, room.ErrConflict) {
		t.Errorf("a late word of the first worker: %v, want ErrConflict", err)
	}
	late.State, late.Sent = room.DeliverySent, at(3)
	finish(t, crashed, late) // it was sent after all: that counts
	if again := claim(t, s, at(60)); len(again) > 0 {
		t.Errorf("sent, and claimed again: %v", again)
	}
}

func TestASecretIsSealedForItsMessageAlone(t *testing.T) {
	s := postgrestest.New(t)
	commit(t, s, room.Commit{Messages: []room.Message{message("m1", secret), message("m2", room.Secret{PIN: "271828"}), message("m3", room.Secret{})}})
	sealed := sealedSecret(t, "m1")
	if len(sealed) == 0 || bytes.Contains(sealed, []byte(secret.PIN)) || bytes.Contains(sealed, []byte(secret.QR)) {
		t.Errorf("the row holds %q", sealed)
	}
	if b := sealedSecret(t, "m3"); b != nil {
		t.Errorf("a message without secret holds %q", b)
	}
	sql(t, postgrestest.URL(t), `UPDATE messages SET sealed = (SELECT sealed FROM messages WHERE id = 'm1') WHERE id = 'm2'`)
	for _, id := range []string{"m1", "m2", "m3"} {
		plan(t, s, id, delivery("d"+id, id, "email"))
	}
	claims := claim(t, s, at(2))
	if len(claims) != 2 || claims[0].Message.Secret != secret || claims[1].Message.Secret != (room.Secret{}) {
		t.Errorf("claims: %+v; want m1 with its secret, m3 with none", claims)
	}
	ds, err := s.Deliveries(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		if d.Message == "m2" && (d.State != room.DeliveryFailed || d.Error == "") {
			t.Errorf("the delivery with another's secret: %+v, want it failed", d)
		}
	}
}

func TestWithoutASealKeyNoSecretIsQueued(t *testing.T) {
	cfg := postgrestest.Config(postgrestest.URL(t))
	cfg.SealKey = nil
	s, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Commit(t.Context(), room.Commit{Messages: []room.Message{message("m1", secret)}}); err == nil {
		t.Error("a secret was queued in the clear")
	}
	commit(t, s, room.Commit{Messages: []room.Message{message("m2", room.Secret{})}})
}

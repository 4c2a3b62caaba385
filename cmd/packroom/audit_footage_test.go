package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
	"github.com/packroom/packroom/web"
)

func TestAuditFootageFindsWhatWasAltered(t *testing.T) {
	url := postgrestest.URL(t)
	s, err := postgres.Open(t.Context(), postgrestest.Config(url))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := t.TempDir()
	film, other := filepath.Join(dir, "film.mp4"), filepath.Join(dir, "other.mp4")
	for path, text := range map[string]string{film: "a film", other: "another film"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := sumOf(film)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	taken := room.Footage{Camera: "cam1", From: at, To: at.Add(time.Minute), SHA256: sum}
	data, err := json.Marshal(taken)
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.Commit(t.Context(), room.Commit{Events: []room.Event{
		{ID: "e1", Kind: room.EvDoorOpened, Time: at}, {ID: "e2", Kind: room.EvClipExported, Time: at, Camera: "cam1", Data: data}}})
	if err != nil {
		t.Fatal(err)
	}
	e := events[1]
	whole := web.Certificate{Kind: web.CertificateKind, Footage: taken, By: "ann@example.com",
		Entry: room.Entry{Property: e.Property, Room: e.Room, Seq: e.Seq, Hash: e.Hash}}
	check := func(film string, change func(c *web.Certificate)) (string, error) {
		c := whole
		if change != nil {
			change(&c)
		}
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		paper := filepath.Join(dir, "certificate.json")
		if err := os.WriteFile(paper, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, help bytes.Buffer
		err = audit(t.Context(), []string{"footage", "--url", url, paper, film}, &out, &help)
		return out.String(), err
	}
	if said, err := check(film, nil); err != nil || !strings.Contains(said, "the log is whole") {
		t.Errorf("what is as it was: %q, %v", said, err)
	}
	for name, tc := range map[string]struct {
		film   string
		change func(c *web.Certificate)
		says   string
	}{
		"another file":  {other, nil, "the file has the checksum"},
		"another hash":  {film, func(c *web.Certificate) { c.Entry.Hash = []byte{1} }, "another hash"},
		"another event": {film, func(c *web.Certificate) { c.Entry.Seq, c.Entry.Hash = 1, events[0].Hash }, "no export of this file"},
		"another time":  {film, func(c *web.Certificate) { c.Footage.From = at.Add(time.Hour) }, "another camera or time"},
	} {
		var status exitError
		if said, err := check(tc.film, tc.change); !errors.As(err, &status) || status.status != 1 || !strings.Contains(said, tc.says) {
			t.Errorf("%s: %q, %v", name, said, err)
		}
	}
	if _, err := check(film, func(c *web.Certificate) { c.Entry.Seq = 99 }); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("an event that is not there: %v", err)
	}
	if _, err := check(film, func(c *web.Certificate) { c.Kind = "something" }); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("another paper: %v", err)
	}
}

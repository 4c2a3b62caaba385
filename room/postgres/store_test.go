package postgres_test

import (
	"testing"

	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func TestStoreAnswers(t *testing.T) {
	s := postgrestest.New(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
}

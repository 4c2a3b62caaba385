package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// shortLog is a log that gives its events newest first, as the store does.
type shortLog []room.Event

func (l shortLog) Events(_ context.Context, f room.EventFilter) ([]room.Event, error) {
	var out []room.Event
	for i := len(l) - 1; i >= 0; i-- {
		if (f.Before == 0 || l[i].Seq < f.Before) && len(out) < f.Limit {
			out = append(out, l[i])
		}
	}
	return out, nil
}

func TestLearnReportShowsWhereTheCourierChoseOtherwise(t *testing.T) {
	var log shortLog
	add := func(chosen string, d room.RegisteredData) {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, room.Event{Seq: int64(len(log) + 1), Kind: room.EvParcelRegistered, Resident: chosen, Data: b,
			Time: time.Date(2026, 3, 4, 15, 30, 0, 0, time.UTC), Pictures: []string{"abc123"}})
	}
	for range 2100 { // more than a page of the log
		add("R1", room.RegisteredData{Decision: room.DecisionMatch, ReadResident: "R1", ReadScore: 0.999})
	}
	add("R2", room.RegisteredData{Decision: room.DecisionConfirm, ReadResident: "R1", ReadRecipient: "A KIM", ReadUnit: "4B", ReadScore: 0.61})
	add("R1", room.RegisteredData{Decision: room.DecisionNone})
	add("R1", room.RegisteredData{}) // chosen by hand, nothing was read

	lessons, err := lessonsOf(t.Context(), log)
	if err != nil || len(lessons) != 2102 {
		t.Fatalf("%d lessons, %v", len(lessons), err)
	}
	var out bytes.Buffer
	residents := []room.Resident{{ID: "R1", FirstName: "Ana", LastName: "Kim", Unit: "4B"}, {ID: "R2", FirstName: "Alma", LastName: "Kim", Unit: "9C"}}
	if err := printLessons(&out, lessons, residents); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2102 labels were read",
		"match     2100, the courier chose the reading's first in 2100 (100.0 %)",
		"confirm      1, the courier chose the reading's first in 0 (0.0 %)",
		`2026-03-04 15:30 confirm: read "A KIM" "4B", Ana Kim, 4B 0.610; chosen: Alma Kim, 9C; picture abc123`,
		`none: read "" "", nobody 0.000; chosen: Ana Kim, 4B`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

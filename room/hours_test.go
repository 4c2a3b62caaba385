package room

import (
	"errors"
	"testing"
	"time"
)

func TestHoursContain(t *testing.T) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	workday := Hours{Days: []string{"mon", "fri"}, From: "07:00", To: "19:30"}
	night := Hours{Days: []string{"fri"}, From: "22:00", To: "06:00"}
	for _, tt := range []struct {
		h    Hours
		at   string // 23 November 2026 is a Monday
		want bool
	}{
		{workday, "2026-11-23 07:00", true},
		{workday, "2026-11-23 06:59", false},
		{workday, "2026-11-23 19:29", true},
		{workday, "2026-11-23 19:30", false},
		{workday, "2026-11-24 12:00", false},
		{night, "2026-11-27 23:00", true},
		{night, "2026-11-28 05:59", true},
		{night, "2026-11-28 06:00", false},
		{night, "2026-11-28 23:00", false},
		{Hours{From: "00:00", To: "00:00"}, "2026-11-24 12:00", true},
		{Hours{From: "soon", To: "later"}, "2026-11-24 12:00", false},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.h.Contain(at); got != tt.want {
			t.Errorf("%+v at %s: %v", tt.h, tt.at, got)
		}
	}
}

func TestHoursValidate(t *testing.T) {
	if err := (Hours{Days: []string{"sat", "sun"}, From: "07:00", To: "19:00"}).Validate(); err != nil {
		t.Error(err)
	}
	for _, h := range []Hours{{From: "7", To: "19:00"}, {From: "07:00", To: "25:00"}, {Days: []string{"monday"}, From: "07:00", To: "19:00"}} {
		if err := h.Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: got %v, want ErrInvalid", h, err)
		}
	}
}

package main

import (
	"slices"
	"testing"

	"github.com/packroom/packroom/room"
)

func TestTheResidentWhosePageIsShownLivesInTheDemonstration(t *testing.T) {
	f, err := demoFiles.Open("demo/roster.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	residents, err := room.ReadRoster(f)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(residents, func(r room.Resident) bool {
		return r.ID == demoResident.ID && r.Name()+", "+r.Unit == demoResident.Name
	}) {
		t.Errorf("nobody of the roster is %+v", demoResident)
	}
}

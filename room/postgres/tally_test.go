package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

func TestCouriersVisitsAreTallied(t *testing.T) {
	s := postgrestest.New(t)
	var c room.Commit
	for _, id := range []string{"l1", "l2", "l3", "u1", "u2"} {
		c.Parcels = append(c.Parcels, room.Parcel{ID: id, State: room.ParcelUnidentified, Slot: "A1", Stored: at(0)})
	}
	c.Parcels = append(c.Parcels, room.Parcel{ID: "again", State: room.ParcelDropped, Stored: at(0)})
	visit := func(id string, hour time.Duration, courier, carrier string, scanned, placed []string) {
		c.Visits = append(c.Visits, room.Visit{ID: id, Kind: room.VisitCourier, Phase: room.VisitEnded, Kiosk: "K1", Holder: courier, Name: courier + "'s name",
			Carrier: carrier, Started: at(0).Add(hour * time.Hour), Entered: at(0).Add(hour * time.Hour), Ended: at(0).Add(hour*time.Hour + time.Minute), Scanned: scanned, Placed: placed})
	}
	visit("v1", 1, "c1", "UPS", []string{"l1", "l2"}, []string{"l1", "u1", "u2"}) // one was not scanned
	visit("v2", 2, "c1", "UPS", []string{"l3"}, []string{"again"})                // scanned, and taken along again
	visit("v3", 3, "c2", "DHL", nil, nil)                                         // came in for nothing
	visit("v4", 4, "c2", "DHL", []string{"l1", "l2"}, []string{"u1", "u2"})       // whose is whose is not known, but all were scanned
	visit("v5", 99, "c2", "DHL", nil, []string{"l1"})                             // another day
	outside := c.Visits[0]
	outside.ID, outside.Entered = "v6", time.Time{}
	open := c.Visits[0]
	open.ID, open.Phase, open.Ended = "v7", room.VisitInside, time.Time{}
	resident := c.Visits[0]
	resident.ID, resident.Kind = "v8", room.VisitResident
	c.Visits = append(c.Visits, outside, open, resident)
	commit(t, s, c)

	got, err := s.Tallies(t.Context(), at(0), at(0).Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := []room.CourierTally{
		{Courier: "c1", Carrier: "UPS", Name: "c1's name", Visits: 2, Scanned: 3, Placed: 3, Unscanned: 1, Unplaced: 1, Skipping: 1},
		{Courier: "c2", Carrier: "DHL", Name: "c2's name", Visits: 2, Scanned: 2, Placed: 2, Empty: 1},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if all, err := s.Tallies(t.Context(), time.Time{}, time.Time{}); err != nil || len(all) != 2 || all[0].Visits != 3 {
		t.Errorf("of all time: %+v, %v", all, err)
	}
}

package room

import (
	"math"
	"slices"
)

// Joining is what Associate found: a parcel that a placement surely is, or the
// candidates that it may be.
type Joining struct {
	Parcel     string // empty while ambiguous, or when no label waits
	Confidence float64
	Candidates []string // most probable first
}

// The weights of the evidence, as odds against a label that has nothing for it.
const (
	oddsSuggestedSlot = 12.0 // it lies where the kiosk said that this one should go
	oddsNextInOrder   = 2.0  // its label was shown first of those that wait
	oddsLikeness      = 4.0  // looks exactly like the kiosk's picture, against nothing in common
)

// Associate finds which of the waiting labels a placement belongs to, by the
// suggested slot, the order of scanning and the likeness of the kiosk's picture
// to the shelf's. pending is in the order of scanning. It joins from a posterior
// probability of joinAt; below, nothing is guessed: all stay candidates. Several
// packages of one resident count as one, since mistaking them harms nobody.
func Associate(pending []Parcel, c Change, joinAt float64) Joining {
	if len(pending) == 0 {
		return Joining{}
	}
	if len(pending) == 1 {
		return Joining{Parcel: pending[0].ID, Confidence: 0.99}
	}
	type claim struct {
		parcel Parcel
		odds   float64
	}
	claims := make([]claim, len(pending))
	total := 0.0
	for i, p := range pending {
		odds := math.Pow(oddsLikeness, Likeness(p.Appearance, c.Appearance))
		if p.Suggested != "" && p.Suggested == c.Slot {
			odds *= oddsSuggestedSlot
		}
		if i == 0 {
			odds *= oddsNextInOrder
		}
		claims[i] = claim{p, odds}
		total += odds
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return sign(b.odds - a.odds) })
	best := claims[0]
	sure := 0.0 // of the best one's resident
	var j Joining
	for _, k := range claims {
		if k.parcel.ID == best.parcel.ID || best.parcel.Resident != "" && k.parcel.Resident == best.parcel.Resident {
			sure += k.odds / total
		}
		j.Candidates = append(j.Candidates, k.parcel.ID)
	}
	if sure >= joinAt-1e-9 {
		return Joining{Parcel: best.parcel.ID, Confidence: min(sure, 0.99)}
	}
	return j
}

func sign(f float64) int {
	switch {
	case f > 0:
		return 1
	case f < 0:
		return -1
	}
	return 0
}

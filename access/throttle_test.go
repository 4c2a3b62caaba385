package access

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/packroom/packroom/room"
)

// wrongPIN is the nth of a row of PINs that nobody has.
func wrongPIN(n int) room.Attempt { return pin(fmt.Sprintf("9%07d", n*7919)) }

func TestFiveWrongTriesThenAWaitThatDoubles(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	for i := range 5 {
		if _, err := g.Identify(t.Context(), wrongPIN(i)); reason(err) != "unknown" {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	for _, wait := range []time.Duration{30, 60, 120, 240, 480, 900, 900} {
		wait *= time.Second
		g = newGate(t, m, c) // a restart does not help
		looked := m.lookups
		_, err := g.Identify(t.Context(), pin(s["r1"].PIN))
		var d *room.Denial
		if !errors.As(err, &d) || !errors.Is(err, room.ErrTooMany) || d.Reason != "throttled" || d.RetryAfter != wait {
			t.Fatalf("got %v, want to be throttled for %s", err, wait)
		}
		if m.lookups != looked {
			t.Fatal("the attempt was looked at")
		}
		c.add(wait - time.Millisecond)
		if _, err := g.Identify(t.Context(), pin(s["r1"].PIN)); reason(err) != "throttled" {
			t.Fatalf("just before the end of %s: %v", wait, err)
		}
		c.add(time.Millisecond)
		if _, err := g.Identify(t.Context(), wrongPIN(int(wait))); reason(err) != "unknown" {
			t.Fatalf("after %s: %v", wait, err)
		}
	}
	c.add(15 * time.Minute)
	if _, err := g.Identify(t.Context(), pin(s["r1"].PIN)); err != nil {
		t.Fatalf("right PIN after the wait: %v", err)
	}
	for i := range 4 {
		if _, err := g.Identify(t.Context(), wrongPIN(i)); reason(err) != "unknown" {
			t.Fatalf("after the right PIN, try %d: %v", i+1, err)
		}
	}
}

func TestAnotherKioskIsNotHeldUp(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	for i := range 5 {
		_, _ = g.Identify(t.Context(), wrongPIN(i))
	}
	if _, err := g.Identify(t.Context(), room.Attempt{Kiosk: "K2", Form: room.FormPIN, Secret: s["r1"].PIN}); err != nil {
		t.Fatal(err)
	}
}

func TestClockSetBackStartsTheWaitAgainOnce(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	for i := range 5 {
		_, _ = g.Identify(t.Context(), wrongPIN(i))
	}
	c.add(-72 * time.Hour)
	_, err := g.Identify(t.Context(), pin(s["r1"].PIN))
	var d *room.Denial
	if !errors.As(err, &d) || d.RetryAfter != 30*time.Second {
		t.Fatalf("got %v, want 30s", err)
	}
	c.add(20 * time.Second)
	if _, err = g.Identify(t.Context(), pin(s["r1"].PIN)); !errors.As(err, &d) || d.RetryAfter != 10*time.Second {
		t.Fatalf("got %v, want 10s", err)
	}
	c.add(10 * time.Second)
	if _, err := g.Identify(t.Context(), pin(s["r1"].PIN)); err != nil {
		t.Fatalf("after the wait: %v", err)
	}
}

func TestTriesSpreadOverKiosksMeetTheBuildingsWait(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	for i := range buildingLimit.free {
		a := wrongPIN(i)
		a.Kiosk = fmt.Sprintf("K%d", i)
		if _, err := g.Identify(t.Context(), a); reason(err) != "unknown" {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	_, err := g.Identify(t.Context(), room.Attempt{Kiosk: "Z", Form: room.FormPIN, Secret: s["r1"].PIN})
	var d *room.Denial
	if !errors.As(err, &d) || d.RetryAfter != time.Minute {
		t.Fatalf("got %v, want a minute", err)
	}
}

func TestARightPINInBetweenDoesNotBuyGuessesForever(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	s := people(t, g, m)
	guesses := 0
	for range 200 {
		for range 4 {
			if _, err := g.Identify(t.Context(), wrongPIN(guesses)); reason(err) == "throttled" {
				if guesses > 45 {
					t.Fatalf("%d guesses before the building's wait", guesses)
				}
				return
			}
			guesses++
		}
		_, _ = g.Identify(t.Context(), pin(s["c1"].PIN))
		c.add(time.Second)
	}
	t.Fatalf("%d guesses and no wait", guesses)
}

func TestAnHourOfQuietForgets(t *testing.T) {
	m, c := newMemory(), newClock()
	g := newGate(t, m, c)
	for i := range 4 {
		_, _ = g.Identify(t.Context(), wrongPIN(i))
	}
	c.add(61 * time.Minute)
	_, _ = g.Identify(t.Context(), wrongPIN(9))
	if got := m.throttles["kiosk:K1"].Failures; got != 1 {
		t.Errorf("failures: %d, want 1", got)
	}
}

// Whatever is typed, whenever, with restarts and a clock set back in between:
// one kiosk never looks at more wrong tries than its limit lets it, measured by
// a clock that is not set back, and a wait always ends.
func TestThrottleHoldsWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, c := newMemory(), newClock()
		g := newGate(t, m, c)
		s := people(t, g, m)
		var trueTime time.Duration // passes only forward
		inRow, n := 0, 0
		var lastWrong time.Duration
		rt.Repeat(map[string]func(*rapid.T){
			"wrong": func(rt *rapid.T) {
				n++
				_, err := g.Identify(t.Context(), wrongPIN(n))
				switch reason(err) {
				case "unknown":
					if inRow >= kioskLimit.free && trueTime-lastWrong < kioskLimit.wait(inRow) {
						rt.Fatalf("looked at wrong try %d only %s after the one before", inRow+1, trueTime-lastWrong)
					}
					inRow, lastWrong = inRow+1, trueTime
				case "throttled":
					var d *room.Denial
					errors.As(err, &d)
					if d.RetryAfter <= 0 || d.RetryAfter > kioskLimit.longest {
						rt.Fatalf("asked to wait %s", d.RetryAfter)
					}
				default:
					rt.Fatalf("got %v", err)
				}
			},
			"right": func(rt *rapid.T) {
				if _, err := g.Identify(t.Context(), pin(s["r1"].PIN)); err == nil {
					inRow = 0
				} else if reason(err) != "throttled" {
					rt.Fatalf("got %v", err)
				}
			},
			"time passes": func(rt *rapid.T) {
				d := time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(rt, "d"))
				c.add(d)
				trueTime += d
			},
			"clock set back": func(rt *rapid.T) {
				c.add(-time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(rt, "back")))
			},
			"restart": func(rt *rapid.T) { g = newGate(t, m, c) },
			"a wait ends": func(rt *rapid.T) {
				_, err := g.Identify(t.Context(), pin(s["r1"].PIN))
				var d *room.Denial
				if errors.As(err, &d) {
					c.add(d.RetryAfter)
					trueTime += d.RetryAfter
					_, err = g.Identify(t.Context(), pin(s["r1"].PIN))
				}
				if err != nil {
					rt.Fatalf("after the wait that was asked for: %v", err)
				}
				inRow = 0
			},
			"": func(rt *rapid.T) {
				if trueTime-lastWrong > kioskLimit.quiet {
					inRow = 0 // may be forgotten; the model need not know
				}
			},
		})
	})
}

// TestADayOfGuessingWithRestartsKeepsTheBudget guesses whenever a try would be
// looked at, at four kiosks and at both kinds of PIN, and restarts the service
// after each try.
func TestADayOfGuessingWithRestartsKeepsTheBudget(t *testing.T) {
	for name, tt := range map[string]struct {
		kiosks int
		digits []int
		budget int // looked at in a day: the free ones, those of the growing waits, 96 of a quarter of an hour
	}{
		"one kiosk, one kind":   {1, []int{8}, 5 + 5 + 96},
		"one kiosk, both kinds": {1, []int{6, 8}, 30 + 4 + 96},
		"the whole building":    {4, []int{6, 8}, 30 + 4 + 96},
	} {
		t.Run(name, func(t *testing.T) {
			m, c := newMemory(), newClock()
			people(t, newGate(t, m, c), m)
			looked, n := 0, 0
			for end := c.now().Add(24 * time.Hour); c.now().Before(end); c.add(30 * time.Second) {
				for k := range tt.kiosks {
					for _, digits := range tt.digits {
						n++
						g := newGate(t, m, c)
						secret := fmt.Sprintf("9%0*d", digits-1, n*7919%100_000)
						_, err := g.Identify(t.Context(), room.Attempt{Kiosk: fmt.Sprint("K", k), Form: room.FormPIN, Secret: secret})
						if reason(err) == "unknown" {
							looked++
						} else if reason(err) != "throttled" {
							t.Fatal(err)
						}
					}
				}
			}
			if looked > tt.budget {
				t.Errorf("%d tries were looked at in a day, budget %d", looked, tt.budget)
			}
			t.Logf("%d of %d", looked, tt.budget)
		})
	}
}

package accesstest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// disconnects is how many a driver must survive.
const disconnects = 1000

// Survives breaks the line to a door's hardware a thousand times, with garbage,
// flipped bits and silence in what comes back in between: without a grant the
// strike never moves, and in the end the door works. The driver is to try again
// without waiting, so that this is quick.
func Survives(t *testing.T, b Bench, w *Wire) {
	t.Helper()
	go func() {
		for range b.Devices.Door.Events(t.Context()) { // a listener must not hold the driver up
		}
	}()
	answers := func() bool { return b.Devices.Door.Lock(t.Context()) == nil }
	s := newSpoiler()
	for n := range disconnects {
		if n%250 == 249 {
			Eventually(t, "the lock answers in between", answers)
		}
		if how := s.how[n%40]; how != nil {
			s.one(t, w, how)
		}
		w.HangUp(t)
		if b.Released() {
			t.Fatalf("after %d disconnects the strike is released without a grant", n+1)
		}
	}
	Eventually(t, "the lock answers again", answers)
	fence := uint64(0)
	Eventually(t, "the door unlocks", func() bool {
		fence++
		return b.Devices.Door.Unlock(t.Context(), grant(b, fence, long)) == nil
	})
	if !b.Released() {
		t.Error("the strike does not release")
	}
	if d := b.Devices.Diagnostics.Diagnose()[0]; d.Counts["lost"] == 0 {
		t.Errorf("nobody noticed: %+v", d)
	}
}

// spoiler changes the peer's answers. What is sent to the peer stays as it is:
// lines such as Modbus over TCP hide no flipped bit, and the peer would do what it
// reads.
type spoiler struct {
	how map[int]func(b []byte) []byte // at which of every 40 disconnects
	hit chan struct{}
}

func newSpoiler() *spoiler {
	rnd := rand.New(rand.NewPCG(1, 2)) // used by one at a time: one answer is spoiled, then the next
	return &spoiler{hit: make(chan struct{}, 1), how: map[int]func(b []byte) []byte{
		10: func(b []byte) []byte { // garbage
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			return b
		},
		20: func(b []byte) []byte { return b[:rnd.IntN(len(b))] }, // an answer that breaks off
		30: func(b []byte) []byte { // a flipped bit
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
			return b
		},
	}}
}

// one spoils one answer.
func (s *spoiler) one(t *testing.T, w *Wire, how func(b []byte) []byte) {
	t.Helper()
	var once sync.Once
	w.Spoil(func(fromPeer bool, b []byte) []byte {
		if fromPeer && len(b) > 0 {
			once.Do(func() { b = how(b); s.hit <- struct{}{} })
		}
		return b
	})
	select {
	case <-s.hit:
	case <-time.After(patience):
		t.Fatalf("the peer says nothing within %s", patience)
	}
	w.Spoil(nil)
}

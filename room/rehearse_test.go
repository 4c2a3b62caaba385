package room

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// actor is a voice that rehearses.
type actor struct {
	*panel
	mu        sync.Mutex
	rehearsed map[string]int
	sick      bool
}

func (a *actor) Rehearse(_ context.Context, text, language string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sick {
		return errors.New("no voice today")
	}
	a.rehearsed[text+" "+language]++
	return nil
}

func TestTheVoiceRehearsesWhatVisitsNeed(t *testing.T) {
	for _, sick := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := newPanel()
			s := testRoom(newMemory(), p)
			a := &actor{panel: p, rehearsed: map[string]int{}, sick: sick}
			s.dev.Voice = a
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- s.Run(ctx) }()
			synctest.Wait()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			// One slot in two languages; take for one, two and three packages.
			for key, want := range map[string]int{"prompt.take en": 6, "prompt.wrong_parcel en": 2, "prompt.taken_done en": 2} {
				if sick {
					want = 0
				}
				if got := a.rehearsed[key]; got != want {
					t.Errorf("%s was rehearsed %d times, want %d", key, got, want)
				}
			}
		})
	}
}

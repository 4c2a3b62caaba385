package room

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// memory is a Store without a database.
type memory struct {
	mu        sync.Mutex
	state     State
	inbox     map[string]bool
	once      map[string]bool
	commits   []Commit
	residents map[string]Resident
	down      bool // every call fails
	torn      bool // the next commit is written, but its answer is lost
}

func newMemory() *memory {
	return &memory{state: State{}.Clone(), inbox: map[string]bool{}, once: map[string]bool{}, residents: map[string]Resident{}}
}

var errDown = fmt.Errorf("memory: %w", ErrUnavailable)

func (m *memory) Own(ctx context.Context) (<-chan struct{}, error) { return make(chan struct{}), nil }

func (m *memory) Load(context.Context) (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return State{}, errDown
	}
	return m.state.Clone(), nil
}

func (m *memory) Commit(_ context.Context, c Commit) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, errDown
	}
	if c.Inbox != "" && m.inbox[c.Inbox] {
		return nil, ErrSeen
	}
	for _, e := range c.Events {
		if err := dataFits(e); err != nil {
			return nil, err
		}
	}
	for _, once := range c.Once {
		if m.once[once] {
			return nil, ErrSpent
		}
		m.once[once] = true
	}
	m.inbox[c.Inbox] = true
	m.commits = append(m.commits, c)
	for _, p := range c.Parcels {
		m.state.Parcels[p.ID] = p
	}
	for _, v := range c.Visits {
		m.state.Visits[v.ID] = v
		if v.Phase == VisitEnded {
			delete(m.state.Visits, v.ID)
		}
	}
	for _, i := range c.Items {
		m.state.Items[i.Key] = i
	}
	for _, k := range c.ItemsGone {
		delete(m.state.Items, k)
	}
	for _, g := range c.Grants {
		m.state.LastGrant = g.Fence
		if g.Door != LockersDoor {
			m.state.Door.Granted = g
		}
	}
	for _, e := range c.Events {
		if e.Kind == EvDoorOpened || e.Kind == EvDoorClosed {
			m.state.Door.Open, m.state.Door.Since = e.Kind == EvDoorOpened, e.Time
		}
	}
	for _, h := range c.Cameras {
		m.state.Cameras[h.Camera] = h
	}
	for _, r := range c.Residents {
		m.residents[r.ID] = r
	}
	if m.torn {
		m.torn = false
		return nil, errDown
	}
	return c.Events, nil
}

func (m *memory) Resident(_ context.Context, id string) (Resident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.residents[id]; ok {
		return r, nil
	}
	return Resident{}, fmt.Errorf("resident %s: %w", id, ErrNotFound)
}

func (m *memory) Courier(_ context.Context, id string) (Courier, error) {
	return Courier{}, fmt.Errorf("courier %s: %w", id, ErrNotFound)
}

func (m *memory) FindTracking(context.Context, string) ([]Parcel, error) { return nil, nil }

func (m *memory) Credentials(_ context.Context, holder string) ([]Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Credential
	for _, c := range m.commits {
		for _, k := range c.Credentials {
			if k.Holder == holder {
				list = append(list, k)
			}
		}
	}
	return list, nil
}

func (m *memory) Roster(context.Context) ([]Resident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Resident
	for _, r := range m.residents {
		list = append(list, r)
	}
	return list, nil
}

func (m *memory) events(kind EventKind) []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Event
	for _, c := range m.commits {
		list = append(list, slices.DeleteFunc(slices.Clone(c.Events), func(e Event) bool { return e.Kind != kind })...)
	}
	return list
}

// doorman is an Authority that knows two people.
type doorman struct{ issued int }

func (d *doorman) Identify(_ context.Context, a Attempt) (Identity, error) {
	switch a.Secret {
	case "111111":
		return Identity{Kind: VisitCourier, Holder: "C1", Name: "Ana", Carrier: "UPS"}, nil
	case "22222222":
		return Identity{Kind: VisitResident, Holder: "R1", Name: "Ann Lee", Unit: "4B"}, nil
	}
	return Identity{}, &Denial{Reason: "unknown", RetryAfter: 30 * time.Second}
}

func (d *doorman) Issue(kind CredentialKind, holder string, forms []CredentialForm, _ time.Time) ([]Credential, Secret, error) {
	d.issued++
	var creds []Credential
	for _, f := range forms {
		creds = append(creds, Credential{ID: fmt.Sprintf("%s-%s-%d", holder, f, d.issued), Kind: kind, Form: f, Holder: holder, Hash: []byte(f)})
	}
	return creds, Secret{PIN: "87654321", QR: "PR1:X"}, nil
}

func (d *doorman) Enroll(_ context.Context, kind CredentialKind, holder string, form CredentialForm, secret string) (Credential, error) {
	return Credential{ID: "card-" + secret, Kind: kind, Form: form, Holder: holder}, nil
}

func (d *doorman) Withdraw([]Credential) {}

// panel records what a room's devices were told.
type panel struct {
	mu      sync.Mutex
	grants  []Grant
	broken  bool
	reports chan DoorEvent
	lights  chan map[string]Signal
	laser   chan Aim
	said    chan string
}

func newPanel() *panel {
	return &panel{reports: make(chan DoorEvent), lights: make(chan map[string]Signal, 64), laser: make(chan Aim, 64), said: make(chan string, 64)}
}

func (p *panel) Unlock(_ context.Context, g Grant) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken {
		return fmt.Errorf("strike: %w", ErrUnavailable)
	}
	p.grants = append(p.grants, g)
	return nil
}

func (p *panel) Lock(context.Context) error { return nil }

func (p *panel) Events(ctx context.Context) <-chan DoorEvent {
	out := make(chan DoorEvent)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-p.reports:
				out <- e
			}
		}
	}()
	return out
}

func (p *panel) Set(_ context.Context, bySlot map[string]Signal) error {
	p.lights <- bySlot
	return nil
}

func (p *panel) Point(_ context.Context, a Aim, _ time.Duration) error {
	p.laser <- a
	return nil
}

func (p *panel) Off(context.Context) error { return nil }

func (p *panel) Say(_ context.Context, text, _ string, _ bool) error {
	p.said <- text
	return nil
}

// keys says each prompt by its key.
type keys struct{}

func (keys) Say(p Prompt) (string, string) { return p.Key, "en" }

func jsonOf(v any) (json.RawMessage, error) { return json.Marshal(v) }

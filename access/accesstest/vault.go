package accesstest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/room"
)

// Vault is what a room and its gate remember, without a database.
type Vault struct {
	Down bool // every call fails; see Set
	Torn bool // the next commit is written, but its answer is lost

	mu          sync.Mutex
	state       room.State
	seen        map[string]bool // inbox and what was used up
	commits     []room.Commit
	credentials map[string]room.Credential
	throttles   map[string]room.Throttle
}

var (
	_ room.Store   = (*Vault)(nil)
	_ access.Store = (*Vault)(nil)
)

// NewVault makes an empty one.
func NewVault() *Vault {
	return &Vault{state: room.State{}.Clone(), seen: map[string]bool{}, credentials: map[string]room.Credential{}, throttles: map[string]room.Throttle{}}
}

// open locks the vault, unless it is down.
func (v *Vault) open() (shut func(), err error) {
	v.mu.Lock()
	if v.Down {
		v.mu.Unlock()
		return nil, fmt.Errorf("vault: %w", room.ErrUnavailable)
	}
	return v.mu.Unlock, nil
}

// Own implements room.Store.
func (v *Vault) Own(context.Context) (<-chan struct{}, error) { return make(chan struct{}), nil }

// Load implements room.Store.
func (v *Vault) Load(context.Context) (room.State, error) {
	shut, err := v.open()
	if err != nil {
		return room.State{}, err
	}
	defer shut()
	return v.state.Clone(), nil
}

// Commit implements room.Store.
func (v *Vault) Commit(_ context.Context, c room.Commit) ([]room.Event, error) {
	shut, err := v.open()
	if err != nil {
		return nil, err
	}
	defer shut()
	if c.Inbox != "" && v.seen[c.Inbox] {
		return nil, room.ErrSeen
	}
	if slices.ContainsFunc(c.Once, func(o string) bool { return v.seen[o] }) {
		return nil, room.ErrSpent
	}
	for _, s := range append(slices.Clone(c.Once), c.Inbox) {
		v.seen[s] = s != ""
	}
	v.commits = append(v.commits, c)
	for _, one := range c.Visits {
		if v.state.Visits[one.ID] = one; one.Phase == room.VisitEnded {
			delete(v.state.Visits, one.ID)
		}
	}
	for _, k := range c.Credentials {
		v.credentials[k.ID] = k
	}
	for _, g := range c.Grants {
		v.state.LastGrant, v.state.Door.Granted = g.Fence, g
	}
	for _, e := range c.Events {
		if e.Kind == room.EvDoorOpened || e.Kind == room.EvDoorClosed {
			v.state.Door.Open, v.state.Door.Since = e.Kind == room.EvDoorOpened, e.Time
		}
	}
	if v.Torn {
		v.Torn = false
		return nil, fmt.Errorf("vault: the answer is lost: %w", room.ErrUnavailable)
	}
	return c.Events, nil
}

// Set changes what it does.
func (v *Vault) Set(down, torn bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Down, v.Torn = down, torn
}

// Add puts in what was issued.
func (v *Vault) Add(creds ...room.Credential) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range creds {
		v.credentials[c.ID] = c
	}
}

// Committed reports whether g was.
func (v *Vault) Committed(g room.Grant) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.commits, func(c room.Commit) bool { return slices.Contains(c.Grants, g) })
}

// Log is every event that was committed.
func (v *Vault) Log() (all []room.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.commits {
		all = append(all, c.Events...)
	}
	return all
}

// Credentials implements room.Store.
func (v *Vault) Credentials(_ context.Context, holder string) ([]room.Credential, error) {
	return v.find(func(c room.Credential) bool { return c.Holder == holder })
}

// CredentialsByHash implements access.Store.
func (v *Vault) CredentialsByHash(_ context.Context, hash []byte) ([]room.Credential, error) {
	return v.find(func(c room.Credential) bool { return bytes.Equal(c.Hash, hash) })
}

func (v *Vault) find(is func(room.Credential) bool) (found []room.Credential, err error) {
	shut, err := v.open()
	if err != nil {
		return nil, err
	}
	defer shut()
	for _, c := range v.credentials {
		if is(c) {
			found = append(found, c)
		}
	}
	return found, nil
}

// Throttle implements access.Store.
func (v *Vault) Throttle(_ context.Context, key string) (room.Throttle, error) {
	shut, err := v.open()
	if err != nil {
		return room.Throttle{}, err
	}
	defer shut()
	return v.throttles[key], nil
}

// SaveThrottle implements access.Store.
func (v *Vault) SaveThrottle(_ context.Context, key string, t room.Throttle) error {
	shut, err := v.open()
	if err != nil {
		return err
	}
	defer shut()
	v.throttles[key] = t
	return nil
}

// Visits implements access.Store.
func (v *Vault) Visits(_ context.Context, f room.VisitFilter) (found []room.Visit, err error) {
	shut, err := v.open()
	if err != nil {
		return nil, err
	}
	defer shut()
	for _, c := range slices.Backward(v.commits) {
		for _, one := range c.Visits {
			if one.Kind == f.Kind && one.Holder == f.Holder {
				return []room.Visit{one}, nil
			}
		}
	}
	return nil, nil
}

// Resident implements room.Store: everybody lives here.
func (v *Vault) Resident(_ context.Context, id string) (room.Resident, error) {
	return room.Resident{ID: id, LastName: "Resident " + id, Unit: "4B", Status: room.ResidentCurrent}, nil
}

// Courier implements room.Store: everybody delivers.
func (v *Vault) Courier(_ context.Context, id string) (room.Courier, error) {
	return room.Courier{ID: id, Name: "Lou", Carrier: "UPS", Active: true}, nil
}

// Managers implements access.Store.
func (v *Vault) Managers(context.Context) ([]room.Manager, error) { return nil, nil }

// PackagesHere implements access.Store.
func (v *Vault) PackagesHere(context.Context, string) (int, error) { return 1, nil }

// Roster implements room.Store.
func (v *Vault) Roster(context.Context) ([]room.Resident, error) { return nil, nil }

// FindTracking implements room.Store.
func (v *Vault) FindTracking(context.Context, string) ([]room.Parcel, error) { return nil, nil }

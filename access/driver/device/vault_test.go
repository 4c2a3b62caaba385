package device_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/packroom/packroom/access"
	"github.com/packroom/packroom/room"
)

// vault is what a room and its gate remember, without a database.
type vault struct {
	mu          sync.Mutex
	down        bool // every call fails
	torn        bool // the next commit is written, but its answer is lost
	state       room.State
	seen        map[string]bool // inbox and what was used up
	commits     []room.Commit
	credentials map[string]room.Credential
	throttles   map[string]room.Throttle
}

var (
	_ room.Store   = (*vault)(nil)
	_ access.Store = (*vault)(nil)
)

func newVault() *vault {
	return &vault{state: room.State{}.Clone(), seen: map[string]bool{}, credentials: map[string]room.Credential{}, throttles: map[string]room.Throttle{}}
}

// open locks the vault, unless it is down.
func (v *vault) open() (shut func(), err error) {
	v.mu.Lock()
	if v.down {
		v.mu.Unlock()
		return nil, fmt.Errorf("vault: %w", room.ErrUnavailable)
	}
	return v.mu.Unlock, nil
}

func (v *vault) Own(context.Context) (<-chan struct{}, error) { return make(chan struct{}), nil }

func (v *vault) Load(context.Context) (room.State, error) {
	shut, err := v.open()
	if err != nil {
		return room.State{}, err
	}
	defer shut()
	return v.state.Clone(), nil
}

func (v *vault) Commit(_ context.Context, c room.Commit) ([]room.Event, error) {
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
	if v.torn {
		v.torn = false
		return nil, fmt.Errorf("vault: the answer is lost: %w", room.ErrUnavailable)
	}
	return c.Events, nil
}

// committed reports whether g was.
func (v *vault) committed(g room.Grant) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.commits, func(c room.Commit) bool { return slices.Contains(c.Grants, g) })
}

// log is every event that was committed.
func (v *vault) log() (all []room.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.commits {
		all = append(all, c.Events...)
	}
	return all
}

func (v *vault) Credentials(_ context.Context, holder string) ([]room.Credential, error) {
	return v.find(func(c room.Credential) bool { return c.Holder == holder })
}

func (v *vault) CredentialsByHash(_ context.Context, hash []byte) ([]room.Credential, error) {
	return v.find(func(c room.Credential) bool { return bytes.Equal(c.Hash, hash) })
}

func (v *vault) find(is func(room.Credential) bool) (found []room.Credential, err error) {
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

func (v *vault) Throttle(_ context.Context, key string) (room.Throttle, error) {
	shut, err := v.open()
	if err != nil {
		return room.Throttle{}, err
	}
	defer shut()
	return v.throttles[key], nil
}

func (v *vault) SaveThrottle(_ context.Context, key string, t room.Throttle) error {
	shut, err := v.open()
	if err != nil {
		return err
	}
	defer shut()
	v.throttles[key] = t
	return nil
}

func (v *vault) Visits(_ context.Context, f room.VisitFilter) (found []room.Visit, err error) {
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

func (v *vault) Resident(_ context.Context, id string) (room.Resident, error) {
	return room.Resident{ID: id, LastName: "Resident " + id, Unit: "4B", Status: room.ResidentCurrent}, nil
}

func (v *vault) Courier(_ context.Context, id string) (room.Courier, error) {
	return room.Courier{ID: id, Name: "Lou", Carrier: "UPS", Active: true}, nil
}

func (v *vault) Managers(context.Context) ([]room.Manager, error)            { return nil, nil }
func (v *vault) PackagesHere(context.Context, string) (int, error)           { return 1, nil }
func (v *vault) Roster(context.Context) ([]room.Resident, error)             { return nil, nil }
func (v *vault) FindTracking(context.Context, string) ([]room.Parcel, error) { return nil, nil }

// far is later than any of this.
func far() time.Time { return time.Now().Add(1000 * time.Hour) }

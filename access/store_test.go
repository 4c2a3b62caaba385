package access

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/packroom/packroom/room"
)

// memory is a Store that keeps everything in maps. Err makes every method fail.
type memory struct {
	mu          sync.Mutex
	credentials []room.Credential // oldest first
	throttles   map[string]room.Throttle
	residents   map[string]room.Resident
	couriers    map[string]room.Courier
	managers    []room.Manager
	here        map[string]int
	visits      []room.Visit // newest first
	err         error
	saveErr     error
	lookups     int // calls of CredentialsByHash
}

func newMemory() *memory {
	return &memory{
		throttles: map[string]room.Throttle{},
		residents: map[string]room.Resident{},
		couriers:  map[string]room.Courier{},
		here:      map[string]int{},
	}
}

func (m *memory) add(cs ...room.Credential) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.credentials = append(m.credentials, cs...)
}

func (m *memory) CredentialsByHash(_ context.Context, hash []byte) ([]room.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups++
	var found []room.Credential
	for i := len(m.credentials) - 1; i >= 0; i-- {
		if bytes.Equal(m.credentials[i].Hash, hash) {
			found = append(found, m.credentials[i])
		}
	}
	return found, m.err
}

func (m *memory) Throttle(_ context.Context, key string) (room.Throttle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.throttles[key], m.err
}

func (m *memory) SaveThrottle(_ context.Context, key string, t room.Throttle) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil && m.saveErr == nil {
		m.throttles[key] = t
	}
	if m.saveErr != nil {
		return m.saveErr
	}
	return m.err
}

func (m *memory) Resident(_ context.Context, id string) (room.Resident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.residents[id]
	if !ok {
		return r, fmt.Errorf("resident %s: %w", id, room.ErrNotFound)
	}
	return r, m.err
}

func (m *memory) Courier(_ context.Context, id string) (room.Courier, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.couriers[id]
	if !ok {
		return c, fmt.Errorf("courier %s: %w", id, room.ErrNotFound)
	}
	return c, m.err
}

func (m *memory) Managers(context.Context) ([]room.Manager, error) { return m.managers, m.err }

func (m *memory) PackagesHere(_ context.Context, resident string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.here[resident], m.err
}

func (m *memory) Visits(_ context.Context, f room.VisitFilter) ([]room.Visit, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []room.Visit
	for _, v := range m.visits {
		if v.Kind == f.Kind && v.Holder == f.Holder && len(found) < f.Limit {
			found = append(found, v)
		}
	}
	return found, m.err
}

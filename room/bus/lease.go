package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/packroom/packroom/room"
)

// LeaseTTL is how long a camera stays its owner's after the last renewal:
// another process takes over so much after a crash on another machine. After a
// crash on the same machine it takes over at once.
const LeaseTTL = 5 * time.Second

const (
	renewEvery = LeaseTTL / 3
	leasePoll  = LeaseTTL / 10
)

// Lease is the right to be the one process that works on a camera. It is
// renewed in the background until Release, or until the ctx it was asked with
// ends.
type Lease struct {
	// Camera is whose lease it is.
	Camera string
	// Fence rises with every owner of the camera and marks what the owner says:
	// whoever has seen a higher one refuses it. It is the bucket's age in seconds
	// since 2025 (31 bits) before the key's revision (32 bits), so that it rises
	// also when the server's data was lost, and fits a signed 64 bit column.
	Fence uint64

	lost chan struct{}
	stop context.CancelFunc
	done chan struct{}
}

// Lost is closed when the lease is no longer held: it was taken over, could not
// be renewed for LeaseTTL, or was released.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Release gives the camera back at once and waits until that is done.
func (l *Lease) Release() {
	l.stop()
	<-l.done
}

// holder is a lease's value: who has it.
type holder struct {
	Name  string `json:"name"`
	Host  string `json:"host"`
	Boot  string `json:"boot"` // the machine's boot and PID namespace: PIDs mean the same within
	PID   int    `json:"pid"`
	Since string `json:"since"`
}

// LeaseCamera waits until the camera is this process's, or ctx ends
// (room.ErrUnavailable, with what was in the way).
func (b *Bus) LeaseCamera(ctx context.Context, camera string) (*Lease, error) {
	key := strings.Join([]string{b.cfg.Property, b.cfg.Room, camera}, ".")
	me := self(b.cfg.Name)
	value, err := json.Marshal(me)
	if err != nil {
		return nil, fmt.Errorf("lease of camera %s: %w", camera, err)
	}
	for {
		l, err := b.tryLease(ctx, key, camera, me, value)
		if err == nil {
			return l, nil
		}
		if permanent(err) || errors.Is(err, jetstream.ErrInvalidKey) {
			return nil, fmt.Errorf("lease of camera %s: %w", camera, err)
		}
		if !pause(ctx, leasePoll) {
			return nil, fmt.Errorf("lease of camera %s: %w: %v", camera, room.ErrUnavailable, err)
		}
	}
}

func (b *Bus) tryLease(ctx context.Context, key, camera string, me holder, value []byte) (*Lease, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	kv, err := b.js.CreateOrUpdateKeyValue(call, jetstream.KeyValueConfig{
		Bucket:      LeaseBucket,
		Description: "which process owns which camera",
		TTL:         LeaseTTL, // of every key since its last update
		Storage:     jetstream.FileStorage,
		History:     1,
	})
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", LeaseBucket, err)
	}
	status, err := kv.Status(call)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", LeaseBucket, err)
	}
	asked := time.Now()
	revision, err := kv.Create(call, key, value)
	if errors.Is(err, jetstream.ErrKeyExists) {
		revision, err = takeOver(call, kv, key, me, value)
	}
	if err != nil {
		return nil, err
	}
	created := bucketCreated(status)
	run, stop := context.WithCancel(ctx)
	l := &Lease{Camera: camera, Fence: fence(created, revision), lost: make(chan struct{}), stop: stop, done: make(chan struct{})}
	b.leases.Add(1)
	go func() {
		defer b.leases.Done()
		defer close(l.done)
		defer stop()
		b.holdLease(run, kv, l, key, value, revision, asked)
	}()
	b.log.Info("camera leased", "camera", camera, "fence", l.Fence)
	return l, nil
}

// takeOver takes a lease whose holder ran on this machine and is dead.
func takeOver(ctx context.Context, kv jetstream.KeyValue, key string, me holder, value []byte) (uint64, error) {
	entry, err := kv.Get(ctx, key)
	if err != nil {
		return 0, err
	}
	var h holder
	if err := json.Unmarshal(entry.Value(), &h); err != nil {
		return 0, fmt.Errorf("held by somebody unknown: %w", err)
	}
	if h.Boot != me.Boot || h.Host != me.Host || h.PID == me.PID || alive(h.PID) {
		return 0, fmt.Errorf("held by %s on %s, process %d, since %s", h.Name, h.Host, h.PID, h.Since)
	}
	return kv.Update(ctx, key, value, entry.Revision())
}

// holdLease renews until ctx ends or the lease is lost. renewed is when the
// last renewal that worked was asked for: the server's clock starts later.
func (b *Bus) holdLease(ctx context.Context, kv jetstream.KeyValue, l *Lease, key string, value []byte, revision uint64, renewed time.Time) {
	lost := sync.OnceFunc(func() { close(l.lost) })
	defer lost()
	t := time.NewTicker(renewEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			lost() // before others can have it
			b.giveBack(ctx, kv, key, revision)
			return
		case <-b.closed:
			return
		case <-t.C:
		}
		left := LeaseTTL - time.Since(renewed)
		asked := time.Now()
		call, cancel := context.WithTimeout(ctx, min(left, renewEvery))
		next, err := kv.Update(call, key, value, revision)
		cancel()
		switch {
		case err == nil:
			revision, renewed = next, asked
			t.Reset(renewEvery)
			continue
		case ctx.Err() != nil:
			continue
		case errors.Is(err, jetstream.ErrKeyRevisionMismatch):
			revision, err = b.ownRevision(ctx, kv, key, value, err)
			if err == nil { // the answer to an earlier renewal was lost, not the lease
				continue
			}
			b.log.Warn("camera lease lost", "camera", l.Camera, "error", err)
			return
		case time.Since(renewed) >= LeaseTTL-leasePoll:
			b.log.Warn("camera lease lost: it could not be renewed", "camera", l.Camera, "error", err)
			return
		}
		t.Reset(leasePoll)
	}
}

// ownRevision finds the revision of a key that still holds this very lease.
func (b *Bus) ownRevision(ctx context.Context, kv jetstream.KeyValue, key string, value []byte, mismatch error) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, leasePoll)
	defer cancel()
	entry, err := kv.Get(ctx, key)
	if err != nil || string(entry.Value()) != string(value) {
		return 0, mismatch
	}
	return entry.Revision(), nil
}

func (b *Bus) giveBack(ctx context.Context, kv jetstream.KeyValue, key string, revision uint64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := kv.Delete(ctx, key, jetstream.LastRevision(revision))
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		b.log.Debug("camera lease runs out by itself", "error", err)
	}
}

// fenceEpoch is where fences count from.
var fenceEpoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func fence(bucketCreated time.Time, revision uint64) uint64 {
	age := max(0, bucketCreated.Unix()-fenceEpoch.Unix())
	return uint64(age)<<32 | revision&(1<<32-1)
}

func bucketCreated(status jetstream.KeyValueStatus) time.Time {
	if s, ok := status.(*jetstream.KeyValueBucketStatus); ok {
		return s.StreamInfo().Created
	}
	return fenceEpoch
}

func self(name string) holder {
	host, _ := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	pids, _ := os.Readlink("/proc/self/ns/pid")
	return holder{Name: name, Host: host, Boot: strings.TrimSpace(string(boot)) + " " + pids, PID: os.Getpid(),
		Since: time.Now().UTC().Format(time.RFC3339Nano)}
}

// alive reports whether a process of this machine exists.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

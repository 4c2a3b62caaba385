package bus_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/bus/bustest"
)

func lease(t *testing.T, b *bus.Bus, camera string) *bus.Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	l, err := b.LeaseCamera(ctx, camera)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func held(l *bus.Lease) bool {
	select {
	case <-l.Lost():
		return false
	default:
		return true
	}
}

func TestCameraHasOneOwner(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	one, two := connect(t, url, "vision"), connect(t, url, "vision")
	first := lease(t, one, "cam1")
	other := lease(t, two, "cam2")
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := two.LeaseCamera(short, "cam1"); !isUnavailable(err) || !strings.Contains(err.Error(), "held by vision") {
		t.Errorf("second lease = %v, want ErrUnavailable and who holds it", err)
	}
	first.Release()
	if held(first) {
		t.Error("a released lease is not lost")
	}
	second := lease(t, two, "cam1")
	if second.Fence <= first.Fence {
		t.Errorf("fence %d after %d does not rise", second.Fence, first.Fence)
	}
	if !held(second) || !held(other) {
		t.Error("a lease was lost")
	}
}

func TestLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	l := lease(t, connect(t, url, "vision"), "cam1")
	kv, err := jet(t, url).KeyValue(t.Context(), bus.LeaseBucket)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := kv.Get(t.Context(), "demo.main.cam1")
	if err != nil {
		t.Fatal(err)
	}
	first, began := entry.Revision(), time.Now()
	eventually(t, "the lease was renewed for longer than it lasts", func() bool {
		entry, err := kv.Get(t.Context(), "demo.main.cam1")
		return err == nil && entry.Revision() > first && time.Since(began) > bus.LeaseTTL+time.Second
	})
	if !held(l) {
		t.Error("the lease was lost")
	}
}

func TestLeaseTakenByAnotherIsLost(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	l := lease(t, connect(t, url, "vision"), "cam1")
	kv, err := jet(t, url).KeyValue(t.Context(), bus.LeaseBucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "demo.main.cam1", []byte(`{"host":"elsewhere"}`)); err != nil {
		t.Fatal(err)
	}
	receive(t, "the loss", l.Lost())
}

func TestLeaseIsLostWhenTheServerIsGone(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	b := connect(t, s.URL(), "vision")
	l := lease(t, b, "cam1")
	s.Stop()
	gone := time.Now()
	receive(t, "the loss", l.Lost())
	if d := time.Since(gone); d > bus.LeaseTTL+time.Second {
		t.Errorf("lost after %s, want within %s", d, bus.LeaseTTL)
	}
	s.Start()
	if again := lease(t, b, "cam1"); again.Fence <= l.Fence {
		t.Errorf("fence %d after %d does not rise", again.Fence, l.Fence)
	}
}

func TestFenceRisesOverTheLossOfTheData(t *testing.T) {
	t.Parallel()
	s := bustest.New(t)
	b := connect(t, s.URL(), "vision")
	lease(t, b, "cam1").Release()
	l := lease(t, b, "cam1")
	began := time.Now()
	s.Stop()
	s.Wipe()
	receive(t, "the loss", l.Lost())
	eventually(t, "the clock's second is another one", func() bool { return time.Now().Unix() > began.Unix()+1 })
	s.Start()
	if again := lease(t, b, "cam1"); again.Fence <= l.Fence {
		t.Errorf("fence %d after %d does not rise", again.Fence, l.Fence)
	}
}

func TestLeaseOfAKilledNeighbourIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), leaseHolderURL+"="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("holder says %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
	began := time.Now()
	l := lease(t, connect(t, url, "vision"), "cam1")
	if d := time.Since(began); d > bus.LeaseTTL/2 {
		t.Errorf("taken over after %s, want at once", d)
	}
	if !held(l) {
		t.Error("the lease was lost")
	}
}

func TestLeaseOfAnotherMachineIsTakenWhenItRunsOut(t *testing.T) {
	t.Parallel()
	url := bustest.Start(t)
	b := connect(t, url, "vision")
	lease(t, b, "cam1").Release() // makes the bucket
	kv, err := jet(t, url).KeyValue(t.Context(), bus.LeaseBucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Create(t.Context(), "demo.main.cam1", []byte(`{"name":"vision","host":"elsewhere","pid":1}`)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	l := lease(t, b, "cam1")
	if d := time.Since(began); d < bus.LeaseTTL-time.Second || d > 3*bus.LeaseTTL {
		t.Errorf("taken over after %s, want about %s", d, bus.LeaseTTL)
	}
	if !held(l) {
		t.Error("the lease was lost")
	}
}

const leaseHolderURL = "PACKROOM_TEST_LEASE_HOLDER"

// leaseHolder leases a camera and waits to be killed.
func leaseHolder(url string) {
	b, err := bus.Connect(context.Background(), bus.Config{URL: url, Name: "vision", Property: "demo", Room: "main"})
	if err == nil {
		_, err = b.LeaseCamera(context.Background(), "cam1")
	}
	if err != nil {
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("held\n")
	time.AfterFunc(patience, func() { os.Exit(1) }) // the test is gone
	select {}
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access/driver"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/postgres/postgrestest"
)

// BenchmarkUnlock is the time from a PIN to the strike's coil: recognised, held
// back, committed to a database that survives a power cut, written over Modbus
// TCP to a module by libmodbus, and confirmed. It reports p95-ms; 50 are allowed.
//
//	go test ./cmd/packroom -run '^$' -bench Unlock -benchtime 200x
func BenchmarkUnlock(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	store := durableStore(b)
	gate := gateOn(b, store, time.Now)
	secret := residentWithPackage(b, store, gate)
	devices, closer, err := driver.Open(b.Context(), []driver.Config{{Name: "door", Driver: "modbus",
		Options: map[string]string{"address": relayModule(b), "strike": "0", "contact": "3"}}}, log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = closer.Close() }) // the module may be gone
	service := room.NewService(room.Config{Property: postgrestest.Property, Room: postgrestest.Room, Door: "main", Kiosk: "K1", Log: log}, store, gate, devices, nil)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	for service.Ready() != nil {
		<-time.After(time.Millisecond)
	}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := service.StartVisit(ctx, "", room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: secret.PIN}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
}

// durableStore is a store on a private cluster with all its safety.
func durableStore(b *testing.B) *postgres.Store {
	dir, err := os.MkdirTemp("", "unlock")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // as root, PostgreSQL runs as another user
		b.Fatal(err)
	}
	p, err := postgres.StartPrivate(b.Context(), filepath.Join(dir, "postgres"), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	s, err := postgres.Open(b.Context(), postgrestest.Config(p.URL()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

// relayModule starts a module by libmodbus with its door closed, and gives its
// address.
func relayModule(b *testing.B) string {
	bin := filepath.Join(b.TempDir(), "module")
	if out, err := exec.Command("cc", "-o", bin, "../../access/driver/modbus/testdata/peer.c", "-lmodbus").CombinedOutput(); err != nil {
		b.Fatalf("build the module (deploy/setup.sh test): %v\n%s", err, out)
	}
	cmd := exec.Command(bin, "tcp")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close() // it ends then
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Scan()
	if _, err := fmt.Fprintln(in, "set di 3 1"); err != nil {
		b.Fatal(err)
	}
	return strings.TrimPrefix(lines.Text(), "ready ")
}

package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/postgres"
)

// demoFiles are the residents of the simulated building and photographs of
// labels for them, all invented and rendered.
//
//go:embed demo
var demoFiles embed.FS

// demoBegun is a file of the data directory that is there while seedDemo fills
// the room.
const demoBegun = "demo-begun"

// seedDemo fills an empty simulated room with residents and couriers, once. A
// real room is never touched.
func seedDemo(ctx context.Context, cfg Config, service *room.Service, store *postgres.Store, log *slog.Logger) error {
	if !cfg.Simulated() {
		return nil
	}
	for service.Ready() != nil {
		if err := waitABit(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	if _, err := os.Stat(cfg.Path(welcomeFile)); err == nil {
		return nil
	}
	if _, err := os.Stat(cfg.Path(demoBegun)); err != nil { // else this process was killed while it filled it
		if empty, err := isEmpty(ctx, store); err != nil || !empty {
			return err
		}
		if err := os.WriteFile(cfg.Path(demoBegun), nil, 0o644); err != nil {
			return fmt.Errorf("demonstration data: %w", err)
		}
	}
	w, err := fillDemo(ctx, cfg, service)
	if err != nil {
		return fmt.Errorf("demonstration data: %w", err)
	}
	if err := os.Remove(cfg.Path(demoBegun)); err != nil {
		return fmt.Errorf("demonstration data: %w", err)
	}
	log.Info("the simulated building has residents and couriers now", "residents", "demo/roster.csv", "credentials", len(w.Credentials))
	return nil
}

// demoResident is one of whom there is a photograph of a label.
var demoResident = WelcomeResident{ID: "R60588", Name: "Rebecca Patel, 20B"}

// isEmpty reports whether nobody lives here and nobody delivers.
func isEmpty(ctx context.Context, store *postgres.Store) (bool, error) {
	residents, err := store.Residents(ctx, room.ResidentFilter{Limit: 1})
	if err != nil {
		return false, fmt.Errorf("demonstration data: %w", err)
	}
	couriers, err := store.Couriers(ctx)
	if err != nil {
		return false, fmt.Errorf("demonstration data: %w", err)
	}
	return len(residents)+len(couriers) == 0, nil
}

// fillDemo may be run again where it was cut short.
func fillDemo(ctx context.Context, cfg Config, service *room.Service) (Welcome, error) {
	w := Welcome{Resident: demoResident}
	f, err := demoFiles.Open("demo/roster.csv")
	if err != nil {
		return w, err
	}
	defer f.Close()
	residents, err := room.ReadRoster(f)
	if err != nil {
		return w, err
	}
	if _, err := command(ctx, service, room.ImportRoster{Residents: residents}); err != nil {
		return w, err
	}
	user, password, err := cfg.demoManager()
	if err != nil {
		return w, err
	}
	w.Credentials = append(w.Credentials, WelcomeCredential{Who: "manager", Name: "Demo Manager", Where: "manager page", SignIn: user + ", password " + password})
	for i, c := range []room.Courier{
		{ID: "C-UPS-1", Name: "Ana Brown", Carrier: "UPS", Active: true},
		{ID: "C-FEDEX-1", Name: "Felix Marsh", Carrier: "FedEx", Active: true},
		{ID: "C-USPS-1", Name: "Uma Stone", Carrier: "USPS", Active: true},
		{ID: "C-AMZN-1", Name: "Amy Rivers", Carrier: "Amazon", Active: true},
	} {
		card := fmt.Sprintf("04A1B2C3D4%02d", i+1)
		if _, err := command(ctx, service, room.SaveCourier{Courier: c}); err != nil {
			return w, err
		}
		r, err := command(ctx, service, room.IssueCredential{Kind: room.CredentialCourier, Holder: c.ID})
		if err != nil {
			return w, err
		}
		_, err = command(ctx, service, room.IssueCredential{Kind: room.CredentialCourier, Holder: c.ID, Card: card})
		if err != nil && !errors.Is(err, room.ErrConflict) { // enrolled before a crash
			return w, err
		}
		w.Credentials = append(w.Credentials, WelcomeCredential{Who: "courier, " + c.Carrier, Name: c.Name, Where: "kiosk",
			SignIn: "PIN " + r.Secret.PIN + ", or card " + card})
	}
	if err := writeDemoLabels(cfg.Path("demo")); err != nil {
		return w, err
	}
	w.Credentials = append(w.Credentials, WelcomeCredential{Who: "labels", Name: "photographs", Where: "kiosk",
		SignIn: "choose a file of " + cfg.Path("demo")})
	return w, cfg.saveWelcome(w)
}

// demoManager is the simulated building's first account; its password is made
// once.
func (c Config) demoManager() (email, password string, err error) {
	dir := c.Path("secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	b, err := secret(filepath.Join(dir, "demo-manager"))
	if err != nil {
		return "", "", fmt.Errorf("the demonstration's password: %w", err)
	}
	return "manager@example.com", fmt.Sprintf("shelf-%x", b[:6]), nil
}

// writeDemoLabels puts the photographs where a person can choose them.
func writeDemoLabels(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return fs.WalkDir(demoFiles, "demo/labels", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := demoFiles.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o644)
	})
}

// command gives the service a command of the box itself.
func command(ctx context.Context, service *room.Service, c room.Command) (room.Reply, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return room.Reply{}, err
	}
	return service.Do(ctx, room.Envelope{ID: room.NewID(), Name: c.Name(), By: "box:demo", Data: data})
}

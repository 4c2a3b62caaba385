package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/web"
)

// welcomeFile holds the demonstration's credentials, in the data directory.
const welcomeFile = "welcome.json"

// Welcome is what a newcomer can try: made with the demonstration data at the
// first start, and printed at every start. A real building has no such file.
type Welcome struct {
	Credentials []WelcomeCredential `json:"credentials"`
	Resident    WelcomeResident     `json:"resident"`
}

// WelcomeResident is one whose page can be looked at before a package has come
// for them.
type WelcomeResident struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// residentPageFor is how long a link opens that is shown at a start.
const residentPageFor = 24 * time.Hour

// WelcomeCredential is one way in.
type WelcomeCredential struct {
	Who    string `json:"who"`    // "manager", "courier, UPS", "resident of 4B"
	Name   string `json:"name"`   // "Ann Reyes"
	Where  string `json:"where"`  // "manager page", "kiosk"
	SignIn string `json:"signin"` // "PIN 428117"
}

// saveWelcome keeps the credentials for every start to print. They are the
// demonstration's: mode 0600 all the same.
func (c Config) saveWelcome(w Welcome) error {
	b, err := json.MarshalIndent(w, "", "  ")
	if err == nil {
		err = os.WriteFile(c.Path(welcomeFile+".new"), append(b, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(c.Path(welcomeFile+".new"), c.Path(welcomeFile)) // whole or not at all
	}
	if err != nil {
		return fmt.Errorf("keep the demonstration's credentials: %w", err)
	}
	return nil
}

func (c Config) loadWelcome() (w Welcome, err error) {
	b, err := os.ReadFile(c.Path(welcomeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Welcome{}, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err != nil {
		return Welcome{}, fmt.Errorf("read the demonstration's credentials: %w", err)
	}
	return w, nil
}

// printWelcome tells where the pages are and how to get in.
func (u *upRun) printWelcome() {
	w, err := u.cfg.loadWelcome()
	if err != nil {
		u.log.Warn("nobody can be told how to try this", "error", err)
	}
	secrets, err := u.cfg.Secrets()
	if err != nil {
		u.log.Warn("no link can be shown", "error", err)
	}
	u.printPages(w, secrets)
	if len(w.Credentials) > 0 {
		u.say("\nto try it:")
		ways := tabwriter.NewWriter(u.out, 0, 0, 2, ' ', 0)
		for _, c := range w.Credentials {
			fmt.Fprintf(ways, "  %s\t%s\t%s\t%s\n", c.Where, c.Who, c.Name, c.SignIn)
		}
		_ = ways.Flush() // the terminal is gone: nothing to be done
	}
	u.say("\nCtrl-C stops everything. Data lies in %s", u.cfg.Data)
}

func (u *upRun) printPages(w Welcome, secrets Secrets) {
	cfg := u.cfg
	base := strings.TrimSuffix(cfg.Web.PublicURL, "/")
	pages := tabwriter.NewWriter(u.out, 0, 0, 2, ' ', 0)
	for _, k := range cfg.Room.Kiosks {
		fmt.Fprintf(pages, "  kiosk\t%s/kiosk/%s\n", base, k)
	}
	fmt.Fprintf(pages, "  manager\t%s/manager\n", base)
	if w.Resident.ID != "" {
		link := room.SignLink(secrets.LinkKey, w.Resident.ID, time.Now().Add(residentPageFor))
		fmt.Fprintf(pages, "  resident\t%s/r/%s (%s)\n", base, link, w.Resident.Name)
	} else {
		fmt.Fprintf(pages, "  resident\tthe link in a message; messages are on the manager page, under Outbox\n")
	}
	if slices.Contains(cfg.Up.Services, "sim") {
		fmt.Fprintf(pages, "  simulated room\t%s/\n", strings.TrimSuffix(cfg.Sim.URL, "/"))
	}
	if len(secrets.LinkKey) > 0 && !cfg.Simulated() {
		fmt.Fprintf(pages, "  first account\ton the manager page, with setup code %s\n", web.SetupCode(secrets.LinkKey))
	}
	_ = pages.Flush() // the terminal is gone: nothing to be done
}

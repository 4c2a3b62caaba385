package main

import (
	"context"
	"net"
	"net/url"
	"strings"

	"github.com/packroom/packroom/ocr"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/web"
)

func webCommand() subcommand {
	return subcommand{name: "web", about: "kiosk, resident and manager pages", run: runWeb}
}

func runWeb(ctx context.Context, args []string) error {
	begun, err := begin(ctx, "web", args, needStore, needBus)
	if err != nil {
		return err
	}
	defer begun.end()
	cfg, secrets, log, store, b := begun.cfg, begun.secrets, begun.log, begun.store, begun.bus
	wc := web.Config{
		Room:          &room.Client{URL: cfg.Room.URL, Token: secrets.BoxToken},
		Store:         store,
		Pictures:      cfg.LabelPictures(), // what a kiosk takes is labels
		Frames:        cfg.Frames(),
		Property:      cfg.Property,
		ReadLabel:     b.ReadLabel,
		Recognize:     recognize,
		Watch:         b.Watch,
		LinkKey:       secrets.LinkKey,
		DeviceFile:    cfg.Path("web/kiosks.json"),
		TrustLoopback: onThisMachine(cfg.Web.PublicURL), // its own screen is the kiosk
		PublicURL:     cfg.Web.PublicURL,
		VisionURL:     cfg.Vision.URL,
		VisionToken:   secrets.BoxToken,
		StatusURL:     "http://" + cfg.Up.Listen + "/status",
		Log:           log,
	}
	if wc.Bootstrap, err = firstAccount(cfg); err != nil {
		return err
	}
	server, err := web.New(wc)
	if err != nil {
		return err
	}
	return runTogether(ctx,
		server.Run,
		func(ctx context.Context) error { return serveHTTP(ctx, "web.listen", cfg.Web.Listen, server) },
	)
}

// firstAccount is the demonstration's, in a simulated room; elsewhere the setup
// page makes it.
func firstAccount(cfg Config) (web.Bootstrap, error) {
	if !cfg.Simulated() {
		return web.Bootstrap{}, nil
	}
	email, password, err := cfg.demoManager()
	return web.Bootstrap{Email: email, Name: "Demo Manager", Password: password}, err
}

// recognize says whose tracking number a hand scanner read.
func recognize(barcode string) (carrier, tracking string, ok bool) {
	t := ocr.ParseTrack(strings.TrimSpace(barcode))
	return t.Carrier, t.Normalized, t.Valid
}

// onThisMachine reports whether an address leads no further than this machine.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

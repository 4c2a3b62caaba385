// Package web serves packroom's three pages and their API: the kiosk outside
// the door, the resident's page behind a signed link, and the manager's page.
//
// It owns no state of the room. Commands go to the room service through [Room],
// the past is read through [Store], and what changes is pushed to the pages
// over server-sent events ([Server.Run] watches the bus for them). The pages
// are built by Vite from ui/ and embedded in the binary.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/packroom/packroom/room"
)

// Server answers HTTP. Make one with New, call Run beside it.
type Server struct {
	cfg      Config
	log      *slog.Logger
	echo     *echo.Echo
	hub      *hub
	devices  *devices
	readings *readings
	vision   *httputil.ReverseProxy
	metrics  *metrics
	setup    sync.Mutex    // held while the first account is made
	hashing  chan struct{} // held while a password is checked
}

// New builds a server; it starts nothing.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	devices, err := openDevices(cfg.DeviceFile)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, echo: echo.New(), devices: devices,
		hub: newHub(), readings: newReadings(256), hashing: make(chan struct{}, 1),
	}
	if s.vision, err = newVisionProxy(cfg.VisionURL, cfg.VisionToken, s); err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	s.metrics = newMetrics(registry, s.hub)
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.fail
	s.echo.IPExtractor = echo.ExtractIPDirect()
	if err := s.routes(registry); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Run makes the first account where one is configured and feeds the pages with
// events until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	if err := s.bootstrap(ctx); err != nil {
		return err
	}
	s.watch(ctx)
	if err := ctx.Err(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("watch events: %w", err)
	}
	return nil
}

// routes is every address that this server answers, and nothing else is.
func (s *Server) routes(registry *prometheus.Registry) error {
	pages, err := s.pages()
	if err != nil {
		return err
	}
	e := s.echo
	e.Use(s.observe, s.recoverPanics(), securityHeaders, s.deadline, gzip(), s.sameOrigin)

	e.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusFound, "/manager") })
	e.GET("/manager", pages.page("manager.html"))
	e.GET("/manager/*", pages.page("manager.html"))
	e.GET("/kiosk/:kiosk", pages.page("kiosk.html"))
	e.GET("/kiosk/:kiosk/enroll/:link", s.enrollKiosk)
	e.GET("/r/:token", pages.page("resident.html"))
	e.GET("/assets/*", pages.asset)
	e.GET("/healthz", s.healthz)
	e.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))

	k := e.Group("/api/kiosk/:kiosk", s.kioskOnly, bodyLimit(64<<10))
	k.GET("", s.kioskView)
	k.GET("/events", s.kioskEvents)
	k.GET("/residents", s.kioskResidents)
	k.GET("/pictures/:ref", s.kioskPicture)
	k.POST("/start", s.kioskStart)
	k.POST("/label", s.kioskLabel)
	k.POST("/barcode", s.kioskBarcode)
	k.POST("/register", s.kioskRegister)
	k.POST("/drop", s.inVisit(drop, room.VisitCourier))
	k.POST("/open", s.inVisit(openDoor))
	k.POST("/lead", s.inVisit(leadTo, room.VisitResident, room.VisitStaff))
	k.POST("/place", s.inVisit(place, room.VisitCourier))
	k.POST("/join", s.inVisit(join, room.VisitCourier))
	k.POST("/end", s.inVisit(endVisit))

	r := e.Group("/api/r/:token", s.residentOnly)
	r.GET("", s.residentView)
	r.GET("/events", s.residentEvents)
	r.GET("/pictures/:ref", s.residentPicture)

	open := e.Group("/api/manager", bodyLimit(64<<10))
	open.GET("/session", s.session)
	open.POST("/setup", s.setUp)
	open.POST("/sign-in", s.signIn)
	open.POST("/sign-out", s.signOut)

	m := e.Group("/api/manager", s.managerOnly, bodyLimit(64<<10))
	m.GET("/now", s.managerNow)
	m.GET("/stream", s.managerStream)
	m.POST("/unlock", s.managerUnlock)
	m.GET("/parcels", s.managerParcels)
	m.GET("/parcels/:id", s.managerParcel)
	m.POST("/parcels/:id/resolve", s.managerResolveParcel)
	m.POST("/parcels/:id/join", s.managerJoin)
	m.GET("/incidents", s.managerIncidents)
	m.POST("/incidents/:id/resolve", s.managerResolveIncident)
	m.GET("/visits", s.managerVisits)
	m.GET("/events", s.managerEvents)
	m.GET("/pictures/:ref", s.managerPicture)
	m.GET("/residents", s.managerResidents)
	m.POST("/residents", s.managerSaveResident)
	m.POST("/residents/import", s.managerImport)
	m.POST("/credentials/import", s.managerImportCredentials)
	m.GET("/residents/:id", s.managerResident)
	m.GET("/tallies", s.managerTallies)
	m.GET("/couriers", s.managerCouriers)
	m.POST("/couriers", s.managerSaveCourier)
	m.GET("/credentials/:holder", s.managerCredentials)
	m.POST("/credentials/:holder", s.managerIssue)
	m.DELETE("/credentials/:holder/:id", s.managerRevoke)
	m.GET("/deliveries", s.managerDeliveries)
	m.GET("/deliveries/:id/mail", s.managerMail)
	m.GET("/services", s.managerServices)
	m.POST("/laser/:camera/calibrate", s.calibrateLaser)
	m.POST("/laser/:camera/check", s.checkLaser)
	m.POST("/laser/stop", s.stopLaser)
	m.POST("/laser/keep", s.keepLaser)
	m.GET("/kiosks", s.managerKiosks)
	m.POST("/kiosks/:kiosk/link", s.managerKioskLink)
	m.DELETE("/kiosks/devices/:id", s.managerRevokeKiosk)
	m.GET("/cameras/:camera/snapshot", s.cameraSnapshot)
	m.POST("/cameras/:camera/watch", s.watchCamera)
	m.GET("/cameras", s.cameras)
	m.GET("/clip", s.clip)
	m.GET("/clip/about", s.clipAbout)
	m.GET("/still", s.still)
	m.GET("/footage", s.footage)
	m.POST("/footage/export", s.exportFootage)
	m.GET("/events/:id/clips", s.eventClips)
	m.GET("/clips", s.clips)

	v := m.Group("", s.supervisorOnly)
	v.POST("/footage/view", s.viewFootage)
	v.POST("/footage/holds", s.holdFootage)
	v.POST("/footage/holds/:id/release", s.releaseFootage)
	v.GET("/accounts", s.managerAccounts)
	v.POST("/accounts", s.managerAddAccount)
	v.POST("/accounts/:id/role", s.managerSetRole)

	l := e.Group("/live", s.managerOnly, bodyLimit(64<<10))
	l.POST("/:camera", s.live)
	l.PATCH("/:camera/:session", s.live)
	l.DELETE("/:camera/:session", s.live)
	return nil
}

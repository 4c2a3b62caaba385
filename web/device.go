package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const (
	kioskCookie   = "packroom_kiosk"
	kioskLinkTTL  = 15 * time.Minute
	deviceCookies = 400 * 24 * time.Hour // the longest that browsers keep one
)

// device is a tablet or phone that a manager made a kiosk.
type device struct {
	ID      string    `json:"id"`
	Kiosk   string    `json:"kiosk"`
	Hash    string    `json:"hash"` // SHA-256 of the token in its cookie
	By      string    `json:"by"`
	Created time.Time `json:"created"`
}

// devices keeps the enrolled ones in a small file, and the links that are still
// to be used in memory: a restart ends them.
type devices struct {
	mu    sync.Mutex
	path  string
	all   []device
	links map[string]kioskLink // by SHA-256 of the link's token
}

type kioskLink struct {
	kiosk, by string
	expires   time.Time
}

func openDevices(path string) (*devices, error) {
	d := &devices{path: path, links: map[string]kioskLink{}}
	if path == "" {
		return d, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("kiosk devices: %w", err)
	}
	if err := json.Unmarshal(b, &d.all); err != nil {
		return nil, fmt.Errorf("kiosk devices: %s: %w", path, err)
	}
	return d, nil
}

// save writes the file whole or not at all.
func (d *devices) save(all []device) error {
	if d.path == "" {
		return nil
	}
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(d.path), 0o700); err != nil {
		return fmt.Errorf("kiosk devices: %w", err)
	}
	if err := os.WriteFile(d.path+".new", b, 0o600); err != nil {
		return fmt.Errorf("kiosk devices: %w", err)
	}
	return os.Rename(d.path+".new", d.path)
}

func token() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashToken(t string) string {
	sum := sha256.Sum256([]byte(t))
	return hex.EncodeToString(sum[:])
}

// link makes a link that enrols one device as kiosk.
func (d *devices) link(kiosk, by string, now time.Time) string {
	t := token()
	d.mu.Lock()
	defer d.mu.Unlock()
	for h, l := range d.links {
		if !now.Before(l.expires) {
			delete(d.links, h)
		}
	}
	d.links[hashToken(t)] = kioskLink{kiosk, by, now.Add(kioskLinkTTL)}
	return t
}

// enroll spends a link and gives the new device's token.
func (d *devices) enroll(kiosk, link string, now time.Time) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.links[hashToken(link)]
	if !ok || l.kiosk != kiosk || !now.Before(l.expires) {
		return "", room.Refuse(errForbidden, "kiosk_link_over", "this link was used or is too old; ask a manager for a new one")
	}
	t := token()
	all := append(append([]device(nil), d.all...), device{room.NewID(), kiosk, hashToken(t), l.by, now})
	if err := d.save(all); err != nil {
		return "", err
	}
	delete(d.links, hashToken(link))
	d.all = all
	return t, nil
}

func (d *devices) knows(kiosk, token string) bool {
	h := hashToken(token)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.all {
		if x.Kiosk == kiosk && hmac.Equal([]byte(x.Hash), []byte(h)) {
			return true
		}
	}
	return false
}

func (d *devices) list() []device {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]device{}, d.all...)
}

func (d *devices) revoke(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, x := range d.all {
		if x.ID == id {
			all := append(append([]device(nil), d.all[:i]...), d.all[i+1:]...)
			if err := d.save(all); err != nil {
				return err
			}
			d.all = all
			return nil
		}
	}
	return fmt.Errorf("kiosk device: %w", room.ErrNotFound)
}

// kioskOnly lets enrolled devices through, and browsers on this machine where
// the configuration trusts them.
func (s *Server) kioskOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		kiosk := c.Param("kiosk")
		if !kioskID.MatchString(kiosk) {
			return fmt.Errorf("kiosk: %w", room.ErrNotFound)
		}
		if s.cfg.TrustLoopback && fromLoopback(c.Request()) {
			return next(c)
		}
		if cookie, err := c.Cookie(kioskCookie); err == nil && s.devices.knows(kiosk, cookie.Value) {
			return next(c)
		}
		return fmt.Errorf("%w: this device is not enrolled as a kiosk; a manager makes a link for it", errSignIn)
	}
}

// fromLoopback reports whether a browser on this machine asks, by a name of
// this machine (a foreign name that resolves here is a trick) and through no
// proxy.
func fromLoopback(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		name = h
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// secure reports whether the browser came over https.
func secure(c echo.Context) bool {
	r := c.Request()
	if r.TLS != nil {
		return true
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() && r.Header.Get("X-Forwarded-Proto") == "https"
}

// enrollKiosk is where a one-time link leads: to the kiosk's page, which says
// where the link was over. A screen that kept the link opens its page by it.
func (s *Server) enrollKiosk(c echo.Context) error {
	kiosk := c.Param("kiosk")
	if !kioskID.MatchString(kiosk) {
		return fmt.Errorf("kiosk: %w", room.ErrNotFound)
	}
	t, err := s.devices.enroll(kiosk, c.Param("link"), s.cfg.Now())
	if errors.Is(err, errForbidden) {
		s.log.Warn("a kiosk link that was over was opened", "kiosk", kiosk)
		return c.Redirect(http.StatusSeeOther, "/kiosk/"+kiosk+"?link=over")
	}
	if err != nil {
		return err
	}
	s.log.Info("kiosk enrolled", "kiosk", kiosk)
	c.SetCookie(&http.Cookie{Name: kioskCookie, Value: t, Path: "/", HttpOnly: true, Secure: secure(c),
		SameSite: http.SameSiteLaxMode, MaxAge: int(deviceCookies.Seconds())})
	return c.Redirect(http.StatusSeeOther, "/kiosk/"+kiosk)
}

func (s *Server) managerKiosks(c echo.Context) error {
	type shown struct {
		ID      string    `json:"id"`
		Kiosk   string    `json:"kiosk"`
		By      string    `json:"by"`
		Created time.Time `json:"created"`
	}
	out := []shown{}
	for _, d := range s.devices.list() {
		out = append(out, shown{d.ID, d.Kiosk, d.By, d.Created})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) managerKioskLink(c echo.Context) error {
	kiosk := c.Param("kiosk")
	if !kioskID.MatchString(kiosk) {
		return room.Refuse(room.ErrInvalid, "kiosk_name", "a kiosk's name has letters, digits, - and _")
	}
	link := s.devices.link(kiosk, managerOf(c).Email, s.cfg.Now())
	return c.JSON(http.StatusOK, map[string]string{
		"url":     s.publicURL(c) + "/kiosk/" + kiosk + "/enroll/" + link,
		"minutes": strconv.Itoa(int(kioskLinkTTL.Minutes())),
	})
}

func (s *Server) managerRevokeKiosk(c echo.Context) error {
	if err := s.devices.revoke(c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) publicURL(c echo.Context) string {
	if s.cfg.PublicURL != "" {
		return strings.TrimRight(s.cfg.PublicURL, "/")
	}
	scheme := "http"
	if secure(c) {
		scheme = "https"
	}
	return scheme + "://" + c.Request().Host
}

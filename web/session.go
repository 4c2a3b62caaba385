package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const (
	sessionCookie = "packroom_session"
	passwordMin   = 12
	passwordMax   = 256
	freeTries     = 5
	maxWait       = 15 * time.Minute
)

// absentHash is checked against where no account has that e-mail address, so
// that the answer takes the same time.
const absentHash = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// SetupCode is what the setup page asks for where the first account is made
// from another machine. It follows from the box's link key.
func SetupCode(linkKey []byte) string {
	m := hmac.New(sha256.New, linkKey)
	m.Write([]byte("setup-code\n"))
	return strings.ToLower(base32.StdEncoding.EncodeToString(m.Sum(nil)[:10]))
}

// managerFace is an account as pages see it.
type managerFace struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`

	Role    room.Role `json:"role"`
	Created time.Time `json:"created,omitzero"`
}

func faceOf(m room.Manager) managerFace {
	return managerFace{m.ID, m.Email, m.Name, m.Role, m.Created}
}

type sessionAnswer struct {
	Setup    bool         `json:"setup"`      // there is no account yet
	SetupKey bool         `json:"setup_code"` // and the setup code is asked for
	Manager  *managerFace `json:"manager,omitempty"`
	Property string       `json:"property"`
	Timezone string       `json:"timezone"`
}

func managerOf(c echo.Context) room.Manager {
	m, _ := c.Get("manager").(room.Manager)
	return m
}

func (s *Server) who(c echo.Context) (room.Manager, error) {
	cookie, err := c.Cookie(sessionCookie)
	if err != nil {
		return room.Manager{}, errSignIn
	}
	sum := sha256.Sum256([]byte(cookie.Value))
	m, err := s.cfg.Store.SessionManager(c.Request().Context(), sum[:], s.cfg.Now())
	if errors.Is(err, room.ErrNotFound) {
		return room.Manager{}, errSignIn
	}
	return m, err
}

// managerOnly lets signed-in managers through.
func (s *Server) managerOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		m, err := s.who(c)
		if err != nil {
			return err
		}
		c.Set("manager", m)
		return next(c)
	}
}

func (s *Server) session(c echo.Context) error {
	a := sessionAnswer{Property: s.cfg.Property.Name, Timezone: s.cfg.Property.Timezone}
	m, err := s.who(c)
	switch {
	case err == nil:
		face := faceOf(m)
		a.Manager = &face
	case !errors.Is(err, errSignIn):
		return err
	default:
		all, err := s.cfg.Store.Managers(c.Request().Context())
		if err != nil {
			return err
		}
		a.Setup = len(all) == 0
		a.SetupKey = a.Setup && !fromLoopback(c.Request())
	}
	return c.JSON(http.StatusOK, a)
}

func newManager(b Bootstrap, now time.Time) (room.Manager, error) {
	email := strings.ToLower(strings.TrimSpace(b.Email))
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email {
		return room.Manager{}, noEmail()
	}
	if n := utf8.RuneCountInString(b.Password); n < passwordMin || len(b.Password) > passwordMax {
		return room.Manager{}, room.Refuse(room.ErrInvalid, "password_short", "a password has {count} letters or more", "count", strconv.Itoa(passwordMin))
	}
	name := shorten(strings.TrimSpace(b.Name), 80)
	if name == "" {
		return room.Manager{}, room.Refuse(room.ErrInvalid, "name_missing", "a name is needed; the log shows it")
	}
	return room.Manager{ID: room.NewID(), Email: email, Name: name, Role: room.RoleSupervisor, PasswordHash: HashPassword(b.Password), Created: now}, nil
}

// bootstrap makes the configured account where there is none.
func (s *Server) bootstrap(ctx context.Context) error {
	if s.cfg.Bootstrap.Email == "" {
		return nil
	}
	for {
		err := s.firstManager(ctx, s.cfg.Bootstrap, nil)
		switch {
		case err == nil, errors.Is(err, room.ErrConflict):
			return nil
		case !errors.Is(err, room.ErrUnavailable):
			return fmt.Errorf("first account: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchRetry):
		}
	}
}

// firstManager makes the first account, once.
func (s *Server) firstManager(ctx context.Context, b Bootstrap, made *room.Manager) error {
	s.setup.Lock()
	defer s.setup.Unlock()
	all, err := s.cfg.Store.Managers(ctx)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		return room.Refuse(room.ErrConflict, "account_exists", "there is an account already; sign in")
	}
	m, err := newManager(b, s.cfg.Now())
	if err != nil {
		return err
	}
	if made != nil {
		*made = m
	}
	return s.cfg.Store.CreateManager(ctx, m)
}

func (s *Server) setUp(c echo.Context) error {
	var in struct{ Email, Name, Password, Code string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if !fromLoopback(c.Request()) {
		keys := []string{"setup:" + remote(c)}
		if err := s.mayTry(ctx, keys); err != nil {
			return err
		}
		code := strings.ToLower(strings.TrimSpace(in.Code))
		if subtle.ConstantTimeCompare([]byte(code), []byte(SetupCode(s.cfg.LinkKey))) != 1 {
			s.countFailure(ctx, keys)
			return room.Refuse(errForbidden, "setup_code", "that is not the setup code that packroom printed at its start")
		}
	}
	var m room.Manager
	if err := s.firstManager(ctx, Bootstrap{in.Email, in.Name, in.Password}, &m); err != nil {
		return err
	}
	s.log.Info("first account made")
	return s.openSession(c, m)
}

func (s *Server) signIn(c echo.Context) error {
	var in struct{ Email, Password string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	ctx, email := c.Request().Context(), strings.ToLower(strings.TrimSpace(in.Email))
	sum := sha256.Sum256([]byte(email))
	keys := []string{"signin:" + hex.EncodeToString(sum[:12]), "signin:" + remote(c)}
	// One at a time: guesses side by side must not share one look at the count.
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.mayTry(ctx, keys); err != nil {
		return err
	}
	m, err := s.cfg.Store.ManagerByEmail(ctx, email)
	if err != nil && !errors.Is(err, room.ErrNotFound) {
		return err
	}
	hash, known := m.PasswordHash, err == nil
	if !known {
		hash = absentHash
	}
	ok, err := checkPassword(hash, shorten(in.Password, passwordMax))
	if err != nil {
		return err
	}
	if !ok || !known {
		s.countFailure(ctx, keys)
		return room.Refuse(errForbidden, "sign_in_wrong", "e-mail address or password is wrong")
	}
	for _, k := range keys {
		if err := s.cfg.Store.SaveThrottle(ctx, k, room.Throttle{}); err != nil {
			return err
		}
	}
	return s.openSession(c, m)
}

// remote is the address that asks, as a throttle counts it.
func remote(c echo.Context) string {
	host, _, err := net.SplitHostPort(c.Request().RemoteAddr)
	if err != nil {
		return "unknown"
	}
	return host
}

func (s *Server) mayTry(ctx context.Context, keys []string) error {
	now := s.cfg.Now()
	for _, k := range keys {
		t, err := s.cfg.Store.Throttle(ctx, k)
		if err != nil {
			return err
		}
		if wait := t.Until.Sub(now); wait > 0 {
			return &room.Denial{Reason: "throttled", RetryAfter: min(wait, maxWait)}
		}
	}
	return nil
}

// countFailure makes each wrong try after the fifth wait twice as long.
func (s *Server) countFailure(ctx context.Context, keys []string) {
	for _, k := range keys {
		t, err := s.cfg.Store.Throttle(ctx, k)
		if err == nil {
			t.Failures++
			if over := t.Failures - freeTries; over >= 0 {
				t.Until = s.cfg.Now().Add(min(maxWait, 30*time.Second<<min(over, 5)))
			}
			err = s.cfg.Store.SaveThrottle(ctx, k, t)
		}
		if err != nil {
			s.log.Error("wrong password not counted", "error", err)
		}
	}
}

func (s *Server) openSession(c echo.Context, m room.Manager) error {
	t := token()
	sum := sha256.Sum256([]byte(t))
	if err := s.cfg.Store.CreateSession(c.Request().Context(), sum[:], m.ID, s.cfg.Now().Add(s.cfg.SessionTTL)); err != nil {
		return err
	}
	c.SetCookie(&http.Cookie{Name: sessionCookie, Value: t, Path: "/", HttpOnly: true, Secure: secure(c),
		SameSite: http.SameSiteStrictMode, MaxAge: int(s.cfg.SessionTTL.Seconds())})
	face := faceOf(m)
	return c.JSON(http.StatusOK, sessionAnswer{Manager: &face,
		Property: s.cfg.Property.Name, Timezone: s.cfg.Property.Timezone})
}

func (s *Server) signOut(c echo.Context) error {
	if cookie, err := c.Cookie(sessionCookie); err == nil {
		sum := sha256.Sum256([]byte(cookie.Value))
		if err := s.cfg.Store.DeleteSession(c.Request().Context(), sum[:]); err != nil && !errors.Is(err, room.ErrNotFound) {
			return err
		}
	}
	c.SetCookie(&http.Cookie{Name: sessionCookie, Path: "/", HttpOnly: true, Secure: secure(c),
		SameSite: http.SameSiteStrictMode, MaxAge: -1})
	return c.NoContent(http.StatusNoContent)
}

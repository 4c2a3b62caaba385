package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

// Errors that only a web server has.
var (
	errSignIn    = errors.New("sign in first")
	errForbidden = errors.New("not allowed")
	errTooLarge  = errors.New("too large")
)

// failure is an error as the pages get it.
type failure struct {
	room.Failure
	Picture string `json:"picture,omitempty"` // kept although the request failed
}

// pictureKept is an error after a photograph was stored.
type pictureKept struct {
	ref string
	err error
}

func (e *pictureKept) Error() string { return e.err.Error() }
func (e *pictureKept) Unwrap() error { return e.err }

// describe maps an error to an HTTP status and the JSON that explains it.
func describe(err error) (status int, f failure) {
	var (
		kept   *pictureKept
		roster *room.RosterError
		sized  *http.MaxBytesError
		asHTTP *echo.HTTPError
		denial *room.Denial
	)
	f.Failure = room.FailureOf(err)
	if errors.As(err, &kept) {
		f.Picture = kept.ref
	}
	switch {
	case errors.As(err, &roster):
		f.Kind = "invalid"
		return http.StatusUnprocessableEntity, f
	case errors.As(err, &denial):
		if denial.RetryAfter > 0 {
			return http.StatusTooManyRequests, f
		}
		return http.StatusForbidden, f
	case errors.As(err, &sized):
		_, f = describe(tooLarge(sized.Limit))
		return http.StatusRequestEntityTooLarge, f
	case errors.Is(err, errTooLarge):
		f.Kind = "too_large"
		return http.StatusRequestEntityTooLarge, f
	case errors.Is(err, errSignIn):
		f.Kind = "sign_in"
		return http.StatusUnauthorized, f
	case errors.Is(err, errForbidden), errors.Is(err, room.ErrDenied):
		f.Kind = "forbidden"
		return http.StatusForbidden, f
	case errors.Is(err, room.ErrTooMany):
		f.Kind = "denied"
		return http.StatusTooManyRequests, f
	case errors.Is(err, room.ErrInvalid):
		return http.StatusUnprocessableEntity, f
	case errors.Is(err, room.ErrNotFound):
		return http.StatusNotFound, f
	case errors.Is(err, room.ErrConflict):
		return http.StatusConflict, f
	case errors.Is(err, room.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		f.Kind = "unavailable"
		return http.StatusServiceUnavailable, f
	case errors.As(err, &asHTTP):
		f.Kind, f.Text = "invalid", fmt.Sprint(asHTTP.Message)
		switch asHTTP.Code {
		case http.StatusNotFound:
			f.Kind = "not_found"
		case http.StatusRequestEntityTooLarge:
			f.Kind = "too_large"
		}
		return asHTTP.Code, f
	}
	f.Kind, f.Text = "internal", "something went wrong here; it was written to the log"
	return http.StatusInternalServerError, f
}

// fail is echo's error handler: every error that leaves the server goes through
// here, and is logged here or not at all.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed || c.Request().Context().Err() != nil { // nobody is there to hear it
		return
	}
	status, f := describe(err)
	if status == http.StatusInternalServerError {
		s.log.Error("request failed", "method", c.Request().Method, "route", c.Path(), "error", err)
	}
	if f.RetryAfterMS > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(float64(f.RetryAfterMS)/1000))))
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if werr := c.JSON(status, f); werr != nil {
		s.log.Debug("answer not written", "route", c.Path(), "error", werr)
	}
}

// tooLarge refuses what has more bytes than limit.
func tooLarge(limit int64) error {
	return room.Refuse(errTooLarge, "too_large", "at most {max} can be taken", "max", megabytes(limit))
}

func noEmail() error {
	return room.Refuse(room.ErrInvalid, "email_wrong", "that is no e-mail address")
}

func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

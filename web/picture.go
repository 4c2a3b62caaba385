package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// picture sends a stored picture to somebody whose right to see it was checked
// by the caller, and writes who it was to the log.
func (s *Server) picture(c echo.Context, ref, who string) error {
	b, err := s.cfg.Pictures.Get(c.Request().Context(), ref)
	if err != nil {
		return err
	}
	s.log.Info("picture read", "picture", ref, "by", who)
	h := c.Response().Header()
	h.Set("Cache-Control", "private, max-age=3600, immutable") // named by its own hash
	return c.Blob(http.StatusOK, http.DetectContentType(b), b)
}

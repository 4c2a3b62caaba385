package web

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

// managerAccounts lists who may sign in, and as what.
func (s *Server) managerAccounts(c echo.Context) error {
	all, err := s.cfg.Store.Managers(c.Request().Context())
	if err != nil {
		return err
	}
	faces := make([]managerFace, 0, len(all))
	for _, m := range all {
		faces = append(faces, faceOf(m))
	}
	return c.JSON(http.StatusOK, faces)
}

// managerAddAccount makes an account with a first password, which its owner is
// told by whoever makes it.
func (s *Server) managerAddAccount(c echo.Context) error {
	var in struct{ Email, Name, Password, Role string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	m, err := newManager(Bootstrap{in.Email, in.Name, in.Password}, s.cfg.Now())
	if err != nil {
		return err
	}
	if m.Role, err = roleOf(in.Role); err != nil {
		return err
	}
	if err := s.cfg.Store.CreateManager(c.Request().Context(), m); err != nil {
		return err
	}
	s.log.Info("account made", "role", m.Role, "account", m.ID, "by", managerOf(c).ID)
	return c.JSON(http.StatusOK, faceOf(m))
}

func (s *Server) managerSetRole(c echo.Context) error {
	var in struct{ Role string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	role, err := roleOf(in.Role)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.SetRole(c.Request().Context(), c.Param("id"), role); err != nil {
		return err
	}
	s.log.Info("role given", "role", role, "account", c.Param("id"), "by", managerOf(c).ID)
	return c.NoContent(http.StatusNoContent)
}

func roleOf(s string) (room.Role, error) {
	switch r := room.Role(s); r {
	case room.RoleManager, room.RoleSupervisor:
		return r, nil
	}
	return "", fmt.Errorf("%w: role is manager or supervisor", room.ErrInvalid)
}

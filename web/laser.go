package web

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

// calibrateLaser begins to measure the laser in a camera's picture; the room's
// view tells how it goes.
func (s *Server) calibrateLaser(c echo.Context) error {
	var in struct{ Pan, Tilt []float64 }
	if err := c.Bind(&in); err != nil {
		return err
	}
	if len(in.Pan) != 2 || len(in.Tilt) != 2 {
		return fmt.Errorf("%w: pan and tilt are two angles each", room.ErrInvalid)
	}
	return s.order(c, room.CalibrateLaser{Camera: c.Param("camera"), Pan: [2]float64(in.Pan), Tilt: [2]float64(in.Tilt)})
}

func (s *Server) checkLaser(c echo.Context) error {
	return s.order(c, room.TryLaser{Camera: c.Param("camera")})
}

func (s *Server) stopLaser(c echo.Context) error { return s.order(c, room.StopLaser{}) }

func (s *Server) keepLaser(c echo.Context) error { return s.order(c, room.KeepLaser{}) }

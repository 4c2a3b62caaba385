package web

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

// visionName is one part of an address of the vision service.
var visionName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(\.jpg)?$`)

// newVisionProxy passes live sessions (WHEP), snapshots and clips on to the
// vision service. Who asks was checked before; the page's cookies stay here.
func newVisionProxy(base, token string, s *Server) (*httputil.ReverseProxy, error) {
	if base == "" {
		return nil, nil
	}
	to, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("vision address: %w", err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			for _, h := range []string{"Cookie", "Origin", "X-Packroom"} {
				r.Out.Header.Del(h)
			}
			r.Out.Header.Set("Authorization", "Bearer "+token)
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Set-Cookie")
			for name := range r.Header { // ours stand
				if strings.HasPrefix(name, "Access-Control-") || name == "Content-Security-Policy" {
					r.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			s.log.Debug("vision does not answer", "error", err)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"kind":"unavailable","text":"the cameras' service does not answer"}`))
		},
	}, nil
}

// forward sends the request on to the vision service under path.
func (s *Server) forward(c echo.Context, path ...string) error {
	if s.vision == nil {
		return fmt.Errorf("cameras: %w: no vision service is configured", room.ErrUnavailable)
	}
	for _, p := range path {
		if !visionName.MatchString(p) {
			return fmt.Errorf("camera: %w", room.ErrNotFound)
		}
	}
	r := c.Request().Clone(c.Request().Context())
	r.URL.Path, r.URL.RawPath = "/"+strings.Join(path, "/"), ""
	s.vision.ServeHTTP(c.Response(), r)
	return nil
}

// watchCamera gives the page a token by which this manager, and nobody else, may
// open this camera's live picture within a minute, and the STUN and TURN servers
// for it.
func (s *Server) watchCamera(c echo.Context) error {
	c.Request().URL.RawQuery = url.Values{"viewer": {managerBy(c)}}.Encode()
	return s.forward(c, "viewers", c.Param("camera"))
}

// live negotiates, changes and ends one page's live picture of a camera. Whoever
// begins one shows a token of their own; after that the session is its own key,
// of 128 random bits.
func (s *Server) live(c echo.Context) error {
	camera := c.Param("camera")
	if c.Request().Method != http.MethodPost {
		return s.forward(c, "whep", camera, c.Param("session"))
	}
	token := strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
	viewer, err := room.CheckViewer(s.cfg.VisionToken, camera, token, s.cfg.Now())
	if err == nil && viewer != managerBy(c) {
		err = &room.Denial{Reason: "unknown"} // another's
	}
	if err != nil {
		return err
	}
	s.log.Info("live picture opened", "camera", camera, "by", viewer)
	return s.forward(c, "whep", camera)
}

func (s *Server) cameras(c echo.Context) error { return s.forward(c, "cameras") }

func (s *Server) cameraSnapshot(c echo.Context) error {
	s.log.Info("snapshot read", "camera", c.Param("camera"), "by", managerBy(c))
	return s.forward(c, "snapshot", c.Param("camera")+".jpg")
}

// clips lists what footage is kept for an event or a camera: ?event=&camera=.
func (s *Server) clips(c echo.Context) error { return s.forward(c, "clips") }

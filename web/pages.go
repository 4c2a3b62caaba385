package web

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

//go:embed all:ui/dist
var built embed.FS

// notBuilt is shown where the binary was made without the pages.
const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>packroom</title>
<h1>The pages are not built</h1>
<p>This binary was made without them. Run <code>make build</code>
(or <code>npm ci</code> and <code>npm run build</code> in <code>web/ui</code>) and start it again.
The API works meanwhile.</p></html>`

// pageFiles serves what Vite built.
type pageFiles struct{ files fs.FS }

func (s *Server) pages() (pageFiles, error) {
	if s.cfg.Pages != nil {
		return pageFiles{s.cfg.Pages}, nil
	}
	dist, err := fs.Sub(built, "ui/dist")
	if err != nil {
		return pageFiles{}, fmt.Errorf("pages: %w", err)
	}
	return pageFiles{dist}, nil
}

func (p pageFiles) page(name string) echo.HandlerFunc {
	return func(c echo.Context) error {
		b, err := fs.ReadFile(p.files, name)
		if errors.Is(err, fs.ErrNotExist) {
			return c.HTML(http.StatusServiceUnavailable, notBuilt)
		}
		if err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
		c.Response().Header().Set("Cache-Control", "no-cache")
		return c.HTMLBlob(http.StatusOK, b)
	}
}

// asset serves a file whose name holds a hash of what is in it.
func (p pageFiles) asset(c echo.Context) error {
	name := path.Clean("assets/" + c.Param("*"))
	if !fs.ValidPath(name) || path.Dir(name) != "assets" {
		return fmt.Errorf("asset: %w", room.ErrNotFound)
	}
	b, err := fs.ReadFile(p.files, name)
	if err != nil {
		return fmt.Errorf("asset: %w", room.ErrNotFound)
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".wasm" {
		kind = "application/wasm"
	}
	if kind == "" {
		kind = http.DetectContentType(b)
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, kind, b)
}

package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // pictures are JPEG
	_ "image/png"  // or PNG
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/packroom/packroom/room"
)

const (
	labelLimit  = 12 << 20   // bytes of all photographs of a label
	mostFrames  = 6          // photographs of one label that are looked at
	pixelLimit  = 50_000_000 // no phone's camera makes more; a bomb does
	readTimeout = 12 * time.Second

	rereadTimeout = 4 * time.Second // the courier has confirmed already and waits
)

// labelAnswer is what a kiosk shows after a label was seen.
type labelAnswer struct {
	Picture string        `json:"picture,omitempty"` // kept photograph; none for a scanned barcode
	Reading *room.Reading `json:"reading"`
}

// kioskLabel has a label read of which a kiosk took one or several photographs,
// and keeps the one that was read. The photographs are safe before OCR is asked:
// where no worker answers, the failure names the kept one and the courier goes on
// by hand.
func (s *Server) kioskLabel(c echo.Context) error {
	v, err := s.visit(c, c.QueryParam("visit"), room.VisitCourier)
	if err != nil {
		return err
	}
	if err := refuseLarge(c, labelLimit+64<<10); err != nil {
		return err
	}
	frames, err := readPictures(c.Request())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), readTimeout)
	defer cancel()
	r, err := s.readFrames(ctx, frames)
	if err != nil {
		return s.unread(c.Request().Context(), v.Visit.ID, frames[0], err)
	}
	ref, err := s.cfg.Pictures.Put(c.Request().Context(), frames[r.Frame])
	if err != nil {
		return err
	}
	r.Picture = ref
	s.readings.put(ref, taken{v.Visit.ID, &r})
	shown := r
	shown.Lines, shown.Appearance = nil, nil
	return c.JSON(http.StatusOK, labelAnswer{Picture: ref, Reading: &shown})
}

// readFrames puts photographs of one label where readers find them, and has them
// read.
func (s *Server) readFrames(ctx context.Context, frames [][]byte) (room.Reading, error) {
	store := s.cfg.Pictures
	if len(frames) > 1 {
		store = s.cfg.Frames // all but one are of no use once they were read
	}
	refs := make([]string, len(frames))
	for i, f := range frames {
		ref, err := store.Put(ctx, f)
		if err != nil {
			return room.Reading{}, err
		}
		refs[i] = ref
	}
	r, err := s.cfg.ReadLabel(ctx, room.ReadRequest{Property: s.cfg.Property.ID, Picture: refs[0], Frames: refs[1:]})
	if err == nil && (r.Frame < 0 || r.Frame >= len(frames)) {
		err = fmt.Errorf("the reader read picture %d of %d", r.Frame+1, len(frames))
	}
	return r, err
}

// unread keeps a photograph whose reading failed with err, for the courier goes
// on by hand.
func (s *Server) unread(ctx context.Context, visit string, photo []byte, err error) error {
	if errors.Is(err, room.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		err = room.Refuse(room.ErrUnavailable, "reader_away", "the label reader does not answer; the photograph is kept, search the resident by hand")
	}
	ref, kept := s.cfg.Pictures.Put(ctx, photo)
	if kept != nil {
		return kept
	}
	s.readings.put(ref, taken{visit: visit})
	return &pictureKept{ref: ref, err: err}
}

// kioskBarcode takes what a hand scanner typed in place of a photograph.
func (s *Server) kioskBarcode(c echo.Context) error {
	var in struct{ Visit, Text string }
	if err := c.Bind(&in); err != nil {
		return err
	}
	if _, err := s.visit(c, in.Visit, room.VisitCourier); err != nil {
		return err
	}
	text := strings.TrimSpace(in.Text)
	if len(text) < 6 || len(text) > 512 {
		return room.Refuse(room.ErrInvalid, "no_tracking", "that is no tracking number")
	}
	r := room.Reading{Tracking: shorten(text, 64), Barcodes: []room.Barcode{{Text: text}}, Decision: room.DecisionNone}
	if s.cfg.Recognize != nil {
		if carrier, tracking, ok := s.cfg.Recognize(text); ok {
			r.Carrier, r.Tracking = carrier, tracking
		}
	}
	return c.JSON(http.StatusOK, labelAnswer{Reading: &r})
}

// eachUpload calls fn with the files in a request, in order, while it answers
// true: the body itself, or the files of a form.
func eachUpload(r *http.Request, fn func(io.Reader) (more bool, err error)) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		_, err := fn(r.Body)
		return err
	}
	form, err := r.MultipartReader()
	if err != nil {
		return brokenOff()
	}
	for more := true; more; {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return sizedOr(err, brokenOff())
		}
		if part.FileName() == "" {
			continue
		}
		if more, err = fn(part); err != nil {
			return err
		}
	}
	return nil
}

// uploaded is the first file in a request.
func uploaded(r *http.Request) (file io.Reader, err error) {
	err = eachUpload(r, func(f io.Reader) (bool, error) { file = f; return false, nil })
	if err == nil && file == nil {
		err = fileMissing()
	}
	return file, err
}

func fileMissing() error {
	return room.Refuse(room.ErrInvalid, "file_missing", "there is no file in the form")
}

// readPictures are the photographs in a request: one, or several of one label.
func readPictures(r *http.Request) (pictures [][]byte, err error) {
	err = eachUpload(r, func(f io.Reader) (bool, error) {
		b, err := readPicture(f)
		pictures = append(pictures, b)
		return len(pictures) < mostFrames, err
	})
	if err == nil && len(pictures) == 0 {
		err = fileMissing()
	}
	return pictures, err
}

// readPicture is one photograph.
func readPicture(file io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(file, labelLimit+1))
	if err != nil {
		return nil, sizedOr(err, brokenOff())
	}
	if len(b) > labelLimit {
		return nil, tooLarge(labelLimit)
	}
	return b, checkPicture(b)
}

// sizedOr is err where it says that the body is too large, and otherwise other.
func sizedOr(err, other error) error {
	var sized *http.MaxBytesError
	if errors.As(err, &sized) {
		return err
	}
	return other
}

func brokenOff() error {
	return room.Refuse(room.ErrInvalid, "upload_broken", "the upload was broken off")
}

// checkPicture refuses what is no whole JPEG or PNG.
func checkPicture(b []byte) error {
	if len(b) == 0 {
		return room.Refuse(room.ErrInvalid, "file_empty", "the file is empty")
	}
	conf, _, err := image.DecodeConfig(bytes.NewReader(b))
	if errors.Is(err, image.ErrFormat) {
		return room.Refuse(room.ErrInvalid, "no_picture", "that is not a picture; take a JPEG or PNG")
	}
	if err != nil {
		return damaged()
	}
	if conf.Width*conf.Height > pixelLimit || conf.Width < 1 || conf.Height < 1 {
		return room.Refuse(room.ErrInvalid, "picture_pixels", "the picture has {width} x {height} pixels; at most 50 million are read", "width", strconv.Itoa(conf.Width), "height", strconv.Itoa(conf.Height))
	}
	if _, _, err := image.Decode(bytes.NewReader(b)); err != nil {
		return damaged()
	}
	return nil
}

func damaged() error {
	return room.Refuse(room.ErrInvalid, "picture_damaged", "the picture is damaged or cut off; take it again")
}

// taken is a label photograph of a kiosk.
type taken struct {
	visit   string
	reading *room.Reading // nil: no reader answered
}

// readings remembers the newest photographs between the answer to a kiosk and
// its confirmation, so that what OCR said need not come from a page.
type readings struct {
	mu    sync.Mutex
	limit int
	order []string
	byRef map[string]taken
}

func newReadings(limit int) *readings {
	return &readings{limit: limit, byRef: map[string]taken{}}
}

func (r *readings) put(ref string, t taken) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.byRef[ref]; !known {
		r.order = append(r.order, ref)
	}
	r.byRef[ref] = t
	for len(r.order) > r.limit {
		delete(r.byRef, r.order[0])
		r.order = r.order[1:]
	}
}

func (r *readings) get(ref string) (t taken, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, known = r.byRef[ref]
	return t, known
}

// reading is what OCR said of a photograph. Where this server was restarted
// since, the kept photograph is read again; without an answer the courier's
// choice stands alone.
func (s *Server) reading(ctx context.Context, ref string) *room.Reading {
	if ref == "" {
		return nil
	}
	if t, known := s.readings.get(ref); known {
		return t.reading
	}
	ctx, cancel := context.WithTimeout(ctx, rereadTimeout)
	defer cancel()
	r, err := s.cfg.ReadLabel(ctx, room.ReadRequest{Property: s.cfg.Property.ID, Picture: ref})
	if err != nil {
		s.log.Warn("a package is registered without its label's reading", "error", err)
		return nil
	}
	r.Picture = ref
	return &r
}

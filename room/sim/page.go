package sim

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"net/http"
	"time"

	"github.com/packroom/packroom/room"
)

//go:embed all:page
var pageFiles embed.FS

// page serves what a person looks at: the room's page, its pictures and its
// state as it changes.
func (s *Sim) page(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	static := http.FileServerFS(files)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; style-src 'self'")
		w.Header().Set("Cache-Control", "no-cache")
		static.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /events", s.stateEvents)
	mux.HandleFunc("GET /camera/{camera}", s.picture)
}

// stateEvents sends the state whenever it changes, at most five times a second,
// as server-sent events.
func (s *Sim) stateEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	rev := int64(-1)
	for {
		now, ok := s.watch(r.Context().Done(), rev)
		if !ok {
			return
		}
		rev = now
		st := s.State()
		if n := len(st.History); n > 12 {
			st.History = st.History[n-12:]
		}
		b, err := json.Marshal(st)
		if err != nil || rc.SetWriteDeadline(time.Now().Add(5*time.Second)) != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil || rc.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// picture is a camera's newest picture as JPEG, half as wide and high unless
// ?full=1.
func (s *Sim) picture(w http.ResponseWriter, r *http.Request) {
	for _, f := range s.films {
		if f.name != r.PathValue("camera") {
			continue
		}
		pic := f.look()
		for end := time.Now().Add(3 * time.Second); pic == nil && time.Now().Before(end) && r.Context().Err() == nil; pic = f.look() {
			select {
			case <-r.Context().Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
		if pic == nil || s.cameraState(f.name) == CameraOff {
			fail(w, fmt.Errorf("camera %s: %w: it is off", f.name, room.ErrUnavailable))
			return
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, pic.jpegImage(!r.URL.Query().Has("full")), &jpeg.Options{Quality: 82}); err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(b.Bytes()) // the client is gone: nobody to tell
		return
	}
	fail(w, fmt.Errorf("camera %q: %w", r.PathValue("camera"), room.ErrNotFound))
}

// jpegImage is the frame in JPEG's full range, halved where wished.
func (f *frame) jpegImage(half bool) *image.YCbCr {
	k := 1
	if half {
		k = 2
	}
	img := image.NewYCbCr(image.Rect(0, 0, f.w/k, f.h/k), image.YCbCrSubsampleRatio420)
	for y := range f.h / k {
		for x := range f.w / k {
			v := int(f.y[y*k*f.w+x*k])
			if half {
				i := y*2*f.w + x*2
				v = (v + int(f.y[i+1]) + int(f.y[i+f.w]) + int(f.y[i+f.w+1]) + 2) / 4
			}
			img.Y[y*img.YStride+x] = uint8(clampInt((v-16)*255/219, 0, 255))
		}
	}
	cw := f.w / 2
	for y := range f.h / 2 / k {
		for x := range cw / k {
			i := y*k*cw + x*k
			img.Cb[y*img.CStride+x] = uint8(clampInt((int(f.u[i])-128)*255/224+128, 0, 255))
			img.Cr[y*img.CStride+x] = uint8(clampInt((int(f.v[i])-128)*255/224+128, 0, 255))
		}
	}
	return img
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/image/draw"

	"github.com/packroom/packroom/ocr/imaging"
	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/bus/bustest"
	"github.com/packroom/packroom/room/porttest"
	"github.com/packroom/packroom/vision"
)

// residentsNow is a source of residents that can be away.
type residentsNow struct {
	list atomic.Pointer[[]room.Resident]
}

func (s *residentsNow) Roster(context.Context) ([]room.Resident, error) {
	if l := s.list.Load(); l != nil {
		return *l, nil
	}
	return nil, fmt.Errorf("database: %w", room.ErrUnavailable)
}

func TestOCRServiceAnswersOverTheBus(t *testing.T) {
	dir := filepath.Join("testdata", "labels")
	property, err := readPropertyFile(filepath.Join(dir, "property.json"))
	if err != nil {
		t.Fatal(err)
	}
	property.ID = "p1"
	residents, err := readRosterFile(filepath.Join(dir, "roster.csv"))
	if err != nil {
		t.Fatal(err)
	}
	pictures := room.PictureDir(t.TempDir())
	keep := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		ref, err := pictures.Put(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		return ref
	}
	clear := keep("o018.jpg")
	noPicture, err := pictures.Put(t.Context(), []byte("no picture at all"))
	if err != nil {
		t.Fatal(err)
	}

	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	url := bustest.Start(t)
	connect := func(name string) *bus.Bus {
		b, err := bus.Connect(t.Context(), bus.Config{URL: url, Name: name, Property: "p1", Room: "r1", Log: log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		return b
	}
	server, asker := connect("ocr"), connect("web")
	t.Setenv(asPackroom, "1") // the readers are processes of this test
	workers, err := newLabelWorkers(property, 2, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer workers.Close()
	if err := workers.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	source := &residentsNow{}
	metrics := newRegistry()
	service := newLabelService(property, pictures, source, workers, metrics, log)
	listen := porttest.Addr(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var runErr error
	wg.Go(func() { runErr = service.run(ctx, server, listen, 2, metrics) })

	ask := func(ref string) (room.Reading, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return asker.ReadLabel(ctx, room.ReadRequest{Property: "p1", Picture: ref})
	}
	waitUntil(t, "a reader answers", func() bool {
		_, err := ask(clear)
		return err != nil && strings.Contains(err.Error(), "not loaded yet")
	})
	if status, _ := health(t, listen); status != http.StatusServiceUnavailable {
		t.Errorf("healthz before the residents are loaded: %d", status)
	}
	source.list.Store(&residents)
	service.noticed(room.Event{Kind: room.EvRosterImported})
	var reading room.Reading
	waitUntil(t, "the residents are loaded", func() bool {
		reading, err = ask(clear)
		return err == nil
	})
	if reading.Decision != room.DecisionMatch || reading.Candidates[0].ResidentID != "R64713" || reading.Picture != clear {
		t.Errorf("got %s %v of picture %q", reading.Decision, reading.Candidates, reading.Picture)
	}
	if status, body := health(t, listen); status != http.StatusOK {
		t.Errorf("healthz: %d %s", status, body)
	}

	shaken, err := pictures.Put(t.Context(), shake(t, pictures, clear))
	if err != nil {
		t.Fatal(err)
	}
	several, err := asker.ReadLabel(t.Context(), room.ReadRequest{Property: "p1", Picture: shaken, Frames: []string{noPicture, clear, shaken}})
	if err != nil || several.Frame != 2 || several.Picture != clear || several.Decision != room.DecisionMatch {
		t.Errorf("of several photographs %d was read (%s), %v; want the sharpest", several.Frame, several.Decision, err)
	}

	if _, err := ask(noPicture); !errors.Is(err, room.ErrInvalid) {
		t.Errorf("what is no picture: got %v, want it invalid", err)
	}
	if _, err := ask(strings.Repeat("0", 64)); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("an unknown picture: got %v, want it not found", err)
	}
	// bad pictures between good ones, several at a time
	var together sync.WaitGroup
	for i := range 6 {
		together.Go(func() {
			if i%2 == 0 {
				_, _ = ask(noPicture)
				return
			}
			if r, err := ask(clear); err != nil || r.Decision != room.DecisionMatch {
				t.Errorf("reading %d: %s %v", i, r.Decision, err)
			}
		})
	}
	together.Wait()
	stop()
	wg.Wait()
	if runErr != nil {
		t.Errorf("run ended with %v", runErr)
	}
}

// shake is a picture out of focus.
func shake(t *testing.T, pictures room.Pictures, ref string) []byte {
	t.Helper()
	sharp, err := pictures.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(sharp))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, b.Dx()/4, b.Dy()/4))
	draw.BiLinear.Scale(small, small.Rect, img, b, draw.Src, nil)
	large := image.NewRGBA(b)
	draw.BiLinear.Scale(large, b, small, small.Rect, draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, large, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func health(t *testing.T, listen string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + listen + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// TestAppearancesCompare holds two packages together that may not import each
// other: room.Likeness of their appearances must mean something.
func TestAppearancesCompare(t *testing.T) {
	var own, other []float32
	for i, name := range []string{"o018.jpg", "o052.jpg"} {
		b, err := os.ReadFile(filepath.Join("testdata", "labels", name))
		if err != nil {
			t.Fatal(err)
		}
		photo, err := imaging.Prepare{}.Photo(t.Context(), b, false)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := vision.AppearanceOfPicture(b, 0.8)
		if err != nil {
			t.Fatal(err)
		}
		if len(photo.Appearance) != len(seen) {
			t.Fatalf("%d bins in ocr, %d in vision", len(photo.Appearance), len(seen))
		}
		if i == 0 {
			own, other = photo.Appearance, seen
		}
	}
	if l := room.Likeness(own, other); l < 0.8 {
		t.Errorf("the same picture is alike by %.2f", l)
	}
}

package vision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

const testSlots = `{"camera":"cam1","width":320,"height":180,"slots":[{"id":"A1","polygon":[[0,0],[50,0],[50,50]]}]}`

// scripted is a detector that reports what the test tells it to.
type scripted struct {
	mu     sync.Mutex
	frames int
	tell   []Seen
	scene  Scene
	state  []byte
	closed bool
}

func (d *scripted) Process(f Frame) ([]Seen, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !f.Valid() {
		return nil, ErrFrame
	}
	d.frames++
	seen := d.tell
	d.tell = nil
	for range seen {
		d.state = append(d.state, 's')
	}
	return seen, nil
}
func (d *scripted) Flush() []Seen { return nil }
func (d *scripted) Scene() Scene {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.scene
}
func (d *scripted) Snapshot() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]byte("state:"), d.state...), nil
}
func (d *scripted) Restore(b []byte) error {
	rest, ok := strings.CutPrefix(string(b), "state:")
	if !ok {
		return errors.New("no state of mine")
	}
	d.state = []byte(rest)
	return nil
}
func (d *scripted) Close() error { d.closed = true; return nil }

func (d *scripted) see(s ...Seen) {
	d.mu.Lock()
	d.tell = append(d.tell, s...)
	d.mu.Unlock()
}

func (d *scripted) seen() (frames int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.frames
}

// testBus is a publisher that can be away.
type testBus struct {
	mu       sync.Mutex
	away     bool
	refuse   string // change ID that is invalid
	changes  []room.Change
	presence []room.Presence
	health   []room.CameraHealth
	clips    []room.Clip
}

func (b *testBus) PublishChange(_ context.Context, c room.Change) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return room.ErrUnavailable
	}
	if c.ID == b.refuse {
		return room.ErrInvalid
	}
	b.changes = append(b.changes, c)
	return nil
}

func (b *testBus) PublishPresence(_ context.Context, p room.Presence) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return room.ErrUnavailable
	}
	b.presence = append(b.presence, p)
	return nil
}

func (b *testBus) PublishClip(_ context.Context, c room.Clip) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clips = append(b.clips, c)
	return nil
}

func (b *testBus) PublishStorage(context.Context, room.StorageHealth) error { return nil }

func (b *testBus) PublishHealth(_ context.Context, h room.CameraHealth) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return room.ErrUnavailable
	}
	b.health = append(b.health, h)
	return nil
}

func (b *testBus) goAway(on bool) {
	b.mu.Lock()
	b.away = on
	b.mu.Unlock()
}

func (b *testBus) changesSeen() []room.Change {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]room.Change(nil), b.changes...)
}

func (b *testBus) lastHealth() (h room.CameraHealth) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.health); n > 0 {
		h = b.health[n-1]
	}
	return h
}

// rig is a service with one camera.
type rig struct {
	t        *testing.T
	server   *rtspCamera
	bus      *testBus
	dir      string
	slots    string
	pictures room.PictureDir
	lost     chan struct{}
	fence    uint64

	mu        sync.Mutex
	detectors []*scripted
	service   *Service
	stop      func()
	change    func(*ServiceConfig) // nil = none
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t, server: startCamera(t), bus: &testBus{}, dir: dir, slots: filepath.Join(dir, "slots.json"),
		pictures: room.PictureDir(filepath.Join(dir, "pictures")), fence: 7}
	if err := os.WriteFile(r.slots, []byte(testSlots), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) config() ServiceConfig {
	c := ServiceConfig{
		Cameras: []Watched{{CameraSource: CameraSource{ID: "cam1", URL: r.server.url()}, Slots: r.slots}},
		Dir:     filepath.Join(r.dir, "vision"), Pictures: r.pictures, Publisher: r.bus, Token: "box-token",
		Live: LiveConfig{Listen: "127.0.0.1:0"}, Clips: ClipConfig{Dir: filepath.Join(r.dir, "clips")},
		Log: slog.New(slog.DiscardHandler),
		Lease: func(context.Context, string) (Lease, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lost = make(chan struct{})
			r.fence++
			return Lease{Fence: r.fence, Lost: r.lost, Release: func() {}}, nil
		},
		NewDetector: func(room.SlotsFile) (Detector, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			d := &scripted{}
			r.detectors = append(r.detectors, d)
			return d, nil
		},
	}
	if r.change != nil {
		r.change(&c)
	}
	return c
}

// start runs the service; r.stop ends it as SIGTERM does.
func (r *rig) start() {
	r.t.Helper()
	s, err := NewService(r.config())
	if err != nil {
		r.t.Fatal(err)
	}
	r.service = s
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(r.stop)
}

// detector waits for the nth detector that was made, and its first frame.
func (r *rig) detector(n int) *scripted {
	r.t.Helper()
	var d *scripted
	until(r.t, 15*time.Second, fmt.Sprintf("detector %d works", n), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.detectors) < n {
			return false
		}
		d = r.detectors[n-1]
		return d.seen() > 0
	})
	return d
}

func placedAt(item string, at time.Time) Seen {
	return Seen{Kind: room.ChangePlaced, Item: item, Slot: "A1", BBox: room.Rect{1, 2, 3, 4}, Confidence: 0.9,
		At: at, Before: []byte("before" + item), After: []byte("after" + item), Crop: []byte("crop" + item)}
}

func TestChangeIsPublishedWithPicturesAndFence(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	at := time.Now().UTC()
	r.detector(1).see(placedAt("i1", at))
	until(t, 5*time.Second, "a change is published", func() bool { return len(r.bus.changesSeen()) == 1 })
	c := r.bus.changesSeen()[0]
	if c.Camera != "cam1" || !strings.HasSuffix(c.Item, "-i1") || c.Slot != "A1" || c.Fence != 8 || !c.At.Equal(at) || c.ID != changeID(c) {
		t.Errorf("change %+v", c)
	}
	for ref, want := range map[string]string{c.Before: "beforei1", c.After: "afteri1", c.Crop: "cropi1"} {
		if b, err := r.pictures.Get(context.Background(), ref); err != nil || string(b) != want {
			t.Errorf("picture %q is %q, %v", want, b, err)
		}
	}
}

func TestChangesWaitForTheBusAndKeepTheirOrderThroughARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	at := time.Now().UTC()
	d := r.detector(1)
	r.bus.goAway(true)
	for i := range 5 {
		d.see(placedAt(fmt.Sprintf("i%d", i), at))
	}
	until(t, 5*time.Second, "five wait", func() bool { return r.service.unsent.Len() == 5 })
	r.stop()
	if n := len(r.bus.changesSeen()); n != 0 {
		t.Fatalf("%d went to a bus that is away", n)
	}
	if !d.closed {
		t.Error("the detector was not closed")
	}
	r.bus.goAway(false)
	r.start()
	until(t, 5*time.Second, "five are published", func() bool { return len(r.bus.changesSeen()) == 5 })
	for i, c := range r.bus.changesSeen() {
		if !strings.HasSuffix(c.Item, fmt.Sprintf("-i%d", i)) || c.Fence != 8 {
			t.Errorf("at %d: %s with fence %d", i, c.Item, c.Fence)
		}
	}
	again := r.detector(2)
	if b, _ := again.Snapshot(); string(b) != "state:sssss" {
		t.Errorf("the detector was restored as %q", b)
	}
	again.see(placedAt("i9", at))
	until(t, 5*time.Second, "six are published", func() bool { return len(r.bus.changesSeen()) == 6 })
	c := r.bus.changesSeen()
	if old, _, _ := strings.Cut(c[0].Item, "-"); !strings.HasPrefix(c[5].Item, old+"-") {
		t.Errorf("a restored detector's items are named %s after %s", c[5].Item, c[0].Item)
	}
	if left, err := filepath.Glob(filepath.Join(r.dir, "vision", "unsent", "*")); err != nil || len(left) != 0 {
		t.Errorf("left on disk: %v, %v", left, err)
	}
}

func TestRefusedChangeHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	d := r.detector(1)
	r.bus.goAway(true)
	d.see(placedAt("i1", time.Now()), placedAt("i2", time.Now()))
	until(t, 5*time.Second, "two wait", func() bool { return r.service.unsent.Len() == 2 })
	first, _ := r.service.unsent.first()
	r.bus.mu.Lock()
	r.bus.away, r.bus.refuse = false, first.change.ID
	r.bus.mu.Unlock()
	until(t, 10*time.Second, "the second is published", func() bool { return len(r.bus.changesSeen()) == 1 })
	if c := r.bus.changesSeen()[0]; !strings.HasSuffix(c.Item, "-i2") {
		t.Errorf("published %s", c.Item)
	}
	aside, err := filepath.Glob(filepath.Join(r.dir, "vision", "unsent", "*.bad"))
	if err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

func TestChangeIDIsTheSameForTheSameChangeOnly(t *testing.T) {
	t.Parallel()
	c := room.Change{Camera: "cam1", Item: "a-i1", Kind: room.ChangePlaced, At: time.UnixMilli(1000)}
	again := c
	again.Seen, again.Fence = time.Now(), 9
	if changeID(c) != changeID(again) {
		t.Error("a retry has another ID")
	}
	for name, other := range map[string]room.Change{
		"camera": {Camera: "cam2", Item: c.Item, Kind: c.Kind, At: c.At},
		"item":   {Camera: c.Camera, Item: "a-i2", Kind: c.Kind, At: c.At},
		"kind":   {Camera: c.Camera, Item: c.Item, Kind: room.ChangeRemoved, At: c.At},
		"time":   {Camera: c.Camera, Item: c.Item, Kind: c.Kind, At: time.UnixMilli(1001)},
	} {
		if changeID(c) == changeID(other) {
			t.Errorf("another %s has the same ID", name)
		}
	}
}

func TestPresenceIsSaidOnChangeAndRepeatedWhilePeopleAreThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	d := r.detector(1)
	count := func(people bool) (n int) {
		r.bus.mu.Lock()
		defer r.bus.mu.Unlock()
		for _, p := range r.bus.presence {
			if p.People == people {
				n++
			}
		}
		return n
	}
	until(t, 5*time.Second, "nobody is said", func() bool { return count(false) == 1 })
	began := time.Now()
	d.mu.Lock()
	d.scene = Scene{People: true, Slots: []string{"A1"}}
	d.mu.Unlock()
	until(t, 10*time.Second, "people are said three times", func() bool { return count(true) == 3 })
	if took := time.Since(began); took < 3500*time.Millisecond || took > 6*time.Second {
		t.Errorf("three times within %v", took)
	}
	if n := count(false); n != 1 {
		t.Errorf("nobody was said %d times", n)
	}
}

func TestHealthSaysInWordsWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	d := r.detector(1)
	until(t, 5*time.Second, "well", func() bool { return r.bus.lastHealth().OK })
	d.mu.Lock()
	d.scene = Scene{Problem: "dark"}
	d.mu.Unlock()
	until(t, 5*time.Second, "dark", func() bool { return r.bus.lastHealth().Problem == "dark" })
	if h := r.bus.lastHealth(); h.OK || h.Detail == "" {
		t.Errorf("health %+v", h)
	}
	r.server.end()
	until(t, 10*time.Second, "lost", func() bool {
		h := r.bus.lastHealth()
		return h.Problem == "lost" && strings.Contains(h.Detail, "connection refused")
	})
	d.mu.Lock()
	d.scene = Scene{}
	d.mu.Unlock()
	r.server.begin()
	until(t, 10*time.Second, "well again", func() bool { return r.bus.lastHealth().OK })
}

func TestLostLeaseEndsTheDetectorAndTheNextCarriesOnWithANewFence(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.detector(1).see(placedAt("i1", time.Now()))
	until(t, 5*time.Second, "published", func() bool { return len(r.bus.changesSeen()) == 1 })
	r.mu.Lock()
	close(r.lost)
	r.mu.Unlock()
	r.detector(2).see(placedAt("i2", time.Now()))
	until(t, 5*time.Second, "published", func() bool { return len(r.bus.changesSeen()) == 2 })
	if c := r.bus.changesSeen(); c[1].Fence != c[0].Fence+1 {
		t.Errorf("fences %d, %d", c[0].Fence, c[1].Fence)
	}
}

func TestWhatChangedWhileTheCameraWasAwayIsLookedForByADetectorThatKnowsWhatWas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.detector(1).see(placedAt("i1", time.Now()))
	until(t, 5*time.Second, "published", func() bool { return len(r.bus.changesSeen()) == 1 })
	r.server.end()
	until(t, 15*time.Second, "the camera is known to be away", func() bool { return !r.bus.lastHealth().OK })
	gone := time.Now()
	until(t, 2*blind, "it was away for long enough", func() bool { return time.Since(gone) > blind })
	r.server.begin()
	d := r.detector(2)
	d.mu.Lock()
	defer d.mu.Unlock()
	if string(d.state) != "s" {
		t.Errorf("the new detector knows %q, want what the first one saw", d.state)
	}
}

func TestSlotsFileMayComeLaterAndMayChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := os.Remove(r.slots); err != nil {
		t.Fatal(err)
	}
	r.start()
	until(t, 10*time.Second, "it is said that slots are missing", func() bool {
		h := r.bus.lastHealth()
		return h.OK && strings.Contains(h.Detail, "waiting for the slots file")
	})
	if err := os.WriteFile(r.slots, []byte(testSlots), 0o600); err != nil {
		t.Fatal(err)
	}
	r.detector(1)
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(r.slots, later, later); err != nil {
		t.Fatal(err)
	}
	r.detector(2)
}

func ask(t *testing.T, s *Service, method, path string, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer box-token")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, req)
	return w
}

func TestHTTPTellsCamerasAndShowsThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.detector(1)
	until(t, 10*time.Second, "a snapshot", func() bool {
		return ask(t, r.service, "GET", "/snapshot/cam1.jpg", "").Code == http.StatusOK
	})
	img, err := jpeg.Decode(ask(t, r.service, "GET", "/snapshot/cam1.jpg", "").Body)
	if err != nil || img.Bounds().Dx() != testWidth || img.Bounds().Dy() != testHeight {
		t.Fatalf("snapshot %v, %v", img.Bounds(), err)
	}
	var views []CameraView
	until(t, 10*time.Second, "the camera with its rate", func() bool {
		if err := json.Unmarshal(ask(t, r.service, "GET", "/cameras", "").Body.Bytes(), &views); err != nil {
			t.Fatal(err)
		}
		return len(views) == 1 && views[0].FPS >= 5
	})
	if !views[0].Health.OK || views[0].Width != testWidth {
		t.Errorf("cameras %+v", views)
	}
	for path, want := range map[string]int{"/snapshot/cam2.jpg": 404, "/snapshot/cam1": 404, "/nothing": 404} {
		if got := ask(t, r.service, "GET", path, "").Code; got != want {
			t.Errorf("%s answers %d", path, got)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/metrics": 200, "/cameras": 401, "/snapshot/cam1.jpg": 401} {
		w := httptest.NewRecorder()
		r.service.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s without a token answers %d", path, w.Code)
		}
		if path == "/metrics" && !strings.Contains(w.Body.String(), `packroom_vision_camera_up{camera="cam1"} 1`) {
			t.Error("metrics don't tell of the camera")
		}
	}
}

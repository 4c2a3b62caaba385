package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/jpeg"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"github.com/packroom/packroom/room"
)

// small is a room whose pictures cost little.
func small() Config {
	return Config{Listen: "127.0.0.1:0", RTSP: "127.0.0.1:0", Width: 320, Height: 180, Bitrate: 300_000, Pace: 4, Log: slog.New(slog.DiscardHandler)}
}

func start(t *testing.T, cfg Config) *Sim {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

func do(t *testing.T, s *Sim, a Action) Result {
	t.Helper()
	r, err := s.Act(t.Context(), a)
	if err != nil {
		t.Fatalf("%+v: %v", a, err)
	}
	return r
}

// viewer reads a camera as a recorder does.
type viewer struct {
	client *gortsplib.Client
	units  chan [][]byte
}

func watch(s *Sim, camera int) (*viewer, error) {
	u, err := base.ParseURL(s.CameraURL(camera))
	if err != nil {
		return nil, err
	}
	tcp := gortsplib.ProtocolTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &tcp, ReadTimeout: 10 * time.Second}
	if err := c.Start(); err != nil {
		return nil, err
	}
	v := &viewer{client: c, units: make(chan [][]byte, 64)}
	d, _, err := c.Describe(u)
	if err != nil {
		c.Close()
		return nil, err
	}
	var f *format.H264
	m := d.FindFormat(&f)
	if m == nil || len(f.SPS) == 0 || len(f.PPS) == 0 {
		c.Close()
		return nil, errors.New("no H264 with its parameters in the description")
	}
	dec, err := f.CreateDecoder()
	if err != nil {
		return nil, err
	}
	if err := c.SetupAll(d.BaseURL, d.Medias); err != nil {
		c.Close()
		return nil, err
	}
	c.OnPacketRTP(m, f, func(p *rtp.Packet) {
		if au, err := dec.Decode(p); err == nil {
			select {
			case v.units <- au:
			default:
			}
		}
	})
	_, err = c.Play(nil)
	return v, err
}

func (v *viewer) next(t *testing.T) [][]byte {
	t.Helper()
	select {
	case au := <-v.units:
		return au
	case <-time.After(20 * time.Second):
		t.Fatal("no picture came")
		return nil
	}
}

func isKey(au [][]byte) bool {
	for _, n := range au {
		if n[0]&31 == 5 {
			return true
		}
	}
	return false
}

func TestCamerasAreServedOverRTSP(t *testing.T) {
	s := start(t, small())
	for camera := 1; camera <= 2; camera++ {
		v, err := watch(s, camera)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; !isKey(v.next(t)); n++ { // within the group that is going on
			if n > s.cfg.FPS {
				t.Fatalf("camera %d: no key frame among the first %d pictures", camera, n)
			}
		}
		first := time.Now()
		keys := 0
		for range 20 {
			if isKey(v.next(t)) {
				keys++
			}
		}
		if d := time.Since(first); keys < 2 || d < time.Second {
			t.Errorf("camera %d: 20 pictures with %d key frames in %s; want 10 a second, a key frame each second", camera, keys, d)
		}
		v.client.Close()
	}
}

func TestACameraThatIsCutComesBack(t *testing.T) {
	s := start(t, small())
	v, err := watch(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	v.next(t)
	gone := make(chan error, 1)
	go func() { gone <- v.client.Wait() }()
	do(t, s, Action{Do: "camera", Camera: "cam1", State: "off"})
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Fatal("the viewer was not dropped")
	}
	if _, err := watch(s, 1); err == nil {
		t.Error("a camera that is off answers")
	}
	do(t, s, Action{Do: "camera", Camera: "cam1", State: "on"})
	if v, err = watch(s, 1); err != nil {
		t.Fatal(err)
	}
	defer v.client.Close()
	v.next(t)
}

func TestAnEncoderThatDiesIsReplaced(t *testing.T) {
	s := start(t, small())
	v, err := watch(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer v.client.Close()
	v.next(t)
	if err := syscall.Kill(s.films[0].encoderPID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for len(v.units) > 0 { // what was on its way
		<-v.units
	}
	for end := time.Now().Add(20 * time.Second); !isKey(v.next(t)); {
		if time.Now().After(end) {
			t.Fatal("no key frame after the encoder's death")
		}
	}
	v.next(t)
}

func TestSlotsFilesAreWrittenAndAgreeWithThePicture(t *testing.T) {
	for _, seed := range []uint64{1, 9} {
		cfg := small()
		cfg.Blind, cfg.SlotsDir, cfg.Seed, cfg.Width, cfg.Height = true, t.TempDir(), seed, 1280, 720
		s := start(t, cfg)
		ids := map[string]bool{}
		for _, camera := range []string{"cam1", "cam2"} {
			b, err := os.ReadFile(filepath.Join(cfg.SlotsDir, camera+".slots.json"))
			if err != nil {
				t.Fatal(err)
			}
			f, err := room.ReadSlotsFile(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if f.Camera != camera || len(f.Slots) < 9 {
				t.Errorf("%s: %d slots for %q", camera, len(f.Slots), f.Camera)
			}
			for _, slot := range f.Slots {
				if ids[slot.ID] {
					t.Errorf("slot %s is there twice", slot.ID)
				}
				ids[slot.ID] = true
				checkSlot(t, s, slot)
			}
		}
	}
}

// checkSlot tries the slot's calibration: a laser that is aimed at a parcel's
// middle shows its dot on that parcel.
func checkSlot(t *testing.T, s *Sim, slot room.Slot) {
	t.Helper()
	b := slot.Bounds()
	if b[2] < 40 || b[3] < 30 || b[0] < 0 || b[1] < 0 || b[0]+b[2] > 1280 || b[1]+b[3] > 720 {
		t.Errorf("slot %s shows at %v", slot.ID, b)
	}
	m := slot.Map
	if m[2] <= 0 || m[3] <= 0 || m[0] < 0 || m[1] < 0 || m[0]+m[2] > 100.1 || m[1]+m[3] > 100.1 {
		t.Errorf("slot %s lies on the map at %v", slot.ID, m)
	}
	size := SizeMedium
	if slot.Kind == room.SlotFloor {
		size = SizeXL
	}
	s.World.mu.Lock()
	place := s.layout.byID[slot.ID]
	q := newParcel("q", size, 5)
	lies, err := s.free(place, q)
	if err != nil {
		t.Fatalf("slot %s: %v", slot.ID, err)
	}
	s.rests = []*rest{{parcel: q, slot: place, box: lies}}
	shows := s.shows(place, &lies)
	s.World.mu.Unlock()
	aim, ok := slot.AimAt(shows.Center())
	if !ok {
		t.Fatalf("slot %s has no laser", slot.ID)
	}
	s.point(&aim, 5*time.Second)
	dot, ok := s.State().Laser.Dots[slot.Camera]
	if !ok {
		t.Fatalf("slot %s: the dot shows nowhere", slot.ID)
	}
	if d := math.Hypot(dot[0]-shows.Center()[0], dot[1]-shows.Center()[1]); d > 14 || dot[0] < shows[0] || dot[0] > shows[0]+shows[2] || dot[1] < shows[1] || dot[1] > shows[1]+shows[3] {
		t.Errorf("seed %d slot %s: the dot is %.0f px from the parcel's middle", s.cfg.Seed, slot.ID, d)
	}
	s.World.mu.Lock()
	s.rests = nil
	s.World.mu.Unlock()
}

func TestActionsThatCannotBe(t *testing.T) {
	cfg := small()
	cfg.Blind = true
	s := start(t, cfg)
	refuse := func(a Action, kind error, words string) {
		t.Helper()
		if _, err := s.Act(t.Context(), a); !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
			t.Errorf("%+v: got %v, want %v with %q", a, err, kind, words)
		}
	}
	refuse(Action{Do: "enter"}, room.ErrConflict, "locked")
	refuse(Action{Do: "place", Slot: "A1"}, room.ErrConflict, "nobody is in the room")
	refuse(Action{Do: "leave"}, room.ErrConflict, "nobody is in the room")
	refuse(Action{Do: "prop"}, room.ErrConflict, "closed")
	refuse(Action{Do: "dance"}, room.ErrInvalid, "not an action")
	refuse(Action{Do: "lamp"}, room.ErrInvalid, "level")
	refuse(Action{Do: "light", Slot: "A1", State: "purple"}, room.ErrInvalid, "off, here, suggest, warn")
	refuse(Action{Do: "light", Slot: "Z9", State: "warn"}, room.ErrNotFound, "Z9")
	refuse(Action{Do: "camera", Camera: "cam9", State: "off"}, room.ErrNotFound, "cam9")
	refuse(Action{Do: "camera", Camera: "cam1", State: "blue"}, room.ErrInvalid, "blue")
	refuse(Action{Do: "card"}, room.ErrInvalid, "nothing to read")
	do(t, s, Action{Do: "enter", Force: true})
	refuse(Action{Do: "place", Slot: "Z9"}, room.ErrNotFound, "Z9")
	refuse(Action{Do: "place", Slot: "A1", Size: "XL"}, room.ErrInvalid, "does not fit")
	refuse(Action{Do: "place", Slot: "A1", Size: "huge"}, room.ErrInvalid, "huge")
	refuse(Action{Do: "take", Slot: "A1"}, room.ErrConflict, "no parcel")
	refuse(Action{Do: "take", Parcel: "nix"}, room.ErrNotFound, "nix")
	refuse(Action{Do: "take"}, room.ErrInvalid, "slot or parcel")
	do(t, s, Action{Do: "place", Slot: "a1 ", Size: "l"})
	for range 3 {
		if _, err := s.Act(t.Context(), Action{Do: "place", Slot: "A1", Size: "L"}); err != nil {
			break
		}
	}
	refuse(Action{Do: "place", Slot: "A1", Size: "L"}, room.ErrConflict, "full")
	do(t, s, Action{Do: "take", Slot: "A1"})
	refuse(Action{Do: "take", Slot: "A1"}, room.ErrConflict, "in hand")
	if r := do(t, s, Action{Do: "leave"}); r.Parcel == "" {
		t.Error("who left with a parcel in hand left without")
	}
}

func TestTailgatersSlipInWhileTheDoorIsOpen(t *testing.T) {
	cfg := small()
	cfg.Blind = true
	s := start(t, cfg)
	if err := s.door.unlock(room.Grant{Fence: 1, Expires: time.Now().Add(room.GrantTTL)}); err != nil {
		t.Fatal(err)
	}
	do(t, s, Action{Do: "enter", Person: "ann"})
	do(t, s, Action{Do: "prop"})
	do(t, s, Action{Do: "enter", Person: "bob"})
	if st := s.State(); len(st.People) != 2 || !st.Door.Propped || st.Door.State != "open" {
		t.Errorf("got %+v, %+v", st.People, st.Door)
	}
	do(t, s, Action{Do: "release"})
	do(t, s, Action{Do: "leave", Person: "ann"})
	if st := s.State(); len(st.People) != 1 || st.People[0].ID != "bob" {
		t.Errorf("after ann left: %+v", st.People)
	}
}

func TestASilentContactSaysNothing(t *testing.T) {
	cfg := small()
	cfg.Blind = true
	s := start(t, cfg)
	do(t, s, Action{Do: "contact", State: "silent"})
	do(t, s, Action{Do: "enter", Force: true})
	do(t, s, Action{Do: "leave"})
	if len(s.door.log) != 0 {
		t.Errorf("the contact said %+v", s.door.log)
	}
	do(t, s, Action{Do: "contact", State: "ok"})
	if n := len(s.door.log); n == 0 || s.door.log[n-1].Kind != room.DoorClosed && s.door.log[n-1].Kind != room.DoorOpened {
		t.Errorf("repaired, it said %+v", s.door.log)
	}
}

func TestThePageOfAFreshRoomHasEmptyLists(t *testing.T) {
	s, err := New(small())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s.State())
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{`"voice":[]`, `"history":[]`, `"people":[]`} {
		if !bytes.Contains(b, []byte(list)) {
			t.Errorf("no %s in %s", list, b)
		}
	}
}

func TestThePageAndItsPictures(t *testing.T) {
	s := start(t, small())
	get := func(path string) (*http.Response, []byte) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, b
	}
	for _, path := range []string{"/", "/page.js", "/page.css", "/icon.svg", "/healthz", "/metrics", "/slots/cam2"} {
		if resp, b := get(path); resp.StatusCode != http.StatusOK || len(b) == 0 {
			t.Errorf("%s: %s, %d bytes", path, resp.Status, len(b))
		}
	}
	resp, b := get("/camera/cam1")
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("picture: %s: %v", resp.Status, err)
	}
	if img.Bounds().Dx() != 160 {
		t.Errorf("the picture is %v", img.Bounds())
	}
	if resp, _ := get("/camera/cam9"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown camera: %s", resp.Status)
	}
	var st State
	if _, b = get("/state"); json.Unmarshal(b, &st) != nil || len(st.Slots) < 18 || st.Cameras["cam2"] != CameraOn {
		t.Errorf("state: %s", b)
	}
}

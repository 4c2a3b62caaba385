package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/packroom/packroom/room"
)

// RenderConfig says how a day becomes footage.
type RenderConfig struct {
	Config
	Out     string        // folder for NAME.camN.mp4, .slots.json and .truth.json
	Name    string        // empty = day
	Longest time.Duration // pauses are cut to this; 0 = 15 s
	CalmFPS int           // pictures a second while nobody is there and no lamp is switched; 0 = FPS
}

// Footage is one camera's rendered day.
type Footage struct {
	Camera, Video, Slots, Truth string
	Events                      int
	Length                      time.Duration
	Skipped                     []string
}

// truthFile is the form of the project's benchmark clips: times are the
// video's, boxes its pixels.
type truthFile struct {
	Clip     string       `json:"clip"`
	FPS      int          `json:"fps"`
	Width    int          `json:"width"`
	Height   int          `json:"height"`
	Length   float64      `json:"duration_s"`
	Events   []truthEvent `json:"events"`
	Nudges   []struct{}   `json:"nudges"`
	NoChange []struct{}   `json:"no_net_change"`
	Ignore   []room.Rect  `json:"ignore_regions"` // slots that another camera watches
	Initial  []struct{}   `json:"initial_packages"`
}

type truthEvent struct {
	Type      room.ChangeKind `json:"type"`
	T         float64         `json:"t_s"`
	Clear     float64         `json:"clear_t_s"`
	Parcel    string          `json:"package_id"`
	Size      Size            `json:"package_kind"`
	Slot      string          `json:"shelf_id"`
	BBox      room.Rect       `json:"bbox_px"`
	Full      room.Rect       `json:"bbox_px_full"`
	Hidden    float64         `json:"occluded_fraction"` // by the room and other parcels
	Visible   bool            `json:"visible"`           // not hidden by more than 85 %
	Person    string          `json:"by_person"`
	FromBBox  *room.Rect      `json:"from_bbox,omitempty"`
	FromSlot  string          `json:"from_shelf_id,omitempty"`
	FromT     float64         `json:"t_from_s,omitempty"`
	waiting   bool            // for people to step out of the view
	seenAgain int
}

// Render plays a day and films it, as fast as this machine can.
func Render(ctx context.Context, cfg RenderConfig, d Day) ([]Footage, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Out, 0o755); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	cfg.Config = cfg.withDefaults()
	if cfg.Name == "" {
		cfg.Name = "day"
	}
	if cfg.Longest == 0 {
		cfg.Longest = 15 * time.Second
	}
	w, _ := newVirtual(cfg.Config, time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC))
	w.layout.bake()
	var shots []*shoot
	for i := range cfg.Cameras {
		s, err := newShoot(ctx, cfg, w, i)
		if err != nil {
			return nil, err
		}
		defer s.discard()
		shots = append(shots, s)
	}
	p := newPlayer(w, d, cfg.Longest)
	var failed error
	p.run(time.Second/time.Duration(cfg.FPS), func() bool {
		m := w.moment()
		for _, s := range shots {
			if failed = s.frame(m); failed != nil {
				return false
			}
		}
		failed = ctx.Err()
		return failed == nil
	})
	if failed != nil {
		return nil, fmt.Errorf("render: %w", failed)
	}
	var out []Footage
	for _, s := range shots {
		f, err := s.finish()
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", s.name, err)
		}
		f.Skipped = p.skipped
		out = append(out, f)
	}
	return out, nil
}

// shoot films one camera to a file.
type shoot struct {
	cfg    RenderConfig
	w      *World
	index  int
	name   string
	cam    *camera
	cmd    *exec.Cmd
	enc    *encoder
	timer  *timer
	begun  bool
	began  float64 // the world's time at the first picture
	calm   int     // pictures that were left out since the last one
	stir   float64 // the world's time when something moved last
	n      int
	known  int // of the world's history
	events []truthEvent
	boxes  map[string]box // by parcel, where it lay last
}

func newShoot(ctx context.Context, cfg RenderConfig, w *World, i int) (*shoot, error) {
	s := &shoot{cfg: cfg, w: w, index: i, name: cfg.Name + "." + cameraName(i), cam: newCamera(newScene(w.layout, i), cfg.Seed+uint64(i)), boxes: map[string]box{}}
	n := strconv.Itoa
	s.cmd = exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostats",
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", n(cfg.Width)+"x"+n(cfg.Height), "-r", n(cfg.FPS), "-i", "pipe:0",
		"-an", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", n(cfg.Bitrate), "-maxrate", n(cfg.Bitrate*3/2), "-bufsize", n(cfg.Bitrate*2),
		"-g", n(cfg.FPS), "-bf", "0", "-threads", "2", "-color_range", "tv", "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m",
		"-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1")
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.timer, err = startTimer(ctx, out, s.path(".mp4")); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the video encoder (ffmpeg): %w", err)
	}
	s.enc = &encoder{cmd: s.cmd, in: in}
	return s, nil
}

func (s *shoot) path(end string) string { return filepath.Join(s.cfg.Out, s.name+end) }

// discard ends the encoder of a shoot that was given up.
func (s *shoot) discard() { s.enc.stop(); _ = s.timer.stop() } // nobody wants it any more

func (s *shoot) frame(m *moment) error {
	if !s.begun {
		s.begun, s.began, s.stir = true, m.t, m.t
	}
	if !s.worth(m) {
		return nil
	}
	pic := s.cam.render(m)
	s.timer.at(time.Duration((m.t - s.began) * float64(time.Second)))
	if err := s.enc.write(pic); err != nil {
		return fmt.Errorf("encode %s: %w", s.name, err)
	}
	s.note(m)
	s.n++
	return nil
}

// stirred is for how long, in seconds, after something moved each picture is filmed.
const stirred = 3

// worth lets the camera's exposure follow, and reports whether a moment is to be
// filmed: each while somebody is there or the light changes, some of the others.
func (s *shoot) worth(m *moment) bool {
	gain := s.cam.gain
	s.cam.follow(m.lamp, 1/float64(s.cfg.FPS))
	if len(m.people) > 0 || math.Abs(s.cam.gain-gain) > 0.005*gain {
		s.stir = m.t
	}
	s.calm++
	if s.cfg.CalmFPS > 0 && m.t-s.stir > stirred && s.calm*s.cfg.CalmFPS < s.cfg.FPS {
		return false
	}
	s.calm = 0
	return true
}

// note takes the truth of new happenings and looks whether people still hide
// the old ones.
func (s *shoot) note(m *moment) {
	for _, r := range m.parcels {
		s.boxes[r.parcel.ID] = r.box
	}
	s.w.mu.Lock()
	fresh := slices.Clone(s.w.history[s.known:])
	s.known = len(s.w.history)
	s.w.mu.Unlock()
	now, offset := m.t-s.began, -s.began // the world's first frame is the video's
	for _, h := range fresh {
		if h.Camera != cameraName(s.index) {
			continue
		}
		e := truthEvent{Type: h.Kind, T: round2(h.T + offset), Clear: round2(h.Clear + offset), Parcel: h.Parcel, Size: h.Size, Slot: h.Slot,
			BBox: h.BBox, Full: h.BBox, Visible: true, Person: h.Person, FromBBox: h.FromBBox, FromSlot: h.FromSlot, waiting: true}
		if h.Kind == room.ChangeMoved {
			e.FromT = round2(h.FromT + offset)
		}
		if h.Kind != room.ChangeRemoved {
			b := s.boxes[h.Parcel]
			e.BBox, e.Hidden = s.cam.seen(&b)
			e.Visible = e.Hidden <= 0.85
		}
		s.events = append(s.events, e)
	}
	for i := range s.events {
		e := &s.events[i]
		if !e.waiting {
			continue
		}
		if s.cam.hiddenByPeople(e.BBox, len(m.people) > 0) > 0.15 {
			e.seenAgain = 0
			continue
		}
		if e.seenAgain++; e.seenAgain == 1 {
			e.Clear = max(e.Clear, round2(now))
		}
		e.waiting = e.seenAgain < 3
	}
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }

func (s *shoot) finish() (Footage, error) {
	f := Footage{Camera: cameraName(s.index), Video: s.path(".mp4"), Slots: s.path(".slots.json"), Truth: s.path(".truth.json"),
		Events: len(s.events), Length: s.timer.last + time.Second/time.Duration(s.cfg.FPS)}
	if err := s.enc.in.Close(); err != nil {
		return f, fmt.Errorf("encode: %w", err)
	}
	if err := s.timer.stop(); err != nil {
		return f, err
	}
	s.enc.stop()
	if s.enc.err != nil {
		return f, fmt.Errorf("encode: %w", s.enc.err)
	}
	t := truthFile{Clip: s.name, FPS: s.cfg.FPS, Width: s.cfg.Width, Height: s.cfg.Height, Length: f.Length.Seconds(), Events: s.events,
		Nudges: []struct{}{}, NoChange: []struct{}{}, Initial: []struct{}{}, Ignore: []room.Rect{}}
	for _, p := range s.w.layout.places {
		if p.camera == s.index {
			continue
		}
		b := s.cam.scene.cam.visible(Vec{p.x0, p.y0, p.z}, Vec{p.x1, p.y0, p.z}, Vec{p.x0, p.y1, p.z}, Vec{p.x1, p.y0, p.top}, Vec{p.x0, p.y0, p.top})
		if b[2] > 4 && b[3] > 4 {
			t.Ignore = append(t.Ignore, b)
		}
	}
	if t.Events == nil {
		t.Events = []truthEvent{}
	}
	slices.SortStableFunc(t.Events, func(a, b truthEvent) int { return int((a.T - b.T) * 100) })
	if err := writeJSON(f.Truth, t); err != nil {
		return f, err
	}
	return f, writeJSON(f.Slots, s.w.layout.slotsFile(s.index))
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// seen is the part of a parcel at rest that the camera sees, people taken away,
// and the fraction that the room and other parcels hide.
func (c *camera) seen(b *box) (room.Rect, float64) {
	cam := &c.scene.cam
	cs := b.corners()
	r, ok := cam.bounds(cs[:]...)
	if !ok {
		return room.Rect{}, 1
	}
	r = r.clip(cam.w, cam.h)
	all, shown := 0, 0
	x0, y0, x1, y1 := cam.w, cam.h, 0, 0
	for y := r.y0; y < r.y1; y++ {
		for x := r.x0; x < r.x1; x++ {
			t, _, ok := b.hit(cam.pos, cam.ray(float64(x)+0.5, float64(y)+0.5), nearPlane, noDepth)
			if !ok {
				continue
			}
			all++
			if float64(c.scene.depth[y*cam.w+x]) < t-0.02 {
				continue
			}
			shown++
			x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
		}
	}
	if shown == 0 {
		return room.Rect{}, 1
	}
	return room.Rect{float64(x0), float64(y0), float64(x1 - x0), float64(y1 - y0)}, round2(1 - float64(shown)/float64(all))
}

// hiddenByPeople is how much of a part of the last frame people cover.
func (c *camera) hiddenByPeople(r room.Rect, people bool) float64 {
	if !people || len(c.shadow.depth) == 0 {
		return 0
	}
	w := c.scene.cam.w
	covered, all := 0, 0
	for y := int(r[1]); y < int(r[1]+r[3]); y++ {
		for x := int(r[0]); x < int(r[0]+r[2]); x++ {
			all++
			if c.shadow.depth[y*w+x] != 0 {
				covered++
			}
		}
	}
	return float64(covered) / float64(max(all, 1))
}

package vision

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/packroom/packroom/room/porttest"
)

// testFPS is the rate of the test clip; testGOP its keyframe interval.
const (
	testFPS    = 10
	testGOP    = 10
	testWidth  = 320
	testHeight = 180
)

var (
	clipOnce  sync.Once
	clipUnits [][][]byte
	clipErr   error
)

// testClip is 5 s of a moving test picture as access units, made by ffmpeg.
func testClip(t testing.TB) [][][]byte {
	t.Helper()
	clipOnce.Do(func() { clipUnits, clipErr = makeClip("testsrc2=s=320x180:r=10:d=5", "-bf", "0", "-g", "10") })
	if clipErr != nil {
		t.Fatalf("make the test clip: %v", clipErr)
	}
	return clipUnits
}

func makeClip(picture string, more ...string) ([][][]byte, error) {
	args := []string{"-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", picture,
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
		"-x264-params", "aud=1:scenecut=0:sliced-threads=0:repeat-headers=1"}
	b, err := exec.Command("ffmpeg", append(append(args, more...), "-f", "h264", "pipe:1")...).Output()
	if err != nil {
		return nil, err
	}
	return splitUnits(b), nil
}

// splitUnits cuts an Annex B stream at its delimiters.
func splitUnits(b []byte) (units [][][]byte) {
	for _, n := range bytes.Split(b, []byte{0, 0, 1}) {
		n = bytes.TrimRight(n, "\x00")
		if len(n) == 0 {
			continue
		}
		if n[0]&0x1f == byte(h264.NALUTypeAccessUnitDelimiter) {
			units = append(units, nil)
			continue
		}
		if len(units) > 0 {
			units[len(units)-1] = append(units[len(units)-1], n)
		}
	}
	return units
}

// rtspCamera is a real RTSP server that plays a clip in a loop.
type rtspCamera struct {
	t              testing.TB
	address        string
	user, password string
	units          [][][]byte
	fps            int
	order          func(k int) uint32                  // RTP time in frames, for B-frames; nil = k
	format         format.Format                       // nil = H264
	spoil          func(k int, nals [][]byte) [][]byte // what a bad camera makes of picture k; nil = nothing
	tls            *tls.Config                         // nil = plain RTSP

	mu     sync.Mutex
	server *gortsplib.Server
	stream *gortsplib.ServerStream
	media  *description.Media
	stop   context.CancelFunc
	done   chan struct{}
	frozen bool // sends nothing
}

func startCamera(t testing.TB) *rtspCamera {
	t.Helper()
	c := &rtspCamera{t: t, address: porttest.Addr(t), units: testClip(t), fps: testFPS}
	c.begin()
	t.Cleanup(c.end)
	return c
}

func (c *rtspCamera) url() string {
	if c.user != "" {
		return c.scheme() + c.user + ":" + c.password + "@" + c.address + "/cam"
	}
	return c.scheme() + c.address + "/cam"
}

func (c *rtspCamera) scheme() string {
	if c.tls != nil {
		return "rtsps://"
	}
	return "rtsp://"
}

// begin serves; end does no longer.
func (c *rtspCamera) begin() {
	c.t.Helper()
	f := c.format
	if f == nil {
		f = &format.H264{PayloadTyp: 96, PacketizationMode: 1}
	}
	c.media = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f}}
	server := &gortsplib.Server{Handler: c, RTSPAddress: c.address, WriteQueueSize: 1024, TLSConfig: c.tls}
	if err := server.Start(); err != nil {
		c.t.Fatal(err)
	}
	stream := &gortsplib.ServerStream{Server: server, Desc: &description.Session{Medias: []*description.Media{c.media}}}
	if err := stream.Initialize(); err != nil {
		c.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c.mu.Lock()
	c.server, c.stream, c.stop, c.done = server, stream, stop, make(chan struct{})
	c.mu.Unlock()
	go c.play(ctx, c.done)
}

func (c *rtspCamera) end() {
	c.mu.Lock()
	server, stream, stop, done := c.server, c.stream, c.stop, c.done
	c.server = nil
	c.mu.Unlock()
	if server == nil {
		return
	}
	stop()
	<-done
	stream.Close()
	server.Close()
}

func (c *rtspCamera) freeze(on bool) {
	c.mu.Lock()
	c.frozen = on
	c.mu.Unlock()
}

func (c *rtspCamera) play(ctx context.Context, done chan struct{}) {
	defer close(done)
	h, ok := c.media.Formats[0].(*format.H264)
	if !ok {
		return
	}
	encoder, err := h.CreateEncoder()
	if err != nil {
		c.t.Error(err)
		return
	}
	tick := time.NewTicker(time.Second / time.Duration(c.fps))
	defer tick.Stop()
	for k := 0; ; k++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		frozen := c.frozen
		c.mu.Unlock()
		if frozen {
			continue
		}
		nals := c.units[k%len(c.units)]
		if c.spoil != nil {
			nals = c.spoil(k, nals)
		}
		packets, err := encoder.Encode(nals)
		if err != nil {
			c.t.Error(err)
			return
		}
		n := uint32(k)
		if c.order != nil {
			n = c.order(k)
		}
		for _, p := range packets {
			p.Timestamp = n * uint32(90000/c.fps)
			if c.stream.WritePacketRTP(c.media, p) != nil {
				return
			}
		}
	}
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (c *rtspCamera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if ctx.Path != "/cam" {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user != "" && !ctx.Conn.VerifyCredentials(ctx.Request, c.user, c.password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, errWrongPassword
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (c *rtspCamera) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (c *rtspCamera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// runCamera runs a supervisor until the test ends.
func runCamera(t testing.TB, url string) *Camera {
	t.Helper()
	c, err := NewCamera(CameraSource{ID: "cam1", URL: url}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	background(t, c.Run)
	return c
}

// background runs f until the test ends, and waits for it.
func background(t testing.TB, f func(context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

// until waits for a condition that other goroutines bring about.
func until(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %s: %s", limit, what)
		case <-tick.C:
		}
	}
}

// writeFile puts a file into the test's own directory.
func writeFile(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

package sim

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
)

// rtspServer serves the films as network cameras do, over TCP.
type rtspServer struct {
	server *gortsplib.Server
	ln     net.Listener
	films  map[string]*film
	began  time.Time

	mu      sync.Mutex
	streams map[string]*stream
	playing map[*gortsplib.ServerSession]*film
}

// stream is a camera on the network.
type stream struct {
	out   *gortsplib.ServerStream
	media *description.Media
	enc   *rtph264.Encoder
}

func newRTSPServer(addr string, films []*film) (*rtspServer, error) {
	r := &rtspServer{began: time.Now(), films: map[string]*film{}, streams: map[string]*stream{}, playing: map[*gortsplib.ServerSession]*film{}}
	for _, f := range films {
		r.films[f.name] = f
		f.send = func(au [][]byte, at time.Time) { r.send(f, au, at) }
	}
	r.server = &gortsplib.Server{
		Handler: r, RTSPAddress: addr, WriteQueueSize: 512, ReadTimeout: 20 * time.Second, WriteTimeout: 5 * time.Second,
		Listen: func(network, address string) (net.Listener, error) {
			ln, err := net.Listen(network, address)
			r.ln = ln
			return ln, err
		},
	}
	if err := r.server.Start(); err != nil {
		return nil, fmt.Errorf("serve RTSP: %w", err)
	}
	return r, nil
}

func (r *rtspServer) addr() string { return r.ln.Addr().String() }

func (r *rtspServer) close() {
	r.mu.Lock()
	for name, s := range r.streams {
		s.out.Close()
		delete(r.streams, name)
	}
	r.mu.Unlock()
	r.server.Close()
}

// errCut is why a camera that is off does not answer.
var errCut = errors.New("camera is off")

// stream is a camera's stream, made when its parameters are known.
func (r *rtspServer) stream(f *film) (*stream, error) {
	if f.sim.cameraState(f.name) == CameraOff {
		return nil, errCut
	}
	select {
	case <-f.params:
	case <-time.After(5 * time.Second):
		return nil, errors.New("the encoder gave no parameters yet")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.streams[f.name]; s != nil {
		return s, nil
	}
	h264 := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: f.sps, PPS: f.pps}
	m := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{h264}}
	s := &stream{media: m, out: &gortsplib.ServerStream{Server: r.server, Desc: &description.Session{Title: f.name, Medias: []*description.Media{m}}}}
	if err := s.out.Initialize(); err != nil {
		return nil, err
	}
	enc, err := h264.CreateEncoder()
	if err != nil {
		return nil, err
	}
	s.enc = enc
	r.streams[f.name] = s
	return s, nil
}

// cut drops everybody who looks at a camera.
func (r *rtspServer) cut(f *film) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.streams[f.name]; s != nil {
		s.out.Close()
		delete(r.streams, f.name)
	}
}

func (r *rtspServer) send(f *film, au [][]byte, at time.Time) {
	if f.sim.cameraState(f.name) == CameraOff {
		r.cut(f)
		return
	}
	r.mu.Lock()
	s := r.streams[f.name]
	r.mu.Unlock()
	if s == nil {
		return
	}
	for _, n := range au {
		if n[0]&31 == 5 { // a key frame carries its parameters, so that anyone can begin there
			au = append([][]byte{f.sps, f.pps}, au...)
			break
		}
	}
	packets, err := s.enc.Encode(au)
	if err != nil {
		f.sim.cfg.Log.Error("packetize video", "camera", f.name, "error", err)
		return
	}
	for _, p := range packets {
		p.Timestamp = uint32(at.Sub(r.began).Microseconds() * 9 / 100) // a 90 kHz clock
		if err := s.out.WritePacketRTPWithNTP(s.media, p, at); err != nil {
			return // closed meanwhile
		}
	}
}

func (r *rtspServer) film(path string) *film { return r.films[strings.Trim(path, "/")] }

func (r *rtspServer) open(path string) (*base.Response, *gortsplib.ServerStream, error) {
	f := r.film(path)
	if f == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	s, err := r.stream(f)
	if err != nil {
		return &base.Response{StatusCode: base.StatusServiceUnavailable}, nil, err
	}
	return &base.Response{StatusCode: base.StatusOK}, s.out, nil
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (r *rtspServer) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return r.open(c.Path)
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (r *rtspServer) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return r.open(c.Path)
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (r *rtspServer) OnPlay(c *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	f := r.film(c.Path)
	if f == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil
	}
	r.mu.Lock()
	if r.playing[c.Session] == nil {
		r.playing[c.Session] = f
		f.viewers.Add(1)
	}
	r.mu.Unlock()
	f.nudge()
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (r *rtspServer) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.playing[c.Session]; f != nil {
		f.viewers.Add(-1)
		delete(r.playing, c.Session)
	}
}

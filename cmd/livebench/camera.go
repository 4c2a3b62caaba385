package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
)

// camera is a child process that plays a clip over RTSP, so that viewers' work
// does not hold its pictures up.
type camera struct {
	url  string
	stop func() error
}

func startCamera(ctx context.Context, c *clip) (*camera, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, "", self, "camera", address, c.path)
	if err != nil {
		return nil, err
	}
	if err := answers(ctx, address); err != nil {
		return nil, err
	}
	return &camera{url: "rtsp://" + address + "/cam", stop: p.stop}, nil
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// serveCamera is the child.
func serveCamera(ctx context.Context, address, path string) error {
	c, err := readClip(path)
	if err != nil {
		return err
	}
	f := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: c.units[0][0], PPS: c.units[0][1]}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f}}
	h := &cameraHandler{}
	server := &gortsplib.Server{Handler: h, RTSPAddress: address, WriteQueueSize: 1024}
	h.stream = &gortsplib.ServerStream{Server: server, Desc: &description.Session{Medias: []*description.Media{media}}}
	encoder, err := f.CreateEncoder()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("camera: %w", err)
	}
	defer server.Close()
	if err := h.stream.Initialize(); err != nil {
		return fmt.Errorf("camera: %w", err)
	}
	defer h.stream.Close()
	for k := time.Now().UnixNano()/int64(period) + 1; ; k++ {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(time.Unix(0, k*int64(period)))):
		}
		packets, err := encoder.Encode(c.units[k%clipLength])
		if err != nil {
			return err
		}
		for _, p := range packets {
			p.Timestamp = uint32(k * 90000 / int64(time.Second/period))
			if err := h.stream.WritePacketRTP(media, p); err != nil {
				return err
			}
		}
	}
}

type cameraHandler struct{ stream *gortsplib.ServerStream }

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (h *cameraHandler) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, h.stream, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (h *cameraHandler) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, h.stream, nil
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (h *cameraHandler) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

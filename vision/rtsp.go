package vision

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"
)

// rtspSource pulls H264 over RTSP, interleaved in one TCP connection. Cameras'
// certificates are their makers' or their own, so rtsps encrypts and does not
// prove who answers.
func rtspSource(address string) (source, error) {
	u, err := base.ParseURL(address)
	if err != nil {
		return nil, errors.New("its address is not an RTSP URL")
	}
	return func(ctx context.Context, out func([][]byte, time.Duration)) error {
		tcp := gortsplib.ProtocolTCP
		dialer := &net.Dialer{Timeout: pictureTimeout}
		client := &gortsplib.Client{
			Scheme: u.Scheme, Host: u.Host, Protocol: &tcp, UserAgent: "packroom",
			ReadTimeout: 2 * pictureTimeout, WriteTimeout: pictureTimeout, // reading: our watchdog is quicker and says more
			TLSConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
			DialContext: dialer.DialContext,
			// Lost packets and undecodable ones show as missing pictures.
			OnPacketsLost: func(uint64) {},
			OnDecodeError: func(error) {},
		}
		if err := client.Start(); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer context.AfterFunc(ctx, client.Close)()
		defer client.Close()
		if err := play(client, u, out); err != nil {
			return err
		}
		return client.Wait()
	}, nil
}

func play(client *gortsplib.Client, u *base.URL, out func([][]byte, time.Duration)) error {
	session, _, err := client.Describe(u)
	if err != nil {
		return fmt.Errorf("ask for the stream: %w", err)
	}
	var h *format.H264
	media := session.FindFormat(&h)
	if media == nil {
		return formatError{found: videoFormats(session)}
	}
	decoder, err := h.CreateDecoder()
	if err != nil {
		return fmt.Errorf("read the stream: %w", err)
	}
	if sps, pps := h.SafeParams(); sps != nil && pps != nil {
		out([][]byte{sps, pps}, 0) // for streams that don't repeat them
	}
	if _, err := client.Setup(session.BaseURL, media, 0, 0); err != nil {
		return fmt.Errorf("set the stream up: %w", err)
	}
	client.OnPacketRTP(media, h, unitsOf(decoder, out))
	if _, err := client.Play(nil); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	return nil
}

// unitsOf joins RTP packets to access units. RTP times are 90 kHz in 32 bits
// and wrap after 13 hours.
func unitsOf(decoder *rtph264.Decoder, out func([][]byte, time.Duration)) func(*rtp.Packet) {
	var ticks int64
	var last uint32
	began := false
	return func(p *rtp.Packet) {
		nals, err := decoder.Decode(p)
		if err != nil {
			return // more packets needed, or a damaged one: the next keyframe mends it
		}
		if !began {
			began, last = true, p.Timestamp
		}
		ticks += int64(int32(p.Timestamp - last))
		last = p.Timestamp
		out(nals, time.Duration(ticks)*time.Second/90000)
	}
}

func videoFormats(s *description.Session) (names []string) {
	for _, m := range s.Medias {
		if m.Type != description.MediaTypeVideo {
			continue
		}
		for _, f := range m.Formats {
			names = append(names, f.Codec())
		}
	}
	return names
}

package webrtc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	pion "github.com/pion/webrtc/v3"
)

// Picture is one coded picture as a Player got it.
type Picture struct {
	Ticks uint32        // 90 kHz
	NALs  [][]byte      // in order
	Key   bool          // it has parameter sets: decodable without anything before it
	Whole bool          // no packet is missing
	At    time.Time     // arrival of the packet that made it whole
	Since time.Duration // from the offer to At
}

// PlayConfig says what a Player asks for, and over what kind of network.
type PlayConfig struct {
	URL    string      // of the WHEP endpoint
	Header http.Header // of every request: who asks
	// Drop loses a datagram of media that has arrived, where it says so; nil = none.
	Drop func() bool
	// Patience is how long a missing packet is waited for; 0 = 250 ms, about what
	// browsers do.
	Patience time.Duration
	// TCP keeps UDP closed, as some networks do.
	TCP bool
	// Servers are STUN and TURN servers; with Relay nothing else is tried.
	Servers []ICEServer
	Relay   bool
	// On gets every picture, in order.
	On func(Picture)
}

// Player is a viewer of a WHEP endpoint. Safe for concurrent use.
type Player struct {
	cfg      PlayConfig
	pc       *pion.PeerConnection
	conn     *net.UDPConn
	began    time.Time
	location *url.URL
	ssrc     atomic.Uint32
	ended    sync.WaitGroup

	// Packets have arrived; Lost ones were waited for in vain.
	Packets, Lost atomic.Uint64
}

// Play opens a session as the WHEP draft says (draft-ietf-wish-whep). Pictures
// come until Close.
func Play(ctx context.Context, cfg PlayConfig) (*Player, error) {
	if cfg.Patience == 0 {
		cfg.Patience = 250 * time.Millisecond
	}
	p := &Player{cfg: cfg}
	if err := p.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("play: %w", err), p.Vanish())
	}
	return p, nil
}

func (p *Player) open(ctx context.Context) error {
	api, err := p.newAPI()
	if err != nil {
		return err
	}
	config := configuration(p.cfg.Servers)
	if p.cfg.Relay {
		config.ICETransportPolicy = pion.ICETransportPolicyRelay
	}
	if p.pc, err = api.NewPeerConnection(config); err != nil {
		return err
	}
	if _, err := p.pc.AddTransceiverFromKind(pion.RTPCodecTypeVideo, pion.RTPTransceiverInit{Direction: pion.RTPTransceiverDirectionRecvonly}); err != nil {
		return err
	}
	p.pc.OnTrack(func(t *pion.TrackRemote, _ *pion.RTPReceiver) {
		p.ssrc.Store(uint32(t.SSRC()))
		p.ended.Go(func() { p.read(t) })
	})
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := pion.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.began = time.Now()
	answer, err := p.offer(ctx, p.pc.LocalDescription().SDP)
	if err != nil {
		return err
	}
	return p.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer})
}

// newAPI sets the library up as a browser is: it asks for lost packets again.
func (p *Player) newAPI() (*pion.API, error) {
	media := &pion.MediaEngine{}
	registry := &interceptor.Registry{}
	if err := errors.Join(media.RegisterDefaultCodecs(), pion.RegisterDefaultInterceptors(media, registry)); err != nil {
		return nil, err
	}
	quiet := pionLogs{slog.New(slog.DiscardHandler)}
	set := pion.SettingEngine{LoggerFactory: quiet}
	set.SetIncludeLoopbackCandidate(true)
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetSRTPReplayProtectionWindow(1024) // as in libwebrtc; an older packet is not taken, also if asked for
	if p.cfg.TCP {
		set.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeTCP4})
	} else {
		set.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4})
	}
	if !p.cfg.TCP && len(p.cfg.Servers) == 0 {
		var err error
		if p.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			return nil, err
		}
		_ = p.conn.SetReadBuffer(2 << 20) // a keyframe comes at once; the kernel may grant less
		set.SetICEUDPMux(pion.NewICEUDPMux(quiet.NewLogger("ice"), lossy{p.conn, p.cfg.Drop}))
	}
	return pion.NewAPI(pion.WithMediaEngine(media), pion.WithInterceptorRegistry(registry), pion.WithSettingEngine(set)), nil
}

// offer posts the offer and gives the answer.
func (p *Player) offer(ctx context.Context, sdp string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.cfg.URL, strings.NewReader(sdp))
	if err != nil {
		return "", err
	}
	if p.cfg.Header != nil {
		req.Header = p.cfg.Header.Clone()
	}
	req.Header.Set("Content-Type", "application/sdp")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the offer was answered %s: %.200s", resp.Status, b)
	}
	if at := resp.Header.Get("Location"); at != "" {
		if p.location, err = req.URL.Parse(at); err != nil {
			return "", err
		}
	}
	return string(b), nil
}

// Location is the session's own address.
func (p *Player) Location() string {
	if p.location == nil {
		return ""
	}
	return p.location.String()
}

// Refresh asks for a keyframe. Nothing is asked before the first picture.
func (p *Player) Refresh() error {
	return p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: p.ssrc.Load()}})
}

// Vanish ends the player without a word, as a cable does that is pulled.
func (p *Player) Vanish() error {
	var errs []error
	if p.conn != nil {
		errs = append(errs, ignoreClosed(p.conn.Close())) // no goodbye gets out
	}
	if p.pc != nil {
		errs = append(errs, p.pc.Close())
	}
	p.ended.Wait()
	return errors.Join(errs...)
}

// Close ends the session with a DELETE, and the player.
func (p *Player) Close(ctx context.Context) error {
	var err error
	if p.location != nil {
		err = p.delete(ctx)
	}
	return errors.Join(err, p.Vanish())
}

func (p *Player) delete(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, p.Location(), nil)
	if err != nil {
		return err
	}
	if p.cfg.Header != nil {
		req.Header = p.cfg.Header.Clone()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the end was answered %s", resp.Status)
	}
	return nil
}

// lossy loses media that has arrived.
type lossy struct {
	net.PacketConn
	drop func() bool
}

// ReadFrom implements net.PacketConn.
func (l lossy) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, a, err := l.PacketConn.ReadFrom(b)
		if err != nil || l.drop == nil || n <= 100 || !isMedia(b[:n]) || !l.drop() {
			return n, a, err
		}
	}
}

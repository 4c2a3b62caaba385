package webrtc

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/pion/dtls/v2"
	"github.com/pion/ice/v2"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	pion "github.com/pion/webrtc/v3"
)

// ICEServer is a STUN or TURN server.
type ICEServer struct {
	URLs       []string // stun:host:3478, turn:host:3478?transport=udp, turns:...
	Username   string   // empty for STUN
	Credential string
}

// Config says how viewers reach a Server.
type Config struct {
	// Listen is the host and port, of UDP and of TCP.
	Listen string
	// Hosts are IP addresses or names that are offered besides the machine's own,
	// for when it is reached through port forwarding.
	Hosts []string
	// Servers are what this side uses to be reached from outside; most need none.
	Servers []ICEServer
	Log     *slog.Logger
}

const (
	silent    = 5 * time.Second        // until a viewer counts as disconnected
	gone      = 10 * time.Second       // after that, until it is given up
	keepAlive = 2 * time.Second        // between signs of life
	gathering = 500 * time.Millisecond // that an answer waits for STUN and TURN

	clockRate        = 90000
	firstPayloadType = 96
)

// Server answers viewers' offers. Safe for concurrent use.
type Server struct {
	cfg   Config
	api   *pion.API
	udp   *batcher
	mux   ice.UDPMux
	tcp   ice.TCPMux
	hosts []string
}

// Listen opens the ports.
func Listen(cfg Config) (*Server, error) {
	hosts, err := resolveHosts(cfg.Hosts)
	if err != nil {
		return nil, err
	}
	conn, listener, err := openPorts(cfg.Listen)
	if err != nil {
		return nil, err
	}
	// Room for a keyframe to every viewer at once; the kernel may grant less.
	_ = conn.SetWriteBuffer(4 << 20)
	s := &Server{cfg: cfg, hosts: hosts, udp: newBatcher(conn)}
	logs := pionLogs{cfg.Log}
	s.mux = pion.NewICEUDPMux(logs.NewLogger("ice"), s.udp)
	// No write buffer: a viewer that is slow at TCP holds up its own sender, who
	// then leaves pictures out.
	s.tcp = pion.NewICETCPMux(logs.NewLogger("ice"), listener, 32)
	if s.api, err = s.newAPI(logs); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func resolveHosts(names []string) (ips []string, err error) {
	for _, name := range names {
		a, err := net.ResolveIPAddr("ip4", name)
		if err != nil {
			return nil, fmt.Errorf("host %q: %w", name, err)
		}
		ips = append(ips, a.IP.String())
	}
	return ips, nil
}

// openPorts opens a port of UDP and the same of TCP. Where any port will do, one
// that is free for both is looked for.
func openPorts(address string) (*net.UDPConn, net.Listener, error) {
	addr, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	for try := 0; ; try++ {
		conn, err := net.ListenUDP("udp4", addr)
		if err != nil {
			return nil, nil, err
		}
		at := conn.LocalAddr().(*net.UDPAddr)
		listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: addr.IP, Port: at.Port})
		if err == nil {
			return conn, listener, nil
		}
		conn.Close()
		if addr.Port != 0 || try == 20 {
			return nil, nil, err
		}
	}
}

// newAPI sets the library up: H264 only, and retransmissions are our caller's.
func (s *Server) newAPI(logs pionLogs) (*pion.API, error) {
	media, err := h264()
	if err != nil {
		return nil, err
	}
	reports, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	interceptors := &interceptor.Registry{}
	interceptors.Add(reports)
	set := pion.SettingEngine{LoggerFactory: logs}
	set.SetICEUDPMux(s.mux)
	set.SetICETCPMux(s.tcp)
	set.DisableActiveTCP(true)
	set.SetLite(len(s.cfg.Servers) == 0)
	set.SetIncludeLoopbackCandidate(true)
	set.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4, pion.NetworkTypeTCP4})
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetICETimeouts(silent, gone, keepAlive)
	set.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	if err := set.SetAnsweringDTLSRole(pion.DTLSRoleServer); err != nil {
		return nil, err
	}
	return pion.NewAPI(pion.WithMediaEngine(media), pion.WithInterceptorRegistry(interceptors), pion.WithSettingEngine(set)), nil
}

func h264() (*pion.MediaEngine, error) {
	media := &pion.MediaEngine{}
	feedback := []pion.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	for i, profile := range []string{"42001f", "42e01f", "4d001f", "64001f"} {
		err := media.RegisterCodec(pion.RTPCodecParameters{
			RTPCodecCapability: pion.RTPCodecCapability{MimeType: pion.MimeTypeH264, ClockRate: clockRate,
				SDPFmtpLine:  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile,
				RTCPFeedback: feedback},
			PayloadType: pion.PayloadType(firstPayloadType + i)}, pion.RTPCodecTypeVideo)
		if err != nil {
			return nil, err
		}
	}
	return media, nil
}

// connection is how a viewer's connection finds its way.
func (c Config) connection() pion.Configuration { return configuration(c.Servers) }

func configuration(servers []ICEServer) (c pion.Configuration) {
	for _, s := range servers {
		i := pion.ICEServer{URLs: s.URLs}
		if s.Username != "" {
			i.Username, i.Credential, i.CredentialType = s.Username, s.Credential, pion.ICECredentialTypePassword
		}
		c.ICEServers = append(c.ICEServers, i)
	}
	return c
}

// Port is the one port.
func (s *Server) Port() int { return s.udp.LocalAddr().(*net.UDPAddr).Port }

// withHosts adds candidates for the configured hosts to an answer.
func (s *Server) withHosts(answer string) string {
	if len(s.hosts) == 0 {
		return answer
	}
	var lines strings.Builder
	for i, ip := range s.hosts {
		fmt.Fprintf(&lines, "a=candidate:host%d 1 udp %d %s %d typ host\r\n", i, 2130706431-i, ip, s.Port())
		fmt.Fprintf(&lines, "a=candidate:host%dt 1 tcp %d %s %d typ host tcptype passive\r\n", i, 1671430143-i, ip, s.Port())
	}
	at := strings.Index(answer, "a=candidate:")
	if at < 0 {
		return answer + lines.String()
	}
	return answer[:at] + lines.String() + answer[at:]
}

// Close frees the ports. Peers are to be closed before.
func (s *Server) Close() error {
	return errors.Join(ignoreClosed(s.tcp.Close()), s.mux.Close(), ignoreClosed(s.udp.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

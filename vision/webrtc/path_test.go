package webrtc

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v2"
)

// shown is a server with one viewer's worth of WHEP around it.
type shown struct {
	url   string
	peers chan *Peer
	mu    sync.Mutex
	made  []*Peer
}

// watched is a Viewer that tells when it is connected.
type watched struct {
	connected chan struct{}
	once      sync.Once
}

// Connected implements Viewer.
func (w *watched) Connected() { w.once.Do(func() { close(w.connected) }) }

// Gone implements Viewer.
func (w *watched) Gone() {}

// Lost implements Viewer.
func (w *watched) Lost([]uint16) {}

// Refresh implements Viewer.
func (w *watched) Refresh() {}

// Reported implements Viewer.
func (w *watched) Reported(float64) {}

func show(t *testing.T, servers []ICEServer) *shown {
	t.Helper()
	s, err := Listen(Config{Listen: "127.0.0.1:0", Servers: servers, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	out := &shown{peers: make(chan *Peer, 4)}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offer, _ := io.ReadAll(r.Body)
		v := &watched{connected: make(chan struct{})}
		p, answer, err := s.Answer(string(offer), "cam1", v)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out.mu.Lock()
		out.made = append(out.made, p)
		out.mu.Unlock()
		go func() { <-v.connected; out.peers <- p }()
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer)
	}))
	out.url = web.URL
	t.Cleanup(func() {
		web.Close()
		out.mu.Lock()
		defer out.mu.Unlock()
		for _, p := range out.made {
			_ = p.Close()
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return out
}

// sees plays and waits for a picture of three packets.
func (s *shown) sees(t *testing.T, cfg PlayConfig) {
	t.Helper()
	pictures := make(chan Picture, 64)
	cfg.URL, cfg.On = s.url, func(p Picture) { pictures <- p }
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	player, err := Play(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer player.Vanish()
	var peer *Peer
	select {
	case peer = <-s.peers:
	case <-ctx.Done():
		t.Fatal("no connection was made in 30 s")
	}
	for n := uint16(0); ; n += 3 { // a receiver may take its time until it listens
		for i := range uint16(3) {
			body := append([]byte{0x41, 0x9a}, fmt.Sprintf("packet %d", n+i)...)
			if err := peer.Write(n+i, uint32(n)*900, Packet{Payload: body, Marker: i == 2}); err != nil {
				t.Fatal(err)
			}
		}
		if err := peer.Flush(); err != nil {
			t.Fatal(err)
		}
		select {
		case p := <-pictures:
			if want := fmt.Sprintf("packet %d", p.Ticks/900+2); !p.Whole || len(p.NALs) != 3 || !strings.HasSuffix(string(p.NALs[2]), want) {
				t.Errorf("%d NAL units of the picture at %d came, whole: %v", len(p.NALs), p.Ticks, p.Whole)
			}
			return
		case <-ctx.Done():
			t.Fatal("no picture in 30 s")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestPicturesComeByUDP(t *testing.T) {
	t.Parallel()
	show(t, nil).sees(t, PlayConfig{})
}

func TestPicturesComeByTCPWhereUDPDoesNot(t *testing.T) {
	t.Parallel()
	show(t, nil).sees(t, PlayConfig{TCP: true})
}

func TestPicturesComeThroughATURNServer(t *testing.T) {
	t.Parallel()
	server := ICEServer{URLs: []string{"turn:" + relay(t) + "?transport=udp"}, Username: "ann", Credential: "secret"}
	for name, servers := range map[string][]ICEServer{"of the viewer's": nil, "of both": {server}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			show(t, servers).sees(t, PlayConfig{Servers: []ICEServer{server}, Relay: true})
		})
	}
}

// relay is a TURN server on loopback, whose only user is ann.
func relay(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := turn.NewServer(turn.ServerConfig{
		Realm: "packroom", LoggerFactory: pionLogs{slog.New(slog.DiscardHandler)},
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return turn.GenerateAuthKey(user, realm, "secret"), user == "ann"
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return conn.LocalAddr().String()
}

func TestOfferThatIsNoneLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s, err := Listen(Config{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, offer := range []string{"", "hello", "v=0\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"} {
		if p, _, err := s.Answer(offer, "cam1", &watched{}); err == nil {
			p.Close()
			t.Errorf("%q was answered", offer)
		}
	}
}

package vision

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/vision/webrtc"
)

const (
	iceViewerTTL = 24 * time.Hour       // of a viewer's TURN password: longer than anybody watches
	iceOwnTTL    = 365 * 24 * time.Hour // of our own
)

// ICEServers are the STUN and TURN servers that viewers get, and that this
// machine uses itself. The zero value is none.
type ICEServers struct {
	URLs []string // stun:host:3478, turn:host:3478?transport=udp, turns:host:5349
	// User and Secret sign in to TURN. Without a User, Secret is the one that the
	// TURN server shares with us, and everybody gets a password of their own that
	// ends ("use-auth-secret" in coturn; draft-uberti-behave-turn-rest).
	User, Secret string
}

// Validate reports the first thing wrong with s.
func (s ICEServers) Validate() error {
	for _, u := range s.URLs {
		scheme, rest, _ := strings.Cut(u, ":")
		switch {
		case rest == "" || scheme != "stun" && scheme != "stuns" && scheme != "turn" && scheme != "turns":
			return fmt.Errorf("%q is none of stun:HOST:PORT, turn:HOST:PORT, turns:HOST:PORT", u)
		case strings.HasPrefix(scheme, "turn") && s.Secret == "":
			return errors.New("a TURN server needs a secret")
		}
	}
	return nil
}

// For gives the servers with one party's password.
func (s ICEServers) For(who string, until time.Time) (servers []webrtc.ICEServer) {
	user, password := s.User, s.Secret
	if user == "" && s.Secret != "" {
		user = strconv.FormatInt(until.Unix(), 10) + ":" + who
		m := hmac.New(sha1.New, []byte(s.Secret)) // what TURN servers expect
		m.Write([]byte(user))
		password = base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	for _, u := range s.URLs {
		server := webrtc.ICEServer{URLs: []string{u}}
		if strings.HasPrefix(u, "turn") {
			server.Username, server.Credential = user, password
		}
		servers = append(servers, server)
	}
	return servers
}

// addLinks tells a viewer the servers as the WHEP draft says, in Link headers.
func addLinks(h http.Header, servers []webrtc.ICEServer) {
	for _, s := range servers {
		link := fmt.Sprintf(`<%s>; rel="ice-server"`, s.URLs[0])
		if s.Username != "" {
			link += fmt.Sprintf(`; username=%q; credential=%q; credential-type="password"`, s.Username, s.Credential)
		}
		h.Add("Link", link)
	}
}

// iceServerView is a server as RTCPeerConnection's configuration has it.
type iceServerView struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

func iceServerViews(servers []webrtc.ICEServer) []iceServerView {
	views := make([]iceServerView, 0, len(servers))
	for _, s := range servers {
		views = append(views, iceServerView(s))
	}
	return views
}

package vision

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/vision/webrtc"
)

// viewerGrant is what a viewer needs to watch one camera.
type viewerGrant struct {
	Token   string          `json:"token"`
	Expires time.Time       `json:"expires"`
	ICE     []iceServerView `json:"ice_servers"`
}

// newViewer gives a token for one viewer and one camera: ?viewer=.
func (s *Service) newViewer(w http.ResponseWriter, r *http.Request) {
	camera := r.PathValue("camera")
	if _, err := s.worker(camera); err != nil {
		failBy(w, err)
		return
	}
	now := time.Now().UTC()
	viewer := r.URL.Query().Get("viewer")
	answer(w, viewerGrant{Token: room.SignViewer(s.cfg.Token, viewer, camera, now.Add(room.ViewerTTL)), Expires: now.Add(room.ViewerTTL),
		ICE: iceServerViews(s.cfg.Live.ICE.For(viewer, now.Add(iceViewerTTL)))})
}

// whepOptions tells what can be offered, and the STUN and TURN servers.
func (s *Service) whepOptions(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Accept-Post", "application/sdp")
	addLinks(w.Header(), s.iceServers(r))
	w.WriteHeader(http.StatusNoContent)
}

// iceServers are those for who asks.
func (s *Service) iceServers(r *http.Request) []webrtc.ICEServer {
	viewer, err := room.CheckViewer(s.cfg.Token, r.PathValue("camera"), bearer(r), time.Now())
	if err != nil {
		viewer = "packroom" // the box itself, by its own token
	}
	return s.cfg.Live.ICE.For(viewer, time.Now().Add(iceViewerTTL))
}

// whepOffer begins a session: draft-ietf-wish-whep. ?stream=sub asks for the
// camera's small stream.
func (s *Service) whepOffer(w http.ResponseWriter, r *http.Request) {
	if ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); ct != "application/sdp" {
		fail(w, http.StatusUnsupportedMediaType, fmt.Errorf("live view: %w: the offer must be application/sdp", room.ErrInvalid))
		return
	}
	offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, offerMost))
	if err != nil {
		failBy(w, fmt.Errorf("live view: %w: %v", room.ErrInvalid, err))
		return
	}
	camera := r.PathValue("camera")
	session, sdp, err := s.live.Offer(camera, r.URL.Query().Get("stream") == "sub", string(offer))
	if err != nil {
		failBy(w, err)
		return
	}
	// Relative, so that it holds behind a proxy that serves us by another path.
	w.Header().Set("Location", camera+"/"+session)
	w.Header().Set("ETag", strconv.Quote(session))
	w.Header().Set("Accept-Patch", "application/trickle-ice-sdpfrag")
	addLinks(w.Header(), s.iceServers(r))
	w.Header().Set("Content-Type", "application/sdp")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, sdp)
}

// whepTrickle and whepEnd are open to who knows the session: 128 random bits.
func (s *Service) whepTrickle(w http.ResponseWriter, r *http.Request) {
	if ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); ct != "application/trickle-ice-sdpfrag" {
		fail(w, http.StatusUnsupportedMediaType, fmt.Errorf("live view: %w: candidates must be application/trickle-ice-sdpfrag", room.ErrInvalid))
		return
	}
	fragment, err := io.ReadAll(http.MaxBytesReader(w, r.Body, offerMost))
	if err != nil {
		failBy(w, fmt.Errorf("live view: %w: %v", room.ErrInvalid, err))
		return
	}
	if err := s.live.Trickle(r.PathValue("camera"), r.PathValue("session"), string(fragment)); err != nil {
		failBy(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Service) whepEnd(w http.ResponseWriter, r *http.Request) {
	if err := s.live.End(r.PathValue("camera"), r.PathValue("session")); err != nil {
		failBy(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

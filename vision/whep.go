package vision

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// ViewerTTL is how long a viewer's token opens a session; an open session lasts
// as long as its viewer watches.
const ViewerTTL = time.Minute

// SignViewer makes a token that lets its holder watch one camera.
func SignViewer(key, camera string, expires time.Time) string {
	until := strconv.FormatInt(expires.Unix(), 36)
	return until + "." + viewerMAC(key, camera, until)
}

// CheckViewer reports room.ErrDenied for a token that is wrong, of another
// camera or too old.
func CheckViewer(key, camera, token string, now time.Time) error {
	until, mac, _ := strings.Cut(token, ".")
	if !hmac.Equal([]byte(mac), []byte(viewerMAC(key, camera, until))) {
		return &room.Denial{Reason: "unknown"}
	}
	unix, err := strconv.ParseInt(until, 36, 64)
	if err != nil || now.Unix() >= unix {
		return &room.Denial{Reason: "expired"}
	}
	return nil
}

func viewerMAC(key, camera, until string) string {
	m := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(m, "live-viewer\n%s\n%s", camera, until)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// newViewer gives a token for one camera.
func (s *Service) newViewer(w http.ResponseWriter, r *http.Request) {
	camera := r.PathValue("camera")
	if _, err := s.worker(camera); err != nil {
		failBy(w, err)
		return
	}
	expires := time.Now().Add(ViewerTTL).UTC()
	answer(w, map[string]any{"token": SignViewer(s.cfg.Token, camera, expires), "expires": expires})
}

// whepOffer begins a session: draft-ietf-wish-whep.
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
	session, sdp, err := s.live.Offer(camera, string(offer))
	if err != nil {
		failBy(w, err)
		return
	}
	// Relative, so that it holds behind a proxy that serves us by another path.
	w.Header().Set("Location", camera+"/"+session)
	w.Header().Set("ETag", strconv.Quote(session))
	w.Header().Set("Accept-Patch", "application/trickle-ice-sdpfrag")
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

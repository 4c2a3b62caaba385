package room

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
)

// Handler answers what Client asks; token is the box's shared secret.
func (s *Service) Handler(token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
		var e Envelope
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 32<<20)).Decode(&e); err != nil {
			fail(w, http.StatusBadRequest, Failure{Kind: "invalid", Text: "the command is not JSON: " + err.Error()})
			return
		}
		reply, err := s.Do(r.Context(), e)
		if err != nil {
			if f := FailureOf(err); f.Kind == "internal" {
				s.log.Error("a command failed", "command", e.Name, "error", err)
			}
			fail(w, statusOf(err), FailureOf(err))
			return
		}
		answer(w, reply)
	})
	mux.HandleFunc("GET /kiosk/{id}", func(w http.ResponseWriter, r *http.Request) {
		v, err := s.Kiosk(r.PathValue("id"))
		answerOr(w, v, err)
	})
	mux.HandleFunc("GET /now", func(w http.ResponseWriter, _ *http.Request) {
		v, err := s.View()
		answerOr(w, v, err)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			fail(w, http.StatusUnauthorized, Failure{Kind: "denied", Text: "the box token is wrong", Reason: "token"})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Ready reports whether the room's state is at hand.
func (s *Service) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.loaded {
		return ErrUnavailable
	}
	return nil
}

func statusOf(err error) int {
	for target, status := range map[error]int{
		ErrDenied: http.StatusForbidden, ErrInvalid: http.StatusBadRequest, ErrConflict: http.StatusConflict,
		ErrNotFound: http.StatusNotFound, ErrUnavailable: http.StatusServiceUnavailable,
	} {
		if errors.Is(err, target) {
			return status
		}
	}
	return http.StatusInternalServerError
}

func fail(w http.ResponseWriter, status int, f Failure) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(f) // the caller may be gone
}

func answerOr(w http.ResponseWriter, v any, err error) {
	if err != nil {
		fail(w, statusOf(err), FailureOf(err))
		return
	}
	answer(w, v)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}

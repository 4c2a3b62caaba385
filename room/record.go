package room

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pictureTimeout bounds the taking of one picture of a decision: later it would
// show something else.
const pictureTimeout = 2 * time.Second

// decisionOf is the row of the log among events that says whether somebody may
// come in.
func decisionOf(events []Event) (Event, bool) {
	for _, e := range events {
		if e.Kind == EvAccessDenied || e.Kind == EvDoorUnlocked {
			return e, true
		}
	}
	return Event{}, false
}

// picture has a camera's picture taken of a decision. The decision's own row does
// not wait for it, nor does the door: the picture has a row that names it.
func (s *Service) picture(events []Event) {
	if e, ok := decisionOf(events); ok && s.cfg.Picture != nil {
		select {
		case s.decisions <- e:
		default: // sixteen behind: the camera does not answer
		}
	}
}

// takePictures works off the decisions.
func (s *Service) takePictures(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.decisions:
			if err := s.takePicture(ctx, e); err != nil {
				s.log.Debug("a decision has no picture", "event", e.ID, "error", err)
			}
		}
	}
}

func (s *Service) takePicture(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(ctx, pictureTimeout)
	defer cancel()
	camera, ref, err := s.cfg.Picture(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, Event{Kind: EvAccessPictured, Visit: e.Visit, Resident: e.Resident, Courier: e.Courier, Carrier: e.Carrier,
		Camera: camera, Pictures: []string{ref}, Reason: e.Reason, By: e.By}, PicturedData{Decision: e.ID, Kind: e.Kind}, Commit{})
}

// opensDoor reports whether a command may unlock.
func opensDoor(name string) bool {
	return name == StartVisit{}.Name() || name == OpenDoor{}.Name() || name == ManagerUnlock{}.Name()
}

// recordStale notes a command to open the door that was refused for being late
// or repeated.
func (s *Service) recordStale(ctx context.Context, e Envelope, err error) {
	var r *Refusal
	if !opensDoor(e.Name) || !errors.As(err, &r) || r.Code != codeLate && r.Code != codeRepeated {
		return
	}
	err = s.write(ctx, Event{Kind: EvDoorRefused, Reason: r.Code, By: person(e.By)},
		RefusedUnlockData{Detail: fmt.Sprintf("command %s %s of %s", e.Name, e.ID, e.By)}, Commit{})
	if err != nil {
		s.log.Error("a late command was refused and not recorded", "command", e.Name, "error", err)
	}
}

// Codes of the refusals that are recorded.
const (
	codeLate     = "too_late"
	codeRepeated = "done_before"
)

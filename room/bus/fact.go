package bus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/packroom/packroom/room"
)

// Fact is a message from vision: an envelope with the room.Change,
// room.Presence, room.CameraHealth, room.Clip or room.StorageHealth in Data, as
// Kind says.
type Fact struct {
	ID       string          `json:"id"`
	Kind     room.EventKind  `json:"kind"`
	Time     time.Time       `json:"time"`
	Property string          `json:"property"`
	Room     string          `json:"room"`
	Data     json.RawMessage `json:"data"`
}

// Decode gives the fact as the type that Kind names; another kind or malformed
// data is ErrInvalid.
func (f Fact) Decode() (any, error) {
	switch f.Kind {
	case KindChange:
		return decodeFact[room.Change](f)
	case KindPresence:
		return decodeFact[room.Presence](f)
	case KindHealth:
		return decodeFact[room.CameraHealth](f)
	case KindFootage:
		return decodeFact[room.Clip](f)
	case KindStorage:
		return decodeFact[room.StorageHealth](f)
	}
	return nil, fmt.Errorf("fact of kind %q: %w: not known", f.Kind, room.ErrInvalid)
}

func decodeFact[T any](f Fact) (any, error) {
	var v T
	if err := json.Unmarshal(f.Data, &v); err != nil {
		return nil, fmt.Errorf("fact of kind %q: %w: %v", f.Kind, room.ErrInvalid, err)
	}
	return v, nil
}

// DeadLetter is a message that could not be handled, with the reason. It is kept
// for people to look at; nothing handles it again by itself.
type DeadLetter struct {
	ID       string          `json:"id"`
	Kind     room.EventKind  `json:"kind"` // KindDead
	Time     time.Time       `json:"time"`
	Property string          `json:"property"`
	Room     string          `json:"room"`
	Data     DeadLetterCause `json:"data"`
}

// DeadLetterCause is what failed and why.
type DeadLetterCause struct {
	Subject    string `json:"subject"`
	MessageID  string `json:"message_id"`
	Deliveries int    `json:"deliveries"`
	Error      string `json:"error"`
	Original   []byte `json:"original"` // the message's bytes; left out where they are over 256 KiB
}

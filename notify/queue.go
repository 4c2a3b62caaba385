package notify

import (
	"context"
	"time"

	"github.com/packroom/packroom/room"
)

// Queue is where messages wait. Several workers may share one. Every method is
// safe for concurrent use and fails with room.ErrUnavailable while the database
// is away.
type Queue interface {
	// Unplanned gives messages for which no delivery was decided, oldest first.
	Unplanned(ctx context.Context, limit int) ([]room.Message, error)
	// Plan sets a message's deliveries, perhaps none; a second Plan of the same
	// message changes nothing.
	Plan(ctx context.Context, messageID string, ds []room.Delivery) error
	// Claim takes deliveries that are due, counts the try, and keeps other
	// workers off them until now+lease.
	Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]room.Claim, error)
	// Renew keeps other workers off a claimed delivery for longer. It is
	// room.ErrConflict where one of them has taken it over.
	Renew(ctx context.Context, d room.Delivery, until time.Time) error
	// Finish keeps a delivery's new state: sent, failed, or queued with Next. It
	// is room.ErrConflict where another worker has taken the delivery over.
	Finish(ctx context.Context, d room.Delivery) error
	// MessagesQueued delivers wake-ups until ctx ends.
	MessagesQueued(ctx context.Context) <-chan struct{}
}

// Sender hands messages of one channel to the outside. Safe for concurrent use.
type Sender interface {
	// Send blocks until the message was taken over, refused or ctx ended, and
	// gives the receiver's own answer. An error that a retry cannot mend is
	// ErrRejected.
	Send(ctx context.Context, c Content) (answer string, err error)
}

// Content is one message, ready to be sent.
type Content struct {
	Delivery string // the delivery's ID: makes a stable Message-ID
	To       string // address or E.164 number
	Name     string // the recipient's
	Language string
	Subject  string // e-mail only
	Text     string
	HTML     string  // e-mail only
	Images   []Image // shown in HTML by their CID
}

// Image is a picture inside a message.
type Image struct {
	CID  string // HTML refers to it as cid:CID
	Name string // file name
	Type string // image/png, image/jpeg
	Data []byte
}

package room

import "time"

// MessageKind names what a message tells; it is also its template's name.
type MessageKind string

// The kinds of message.
const (
	MessageStored    MessageKind = "stored"    // your package is here, with PIN and QR
	MessageCollected MessageKind = "collected" // you picked it up
)

// Message is something a resident must be told. It is queued in the
// transaction of the event that causes it; notify turns it into one Delivery a
// channel.
type Message struct {
	ID       string      `json:"id"` // same as its event's ID and kind: made once
	Kind     MessageKind `json:"kind"`
	Event    string      `json:"event"`
	Resident Resident    `json:"resident"`
	Parcel   Parcel      `json:"parcel"`
	Others   []Parcel    `json:"others,omitempty"` // collected in the same visit, beside Parcel
	Secret   Secret      `json:"-"`                // sealed at rest, wiped when sent
	Queued   time.Time   `json:"queued"`
}

// DeliveryState is how far one delivery is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryQueued  DeliveryState = "queued"
	DeliverySending DeliveryState = "sending" // claimed; after a crash it is sent again with the same Message-ID
	DeliverySent    DeliveryState = "sent"
	DeliveryFailed  DeliveryState = "failed" // given up; Error says why
)

// Delivery is one message on its way by one channel.
type Delivery struct {
	ID       string        `json:"id"`
	Message  string        `json:"message"`
	Channel  string        `json:"channel"` // email, sms
	To       string        `json:"to"`
	State    DeliveryState `json:"state"`
	Tries    int           `json:"tries"`
	Next     time.Time     `json:"next"` // not before
	Error    string        `json:"error,omitempty"`
	Sent     time.Time     `json:"sent,omitzero"`
	Subject  string        `json:"subject,omitempty"` // as sent, for the outbox page
	Text     string        `json:"text,omitempty"`
	HTML     string        `json:"html,omitempty"`     // secrets masked
	Provider string        `json:"provider,omitempty"` // the provider's or server's answer
	Created  time.Time     `json:"created"`
}

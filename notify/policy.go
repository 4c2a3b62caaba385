package notify

import (
	"slices"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// The channels of a delivery.
const (
	ChannelEmail = "email"
	ChannelSMS   = "sms"
)

// Languages are those that templates exist in. The first is the fallback.
var languages = []string{"en", "es"}

// language picks the templates for a BCP 47 tag: "es-MX" reads es.
func language(tag string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	if base = strings.ToLower(strings.TrimSpace(base)); slices.Contains(languages, base) {
		return base
	}
	return languages[0]
}

// plan decides by which channels a message goes out: every one that the resident
// gave an address for. IDs follow from the message, so that planning twice plans
// the same.
func plan(m room.Message, now time.Time) []room.Delivery {
	var ds []room.Delivery
	add := func(channel, to string) {
		if to = strings.TrimSpace(to); to == "" {
			return
		}
		ds = append(ds, room.Delivery{
			ID: m.ID + "." + channel, Message: m.ID, Channel: channel, To: to,
			State: room.DeliveryQueued, Next: now, Created: now,
		})
	}
	add(ChannelEmail, m.Resident.Email)
	add(ChannelSMS, m.Resident.Phone)
	return ds
}

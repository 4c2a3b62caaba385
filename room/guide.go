package room

import "time"

// Signal is what a slot's light says. Colour is never the only sign: each has
// its own rhythm too.
type Signal string

// The signals of a slot's light.
const (
	SignalOff     Signal = "off"
	SignalHere    Signal = "here"    // white, steady: your package is here
	SignalSuggest Signal = "suggest" // blue, slow: put it here
	SignalWarn    Signal = "warn"    // amber, fast: something is wrong here
)

// GuideTarget is where the guide points now.
type GuideTarget struct {
	Slot   string `json:"slot"`
	Parcel string `json:"parcel,omitempty"`
	Aim    *Aim   `json:"aim,omitempty"` // nil: no laser here, or interlocked
}

// Guide is what the room's lights and laser should show. It is state: setting
// it again is harmless, and after a restart it is simply set.
type Guide struct {
	Lights map[string]Signal `json:"lights,omitempty"` // by slot; absent = off
	Target *GuideTarget      `json:"target,omitempty"` // the laser's
}

// LaserTTL is the dead-man time: a laser head that hears nothing for so long
// goes dark by itself. The guide refreshes at half of it.
const LaserTTL = 2 * time.Second

// Prompt is a sentence to be said in the room and shown on the kiosk.
type Prompt struct {
	Key      string            `json:"key"` // locale key: prompt.take, prompt.wrong_parcel, ...
	Language string            `json:"language,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // slot, name, count, ...
	Urgent   bool              `json:"urgent,omitempty"` // interrupts what is being said
	At       time.Time         `json:"at"`
}

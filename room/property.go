package room

import (
	"errors"
	"fmt"
	"time"
)

// Property is a building: its own postal address is what a label must name.
type Property struct {
	ID       string `json:"id"` // one bus token: letters, digits, - and _
	Name     string `json:"name"`
	Street   string `json:"street"`
	City     string `json:"city"`
	State    string `json:"state"`
	Zip      string `json:"zip"`
	Timezone string `json:"timezone"` // IANA name; applied only when times are shown
}

// Validate reports the first thing wrong with p.
func (p Property) Validate() error {
	if !validToken(p.ID) {
		return fmt.Errorf("property id %q: use letters, digits, - and _ (at most 64)", p.ID)
	}
	if p.Name == "" {
		return errors.New("property name is empty")
	}
	if _, err := time.LoadLocation(p.Timezone); err != nil {
		return fmt.Errorf("property timezone: %w", err)
	}
	return nil
}

package room

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// dataFits is nil where an event's Data is what its kind says, and nothing
// besides. Stories and the service's store are held to it.
func dataFits(e Event) error {
	want := e.Kind.NewData()
	switch {
	case len(e.Data) == 0:
		return nil
	case want == nil:
		return fmt.Errorf("%s has data that NewData does not know: %s", e.Kind, e.Data)
	}
	dec := json.NewDecoder(bytes.NewReader(e.Data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(want); err != nil {
		return fmt.Errorf("%s: %w: %s", e.Kind, err, e.Data)
	}
	return nil
}

func TestDataIsWhatItsKindSays(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    Event
		fits bool
	}{
		{"as declared", Event{Kind: EvCourierSaved, Data: []byte(`{"active":true}`)}, true},
		{"none", Event{Kind: EvCourierSaved}, true},
		{"a field that is not declared", Event{Kind: EvCourierSaved, Data: []byte(`{"is_active":true}`)}, false},
		{"of a kind that has none", Event{Kind: EvVisitLeaving, Data: []byte(`{}`)}, false},
		{"a change of vision", Event{Kind: EvParcelStored, Data: []byte(`{"id":"c1","type":"placed","slot":"A1"}`)}, true},
		{"a word instead", Event{Kind: EvParcelStored, Data: []byte(`{"by_hand":true}`)}, true},
	} {
		if err := dataFits(tc.e); (err == nil) != tc.fits {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

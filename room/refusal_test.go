package room

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARefusalKeepsItsCodeOnItsWayToAPage(t *testing.T) {
	err := fmt.Errorf("undo a scan: %w", Refuse(ErrConflict, "placed_already", "the package is on slot {slot} already", "slot", "{B3}"))
	wire, _ := json.Marshal(FailureOf(err))
	var f Failure
	if e := json.Unmarshal(wire, &f); e != nil {
		t.Fatal(e)
	}
	want := Failure{Kind: "conflict", Text: "undo a scan: conflict: the package is on slot {B3} already", Code: "placed_already", Values: map[string]string{"slot": "{B3}"}}
	if d := cmp.Diff(want, f); d != "" {
		t.Error(d)
	}
	arrived := fmt.Errorf("web: %w", f.Err())
	if !errors.Is(arrived, ErrConflict) || errors.Is(arrived, ErrInvalid) {
		t.Errorf("its kind was lost: %v", arrived)
	}
	if again := FailureOf(arrived); again.Code != "placed_already" || again.Values["slot"] != "{B3}" {
		t.Errorf("its code was lost: %+v", again)
	}
}

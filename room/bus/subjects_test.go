package bus

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
)

var update = flag.Bool("update", false, "write testdata anew; released files are frozen")

// at is the time in every example.
var at = time.Date(2026, 3, 14, 17, 5, 9, 123456000, time.UTC)

const (
	exampleID      = "01kkq8x3m9v5t2r7c4n6b8d0fa"
	examplePicture = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// example is a message of one route, as the bus sends it.
func example(t *testing.T, r Route) any {
	t.Helper()
	envelope := func(data any) Fact {
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		return Fact{ID: exampleID, Kind: r.Kind, Time: at, Property: "demo", Room: "main", Data: raw}
	}
	switch r.Payload {
	case reflect.TypeFor[room.Change]():
		return envelope(room.Change{ID: exampleID, Kind: room.ChangeMoved, Camera: "cam1", Item: "i3", Slot: "A2", FromSlot: "A1",
			BBox: room.Rect{310, 120, 80, 60}, FromBBox: &room.Rect{110, 120, 80, 60}, Confidence: 0.97, At: at, Seen: at.Add(900 * time.Millisecond),
			Before: examplePicture, After: examplePicture, Crop: examplePicture, Appearance: []float32{0.6, 0.8}, Fence: 164926744166400012})
	case reflect.TypeFor[room.Presence]():
		return envelope(room.Presence{Camera: "cam1", People: true, Slots: []string{"A1", "A2"}, Fullness: map[string]float64{"A1": 0.4}, At: at})
	case reflect.TypeFor[room.CameraHealth]():
		return envelope(room.CameraHealth{Camera: "cam1", Problem: "lost", Detail: "connection refused; trying again", At: at})
	case reflect.TypeFor[DeadLetter]():
		return DeadLetter{ID: "dead." + exampleID, Kind: r.Kind, Time: at, Property: "demo", Room: "main",
			Data: DeadLetterCause{Subject: "packroom.demo.main.change.seen", MessageID: exampleID, Deliveries: 1,
				Error: "change: conflict: old fence", Original: []byte(`{"id":"` + exampleID + `"}`)}}
	case reflect.TypeFor[room.Event]():
		e := room.Event{Seq: 42, ID: exampleID, Kind: r.Kind, Time: at, Property: "demo", Room: "main",
			Visit: "01kkq8wz00000000000000visit", Parcel: "01kkq8x00000000000000parcel", Resident: "r-1002", Courier: "c-7", Carrier: "UPS",
			Slot: "A1", Camera: "cam1", Pictures: []string{examplePicture}, Reason: "example", By: "kiosk:K1",
			Data: json.RawMessage(`{"example":true}`)}
		e.Hash = room.ChainHash(nil, e)
		return e
	case reflect.TypeFor[room.ReadRequest]():
		return room.ReadRequest{Property: "demo", Picture: examplePicture}
	}
	t.Fatalf("%s: no example for a payload of type %s", r.Subject, r.Payload)
	return nil
}

func TestPayloadsAreAsReleased(t *testing.T) {
	t.Parallel()
	files := map[string]bool{}
	for _, r := range Routes() {
		name := string(r.Kind)
		if name == "" {
			name = "label.read.request"
		}
		file := filepath.Join("testdata", name+".json")
		files[file] = true
		t.Run(name, func(t *testing.T) {
			sent := example(t, r)
			got, err := json.MarshalIndent(sent, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-released +now):\n%s", file, diff)
			}
			// What was released can be read, whole, by this release.
			back := reflect.New(reflect.TypeOf(sent))
			dec := json.NewDecoder(bytes.NewReader(want))
			dec.DisallowUnknownFields()
			if err := dec.Decode(back.Interface()); err != nil {
				t.Fatal(err)
			}
			if f, ok := back.Elem().Interface().(Fact); ok {
				if v, err := f.Decode(); err != nil || reflect.TypeOf(v) != r.Payload {
					t.Errorf("decoded to %T, %v; want %s", v, err, r.Payload)
				}
			}
		})
	}
	all, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if !files[f] {
			t.Errorf("%s belongs to no row of the table: a released kind must stay", f)
		}
	}
}

// TestTableNamesEveryEventKind reads the kinds from the domain's source, so that
// a new one cannot be forgotten here.
func TestTableNamesEveryEventKind(t *testing.T) {
	t.Parallel()
	var want []string
	f, err := parser.ParseFile(token.NewFileSet(), "../event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "EventKind" {
			return true
		}
		for _, v := range spec.Values {
			kind, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, kind)
		}
		return true
	})
	var got []string
	for _, r := range events {
		got = append(got, string(r.Kind))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("kinds (-room/event.go +table):\n%s", diff)
	}
}

func TestSubjectsAreUniqueAndWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	nounsOf := map[string][]string{} // by listener
	for _, r := range Routes() {
		if seen[r.Subject] {
			t.Errorf("%s stands in the table twice", r.Subject)
		}
		seen[r.Subject] = true
		inStream := strings.HasPrefix(r.Subject, "packroom.")
		if inStream != (r.Carriage == Stream) {
			t.Errorf("%s is carried by %s", r.Subject, r.Carriage)
		}
		if len(r.From) == 0 || len(r.To) == 0 {
			t.Errorf("%s: who sends, who listens?", r.Subject)
		}
		noun := strings.Split(string(r.Kind), ".")[0]
		for _, to := range r.To {
			nounsOf[to] = append(nounsOf[to], noun)
		}
	}
	for _, noun := range nounsOf["room"] { // consumers filter by noun
		if slices.Contains(nounsOf["web"], noun) {
			t.Errorf("noun %q is of facts and of events", noun)
		}
	}
	want := []string{"packroom.demo.main.change.*", "packroom.demo.main.presence.*", "packroom.demo.main.health.*"}
	if diff := cmp.Diff(want, subjectsTo("room", "demo", "main")); diff != "" {
		t.Errorf("the room service's subjects (-want +got):\n%s", diff)
	}
}

func TestMalformedKindsHaveNoSubject(t *testing.T) {
	t.Parallel()
	for _, kind := range []room.EventKind{"", "stored.v1", "parcel.stored", "parcel.*.v1", "parcel.stored.on.v1", "parcel.>.v2", "Parcel.stored.v1"} {
		if s, err := subject("demo", "main", kind); err == nil {
			t.Errorf("subject of kind %q = %s, want an error", kind, s)
		}
	}
}

func TestFenceRisesWithBucketAndRevision(t *testing.T) {
	t.Parallel()
	fences := []uint64{fence(at, 1), fence(at, 2), fence(at, 1<<32-1), fence(at.Add(time.Second), 1),
		fence(at.AddDate(60, 0, 0), 1<<32-1)}
	if !slices.IsSorted(fences) {
		t.Errorf("fences do not rise: %d", fences)
	}
	if last := fences[len(fences)-1]; last > 1<<63-1 {
		t.Errorf("fence %d of 2086 does not fit a signed 64 bit column", last)
	}
}

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

func TestPayloadsAreAsReleased(t *testing.T) {
	t.Parallel()
	files := map[string]bool{}
	check := func(name string, sent any) {
		file := filepath.Join("testdata", name+".json")
		files[file] = true
		t.Run(name, func(t *testing.T) { asReleased(t, file, sent) })
	}
	for _, r := range Routes() {
		if r.Carriage == Request {
			check("label.read.request", example(t, r))
			check("label.read.answer", exampleOf(t, r.Answer))
			continue
		}
		sent := example(t, r)
		check(string(r.Kind), sent)
		if f, ok := sent.(Fact); ok {
			if v, err := f.Decode(); err != nil || reflect.TypeOf(v) != r.Payload {
				t.Errorf("%s: decoded to %T, %v; want %s", r.Kind, v, err, r.Payload)
			}
		}
		if e, ok := sent.(room.Event); ok && r.Data != nil {
			readsWhole(t, e.Data, r.Kind.NewData())
		}
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

// asReleased compares a message with the one that was released.
func asReleased(t *testing.T, file string, sent any) {
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
	readsWhole(t, want, reflect.New(reflect.TypeOf(sent)).Interface())
}

// readsWhole wants this release to know every field of what was released.
func readsWhole(t *testing.T, released []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(released))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Error(err)
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
	want := []string{"packroom.demo.main.change.*", "packroom.demo.main.presence.*", "packroom.demo.main.health.*",
		"packroom.demo.main.footage.*", "packroom.demo.main.storage.*"}
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

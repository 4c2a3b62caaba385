package sim

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestARoomThatWasPaintedBeforeLooksTheSame(t *testing.T) {
	dir := t.TempDir()
	room := func(seed uint64) (*layout, []*scene) {
		l := newLayout(seed, 1, 320, 180)
		s, err := l.scenes(dir)
		if err != nil {
			t.Fatal(err)
		}
		return l, s
	}
	kept := func() string {
		found, err := filepath.Glob(filepath.Join(dir, "painted-*"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%v are kept (%v), want one room", found, err)
		}
		return found[0]
	}
	same := func(a, b *scene) bool {
		return slices.Equal(a.y, b.y) && slices.Equal(a.u, b.u) && slices.Equal(a.v, b.v) && slices.Equal(a.depth, b.depth)
	}
	l, painted := room(1)
	stored, err := os.Stat(kept())
	if err != nil {
		t.Fatal(err)
	}
	again, read := room(1)
	if now, err := os.Stat(kept()); err != nil || !now.ModTime().Equal(stored.ModTime()) {
		t.Errorf("it was painted again (%v)", err)
	}
	if !same(painted[0], read[0]) {
		t.Error("the picture is another")
	}
	for i, b := range l.boxes {
		for f, m := range b.lit {
			o := again.boxes[i].lit[f]
			if (m == nil) != (o == nil) || m != nil && !slices.Equal(m.v, o.v) {
				t.Fatalf("the light on face %d of box %d is another", f, i)
			}
		}
	}
	if len(read[0].glow) != len(painted[0].glow) {
		t.Errorf("%d slots have lights, want %d", len(read[0].glow), len(painted[0].glow))
	}

	// One that was cut short is painted again.
	if err := os.Truncate(kept(), stored.Size()/2); err != nil {
		t.Fatal(err)
	}
	if _, mended := room(1); !same(painted[0], mended[0]) {
		t.Error("a file that was cut short gave another picture")
	}
	if _, other := room(2); same(painted[0], other[0]) {
		t.Error("another seed's room looks the same")
	}
	kept()
}

package models

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryModelOfTheListIsInstalledAndTheOneThatWasMeasured(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range List() {
		if seen[m.Name] || m.Licence == "" || m.Source == "" || m.Input == "" || m.Package == "" || len(m.SHA256) != 64 {
			t.Errorf("%+v: a model needs a name of its own and all of its card", m)
		}
		seen[m.Name] = true
		if _, err := Locate(m.Name, Dirs()); err != nil {
			t.Error(err)
		}
	}
}

// deploy/setup.sh fetches by itself, before there is a program that it could ask.
func TestSetUpFetchesWhatTheListNames(t *testing.T) {
	script, err := os.ReadFile("../deploy/setup.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range List() {
		if m.Optional && (!strings.Contains(string(script), m.SHA256+"  "+m.File) || !strings.Contains(string(script), m.Package)) {
			t.Errorf("deploy/setup.sh does not fetch %s of %s with the sum %s", m.File, m.Package, m.SHA256)
		}
	}
}

func TestAModelThatIsMissingUnknownOrAlteredIsSaid(t *testing.T) {
	dir := t.TempDir()
	if _, err := Locate("tesseract-eng", []string{dir}); !errors.Is(err, ErrMissing) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Locate("yolo", []string{dir}); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
	want := filepath.Join(dir, "eng.traineddata")
	if err := os.WriteFile(want, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err := Locate("tesseract-eng", []string{dir}); !errors.Is(err, ErrAltered) || path != want {
		t.Errorf("altered: %q, %v", path, err)
	}
}

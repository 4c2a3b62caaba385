package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/packroom/packroom/access/driver"
)

func TestTheDevicesInTheSettingsCommentsOpen(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	b, err := os.ReadFile(shippedConfig)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		example, ok := strings.CutPrefix(line, "#  - {")
		if !ok {
			continue
		}
		n++
		var d DeviceConfig
		if err := yaml.UnmarshalWithOptions([]byte("{"+example), &d, yaml.Strict()); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		for key := range d.Options {
			if strings.HasSuffix(key, "_file") {
				d.Options[key] = filepath.Join(t.TempDir(), "secret")
				write(t, d.Options[key], strings.Repeat("0123456789abcdef", 2))
			}
		}
		_, closer, err := driver.OpenOne(t.Context(), driver.Config{Name: d.Name, Driver: d.Driver, Serves: d.Serves, Options: d.Options}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		_ = closer.Close() // nothing answers there
	}
	if n < 9 {
		t.Errorf("%d examples were found", n)
	}
}
